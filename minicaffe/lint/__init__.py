"""Finds what a net or a solver allows, but hardly means; ``minicaffe lint`` prints it.

    for finding in lint_net(read_net("train_val.prototxt"), "train_val.prototxt"):
        print(finding)

Nothing is built: no data is opened and no Python layer runs. A rule is a small function with
a code (:func:`~minicaffe.lint.rules.rule`); the rules about one thing are in one file.
"""

from __future__ import annotations

import minicaffe.lint.batchnorm  # noqa: F401  (registers its rules)
from minicaffe.lint.rules import Finding, codes, lint_net, lint_solver

__all__ = ["Finding", "codes", "lint_net", "lint_solver"]
