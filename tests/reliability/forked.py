"""A training that is forked in the middle: ``python -m tests.reliability.forked ENGINE``.

It runs in a folder with a training (:func:`tests.reliability.problem.write_training`). Parent,
child and grandchild go on from the same point; each prints a line: a digest of its weights and
histories, or its error.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import sys
import threading
import traceback
from collections.abc import Callable

from minicaffe import TEST, Net, set_threads
from minicaffe.errors import MinicaffeError
from minicaffe.solver import get_solver
from tests.reliability.problem import bits


def go_on(solver) -> None:
    """What every process does after the fork."""
    try:
        seen = hashlib.sha256(solver.net.blobs["conv"].data.tobytes())  # out of the engine's layout
        solver.step(4)
        own = Net("net.prototxt", TEST, seed=1, engine=sys.argv[1])
        own.share_with(solver.net)
        seen.update(own.forward()["loss"].tobytes())
    except MinicaffeError as error:
        print(error, flush=True)
        if "old" in sys.argv:
            set_threads(1)
            solver.step(2)
            print("one thread goes on", flush=True)
        return
    for array in bits(solver):
        seen.update(array)
    print(seen.hexdigest(), flush=True)


def in_child(work: Callable[[], None]) -> None:
    """Run it in a forked process and wait for that."""

    def report() -> None:
        try:
            work()
        except BaseException:
            print(traceback.format_exc().replace("\n", " | "), flush=True)

    child = multiprocessing.get_context("fork").Process(target=report)
    child.start()
    child.join()


def forget_how_to_end_threads() -> None:
    """As with OpenMP before version 5."""
    from minicaffe.engines.onednn.dnnl import library

    known = library().openmp
    library().openmp = lambda name: None if name == "omp_pause_resource_all" else known(name)


def main() -> None:
    set_threads(2)
    if "old" in sys.argv:
        forget_how_to_end_threads()
    solver = get_solver("solver.prototxt", observers=[], engine=sys.argv[1])
    solver.step(3)
    solver.net.forward()

    def child() -> None:
        in_child(lambda: go_on(solver))
        go_on(solver)

    def everything() -> None:
        in_child(child)
        go_on(solver)

    if "thread" in sys.argv:  # a thread forks, and only it is left in the child
        thread = threading.Thread(target=everything)
        thread.start()
        thread.join()
    else:
        everything()


if __name__ == "__main__":
    main()
