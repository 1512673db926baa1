"""Classification of whole images (pycaffe's ``Classifier``)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from minicaffe import io
from minicaffe.arguments import refuse_old_keywords
from minicaffe.errors import GraphError, ShapeError
from minicaffe.io.image_shapes import not_a_list, wrong_image
from minicaffe.net.net import TEST, Net

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from minicaffe.options import NetKeywords


class Classifier(Net):
    """A net that gives class probabilities of images.

    Args:
        model_file: the net's prototxt; its first input takes the images.
        pretrained_file: its weights.
        image_dims: the size (height, width) that images are brought to before crops are cut;
            the input's own size by default, so that whole images are used.
        mean, input_scale, raw_scale, channel_swap: as :class:`minicaffe.io.Transformer`
            takes them.
        options: what else :class:`Net` takes, such as ``allow_python_layers=False``.

    Raises:
        ArgumentError: an argument of the pycaffe of 2014, such as ``gpu``.
        GraphError: the net has no input blob.
        MinicaffeError: what :class:`Net` and the transformer raise.
    """

    def __init__(
        self,
        model_file: str | os.PathLike[str],
        pretrained_file: str | os.PathLike[str] | None,
        image_dims: Sequence[int] | None = None,
        mean: np.ndarray | None = None,
        input_scale: float | None = None,
        raw_scale: float | None = None,
        channel_swap: Sequence[int] | None = None,
        **options: Unpack[NetKeywords],
    ) -> None:
        refuse_old_keywords(options)
        super().__init__(model_file, TEST, weights=pretrained_file, **options)
        self.transformer = image_transformer(self, mean, input_scale, raw_scale, channel_swap)
        self.crop_dims = np.array(self.blobs[self.inputs[0]].shape[2:])
        self.image_dims = self.crop_dims if image_dims is None else np.array(image_dims)

    def predict(self, inputs: Iterable[np.ndarray], oversample: bool = True) -> np.ndarray:
        """Class probabilities of images.

        Args:
            inputs: images of height × width × channels, of any sizes (see
                :func:`minicaffe.io.load_image`).
            oversample: average over ten crops (corners, middle and their mirror images);
                otherwise only the middle is looked at.

        Returns:
            number of images × classes: the net's first output.

        Raises:
            ShapeError: no images; one of another shape, or that cannot be resized;
                ``image_dims`` smaller than the input.
        """
        name = self.inputs[0]
        if reason := not_a_list(inputs):
            raise ShapeError(reason)
        given = list(inputs)
        for number, image in enumerate(given):
            if reason := wrong_image(np.shape(image), self.blobs[name].shape[1]):
                raise ShapeError(f"image {number}: {reason}" if len(given) > 1 else reason)
        images = [io.resize_image(image, self.image_dims) for image in given]
        crops = io.oversample(images, self.crop_dims)
        if not oversample:
            crops = crops[4::10]
        prepared = np.stack([self.transformer.preprocess(name, crop) for crop in crops])
        scores = self.forward_all(None, **{name: prepared})[self.outputs[0]]
        return scores.reshape(len(images), 10, -1).mean(1) if oversample else scores


def image_transformer(
    net: Net,
    mean: np.ndarray | None,
    input_scale: float | None,
    raw_scale: float | None,
    channel_swap: Sequence[int] | None,
) -> io.Transformer:
    """The transformer for a net's first input; images are height × width × channels.

    Args:
        net: its first input takes the images.
        mean, input_scale, raw_scale, channel_swap: as :class:`minicaffe.io.Transformer` takes them;
            None leaves the step out.

    Raises:
        GraphError: the net has no input blob.
    """
    if not net.inputs:
        raise GraphError(
            "the net has no input blob; images need a deploy prototxt, which begins with an "
            "Input layer",
            path=net.path,
        )
    name = net.inputs[0]
    transformer = io.Transformer({name: net.blobs[name].shape})
    transformer.set_transpose(name, (2, 0, 1))
    if mean is not None:
        transformer.set_mean(name, mean)
    if input_scale is not None:
        transformer.set_input_scale(name, input_scale)
    if raw_scale is not None:
        transformer.set_raw_scale(name, raw_scale)
    if channel_swap is not None:
        transformer.set_channel_swap(name, channel_swap)
    return transformer
