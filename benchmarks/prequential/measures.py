"""What systems suggested on the way -> figures as plain JSON."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.prequential.keys import Keys, adding_costs, keys
from benchmarks.prequential.rows import ArchiveRow, KeysRow, SavedKeys, SystemRow
from benchmarks.prequential.schedule import Schedule, day, first_articles
from benchmarks.prequential.walk import Walk, walk_system
from benchmarks.processes import Failed, say
from benchmarks.scoring import score
from benchmarks.systems import SYSTEMS, System
from classifier.domain.articles import Article
from classifier.domain.taxonomy import taxonomy_of
from classifier.model.evaluation import f1

WINDOW = 200  # articles of the rolling micro-F1
N_POINTS = 150  # of a plotted line
WEEK = 7  # nights
N_LABELLED = (100, 300, 1000)
N_SAVING = 300  # articles on which the saved keys are counted
N_TICKS = 7  # of a plot
Row = TypeVar("Row", SystemRow, KeysRow)


def over_time(system: System, plan: Schedule, folder: Path, every: int) -> SystemRow:
    """Return a system's figures over a schedule, or its problem."""
    row: SystemRow = {"key": system.key, "name": system.name, "every": every}
    began = time.perf_counter()
    try:
        done = walk_system(system, plan, folder, every)
        output = folder / "all.jsonl"
        output.write_text("".join(f"{line}\n" for line in done.lines), encoding="utf-8")
        found = score(output, plan.judged, probabilities=system.probabilities)
    except (Failed, ValueError) as error:
        say(f"{system.name}: {error}")
        return {**row, "problem": str(error)}
    seconds = round(time.perf_counter() - began)
    say(f"{system.name}: micro-F1 {found['micro_f1']:.3f}, macro-F1 {found['macro_f1']:.3f}, {seconds} s")
    return {
        **row,
        "micro_f1": found["micro_f1"],
        "micro_f1_interval": found["micro_f1_interval"],
        "macro_f1": found["macro_f1"],
        "macro_f1_interval": found["macro_f1_interval"],
        "n_tags": found["n_tags"],
        "n_trainings": done.n_trainings,
        "cpu_seconds": round(done.cpu_seconds, 1),
        "seconds": seconds,
        "versions": done.versions,
        "rolling": rolling(suggested_tags(done), plan.judged),
    }


def suggested_tags(done: Walk) -> list[list[str]]:
    """Return the suggested tags of each article that was judged."""
    return [[one["tag"] for one in json.loads(line)["suggestions"]] for line in done.lines]


def rolling(suggested: Sequence[Sequence[str]], articles: Sequence[Article]) -> list[tuple[int, float]]:
    """Return micro-F1 over the last 200 articles, as (number of articles judged, F1), at up to 150 places."""
    counts = [
        (len(set(mine) & set(article.tags or ())), len(set(mine)), len(article.tags or ()))
        for mine, article in zip(suggested, articles, strict=True)
    ]
    window = min(WINDOW, len(counts))
    sums = np.concatenate([np.zeros((1, 3), dtype=np.int64), np.cumsum(np.array(counts).reshape(-1, 3), axis=0)])
    values = f1(*(sums[window:] - sums[: len(sums) - window]).T)
    places = np.unique(np.linspace(0, len(values) - 1, min(N_POINTS, len(values))).round().astype(int))
    return [(window + int(at), round(float(values[at]), 4)) for at in places]


def saved_keys(system: System, articles: Sequence[Article], folder: Path) -> KeysRow:
    """Return the keys that a system saves after 100, 300 and 1,000 labelled articles, on the 300 that follow."""
    row: KeysRow = {"key": system.key, "name": system.name}
    costs = costs_of(articles)
    try:
        saved: list[SavedKeys] = []
        for n_labelled in N_LABELLED:
            plan = first_articles(articles, n_labelled, N_SAVING)
            done = walk_system(system, plan, folder / f"first-{n_labelled}", every=1)
            total = total_keys(suggested_tags(done), plan.judged, costs)
            saved.append(
                SavedKeys(
                    n_labelled=n_labelled,
                    n=len(plan.judged),
                    suggested=total.suggested,
                    typed=total.typed,
                    saved=total.saved,
                )
            )
    except (Failed, ValueError) as error:
        return {**row, "problem": str(error)}
    say(f"{system.name}: keys saved {', '.join(format(one['saved'], '.0%') for one in saved)}")
    return {**row, "saved": saved}


def costs_of(articles: Sequence[Article]) -> dict[str, int]:
    """Return the keys for adding each tag of an archive."""
    taxonomy = taxonomy_of(tag for article in articles for tag in article.tags or ())
    return adding_costs({tag.id: tag.label for tag in taxonomy.tags})


def total_keys(suggested: Sequence[Sequence[str]], articles: Sequence[Article], costs: dict[str, int]) -> Keys:
    """Return the keys for all articles together."""
    each = [keys(mine, article.tags or (), costs) for mine, article in zip(suggested, articles, strict=True)]
    return Keys(sum(one.suggested for one in each), sum(one.typed for one in each))


def described(plan: Schedule) -> ArchiveRow:
    """Return what was chosen: how much is known, and how many articles arrive in how many steps. Nothing is measured yet."""
    judged = plan.judged
    return {
        "n_known": len(plan.known),
        "n_judged": len(judged),
        "n_steps": len(plan.steps),
        "first_day": day(judged[0]),
        "last_day": day(judged[-1]),
        "ticks": [(at, day(judged[at])) for at in range(0, len(judged), -(-len(judged) // N_TICKS))],
        "systems": [],
        "work": [],
    }


def with_others(new: ArchiveRow, old: ArchiveRow | None) -> ArchiveRow:
    """Return the new figures with the old ones of systems that were not measured again.

    Raises:
        ValueError: if the old figures are of other steps, which cannot stand in one table with the new ones.
    """
    if old is None:
        return new
    if _steps(old) != _steps(new):
        raise ValueError("the file has figures of other steps; measure all systems into a new file")
    return {
        **new,
        "systems": _united(new["systems"], old["systems"]),
        "work": _united(new["work"], old["work"]),
    }


def _united(new: Sequence[Row], old: Sequence[Row]) -> list[Row]:
    """Return a row of each system in the order of all systems: the new row where there are two."""
    rows = {row["key"]: row for row in itertools.chain(old, new)}
    return [rows[key] for key in SYSTEMS if key in rows]


def _steps(found: ArchiveRow) -> tuple[int, int, int, str]:
    return found["n_known"], found["n_judged"], found["n_steps"], found["first_day"]
