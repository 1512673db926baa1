"""Name what pictures show; or write probabilities, as Caffe's classify.py.

    minicaffe classify photo.jpg --model=resnet50 --weights=W.caffemodel --labels=synset_words.txt

prints the five best classes of a picture, or of all pictures in a folder or a video. The net is
a prototxt, or a network of `minicaffe models` by its name. The mean and scale are those that the
net's files say, or --mean and --scale.

    minicaffe classify cat.jpg result.npy --model_def=deploy.prototxt \\
        --pretrained_model=W.caffemodel --mean_file=mean.npy

INPUT is an image, a folder of images (those that end with --ext), or a .npy file of images
(number x height x width x channels). The .npy file OUTPUT gets a row of probabilities for
each; the images of a folder come in the order of their names. A net whose input has one channel
gets grey images, and needs --channel_swap=''.
"""

from __future__ import annotations

import argparse

from minicaffe.cli._classes import print_classes
from minicaffe.cli._flags import explained, positive_int
from minicaffe.cli._pictures import add_picture_flags
from minicaffe.cli._rows import add_row_flags, write_rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags: those for a table, and those of Caffe's script."""
    parser.add_argument("input_file", help="an image, a folder, a video; or a .npy file")
    parser.add_argument(
        "output_file", nargs="?", help="only as Caffe's script: the .npy file to write"
    )
    add_picture_flags(
        parser,
        size="the size that pictures are brought to before the middle is cut out, in place of a "
        "shorter side of 8/7 of the net's input",
    )
    parser.add_argument(
        "--top", type=explained(positive_int), default=5, metavar="N", help="how many classes (5)"
    )
    add_row_flags(parser)


def run(args: argparse.Namespace) -> None:
    """Print the best classes, or write a row of probabilities for each image."""
    if args.model is None and args.output_file is not None:
        write_rows(args)
    else:
        print_classes(args)
