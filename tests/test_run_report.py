"""The run report: its facts by hand on small arrays, its sentences for each outcome, and the page of real runs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier.commands import main
from classifier.domain import sentences
from classifier.domain.articles import Article
from classifier.domain.origins import ORIGINS
from classifier.domain.sentences import CHECK_NAMES, OF_RUNS
from classifier.domain.snapshots import snapshot_of
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.errors import BadSetting
from classifier.gate.tags import TagChange
from classifier.gate.whole import Costs
from classifier.model.evaluation import f1_intervals, micro_f1
from classifier.reports import run as run_words
from classifier.reports import run_outcome
from classifier.reports.run import as_page, write_report
from classifier.serving.registry import Registry
from classifier.store.database.opening import open_store
from classifier.store.runs import JOB, Run
from classifier.texts import english, retold
from classifier.training.checks import CheckSettings
from classifier.training.fitting import Fitted
from classifier.training.run_result import Measured, RunDetails, confusions, moved, strongest_terms
from classifier.training.settings import TrainingSettings
from tests.desk import N_LATER, QUICK, Desk, database, flipped
from tests.latin import left_in_latin, reading_in

pytestmark = pytest.mark.sqlite("a report is made of what was computed")

FLIPPED = "attack"
TAXONOMY = Taxonomy((Tag("kabul", "Kabul", "place"), Tag("herat", "Herat", "place"), Tag("trial", "Trial", "theme")))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, articles: list[Article], taxonomy: Taxonomy) -> dict[str, Run]:
    """The records of a desk's first run, of one with a champion, and of one that flipped labels stopped."""
    folder = tmp_path_factory.mktemp("ran")
    store = open_store(database(folder))
    desk = Desk(store, Registry(folder / "models"), taxonomy)
    dated = sorted(articles, key=lambda one: (one.published_at or "", one.id))
    desk.add(dated[:-N_LATER])
    desk.retrain()
    desk.add(dated[-N_LATER:])
    desk.retrain(replace(QUICK, learning_curve=TrainingSettings().learning_curve))
    desk.set_tags(flipped(articles, FLIPPED, 0.5))
    desk.retrain(replace(QUICK, checks=CheckSettings({**QUICK.checks.actions, "labels_flipped": "block"})))
    stopped, second, first = store.runs.list(JOB)
    store.close()
    return {"first": first, "second": second, "stopped": stopped}


def details(run: Run) -> dict[str, Any]:
    assert run.result is not None
    found: dict[str, Any] = run.result["details"]
    return found


def text_of(page: str) -> str:
    """Return what a page says, on one line."""
    body = page.partition("</style>")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub("</?bdi>", "", body)).split())


# --- facts ---


def measured(suggested: list[list[int]], score: float = 0.7) -> Measured:
    some = np.array(suggested, dtype=bool)
    return Measured(some, LABELS, Costs(1.5, 2.5), np.where(some, score, 0.1))


LABELS = np.array([[1, 0, 0]] * 4 + [[0, 1, 0]] * 3 + [[0, 0, 1]] * 2 + [[-1, 0, 0]], dtype=np.int8)
SAID = [[1, 0, 0]] * 2 + [[0, 1, 0]] * 2 + [[0, 1, 0]] * 3 + [[0, 0, 1]] * 2 + [[1, 0, 0]]


def test_measures_are_those_of_the_arrays_and_leave_out_what_is_unknown() -> None:
    one = measured(SAID)
    found = one.measures(["kabul", "herat", "trial"])
    assert found["micro_f1"] == pytest.approx(micro_f1(one.suggested, LABELS)) == pytest.approx(14 / 18)
    assert found["micro_f1_interval"] == f1_intervals(one.suggested, LABELS)[0]
    assert (found["megabytes"], found["milliseconds"]) == (1.5, 2.5)
    assert found["calibration_error"] == pytest.approx(abs(0.7 - 7 / 9))
    (bin_,) = found["reliability"]
    assert (bin_["n"], bin_["score"], bin_["right"]) == (9, pytest.approx(0.7), pytest.approx(7 / 9))
    low, high = bin_["interval"]
    assert low < 7 / 9 < high


