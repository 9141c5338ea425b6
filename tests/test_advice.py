"""What helps the model most: counted by hand on errors that are made on purpose, and the page that leads on from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from flask.testing import FlaskClient
from lxml import html

from classifier.domain.articles import Article
from classifier.domain.operations import ChangeAlias
from classifier.domain.progress import untracked
from classifier.domain.taxonomy import Alias, Taxonomy
from classifier.reports.data.advice import advice
from classifier.reports.data.corpus import Corpus
from classifier.reports.data.kept import read_data_report
from classifier.reports.data.records import CandidateName, TagLacks
from classifier.reports.json_form import to_json
from classifier.store.reports import DATA
from classifier.store.store import Store
from classifier.training.fitting import Fitted, fit
from classifier.training.settings import FitSettings
from tests.data_reports import ADVICE, doubted, found, keep, report_of
from tests.test_data_page import put, signed_in

__all__ = ["signed_in"]  # a fixture
N_PLANTED = 4
NAME = "Zagros Council"


@pytest.fixture(scope="module")
def corpus(articles: list[Article], taxonomy: Taxonomy) -> Corpus:
    """The desk's articles. Four with `pakistan` say a name that no alias has, and nothing else that names the tag."""
    planted = [
        Article(
            f"z{n}",
            f"Raid {n}",
            f"Fighters of the {NAME} struck at dawn near post {n}. The road is open.",
            tags=("pakistan",),
        )
        for n in range(N_PLANTED)
    ]
    return Corpus([*articles, *planted], taxonomy)


@pytest.fixture(scope="module")
def erring(corpus: Corpus) -> Fitted:
    """A model of which on articles held out nothing is known but errors that are made on purpose."""
    fitted = fit(corpus.articles, corpus.taxonomy, FitSettings(fast=True, n_jobs=1))
    column = {tag.id: number for number, tag in enumerate(corpus.taxonomy.tags)}
    suggested = corpus.labels == 1
    planted = [row for row, article in enumerate(corpus.articles) if article.id.startswith("z")]
    suggested[planted, column["pakistan"]] = False
    suggested[planted[:3], column["taliban"]] = True  # instead of it
    suggested[np.flatnonzero(corpus.labels[:, column["iskp"]] == 0)[:2], column["iskp"]] = True
    return fitted._replace(held_out=fitted.held_out._replace(suggested=suggested, labels=corpus.labels))


def test_errors_are_counted_by_tag_with_what_helps(corpus: Corpus, erring: Fitted) -> None:
    rows = {row.tag: row for row in advice(corpus, erring, untracked).errors}
    assert list(rows) == ["pakistan", "taliban", "iskp"]
    pakistan, taliban = rows["pakistan"], rows["taliban"]
    assert (pakistan.missed, pakistan.wrong, pakistan.helps) == (4, 0, "missed")
    assert pakistan.right == pakistan.given - 4
    assert {each.title for each in pakistan.missed_on} < {f"Raid {n}" for n in range(N_PLANTED)}
    assert (taliban.missed, taliban.wrong, taliban.helps) == (0, 3, "wrong")
    assert len(taliban.wrong_on) == 3 and taliban.missed_on == []


def test_a_name_in_missed_articles_is_a_candidate_unless_an_alias_has_it(corpus: Corpus, erring: Fitted) -> None:
    assert advice(corpus, erring, untracked).names == [CandidateName("pakistan", NAME, 4, 4, 4)]
    tags = tuple(
        replace(tag, aliases=(*tag.aliases, Alias(NAME.lower()))) if tag.id == "taliban" else tag
        for tag in corpus.taxonomy.tags
    )
    known = Corpus(corpus.articles, replace(corpus.taxonomy, tags=tags))
    assert advice(known, erring, untracked).names == []


def test_a_name_that_stands_mostly_where_the_tag_is_wrong_is_none(corpus: Corpus, erring: Fitted) -> None:
    more = [Article(f"zz{n}", "", f"Envoys of the {NAME} met at noon.", tags=("iran",)) for n in range(2)]
    other = Corpus([*corpus.articles, *more], corpus.taxonomy)  # 4 of 6 have the tag, fewer than seven of ten
    held = erring.held_out
    padded = held._replace(
        suggested=np.vstack([held.suggested, other.labels[-2:] == 1]),
        labels=other.labels,
        scores=np.vstack([held.scores, held.scores[-2:]]),
    )
    assert [article.id for article in other.articles[-2:]] == ["zz0", "zz1"]
    assert advice(other, erring._replace(held_out=padded), untracked).names == []


def test_confused_tags_and_those_that_lack_articles_are_named(corpus: Corpus, erring: Fitted) -> None:
    found = advice(corpus, erring, untracked)
    assert [(row.tag, row.instead, row.n) for row in found.confused] == [("pakistan", "taliban", 3)]
    assert TagLacks("hamas", 0, 5) in found.few  # no article of the desk has it
    assert all(row.given + row.lacks == 5 for row in found.few)
    assert all(row.lacks > 0 for row in found.nearly_auto)


# --- the page ---------------------------------------------------------------------------------------------------


def test_each_piece_of_advice_leads_to_where_it_is_done(signed_in: FlaskClient, store: Store) -> None:
    put(store, "a1", "iskp")
    rows = [doubted("a1", "iskp", given=True), doubted("a2", "iskp", given=True)]
    keep(store, report_of(found(suspect_labels=rows), advice=ADVICE))
    shown = signed_in.get("/advice").text
    page = html.fromstring(shown)
    assert "2 labels are likely wrong." in shown
    links = page.xpath("//main//a/@href")
    assert {"/data#suspect_labels", "/tags/iskp", "/review?tag=kabul", "/review?tag=taliban", "/review/a1"} <= set(
        links
    )
    assert "/review?state=all&q=Zagros%20Council" in links
    assert "&lt;b&gt;Bold&lt;/b&gt;" in shown
    assert "has 3, needs 2 more" in page.xpath("//main")[0].text_content()
    token = page.xpath("//meta[@name='csrf']/@content")[0]
    signed_in.post("/data/label", data={"csrf": token, "article": "a1", "tag": "iskp", "action": "accept"})
    assert "1 label is likely wrong." in signed_in.get("/advice").text


def test_a_missing_name_goes_into_the_basket(signed_in: FlaskClient, store: Store) -> None:
    keep(store, report_of(found(), advice=ADVICE))
    page = html.fromstring(signed_in.get("/advice").text)
    (form,) = page.xpath("//form[@action='/tags/basket']")
    assert signed_in.post("/tags/basket", data=dict(form.form_values())).status_code == 303
    draft = store.change_sets.draft_of("eve")
    assert draft is not None
    (added,) = draft.operations
    assert isinstance(added, ChangeAlias) and added.add is not None
    assert (added.tag, added.add.text) == ("iskp", NAME)


def test_without_a_report_or_enough_articles_the_page_leads_on(signed_in: FlaskClient, store: Store) -> None:
    assert html.fromstring(signed_in.get("/advice").text).xpath("//div[@class='empty']//a/@href") == ["/data"]
    keep(store, report_of(found()))
    page = signed_in.get("/advice").text
    assert "Too few articles have tags" in page
    assert html.fromstring(page).xpath("//div[@class='empty']//a/@href") == ["/review"]


def test_advice_is_read_back_and_goes_with_an_article_that_it_names(store: Store) -> None:
    report = report_of(found(), advice=ADVICE)
    assert read_data_report(to_json(report)) == report
    put(store, "a2")
    keep(store, report)
    store.delete_article("a2")
    assert store.reports.get(DATA) is None
