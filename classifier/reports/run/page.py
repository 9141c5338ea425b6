"""The report of a run of `retrain`: what came of it, why, and what moved, as one page that needs nothing else.

Made from the record alone, so it can be written beside the models, and served by machines that have no such file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from classifier.domain.files import whole_file
from classifier.reports.data.known import Row
from classifier.reports.layout import template
from classifier.reports.run import wording as words
from classifier.reports.wording import cell
from classifier.store import KEPT_RUNS, Run

N_OPEN = 15  # rows that the page shows at once
BOX = {"left": 40.0, "right": 312.0, "top": 10.0, "bottom": 182.0, "width": 320, "height": 226}
N_TICKS = 4


class _Change(NamedTuple):
    """F1 of a tag before and after, each with its interval in percent; `before` is None where there was no champion."""

    tag: str
    support: int
    before: Row | None
    after: Row
    change: float


def as_page(run: Run, here: str | None = None) -> str:
    """Return the report of a run as one HTML page: no scripts, no fonts, no pictures from elsewhere.

    `here` is the address of the page in the service, whose links stand above it then; the articles are links too. A file
    has none.
    """
    result = run.result or {}
    details, blocked_by = result.get("details", {}), result.get("blocked_by", [])
    measures = details.get("measures", {})
    passed, open_ = _gate(details.get("gate", []))
    return template("run.html", cell=cell, f1=_three).render(
        run=run,
        here=here,
        headline=words.headline(run, details),
        reason=words.reason(run, details, blocked_by),
        next_step=words.next_step(run, blocked_by),
        facts=words.facts(run, details),
        findings=[_finding(one) for one in details.get("findings", [])],
        figures=_figures(measures, details),
        gate=open_,
        gate_passed=passed,
        changes=_changes(measures),
        moved=[_moved(row) for row in details.get("moved", [])],
        reliability=_reliability_plot(measures),
        curve=_curve_plot(details, measures),
        confusions=_confusions(details.get("confusions", [])),
        n_open=N_OPEN,
        box=BOX,
    )


def write_report(folder: Path, run: Run) -> Path:
    """Write the report of a run and its record as JSON to `runs` in a folder of models; return the page's path.

    Reports go with the records of their runs.

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


def _gate(gate: list[Row]) -> tuple[list[Row], list[Row]]:
    """Return the conditions of single tags that passed, and all others: those that closed the gate first."""
    rows = [
        {
            "check": words.CHECKS.get(one["check"], one["check"]),
            "tag": one["tag"] or "",
            "figure": one["figure"],
            "passed": words.passed_in_words(one),
        }
        for one in gate
    ]
    of_tags = [row for row, one in zip(rows, gate, strict=True) if one["passed"] and one["tag"]]
    others = [row for row, one in zip(rows, gate, strict=True) if not (one["passed"] and one["tag"])]
    return of_tags, sorted(others, key=lambda row: row["passed"] == "passed")


def _finding(one: Row) -> Row:
    return {
        "quote": "",  # records of earlier releases have none
        **one,
        "check": words.CHECKS.get(one["check"], one["check"]),
        "did": words.ACTIONS.get(one["action"], one["action"]),
    }


def _moved(row: Row) -> Row:
    return {
        "tag": row["tag"],
        "f1": f"{row['champion']:.3f} → {row['challenger']:.3f}",
        "new_examples": row["new_examples"],
        "terms_in": words.terms_in_words(row["terms_in"]),
        "terms_out": words.terms_in_words(row["terms_out"]),
    }


def _figures(measures: Row, details: Row) -> list[Row]:
    """Return the main figures of both models."""
    if not measures:
        return []
    before, now = (_shown(measures[name]) if name in measures else {} for name in ("champion", "challenger"))
    rows = [{"what": what, "before": before.get(what, "–"), "now": value} for what, value in now.items()]
    own = details["cross_validation"]
    crossed = f"{_with_interval(own, 'micro_f1')} on {own['n_articles']} articles"
    return [*rows, {"what": "micro-F1 in cross-validation", "before": "–", "now": crossed}]


def _shown(one: Row) -> dict[str, str]:
    return {
        "micro-F1": _with_interval(one, "micro_f1"),
        "macro-F1": _with_interval(one, "macro_f1"),
        "calibration error": _three(one["calibration_error"]),
        "articles with a suggestion": f"{one['coverage']:.0%}",
        "size": f"{one['megabytes']:.1f} MB",
        "time an article": f"{one['milliseconds']:.1f} ms",
    }


def _with_interval(one: Row, name: str) -> str:
    low, high = one[f"{name}_interval"]
    return f"{one[name]:.3f} ({low:.3f} to {high:.3f})"


# --- plots ---


def _changes(measures: Row) -> list[_Change]:
    """Return F1 by tag before and after, what lost most first."""
    before = {row["tag"]: row for row in measures.get("champion", {}).get("tags", [])}
    rows = []
    for row in measures.get("challenger", {}).get("tags", []):
        old = before.get(row["tag"])
        change = row["f1"] - old["f1"] if old else 0.0
        rows.append(_Change(row["tag"], row["support"], _on_line(old) if old else None, _on_line(row), change))
    return sorted(rows, key=lambda one: (one.change, one.after["f1"], one.tag))


def _on_line(row: Row) -> Row:
    low, high = row["interval"]
    return {"f1": row["f1"], "at": round(100 * row["f1"], 1), "low": round(100 * low, 1), "high": round(100 * high, 1)}


def _x(share: float) -> float:
    return round(BOX["left"] + share * (BOX["right"] - BOX["left"]), 1)


def _y(share: float) -> float:
    return round(BOX["bottom"] - share * (BOX["bottom"] - BOX["top"]), 1)


def _reliability_plot(measures: Row) -> list[Row]:
    """Return the points of each model, the challenger's last: mean score against the share that is right."""
    return [
        {"name": name, "points": [_bin(row) for row in measures[name]["reliability"]]}
        for name in ("champion", "challenger")
        if name in measures
    ]


def _bin(row: Row) -> Row:
    low, high = row["interval"]
    title = f"score {row['score']:.2f}: {row['right']:.0%} of {row['n']} right"
    return {"x": _x(row["score"]), "y": _y(row["right"]), "low": _y(low), "high": _y(high), "title": title}


def _curve_plot(details: Row, measures: Row) -> Row | None:
    """Return the points of the learning curve, and the height of the challenger."""
    curve = details.get("learning_curve", [])
    if not curve:
        return None
    most = curve[-1]["n"]
    points = [
        {
            "x": _x(row["n"] / most),
            "y": _y(row["micro_f1"]),
            "title": f"{row['n']} examples: micro-F1 {row['micro_f1']:.3f}",
            "n": row["n"],
        }
        for row in curve
    ]
    return {"points": points, "challenger": _y(measures["challenger"]["micro_f1"])}


def _confusions(rows: list[Row]) -> list[dict[str, Any]]:
    """Return the pairs that are confused more than once, with the length of a bar for each."""
    often = [row for row in rows if row["n"] > 1]
    most = max((row["n"] for row in often), default=1)
    return [{**row, "share": round(100 * row["n"] / most, 1)} for row in often]
