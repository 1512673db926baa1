"""Filtering layers by rules, and inserting splits."""

from __future__ import annotations

import pytest
from google.protobuf import text_format

from minicaffe.errors import GraphError
from minicaffe.net.filter import filter_net, meets_rule
from minicaffe.net.insert_splits import insert_splits
from minicaffe.proto import caffe_pb2


def net(text: str) -> caffe_pb2.NetParameter:
    return text_format.Parse(text, caffe_pb2.NetParameter())


@pytest.mark.parametrize(
    ("state", "rule", "met"),
    [
        ("", "", True),
        ("phase: TRAIN", "phase: TRAIN", True),
        ("phase: TRAIN", "phase: TEST", False),
        ("level: 2", "min_level: 2", True),
        ("level: 1", "min_level: 2", False),
        ("level: 2", "max_level: 2", True),
        ("level: 3", "max_level: 2", False),
        ("level: -1", "min_level: 0", False),
        ("stage: 'a' stage: 'b'", "stage: 'b'", True),
        ("stage: 'a'", "stage: 'a' stage: 'b'", False),
        ("stage: 'a'", "not_stage: 'b'", True),
        ("stage: 'a'", "not_stage: 'b' not_stage: 'a'", False),
        ("phase: TEST stage: 'a'", "phase: TEST stage: 'a' not_stage: 'c' max_level: 0", True),
    ],
)
def test_meets_rule(state: str, rule: str, met: bool) -> None:
    assert met == meets_rule(
        text_format.Parse(state, caffe_pb2.NetState()),
        text_format.Parse(rule, caffe_pb2.NetStateRule()),
    )


def test_filter_by_include_and_exclude() -> None:
    param = net(
        """state { phase: TEST }
        layer { name: "always" }
        layer { name: "test" include { phase: TEST } }
        layer { name: "train" include { phase: TRAIN } }
        layer { name: "either" include { phase: TRAIN } include { phase: TEST } }
        layer { name: "not_test" exclude { phase: TEST } }
        layer { name: "not_train" exclude { phase: TRAIN } }"""
    )
    names = [layer.name for layer in filter_net(param).layer]
    assert names == ["always", "test", "either", "not_train"]
    assert len(param.layer) == 6, "the given net stays as it is"


def test_include_and_exclude_together_are_refused() -> None:
    param = net('layer { name: "x" type: "ReLU" source_line: 7 include {} exclude {} }')
    with pytest.raises(GraphError, match="both include and exclude") as caught:
        filter_net(param)
    assert (caught.value.line, caught.value.layer) == (7, "x")


def test_splits_have_caffes_names() -> None:
    split = insert_splits(
        net(
            """layer { name: "data" top: "data" source_line: 3 }
            layer { name: "one" bottom: "data" top: "a" }
            layer { name: "act" bottom: "a" top: "a" }
            layer { name: "two" bottom: "data" bottom: "a" top: "b" }
            layer { name: "three" bottom: "a" top: "c" }"""
        )
    )
    shown = [(layer.name, list(layer.bottom), list(layer.top)) for layer in split.layer]
    assert shown == [
        ("data", [], ["data"]),
        ("data_data_0_split", ["data"], ["data_data_0_split_0", "data_data_0_split_1"]),
        ("one", ["data_data_0_split_0"], ["a"]),
        ("act", ["a"], ["a"]),
        ("a_act_0_split", ["a"], ["a_act_0_split_0", "a_act_0_split_1"]),
        ("two", ["data_data_0_split_1", "a_act_0_split_0"], ["b"]),
        ("three", ["a_act_0_split_1"], ["c"]),
    ]
    assert split.layer[1].source_line == 3


def test_a_loss_weight_counts_as_a_use() -> None:
    split = insert_splits(
        net(
            """layer { name: "data" top: "x" }
            layer { name: "loss" bottom: "x" top: "l" loss_weight: 2 }
            layer { name: "more" bottom: "l" top: "m" }"""
        )
    )
    assert [layer.name for layer in split.layer] == ["data", "loss", "l_loss_0_split", "more"]
    assert list(split.layer[1].loss_weight) == []
    assert list(split.layer[2].loss_weight) == [2, 0]
    assert list(split.layer[3].bottom) == ["l_loss_0_split_1"]


def test_unknown_bottoms_name_a_similar_blob_or_the_later_producer() -> None:
    with pytest.raises(GraphError, match=r"unknown bottom blob 'dta'.*did you mean `data`"):
        insert_splits(net('layer { name: "d" top: "data" } layer { name: "r" bottom: "dta" }'))
    with pytest.raises(GraphError, match="used before layer 'late' produces it"):
        insert_splits(net('layer { name: "r" bottom: "x" } layer { name: "late" top: "x" }'))
