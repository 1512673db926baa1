"""The NetSpec scripts that write the prototxt of the ImageNet networks in ``models/``.

One module a family; each says in ``MODELS`` which networks it has. In a checkout,

    python -m models.generate             # all of them
    python -m models.generate resnet50    # one

writes ``models/<folder>/train_val.prototxt`` and ``deploy.prototxt``. Solvers and readmes are
written by hand.
"""

from __future__ import annotations
