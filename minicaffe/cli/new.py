"""Make a net for your own images: a network of the zoo, fitted to a database, with its solver.

    minicaffe convert_imageset photos/ db --split 0.8
    minicaffe new mynet --from=lenet_bn --data=db
    minicaffe new mynet --from=resnet18 --data=db --finetune=resnet18.caffemodel

writes the folder mynet: train_val.prototxt, solver.prototxt, deploy.prototxt, labels.txt and
readme.md. The number of classes, the size of the images and the length of the training come from
the database. Then `minicaffe train mynet` trains, and `minicaffe classify photo.jpg --model=mynet`
names what a photograph shows. `minicaffe models` lists the networks.
"""

from __future__ import annotations

import argparse
import os

from minicaffe.cli._flags import explained, positive_int
from minicaffe.errors import DataError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    add = parser.add_argument
    add("folder", metavar="FOLDER", help="the folder to make; its name is the net's")
    add("--from", dest="source", required=True, metavar="NETWORK",
        help="a network of `minicaffe models`, such as resnet18, mobilenet, lenet_bn")  # fmt: skip
    add("--data", required=True, metavar="DB",
        help="what convert_imageset has made: a folder with train_lmdb and val_lmdb (or "
        "test_lmdb), or one database")  # fmt: skip
    add("--val", metavar="DB", help="the database to validate on, where --data does not have it")
    add("--finetune", metavar="FILE", help="trained weights of that network to go on from")
    add("--freeze", metavar="LAYERS",
        help="with --finetune, what does not learn: all (but the classifier), none, or a layer's "
        "name: that one and those before it; all by default for less than 2,000")  # fmt: skip
    add("--batch", type=explained(positive_int), metavar="N", help="images in a batch")
    add("--epochs", type=explained(positive_int), metavar="N", help="passes over the images")
    add("--no_augment", action="store_true", help="do not change coloured images at random")


def run(args: argparse.Namespace) -> None:
    """Look at the database, fit the network, write the folder."""
    from minicaffe.cli._progress import Counter
    from minicaffe.starter import Wishes, new_model, read_facts
    from minicaffe.zoo import network

    if os.path.lexists(args.folder):
        raise DataError(f"'{args.folder}' exists already; remove it first or choose another name")
    source = network(args.source)
    with Counter(args.log, None, "images") as counter:
        facts = read_facts(args.data, args.val, counter.show)
    wishes = Wishes(args.finetune, args.freeze, args.batch, args.epochs, not args.no_augment)
    for line in new_model(args.folder, source, facts, wishes):
        print(line)
    print(f"now run: minicaffe train {args.folder}")
