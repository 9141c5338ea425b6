"""What the data report says of tags over time: planted changes are found, and bursts, drift and chance are not."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from math import comb
from pathlib import Path

import numpy as np
import pytest
from lxml import html

from classifier.commands import main
from classifier.domain.articles import Article, read_articles
from classifier.domain.progress import untracked
from classifier.domain.starter import starter_files, starter_ids
from classifier.domain.taxonomy import Tag, Taxonomy, taxonomy_of
from classifier.reports.data import figures, page
from classifier.reports.data.changes import gap_by_chance, halves_differ, in_blocks, likeness, steps_of_rate
from classifier.reports.data.copies import find_copies
from classifier.reports.data.corpus import Corpus
from classifier.reports.data.over_time import over_time
from classifier.reports.data.periods import in_periods, unit_for
from classifier.reports.data.records import KINDS, DataReport, Finding, Found, NotChecked, Share, SharePart
from classifier.reports.json_form import to_json
from classifier.training.settings import FitSettings
from tests.latin import left_in_latin, reading_in

N = 640
FAST = FitSettings(fast=True, n_jobs=1)
EVIL = """<b onclick=x>&"'</b>"""
CHANGES = ("began", "ended", "changed_share", "changed_meaning")
POOLS = {name: [f"{name}{chr(97 + a)}{chr(97 + b)}" for a in range(5) for b in range(6)] for name in "pqrstuvwxyz"}


def day(number: int) -> str:
    return (date(2022, 1, 3) + timedelta(days=number)).isoformat()


def written(number: int) -> Article:
    """Return an article of an archive whose language changes half-way, with tags of which five change at some time."""
    draws, time = random.Random(number), number / N
    chances = {
        "steady": 0.3,
        "new": 0.15 if time > 0.6 else 0,
        EVIL: 0.2 if time < 0.5 else 0,
        "instead": 0.2 if time > 0.5 else 0,
        "more": 0.3 if time > 0.7 else 0.08,
        "moved": 0.25,
    }
    tags = [tag for tag, chance in chances.items() if draws.random() < chance]
    pools = {"steady": "p", "new": "q", EVIL: "r", "instead": "r", "more": "s", "moved": "t" if time < 0.5 else "u"}
    words = draws.sample(POOLS["v" if time < 0.5 else "w"], 12) + draws.sample(POOLS["x"], 8)
    for tag in tags:
        words += draws.sample(POOLS[pools[tag]], 8)
    draws.shuffle(words)
    return Article(f"n-{number:03}", f"{EVIL} {words[0]}", " ".join(words), tags=tuple(tags), published_at=day(number))


ARCHIVE = [written(number) for number in range(N)]
TAXONOMY = taxonomy_of(tag for article in ARCHIVE for tag in article.tags or ())


def found_in(
    articles: Sequence[Article], taxonomy: Taxonomy = TAXONOMY, timeless: Sequence[str] = ()
) -> dict[str, Found]:
    corpus = Corpus(articles, taxonomy, timeless)
    changes = over_time(corpus, find_copies(corpus, untracked), untracked)
    assert not isinstance(changes, NotChecked)
    return changes


def why_not(articles: Sequence[Article], timeless: Sequence[str] = ()) -> str:
    corpus = Corpus(articles, TAXONOMY, timeless)
    changes = over_time(corpus, find_copies(corpus, untracked), untracked)
    assert isinstance(changes, NotChecked)
    return changes.reason


def tags_of(found: Found) -> set[object]:
    return {row["tag"] for row in found.rows}


def with_dates(dates: Sequence[str | None]) -> list[Article]:
    return [replace(article, published_at=date) for article, date in zip(ARCHIVE, dates, strict=True)]


@pytest.fixture(scope="module")
def changes() -> dict[str, Found]:
    return found_in(ARCHIVE)


def test_planted_changes_are_found_and_nothing_else(changes: dict[str, Found]) -> None:
    assert {name: tags_of(found) for name, found in changes.items()} == {
        "began": {"new", "instead"},
        "ended": {EVIL},
        "changed_share": {"more"},
        "changed_meaning": {"moved"},
    }


def test_a_tag_that_began_has_its_first_article_and_its_share_since(changes: dict[str, Found]) -> None:
    row = next(row for row in changes["began"].rows if row["tag"] == "new")
    having = [article for article in ARCHIVE if "new" in (article.tags or ())]
    assert row["first"] == having[0].published_at
    assert row["before"] == ARCHIVE.index(having[0])
    assert row["share"] == Share(len(having), N - ARCHIVE.index(having[0]))


def test_a_tag_that_ended_has_the_tag_that_may_replace_it(changes: dict[str, Found]) -> None:
    [row] = changes["ended"].rows
    assert row["instead"] == ["instead"]
    assert row["last"] == max(str(article.published_at) for article in ARCHIVE if EVIL in (article.tags or ()))


