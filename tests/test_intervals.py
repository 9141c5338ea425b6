"""No report shows an interval from fewer than ten articles or decisions: one rule, whatever the report."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

import pytest

from classifier.domain.decisions import Case, Decision, Impression
from classifier.model.evaluation import MIN_FOR_INTERVAL, shown_interval
from classifier.reports.desk.figures import desk_report
from classifier.reports.desk.page import as_page, as_text
from classifier.reports.desk.records import DeskReport
from classifier.reports.json_form import from_json, to_json
from classifier.reports.run import as_page as run_page
from classifier.reports.shadow import shadow_in_words
from classifier.store.runs import JOB, Run
from classifier.training.run_result import ShadowRow, ShadowSide

AT = "2026-01-05T09:00:00.000000+00:00"
INTERVAL = re.compile(r"\d(\.\d+)? to \d+(\.\d+)?%?\)|95 % interval \+")


def decided(article: str, action: str, score: float, band: str) -> Decision:
    known = {"suggestion_set_id": f"set of {article}", "score": score, "band": band}
    return Decision(f"d{article}", article, "iskp", action, "amy", AT, **known)  # type: ignore[arg-type]


def rated(n: int) -> DeskReport:
    """The report of a desk that answered n suggestions and closed n blind articles, one tag each."""
    ids = [f"a{number}" for number in range(n)]
    blind = [f"b{number}" for number in range(n)]
    shown = [Impression(each, "iskp", f"set of {each}", AT, 0.84, "suggest", False) for each in ids]
    log = [decided(each, "reject" if each == "a0" else "accept", 0.84, "suggest") for each in ids]
    log += [decided(each, "add", 0.9, "hidden" if each == "b0" else "auto") for each in blind]
    log += [Decision(f"c{each}", each, None, "complete", "amy", AT) for each in blind]
    cases = [Case(each, "", each in blind, 1, (), each in blind) for each in [*ids, *blind]]
    return from_json(DeskReport, to_json(desk_report(log, shown, cases, {"iskp": "ISKP"})))


def desk(n: int) -> str:
    report = rated(n)
    assert report.acceptance.interval is not None and report.recall.interval is not None
    page = as_page(report)
    assert ('class="range"' in page) == (n >= MIN_FOR_INTERVAL)
    return as_text(report) + page


def shadow(n: int) -> str:
    side = ShadowSide(found=1, missed=1, wrong=1, unjudged=0, micro_f1=0.5, interval=(0.1, 0.9))
    row = {"version": "v", "since": AT, "until": AT, "n_judged": n, "n_compared": n, "n_blind": 0, "ended": None}
    told = shadow_in_words(cast(ShadowRow, {**row, "champion": side, "shadow": side, "change": None, "tags": []}))
    return f"{told.summary} {told.figures}"


def run(n: int) -> str:
    tag = {"tag": "iskp", "f1": 0.5, "interval": (0.1, 0.9), "support": n}
    bins = [{"score": 0.5, "right": 0.5, "share": 1.0, "n": n, "interval": (0.1, 0.9)}]
    measured = {"micro_f1": 0.5, "micro_f1_interval": (0.1, 0.9), "macro_f1": 0.5, "macro_f1_interval": (0.1, 0.9)}
    measured |= {"calibration_error": None, "reliability": bins, "coverage": 1.0, "megabytes": 1.0, "milliseconds": 1.0}
    folds = {"micro_f1": 0.5, "micro_f1_interval": (0.1, 0.9), "n_articles": n}
    details = {"measures": {"challenger": measured | {"tags": [tag]}}, "cross_validation": folds}
    details |= {"n_examples": n, "n_learned": n, "n_reference": n}
    page = run_page(Run("00ff", JOB, "desk", "host", AT, AT, "not promoted", None, "Why.", "d1", {"details": details}))
    assert page.count('class="range') == (2 if n >= MIN_FOR_INTERVAL else 0)  # of the tag, and of the bin
    return page


@pytest.mark.parametrize("report", [desk, shadow, run])
def test_reports_show_intervals_from_ten_on(report: Callable[[int], str]) -> None:
    assert INTERVAL.search(report(MIN_FOR_INTERVAL))
    assert not INTERVAL.search(report(MIN_FOR_INTERVAL - 1).replace("0.8 to 0.9 (mean", ""))


def test_the_rule_keeps_an_interval_as_it_is() -> None:
    assert MIN_FOR_INTERVAL == 10
    assert shown_interval((0.25, 0.75), 10) == (0.25, 0.75)
    assert shown_interval((0.25, 0.75), 9) is None
    assert shown_interval(None, 100) is None
