"""Layers that look at images (Caffe's catalogue: Vision Layers)."""
