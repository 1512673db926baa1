"""Texts: prototxt, lists and YAML."""

from __future__ import annotations

from tests.fuzz.attacks.making import ATTACKS, Attack, attack, repeated


def _text_attack(name: str, piece: str, *readers: str, before: str = "", after: str = "") -> None:
    def make(size: int) -> bytes:
        return before.encode() + repeated(piece, size) + after.encode()

    for reader in readers:
        ATTACKS[f"{reader}/{name}"] = Attack(reader, make)


for _name, _piece in {
    "unknown_blocks": "a{",
    "nested_lists": "[",
    "nested_known": "layer{",
    "closing": "}",
    "empty_layers": "layer{}",
    "empty_v1_layers": "layers{}",
    "unknown_fields": "x1:1 ",
    "misspelt_fields": "layr{nme:1}\n",
    "numbers": "input_dim:1 ",
    "bad_numbers": "input_dim:1.5 ",
    "missing_required": "layer{clip_param{}}",
    "twice": "name:'a' ",
    "one_word": "a",
    "one_number": "1",
    "open_quotes": "'\n",
    "bad_characters": "$",
    "newlines": "\n",
    "minus": "-",
}.items():
    _text_attack(_name, _piece, "prototxt")
_text_attack("string", "a", "prototxt", before="name:'", after="'")
_text_attack("escapes", "\\x41", "prototxt", before="name:'", after="'")
_text_attack("pieces", "'a'", "prototxt", before="name:")
_text_attack("list", "1,", "prototxt", before="input_dim:[", after="1]")
_text_attack("negative_list", "-1,", "prototxt", before="input_dim:[", after="1]")
_text_attack("blob_values", "data:1 ", "prototxt", before="layer{blobs{", after="}}")
_text_attack("embedded_nets", "test_net_param{}", "solver")
_text_attack("weights", "weights:'a' ", "solver")
_text_attack("no_number", "1", "solver", before="base_lr: ", after="x")
_text_attack("short_lines", "a 0\n", "image_list")
_text_attack("one_line", "a", "image_list", after=" 1")
_text_attack("no_labels", "a\n", "image_list")
_text_attack("empty_images", "# 0 a 1 1 1 0\n", "window_file")
_text_attack("windows", "1 1 1 1 1 1\n", "window_file", before="# 0\na\n3 9 9\n999999999\n")
_text_attack("names", "a\n", "hdf5_list")
_text_attack("flow_lists", "[", "config")
_text_attack("flow_maps", "{a: ", "config")
_text_attack("block_lists", "- ", "config")
_text_attack("question_marks", "? ", "config")
_text_attack("keys", "a: b\n", "config")
_text_attack("long_value", "9", "config", before="iterations: ")
_text_attack("flat_list", "1, ", "config", before="set: {stepvalue: [", after="1]}")


_LOG = "I0101 00:00:00.000000  1 solver.cpp:1] "
for _name, _piece in {
    "iterations": "Iteration 1 ",
    "losses": "Iteration 1, loss = ",
    "outputs": "Train net output #0: ",
    "stamps": "I0101 00:00:00.",
    "digits": "9",
    "lines": f"\n{_LOG}Iteration 1, loss = 1",
}.items():
    _text_attack(_name, _piece, "log", before=f"{_LOG}Solving x\n{_LOG}Iteration ")


@attack("config")
def billion_laughs(size: int) -> bytes:
    """Each line means ten of the line before."""
    lines = ["a: &a0 [ha,ha,ha,ha,ha,ha,ha,ha,ha,ha]"]
    for index in range(max(9, size // 60)):
        lines.append(f"b{index}: &a{index + 1} [" + ",".join([f"*a{index}"] * 10) + "]")
    return "\n".join([*lines, "weights: *a9"]).encode()


@attack("config")
def merged_laughs(size: int) -> bytes:
    """The same with merged mappings."""
    lines = ["solver: &a0 {x: 1}"]
    for index in range(max(9, size // 60)):
        lines.append(f"b{index}: &a{index + 1} {{<<: [" + ",".join([f"*a{index}"] * 10) + "]}")
    return "\n".join(lines).encode()


@attack("config")
def circle(size: int) -> bytes:
    """A list that holds itself."""
    return b"set: &a {net_param: *a, x: *a}\nweights: &b [*b]\n"
