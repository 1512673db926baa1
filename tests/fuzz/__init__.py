"""Mutated and hand-made files for every reader; ``python -m tests.fuzz.run`` is the long run."""
