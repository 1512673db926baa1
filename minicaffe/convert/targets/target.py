"""A tool chain that takes Caffe's files: what it takes, and where that is said."""

from __future__ import annotations

import functools
import importlib.resources
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from minicaffe.convert.targets import yaml_parts as parts
from minicaffe.convert.targets.facts import (
    Entry,
    Fact,
    Refusal,
    check_quantity,
    entry_of,
    fact_of,
)
from minicaffe.convert.targets.quantities import Site
from minicaffe.errors import ArgumentError, DataError, did_you_mean
from minicaffe.errors.reading import cannot_read

_ENDING = ".yaml"


@dataclass(frozen=True)
class Source:
    """Where a fact is said.

    Attributes:
        title: of the document or file.
        where: its section, or the repository and path.
    """

    title: str
    where: str

    def __str__(self) -> str:
        return f"{self.title}, {self.where}"


@dataclass(frozen=True)
class Reason:
    """Why a type is refused.

    Attributes:
        source: of the documents, by its short name.
        why: in words; "" where the document just does not take it.
    """

    source: str
    why: str = ""

    def refusal(self, tool: str, kind: str) -> Refusal:
        """What is said of a layer of the type."""
        why = f": {self.why}" if self.why else ""
        return Refusal("type", f"{tool} does not take {kind}{why}", self.source)


@dataclass(frozen=True)
class Target:
    """What a tool takes.

    Attributes:
        name: such as ``nnie``.
        title: in words.
        about: what the tool is, and how much of it is known.
        sources: the documents, by the short names that facts give them.
        complete: whether types that are not named are refused; else nothing is known of them.
        takes_all: whether every type of ours is taken.
        general: what holds for layers of every type.
        entries: what holds for a type.
        refused: types that are refused, each with the reason.
        spelling: what fields are called there, by our type and field.
    """

    name: str
    title: str
    about: str
    sources: dict[str, Source]
    complete: bool = True
    takes_all: bool = False
    general: tuple[Fact, ...] = ()
    entries: dict[str, Entry] = field(default_factory=dict)
    refused: dict[str, Reason] = field(default_factory=dict)
    spelling: dict[str, dict[str, str]] = field(default_factory=dict)

    def refusals(self, site: Site) -> list[Refusal]:
        """What the tool would refuse of a layer, or do otherwise; what is not known as well."""
        kind = site.param.type
        entry = self.entries.get(kind)
        if entry is None and not self.takes_all:
            if kind in self.refused:
                return [self.refused[kind].refusal(self.name, kind)]
            if self.complete:
                return [Refusal("type", f"{self.name} does not take {kind}", "")]
            return [Refusal("unknown", f"it is not known whether {self.name} takes {kind}", "")]
        found = [told for fact in self.general if (told := fact.refusal(site, self.name))]
        return found + (list(entry.refusals(site, self.name)) if entry else [])

    def takes(self, site: Site) -> bool:
        """Whether the layer may stay as it is; running slowly is no hindrance."""
        return all(refusal.kind == "slow" for refusal in self.refusals(site))


def targets() -> list[str]:
    """The names of all targets, sorted."""
    folder = importlib.resources.files(__package__)
    names = [file.name for file in folder.iterdir()]
    return sorted(name.removesuffix(_ENDING) for name in names if name.endswith(_ENDING))


def load_target(name: str) -> Target:
    """A target by its name, or from a file of one's own in the same form.

    Args:
        name: such as ``nnie``, or the path of a file that ends in ``.yaml``.

    Raises:
        ArgumentError: there is no such target.
        DataError: the file cannot be read, or does not say what a target says.
    """
    if name.endswith((".yaml", ".yml")):
        try:
            with open(name, encoding="utf-8") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as reason:
            raise cannot_read(name, reason) from reason
        return parse_target(text, os.path.splitext(os.path.basename(name))[0], name)
    if name not in targets():
        hint = did_you_mean(name, targets())
        raise ArgumentError(
            f"there is no target '{name}'{hint or '; there are ' + ', '.join(targets())} "
            "(a file of your own ends in .yaml)"
        )
    return _built_in(name)


@functools.cache
def _built_in(name: str) -> Target:
    folder = importlib.resources.files(__package__)
    text = (folder / f"{name}{_ENDING}").read_text(encoding="utf-8")
    return parse_target(text, name, f"{name}{_ENDING}")


_KEYS = {
    "title", "about", "sources", "complete", "takes_all", "general", "types", "refused", "spelling",
}  # fmt: skip


def parse_target(text: str, name: str, path: str) -> Target:
    """A target from the text of its file.

    Args:
        text: YAML; docs/convert.md says what is in it.
        name: what the target is called.
        path: the file, for messages.

    Raises:
        DataError: it is no YAML, or says something that a target does not say.
    """
    try:
        given = yaml.safe_load(text)
        return _parsed(given, name)
    except yaml.YAMLError as reason:
        raise DataError(f"it is no YAML: {reason}", path=path) from None
    except ValueError as reason:
        raise DataError(str(reason), path=path) from None


def _parsed(given: object, name: str) -> Target:
    part = parts.mapping(given, "a target", _KEYS)
    if not {"title", "sources"} <= set(part):
        raise ValueError("a target has at least the entries title and sources")
    entries: dict[str, Entry] = {}
    for entry in map(entry_of, parts.listed(part.get("types"), "types")):
        for kind in entry.types:
            if kind in entries:
                raise ValueError(f"the type {kind} has two entries")
            entries[kind] = entry
    general = parts.listed(part.get("general"), "general")
    spelling = parts.mapping(part.get("spelling"), "spelling")
    result = Target(
        name,
        parts.text(part["title"], "title"),
        parts.text(part.get("about"), "about"),
        {key: _source(of, key) for key, of in parts.mapping(part["sources"], "sources").items()},
        complete=parts.yes(part.get("complete"), "complete", True),
        takes_all=parts.yes(part.get("takes_all"), "takes_all", False),
        general=tuple(fact_of(fact, "") for fact in general),
        entries=entries,
        refused={
            kind: _reason(of, kind)
            for kind, of in parts.mapping(part.get("refused"), "refused").items()
        },
        spelling={
            kind: {key: parts.text(word, key) for key, word in parts.mapping(of, kind).items()}
            for kind, of in spelling.items()
        },
    )
    for fact in result.general:
        check_quantity(fact.of, "layers of every type")
    for source in _cited(result):
        if source not in result.sources:
            hint = did_you_mean(source, result.sources)
            raise ValueError(f"no source is called '{source}'{hint}")
    return result


def _source(given: object, name: str) -> Source:
    part = parts.mapping(given, f"the source {name}", {"title", "where"})
    if len(part) < 2:
        raise ValueError(f"the source {name}: expected a title, and where in it")
    return Source(*(parts.text(part[key], key) for key in ("title", "where")))


def _reason(given: object, kind: str) -> Reason:
    part = parts.mapping(given, f"the refused type {kind}", {"source", "why"})
    return Reason(*(parts.text(part.get(key), key) for key in ("source", "why")))


def _cited(target: Target) -> Iterator[str]:
    yield from (reason.source for reason in target.refused.values())
    yield from (fact.source for fact in target.general)
    for entry in target.entries.values():
        yield entry.source
        yield from (fact.source for fact in entry.facts)
