"""Layers that normalise (Caffe's catalogue: Normalization Layers)."""
