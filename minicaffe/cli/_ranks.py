"""Training in several processes: starting them, or joining those that another program started."""

from __future__ import annotations

import argparse
import json
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from minicaffe.errors import LayerFault, MinicaffeError, RankLostError

if TYPE_CHECKING:
    from minicaffe.parallel.environment import Place
    from minicaffe.parallel.transport import Transport
    from minicaffe.proto import caffe_pb2
    from minicaffe.solver import Solver

logger = logging.getLogger("minicaffe")

#: The flags that this module reads.
RANK_FLAGS = ("ranks", "transport", "compress", "bucket", "share_test", "sync_bn")


def find_place(args: argparse.Namespace) -> Place | None:
    """Which process this is, where there are several; a usage error where ``--ranks`` says
    something else. Several numbers of ``--gpu`` are one for each process.

    Raises:
        ParallelError: the environment does not say it as it should.
    """
    from minicaffe.parallel.environment import find_place

    place, gpus = find_place(), _gpus(args.gpu)
    if place is None and len(gpus) > 1 and args.ranks is None:
        args.ranks = len(gpus)  # one a GPU
    if place is not None and gpus:
        if place.local_size > len(gpus):
            args.usage_error(
                f"--gpu={args.gpu} names {len(gpus)} GPU(s) for {place.local_size} processes on "
                "this machine"
            )
        args.gpu = gpus[place.local_rank]
    if place is not None and args.ranks not in (None, place.size):
        args.usage_error(
            f"--ranks={args.ranks}, but {place.started_by} has started {place.size} process(es); "
            "leave --ranks out"
        )
    if place is not None and place.rank:
        args.log.setLevel(logging.ERROR)  # rank 0 says what there is to say
    return None if place is None or place.size == 1 else place


def _gpus(ids: str | None) -> list[str]:
    """The numbers that ``--gpu`` says, where there are several GPUs to choose from."""
    from minicaffe.common import devices

    if not ids or (ids != "all" and "," not in ids):
        return []
    found = devices()
    numbers = [str(number) for number in range(len(found))] if ids == "all" else ids.split(",")
    return [number.strip() for number in numbers] if found else []


def start(args: argparse.Namespace) -> int:
    """Start the processes that ``--ranks`` asks for; returns the exit status."""
    from minicaffe.parallel.launch import start_ranks

    return start_ranks(args.ranks, args.words)


@contextmanager
def connected(args: argparse.Namespace, place: Place | None) -> Iterator[Transport | None]:
    """While the block runs, be connected with the other processes; they are told if it fails.

    Raises:
        ParallelError: they have not come.
    """
    if place is None:
        yield None
        return
    from minicaffe import common
    from minicaffe.parallel.environment import connect
    from minicaffe.parallel.launch import end_with_starter

    end_with_starter()
    common.set_solver_count(place.size)
    common.set_solver_rank(place.rank)
    common.set_multiprocess(True)
    common.share_tests(bool(args.share_test))
    transport = connect(place, args.transport or "auto")
    try:
        yield transport
    except RankLostError:
        raise
    except BaseException as error:
        transport.fail(f"rank {place.rank}: {str(error) or type(error).__name__}")
        raise
    finally:
        transport.close()


def of_rank_0(transport: Transport | None, value: str | int | None) -> str | int | None:
    """What rank 0 has, for all of them."""
    if transport is None:
        return value
    from minicaffe.parallel.transport import gather

    found: str | int | None = json.loads(gather(transport, json.dumps(value).encode())[0])
    return found


def share_seed(transport: Transport | None, param: caffe_pb2.SolverParameter) -> None:
    """Where the solver has no ``random_seed``, let all processes have the same."""
    if transport is not None and param.random_seed < 0:
        param.random_seed = int(of_rank_0(transport, secrets.randbelow(2**31)) or 0)


def join(args: argparse.Namespace, transport: Transport | None, solver: Solver) -> None:
    """Let a solver train with those of the other processes, from rank 0's weights.

    Raises:
        ParallelError: they do not train the same.
    """
    if transport is None:
        return
    from minicaffe.parallel.gradients import BUCKET
    from minicaffe.parallel.group import Group

    group = Group(
        solver,
        transport,
        bucket=args.bucket or BUCKET,
        compress=args.compress == "bf16",
        sync_bn=bool(args.sync_bn),
    )
    if args.snapshot:
        solver.restore(args.snapshot)
    group.bcast()
    solver.add_callback(group)
    if solver.param.layer_wise_reduce:
        solver.net.after_backward(group)


def resume_after_restart(args: argparse.Namespace) -> None:
    """Where torchrun has started the job again, go on from the last whole snapshot."""
    from minicaffe.parallel.environment import RESTARTS

    if os.environ.get(RESTARTS, "0") != "0":
        args.resume, args.snapshot = "auto", None


def status_of(error: MinicaffeError, place: Place | None) -> int:
    """The exit status after an error; one process tells it: rank 0, to which the others have told
    theirs, or rank 1 where rank 0 is lost.

    Raises:
        MinicaffeError: in the process that tells it; and where it is a fault of minicaffe's.
    """
    lost = isinstance(error, RankLostError) and error.rank == 0
    if place is None or place.rank == lost or isinstance(error, LayerFault):
        raise error
    return error.exit_code
