"""The results of Ioffe & Szegedy's paper on batch normalisation (2015), computed anew."""

from __future__ import annotations
