"""What must hold of every tape and of any call anybody can think of.

`make quick` tries some of what there is to try; CALLBRIDGE_PROPERTIES=slow, or `make properties`, all of it.
"""