def test_tags_have_their_f1_with_an_interval_from_three_positives_on() -> None:
    rows = {row["tag"]: row for row in measured(SAID).measures(["kabul", "herat", "trial"])["tags"]}
    assert set(rows) == {"kabul", "herat"}  # trial has two
    assert (rows["kabul"]["support"], rows["kabul"]["f1"]) == (4, pytest.approx(2 * 2 / (2 + 4)))
    assert rows["herat"]["f1"] == pytest.approx(2 * 3 / (5 + 3))
    low, high = rows["kabul"]["interval"]
    assert 0.0 <= low < rows["kabul"]["f1"] < high <= 1.0


def test_nothing_suggested_is_measured_without_a_fault() -> None:
    found = measured([[0, 0, 0]] * len(LABELS)).measures(["kabul", "herat", "trial"])
    assert (found["micro_f1"], found["reliability"], found["calibration_error"]) == (0.0, [], None)


def test_of_the_champion_only_the_calibration_error_of_its_scores_is_known() -> None:
    found = measured(SAID)._replace(scores=None, calibration_error=0.125).measures(["kabul", "herat", "trial"])
    assert (found["micro_f1"], found["reliability"], found["calibration_error"]) == (pytest.approx(14 / 18), [], 0.125)


def test_siblings_are_confused_only_within_a_kind() -> None:
    said = np.array([[0, 1, 1]] * 4 + [[1, 0, 1]] + [[0, 0, 1]] * 5, dtype=bool)
    found = confusions(said, LABELS, TAXONOMY.tags)
    assert found == [
        {"tag": "kabul", "instead": "herat", "n": 4},
        {"tag": "herat", "instead": "kabul", "n": 1},
    ]


def test_what_moved_names_new_examples_and_words_that_came(fitted: Fitted, articles: list[Article]) -> None:
    tag = next(iter(strongest_terms(fitted.model)))
    having = [one for one in articles if tag in (one.tags or ())]
    before = snapshot_of(one for one in articles if one not in having[:3])
    changes = [TagChange(tag, 9, 0.5, 0.75, None, 1.0, 4, 0, 2), TagChange("policy", 9, 0.5, 0.5, None, 1.0, 4, 1, 1)]
    found = moved(changes, fitted.model, fitted.model, before, snapshot_of(articles))
    assert [(row["tag"], row["champion"], row["challenger"]) for row in found] == [(tag, 0.5, 0.75)]
    assert found[0]["new_examples"] == 3
    assert (found[0]["terms_in"], found[0]["terms_out"]) == ([], [])
    assert moved(changes, None, fitted.model, None, before) == []


# --- words ---


def record(outcome: str, **result: Any) -> Run:
    at = "2024-06-06T02:30:00+00:00"
    return Run("00ff", JOB, "tagger", "desk", at, at, outcome, None, "The reason.", "d1g357", result or None)


@pytest.mark.parametrize(
    ("outcome", "told", "says"),
    [
        ("promoted", {"champion": "v1", "gate": [{}]}, "A new model serves."),
        ("promoted", {"champion": None, "gate": [{}]}, "The first model serves."),
        (
            "not promoted",
            {"champion": "v1", "gate": [{}]},
            "The new model was not promoted: the previous model still serves.",
        ),
        ("not promoted", {"champion": "v1"}, "Nothing was trained: the previous model still serves."),
        ("not promoted", {"champion": None}, "Nothing was trained: no model serves yet."),
        ("skipped", {"champion": "v1"}, "There was nothing new, so nothing was trained."),
        ("failed", {}, "The run failed. The previous model still serves."),
        ("running", {}, "The run has not ended."),
    ],
)
def test_the_headline_says_what_serves(outcome: str, told: dict[str, Any], says: str) -> None:
    assert run_outcome.headline(record(outcome), told) == says


