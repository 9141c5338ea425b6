"""Progress of long work: the steps of a command or a run, the loops in them, and how long they still take."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from math import ceil, floor
from time import time
from typing import IO, Any, NamedTuple, NotRequired

from typing_extensions import TypedDict

from classifier.texts import english


class Amount:
    """How much of a whole is done, such as bytes of files, where the number of items is not known. A whole of 0 is not known."""

    def __init__(self, whole: int = 0) -> None:
        self.whole, self.done = whole, 0

    @property
    def share(self) -> float:
        """How much is done, between 0 and 1."""
        return min(1.0, self.done / self.whole) if self.whole else 0.0


Track = Callable[[Iterable[Any], int | Amount, str], Iterable[Any]]
"""Yields items and shows progress. Takes the items, their number (0 if it is not known) or an amount, and a label."""

LOOP_SECONDS = 1.0  # of a loop, before it tells how long it still takes
PACE_SECONDS = 10.0  # of a run that count as expected, so that a short first step says little of the others
MEGABYTE = 1 << 20
N_LINES = 100  # of the log, the newest


def bytes_done(track: Track, n_bytes: int) -> Callable[[int], None]:
    """Return a function that is told of each part of some bytes that it is done. The loop of `track` counts megabytes."""
    n_megabytes, done = ceil(n_bytes / MEGABYTE), 0
    loop = iter(track(range(n_megabytes + 1), n_megabytes, "megabytes"))
    next(loop, None)

    def tell(n: int) -> None:
        nonlocal done
        before, done = done // MEGABYTE, done + n
        deque(islice(loop, done // MEGABYTE - before), maxlen=0)

    return tell


class Told:
    """An open file that tells how many bytes are read of it."""

    def __init__(self, file: IO[bytes], tell: Callable[[int], None]) -> None:
        self._file, self._tell = file, tell

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        content = self._file.read(size)
        self._tell(len(content))
        return content


def within(track: Track, message: str) -> Track:
    """Return a `Track` for work that a step does more than once: a text with the place `what` says what its labels are for."""
    return lambda items, total, label: track(items, total, english(message, what=label))


class DoneStep(TypedDict):
    """A step that has begun. `seconds` is how long it took, None while it goes on."""

    name: str
    began_at: str
    seconds: float | None


class Doing(TypedDict):
    """The loop that a step is in. `total` is 0 where it is not known. `seconds` is how long the items took that are done.

    `share` is how much is done, between 0 and 1. It is 0 where nothing tells.
    """

    label: str
    done: int
    total: int
    began_at: NotRequired[str]
    seconds: NotRequired[float]
    share: NotRequired[float]


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

    def __call__(self, items: Iterable[Any], total: int | Amount, label: str) -> Iterator[Any]:
        """Yield items, and count how many are done."""
        amount, n_items = (total, 0) if isinstance(total, Amount) else (None, total)
        if not self.loops and label in self.state["names"] and label != self.present:
            self.step(label)
        loop, begun = Doing(label=label, done=0, total=n_items, began_at=_now(), seconds=0.0, share=0.0), time()
        self._set_loops([*self.loops, loop])
        try:
            for done, item in enumerate(items):
                loop["done"], loop["seconds"] = done, time() - begun
                loop["share"] = amount.share if amount is not None else done / n_items if n_items else 0.0
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

    def __call__(self, items: Iterable[Any], total: int | Amount, label: str) -> Iterator[Any]:
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
    if doing is None or doing.get("seconds", 0.0) < LOOP_SECONDS or not 0.0 < doing.get("share", 0.0) < 1.0:
        return None
    return max(0.0, doing["seconds"] / doing["share"] - _seconds_since(doing["began_at"]))


def seconds_of_steps(progress: Mapping[str, Any]) -> dict[str, float]:
    """Return how long the steps of a run took that have ended."""
    steps: list[DoneStep] = progress["steps"]
    return {step["name"]: step["seconds"] for step in steps if step["seconds"] is not None}


def _seconds_since(moment: str) -> float:
    return time() - datetime.fromisoformat(moment).timestamp()


def _now() -> str:
    return datetime.fromtimestamp(time(), UTC).isoformat(timespec="microseconds")
