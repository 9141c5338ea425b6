"""Figures of earlier runs, and what a run says beside them: pure functions over benchmarks/history.jsonl.

A line is a run: `commit`, `date`, `machine`, `calibration` (CPU seconds of a loop that never changes, at each part), and `figures`,
by name: `raw`, `unit`, and `relative`, which is what is compared: CPU time in units of that loop, memory in MB.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

N_COMPARED = 10  # runs, the last ones of the same machine
MIN_RUNS = 3  # fewer say nothing of the noise of a figure
MIN_CHANGE = 0.10  # less is never named, however quiet the figure was
N_DEVIATIONS = 4.0  # robust standard deviations that are noise
_TO_DEVIATION = 1.4826  # of the median absolute deviation, for normal noise

Run = Mapping[str, Any]


class Verdict(NamedTuple):
    """A figure beside the median of earlier runs. `change` is 0.2 for a fifth more, `noise` one standard deviation."""

    name: str
    now: float
    median: float | None  # None where there are too few runs
    noise: float
    n_runs: int

    @property
    def change(self) -> float:
        """How much more it is than the median, as a share."""
        return self.now / self.median - 1.0 if self.median else 0.0

    @property
    def allowed(self) -> float:
        """The change that may be noise."""
        return max(MIN_CHANGE, N_DEVIATIONS * self.noise)

    @property
    def is_worse(self) -> bool:
        """Whether it takes more than noise explains."""
        return self.change > self.allowed

    @property
    def is_better(self) -> bool:
        """Whether it takes less than noise explains."""
        return self.change < -self.allowed


def read_history(path: Path) -> list[dict[str, Any]]:
    """Return the runs of a file, oldest first; none if there is no file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def append(path: Path, run: Run) -> None:
    """Add a run as one line."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(run, ensure_ascii=False) + "\n")


def verdicts(history: Sequence[Run], run: Run) -> list[Verdict]:
    """Return each figure of a run beside those of the last runs on a machine like its own."""
    earlier = [each for each in history if _kind(each) == _kind(run)]
    return [_verdict(name, figure["relative"], earlier) for name, figure in run["figures"].items()]


def _verdict(name: str, now: float, earlier: Sequence[Run]) -> Verdict:
    values = [each["figures"][name]["relative"] for each in earlier if name in each["figures"]][-N_COMPARED:]
    if len(values) < MIN_RUNS:
        return Verdict(name, now, None, 0.0, len(values))
    median = statistics.median(values)
    deviation = statistics.median(abs(value - median) for value in values)
    return Verdict(name, now, median, _TO_DEVIATION * deviation / median, len(values))


def _kind(run: Run) -> tuple[Any, ...]:
    machine = run["machine"]
    return machine["processor"], machine["cores"], machine["system"], machine["python"].rsplit(".", 1)[0]


def in_words(found: Sequence[Verdict]) -> str:
    """Return what a run says, in sentences: what takes more than before, what takes less, and what cannot be compared yet."""
    worse, better = [each for each in found if each.is_worse], [each for each in found if each.is_better]
    unknown = [each for each in found if each.median is None]
    lines = [_sentence(each, "more") for each in worse] + [_sentence(each, "less") for each in better]
    if not worse:
        lines.append("Nothing became slower or larger by more than its noise.")
    if unknown:
        lines.append(f"{len(unknown)} of {len(found)} figures have fewer than {MIN_RUNS} earlier runs on this machine.")
    return "\n".join(lines)


def _sentence(verdict: Verdict, direction: str) -> str:
    return (
        f"{verdict.name}: takes {abs(verdict.change):.0%} {direction} than the median of {verdict.n_runs} runs "
        f"(up to {verdict.allowed:.0%} may be noise)."
    )
