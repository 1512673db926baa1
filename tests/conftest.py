"""What all tests need."""

from __future__ import annotations

import gc
import signal
from collections import Counter
from collections.abc import Iterator

import pytest


def pytest_configure() -> None:
    """Shells ignore Ctrl-C for what they start in the background, but tests send it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """The many thousand tests are no garbage; each search for it would look at them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _own_kernel_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests leave nothing in their user's cache, and do not depend on what is there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINICAFFE_KERNEL_CACHE", str(tmp_path_factory.mktemp("kernels")))
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why tests were skipped and where they are: "470 skipped" hides that it was bfloat16."""
    skips: dict[str, Counter[str]] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        skips.setdefault(reason, Counter())[report.nodeid.partition("::")[0]] += 1
    for reason, files in sorted(skips.items(), key=lambda item: -item[1].total()):
        terminalreporter.write_line(f"not tested: {reason}")
        for file, count in files.most_common():
            terminalreporter.write_line(f"{count:7} in {file}")
