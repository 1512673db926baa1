"""What all tests need."""

from __future__ import annotations

import signal
from collections import Counter

import pytest


def pytest_configure() -> None:
    """Shells ignore Ctrl-C for what they start in the background, but tests send it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
