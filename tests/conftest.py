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
    """Say what was not tested, and how often: "470 skipped" hides that it was all of bfloat16."""
    skips = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in skips)
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"skipped {count:4}: {reason}")
