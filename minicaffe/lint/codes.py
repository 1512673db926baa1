"""The codes of all diagnostics, and the page of each."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

from minicaffe.errors import MinicaffeError, mistakes
from minicaffe.lint.rules import Rule, all_rules


def codes() -> list[str]:
    """The codes of all rules and of all kinds of errors, sorted."""
    return sorted([*(rule.code for rule in all_rules()), *error_kinds()])


def error_kinds() -> dict[str, type[MinicaffeError]]:
    """The classes of errors by their codes; those that share one are of one kind."""
    found: dict[str, type[MinicaffeError]] = {}
    for kind in _below(MinicaffeError):
        if kind.__module__ in (MinicaffeError.__module__, mistakes.__name__):
            found.setdefault(kind.code, kind)
    return found


def first_sentence(kind: type[MinicaffeError]) -> str:
    """What a class of errors is about, on one line."""
    return " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())


def explain(code: str) -> str:
    """A code's page in Markdown: what it means, why, an example, and what mends it.

    Raises:
        KeyError: there is no such code.
    """
    rules = {rule.code: rule for rule in all_rules()}
    if code in rules:
        return _page_of_rule(rules[code])
    kind = error_kinds()[code]
    text = (inspect.getdoc(kind) or "").partition("\n\nArgs:")[0]
    text = re.sub(r":class:`(\w+)`", r"`\1`", text.replace("``", "`").replace("::\n", ":\n"))
    return f"# {code}: {kind.__name__}\n\nSeverity: error.\n\n{text}\n"


def _page_of_rule(rule: Rule) -> str:
    text = rule.text.replace("``", "`").replace("::\n", ":\n")
    return f"# {rule.code}: {rule.name}\n\nSeverity: {rule.severity.value}.\n\n{text}\n"


def example(rule: Rule, title: str) -> str | None:
    """The prototxt below a title such as ``Found`` in a rule's text; None without one."""
    lines = iter(rule.text.splitlines())
    if not any(line == f"{title}::" for line in lines):
        return None
    found: list[str] = []
    for line in lines:
        if line and not line.startswith("    "):
            break
        found.append(line[4:])
    return "\n".join(found).strip("\n") + "\n"


def _below(kind: type[MinicaffeError]) -> Iterator[type[MinicaffeError]]:
    yield kind
    for lower in kind.__subclasses__():
        yield from _below(lower)
