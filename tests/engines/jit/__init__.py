"""Kernels that are generated at run time, against float64."""
