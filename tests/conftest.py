"""What all tests need."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Shells ignore Ctrl-C for what they start in the background, but tests send it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
