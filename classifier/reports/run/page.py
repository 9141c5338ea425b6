"""The report of a run of `retrain`: its outcome, the reason, and what changed, as one page.

It is made from the record alone. So it can be written beside the models, and served by machines that have no such file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from classifier.domain.files import whole_file
from classifier.reports.layout import template
from classifier.reports.plots import Point
from classifier.reports.run import wording
from classifier.reports.wording import NOTHING, cell, counted
from classifier.store.runs import KEPT_RUNS, Run

if TYPE_CHECKING:
    from classifier.training.comparison import CheckRow
    from classifier.training.run_result import Measures, ReliabilityBin, RunDetails, TagF1, TagMove

N_OPEN = 15  # rows that the page shows at once


class _F1(NamedTuple):
    """F1 of a tag with its interval."""

    f1: float
    low: float
    high: float


class _Change(NamedTuple):
    """F1 of a tag before and after; `before` is None if there was no champion."""

    tag: str
    support: int
    before: _F1 | None
    after: _F1

    @property
    def difference(self) -> float:
        """How much F1 has grown."""
        return self.after.f1 - self.before.f1 if self.before else 0.0


def as_page(run: Run, here: str | None = None) -> str:
    """Return the report of a run as one HTML page.

    `here` is the address of the page in the service, which then shows its links above it and links the articles.
    """
    result = run.result or {}
    details: RunDetails = result.get("details", {})
    blocked_by = result.get("blocked_by", [])
    measures = details.get("measures", {})
    gate = details.get("gate", [])
    of_tags = [check for check in gate if check["passed"] and check["tag"]]
    other_checks = sorted((check for check in gate if check not in of_tags), key=lambda check: check["passed"])
    confused = [row for row in details.get("confusions", []) if row["n"] > 1]
    curve = details.get("learning_curve", [])
    return template("run.html", cell=cell, f1=_three).render(
        run=run,
        here=here,
        headline=wording.headline(run, details),
        reason=wording.reason(run, details, blocked_by),
        next_step=wording.next_step(run, blocked_by),
        facts=wording.facts(run, details),
        findings=[{"quote": "", **finding} for finding in details.get("findings", [])],  # early records have no quote
        check_names=wording.CHECKS,
        action_names=wording.ACTIONS,
        figures=_figures(measures, details),
        gate=[_gate_row(check) for check in other_checks],
        gate_of_tags=[[check["tag"], check["figure"], wording.passed_in_words(check)] for check in of_tags],
        changes=_changes(measures),
        moved=[_moved(row) for row in details.get("moved", [])],
        reliability={name: list(map(_bin, measured["reliability"])) for name, measured in measures.items()},
        curve=[
            Point(row["n"] / curve[-1]["n"], row["micro_f1"], f"{row['n']} examples: micro-F1 {row['micro_f1']:.3f}")
            for row in curve
        ],
        curve_ticks=[(row["n"] / curve[-1]["n"], row["n"]) for row in curve],
        challenger_f1=measures["challenger"]["micro_f1"] if "challenger" in measures else None,
        confusions=confused,
        most_confused=max((row["n"] for row in confused), default=1),
        n_open=N_OPEN,
    )


def write_report(folder: Path, run: Run) -> Path:
    """Write the report of a run and its record as JSON to `runs` in a folder of models; return the page's path.

    Reports of runs whose records are gone are deleted.

    Raises:
        BadSetting: naming the path, if it cannot be written.
    """
    page = folder / "runs" / f"{run.id}.html"
    with whole_file(page.with_suffix(".json")) as file:
        file.write(json.dumps(vars(run), ensure_ascii=False, indent=1).encode() + b"\n")
    with whole_file(page) as file:
        file.write(as_page(run).encode())
    newest = sorted(page.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in newest[2 * KEPT_RUNS :]:
        old.unlink(missing_ok=True)
    return page


# --- tables ---


def _three(value: float) -> str:
    return f"{value:.3f}"


def _gate_row(check: CheckRow) -> list[str]:
    name = wording.CHECKS.get(check["check"], check["check"])
    return [name, check["tag"] or "", check["figure"], wording.passed_in_words(check)]


def _moved(row: TagMove) -> list[object]:
    f1 = f"{row['champion']:.3f} → {row['challenger']:.3f}"
    words = wording.terms_in_words(row["terms_in"]), wording.terms_in_words(row["terms_out"])
    return [row["tag"], f1, row["new_examples"], *words]


def _figures(measures: dict[str, Measures], details: RunDetails) -> list[list[str]]:
    """Return the main figures of both models."""
    if not measures:
        return []
    before, now = (_main_figures(measures[name]) if name in measures else {} for name in ("champion", "challenger"))
    folds = details["cross_validation"]
    cross_validated = (
        f"{_with_interval(folds['micro_f1'], folds['micro_f1_interval'])} on {counted(folds['n_articles'], 'article')}"
    )
    rows = [[name, before.get(name, NOTHING), value] for name, value in now.items()]
    return [*rows, ["micro-F1 in cross-validation", NOTHING, cross_validated]]


def _main_figures(measured: Measures) -> dict[str, str]:
    return {
        "micro-F1": _with_interval(measured["micro_f1"], measured["micro_f1_interval"]),
        "macro-F1": _with_interval(measured["macro_f1"], measured["macro_f1_interval"]),
        "calibration error": _three(measured["calibration_error"]),
        "articles with a suggestion": f"{measured['coverage']:.0%}",
        "size": f"{measured['megabytes']:.1f} MB",
        "time per article": f"{measured['milliseconds']:.1f} ms",
    }


def _with_interval(value: float, interval: tuple[float, float] | None) -> str:
    return f"{value:.3f} ({interval[0]:.3f} to {interval[1]:.3f})" if interval else _three(value)


# --- plots ---


def _changes(measures: dict[str, Measures]) -> list[_Change]:
    """Return F1 by tag before and after, the tags that lost most first."""
    before = {row["tag"]: _f1(row) for row in _tags(measures, "champion")}
    changes = [
        _Change(row["tag"], row["support"], before.get(row["tag"]), _f1(row)) for row in _tags(measures, "challenger")
    ]
    return sorted(changes, key=lambda change: (change.difference, change.after.f1, change.tag))


def _tags(measures: dict[str, Measures], name: Literal["champion", "challenger"]) -> list[TagF1]:
    return measures[name]["tags"] if name in measures else []


def _f1(row: TagF1) -> _F1:
    low, high = row["interval"]
    return _F1(row["f1"], low, high)


def _bin(row: ReliabilityBin) -> Point:
    """Return the mean score of a bin against the share that is right."""
    low, high = row["interval"] or (None, None)
    return Point(
        row["score"], row["right"], f"score {row['score']:.2f}: {row['right']:.0%} of {row['n']} right", low, high
    )