def test_the_reason_names_the_tag_and_the_figure() -> None:
    closed = {"tag": "taliban", "check": "tag_worse", "figure": "F1 0.800 -> 0.610 on 23 articles, p = 0.0001"}
    said = run_outcome.reason(record("not promoted"), {"champion": "v1"}, [closed])
    assert said == "It is worse at the tag taliban (F1 0.800 -> 0.610 on 23 articles, p = 0.0001)."
    many = run_outcome.reason(record("not promoted"), {}, [closed] * 5)
    assert many.endswith(", and 2 more.")
    assert run_outcome.reason(record("failed"), {}, []) == "The reason."
    assert run_outcome.reason(record("skipped"), {}, [closed]) == "The reason."


def test_the_next_step_is_a_command_with_the_tags_that_it_takes() -> None:
    flips = [{"tag": tag, "check": "labels_flipped", "figure": "…"} for tag in ("iskp", "taliban")]
    assert "retrain --accept-changes iskp taliban." in run_outcome.next_step(record("not promoted"), {}, flips)
    assert "models roll-back" in run_outcome.next_step(record("promoted"), {}, [])
    held: RunDetails = {"held": [{"tag": tag} for tag in ("iskp", "taliban")]}  # type: ignore[typeddict-item]
    assert "retrain --accept-changes iskp taliban." in run_outcome.next_step(record("promoted"), held, [])
    assert run_outcome.next_step(
        record("not promoted"), {}, [{"tag": None, "check": "total", "figure": "…"}]
    ).startswith("Nothing needs to be done")
    assert run_outcome.next_step(record("skipped"), {}, flips) == ""


def test_every_check_has_words(ran: dict[str, Run]) -> None:
    from classifier.training.checks import DEFAULTS

    used = {one["check"] for name in ("first", "second") for one in details(ran[name])["gate"]} | set(DEFAULTS)
    assert used <= set(CHECK_NAMES)
    assert set(CHECK_NAMES) == set(run_outcome.CAUSES)


def test_the_page_says_how_tags_came_onto_the_articles_in_words(ran: dict[str, Run]) -> None:
    assert run_outcome.ORIGINS.keys() == set(ORIGINS)
    told = {**details(ran["second"]), "origins": {"left": 2, "imported": 8}}
    assert "Their 10 tags: 8 imported; 2 suggested and left standing, which" in " ".join(
        run_words.facts(ran["second"], told)
    )


def test_a_stem_is_named_only_where_no_word_of_it_is() -> None:
    assert run_words.terms_in_words(["raid~", "raid", "tortur~"]) == "raid, tortur…"
    assert run_words.terms_in_words([]) == "–"


# --- the page ---


def test_the_page_has_the_figures_of_the_record(ran: dict[str, Run]) -> None:
    run, text = ran["second"], text_of(as_page(ran["second"]))
    told = details(run)
    for name in ("champion", "challenger"):
        measured = told["measures"][name]
        low, high = measured["micro_f1_interval"]
        assert f"{measured['micro_f1']:.3f} ({low:.3f} to {high:.3f})" in text
        assert f"{measured['calibration_error']:.3f}" in text
    assert f"learned from {told['n_learned']}, compared on {told['n_reference']} that the champion" in text
    n_tags = told["origins"]["imported"]
    assert f"Their {n_tags:,} tags: {n_tags:,} imported" in text
    for check in told["gate"]:
        assert check["figure"] in text.replace("&gt;", ">")
    for row in told["moved"]:
        assert f"{row['champion']:.3f} → {row['challenger']:.3f}" in text
    assert str(run.version) in text


