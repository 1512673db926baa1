"""Finds what is wrong with a net or a solver, or is allowed and hardly meant.

    for diagnostic in lint_file("train_val.prototxt"):
        print(diagnostic)

Nothing is built: no data is opened (but with ``look_into_data``) and no Python layer runs. A rule
is a small function with a code (:func:`~minicaffe.lint.rules.rule`), whose docstring is its page in
docs/diagnostics; the rules about one thing are in one file.
"""

from __future__ import annotations

import minicaffe.lint.batchnorm
import minicaffe.lint.data
import minicaffe.lint.deprecated
import minicaffe.lint.fillers
import minicaffe.lint.forks
import minicaffe.lint.losses
import minicaffe.lint.solver
import minicaffe.lint.sources
import minicaffe.lint.structure
import minicaffe.lint.targets
import minicaffe.lint.weights
import minicaffe.lint.wiring  # noqa: F401  (these register their rules)
from minicaffe.lint.codes import codes, explain
from minicaffe.lint.diagnostic import Diagnostic, Severity
from minicaffe.lint.examine import LintOptions, lint_file, lint_net, lint_solver

__all__ = [
    "Diagnostic", "LintOptions", "Severity", "codes", "explain", "lint_file", "lint_net",
    "lint_solver",
]  # fmt: skip
