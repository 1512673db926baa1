"""Layers over sequences (Caffe's catalogue: Recurrent Layers)."""
