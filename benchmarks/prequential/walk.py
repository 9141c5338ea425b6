"""Walk a system through a schedule. It never sees the labels of an article before it has judged it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.prequential.schedule import Schedule
from benchmarks.processes import Session
from benchmarks.systems import System
from classifier.domain.articles import Article, record_of

KNOWN, NEW, OUTPUT = "known.jsonl", "new.jsonl", "suggestions.jsonl"
Ask = Callable[[str], dict[str, Any]]
"""Asks a system for a step of peers/harness.py, and returns its figures."""


@dataclass
class Walk:
    """What a system suggested, as lines of suggestion records in the order of the articles, and what that took."""

    lines: list[str] = field(default_factory=list)
    n_trainings: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    cpu_seconds: float = 0.0


def walk_system(system: System, plan: Schedule, folder: Path, every: int) -> Walk:
    """Walk a system through a schedule in one process of its own environment.

    Raises:
        Failed: if it cannot be installed, stops, or takes too long.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = system.command(folder / KNOWN, folder / NEW, folder, "session", "--output", str(folder / OUTPUT))
    with Session(command) as session:
        done = walk(session.ask, plan, folder, every, live=system.live)
    done.cpu_seconds = session.cpu_seconds
    return done


def walk(ask: Ask, plan: Schedule, folder: Path, every: int, *, live: bool = False) -> Walk:
    """Walk through a schedule. The system is trained before the first step, then before every `every`-th.

    The labels of a step are written to the file of known articles after the step was judged. A `live` system judges article by
    article, and is told the labels of each (`learn`) before it judges the next.
    """
    done = Walk()
    _write(folder / KNOWN, plan.known)
    for number, step in enumerate(plan.steps):
        if number % every == 0:
            done.versions = ask("train").get("versions", {})
            done.n_trainings += 1
        for articles in _portions(step, live):
            _write(folder / NEW, (replace(article, tags=None, rejected=(), unknown=()) for article in articles))
            ask("suggest")
            done.lines += (folder / OUTPUT).read_text(encoding="utf-8").splitlines()
            if live:
                _write(folder / NEW, articles)
                ask("learn")
        _write(folder / KNOWN, step, "a")
    return done


def _portions(step: Sequence[Article], live: bool) -> Iterator[Sequence[Article]]:
    return ([article] for article in step) if live else iter([step])


def _write(path: Path, articles: Iterable[Article], mode: str = "w") -> None:
    with path.open(mode, encoding="utf-8") as lines:
        for article in articles:
            lines.write(json.dumps({"tags": None, **record_of(article)}, ensure_ascii=False) + "\n")
