"""The figures of a replay as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.replay.runs import Case, Night, SlowCase
from benchmarks.tables import MISSING, table

LOSS = 0.1  # F1
FEW = 20  # articles of a tag
SOON = 0.2  # share of a tag's labels or quality
MIN_SLOW = 0.05  # F1 share from which a slow fault has cost something
N_IN_A_ROW = 3


def lost(case: Case) -> bool:
    """Whether a fault costs a tag more than .1 F1 if nothing is held."""
    return case["honest"] - case["unguarded"] > LOSS


def is_named(case: Case) -> bool:
    """Whether the gate named a tag, and what serves has not lost it."""
    return case["check"] is not None and _is_saved(case)


def is_stopped(case: Case) -> bool:
    """Whether the gate named a tag or refused the run, and what serves has not lost the tag."""
    return (case["check"] is not None or case["outcome"] != "promoted") and _is_saved(case)


def _is_saved(case: Case) -> bool:
    return case["outcome"] != "promoted" or case["honest"] - case["guarded"] <= LOSS


def is_soon(case: SlowCase) -> bool:
    """Whether a slow fault was found before a fifth of the labels or of the quality was gone."""
    return case["first"] is not None and case["labels_gone"] < SOON and case["quality_gone"] < SOON


def is_told_soon(case: SlowCase) -> bool:
    """Whether a slow fault was found, or in the report as a warning, before a fifth of the labels or of the quality was gone."""
    return is_soon(case) or (case["warned"] is not None and case["warned"] < SOON)


def has_cost(case: SlowCase) -> bool:
    """Whether a slow fault was found, or has cost something that could be found."""
    return case["first"] is not None or case["labels_gone"] >= MIN_SLOW or case["quality_gone"] >= MIN_SLOW


def held_in_a_row(nights: Sequence[Night]) -> int:
    """Return for how many nights in a row a tag was held at most."""
    longest, runs = 0, dict[str, int]()
    for night in nights:
        runs = {tag: runs.get(tag, 0) + 1 for tag in night["held"]}
        longest = max(longest, *runs.values(), 0)
    return longest


def document(found: Mapping[str, Any]) -> str:
    """Return all tables."""
    return "\n\n".join([honest_table(found), fault_table(found), slow_table(found)])


def honest_table(found: Mapping[str, Any]) -> str:
    """Return what honest nights held."""
    rows = []
    for name, archive in found.items():
        nights = archive.get("honest", [])
        n_held = sum(len(night["held"]) for night in nights)
        refused = [night for night in nights if night["outcome"] != "promoted"]
        known = f"{archive['n_known']:,} + {archive['n_nightly']} a night"
        rows.append([name, known, str(len(nights)), str(n_held), str(held_in_a_row(nights)), str(len(refused))])
    head = ["archive", "articles", "honest nights", "tags held", "nights in a row", "runs refused"]
    return table("Honest nights", head, rows)


def fault_table(found: Mapping[str, Any]) -> str:
    """Return what was stopped of each fault within one night."""
    archives: list[list[Case]] = [archive.get("faults", []) for archive in found.values()]
    names = dict.fromkeys(case["fault"] for cases in archives for case in cases)
    rows = [_row(name, [[case for case in cases if case["fault"] == name] for cases in archives]) for name in names]
    rows += [_row(name, [cases]) for name, cases in zip(found, archives, strict=True)]
    few = [[case for case in cases if case["n_positive"] < FEW] for cases in archives]
    rows += [_row(f"tags with fewer than {FEW} articles", few), _row("all", archives)]
    head = ["fault", "tags", f"lose more than {LOSS} F1", "stopped", "by name", "F1 without a gate", "with it"]
    notes = (
        "Stopped: the gate named the tag or refused the run, and what serves has not lost more than .1 F1. "
        "F1: medians of the tags that lose more than .1, by their true labels.",
        _others(archives),
    )
    return table("Faults of one night", [*head, "runs refused"], rows, *notes)


def _row(title: str, archives: Sequence[Sequence[Case]]) -> list[str]:
    cases = [case for of_archive in archives for case in of_archive]
    losses = [case for case in cases if lost(case)]
    refused = [[case for case in of_archive if case["outcome"] != "promoted"] for of_archive in archives]
    counted = [str(sum(map(rule, losses))) for rule in (is_stopped, is_named)]
    f1 = _medians(losses), _median(losses, "guarded")
    return [title, str(len(cases)), str(len(losses)), *counted, *f1, str(sum(len(_runs(part)) for part in refused))]


def _runs(cases: Sequence[Case]) -> dict[tuple[str, int], Case]:
    """Return a case of each run of an archive."""
    return {(case["fault"], case["draw"]): case for case in cases}


def _medians(losses: Sequence[Case]) -> str:
    return f"{_median(losses, 'honest')} → {_median(losses, 'unguarded')}" if losses else MISSING


def _median(losses: Sequence[Any], name: str) -> str:
    return f"{median(case[name] for case in losses):.2f}" if losses else MISSING


def _others(archives: Sequence[Sequence[Case]]) -> str:
    runs = [case for cases in archives for case in _runs(cases).values()]
    n = sum(len(case["others_held"]) for case in runs)
    return f"In these {len(runs)} runs {n} tags were held that the fault was not put into."


def slow_table(found: Mapping[str, Any]) -> str:
    """Return how soon each slow fault was found."""
    cases = [case for archive in found.values() for case in archive.get("slow", [])]
    rows = []
    for fault in dict.fromkeys(case["fault"] for case in cases):
        of_fault = [case for case in cases if case["fault"] == fault]
        large, small = (
            [case for case in of_fault if (case["n_positive"] >= FEW) == is_large] for is_large in (True, False)
        )
        rows += [_slow_row(f"{fault}, tags from {FEW} articles on", large), _slow_row(f"{fault}, smaller tags", small)]
    head = ["slow fault", "tags", "cost something", "held", "before a fifth is gone", "or warned", "night (median)"]
    refused = {
        (case["n_refused"], case["nights"], name, case["fault"], case["draw"])
        for name, archive in found.items()
        for case in archive.get("slow", [])
    }
    note = f"{sum(run[0] for run in refused)} of {sum(run[1] for run in refused)} runs were refused as a whole."
    return table("Slow faults", [*head, "labels gone, at most", "quality gone, at most"], rows, note)


def _slow_row(fault: str, cases: Sequence[SlowCase]) -> list[str]:
    cost = [case for case in cases if has_cost(case)]
    nights = [case["first"] for case in cost if case["first"] is not None]
    night = f"{median(nights):.0f}" if nights else MISSING
    gone = [
        max((case["labels_gone"] for case in cost), default=0.0),
        max((case["quality_gone"] for case in cost), default=0.0),
    ]
    counted = len(cases), len(cost), len(nights), sum(map(is_soon, cost)), sum(map(is_told_soon, cost))
    return [fault, *map(str, counted), night, *(f"{share:.0%}" for share in gone)]
