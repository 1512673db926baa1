"""Boxes in pictures: a detection net with the preparation that it wants, drawings, tables.

    from minicaffe.detection import BoxFinder

    finder = BoxFinder("deploy.prototxt", "weights.caffemodel")
    for label, score, xmin, ymin, xmax, ymax in finder.find("photo.jpg"):
        ...

(:class:`minicaffe.Detector` is pycaffe's, which scores windows that are given.)
"""

from minicaffe.detection.finder import BoxFinder, find_boxes
from minicaffe.detection.names import read_names

__all__ = ["BoxFinder", "find_boxes", "read_names"]
