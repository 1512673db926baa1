"""Trained parameters: blobs as messages, ``.caffemodel`` files, HDF5 files."""
