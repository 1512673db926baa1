"""Which process this is, by what started it: minicaffe, torchrun, mpiexec or srun."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from minicaffe.errors import ParallelError, did_you_mean
from minicaffe.options import TRANSPORTS
from minicaffe.parallel.shared_memory import SharedMemory
from minicaffe.parallel.torch_distributed import TorchDistributed
from minicaffe.parallel.transport import Transport

#: In which a process that minicaffe starts finds its rank, how many there are, and their key.
RANK, SIZE, KEY = "MINICAFFE_RANK", "MINICAFFE_RANKS", "MINICAFFE_KEY"

#: How often torchrun has started a job again.
RESTARTS = "TORCHELASTIC_RESTART_COUNT"


@dataclass(frozen=True)
class Place:
    """A process among those of a job.

    Attributes:
        rank, size: its number, and how many there are.
        local_rank, local_size: the same among those of its machine.
        started_by: ``minicaffe``, ``torchrun``, ``mpiexec`` or ``srun``.
        key: what the processes of a machine know, and no other job.
        address, port: where rank 0 can be reached by torch, as far as it is known.
        stored: whether another program keeps torch's store there.
    """

    rank: int
    size: int
    local_rank: int
    local_size: int
    started_by: str
    key: str
    address: str = ""
    port: int = 0
    stored: bool = False

    @property
    def one_machine(self) -> bool:
        """Whether all processes are on this machine."""
        return self.local_size == self.size


def find_place(environ: Mapping[str, str] | None = None) -> Place | None:
    """Which process this is, among several or one; None where nothing says that there are others.

    Args:
        environ: the process's environment variables.

    Raises:
        ParallelError: a variable is no number, or there is no such rank.
    """
    environ = os.environ if environ is None else environ
    for find in (_of_minicaffe, _of_torchrun, _of_mpiexec, _of_srun):
        place = find(environ)
        if place is not None:
            if not 0 <= place.rank < place.size:
                raise ParallelError(
                    f"{place.started_by} says that this is rank {place.rank} of {place.size}"
                )
            return place
    return None


def _of_minicaffe(environ: Mapping[str, str]) -> Place | None:
    if KEY not in environ:
        return None
    rank, size = _number(environ, RANK), _number(environ, SIZE)
    return Place(rank, size, rank, size, "minicaffe", environ[KEY])


def _of_torchrun(environ: Mapping[str, str]) -> Place | None:
    if "TORCHELASTIC_RUN_ID" not in environ:
        return None
    restarts = environ.get(RESTARTS, "0")
    address, port = environ.get("MASTER_ADDR", ""), _number(environ, "MASTER_PORT")
    return Place(
        _number(environ, "RANK"), _number(environ, "WORLD_SIZE"),
        _number(environ, "LOCAL_RANK"), _number(environ, "LOCAL_WORLD_SIZE"), "torchrun",
        f"torchrun {environ['TORCHELASTIC_RUN_ID']} {address} {port} {restarts}", address, port,
        environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True",
    )  # fmt: skip


#: Rank, size, rank on the machine, size on the machine: Open MPI's names, and MPICH's and Intel's.
_MPI = (
    (
        "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
        "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE",
    ),
    ("PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"),
)  # fmt: skip


def _of_mpiexec(environ: Mapping[str, str]) -> Place | None:
    for names in _MPI:
        if all(name in environ for name in names):
            job = environ.get("PMIX_NAMESPACE") or f"child of {os.getppid()}"
            rank, size, local_rank, local_size = (_number(environ, name) for name in names)
            return Place(rank, size, local_rank, local_size, "mpiexec", f"mpiexec {job}")
    return None


def _of_srun(environ: Mapping[str, str]) -> Place | None:
    if "SLURM_PROCID" not in environ or "SLURM_STEP_NUM_TASKS" not in environ:
        return None  # the script of a batch job has some of these, and runs once
    size, nodes = _number(environ, "SLURM_STEP_NUM_TASKS"), _number(environ, "SLURM_STEP_NUM_NODES")
    job, step = _number(environ, "SLURM_JOB_ID"), environ.get("SLURM_STEP_ID", "0")
    return Place(
        _number(environ, "SLURM_PROCID"), size, _number(environ, "SLURM_LOCALID"),
        size if nodes == 1 else 0, "srun", f"srun {job}.{step}",
        first_host(environ.get("SLURM_STEP_NODELIST", "")), 15000 + job % 20000,
    )  # fmt: skip


def first_host(names: str) -> str:
    """The first host of a list of Slurm's: ``node[07-09,12],login1`` is ``node07``."""
    match = re.match(r"([^\[,]+)(?:\[([0-9]+)[^\]]*\])?([^,\[]*)", names)
    return "".join(part or "" for part in match.groups()) if match else ""


def _number(environ: Mapping[str, str], name: str) -> int:
    text = environ.get(name, "")
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ParallelError(f"the environment variable {name} is '{text}', expected a number")
    return int(text)


def connect(place: Place, transport: str = "auto", device: str = "cpu") -> Transport:
    """Connect this process with the others.

    Args:
        place: which one it is.
        transport: one of :data:`minicaffe.options.TRANSPORTS`; ``auto``: on one machine shared
            memory, else MPI under mpiexec and torch under the others.
        device: where the arrays are, ``cpu`` or ``cuda``.

    Raises:
        ParallelError: the others have not come; no such transport.
        MissingExtraError: torch or mpi4py is wanted, and not installed.
    """
    if transport not in TRANSPORTS:
        hint = did_you_mean(transport, TRANSPORTS) or f"; there are: {', '.join(TRANSPORTS)}"
        raise ParallelError(f"unknown transport '{transport}'{hint}")
    if transport == "auto":
        between = "mpi" if place.started_by == "mpiexec" else "torch"
        transport = "shared" if place.one_machine and device == "cpu" else between
    if transport == "shared":
        if not place.one_machine:
            raise ParallelError("the processes are on several machines, which share no memory")
        return SharedMemory(place.rank, place.size, place.key)
    if transport == "mpi":
        from minicaffe.parallel.mpi import Mpi  # its import begins MPI

        return Mpi()
    if not place.address:
        raise ParallelError(
            f"{place.started_by} does not say where rank 0 can be reached; start the processes "
            "with torchrun or srun, or use another transport"
        )
    return TorchDistributed(
        place.rank, place.size, place.address, place.port, job=place.key,
        backend="gloo" if device == "cpu" else "nccl", host=place.rank == 0 and not place.stored,
    )  # fmt: skip