def test_each_tag_stands_on_its_line_before_and_after(ran: dict[str, Run]) -> None:
    told, page = details(ran["second"]), as_page(ran["second"])
    part = page.partition('<section id="tags">')[2].partition("</section>")[0]
    rows = re.findall(
        r'<span class="name"><bdi>(\S+)</bdi> <small>(\d+)</small>.*?<span class="figures">(.*?)</span>', part, re.S
    )
    before = {row["tag"]: row["f1"] for row in told["measures"]["champion"]["tags"]}
    expected = {
        (row["tag"], str(row["support"]), f"{before[row['tag']]:.3f} → <strong>{row['f1']:.3f}</strong>")
        for row in told["measures"]["challenger"]["tags"]
    }
    assert expected
    assert set(rows) == expected
    figures = re.findall(r"([\d.]+) → <strong>([\d.]+)", part)
    changes = [float(after) - float(old) for old, after in figures]
    assert all(less <= more + 0.002 for less, more in pairwise(changes))  # what lost most comes first; both are rounded


def test_held_tags_and_what_could_be_seen_are_on_the_page(ran: dict[str, Run]) -> None:
    run = ran["second"]
    assert run.result is not None
    held = {"tag": "iskp", "check": "tag_worse", "figure": "F1 0.81 -> 0.70", "reference": "champion", "version": "v1"}
    held |= {"keys": {"cms-2": 58, "": 2}, "articles": ["a-17"]}
    other = {**held, "tag": "ttp", "keys": {}, "articles": []}
    result = {**run.result, "details": {**details(run), "held": [held, other]}}
    text = text_of(as_page(replace(run, result=result)))
    assert "Tags that stay as they were 2 iskp F1 0.81 -&gt; 0.70" in text
    assert "Its newest labels come from: cms-2 (58), an unknown sender (2)" in text
    assert "Look at the newest articles of iskp, ttp, below." in text
    assert "retrain --accept-changes iskp ttp." in text
    rows = details(run)["tags"]
    for row in rows:
        n_now = row["n_found"] - row["n_lost"] + row["n_won"]
        seen = "cannot be judged" if row["smallest_loss"] is None else f"{row['smallest_loss']} of {n_now} lost"
        f1 = f"{row['n_wrong_before']} → {row['n_wrong']} {row['champion']:.3f} → {row['challenger']:.3f}"
        assert f"{row['tag']} {row['support']} {row['n_found']} {row['n_lost']} {row['n_won']} {f1} {seen}" in text
    not_judged = [row["tag"] for row in rows if row["smallest_loss"] is None]
    assert f"Cannot be judged: {', '.join(not_judged)}." in text
    assert not_judged


def test_a_run_of_the_first_day_of_this_release_has_no_wrong_suggestions(ran: dict[str, Run]) -> None:
    run = ran["second"]
    assert run.result is not None
    rows = [{key: row[key] for key in row if "wrong" not in key} for row in details(run)["tags"]]
    result = {**run.result, "details": {**details(run), "tags": rows}}
    assert f"{rows[0]['n_won']} – {rows[0]['champion']:.3f} →" in text_of(as_page(replace(run, result=result)))


def test_the_first_run_has_no_before(ran: dict[str, Run]) -> None:
    page = as_page(ran["first"])
    part = page.partition('<section id="tags">')[2].partition("</section>")[0]
    assert "<strong>" in part
    assert "→" not in part
    assert 'id="moved"' not in page
    assert "The first model serves." in text_of(page)


def test_a_run_that_a_check_stopped_has_a_report_with_its_articles(ran: dict[str, Run]) -> None:
    run = ran["stopped"]
    (finding,) = [one for one in details(run)["findings"] if one["action"] == "block"]
    text = text_of(as_page(run))
    assert "Nothing was trained: the previous model still serves." in text
    assert f"retrain --accept-changes {FLIPPED}" in text
    assert finding["articles"]
    assert finding["figure"] in text
    assert ", ".join(finding["articles"]) in text
    assert 'id="gate"' not in as_page(run)


