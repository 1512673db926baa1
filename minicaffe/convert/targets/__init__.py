"""What tool chains for chips and other programs take of Caffe's nets, and nets rewritten for them.

    fitted = fit(param, blobs, "nnie")

A target is a file beside this one: the layer types that a tool takes, the limits of their settings,
and the document or source file that says so.
"""

from __future__ import annotations

from minicaffe.convert.targets.facts import Refusal
from minicaffe.convert.targets.fit import Change, Fitted, fit
from minicaffe.convert.targets.quantities import Site
from minicaffe.convert.targets.target import Target, load_target, parse_target, targets

__all__ = [
    "Change", "Fitted", "Refusal", "Site", "Target", "fit", "load_target", "parse_target",
    "targets",
]  # fmt: skip
