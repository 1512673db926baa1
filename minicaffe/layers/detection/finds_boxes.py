"""What layers that end a detection net answer: which boxes they found, and of which classes."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import Blobs


class FindsBoxes:
    """A layer whose first top is rows of boxes: image, class, score, four numbers.

    A class below 0 says that nothing was found. Rows have their corners in image sides (0 to 1)
    unless the layer says otherwise by overriding :meth:`boxes_found`.
    """

    def labels(self) -> range:
        """The classes that its boxes may be of; the background is none of them."""
        raise NotImplementedError(f"{type(self).__name__}.labels")

    def boxes_found(self, top: Blobs) -> np.ndarray:
        """What its last forward has found.

        Returns:
            (boxes, 7): image, class, score, xmin, ymin, xmax, ymax in image sides.
        """
        rows = top[0].data.reshape(-1, 7)
        return np.array(rows[rows[:, 1] >= 0])
