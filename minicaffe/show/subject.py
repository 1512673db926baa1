"""A net that is looked into: pictures on their way in, activations, and gradients of a score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.data.images import resize_linear
from minicaffe.detection.picture_net import Picture, PictureNet
from minicaffe.errors import ArgumentError, GraphError, UnknownNameError, did_you_mean
from minicaffe.layers.utility.split import Split

if TYPE_CHECKING:
    pass


class Subject(PictureNet):
    """A net for use, with the preparation that its pictures want, and its weights.

    The scores are what the net's last output gives, before a layer that squashes them (Softmax,
    Sigmoid): only there do gradients tell classes apart.

    Its arguments are those of :class:`PictureNet`; gradients reach every blob.
    """

    gradients = True

    # ---------------------------------------------------------------- pictures

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the net's input, to which pictures are brought."""
        height, width = self.net.blobs[self.input].shape[2:]
        return height, width

    def pixels(self, image: Picture) -> np.ndarray:
        """A picture in the size of the net's input.

        Args:
            image: a file's name, or height × width × 3 (blue, green, red) or height × width, uint8.

        Returns:
            channels × height × width, uint8, with as many channels as the net takes, blue first.

        Raises:
            DataError: the file cannot be read.
            ArgumentError: an array of another type than uint8.
            ShapeError: the array is no picture.
        """
        return resize_linear(self.read(image), *self.size)

    def look(self, image: Picture) -> np.ndarray:
        """Run the net on a picture; returns its :meth:`pixels`."""
        pixels = self.pixels(image)
        self.run(self.preparation.values(pixels)[None])
        return pixels

    def run(self, values: np.ndarray) -> None:
        """Run the net on prepared pictures, number × channels × height × width."""
        self.reshape(values.shape)
        self.net.blobs[self.input].data[...] = values
        self.net.forward()

    # ------------------------------------------------------- scores and blobs

    @property
    def output(self) -> str:
        """The name of the blob that the last layer gives."""
        tops = [name for node in self.net.nodes for name in node.top_names]
        return next(name for name in reversed(tops) if name in self.net.outputs)

    @property
    def score(self) -> str:
        """The name of the blob with the scores, before they are squashed.

        Raises:
            GraphError: it has no axis of classes.
        """
        node = self.net.nodes[self._last_writer(self.output)]
        name = node.bottom_names[0] if node.layer.squashes else self.output
        shape = self.net.blobs[name].shape
        if len(shape) < 2 or shape[1] < 2:
            raise GraphError(
                f"the net's output '{name}' has the shape {shape_text(shape)}, expected a score "
                "for each of several classes",
                path=self.net.path,
            )
        return name

    @property
    def classes(self) -> int:
        """How many classes have a score."""
        return self.net.blobs[self.score].shape[1]

    def scores(self) -> np.ndarray:
        """What the net gives for the classes of each picture: its output, (pictures, classes).

        Of scores of pixels (segmentation) the mean.
        """
        output = self.net.blobs[self.output].data
        return output.reshape(*output.shape[:2], -1).mean(axis=2, dtype=np.float64)

    def best(self, label: int | None = None) -> int:
        """A class, by default that of the largest score of the first picture.

        Raises:
            ArgumentError: there is no class of this number.
        """
        if label is None:
            return int(self.scores()[0].argmax())
        if not 0 <= label < self.classes:
            raise ArgumentError(f"there is no class {label}; the net has 0 to {self.classes - 1}")
        return label

    def blob(self, name: str) -> str:
        """The blob that a user means by the name of a layer (its first top) or a blob.

        Raises:
            UnknownNameError: there is neither.
        """
        for node in reversed(self.net.nodes):
            if node.name == name and node.top_names:
                return node.top_names[0]
        if name in self.net.blobs:
            return name
        known = [*self.net.layer_names, *self.net.blobs]
        raise UnknownNameError(
            f"the net has no layer or blob '{name}'{did_you_mean(name, known)}"
        ).locate(path=self.net.path)

    def maps(self) -> list[str]:
        """The blobs of feature maps below the scores, in order: four axes, more than one pixel."""
        end = self._last_writer(self.score)
        shapes = {
            name: self.net.blobs[name].shape
            for node in self.net.nodes[:end]
            for name in node.top_names
            if node.bottoms and not isinstance(node.layer, Split)
        }
        return [name for name, shape in shapes.items() if len(shape) == 4 and min(shape[2:]) > 1]

    def last_maps(self) -> str:
        """The last of :meth:`maps`.

        Raises:
            GraphError: there are none.
        """
        if found := self.maps():
            return found[-1]
        raise GraphError("the net has no feature maps: no blob between its input and its scores "
                         "has four axes and more than one pixel", path=self.net.path)  # fmt: skip

    def _last_writer(self, name: str) -> int:
        nodes = self.net.nodes
        return max(index for index, node in enumerate(nodes) if name in node.top_names)

    # ---------------------------------------------------------------- gradients

    def gradient(self, label: int, name: str) -> np.ndarray:
        """∂ score of a class / ∂ blob, for what the net has been run on.

        Args:
            label: the class. Of scores of pixels the sum is taken.
            name: of the blob, as the last layer leaves it that works in place on it.

        Returns:
            An array of the blob's shape.

        Raises:
            GraphError: the scores do not depend on the blob, or a layer on the way has no gradient.
        """
        start, end = self._last_writer(self.score), self._last_writer(name) + 1
        if end > start:
            raise GraphError(
                f"the scores '{self.score}' do not depend on '{name}', which comes later",
                path=self.net.path,
            )
        scores = self.net.blobs[self.score].diff
        scores[...] = 0
        scores[:, label] = 1
        self.net.clear_param_diffs()  # which add up
        self.net.backward_from_to(start, end)
        return self.net.blobs[name].diff.copy()
