"""The nets of data_speed.py build and run; nothing is timed here."""

from __future__ import annotations

import pytest

import minicaffe
from benchmarks import data_speed


@pytest.mark.parametrize("name", data_speed.CASES)
def test_data_speed(name, tmp_path, monkeypatch):
    pytest.importorskip("PIL.Image", reason="the benchmark makes JPEGs")
    monkeypatch.setattr(data_speed, "SMALL", 100)
    monkeypatch.setattr(data_speed, "LARGE", 50)
    try:
        text, images, batch = data_speed.CASES[name](tmp_path)
    except minicaffe.MissingExtraError as error:
        pytest.skip(str(error))
    assert images % batch == 0
    with data_speed.open_net(text) as net:
        first, later = data_speed.rate(net, batch, images, 0)
        assert net.blobs["data"].data.std() > 0
        assert net.blobs["data"].shape[0] == batch
    assert first > 0
    assert later == 0
