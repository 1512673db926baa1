"""Layers that work element by element (Caffe's catalogue: Activation / Neuron Layers)."""
