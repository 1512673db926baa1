"""Layers that users write in Python."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from minicaffe.errors import GraphError, MinicaffeError, PythonLayerError, ShapeError
from minicaffe.layer import find_layer_class, layer_types
from minicaffe.net.init import layer_class_of
from minicaffe.net.net import TEST, TRAIN, Net
from minicaffe.proto import caffe_pb2

NET = """layer {{ name: "x" type: "Input" top: "x" input_param {{ shape {{ dim: 2 dim: 3 }} }} }}
layer {{
  name: "mine" type: "Python" bottom: "x" top: "y"
  python_param {{ module: "{module}" layer: "{layer}" param_str: "{text}" }}
  loss_weight: {weight}
}}
force_backward: true
"""

SCALE = '''
import minicaffe as caffe
from minicaffe.layer import Layer

class Scale(Layer):
    """Multiplies by a number, and by a learned one."""
    def setup(self, bottom, top):
        self.param = {"factor": float(self.param_str)}  # a name that pycaffe leaves free
        self.param_str = "mine now"
        self.blobs.add_blob(1)
        self.blobs[0].data[...] = 2
    def reshape(self, bottom, top):
        self.reshaped = getattr(self, "reshaped", 0) + 1
        top[0].reshape(*bottom[0].data.shape)
    def forward(self, bottom, top):
        self.factor = self.param["factor"] * self.blobs[0].data[0]
        top[0].data[...] = bottom[0].data * self.factor
    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            bottom[0].diff[...] = top[0].diff * self.factor
        self.blobs[0].diff[0] += (top[0].diff * bottom[0].data).sum() * self.param["factor"]
'''

BROKEN = """
from minicaffe.layer import Layer
from minicaffe.errors import ShapeError

class Base(Layer):
    where = ""
    def trip(self, method):
        if method == self.where:
            raise KeyError("oops")
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.trip("__init__")
    def setup(self, bottom, top):
        self.trip("setup")
    def reshape(self, bottom, top):
        self.trip("reshape")
        top[0].reshape(2)
    def forward(self, bottom, top):
        self.trip("forward")
        top[0].data[...] = 1
    def backward(self, top, propagate_down, bottom):
        self.trip("backward")

class InInit(Base): where = "__init__"
class InSetup(Base): where = "setup"
class InReshape(Base): where = "reshape"
class InForward(Base): where = "forward"
class InBackward(Base): where = "backward"

class Silent(Base):
    def setup(self, bottom, top):
        raise ValueError

class NegativeTop(Base):
    def reshape(self, bottom, top):
        top[0].reshape(-1)

class Interrupted(Base):
    def forward(self, bottom, top):
        raise KeyboardInterrupt

class NoForward(Layer):
    def reshape(self, bottom, top):
        top[0].reshape(2)

class NoBackward(Layer):
    def reshape(self, bottom, top):
        top[0].reshape(2)
    def forward(self, bottom, top):
        pass

class NoLayer:
    pass
"""

Make = Callable[..., Net]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Builds a net with a Python layer from modules in the current folder."""
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    Path("scale_layers.py").write_text(SCALE, encoding="utf-8")
    Path("broken_layers.py").write_text(BROKEN, encoding="utf-8")

    def net(module: str, layer: str, text: str = "3", weight: float = 0, phase: int = TRAIN) -> Net:
        words = NET.format(module=module, layer=layer, text=text, weight=weight)
        Path("net.prototxt").write_text(words, encoding="utf-8")
        return Net("net.prototxt", phase)

    yield net
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_runs_forward_and_backward(make: Make) -> None:
    net = make("scale_layers", "Scale")
    net.blobs["x"].data[...] = np.arange(6).reshape(2, 3)
    assert net.forward()["y"].tolist() == [[0, 6, 12], [18, 24, 30]]
    net.blobs["y"].diff[...] = 1
    net.backward()
    assert (net.blobs["x"].diff == 6).all()
    assert net.params["mine"][0].diff.tolist() == [45]
    assert net.layers[1].type == "Python"
    assert type(net.layers[1]).__name__ == "Scale"
    assert "by a learned one" in str(type(net.layers[1]).__doc__)


def test_layer_knows_its_text_and_phase_and_may_use_the_names_of_pycaffe(make: Make) -> None:
    layer = make("scale_layers", "Scale", text="4", phase=TEST).layers[1]
    assert layer.phase == TEST
    assert layer.param_str == "mine now"
    assert layer.param.name == "mine"  # the net's, although the layer uses the name


def test_reshape_runs_before_every_forward(make: Make) -> None:
    net = make("scale_layers", "Scale")
    reshaped = net.layers[1].reshaped  # type: ignore[attr-defined]
    net.forward()
    net.forward()
    assert net.layers[1].reshaped == reshaped + 2  # type: ignore[attr-defined]


def test_can_be_a_loss(make: Make) -> None:
    net = make("scale_layers", "Scale", weight=0.5)
    net.blobs["x"].data[...] = 1
    assert net.forward_loss() == 0.5 * 6 * 6
    net.backward()
    assert (net.blobs["x"].diff == 3).all()