def test_a_changed_share_says_when_and_from_what_to_what(changes: dict[str, Found]) -> None:
    [row] = changes["changed_share"].rows
    steps = row["steps"]
    assert isinstance(steps, list)
    assert len(steps) == 2
    assert abs((date.fromisoformat(steps[1].start) - date.fromisoformat(day(int(0.7 * N)))).days) <= N // 16
    assert steps[0].n / steps[0].of < 0.15
    assert steps[1].n / steps[1].of > 0.2
    assert sum(step.of for step in steps) == N


def test_a_changed_meaning_names_its_words_and_articles_but_not_those_of_the_whole_archive(
    changes: dict[str, Found],
) -> None:
    [row] = changes["changed_meaning"].rows
    went, came, before, after = (row[name] for name in ("went", "came", "before", "after"))
    assert isinstance(went, list) and isinstance(came, list) and isinstance(before, list) and isinstance(after, list)
    assert went and {change.word[0] for change in went} == {"t"}
    assert came and {change.word[0] for change in came} == {"u"}
    assert row["alike"] == pytest.approx(0.0, abs=0.2)
    assert max(article.date for article in before) <= str(row["until"]) < min(article.date for article in after)


def test_articles_in_another_order_of_time_have_changed_nothing() -> None:
    dates = [article.published_at for article in ARCHIVE]
    shuffled = [dates[n] for n in np.random.default_rng(1).permutation(N)]
    assert {name: found.n for name, found in found_in(with_dates(shuffled)).items()} == dict.fromkeys(CHANGES, 0)


def test_the_order_of_the_file_does_not_matter(changes: dict[str, Found]) -> None:
    assert to_json(found_in(ARCHIVE[::-1])) == to_json(changes)


def test_a_tag_with_a_day_of_creation_did_not_begin_and_a_retired_one_did_not_end() -> None:
    tags = {tag.id: tag for tag in TAXONOMY.tags}
    tags["new"] = replace(tags["new"], created=day(int(0.6 * N)))
    tags[EVIL] = replace(tags[EVIL], status="retired")
    changes = found_in(ARCHIVE, Taxonomy(tuple(tags.values()), TAXONOMY.kinds))
    assert tags_of(changes["began"]) == {"instead"}
    assert tags_of(changes["ended"]) == set()


