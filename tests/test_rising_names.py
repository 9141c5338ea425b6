"""Rising names: a name that is planted in an archive is found with its articles, however it is written; old names are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.domain.articles import Article, read_articles
from classifier.domain.decisions import Filed
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.reports.drift.rising import RisingNames, Text, Texts
from classifier.reports.json_form import to_json
from tests.conftest import EVAL_DATA, STARTER, needs_eval_data

Row = dict[str, Any]
TODAY = date(2025, 11, 30)
TITLES = (
    "Convoy hit",
    "Depot burns",
    "Two held over ambush",
    "Border post falls",
    "Market closed",
    "Patrol finds arms",
)
SENTENCES = (
    "Gunmen of {name} struck a convoy near the border on Monday.",
    "The attack was claimed by {name} in a short statement.",
    "Police blamed {name}, of which little is known.",
    "Witnesses said the men called themselves {name}.",
    "A flag of {name} was found in the ashes.",
    "Officials fear that {name} is moving north.",
)


@pytest.fixture(scope="module")
def whole() -> Taxonomy:
    return read_taxonomy(STARTER / "taxonomy.yaml")


@pytest.fixture(scope="module")
def archive() -> list[Filed]:
    """Every fourth starter article up to today."""
    articles = list(read_articles(sorted((STARTER / "articles").glob("*.jsonl"))))[::4]
    return [Filed(one, one.published_at) for one in articles if str(one.published_at)[:10] <= TODAY.isoformat()]


def planted(sentences: Sequence[str], today: date = TODAY, titles: Sequence[str] = TITLES) -> list[Filed]:
    """Return an article for each sentence, one a day up to today."""
    days = [(today - timedelta(days=number % 7)).isoformat() for number in range(len(sentences))]
    articles = [
        Article(f"p-{number}", title, f"{sentence} Nobody was hurt, and the road is open again.", published_at=day)
        for number, (sentence, title, day) in enumerate(zip(sentences, titles, days, strict=True))
    ]
    return [Filed(one, one.published_at) for one in articles]


def with_name(name: str) -> list[str]:
    return [sentence.format(name=name) for sentence in SENTENCES]


_texts: dict[str, Texts] = {}  # by the version of the taxonomy: they take a while to make
_read: dict[tuple[str, int], Text] = {}  # by that and the id of what they keep: an article of the archive is read once


def read(filed: Filed, taxonomy: Taxonomy) -> Text:
    if taxonomy.version not in _texts:
        _texts[taxonomy.version] = Texts(taxonomy)
    return _read.setdefault((taxonomy.version, id(filed)), _texts[taxonomy.version].of(filed))


def rising(archive: list[Filed], taxonomy: Taxonomy, today: date = TODAY) -> list[Row]:
    names = RisingNames(taxonomy, today)
    articles = [read(filed, taxonomy) for filed in archive]
    for article in articles:
        names.collect(article)
    names.settle()
    for article in articles:
        names.count(article)
    rows: list[Row] = to_json(names.rows())
    return rows


def ids(row: Row) -> list[str]:
    return sorted(one["article"] for one in row["articles"])


ALL_SIX = [f"p-{number}" for number in range(6)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "Tahrirak",
        "Ansar al-Fajr",
        "Liwa Saqr al-Jabal",
        "Sons of the Red Dune",
        "Front de Libération du Kanem",
        "Brigade 313 of Zuwara",
        "AFKJ",
        "Daesh-Zuwara",
    ],
)
def test_new_name_in_six_articles_of_seven_days_is_listed_with_them(
    name: str, archive: list[Filed], whole: Taxonomy
) -> None:
    rows = rising(archive + planted(with_name(name)), whole)
    assert rows[0]["name"] == name
    assert ids(rows[0]) == ALL_SIX
    assert (rows[0]["n_now"], rows[0]["n_before"], rows[0]["first_seen"]) == (6, 0, "2025-11-25")
    assert rows[0]["articles"][0] == {"article": "p-0", "title": "Convoy hit", "date": "2025-11-30"}


def test_name_in_the_middle_of_the_archive_is_listed_in_its_week(archive: list[Filed], whole: Taxonomy) -> None:
    day = date(2019, 5, 5)
    rows = rising(archive + planted(with_name("Ansar al-Fajr"), day), whole, day)
    assert (rows[0]["name"], ids(rows[0])) == ("Ansar al-Fajr", ALL_SIX)


def test_abbreviation_in_brackets_is_a_form_of_its_name(archive: list[Filed], whole: Taxonomy) -> None:
    sentences = with_name("Harakat Nur al-Jabal (HNJ)")[:3] + with_name("HNJ")[3:]
    (row,) = rising(archive + planted(sentences), whole)
    assert (row["name"], row["variants"], ids(row)) == ("Harakat Nur al-Jabal", ["HNJ"], ALL_SIX)


def test_all_ways_of_writing_one_name_are_one_row(archive: list[Filed], whole: Taxonomy) -> None:
    sentences = [
        "Ansar al-Fajr's men came at dawn.",  # a sentence begins with it; possessive
        "The town fears Ansar al-Fajr’s revenge.",
        "ANSAR AL-FAJR CLAIMS THE BOMBING, SAYS ITS SPEAKER.",
        "It was the work of Ansar al Fajr, he said.",
        "Ansar Al-Fajr has denied it.",
        "A post was taken overnight. Nothing more is known.",
    ]
    titles = (*TITLES[:5], "ANSAR AL-FAJR TAKES BORDER POST")
    (row,) = rising(archive + planted(sentences, titles=titles), whole)
    assert (row["name"], ids(row)) == ("Ansar al-Fajr", ALL_SIX)


@pytest.mark.slow
def test_name_that_always_begins_a_sentence_is_listed(archive: list[Filed], whole: Taxonomy) -> None:
    (row,) = rising(archive + planted(["Tahrirak said that it was behind it."] * 6), whole)
    assert (row["name"], ids(row)) == ("Tahrirak", ALL_SIX)


def test_word_that_only_begins_sentences_is_no_name(archive: list[Filed], whole: Taxonomy) -> None:
    sentences = [
        f"Nightly {what} keep people awake." for what in ("raids", "flares", "drones", "horns", "dogs", "fires")
    ]
    assert rising(archive + planted(sentences), whole) == []


def test_headline_in_title_case_gives_no_names(archive: list[Filed], whole: Taxonomy) -> None:
    titles = [f"Blue Sandstorm Shuts {place} Airport Again" for place in ("One", "Two", "Three", "Four", "Five", "Six")]
    assert rising(archive + planted(["The blue sandstorm has passed."] * 6, titles=titles), whole) == []


@pytest.mark.slow
def test_name_of_a_tag_is_not_listed_however_it_is_written(archive: list[Filed], whole: Taxonomy) -> None:
    for name in ("Boko Haram", "Boko-Haram", "BOKO HARAM", "al Shabab", "Afghanistan's Taliban"):
        assert rising(archive + planted(with_name(name)), whole) == [], name


def test_other_spelling_of_a_tag_says_so(archive: list[Filed], whole: Taxonomy) -> None:
    known = {alias.text for tag in whole.tags for alias in tag.aliases}
    assert "Buku Haram" not in known
    (row,) = rising(archive + planted(with_name("Buku Haram")), whole)
    assert (row["name"], row["spelling_of"]["tag"]) == ("Buku Haram", "boko-haram")


def test_name_that_was_as_frequent_before_is_not_listed(whole: Taxonomy) -> None:
    weeks = [planted(with_name("Ansar al-Fajr"), TODAY - timedelta(weeks=week)) for week in range(12)]
    articles = [
        replace(one, article=replace(one.article, id=f"{week}-{one.article.id}"))
        for week, ones in enumerate(weeks)
        for one in ones
    ]
    assert rising(articles, whole) == []


def test_nearest_tags_are_those_of_the_articles(archive: list[Filed], whole: Taxonomy) -> None:
    articles = planted(with_name("Ansar al-Fajr"))
    tagged = [replace(one, article=replace(one.article, tags=("libya", "attack"))) for one in articles[:4]]
    suggested = [replace(one, suggested={"libya": 0.8}) for one in articles[4:5]]
    blind = [replace(articles[5], suggested={"libya": 0.9}, blind=True)]
    (row,) = rising(archive + tagged + suggested + blind, whole)
    nearest = {one["tag"]: one["n"] for one in row["nearest"]}
    assert row["nearest"][0]["tag"] == "libya"
    assert nearest["libya"] == 5  # nobody may see yet what is suggested for a blind article


@pytest.mark.slow
def test_pasted_stub_is_a_sound_tag_that_covers_the_name(archive: list[Filed], tmp_path: Path) -> None:
    articles = archive + planted([*with_name("Harakat Nur al-Jabal (HNJ)")[:3], *with_name("HNJ")[3:]])
    (row,) = rising(articles, read_taxonomy(STARTER / "taxonomy.yaml"))
    pasted = tmp_path / "taxonomy.yaml"
    text = (STARTER / "taxonomy.yaml").read_text(encoding="utf-8")
    pasted.write_text(f"{text.rstrip()}\n{row['stub']}", encoding="utf-8")
    taxonomy = read_taxonomy(pasted)
    assert taxonomy.tag("harakat-nur-al-jabal").created == TODAY.isoformat()
    assert rising(articles, taxonomy) == []


def test_stub_does_not_take_the_id_of_a_tag(archive: list[Filed]) -> None:
    taxonomy = taxonomy_of(["ansar-al-fajr"])
    taxonomy = Taxonomy((replace(taxonomy.tags[0], label="Something else", aliases=()),), taxonomy.kinds)
    row = rising(archive + planted(with_name("Ansar al-Fajr")), taxonomy)[0]
    (tag,) = yaml.safe_load(row["stub"])
    assert (tag["id"], tag["kind"]) == ("ansar-al-fajr-2", "theme")


def test_order_of_the_articles_does_not_matter(archive: list[Filed], whole: Taxonomy) -> None:
    articles = archive[-300:] + planted(with_name("Ansar al-Fajr (AF)"))
    assert rising(articles, whole) == rising(articles[::-1], whole)


def test_articles_without_a_date_and_of_later_days_count_nowhere(archive: list[Filed], whole: Taxonomy) -> None:
    articles = planted(with_name("Ansar al-Fajr"))
    undated = [replace(one, at=None) for one in articles]
    later = [replace(one, at="2025-12-01") for one in articles]
    assert rising(archive + undated, whole) == []
    assert rising(archive + later, whole) == []


def test_day_of_an_article_is_that_of_utc(archive: list[Filed], whole: Taxonomy) -> None:
    articles = [replace(one, at="2025-12-01T01:30:00+03:00") for one in planted(with_name("Ansar al-Fajr"))]
    (row,) = rising(archive + articles, whole)
    assert {one["date"] for one in row["articles"]} == {"2025-11-30"}


def test_titles_hold_no_controls_of_direction(archive: list[Filed], whole: Taxonomy) -> None:
    titles = [f"{title}\u202e reversed\u2066" for title in TITLES]
    (row,) = rising(archive + planted(with_name("Ansar al-Fajr"), titles=titles), whole)
    assert row["articles"][0]["title"] == "Convoy hit reversed"


WORDS = st.sampled_from(["Zuwar", "Kanem", "Tibu", "Fezzan", "Nafura", "Sirran", "Wadaj", "Murzak"])


@given(st.lists(WORDS, min_size=1, max_size=4, unique=True), st.sampled_from([" ", "-", " al-", " of "]))
@settings(max_examples=25, deadline=None)
def test_any_capitalised_name_is_listed(words: list[str], joint: str) -> None:
    background = [
        Filed(
            Article(f"b-{number}", "Rain", "Rain fell on the hills, and the road was closed."),
            f"2025-10-{1 + number % 28:02}",
        )
        for number in range(60)
    ]
    name = joint.join(words)
    rows = rising(background + planted(with_name(name)), taxonomy_of(["weather"]))
    assert [(row["name"], ids(row)) for row in rows] == [(name, ALL_SIX)]


@pytest.mark.slow
@needs_eval_data
def test_real_archive_without_a_planted_name_lists_few() -> None:
    files = [EVAL_DATA / "digitalgov" / f"{part}.jsonl.gz" for part in ("train", "test")]
    articles = [Filed(one, one.published_at) for one in read_articles(files)]
    taxonomy = taxonomy_of({tag for one in articles for tag in one.article.tags or ()})
    days = [date(2014, 1, 5) + timedelta(weeks=13 * quarter) for quarter in range(8)]
    found = {
        day: rising([one for one in articles if str(one.at)[:10] <= day.isoformat()], taxonomy, day) for day in days
    }
    assert sum(map(len, found.values())) <= 3, {day: [row["name"] for row in rows] for day, rows in found.items()}
    day = days[6]
    hit = rising([*articles, *planted(with_name("Ansar al-Fajr"), day)], taxonomy, day)
    assert (hit[0]["name"], ids(hit[0])) == ("Ansar al-Fajr", ALL_SIX)
