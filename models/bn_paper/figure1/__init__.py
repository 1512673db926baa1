"""Figure 1: a small net of sigmoids with and without BatchNorm."""

from __future__ import annotations
