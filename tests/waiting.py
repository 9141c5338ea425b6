"""Waiting for another process. How long is against hanging only, because the machine may be busy."""

import time
from collections.abc import Callable

SECONDS = 300.0


def wait_until(happened: Callable[[], bool], interval: float = 0.05) -> None:
    """Ask again and again whether something has happened, `interval` seconds apart."""
    until = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < until, "nothing happened"
        time.sleep(interval)
