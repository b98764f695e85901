"""What happens to calls, as pure functions: no waiting, no I/O, no clock, standard library only.

Start reading at `tracker.Tracker.apply`; `facts` is what comes in, `events` what goes out.
"""
