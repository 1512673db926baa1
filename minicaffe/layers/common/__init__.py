"""Layers of learned products (Caffe's catalogue: Common Layers)."""