@pytest.mark.parametrize("method", ["__init__", "setup", "reshape", "forward", "backward"])
def test_users_exception_is_the_cause_of_an_error_that_says_where(make: Make, method: str) -> None:
    def run() -> None:
        net = make("broken_layers", f"In{method.strip('_').title()}")
        net.forward()
        net.backward()

    with pytest.raises(PythonLayerError) as caught:
        run()
    error = caught.value
    text = str(error)
    assert text.startswith("net.prototxt:2: layer 'mine' (Python): ")
    assert f"{method}() of class 'In{method.strip('_').title()}' raised KeyError: 'oops'" in text
    assert "broken_layers.py, line 9" in text
    assert isinstance(error.__cause__, KeyError)
    assert error.__cause__.__traceback__ is not None


def test_exception_without_a_text(make: Make) -> None:
    with pytest.raises(PythonLayerError, match=r"raised ValueError \(.*, line 32\)"):
        make("broken_layers", "Silent")


def test_minicaffes_own_errors_pass_through(make: Make) -> None:
    with pytest.raises(ShapeError, match=r"net.prototxt:2: layer 'mine' \(Python\): .*negative"):
        make("broken_layers", "NegativeTop")


def test_interrupts_are_not_errors(make: Make) -> None:
    with pytest.raises(KeyboardInterrupt):
        make("broken_layers", "Interrupted").forward()


def test_backward_may_be_missing_until_it_is_needed(make: Make) -> None:
    net = make("broken_layers", "NoBackward")
    net.forward()
    with pytest.raises(GraphError, match="no gradient"):
        net.backward()


@pytest.mark.parametrize(
    ("module", "layer", "text"),
    [
        ("absent_layers", "Scale", "no module 'absent_layers' on sys.path or in the current"),
        ("scale_layers.inner", "Scale", "no module 'scale_layers.inner'"),
        ("scale_layers", "Scal", "has no class 'Scal'; did you mean `Scale`?"),
        ("broken_layers", "NoLayer", "is no layer; write class NoLayer(minicaffe.Layer)"),
        ("broken_layers", "NoForward", "has no method forward(bottom, top)"),
        ("scale_layers", "Layer", "is no layer"),
        ("scale_layers", "", "incomplete"),
        ("", "Scale", "incomplete"),
    ],
)
def test_what_cannot_be_found_is_explained(make: Make, module: str, layer: str, text: str) -> None:
    with pytest.raises(GraphError) as caught:
        make(module, layer)
    assert re.match(r"net\.prototxt:(2|4:(3|18|26)): layer 'mine' \(Python\): ", str(caught.value))
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("import caffe", "No module named 'caffe' (*, line 1); write 'import minicaffe as caffe'"),
        ("x = 1 / 0", "raised ZeroDivisionError: division by zero (*, line 1)"),
        ("def f(:", "raised SyntaxError: invalid syntax (*, line 1)"),
    ],
)
def test_module_that_cannot_be_imported(make: Make, source: str, text: str) -> None:
    Path("faulty.py").write_text(source, encoding="utf-8")
    with pytest.raises(PythonLayerError) as caught:
        make("faulty", "Layer")
    for part in text.split("*"):
        assert part in str(caught.value)
    assert caught.value.__cause__ is not None


def test_errors_of_minicaffe_in_a_module_pass_through(make: Make) -> None:
    words = (
        "from minicaffe.errors import MinicaffeError\nraise MinicaffeError('not on this machine')"
    )
    Path("picky.py").write_text(words, encoding="utf-8")
    with pytest.raises(MinicaffeError, match="not on this machine"):
        make("picky", "Layer")


def test_search_path_is_left_as_it_was(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(sys.path)
    make("scale_layers", "Scale")
    assert sys.path == before
    monkeypatch.syspath_prepend("")
    make("scale_layers", "Scale")
    assert sys.path[0] == ""


def test_module_is_imported_once(make: Make) -> None:
    make("scale_layers", "Scale")
    module = importlib.import_module("scale_layers")
    module.Scale.shared = 5
    assert make("scale_layers", "Scale").layers[1].shared == 5  # type: ignore[attr-defined]


#: Layers in Python that minicaffe has built in, by the modules of the programs that they are from.
IN_PYTHON = [
    ("rpn.proposal_layer", "ProposalLayer"),
    ("rpn.anchor_target_layer", "AnchorTargetLayer"),
    ("rpn.proposal_target_layer", "ProposalTargetLayer"),
    ("roi_data_layer.layer", "RoIDataLayer"),
    ("roi_data_layer.layer", "OHEMDataLayer"),
    ("caffe.layers.detectnet.clustering", "ClusterDetections"),
    ("caffe.layers.detectnet.clustering", "ClusterGroundtruth"),
    ("caffe.layers.detectnet.mean_ap", "ScoreDetections"),
    ("caffe.layers.detectnet.mean_ap", "mAP"),
]


@pytest.mark.parametrize(("module", "layer"), IN_PYTHON)
def test_layers_in_python_run_without_their_modules(module: str, layer: str) -> None:
    param = caffe_pb2.LayerParameter(type="Python")
    param.python_param.module, param.python_param.layer = module, layer
    assert layer_class_of(param) is find_layer_class(layer)
    param.python_param.module = "another"
    assert layer_class_of(param) is not find_layer_class(layer)


def test_all_layers_that_run_without_their_modules_are_listed() -> None:
    classes = {name: find_layer_class(name) for name in layer_types()}
    known = {
        name
        for name, cls in classes.items()
        if cls.replaces_modules and cls.__module__.startswith("minicaffe.")
    }
    assert known == {layer for _, layer in IN_PYTHON}
