"""Reading images: sources of records, the transformation of batches, the prefetch thread.

    source (LMDB, image list, HDF5) ─read→ records ─transformer→ batch ─prefetch thread→ data layer

Each source keeps its place in a small dictionary (``state()``, ``restore(state)``), and draws
from a generator of its own, so that what a layer delivers does not depend on the thread's timing.
"""
