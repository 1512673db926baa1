"""Layers that read data (Caffe's catalogue: Data Layers)."""
