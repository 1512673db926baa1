"""What started a process tells its rank."""

from __future__ import annotations

import pytest

from minicaffe.errors import ParallelError
from minicaffe.parallel.environment import Place, connect, find_place, first_host

TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "none", "RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "4", "MASTER_ADDR": "first", "MASTER_PORT": "29500",
    "TORCHELASTIC_RESTART_COUNT": "2", "TORCHELASTIC_USE_AGENT_STORE": "True",
}  # fmt: skip
OPEN_MPI = {
    "OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_LOCAL_RANK": "2",
    "OMPI_COMM_WORLD_LOCAL_SIZE": "4", "PMIX_NAMESPACE": "job7",
}  # fmt: skip
MPICH = {"PMI_RANK": "1", "PMI_SIZE": "2", "MPI_LOCALRANKID": "0", "MPI_LOCALNRANKS": "1"}
SLURM = {
    "SLURM_PROCID": "3", "SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "4", "SLURM_LOCALID": "1",
    "SLURM_STEP_NUM_NODES": "2", "SLURM_JOB_ID": "123456", "SLURM_STEP_ID": "0",
    "SLURM_STEP_NODELIST": "gpu[007-008]",
}  # fmt: skip
OURS = {"MINICAFFE_RANK": "1", "MINICAFFE_RANKS": "2", "MINICAFFE_KEY": "k"}


def test_each_starter_is_recognised():
    assert find_place({"HOME": "/"}) is None
    assert find_place(OURS) == Place(1, 2, 1, 2, "minicaffe", "k")
    found = find_place(TORCHRUN)
    assert (found.rank, found.size, found.local_rank, found.local_size) == (5, 8, 1, 4)
    assert (found.started_by, found.address, found.port) == ("torchrun", "first", 29500)
    assert found.stored
    assert not found.one_machine
    assert find_place(OPEN_MPI) == Place(2, 4, 2, 4, "mpiexec", "mpiexec job7")
    assert find_place(OPEN_MPI).one_machine
    assert not find_place(MPICH).one_machine
    found = find_place(SLURM)
    assert (found.rank, found.size, found.local_rank) == (3, 4, 1)
    assert (found.address, found.port, found.one_machine) == ("gpu007", 18456, False)
    assert find_place({**SLURM, "SLURM_STEP_NUM_NODES": "1"}).one_machine


def test_a_restarted_job_meets_elsewhere_than_the_one_before():
    again = {**TORCHRUN, "TORCHELASTIC_RESTART_COUNT": "3"}
    assert find_place(again).key != find_place(TORCHRUN).key


def test_the_script_of_a_batch_job_is_not_taken_for_a_step_of_it():
    script = {name: SLURM[name] for name in ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_JOB_ID")}
    assert find_place(script) is None


@pytest.mark.parametrize(
    ("names", "first"),
    [
        ("node[07-09,12],login1", "node07"), ("a,b", "a"), ("n3", "n3"),
        ("c[1,3]-ib", "c1-ib"), ("", ""),
    ],
)  # fmt: skip
def test_the_first_host_of_slurms_lists(names, first):
    assert first_host(names) == first


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"MINICAFFE_RANK": "x"}, "MINICAFFE_RANK is 'x', expected a number"),
        ({"MINICAFFE_RANK": "2"}, "minicaffe says that this is rank 2 of 2"),
    ],
)
def test_environments_that_make_no_sense(changes, message):
    with pytest.raises(ParallelError, match=message):
        find_place({**OURS, **changes})


def test_transports_that_cannot_be(ranks):
    several = find_place(SLURM)
    with pytest.raises(ParallelError, match="did you mean `shared`"):
        connect(several, "share")
    with pytest.raises(ParallelError, match="on several machines, which share no memory"):
        connect(several, "shared")
    with pytest.raises(ParallelError, match="does not say where rank 0 can be reached"):
        connect(find_place(OPEN_MPI), "torch")
