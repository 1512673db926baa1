"""Show the logs of trainings as a page in the browser, side by side, while they grow.

    minicaffe dashboard run.jsonl caffe.log

A log is what `minicaffe train --log_json=FILE` writes, or what Caffe or minicaffe prints when it
trains. The page is served to this machine alone until Ctrl-C; `minicaffe train --dashboard` shows
a training's own page, which can steer it as well.
"""

from __future__ import annotations

import argparse
import threading


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("logs", metavar="LOG", nargs="+", help="a training's log")
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="where to listen; any free one by default"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from minicaffe.dashboard import PageServer
    from minicaffe.dashboard.follow import Follower

    with Follower(args.logs) as follower, PageServer(follower.runs, port=args.port) as server:
        print(f"open {server.address}", flush=True)
        threading.Event().wait()
    return 0
