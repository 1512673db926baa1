"""Layers that move, join and reshape (Caffe's catalogue: Utility Layers)."""
