"""NATS JetStream between daemons and workers: it brings events at once, and may lose any.

The database is the truth. A worker that was not brought an event finds it there: at once where
the next event of the call shows that one is missing, else at its next survey.
"""
