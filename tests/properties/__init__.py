"""What must hold of every tape and of any call anybody can think of.

`tests.effort` says how much of it is tried.
"""
