"""The drift report: what changes beyond chance is flagged, what does not is not; it reads the store, and its page is safe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from lxml import etree, html

from classifier.commands import main
from classifier.domain.articles import Article, read_articles
from classifier.domain.decisions import Filed
from classifier.domain.taxonomy import Alias, Kind, Tag, Taxonomy, taxonomy_of
from classifier.reports.chance import beyond_chance
from classifier.reports.drift import figures, page
from classifier.reports.drift.chance import change, more_than_before, shift
from classifier.reports.drift.kept import KEPT_DRIFT
from classifier.reports.drift.records import (
    AliasChange,
    AliasOfTag,
    DriftReport,
    RateChange,
    RisingName,
    ScoreShift,
    TagOfArticles,
)
from classifier.reports.drift.wording import (
    alias_in_words,
    change_in_words,
    related_tags,
    rise_in_words,
    scores_in_words,
)
from classifier.reports.json_form import from_json, to_json
from classifier.serving.registry import Registry
from classifier.store.arrivals import Shares
from classifier.store.log import Draft
from classifier.store.store import Store
from tests.conftest import EVAL_DATA, needs_eval_data
from tests.everything import put_set
from tests.latin import left_in_latin, reading_in
from tests.storing import put_article
from tests.test_rising_names import planted, with_name

Report = dict[str, Any]
TODAY = date(2026, 3, 29)
N_WEEKS = 20
EVIL = """</title><script>alert("1")</script> & 'so on' <b onclick=x>"""
TAXONOMY = Taxonomy(
    tuple(
        Tag(name.lower(), name, aliases=(Alias(name), Alias(f"{name} Front"))) for name in ("Alpha", "Beta", "Gamma")
    ),
    {"theme": Kind()},
)
FLAT = {"alpha": 0.4, "beta": 0.2, "gamma": 0.3}


def archive(
    rates: Callable[[int], dict[str, float]], seed: int = 0, per_week: int = 30, weeks: int = N_WEEKS
) -> list[Filed]:
    """Return articles of some weeks, week 0 the newest, that name and carry each tag with its rate of the week."""
    draw, articles = np.random.default_rng(seed), []
    for week in range(weeks):
        for number in range(per_week):
            tags = tuple(tag for tag, rate in rates(week).items() if draw.random() < rate)
            body = " ".join(f"Somebody spoke of {tag.title()} there." for tag in tags) or "Rain fell."
            day = (TODAY - timedelta(days=7 * week + number % 7)).isoformat()
            scores = {tag: float(draw.beta(8, 2)) for tag in tags}
            article = Article(f"a-{week}-{number}", "On the day", body, tags=tags, published_at=day)
            articles.append(Filed(article, day, "import", scores, "m-1"))
    return articles


def drift_report(*archive: Any) -> Report:
    """Return the report of an archive as JSON."""
    report: Report = to_json(figures.drift_report(*archive))
    return report


def as_text(report: Report) -> str:
    return page.as_text(from_json(DriftReport, report))


def as_page(report: Report) -> str:
    return page.as_page(from_json(DriftReport, report))


def report_of(articles: Iterable[Filed], taxonomy: Taxonomy = TAXONOMY) -> Report:
    ones = list(articles)
    return drift_report(lambda: ones, taxonomy, TODAY, N_WEEKS)


def changed(report: Report, what: str = "given") -> list[str]:
    return [row["tag"] for row in report[what] if row["beyond_chance"]]


# --- rates --------------------------------------------------------------------------------------------------------


def test_weeks_are_counted_by_hand() -> None:
    days = ["2026-03-29", "2026-03-23", "2026-03-22", "2025-11-10", "2025-11-09", "2026-03-30", None]
    articles = [
        Filed(Article(f"a-{n}", tags=("alpha",) if n else ()), day, "import", {"beta": 0.75} if n == 1 else None, "m-1")
        for n, day in enumerate(days)
    ]
    articles.append(Filed(Article("s", tags=("alpha",)), "2026-03-29", "starter"))
    articles.append(Filed(Article("e"), "2026-03-28", "cms", {}, "m-2", closed=False))
    report = report_of(articles)
    assert report["articles"] == {
        "in_weeks": 5,
        "newest_week": 3,
        "earlier": 1,
        "undated": 1,
        "later": 1,
        "starter": 1,
    }
    newest = report["weeks"][-1]
    assert (newest["from"], newest["to"]) == ("2026-03-23", "2026-03-29")
    assert (newest["articles"], newest["tagged"], newest["untagged"]) == (3, 2, 2)
    assert (newest["asked"], newest["unsuggested"], newest["models"]) == (2, 1, ["m-1", "m-2"])
    assert newest["scores"] == [0.75] * 5
    assert report["weeks"][0]["from"] == "2025-11-10"
    assert [(row["tag"], row["label"], row["weeks"][-2:]) for row in report["given"]] == [("alpha", "Alpha", [1, 1])]
    assert report["given"][0]["weeks"][0] == 1


@pytest.mark.slow
def test_nothing_is_flagged_where_nothing_changes() -> None:
    flagged = [
        len(changed(report_of(archive(lambda _: FLAT, seed)), what)) for seed in range(30) for what in ("given",)
    ]
    # One in twenty of 30 reports is 1.5; six or more would come by chance once in 400 times.
    assert sum(map(bool, flagged)) <= 5


@pytest.mark.parametrize(("tag", "to"), [("alpha", 0.0), ("gamma", 0.8)])
def test_tag_whose_rate_changes_is_flagged_and_no_other(tag: str, to: float) -> None:
    report = report_of(archive(lambda week: FLAT if week >= 2 else {**FLAT, tag: to}))
    assert changed(report) == [tag]
    assert changed(report, "suggested") == [tag]
    assert report["given"][0]["span"] == 2
    assert f"{tag.title()}: " in as_text(report)


def test_rate_that_always_comes_in_bursts_is_not_flagged_for_one() -> None:
    def bursts(week: int) -> dict[str, float]:
        return {**FLAT, "gamma": 0.7 if week % 5 == 0 else 0.05}  # the newest week is one

    assert "gamma" not in changed(report_of(archive(bursts)))


def test_share_of_articles_without_a_tag_is_watched() -> None:
    report = report_of(archive(lambda week: FLAT if week else dict.fromkeys(FLAT, 0.02)))
    assert report["untagged"]["beyond_chance"]
    assert report["unsuggested"]["beyond_chance"]
    assert not report_of(archive(lambda _: FLAT))["untagged"]["beyond_chance"]


def test_article_that_waits_for_an_editor_is_not_without_a_tag() -> None:
    articles = archive(lambda _: FLAT)
    waiting = [
        replace(one, article=replace(one.article, tags=()), closed=False) if one.at >= "2026-03-23" else one
        for one in articles
    ]
    report = report_of(waiting)
    assert report["untagged"] == report_of(articles)["untagged"]
    assert changed(report) == []


def test_few_articles_are_not_compared() -> None:
    report = report_of(archive(lambda _: FLAT, per_week=1, weeks=5))
    assert {row["p"] for row in report["given"]} == {None}
    assert "too few to compare" in as_text(report)


# --- scores -------------------------------------------------------------------------------------------------------


def lower(one: Filed, by: float) -> Filed:
    return replace(
        one, suggested={tag: score - by for tag, score in (one.suggested or {}).items()}, model_version="m-2"
    )


def test_shift_of_scores_is_flagged_with_the_model_that_gave_them() -> None:
    articles = [lower(one, 0.25) if one.at >= "2026-03-23" else one for one in archive(lambda _: FLAT, per_week=60)]
    report = report_of(articles)
    assert report["scores"]["beyond_chance"]
    assert (report["scores"]["span"], report["scores"]["new_models"]) == (1, ["m-2"])
    assert "another model gave them (m-2)" in as_text(report)
    assert not report_of(archive(lambda _: FLAT))["scores"]["beyond_chance"]


@pytest.mark.slow
def test_small_shift_of_scores_is_no_work_for_anybody() -> None:
    articles = [lower(one, 0.01) if one.at >= "2026-03-16" else one for one in archive(lambda _: FLAT, per_week=300)]
    report = report_of(articles)
    assert report["scores"]["distance"] < 0.15
    assert not report["scores"]["beyond_chance"]


# --- aliases ------------------------------------------------------------------------------------------------------


def renamed(one: Filed, before: str, after: str) -> Filed:
    return replace(one, article=replace(one.article, body=one.article.body.replace(before, after)))


def test_alias_that_falls_to_zero_and_one_that_jumps_are_listed() -> None:
    """A group is called by another of its aliases from one week to the next: its tag stays as frequent as it was."""
    articles = [
        renamed(one, "Alpha", "Alpha Front") if one.at >= "2026-03-16" else one for one in archive(lambda _: FLAT)
    ]
    report = report_of(articles)
    told = {(row["tag"], row["alias"]): row for row in report["aliases"]}
    assert {key: row["what"] for key, row in told.items()} == {
        ("alpha", "Alpha"): "fell to zero",
        ("alpha", "Alpha Front"): "jumped",
    }
    assert told["alpha", "Alpha Front"]["articles"][0]["article"].startswith(("a-0-", "a-1-"))
    assert told["alpha", "Alpha"]["articles"] == []
    assert changed(report) == []
    assert "Alpha Front (Alpha) jumped" in as_text(report)


def test_aliases_that_stay_are_not_listed() -> None:
    report = report_of(archive(lambda _: FLAT))
    assert report["aliases"] == []
    assert report["n_aliases"] == 3


# --- figures by hand ----------------------------------------------------------------------------------------------


def test_chance_of_independent_events_is_binomial() -> None:
    assert more_than_before(3, 10, 0, 90) == pytest.approx(0.1**3)
    assert more_than_before(1, 10, 1, 90) == pytest.approx(1 - 0.9**2)
    assert more_than_before(0, 10, 5, 90) == 1.0


def test_steady_rate_is_tested_against_what_it_was() -> None:
    articles = np.full(12, 20)
    steady = np.full(12, 5)
    jump = np.array([*[5] * 11, 19])
    assert change(steady, articles).p > 0.5  # type: ignore[union-attr]
    assert change(jump, articles).p < 1e-4  # type: ignore[union-attr]
    assert change(jump, articles).span == 1  # type: ignore[union-attr]


def test_chance_is_right_for_rates_that_do_not_change() -> None:
    """Of p under a level the share is about that level, also where articles of a week hang together."""
    draw = np.random.default_rng(1)
    for spread in (0.0, 0.05):
        ps = []
        for _ in range(400):
            rates = draw.beta(0.2 / spread - 0.2, 0.8 / spread - 0.8, 26) if spread else np.full(26, 0.2)
            ps.append(change(draw.binomial(40, rates), np.full(26, 40)).p)  # type: ignore[union-attr]
        assert 0.005 < np.mean(np.asarray(ps) <= 0.05) < 0.09, spread


def test_false_discoveries_are_held_down() -> None:
    assert beyond_chance([0.01, 0.04, 0.03, 0.5]) == [True, False, False, False]
    assert beyond_chance([0.01, 0.02, 0.03, 0.5]) == [True, True, True, False]
    assert beyond_chance([]) == []


def test_distance_of_scores_is_that_of_kolmogorov_and_smirnov() -> None:
    before, now = np.linspace(0.5, 0.9, 40), np.linspace(0.7, 1.1, 40)
    found = shift([*[before] * 6, now])
    assert found is not None
    assert found.distance == pytest.approx(0.5, abs=0.02)
    assert found.surely


# --- the page -----------------------------------------------------------------------------------------------------


def rising_report() -> Report:
    articles = planted(with_name("Ansar al-Fajr (AAF)"), TODAY)
    evil = [replace(one, article=replace(one.article, title=EVIL)) for one in articles]
    evil_tags = Taxonomy((replace(TAXONOMY.tags[0], label=EVIL), *TAXONOMY.tags[1:]), TAXONOMY.kinds)
    moved = archive(lambda week: FLAT if week >= 2 else {**FLAT, "alpha": 0.95})
    return report_of([*evil, *moved], evil_tags)


def test_page_is_one_safe_file_with_all_parts() -> None:
    report = rising_report()
    tree = html.fromstring(as_page(report))
    assert tree.xpath("//script | //link | //img | //iframe | //@onclick | //*[@src]") == []
    assert tree.findtext(".//title") == "Drift report: 1 rising name, 2026-03-29"
    assert "Ansar al-Fajr" in tree.xpath("string(//section[@id='rising']//h3)")
    assert len(tree.xpath("//section[@id='rising']//li")) == 6
    assert EVIL in tree.xpath("string(//section[@id='rising'])")
    assert EVIL in " ".join(tree.xpath("//section[@id='given']//td[1]//text()"))
    assert tree.xpath("string(//pre)").startswith("- id: ansar-al-fajr")
    for graphic in tree.xpath("//svg"):
        etree.fromstring(etree.tostring(graphic))
    assert len(tree.xpath("//div[@id='weeks']//svg")) == 4


def test_report_is_strict_json_and_text_and_page_of_an_empty_store_say_so() -> None:
    json.dumps(rising_report(), allow_nan=False)
    empty = report_of([])
    json.dumps(empty, allow_nan=False)
    assert as_text(empty).startswith(
        "0 articles from 2026-03-23 to 2026-03-29, 0 in 20 weeks.\nNo rising names without a tag."
    )
    assert "None this week." in as_page(empty)


# --- what the store says of its articles ----------------------------------------------------------------------------


def suggest(store: Store, article: Article, scores: dict[str, float], model: str = "m-1") -> None:
    answer = {"suggestions": [{"tag": tag, "score": score, "band": "suggest"} for tag, score in scores.items()]}
    put_set(store, article, model, "t-1", {**answer, "mentioned": []})


def test_store_files_articles_with_the_tags_that_stand_and_what_was_last_suggested(store: Store) -> None:
    article = Article("a", "A title", "A body.", tags=("alpha", "beta"), tags_complete=False, published_at="2026-03-01")
    put_article(store, article, "cms")
    suggest(store, article, {"gamma": 0.6}, "m-1")
    suggest(store, article, {"gamma": 0.7, "alpha": 0.9}, "m-2")
    drafts = [Draft("remove", "beta"), Draft("add", "gamma")]
    store.log.decide("a", drafts, "amy", lambda *_: {})
    (filed,) = store.exports.filed()
    assert filed.article.tags == ("alpha", "gamma")
    assert (filed.at, filed.source, filed.blind) == ("2026-03-01", "cms", False)
    assert (filed.suggested, filed.model_version) == ({"gamma": 0.7, "alpha": 0.9}, "m-2")


def test_article_without_a_date_counts_from_when_a_cms_sent_it_but_not_from_an_import(store: Store) -> None:
    put_article(store, Article("sent", "T", "B", tags_complete=False), "cms")
    store.import_articles([Article("imported", "T", "B", tags=("alpha",))], "import")
    filed = {one.article.id: one for one in store.exports.filed()}
    assert filed["imported"].at is None
    assert filed["sent"].at is not None
    assert filed["sent"].at[:10] == store.article("sent").created_at[:10]
    assert (filed["sent"].article.tags, filed["sent"].suggested) == ((), None)


def test_blind_article_is_blind_until_it_is_closed(store: Store) -> None:
    put_article(store, Article("a", "T", "B", tags_complete=False), "cms", Shares(blind=1.0))
    assert [(one.blind, one.closed) for one in store.exports.filed()] == [(True, False)]
    store.log.decide("a", [], "amy", lambda *_: {}, complete=True)
    assert [(one.blind, one.closed) for one in store.exports.filed()] == [(False, True)]


# --- command and page of the service --------------------------------------------------------------------------------


@pytest.fixture
def where(store: Store, registry: Registry, database_url: str) -> list[str]:
    """The options of a store with a new name in six articles."""
    store.import_articles([one.article for one in archive(lambda _: FLAT)], "import")
    store.import_articles([one.article for one in planted(with_name("Ansar al-Fajr"), TODAY)], "import")
    return ["--database", database_url, "--models", str(registry.folder), "--today", TODAY.isoformat()]


def test_command_tells_the_rising_names_and_writes_a_page(
    where: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drift-report", *where, "--weeks", "12"]) == 0
    told = capsys.readouterr().out
    assert "1 rising name without a tag: Ansar al-Fajr." in told
    assert "  - 2026-03-29 p-0 Convoy hit" in told
    assert "    - id: ansar-al-fajr" in told
    assert main(["drift-report", *where, "--json", "--output", str(tmp_path / "drift.html")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [(row["name"], row["n_now"]) for row in report["rising"]] == [("Ansar al-Fajr", 6)]
    assert len(report["weeks"]) == 26
    assert "Ansar al-Fajr" in (tmp_path / "drift.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("wrong", [["--weeks", "7"], ["--today", "yesterday"]])
def test_command_refuses_what_it_cannot_count(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["drift-report", *wrong])
    assert ended.value.code == 2
    assert wrong[1] in capsys.readouterr().err


def test_kept_report_is_shown_to_editors(where: list[str], client: FlaskClient) -> None:
    client.post("/sign-in", data={"name": "amy"})
    before = client.get("/drift")
    assert before.status_code == 200
    assert "No report yet" in before.text
    assert main(["drift-report", *where, "--keep"]) == 0
    after = client.get("/drift")
    assert "Ansar al-Fajr" in after.text
    assert html.fromstring(after.text).xpath("//nav[@aria-label='Reports']/a[@href='/drift'][@aria-current='page']")
    assert "'unsafe-inline'" not in after.headers["Content-Security-Policy"]


# --- a real archive -------------------------------------------------------------------------------------------------


@pytest.mark.slow
@needs_eval_data
def test_dates_that_are_drawn_anew_flag_no_tag() -> None:
    """With its dates shuffled within the weeks looked at, a real archive has no drift: hardly a report may flag one."""
    files = [EVAL_DATA / "digitalgov" / f"{part}.jsonl.gz" for part in ("train", "test")]
    articles = [Filed(one, str(one.published_at)[:10]) for one in read_articles(files)]
    taxonomy = taxonomy_of({tag for one in articles for tag in one.article.tags or ()})
    some = [one for one in articles if "2015-01-04" < str(one.at) <= "2015-07-05"]
    n_flagged = 0
    for seed in range(10):
        days = np.random.default_rng(seed).permutation([str(one.at) for one in some]).tolist()
        drawn = [replace(one, at=day) for one, day in zip(some, days, strict=True)]
        report = drift_report(lambda drawn=drawn: drawn, taxonomy, date(2015, 7, 5))  # type: ignore[misc]
        n_flagged += bool(changed(report)) + bool(report["aliases"])
    assert len(some) > 200
    assert n_flagged <= 3


def test_page_in_arabic_has_no_other_latin_words_than_names(where: list[str], store: Store) -> None:
    assert main(["drift-report", *where, "--keep", "--weeks", "12"]) == 0
    kept = KEPT_DRIFT.of(store)
    assert kept is not None
    with reading_in("ar"):
        assert left_in_latin(page.as_page(kept.content, "/drift"), ["Ansar al-Fajr"]) == set()


def test_all_that_can_change_is_said_in_arabic() -> None:
    few = RateChange(None, None, None, None, None, None, None, beyond_chance=False, weeks=[0])
    much = replace(few, span=2, n_now=9, of_now=20, n_before=1, of_before=90, p=0.001, ratio=40.0, beyond_chance=True)
    alias = AliasChange(**vars(much), tag="a", label="A", alias="A.", what="jumped", articles=[])
    near = AliasOfTag("a", "A", "A.")
    name = RisingName(
        "X", ["Y"], 9, 20, 1, 90, 9.0, "2026-01-05", [], near, [TagOfArticles("a", "A", 2, 9, 0.1)], [], ""
    )
    shift = ScoreShift(True, 1, 9, 90, 0.4, 0.001, beyond_chance=True, new_models=["2"])
    said = [change_in_words, rise_in_words, related_tags, alias_in_words, scores_in_words]
    with reading_in("ar"):
        for say, row in zip(said, (much, name, name, alias, shift), strict=True):
            words = say(row)  # type: ignore[operator]
            assert left_in_latin(f"<p>{words}</p>") == set(), words
