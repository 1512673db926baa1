"""oneDNN's library: found, tried, refused; what is made of it is freed."""

from __future__ import annotations

import ctypes
import gc
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minicaffe import engines
from minicaffe.engines import onednn
from minicaffe.engines.onednn import dnnl, self_check
from minicaffe.engines.onednn.dnnl import Library, NotInstalled, library
from minicaffe.engines.onednn.self_check import names, verify
from minicaffe.errors import EngineError
from tests.engines.nets import residual
from tests.engines.twins import Twins

NET = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 4 } }
"""


# ------------------------------------------------------------------ trying it


def test_the_library_here_passes() -> None:
    verify(library())


class Disguised:
    """The library with some functions exchanged."""

    def __init__(self, **functions: Any) -> None:
        self.functions = functions
        self.path, self.version = "/lib/libdnnl.so.3", (3, 9, 1)

    def function(self, name: str) -> Any:
        found = self.functions.get(name, library().function(name))
        if found is None:
            raise EngineError(f"oneDNN at {self.path} has no function dnnl_{name}")
        return found


@pytest.mark.parametrize("name", ["concat_primitive_desc_create", "memory_desc_equal", "dt2str"])
def test_a_function_that_is_missing(name: str) -> None:
    with pytest.raises(EngineError, match=f"has no function dnnl_{name}"):
        verify(Disguised(**{name: None}))  # type: ignore[arg-type]


@pytest.mark.parametrize(("function", "number", "name"), list(names()))
def test_a_number_that_means_something_else(function: str, number: int, name: str) -> None:
    tell = library().function(function)

    class Renamed:
        def __call__(self, asked: int) -> bytes:
            return b"something" if asked == number else tell(asked)

    match = f"oneDNN 3.9.1 at .* calls number {number} 'something', not '{name}'; use another"
    with pytest.raises(EngineError, match=match):
        verify(Disguised(**{function: Renamed()}))  # type: ignore[arg-type]


@pytest.mark.parametrize("part", ["product_is_right", "normalisation_is_right"])
def test_wrong_results(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_check, part, lambda: False)
    with pytest.raises(EngineError, match="wrongly here"):
        verify(library())


@pytest.mark.parametrize("constant", ["BIAS", "DST", "SHIFT", "USE_SCALE", "FUSE_NORM_RELU"])
def test_an_argument_or_flag_with_another_number(
    constant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dnnl, constant, 16)
    with pytest.raises(EngineError, match=r"^oneDNN"):
        verify(library())


# ------------------------------------------------------------------ loading it


def test_another_major_version(monkeypatch: pytest.MonkeyPatch) -> None:
    version = dnnl.Version(2, 7, 1, b"", 2, 0)

    class Old:
        def __init__(self, path: str) -> None:
            self.dnnl_version = lambda: ctypes.pointer(version)
            self.dnnl_version.restype = None  # type: ignore[attr-defined]

    monkeypatch.setattr(dnnl.ctypes, "CDLL", Old)
    with pytest.raises(EngineError, match=r"oneDNN 2\.7\.1 found, 3\.x needed"):
        Library("libdnnl.so.2")


def test_a_library_that_is_not_onednn() -> None:
    with pytest.raises(EngineError, match=r"cannot be loaded: .*dnnl_version"):
        Library(np.random.mtrand.__file__)


def test_what_lies_beside_it_is_loaded_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the wheels with Intel's OpenMP want it: none of them says where that is."""
    for name in ("libiomp5.so", "libsvml.so", "libdnnl.so.3"):
        (tmp_path / name).write_bytes(b"")
    version, loaded = dnnl.Version(3, 2, 0, b"", 2, 0), []

    class Needy:
        def __init__(self, path: str, mode: int = 0) -> None:
            loaded.append((Path(path).name, mode == ctypes.RTLD_GLOBAL))
            if Path(path).name == "libdnnl.so.3" and len(loaded) == 1:
                raise OSError("libsvml.so: cannot open shared object file")

        def __getattr__(self, name: str) -> Any:
            return SimpleNamespace() if name != "dnnl_version" else _Version()

    class _Version:
        def __call__(self) -> Any:
            return ctypes.pointer(version)

    monkeypatch.setattr(dnnl.ctypes, "CDLL", Needy)
    assert Library(str(tmp_path / "libdnnl.so.3")).version == (3, 2, 0)
    once = ("libdnnl.so.3", False)
    assert loaded == [once, ("libsvml.so", True), ("libiomp5.so", True), once]


