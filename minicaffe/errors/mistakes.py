"""The most frequent kinds of mistakes: errors, each class with a code and a page of its own."""

from __future__ import annotations

from minicaffe.errors import DataError, GraphError, MinicaffeError, PrototxtError, SnapshotError


class UnknownFieldError(PrototxtError):
    """A text has a field that its block does not have.

    Names are those of ``caffe.proto``, in the block where that has them: ``num_output`` belongs
    into ``convolution_param``, not into the layer. The message names the field that is most like
    it, the block that it belongs into, or the fork of Caffe that has such a field.
    ``--skip_unknown`` of lint and summarize passes over fields that are not known.

    Found::

        convolution_param { num_output: 4 kernel_siz: 3 }

    Mended::

        convolution_param { num_output: 4 kernel_size: 3 }
    """

    code = "MC020"


class WrongValueError(PrototxtError):
    """A field has a value of another kind than it takes.

    Numbers are written plainly, without quotes, percent signs or fractions; strings in quotes;
    switches as true or false; words of a list, such as MAX, without quotes and in capitals.

    Found::

        pooling_param { pool: "MAX" kernel_size: 2.0 }

    Mended::

        pooling_param { pool: MAX kernel_size: 2 }
    """

    code = "MC021"


class UnknownTypeError(GraphError):
    """A layer has a type that minicaffe does not have.

    Types are written as in Caffe, capitals included: ReLU, InnerProduct, SoftmaxWithLoss. The
    message names the type that is most like it, or the fork of Caffe that it comes from; for such
    a one ``minicaffe layer-skeleton TYPE`` prints a layer in Python to begin with.

    Found::

        layer { name: "conv" type: "Conv2D" bottom: "data" top: "conv" }

    Mended::

        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" }
    """

    code = "MC022"


class UnknownBottomError(GraphError):
    """A layer reads a blob that no layer before it produces.

    A bottom is the name of a *top*, not that of a layer. Layers run in the order of the file, and
    the layer that produces the blob must be there in the same phase and stage.

    Found::

        layer { name: "conv1" type: "Convolution" bottom: "data" top: "c1" }
        layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }

    Mended::

        layer { name: "conv1" type: "Convolution" bottom: "data" top: "c1" }
        layer { name: "relu1" type: "ReLU" bottom: "c1" top: "c1" }
    """

    code = "MC023"


class ProducedTwiceError(GraphError):
    """Two layers produce a blob of one name.

    Mostly the top was forgotten when a layer was copied. A layer may only overwrite its own
    bottom, in the same position: it then works in place.

    Found::

        layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1" }
        layer { name: "conv2" type: "Convolution" bottom: "conv1" top: "conv1" }

    Mended::

        layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1" }
        layer { name: "conv2" type: "Convolution" bottom: "conv1" top: "conv2" }
    """

    code = "MC024"


class BlobCountError(GraphError):
    """A layer has more or fewer bottoms or tops than its type takes.

    A loss reads a prediction and its label; an Accuracy likewise; a data layer reads nothing.
    The type's page in docs/layers says how many it takes, and what they are.

    Found::

        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" top: "loss" }

    Mended::

        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
    """

    code = "MC025"


class WeightShapeError(SnapshotError):
    """Stored weights do not fit a layer: another number of parameters, or other shapes.

    Weights go to the layer of their name. Where the layer was changed, for another number of
    classes say, give it another name: it then begins from its fillers, as fine-tuning means it.
    ``minicaffe lint --weights`` compares all layers at once.

    Found::

        layer { name: "fc8" type: "InnerProduct" inner_product_param { num_output: 20 } }

    Mended::

        layer { name: "fc8_pets" type: "InnerProduct" inner_product_param { num_output: 20 } }
    """

    code = "MC026"


class MissingFileError(PrototxtError, DataError, SnapshotError):
    """A file that was named is not there.

    Names count from the folder in which the command runs, not from that of the file that they are
    in, as in Caffe; ``~`` is no folder. The message says where the name comes from, and which file
    beside it is called alike.

    What catches the errors of the file's own kind (a :class:`PrototxtError` for a net, a
    :class:`SnapshotError` for weights, a :class:`DataError` for data) catches this one.
    """

    code = "MC027"


class FileKindError(PrototxtError, DataError, SnapshotError):
    """A file is of another kind than the one expected: a web page, an archive, weights of PyTorch.

    Going by how it begins, the message says what the file is, and what takes such a file. Pages of
    GitHub are saved most often: the button Raw leads to the file itself.

    What catches the errors of the kind expected catches this one, too.
    """

    code = "MC028"


class UsageError(MinicaffeError):
    """A command line is wrong: an unknown flag, a missing word, a value that a flag does not take.

    The message names the flag that is most like it, or says what is expected; ``--help`` after
    the verb lists all flags. Flags are written ``--solver=FILE``, ``--solver FILE`` or
    ``-solver FILE``. The exit status is 2, where other mistakes have 1.

    Found::

        minicaffe train --solvr=solver.prototxt

    Mended::

        minicaffe train --solver=solver.prototxt
    """

    exit_code = 2
    code = "MC029"
