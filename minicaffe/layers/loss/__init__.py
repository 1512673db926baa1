"""Layers that score (Caffe's catalogue: Loss Layers)."""
