"""Progress of long work: the steps of a command or a run, the loops in them, and how long they still take."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import ceil, floor
from time import time
from typing import Any, NamedTuple, NotRequired

from typing_extensions import TypedDict

from classifier.texts import english

Track = Callable[[Iterable[Any], int, str], Iterable[Any]]
"""Yields items and shows progress. Takes the items, their number (0 if it is not known) and a label."""

LOOP_SECONDS = 1.0  # of a loop, before it tells how long it still takes
PACE_SECONDS = 10.0  # of a run that count as expected, so that a short first step says little of the others
N_LINES = 100  # of the log, the newest


def within(track: Track, message: str) -> Track:
    """Return a `Track` for work that a step does more than once: a text with the place `what` says what its labels are for."""
    return lambda items, total, label: track(items, total, english(message, what=label))


class DoneStep(TypedDict):
    """A step that has begun. `seconds` is how long it took, None while it goes on."""

    name: str
    began_at: str
    seconds: float | None


class Doing(TypedDict):
    """The loop that a step is in. `total` is 0 where it is not known. `seconds` is how long the items took that are done."""

    label: str
    done: int
    total: int
    began_at: NotRequired[str]
    seconds: NotRequired[float]


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


class Progress:
    """The steps of a command or a run, and the loops of the present step. Shows nothing.

    Called like a `Track`, it yields items and counts them. A loop with the name of a step is the whole of that step, and
    begins it. Of loops in loops, the outermost says how far the step is.
    """

    def __init__(self, names: Sequence[str] = ()) -> None:
        self.begin(names)

    def begin(self, names: Sequence[str], expected: Mapping[str, float] | None = None) -> None:
        """Take the names of the steps, and how many seconds each will take as far as earlier runs tell."""
        self.loops: list[Doing] = []
        self.state = RunProgress(names=list(names), steps=[], doing=None, expected=dict(expected or {}), log=[])

    def step(self, name: str) -> None:
        """Begin a step."""
        self.end_step()
        self.state["steps"].append({"name": name, "began_at": _now(), "seconds": None})
        self.show()

    def end_step(self) -> None:
        """End the present step, if there is one."""
        self._set_loops([])
        if self.state["steps"] and self.state["steps"][-1]["seconds"] is None:
            last = self.state["steps"][-1]
            last["seconds"] = round(_seconds_since(last["began_at"]), 1)

    def __call__(self, items: Iterable[Any], total: int, label: str) -> Iterator[Any]:
        """Yield items, and count how many are done."""
        if not self.loops and label in self.state["names"] and label != self.present:
            self.step(label)
        loop, begun = Doing(label=label, done=0, total=total, began_at=_now(), seconds=0.0), time()
        self._set_loops([*self.loops, loop])
        try:
            for done, item in enumerate(items):
                loop["done"], loop["seconds"] = done, time() - begun
                self.show(moved=True)
                yield item
        finally:
            self._set_loops([each for each in self.loops if each is not loop])
            self.show()

    def say(self, text: str) -> None:
        """Add a line to the log."""
        self.state["log"] = [*self.state["log"], LogLine(at=_now(), text=text)][-N_LINES:]

    @property
    def present(self) -> str | None:
        """The name of the present step, None before the first."""
        return self.state["steps"][-1]["name"] if self.state["steps"] else None

    def show(self, moved: bool = False) -> None:
        """Show how far it is. `moved`: there is nothing new but one more item."""

    def _set_loops(self, loops: list[Doing]) -> None:
        self.loops, self.state["doing"] = loops, loops[0] if loops else None


class _Untracked(Progress):
    def begin(self, names: Sequence[str], expected: Mapping[str, float] | None = None) -> None:
        self.loops, self.state = [], RunProgress(names=[], steps=[], doing=None, expected={}, log=[])

    def step(self, name: str) -> None:
        pass

    def __call__(self, items: Iterable[Any], total: int, label: str) -> Iterator[Any]:
        return iter(items)

    def say(self, text: str) -> None:
        pass


untracked = _Untracked()
"""Keeps and shows no progress."""


class Left(NamedTuple):
    """How long a run still takes. `is_least`: what comes after its present loop is not known, and is not counted."""

    seconds: float
    is_least: bool

    def __str__(self) -> str:
        if self.seconds < 60.0:
            return "less than a minute left"
        minutes = floor(self.seconds / 60.0) if self.is_least else ceil(self.seconds / 60.0)
        return f"{'at least' if self.is_least else 'about'} {minutes} minute{'s' * (minutes > 1)} left"


def time_left(progress: RunProgress) -> Left | None:
    """Return how long a run still takes, None where nothing tells.

    The present loop tells by its share that is done and the time that this took, earlier runs by how long their steps took.
    """
    if not progress["steps"]:
        return None
    present, names, expected = progress["steps"][-1], progress["names"], progress["expected"]
    if present["seconds"] is not None:
        return Left(0.0, False)
    name, of_loop = present["name"], _of_loop(progress["doing"])
    later = names[names.index(name) + 1 :]
    if not expected:
        doing = progress["doing"]
        is_last = not later and doing is not None and doing["label"] == name
        # Of less than a minute at least nothing is said: it may be an hour.
        return Left(of_loop, not is_last) if of_loop is not None and (is_last or of_loop >= 60.0) else None
    gone = _seconds_since(present["began_at"])
    of_step = max(0.0, expected.get(name, 0.0) - gone, of_loop or 0.0)
    took = seconds_of_steps(progress) | {name: gone + of_step}
    pace = (sum(took.values()) + PACE_SECONDS) / (sum(expected.get(each, 0.0) for each in took) + PACE_SECONDS)
    return Left(of_step + pace * sum(expected.get(each, 0.0) for each in later), False)


def _of_loop(doing: Doing | None) -> float | None:
    """Return how many seconds a loop still takes if it goes on as it did, None where it is too early to tell."""
    if doing is None or doing.get("seconds", 0.0) < LOOP_SECONDS or not 0 < doing["done"] < doing["total"]:
        return None
    whole = doing["seconds"] / doing["done"] * doing["total"]
    return max(0.0, whole - _seconds_since(doing["began_at"]))


def seconds_of_steps(progress: Mapping[str, Any]) -> dict[str, float]:
    """Return how long the steps of a run took that have ended."""
    steps: list[DoneStep] = progress["steps"]
    return {step["name"]: step["seconds"] for step in steps if step["seconds"] is not None}


def _seconds_since(moment: str) -> float:
    return time() - datetime.fromisoformat(moment).timestamp()


def _now() -> str:
    return datetime.fromtimestamp(time(), UTC).isoformat(timespec="microseconds")
