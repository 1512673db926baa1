"""Weights from and to PyTorch."""
