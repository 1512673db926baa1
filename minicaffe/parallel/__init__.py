"""Training on several processes: gradients averaged, records dealt out, one snapshot."""

from __future__ import annotations
