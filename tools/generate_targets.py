"""Write the pages of targets, ``docs/targets/``: what each takes, and where that is said.

    python tools/generate_targets.py [--check]

The files of ``minicaffe/convert/targets`` say it; the index lists the rewrites. ``tests/docs``
compares.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from minicaffe.convert.targets import Target, load_target, targets
from minicaffe.convert.targets.facts import Entry, Fact
from minicaffe.convert.targets.quantities import QUANTITIES
from minicaffe.convert.targets.rewrites import all_rewrites
from tools.generated_pages import ROOT, main

PAGES = ROOT / "docs" / "targets"

_INDEX = """# Targets

Tool chains for chips, and other programs, take some of Caffe's layers, each with limits of its own.
A target is a file that says which, with the document or source file where that is said
(`minicaffe/convert/targets/`); `python tools/generate_targets.py` makes these pages of them.

    minicaffe lint deploy.prototxt --target=nnie
    minicaffe fit_target --model=deploy.prototxt --weights=W.caffemodel --target=nnie -o fitted

`lint` says what such a tool would refuse; `fit_target` rewrites the net, runs it beside the one
before, compares every value that both have, and writes it if they are the same. In a program:

    from minicaffe.convert.targets import fit

    fitted = fit(param, blobs, "nnie")  # a NetParameter, and arrays by layer
    net = fitted.build()

What has no source is not claimed: a target whose list is known to be incomplete says "not known" of
other types, and `fit_target` then looks for a way to do without them.
"""

_OWN = """## A file of your own

Documents that come with an SDK are often not public. What yours says can be written into a file,
and given to `--target`:

    title: My chip
    sources:
      guide: {title: Developer's guide, where: "section 3.2, table 3-1"}
    complete: true        # types that are not named are refused; false: they are not known
    types:
      - of: [ReLU, Sigmoid, Concat]
        source: guide
      - of: Pooling
        source: guide
        reads: [pool, kernel_size, stride, pad, global_pooling]
        facts:
          - {of: pool, one_of: [MAX, AVE]}
          - {of: kernel, range: [1, 15]}
          - {of: stride, most_of: kernel, times: 2, when: {global_pooling: false}}
    refused:
      ReLU6: {source: guide, why: it has no upper bound}

A fact is about a setting of the layer or one of these quantities: QUANTITIES. What it may demand is
`range`, `least`, `most`, `one_of`, `none_of`, `below` another quantity, at most `times` another
(`most_of`), `multiple_of` another, `power_of_two`; `when` says under which values of others. With
`slow: runs on the CPU` the tool does not refuse, and nothing is rewritten. `reads` lists the
settings that the tool reads: one that is not read and is not its default is a mistake.
`spelling: {Pooling: {"round_mode: FLOOR": "ceil_mode: false"}}` changes lines of what is written.
"""


def pages() -> dict[Path, str]:
    """What the files in ``docs/targets`` should hold."""
    found = {name: load_target(name) for name in targets()}
    made = {PAGES / f"{name}.md": page(target) for name, target in found.items()}
    return {PAGES / "README.md": _index(list(found.values())), **made}


def _index(found: list[Target]) -> str:
    quantities = ", ".join(f"`{name}`" for name in QUANTITIES)
    lines = [f"- [{target.name}]({target.name}.md): {target.title}" for target in found]
    ways = [f"- {rewrite.summary}." for rewrite in all_rewrites()]
    parts = [
        _INDEX,
        "\n".join(lines) + "\n",
        "## Rewrites\n\nThe first one that leads to layers that the target takes is used; "
        "several may follow each other.\n",
        "\n".join(ways) + "\n",
        _OWN.replace("QUANTITIES", quantities),
    ]
    return "\n".join(parts)


def page(target: Target) -> str:
    """A target's page."""
    return "\n".join(_page(target)) + "\n"


def _page(target: Target) -> Iterator[str]:
    yield f"# {target.name}: {target.title}\n\n{target.about}\n"
    if target.takes_all:
        yield "Every type is taken."
    elif not target.complete:
        yield "Of types that are not named here it is not known whether they are taken."
    else:
        yield "Types that are not named here are refused."
    if target.entries or target.general or target.refused:
        yield "\n| types | demands | source |\n| --- | --- | --- |"
        if target.general:
            yield f"| all | {_demands(target.general)} | {_of(target.general[0].source)} |"
        yield from _rows(target)
        for kind, reason in target.refused.items():
            why = f": {reason.why}" if reason.why else ""
            yield f"| {_linked(kind)} | refused{why} | {_of(reason.source)} |"
    for kind, words in target.spelling.items():
        for line, word in words.items():
            yield f"\nIn {kind} layers `{line}` is written `{word}`."
    if target.sources:
        yield "\n## Sources\n"
        yield from (f"- {name}: {source}" for name, source in target.sources.items())


def _rows(target: Target) -> Iterator[str]:
    for entry in dict.fromkeys(target.entries.values()):
        types = ", ".join(map(_linked, entry.types))
        yield f"| {types} | {_cell(entry)} | {_of(entry.source)} |"


def _cell(entry: Entry) -> str:
    parts = [_demands(entry.facts)] if entry.facts else []
    if entry.reads is not None:
        read = ", ".join(f"`{name}`" for name in sorted(entry.reads)) or "nothing"
        parts.append(f"it reads {read}")
    return "; ".join([*parts, *([entry.note] if entry.note else [])])


def _demands(facts: tuple[Fact, ...]) -> str:
    return "; ".join(map(_demand, facts))


def _demand(fact: Fact) -> str:
    text = f"`{fact.of}` {fact.demand}"
    text += f", where {fact.condition}" if fact.condition else ""
    text += f", else it {fact.slow}" if fact.slow else ""
    return text + (f" ({fact.note})" if fact.note else "")


def _linked(kind: str) -> str:
    return f"[{kind}](../layers/{kind}.md)"


def _of(source: str) -> str:
    return source


if __name__ == "__main__":
    sys.exit(main(PAGES, pages, __doc__))
