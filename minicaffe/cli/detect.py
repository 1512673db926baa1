"""Find objects in pictures, and draw boxes around them; or score windows, as Caffe's detect.py.

    minicaffe detect photo.jpg --model=deploy.prototxt --weights=W.caffemodel \\
        --labels=names.txt -o boxes.png
    minicaffe detect photos/ --model=mobilenet_ssd --weights=W.caffemodel -o drawn/ -o boxes.json

The net is a prototxt, or a network of `minicaffe models` by its name; it ends with DetectionOutput
or a layer like it, or is Faster R-CNN's. Pictures come from a file, a folder or a video. Each -o
is a picture, a folder of pictures or a .json file; --json prints. The mean and scale are those
that the net's files say, or --mean and --scale.

    minicaffe detect windows.csv result.csv --crop_mode=list --model_def=deploy.prototxt \\
        --pretrained_model=W.caffemodel --mean_file=mean.npy

windows.csv begins with the line  filename,ymin,xmin,ymax,xmax  (in any order). OUTPUT.csv gets
these columns and class0, class1, ...; OUTPUT.h5 the pandas table 'df' that Caffe's script writes.
The windows of selective search (the default, from a .txt of file names) need a MATLAB package.
"""

from __future__ import annotations

import argparse

from minicaffe.cli._boxes import detect_boxes
from minicaffe.cli._pictures import add_picture_flags, share
from minicaffe.cli._windows import add_window_flags, classify_windows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags: those for boxes, and those of Caffe's script for windows."""
    parser.add_argument(
        "input_file", help="a picture, a folder of pictures or a video; or windows: .csv or .txt"
    )
    parser.add_argument(
        "output_file", nargs="?", help="only for windows: the .csv or .h5 file to write"
    )
    add_picture_flags(parser, size="the size of the net's input, in place of its own; for Faster "
                      "R-CNN how long the shorter side becomes, and the longer at most "
                      "(600,1000)")  # fmt: skip
    parser.add_argument(
        "-o", "--output", action="append", default=[], metavar="FILE",
        help="draw into this picture or folder, or write this .json file; may be given twice",
    )  # fmt: skip
    parser.add_argument(
        "--threshold", type=share, default=0.5, metavar="X",
        help="the score from which a box counts (0.5)",
    )  # fmt: skip
    add_window_flags(parser)


def run(args: argparse.Namespace) -> None:
    """Write boxes, or the net's scores for each window."""
    second_file = args.output_file is not None and args.model is None
    if second_file or args.input_file.lower().endswith((".csv", ".txt")):
        classify_windows(args)
    else:
        detect_boxes(args)