def test_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dnnl, "candidates", list)
    with pytest.raises(NotInstalled, match=r"pip install 'minicaffe\[onednn\]'"):
        library.__wrapped__()


def next_best() -> str:
    """The engine that runs nets where oneDNN cannot."""
    names = [name for name in engines.engine_names() if name != "onednn"]
    return next(name for name in names if engines.why_unavailable(name) is None)


@pytest.mark.parametrize(
    ("problem", "warnings"),
    [(EngineError("it is bent"), 1), (OSError("it is bent"), 1), (NotInstalled("it is bent"), 0)],
)
def test_the_default_choice_warns_once_of_a_broken_one(
    problem: Exception,
    warnings: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delenv(engines.VARIABLE, raising=False)
    monkeypatch.setattr(onednn, "problem", lambda: problem)
    engines.warn_if_broken.cache_clear()
    try:
        for _ in range(2):
            assert engines.engine_name(engines.find_engine()) == next_best()
    finally:
        engines.warn_if_broken.cache_clear()
    assert [record.levelname for record in caplog.records] == ["WARNING"] * warnings
    said = f"'{next_best()}' runs instead: it is bent"
    assert all(said in message for message in caplog.messages)
    with pytest.raises(EngineError, match="engine 'onednn' cannot run here: it is bent"):
        engines.find_engine("onednn")


def test_a_file_that_is_no_library(tmp_path: Path) -> None:
    (tmp_path / "libdnnl.so.3").write_bytes(b"\x7fELF and then nothing")
    (tmp_path / "net.prototxt").write_text(NET)
    environment = {**os.environ, dnnl.VARIABLE: str(tmp_path / "libdnnl.so.3")}
    environment.pop(engines.VARIABLE, None)
    environment["PYTHONPATH"] = str(Path(engines.__file__).parents[2])

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "minicaffe", *words, "--model=net.prototxt", "--iterations=1"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    done = run("time")
    assert done.returncode == 0
    said = f"engine 'onednn' is here, but cannot be used; '{next_best()}' runs"
    assert done.stderr.count(said) == 1
    asked = run("time", "--engine=onednn")
    assert asked.returncode == 1
    assert "engine 'onednn' cannot run here: oneDNN's library" in asked.stderr


# ------------------------------------------------------------------ freeing what it made


def test_every_handle_is_destroyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever makes a handle has one function that frees it."""
    made: Counter[str] = Counter()
    freed: Counter[str] = Counter()
    create, function = Library.create_for, Library.function
    _ = library().engine, library().stream  # these stay

    def kind_of(name: str) -> str:
        if name.endswith("_primitive_desc_create"):
            return "primitive_desc"
        return next(kind for kind in KINDS if name.startswith(kind))

    def counted_create(self: Library, owner: object, destroy: str, name: str, *args: Any) -> Any:
        made[kind_of(name)] += 1
        return create(self, owner, destroy, name, *args)

    def counted(self: Library, name: str) -> Callable[..., Any]:
        found = function(self, name)
        if not name.endswith("_destroy"):
            return found

        def destroy(handle: Any) -> int:
            freed[name.removesuffix("_destroy")] += 1
            status: int = found(handle)
            assert status == 0
            return status

        return destroy

    monkeypatch.setattr(Library, "create_for", counted_create)
    monkeypatch.setattr(Library, "function", counted)
    twins = Twins(residual())
    twins.fill(**twins.label(7))
    twins.step()
    twins.same()
    for net in twins.nets:
        net.blobs["data"].reshape(2, *net.blobs["data"].shape[1:])
        net.blobs["label"].reshape(2)
        net.reshape()
    twins.step()
    assert set(made) == set(KINDS)
    assert min(made.values()) > 1
    del twins, net
    gc.collect()
    assert freed == made


KINDS = ("memory_desc", "memory", "primitive_desc", "primitive_attr", "post_ops", "primitive")
