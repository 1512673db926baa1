"""Figures 2 and 3 in small: six variants of an Inception net, and an ensemble."""

from __future__ import annotations
