"""Progress of long work: how a step tells whoever watches it how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Track = Callable[[Iterable[Any], int, str], Iterable[Any]]
"""Yields what it is given and shows how far that is; takes the number of things and what they are."""


def untracked(things: Iterable[Any], total: int, what: str) -> Iterable[Any]:
    """Show no progress."""
    return things
