"""How much CPU time it takes to import minicaffe and to begin a command.

    python benchmarks/import_cost.py --runs 21

Each row is the median over processes of their own, taken in turn; "beyond numpy" has the time of a
process that imports numpy alone taken off.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]

#: What is run, by what it shows.
PROGRAMS = {
    "python": ["-c", "pass"],
    "import numpy": ["-c", "import numpy"],
    "import numpy, minicaffe": ["-c", "import numpy, minicaffe"],
    "... and minicaffe.Net": ["-c", "import numpy, minicaffe; minicaffe.Net"],
    "... and every name": ["-c", "import numpy\nfrom minicaffe import *"],
    "minicaffe --help": ["-m", "minicaffe", "--help"],
    "minicaffe train --help": ["-m", "minicaffe", "train", "--help"],
}


def cpu_seconds(words: list[str]) -> float:
    """User and system time of a Python process with these arguments."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=11, metavar="N", help="processes a row (11)")
    runs = parser.parse_args().runs
    seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(runs):
        for name, words in PROGRAMS.items():
            seconds[name].append(cpu_seconds(words))
    numpy = median(seconds["import numpy"])
    print(f"{'':26}{'CPU s':>8}{'beyond numpy':>14}")
    for name, values in seconds.items():
        beyond = f"{median(values) - numpy:14.3f}" if "numpy," in name or "..." in name else ""
        print(f"{name:26}{median(values):8.3f}{beyond}")


if __name__ == "__main__":
    main()
