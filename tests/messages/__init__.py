"""What users read when something is wrong: several hundred mistakes, each with the exact text.

A folder is an area (``net``, ``weights``, ``commands`` …). A case is a ``NAME.txt`` there: lines
that begin with ``$ minicaffe`` or ``>>>`` are run, and what is printed is written below them. Small
inputs lie beside it; those that are binary are made by :mod:`tests.messages.inputs`. After a change
of a message run

    python -m tests.messages.bless

and read the difference as a user would: what is wrong, where, what was expected, how to mend it.
"""