def test_the_page_says_which_tags_lack_how_many_articles_for_the_auto_band(ran: dict[str, Run]) -> None:
    run = ran["second"]
    lacks = details(run)["cross_validation"]["auto_lacks"]
    part = as_page(run).partition('<section id="auto">')[2].partition("</section>")[0]
    assert f"In the band: {sum(n == 0 for n in lacks.values())} of {len(lacks)} tags." in part
    for tag, n in lacks.items():
        assert (f">{tag}<" in part) is (n > 0)


def test_the_page_says_how_reliable_the_scores_of_each_kind_are(ran: dict[str, Run]) -> None:
    run = ran["second"]
    text = text_of(as_page(run))
    rows = details(run)["cross_validation"]["reliability_of_kinds"]
    assert rows
    for row in rows:
        assert f"{row['kind']} {row['n_suggested']} {row['calibration_error']:.3f}" in text


def test_every_point_of_the_plots_is_inside(ran: dict[str, Run]) -> None:
    page = as_page(ran["second"])
    told = details(ran["second"])
    plots = page.partition('<section id="reliability">')[2]
    reliability, curve = (plots.partition("</svg>")[at] for at in (0, 2))
    n_bins = sum(len(told["measures"][name]["reliability"]) for name in ("champion", "challenger"))
    assert reliability.count("<circle") == n_bins
    assert curve.partition("</svg>")[0].count("<circle") == len(told["learning_curve"]) > 1
    for x, y in re.findall(r'cx="([\d.-]+)" cy="([\d.-]+)"', plots):
        assert 40 <= float(x) <= 312
        assert 10 <= float(y) <= 182


def test_a_record_of_an_earlier_release_has_a_page(ran: dict[str, Run]) -> None:
    """Its findings had no quote of their own."""
    run = ran["second"]
    assert run.result is not None
    finding = {"check": "repeated_block", "action": "warn", "tag": "iskp", "figure": "'Related' stands in 9", "n": 9}
    old = {**run.result, "details": {**run.result["details"], "findings": [{**finding, "articles": [], "editors": []}]}}
    assert "Related" in as_page(replace(run, result=old))


def test_the_page_needs_nothing_else(ran: dict[str, Run]) -> None:
    for run in ran.values():
        page = as_page(run)
        assert "Content-Security-Policy" in page
        assert not re.search(r"<script|\ssrc=|\sstyle=|\son\w+=|url\(|@import|https?://", page)
        assert "href" not in page.replace('href="#', "")  # a file leads nowhere


def test_served_it_leads_back_and_to_the_articles(ran: dict[str, Run]) -> None:
    page = as_page(ran["stopped"], here="/runs/1")
    first = details(ran["stopped"])["findings"][0]["articles"][0]
    assert '<a href="/runs">All runs</a>' in page
    assert f'<a href="/review/{first}">{first}</a>' in page


def hostile(run: Run) -> Run:
    """Return a record whose every text is markup."""
    bad = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    whole = json.loads(json.dumps(run.result))

    def spoil(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: spoil(one) for key, one in value.items()}
        if isinstance(value, list):
            return [spoil(one) for one in value]
        return bad if isinstance(value, str) and value not in ("block", "warn", "repair") else value

    return replace(run, reason=bad, started_by=bad, host=bad, version=bad, result=spoil(whole))


@pytest.mark.parametrize("name", ["first", "second", "stopped"])
def test_markup_in_a_record_is_shown_as_text(ran: dict[str, Run], name: str) -> None:
    page = as_page(hostile(ran[name]), here="/runs/1")
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("outcome", ["failed", "running", "skipped", "not promoted", "something new"])
def test_a_record_without_facts_has_a_page(outcome: str) -> None:
    text = text_of(as_page(replace(record(outcome), ended_at=None)))
    assert "The reason." in text
    assert "run 00ff" in text


# --- files ---


