"""How diagnostics are printed: in full as rustc does, on a line each, or for other programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from minicaffe.errors import excerpt, visible
from minicaffe.errors.form import BLUE, RED, Painter, head, painter, remark
from minicaffe.lint.codes import error_kinds, first_sentence
from minicaffe.lint.diagnostic import Diagnostic, Severity
from minicaffe.lint.rules import all_rules
from minicaffe.proto.places import Place

_COLOURS = {
    Severity.ERROR: RED, Severity.WARNING: "\x1b[1;33m", Severity.NOTE: "\x1b[1;36m",
}  # fmt: skip
#: Words of GitHub's workflow commands and of SARIF for each severity.
_GITHUB = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def full(found: Sequence[Diagnostic], *, colour: bool = False) -> str:
    """Each with its source lines, carets under the words, labels, note and help."""
    return "\n\n".join(_one(diagnostic, colour) for diagnostic in found)


def concise(found: Sequence[Diagnostic]) -> str:
    """Each on a line: ``FILE:LINE:COLUMN: CODE message; help``."""
    return "\n".join(map(str, found))


def as_json(found: Sequence[Diagnostic]) -> str:
    """A JSON list of objects, one for each diagnostic."""
    return json.dumps([_plain(diagnostic) for diagnostic in found], indent=2)


def github(found: Sequence[Diagnostic]) -> str:
    """Workflow commands of GitHub Actions, which show diagnostics beside the changed lines."""
    return "\n".join(map(_command, found))


def sarif(found: Sequence[Diagnostic]) -> str:
    """SARIF 2.1.0, which code scanning reads."""
    rules = [
        {"id": rule.code, "name": rule.name, "shortDescription": {"text": rule.summary}}
        for rule in all_rules()
    ]
    rules += [
        {"id": code, "name": kind.__name__, "shortDescription": {"text": first_sentence(kind)}}
        for code, kind in sorted(error_kinds().items())
    ]
    driver = {"name": "minicaffe", "rules": rules}
    run = {"tool": {"driver": driver}, "results": [_result(diagnostic) for diagnostic in found]}
    return json.dumps({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


#: The ways to print, by the names that ``--output-format`` takes.
FORMATS: dict[str, Callable[[Sequence[Diagnostic]], str]] = {
    "full": full, "concise": concise, "json": as_json, "github": github, "sarif": sarif,
}  # fmt: skip


# ------------------------------------------------------------------------- in full


def _one(diagnostic: Diagnostic, colour: bool) -> str:
    paint, severity = painter(colour), diagnostic.severity
    lines = [head(severity.value, diagnostic.code, diagnostic.told, _COLOURS[severity], paint)]
    places = [(diagnostic.place, ""), *((label.place, label.text) for label in diagnostic.labels)]
    if not diagnostic.labels and diagnostic.path is None and diagnostic.line is None:
        places = []
    width = max((len(str(place.line)) for place, _ in places), default=1)
    margin = " " * width
    for number, (place, text) in enumerate(places):
        arrow = ":::" if number else "-->"
        lines.append(f"{margin}{paint(arrow, BLUE)} {visible(_where(place))}")
        sign = "-" if number else "^"
        tint = BLUE if number else _COLOURS[severity]
        lines += _source(place, visible(text), sign, width, paint, tint)
    for name, text in (("note", diagnostic.note), ("help", _help(diagnostic))):
        if text:
            lines.append(remark(margin, name, text, paint))
    return "\n".join(lines)


def _help(diagnostic: Diagnostic) -> str:
    if diagnostic.fix is None:
        return diagnostic.help
    flag = "--fix" if diagnostic.fix.safe else "--unsafe-fixes"
    return f"{diagnostic.help} (`{flag}` does it)"


def _where(place: Place) -> str:
    numbers = "".join(f":{number}" for number in (place.line, place.column) if number)
    return f"{place.path or 'text'}{numbers}"


def _source(
    place: Place,
    text: str,
    sign: str,
    width: int,
    paint: Painter,
    tint: str,
) -> Iterable[str]:
    """The source line of a place, and signs under the word."""
    if not place.column:
        return [f"{' ' * width} {paint('|', BLUE)} {text}"] if text else []
    shown, before = excerpt(place.source_line, place.column)
    signs = sign * max(1, min(place.width, len(shown) - before))
    bar = paint("|", BLUE)
    number = paint(f"{place.line:>{width}}", BLUE)
    pointed = paint(f"{signs} {text}".rstrip(), tint)
    return [
        f"{' ' * width} {bar}",
        f"{number} {bar} {shown}".rstrip(),
        f"{' ' * width} {bar} {' ' * before}{pointed}",
    ]


# -------------------------------------------------------------------- for programs


def _plain(diagnostic: Diagnostic) -> dict[str, object]:
    fix = diagnostic.fix
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        **_plain_place(diagnostic.place),
        "layer": diagnostic.layer,
        "message": diagnostic.message,
        "help": diagnostic.help or None,
        "note": diagnostic.note or None,
        "labels": [
            {**_plain_place(label.place), "text": label.text} for label in diagnostic.labels
        ],
        "fix": None if fix is None else {
            "applicability": fix.applicability,
            "edits": [
                {"start": edit.start, "end": edit.end, "text": edit.text} for edit in fix.edits
            ],
        },
    }  # fmt: skip


def _plain_place(place: Place) -> dict[str, object]:
    return {"path": place.path, "line": place.line or None, "column": place.column or None}


def _command(diagnostic: Diagnostic) -> str:
    place = diagnostic.place
    fields = {
        "file": place.path,
        "line": place.line or None,
        "col": place.column or None,
        "title": diagnostic.code,
    }
    settings = ",".join(
        f"{name}={_escaped(str(value), ':,')}" for name, value in fields.items() if value
    )
    text = "; ".join(part for part in (diagnostic.told, diagnostic.help) if part)
    return f"::{_GITHUB[diagnostic.severity]} {settings}::{_escaped(visible(text))}"


def _escaped(text: str, more: str = "") -> str:
    for sign in "%\r\n" + more:
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def _result(diagnostic: Diagnostic) -> dict[str, object]:
    place = diagnostic.place
    region = {"startLine": place.line, "startColumn": place.column, "endColumn": 0}
    if place.column:
        region["endColumn"] = place.column + place.width
    where = {
        "artifactLocation": {"uri": (place.path or "text").replace("\\", "/")},
        "region": {name: value for name, value in region.items() if value},
    }
    if not where["region"]:
        del where["region"]
    text = "; ".join(part for part in (diagnostic.told, diagnostic.help) if part)
    return {
        "ruleId": diagnostic.code,
        "level": diagnostic.severity.value,
        "message": {"text": visible(text)},
        "locations": [{"physicalLocation": where}],
    }
