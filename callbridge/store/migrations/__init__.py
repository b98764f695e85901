"""How the schema came to be, step by step.

A new step is a file in `versions`, named `NNNN_what_it_does.py`, with the one
before as its `down_revision`. Steps lead upwards alone: the way back is the
backup made before. `tests/unit/store/test_schema.py` compares what the steps
make with `tables.py`.
"""