def test_the_report_and_the_record_are_written_beside_the_models(ran: dict[str, Run], tmp_path: Path) -> None:
    page = write_report(tmp_path, ran["second"])
    assert page == tmp_path / "runs" / f"{ran['second'].id}.html"
    assert page.read_text(encoding="utf-8") == as_page(ran["second"])
    assert json.loads(page.with_suffix(".json").read_text(encoding="utf-8")) == vars(ran["second"])
    assert sorted(entry.name for entry in page.parent.iterdir()) == [
        f"{ran['second'].id}.html",
        f"{ran['second'].id}.json",
    ]
    assert Registry(tmp_path).versions() == []  # a folder of reports is no version


def test_reports_of_old_runs_go(ran: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classifier.reports.run.KEPT_RUNS", 2)
    for number, at in enumerate((100, 200, 300)):
        page = write_report(tmp_path, replace(ran["second"], id=f"{number:016x}"))
        for path in (page, page.with_suffix(".json")):
            os.utime(path, (at, at))
    write_report(tmp_path, ran["first"])
    kept = {f"{2:016x}", ran["first"].id}
    assert {path.stem for path in (tmp_path / "runs").iterdir()} == kept


def test_a_report_that_cannot_be_written_names_the_place(ran: dict[str, Run], tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(BadSetting, match="runs"):
        write_report(tmp_path, ran["first"])


@pytest.fixture
def retrained(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> Callable[[], tuple[int, str]]:
    """Run `retrain` of the command line on the desk's registry; return the exit code and what it said on the way."""

    def run() -> tuple[int, str]:
        code = main(["retrain", "--models", str(registry.folder), "--database", database(tmp_path)])
        return code, capsys.readouterr().err

    return run


def test_the_command_writes_the_report_also_of_a_run_that_a_check_stopped(
    retrained: Callable[[], tuple[int, str]], registry: Registry, tmp_path: Path, articles: list[Article]
) -> None:
    store = open_store(database(tmp_path))
    store.import_articles(articles[:20], "import")  # too few
    code, said = retrained()
    (run,) = store.runs.list(JOB)
    store.close()
    assert (code, run.outcome) == (0, "not promoted")
    page = registry.folder / "runs" / f"{run.id}.html"
    assert f"report: {page}\n" in said
    assert "there are too few examples (20 examples, 200 are needed)".capitalize() in text_of(page.read_text())


@pytest.mark.slow
def test_a_run_stands_though_its_report_cannot_be_written(
    retrained: Callable[[], tuple[int, str]], registry: Registry, tmp_path: Path, articles: list[Article]
) -> None:
    (registry.folder / "runs").write_text("in the way")
    store = open_store(database(tmp_path))
    store.import_articles(articles[:20], "import")
    code, said = retrained()
    (run,) = store.runs.list(JOB)
    store.close()
    assert (code, run.outcome) == (0, "not promoted")
    assert f"no report is written (Cannot write {registry.folder / 'runs'}" in said
    assert f"/runs/{run.id}" in said


@pytest.mark.parametrize("name", ["first", "second", "stopped"])
def test_page_in_arabic_has_no_other_latin_words_than_names(ran: dict[str, Run], taxonomy: Taxonomy, name: str) -> None:
    run = ran[name]
    with reading_in("ar"):
        assert left_in_latin(as_page(run, "/runs/1"), taxonomy.by_id) == set()
        said = run_outcome.reason(run, run.result["details"], run.result["blocked_by"])  # type: ignore[index,arg-type]
    assert left_in_latin(f"<p>{said}</p>", taxonomy.by_id) == set()


def test_sentences_of_a_record_are_said_again_within_others_and_foreign_ones_stay() -> None:
    inner = english(
        sentences.OF_TAG,
        before="0.8",
        after="0.6",
        reference="champion",
        lost=3,
        found=9,
        won=0,
        wrong_before=1,
        wrong=2,
    )
    kept = english(sentences.NOT_WORSE, figure=f"{inner}. {sentences.LATE}")
    with reading_in("ar"):
        assert left_in_latin(f"<p>{retold(kept, OF_RUNS)}</p>") == set()
        for other in ("disk full: var/models", "", "x" * 5_000, "%(figure)s"):
            assert retold(other, OF_RUNS) == other
