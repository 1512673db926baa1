"""Layers that users write in Python: ``type: "Python"``."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType

import numpy as np
from numpy.typing import DTypeLike

from minicaffe.errors import GraphError, MinicaffeError, PythonLayerError, did_you_mean
from minicaffe.layer import Blobs, Layer, find_layer_class, register
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading


@register("Python")
class PythonLayer(Layer):
    """Runs a user's subclass of :class:`minicaffe.Layer`, pycaffe's ``caffe.Layer``.

    The class has ``setup``, ``reshape``, ``forward`` and ``backward`` as built-in layers do;
    ``reshape`` runs before every ``forward``. What runs is a class made by
    :func:`python_layer_class` that is both this and the user's: this part reports what goes wrong
    in the user's code.

    Some layers that public nets name, py-faster-rcnn's ``rpn.proposal_layer`` among them, are built
    in: where there is no module of that name, minicaffe's layer of the class's name runs.

    Shapes: bottoms and tops as the user's class has them; blobs are those that it makes with
    ``self.blobs.add_blob(*shape)``.

    Settings: ``python_param``: module, imported from ``sys.path`` or from the current folder;
    layer, the class in it; param_str, the text that the class finds in ``self.param_str`` (and in
    ``self.param_str_``, the name until 2015). share_in_parallel has no effect: only one solver runs
    in a process.

    Gradients: what the user's ``backward`` writes.

    Raises:
        GraphError: there is no such module or class, or it is no layer.
        PythonLayerError: the user's code raised something, kept as ``__cause__``.

    Source: python_layer.hpp (BVLC/caffe).
    """

    reshapes_always = True
    param_str = ""  # no property here: pycaffe lets users assign to it
    param_str_ = ""  # its name until 2015, which published layers still use

    @classmethod
    def opens_files(cls, param: caffe_pb2.LayerParameter) -> bool:
        return cls.in_caffes_words(param) is param

    @classmethod
    def in_caffes_words(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.LayerParameter:
        names = param.python_param
        native = _built_in(names.module, names.layer)
        if native is Layer or module_place(names.module):
            return param
        plain = caffe_pb2.LayerParameter()
        plain.CopyFrom(param)
        plain.type = native.type
        return plain

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        names = param.python_param
        native = _built_in(names.module, names.layer)
        if native is Layer:
            return Reading()
        place = module_place(names.module)
        return Reading(
            native.dialects[0],
            f"module '{names.module}' ({place}) is there, and runs in place of minicaffe's own",
        )

    def __init__(
        self,
        param: caffe_pb2.LayerParameter,
        phase: int,
        *,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        with self._users_code("__init__"):
            super().__init__(param, phase, rng=rng, dtype=dtype)
        self.param_str = self.param_str_ = param.python_param.param_str
        self._users_param = param

    def _users_code(self, method: str) -> AbstractContextManager[None]:
        """Runs a user's method."""
        return users_code(f"{method}() of class '{type(self).__name__}'")

    def _call(self, name: str, method: Callable[..., None], *args: object) -> None:
        # pycaffe's layers have no ``param``, so programs use the name for their own things;
        # they keep theirs and the net keeps the LayerParameter.
        own, self.param = self.param, self._users_param
        try:
            with self._users_code(name):
                method(*args)
        finally:
            self._users_param, self.param = self.param, own

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        names = self._users_param.python_param
        if not names.module or not names.layer:
            yield GraphError('python_param { module: "…" layer: "…" } is incomplete')

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self._call("setup", super().setup, bottom, top)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        self._call("reshape", super().reshape, bottom, top)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self._call("forward", super().forward, bottom, top)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        self._call("backward", super().backward, top, propagate_down, bottom)


