"""The data report: planted faults are found and named, a clean corpus has none, and the page is safe to open."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree, html

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Alias, Kind, Tag, Taxonomy
from classifier.reports.data import figures, page
from classifier.reports.data.records import KINDS, DataReport
from classifier.reports.json_form import to_json
from classifier.training.settings import FitSettings
from tests.latin import left_in_latin, reading_in


class Report(dict[str, Any]):
    """A data report as JSON, with the report itself."""

    def __init__(self, made: DataReport) -> None:
        super().__init__(to_json(made))
        self.made = made


def data_report(*corpus: Any, **options: Any) -> Report:
    return Report(figures.data_report(*corpus, **options))


def as_text(report: Report) -> str:
    return page.as_text(report.made)


def as_page(report: Report, here: str | None = None) -> str:
    return page.as_page(report.made, here)


TOPICS = ("alpha", "beta", "gamma")
FORMS = ("news", "feature")
KINDS_OF_TAGS = {"theme": Kind(), "form": Kind(exclusive=True, label_is_alias=False)}
BIO = "Jane Roe is a senior analyst who covers the region for the paper."
OFFER = "Mugs and calendars for the new season are on sale in our shop."
EVIL = """</title><script>alert("1")</script> & 'so on' <b onclick=x>"""
SETTINGS = FitSettings(n_jobs=1)


def taxonomy_with(*more: str) -> Taxonomy:
    tags = [Tag(topic, topic.title(), aliases=(Alias(topic.title()),)) for topic in (*TOPICS, *more)]
    return Taxonomy((*tags, *(Tag(form, form, kind="form") for form in FORMS)), KINDS_OF_TAGS)


def written(number: int) -> Article:
    """Return an article on one topic in one form, of words that are drawn: no two have a sentence in common."""
    draw = np.random.default_rng(number)
    topic, form = TOPICS[number % 3], FORMS[number // 3 % 2]
    pools = [[f"{name}{chr(97 + a)}{chr(97 + b)}" for a in range(6) for b in range(5)] for name in (topic[:3], form)]
    pools.append([f"word{chr(97 + a)}{chr(97 + b)}" for a in range(20) for b in range(20)])
    words = [pools[draw.choice(3, p=(0.3, 0.3, 0.4))] for _ in range(70)]
    text = [str(draw.choice(pool)) for pool in words]
    sentences = [" ".join(text[start : start + 10]).capitalize() + "." for start in range(0, 70, 10)]
    sentences[0] = f"{topic.title()} {sentences[0]}"
    title = " ".join(draw.permutation(text)[:5].tolist())
    date = f"{2015 + number % 8}-0{1 + number % 9}-15"
    body = f"{' '.join(sentences[:4])}\n{' '.join(sentences[4:])}"
    return Article(f"n-{number:03}", title, body, tags=(topic, form), published_at=date)


CLEAN = [written(number) for number in range(120)]


def swapped(article: Article) -> Article:
    return replace(article, tags=("beta", *(article.tags or ())[1:]))


def planted() -> list[Article]:
    """Return the clean corpus with one fault of each sort."""
    articles = list(CLEAN)
    for number in (0, 30, 60):  # of alpha
        articles[number] = swapped(articles[number])
    for number in range(1, 76, 3):  # of beta
        articles[number] = replace(articles[number], body=f"{articles[number].body}\n{BIO}")
    for number in range(2, 80, 3):  # of gamma
        body = f"{OFFER}\n{articles[number].body}"
        articles[number] = replace(articles[number], body=body, tags=(*(articles[number].tags or ()), "delta"))
    copy = articles[12]
    articles.append(replace(copy, id="copy", body=f"{copy.body} Once more.", tags=("gamma", *(copy.tags or ())[1:])))
    articles[15] = replace(articles[15], tags=(*(articles[15].tags or ()), "rare"))
    articles[18] = replace(articles[18], tags=(*(articles[18].tags or ()), "alfa"))
    articles[21] = replace(articles[21], tags=("alpha", "news", "feature"), title=EVIL)
    articles[24] = replace(articles[24], published_at=None)
    articles.append(replace(written(200), id="untagged", tags=()))
    articles.append(replace(articles[27], title="The same id again"))
    articles.append(Article("wordless", tags=("alpha",), published_at="2020-01-01"))
    return articles


@pytest.fixture(scope="module")
def report() -> Report:
    return data_report(planted(), taxonomy_with("delta", "rare"), settings=SETTINGS)


@pytest.fixture(scope="module")
def clean() -> Report:
    return data_report(CLEAN, taxonomy_with(), settings=SETTINGS)


def found(report: Report, name: str) -> dict[str, Any]:
    return next(finding for finding in report["findings"] if finding["finding"] == name)


def rows(report: Report, name: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = found(report, name)["rows"]
    return listed


def test_clean_corpus_has_no_finding(clean: Report) -> None:
    assert {finding["finding"]: finding["rows"] for finding in clean["findings"] if finding["n"]} == {}
    assert clean["not_checked"] == []
    assert {finding["finding"] for finding in clean["findings"]} == set(KINDS)
    assert clean["shared_sequences"]["share"] < 0.001
    assert "nothing found: labels that are likely wrong; " in as_text(clean)


def test_flipped_labels_stand_at_the_top(report: Report) -> None:
    flipped = {(f"n-{n:03}", tag) for n in (0, 30, 60) for tag in ("alpha", "beta")}
    top = rows(report, "suspect_labels")[:11]
    assert flipped <= {(row["article"], row["tag"]) for row in top}
    forgotten = next(row for row in top if row["article"] == "n-030" and row["tag"] == "alpha")
    assert not forgotten["given"]
    assert forgotten["score"] > 0.5
    assert forgotten["named"] == "first sentence"
    assert any(word.startswith("alp") for word in forgotten["words"])
    assert forgotten["title"] == CLEAN[30].title
    doubtful = next(row for row in top if row["article"] == "n-030" and row["tag"] == "beta")
    assert doubtful["given"]
    assert doubtful["named"] == "nowhere"


def test_repeated_blocks_are_found_with_the_tags_that_lean_on_them(report: Report) -> None:
    blocks = {row["text"]: row for row in rows(report, "repeated_blocks")}
    assert set(blocks) == {BIO, OFFER}
    assert blocks[BIO]["left_out"]
    assert blocks[BIO]["articles"]["n"] == 25
    assert blocks[BIO]["articles"]["ids"][:2] == ["n-001", "n-004"]
    assert [one["tag"] for one in blocks[BIO]["leaning"]] == ["beta"]
    assert blocks[BIO]["leaning"][0]["weight"] == 0.0  # furniture weighs nothing
    assert not blocks[OFFER]["left_out"]
    assert [one["tag"] for one in blocks[OFFER]["leaning"]] == ["delta", "gamma"]
    assert blocks[OFFER]["leaning"][0]["share"] == 1.0
    assert blocks[OFFER]["leaning"][0]["weight"] > 0.1


def test_near_duplicates_and_their_different_tags_are_found(report: Report) -> None:
    groups = [row["articles"]["ids"] for row in rows(report, "near_duplicates")]
    assert groups == [["copy", "n-012"]]
    [differ] = rows(report, "duplicates_differ")
    assert differ["tags"] == ["alpha", "gamma"]
    assert found(report, "duplicates_differ")["articles"] == {"n": 2, "ids": ["copy", "n-012"]}


def test_tag_with_one_example_is_found(report: Report) -> None:
    few = {row["tag"]: row for row in rows(report, "few_examples")}
    assert set(few) == {"rare"}
    assert few["rare"]["positives"] == 1
    assert few["rare"]["articles"] == {"n": 1, "ids": ["n-015"]}


def test_tags_without_known_negatives_are_found() -> None:
    articles = [replace(article, tags_complete=False) for article in CLEAN[:30]]
    report = data_report(articles, taxonomy_with(), settings=SETTINGS)
    few = [(row["tag"], row["positives"], row["negatives"]) for row in rows(report, "few_examples")]
    assert few == [("feature", 15, 0), ("news", 15, 0), ("alpha", 10, 0), ("beta", 10, 0), ("gamma", 10, 0)]
    assert "No tag is known to be wrong" in report["not_checked"][0]["reason"]


def test_unknown_tag_is_found_with_the_nearest(report: Report) -> None:
    [row] = rows(report, "unknown_tags")
    assert row == {"tag": "alfa", "nearest": ["alpha"], "articles": {"n": 1, "ids": ["n-018"]}}


def test_unknown_tag_that_is_an_alias_leads_to_its_tag() -> None:
    taxonomy = Taxonomy((Tag("islamic-state", "Islamic State", aliases=(Alias("Daesh"), Alias("ISIS"))),))
    articles = [replace(CLEAN[0], tags=("isis", "zzzzzz"))]
    nearest = {row["tag"]: row["nearest"] for row in rows(data_report(articles, taxonomy), "unknown_tags")}
    assert nearest == {"isis": ["islamic-state"], "zzzzzz": []}


def test_two_tags_of_an_exclusive_kind_are_found(report: Report) -> None:
    [row] = rows(report, "exclusive_conflicts")
    assert (row["article"], row["kind"], row["tags"]) == ("n-021", "form", ["news", "feature"])


def test_overlapping_tags_are_found(report: Report) -> None:
    [row] = rows(report, "overlapping_tags")
    assert (row["tag"], row["other"]) == ("delta", "gamma")
    assert row["within"] == 1.0
    assert row["jaccard"] == pytest.approx(26 / 41)
    assert row["articles"]["n"] == 26


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("untagged", ["untagged"]),
        ("undated", ["n-024"]),
        ("repeated_ids", ["n-027"]),
        ("empty", ["wordless"]),
    ],
)
def test_single_articles_are_found(report: Report, name: str, ids: list[str]) -> None:
    assert [row["article"] for row in rows(report, name)] == ids
    assert found(report, name)["articles"] == {"n": len(ids), "ids": ids}


def test_templates_are_found() -> None:
    template = " ".join(f"thing{chr(97 + n)}" for n in range(20))
    articles = [replace(CLEAN[n], body=f"{template} {CLEAN[n].body[:200]}") for n in range(30)]
    report = data_report(articles, taxonomy_with(), settings=SETTINGS)
    assert found(report, "shared_sequences")["n"] == 30
    assert report["shared_sequences"]["high"] is False  # few different sequences, though they are in every article
    assert report["shared_sequences"]["in_two_stories"] == 16 + 3  # and three that lead to the name of the topic
    assert rows(report, "shared_sequences")[0]["share"] > 0.3


def test_every_finding_says_how_many_articles_and_what_to_do(report: Report) -> None:
    for finding in report["findings"]:
        assert finding["next"] and finding["what"]
        assert len(finding["articles"]["ids"]) == min(5, finding["articles"]["n"])
        assert len(finding["rows"]) <= finding["n"]


def test_counts_add_up(report: Report) -> None:
    counts = report["counts"]
    assert report["n_articles"] == 123
    assert sum(one["articles"] for one in counts["years"]) == 123
    assert sum(one["articles"] for one in counts["words"]["bins"]) == 123
    tags = {tag["tag"]: tag for tag in counts["tags"]}
    assert all(tag["positives"] + tag["negatives"] + tag["unknown"] == 123 for tag in tags.values())
    assert tags["delta"]["positives"] == 26
    kinds = {kind["kind"]: kind for kind in counts["kinds"]}
    assert (kinds["theme"]["tags"], kinds["form"]["used"]) == (5, 2)


def test_report_is_plain_json(report: Report) -> None:
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_report_is_the_same_twice_and_in_any_order(report: Report) -> None:
    articles = planted()
    shuffled = [articles[i] for i in np.random.default_rng(3).permutation(len(articles))]
    assert data_report(shuffled, taxonomy_with("delta", "rare"), settings=SETTINGS) == report


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(st.permutations([*planted()[-6:], replace(CLEAN[0], id="n-119"), Article("x")]))
def test_order_does_not_matter(articles: list[Article]) -> None:
    taxonomy = taxonomy_with("delta", "rare")
    assert data_report(articles, taxonomy) == data_report(reversed(articles), taxonomy)


@pytest.mark.parametrize("articles", [[], CLEAN[:5]], ids=["none", "five"])
def test_too_few_articles_are_reported_without_a_model(articles: list[Article]) -> None:
    report = data_report(articles, None)
    assert "are too few to learn from" in report["not_checked"][0]["reason"]
    assert report["cross_validation"] is None
    assert report["n_articles"] == len(articles)
    assert "not checked: Labels that are likely wrong" in as_text(report)
    assert "not checked" in as_page(report)


def test_without_a_taxonomy_the_tags_are_those_of_the_articles() -> None:
    report = data_report(CLEAN[:30], None, settings=SETTINGS)
    assert [tag["tag"] for tag in report["counts"]["tags"]] == sorted((*TOPICS, *FORMS))


def test_long_work_shows_progress() -> None:
    seen: list[str] = []

    def track(things: Iterable[Any], total: int, what: str) -> Iterable[Any]:
        seen.append(what)
        return things

    data_report(CLEAN[:30], taxonomy_with(), track, SETTINGS)
    assert {"reading for copies", "reading articles", "doubtful labels"} <= set(seen)


def test_archive_is_judged_in_parts(monkeypatch: pytest.MonkeyPatch, report: Report) -> None:
    monkeypatch.setattr("classifier.reports.data.doubts.MAX_PAIRS", 60 * len(report["counts"]["tags"]))
    in_parts = data_report(planted(), taxonomy_with("delta", "rare"), settings=SETTINGS)
    flipped = {(f"n-{n:03}", "beta") for n in (0, 30, 60)}
    assert flipped <= {(row["article"], row["tag"]) for row in rows(in_parts, "suspect_labels")}


# --- text and page ----------------------------------------------------------------------------------------------


def test_text_names_findings_articles_and_next_steps(report: Report) -> None:
    text = as_text(report)
    assert "Tags that the taxonomy does not have: 1 (1 article)" in text
    assert "  - alfa; nearest in the taxonomy: alpha; articles: 1: n-018" in text
    assert KINDS["repeated_blocks"].next in text
    assert text.count("\n") < 200


def test_page_is_well_formed_and_needs_nothing_else(report: Report) -> None:
    page = as_page(report)
    parser = etree.HTMLParser(recover=False)
    tree = etree.fromstring(page, parser)
    errors = [error.message for error in parser.error_log if "invalid" not in error.message]  # libxml2 knows no <main>
    assert errors == []
    assert tree.findall(".//script") == []
    assert (
        tree.xpath("//@src | //@href[not(starts-with(., '#'))] | //link | //iframe | //@*[starts-with(name(), 'on')]")
        == []
    )
    assert "url(" not in page
    assert "@import" not in page
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in tree.xpath("//nav//@href")} <= set(ids)
    assert len(tree.findall(".//svg")) >= 4
    assert tree.xpath("//meta[@name='viewport']")
    assert "prefers-color-scheme: dark" in page


def test_page_escapes_titles(report: Report) -> None:
    page = as_page(report)
    assert "<script" not in page
    assert "<b onclick" not in page
    shown = [cell.text_content() for cell in html.document_fromstring(page).xpath("//td[@data-label='title']")]
    assert EVIL in shown


def test_titles_are_quoted_on_one_line_and_bodies_not_at_all() -> None:
    articles = [replace(CLEAN[0], title="One\nline\x07, and " + "long " * 100, tags=(), published_at=None)]
    report = data_report(articles, taxonomy_with())
    title = rows(report, "undated")[0]["title"]
    assert title.startswith("One line , and long")
    assert len(title) == 200
    everything = json.dumps(report) + as_text(report) + as_page(report)
    assert CLEAN[0].body[:40] not in everything


def test_page_in_arabic_has_no_other_latin_words_than_names(report: Report, clean: Report) -> None:
    too_few = data_report(CLEAN[:5], taxonomy_with())
    for made in (report, clean, too_few):
        names = [tag["tag"] for tag in made["counts"]["tags"]] + [tag["label"] for tag in made["counts"]["tags"]]
        with reading_in("ar"):
            assert left_in_latin(as_page(made, "/data"), [*names, *FORMS, "form"]) == set()
    assert KINDS["empty"].title in as_page(report)
