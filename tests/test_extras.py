from __future__ import annotations

import math

import pytest

from minicaffe.errors import MissingExtraError, require


def test_an_installed_module_is_returned():
    assert require("math", extra="data", purpose="counting") is math


def test_a_missing_module_says_what_to_install_and_why():
    with pytest.raises(MissingExtraError) as caught:
        require("no_such_module.part", extra="data", purpose="reading LMDB databases")
    assert str(caught.value) == (
        "reading LMDB databases needs the package 'no_such_module', which is not installed; "
        "run: pip install 'minicaffe[data]' (or: pip install no_such_module)"
    )
    assert (caught.value.package, caught.value.extra) == ("no_such_module", "data")


def test_the_package_is_named_as_on_pypi(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    with pytest.raises(MissingExtraError, match="pip install Pillow"):
        require("PIL.Image", extra="data", purpose="reading images")
