"""A net's text in the words of a target, where they are others than ours."""

from __future__ import annotations

from collections.abc import Mapping

from minicaffe.convert.targets.target import Target
from minicaffe.proto import caffe_pb2
from minicaffe.proto.printing import to_text


def spelled(param: caffe_pb2.NetParameter, target: Target) -> str:
    """The net as prototxt, in which types and fields are called as the target calls them.

    Args:
        param: the net.
        target: its ``spelling`` says, for each type, what comes in place of a line such as
            ``round_mode: FLOOR``; ``type`` gives the type itself another name.
    """
    if not target.spelling:
        return to_text(param)
    head = caffe_pb2.NetParameter()
    head.CopyFrom(param)
    del head.layer[:]
    layers = [to_text(caffe_pb2.NetParameter(layer=[layer])) for layer in param.layer]
    parts = zip(param.layer, layers, strict=True)
    return to_text(head) + "".join(
        _respelled(text, layer.type, target.spelling.get(layer.type, {})) for layer, text in parts
    )


def _respelled(text: str, kind: str, words: Mapping[str, str]) -> str:
    """A layer's text with other words, line by line: our printer gives each field a line."""
    known = {f'type: "{kind}"': f'type: "{words["type"]}"'} if "type" in words else {}
    known |= {line: word for line, word in words.items() if line != "type"}
    lines = []
    for line in text.splitlines():
        said = line.strip()
        lines.append(line.replace(said, known[said]) if said in known else line)
    return "".join(f"{line}\n" for line in lines)
