"""Several mistakes of one net as one error."""

from __future__ import annotations

from collections.abc import Sequence

from minicaffe.errors import MinicaffeError
from minicaffe.graph import Mistake
from minicaffe.proto.places import Places

MAX_PROBLEMS = 50


def collected(mistakes: Sequence[Mistake], path: str | None) -> MinicaffeError:
    """One error with all of them as its ``problems``; it has the class of the first."""
    places = Places(path)
    first = mistakes[0].error
    problems = []
    for one in mistakes[:MAX_PROBLEMS]:
        one.error.locate(path=path)
        problems.append(places.problem(one.error, one.field, one.value, alone=len(mistakes) == 1))
    if len(mistakes) > 1 or problems[0].column:
        first.problems = problems
        first.more = len(mistakes) - len(problems)
    return first