def python_layer_class(param: caffe_pb2.LayerParameter) -> type[Layer]:
    """The class that runs a ``Python`` layer.

    Args:
        param: its ``LayerParameter``.

    Raises:
        GraphError: no such module or class, or the class is no layer.
        PythonLayerError: importing the module raised something.
    """
    names = param.python_param
    if not names.module or not names.layer:
        raise GraphError('python_param { module: "…" layer: "…" } is incomplete')
    try:
        module = import_module(names.module)
    except PythonLayerError as error:
        if _built_in(names.module, names.layer) is not Layer:  # made for Python 2, most likely
            error.explain("; minicaffe's own layer runs where its folder is not on the path")
        raise
    cls = getattr(module, names.layer, None)
    where = f"module '{names.module}' ({getattr(module, '__file__', 'built in')})"
    if cls is None:
        layers = [key for key, value in vars(module).items() if is_layer_class(value)]
        hint = did_you_mean(names.layer, layers)
        raise GraphError(f"{where} has no class '{names.layer}'{hint}")
    if not is_layer_class(cls):
        raise GraphError(
            f"'{names.layer}' in {where} is no layer; write class {names.layer}(minicaffe.Layer)"
        )
    for method in ("reshape", "forward"):
        if getattr(cls, method) is getattr(Layer, method):
            raise GraphError(
                f"class '{names.layer}' in {where} has no method {method}(bottom, top)"
            )
    return type(cls.__name__, (PythonLayer, cls), {"__doc__": cls.__doc__})


def _built_in(module: str, name: str) -> type[Layer]:
    """The class that runs in place of a module's one; Layer itself, if there is none."""
    cls = find_layer_class(name)
    known = any(f".{module}".endswith(f".{replaced}") for replaced in cls.replaces_modules)
    return cls if known else Layer


def module_place(name: str) -> str | None:
    """The file of a module on ``sys.path`` or in the current folder; no code of it runs.

    Returns:
        its path, or "built in" for what has no file; None where there is no such module.
    """
    if sys.modules.get(name) is not None:
        return getattr(sys.modules[name], "__file__", None) or "built in"
    importlib.invalidate_caches()  # it may have been written a moment ago
    path: Sequence[str] | None = None
    place = None
    parts = name.split(".")
    with current_folder_on_path():
        for end in range(1, len(parts) + 1):
            spec = _found(".".join(parts[:end]), path)
            if spec is None:
                return None
            path, place = spec.submodule_search_locations or [], spec.origin
    return place or "built in"


def _found(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    """What the first of Python's finders that knows a module says of it."""
    for finder in sys.meta_path:
        spec = finder.find_spec(name, path)
        if spec is not None:
            return spec
    return None


def is_layer_class(value: object) -> bool:
    """Whether something is a subclass of Layer that a user may name."""
    return inspect.isclass(value) and issubclass(value, Layer) and value is not Layer


def import_module(name: str) -> ModuleType:
    """Import a user's module from ``sys.path`` or the current folder.

    Raises:
        GraphError: there is no such module.
        PythonLayerError: it raised something while it was imported.
    """
    importlib.invalidate_caches()  # it may have been written a moment ago
    try:
        with current_folder_on_path():
            return importlib.import_module(name)
    except MinicaffeError:
        raise
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name in (name, name.split(".")[0]):
            raise GraphError(
                f"no module '{name}' on sys.path or in the current folder {os.getcwd()}; add "
                "its folder to the environment variable PYTHONPATH"
            ) from error
        raise python_layer_error(f"importing module '{name}'", error) from error


@contextmanager
def current_folder_on_path() -> Iterator[None]:
    """Search the current folder too, after everything else, as long as the block runs."""
    folder = os.getcwd()
    if folder in sys.path or "" in sys.path:
        yield
        return
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


@contextmanager
def users_code(what: str) -> Iterator[None]:
    """Turn whatever a user's code raises into an error that says where.

    Args:
        what: the code, for the message.

    Raises:
        PythonLayerError: it raised anything but one of minicaffe's errors.
    """
    try:
        yield
    except MinicaffeError:
        raise
    except Exception as error:
        raise python_layer_error(what, error) from error


def python_layer_error(what: str, error: Exception) -> PythonLayerError:
    """The error that tells what a user's code raised and where."""
    here = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [f for f in frames if not f.filename.startswith((here, "<frozen importlib"))]
    place = f" ({theirs[-1].filename}, line {theirs[-1].lineno})" if theirs else ""
    text = str(error).strip()
    if isinstance(error, SyntaxError):  # was raised by Python's own importlib
        text, place = error.msg, f" ({error.filename}, line {error.lineno})"
    hint = ""
    if isinstance(error, ModuleNotFoundError) and error.name == "caffe":
        hint = "; write 'import minicaffe as caffe' there"
    described = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return PythonLayerError(f"{what} raised {described}{place}{hint}")