def test_articles_of_which_only_some_tags_are_known_do_not_count() -> None:
    late = [replace(article, id=f"m-{n}", tags=("steady",), tags_complete=False) for n, article in enumerate(ARCHIVE)]
    assert tags_of(found_in([*ARCHIVE, *late[N // 2 :]])["changed_share"]) == {"more"}


def test_without_dates_the_report_says_so() -> None:
    assert why_not(with_dates([None] * N)) == "No article with complete tags has a date."
    few = with_dates([*[day(n) for n in range(50)], *[None] * (N - 50)])
    assert why_not(few).startswith("50 articles with complete tags have a date, of 50 different days")
    assert "of 3 different days" in why_not(with_dates([day(n % 3) for n in range(N)]))


def test_invented_dates_do_not_count() -> None:
    reason = why_not(ARCHIVE, [article.id for article in ARCHIVE])
    assert reason.startswith("The dates of the starter articles are invented and do not count. No other article")
    starter = [replace(article, id=f"s-{n}", tags=("steady",)) for n, article in enumerate(ARCHIVE[N // 2 :])]
    changes = found_in([*ARCHIVE, *starter], timeless=[article.id for article in starter])
    assert tags_of(changes["changed_share"]) == {"more"}


def test_starter_articles_are_known_in_any_file() -> None:
    starter = list(read_articles(starter_files()[:1]))
    own = replace(starter[0], body="Another text under the same id.")
    assert starter_ids([*starter[1:], own, *ARCHIVE]) == {article.id for article in starter[1:]}


# --- the tests ---


def test_gap_is_as_likely_as_counting_says() -> None:
    assert gap_by_chance(8, 3, 5) == 1 / comb(8, 3)
    assert gap_by_chance(8, 3, 6) == 0.0
    assert gap_by_chance(8, 3, 0) == 1.0


def test_articles_of_one_day_are_in_one_block() -> None:
    days = np.array(["2024-01-01"] * 50 + [day for day in ("2024-01-02", "2024-01-03") for _ in range(25)])
    assert in_blocks(days, 8).tolist() == [0] * 50 + [1] * 25 + [2] * 25


def test_false_alarms_are_as_rare_as_promised() -> None:
    """Articles come in bursts of ten, and a test that shuffles single articles would call nearly all of these changes."""
    draws = np.random.default_rng(0)
    of = np.full(32, 40)
    steps = [steps_of_rate(10 * draws.binomial(4, 0.1, 32), of)[1] for _ in range(120)]
    like = [draws.normal(size=(16, 30)) + draws.normal(size=30) for _ in range(120)]
    words = [halves_differ(rows @ rows.T) for rows in like]
    for ps in (steps, words):
        assert 0.01 <= np.mean(np.array(ps) <= 0.05) <= 0.1
        assert 0.4 <= np.mean(np.array(ps) <= 0.5) <= 0.6


def test_steps_are_found_where_they_are() -> None:
    events = np.array([2] * 8 + [12] * 12 + [1] * 12)
    assert steps_of_rate(events, np.full(32, 40))[0] == [8, 20]


def test_likeness_is_what_the_halves_share() -> None:
    common, first, second = np.eye(3)
    rows = np.array([common + first] * 6 + [common + second] * 6)
    assert likeness(rows @ rows.T) == pytest.approx(0.5)
    assert likeness(np.ones((12, 12))) == 1.0


@pytest.mark.parametrize(
    ("last", "name", "n"),
    [("2024-01-20", "day", 20), ("2024-06-30", "week", 26), ("2026-12-31", "month", 36), ("2033-12-31", "quarter", 40)],
)
def test_periods_are_as_short_as_a_plot_can_show(last: str, name: str, n: int) -> None:
    unit = unit_for(date(2024, 1, 1), date.fromisoformat(last))
    numbers, starts = in_periods(["2024-01-01", last], unit)
    assert (unit.name, len(starts), numbers, starts[0]) == (name, n, [0, n - 1], "2024-01-01")
    assert unit_for(date(1990, 1, 1), date(2024, 1, 1)).name == "year"


# --- the report ---


@pytest.fixture(scope="module")
def report(changes: dict[str, Found]) -> DataReport:
    corpus = Corpus(ARCHIVE, TAXONOMY)
    findings = [
        Finding(name, KINDS[name].title, KINDS[name].what, KINDS[name].next, of.n, corpus.refs(of.articles), of.rows)
        for name, of in changes.items()
    ]
    return replace(figures.data_report([], TAXONOMY), n_articles=N, findings=findings)


def test_report_over_time_is_plain_json(report: DataReport) -> None:
    plain = to_json(report)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_page_draws_each_tag_with_what_it_asks_of_the_desk(report: DataReport) -> None:
    tree = html.document_fromstring(page.as_page(report))
    for finding in report.findings:
        section = tree.get_element_by_id(finding.finding)
        assert KINDS[finding.finding].next in section.text_content()
        assert len(section.findall(".//article")) == len(section.findall(".//svg")) == finding.n
    label = tree.xpath("//*[@id='changed_share']//svg/@aria-label")[0]
    assert label.startswith("Share of the articles with more, by month, at most 4")
    assert len(tree.xpath("//*[@id='changed_share']//polyline")) == 1
    assert tree.xpath("//*[@style] | //script") == []


def test_page_and_text_escape_tags_and_titles(report: DataReport) -> None:
    made = page.as_page(report)
    assert "<b onclick" not in made
    assert EVIL in html.document_fromstring(made).get_element_by_id("ended").text_content()
    assert ARCHIVE[0].body not in made + page.as_text(report)


def test_text_says_what_changed(report: DataReport) -> None:
    text = page.as_text(report)
    assert "Tags that began: 2 (" in text
    assert "; a newer tag that reads like it: instead; " in text
    assert KINDS["changed_meaning"].next in text


def test_a_period_with_few_articles_is_pale(report: DataReport) -> None:
    [finding] = [finding for finding in report.findings if finding.finding == "changed_share"]
    periods = [SharePart(1, 1, "2022-01-01"), SharePart(3, 30, "2022-02-01")]
    odd = replace(finding, rows=[{**finding.rows[0], "periods": periods}])
    [card] = page.cards(odd, str)
    assert [(bar.pale, bar.title) for bar in card.plot.bars] == [
        (True, "Jan 2022: 100%, 1 of 1"),
        (False, "Feb 2022: 10%, 3 of 30"),
    ]


def test_data_report_has_the_changes_and_says_why_not() -> None:
    named = {finding.finding: finding for finding in figures.data_report(ARCHIVE[::5], None, settings=FAST).findings}
    assert set(CHANGES) <= set(named)
    undated = figures.data_report(with_dates([None] * N)[:40], Taxonomy((Tag("steady", "Steady"),)), settings=FAST)
    assert NotChecked("Tags over time", "No article with complete tags has a date.") in undated.not_checked
    assert not set(CHANGES) & {finding.finding for finding in undated.findings}


def test_command_leaves_the_dates_of_starter_articles_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = starter_files()[0].read_text("utf-8").splitlines()[:8]
    (tmp_path / "own.jsonl").write_text("\n".join(lines))
    assert main(["data-report", "--articles", str(tmp_path / "own.jsonl"), "--json"]) == 0
    reasons = [check["reason"] for check in json.loads(capsys.readouterr().out)["not_checked"]]
    assert any(reason.startswith("The dates of the starter articles are invented") for reason in reasons)


def test_plots_over_time_in_arabic_have_no_other_latin_words_than_names(report: DataReport) -> None:
    with reading_in("ar"):
        made = page.as_page(report, "/data")
    assert left_in_latin(made, [*TAXONOMY.by_id, "tag"]) == set()
    assert "يناير" in made
