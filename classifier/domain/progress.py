"""Progress of long work: bars of a terminal, and the steps of a run as its record keeps them."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from typing_extensions import TypedDict

Track = Callable[[Iterable[Any], int, str], Iterable[Any]]
"""Yields items and shows progress. Takes the items, their number and a label."""


def untracked(items: Iterable[Any], total: int, label: str) -> Iterable[Any]:
    """Show no progress."""
    return items


class DoneStep(TypedDict):
    """A step that has begun. `seconds` is how long it took, None while it goes on."""

    name: str
    began_at: str
    seconds: float | None


class Doing(TypedDict):
    """The loop that a step is in. `total` is 0 where it is not known."""

    label: str
    done: int
    total: int


class LogLine(TypedDict):
    """What was done, and when. It never quotes an article."""

    at: str
    text: str


class RunProgress(TypedDict):
    """How far a run has come. `expected` is how many seconds its steps will take, as far as earlier runs tell."""

    names: list[str]
    steps: list[DoneStep]
    doing: Doing | None
    expected: dict[str, float]
    log: list[LogLine]


def seconds_left(progress: RunProgress) -> float | None:
    """Return how long a run still takes, None where no earlier run tells."""
    if not progress["expected"] or not progress["steps"]:
        return None
    present, names = progress["steps"][-1], progress["names"]
    later = names[names.index(present["name"]) + 1 :]
    if present["seconds"] is not None:
        return 0.0
    gone = (datetime.now(UTC) - datetime.fromisoformat(present["began_at"])).total_seconds()
    remaining = max(0.0, progress["expected"].get(present["name"], 0.0) - gone)
    return remaining + sum(progress["expected"].get(name, 0.0) for name in later)


def seconds_of_steps(progress: Mapping[str, Any]) -> dict[str, float]:
    """Return how long the steps of a run took that have ended."""
    steps: list[DoneStep] = progress["steps"]
    return {step["name"]: step["seconds"] for step in steps if step["seconds"] is not None}
