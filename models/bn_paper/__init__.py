"""The results of Ioffe & Szegedy's paper on batch normalisation (2015), computed again."""

from __future__ import annotations
