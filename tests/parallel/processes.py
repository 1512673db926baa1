"""Processes that are started once and run functions together, as ranks."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import traceback

from minicaffe import common
from minicaffe.parallel.nccl import NCCL

if "forkserver" in multiprocessing.get_all_start_methods():  # imports once, for all of them
    _METHOD = multiprocessing.get_context("forkserver")
    _METHOD.set_forkserver_preload(["tests.parallel.problem", "torch.distributed"])
else:
    _METHOD = multiprocessing.get_context("spawn")


class Ranks:
    """Processes that wait for work."""

    def __init__(self, most):
        started = [_started() for _ in range(most)]
        self._processes = [process for process, _ in started]
        self._pipes = [pipe for _, pipe in started]

    def run(self, function, size, *args):
        """What ``function(rank, size, key, *args)`` returns in each process, by rank.

        What it raises in a process is raised here; a process that has ended gives None.
        """
        results = self.run_all(function, size, *args)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return results

    def run_all(self, function, size, *args):
        """The same, with errors among the results."""
        key, folder = NCCL.new_uid(), os.getcwd()
        for rank, pipe in enumerate(self._pipes[:size]):
            pipe.send((function, rank, size, key, folder, args))
        results = [_received(pipe) for pipe in self._pipes[:size]]
        for rank, result in enumerate(results):
            if result is None and self._pipes[rank].closed:
                self._processes[rank], self._pipes[rank] = _started()
        return results

    def close(self):
        for process in self._processes:
            process.kill()


def _started():
    ours, theirs = _METHOD.Pipe()
    process = _METHOD.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def _received(pipe):
    try:
        return pipe.recv()
    except (EOFError, ConnectionError):
        pipe.close()
        return None


def _serve(pipe):
    os.environ["OMP_NUM_THREADS"] = "1"
    while True:
        try:
            function, rank, size, key, folder, args = pipe.recv()
        except EOFError:
            return
        os.chdir(folder)
        try:
            with common.fresh_settings():
                common.set_solver_count(size)
                common.set_solver_rank(rank)
                result = function(rank, size, key, *args)
        except BaseException as error:
            traceback.clear_frames(error.__traceback__)
            result = error
        os.chdir(tempfile.gettempdir())
        pipe.send(result)
