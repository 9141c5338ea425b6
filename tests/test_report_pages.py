"""The pages of reports: what they show was made beside the requests, and they say of when it is."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import Busy
from classifier.reports.drift.figures import drift_report
from classifier.reports.drift.kept import keep_drift
from classifier.reports.drift.page import PAGE
from classifier.reports.drift.page import as_page as as_drift_page
from classifier.reports.drift.records import RisingName
from classifier.reports.kept import JOB, decided_since, keep_desk_report
from classifier.reports.parts import DatedArticle
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import NO_SHARES, Tagger
from classifier.store.arrivals import Shares
from classifier.store.log import Draft
from classifier.store.reports import DESK
from classifier.store.rows import now
from classifier.store.store import Store
from classifier.text.reading import ArticleReader
from classifier.web import build_app
from tests.storing import put_article
from tests.waiting import SECONDS


@pytest.fixture
def signed_in(client: FlaskClient) -> FlaskClient:
    """A client that is signed in as an editor."""
    assert client.post("/sign-in", data={"name": "eve", "key": ""}).status_code == 303
    return client


def put(store: Store, article_id: str, shares: Shares = NO_SHARES) -> None:
    put_article(store, Article(article_id, f"About {article_id}", "ISKP bombed a mosque in Kabul."), "cms", shares)


def decide(store: Store, article_id: str, editor: str, *drafts: Draft, complete: bool = False) -> None:
    store.log.decide(article_id, drafts, editor, lambda *_: {}, complete=complete)


def differ(store: Store, article_id: str) -> None:
    """Let two editors close an article, of whom one gave a tag."""
    put(store, article_id, Shares(second=1))
    decide(store, article_id, "ana", Draft("add", "iskp"), complete=True)
    decide(store, article_id, "ben", Draft("reject", "iskp"), complete=True)


def await_page(client: FlaskClient, path: str, is_there: Callable[[str], bool]) -> str:
    """Load a page until it is as expected."""
    until = time.monotonic() + SECONDS
    while not is_there(page := client.get(path).text):
        assert time.monotonic() < until, page
        time.sleep(0.1)
    return page


@pytest.mark.parametrize("path", ["/report", "/review/disagreements"])
def test_without_a_model_the_page_says_so_and_does_not_load_itself_again(
    store: Store, tmp_path: Path, path: str
) -> None:
    registry = Registry(tmp_path / "no-models")
    client = build_app(Tagger(Serving(registry), store), registry).test_client()
    client.post("/sign-in", data={"name": "eve", "key": ""})
    answer = client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert "Refresh" not in answer.headers
    assert "No champion model in" in answer.text
    assert "python -m" not in answer.text


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/report", "/review/disagreements"])
def test_the_first_look_has_the_report_made_and_the_page_loads_itself_again(
    signed_in: FlaskClient, store: Store, path: str
) -> None:
    differ(store, "a1")
    first = signed_in.get(path)
    assert "The report is being made." in first.text
    assert first.headers["Refresh"] == "2"
    page = await_page(signed_in, path, lambda page: "being made" not in page)
    assert re.search(r'As of <time datetime="[^"]+">\d{4}-\d\d-\d\d,? \d\d:\d\d UTC</time>\.', page)
    assert "About a1" in page
    assert "Refresh" not in signed_in.get(path).headers


@pytest.mark.slow
def test_a_report_that_others_have_decided_behind_says_so_and_is_made_anew(
    signed_in: FlaskClient, store: Store, taxonomy: Taxonomy
) -> None:
    put(store, "a1")
    decide(store, "a1", "ana", Draft("add", "iskp"))
    keep_desk_report(store, taxonomy)
    assert "being made" not in signed_in.get("/report").text
    decide(store, "a1", "ana", Draft("add", "taliban"))
    page = signed_in.get("/report").text
    assert "1 decision came since. A newer one is being made" in page
    assert "Taliban" not in page
    await_page(signed_in, "/report", lambda page: "being made" not in page and "Taliban" in page)


def test_a_difference_that_was_decided_on_since_is_not_shown_as_open(
    signed_in: FlaskClient, store: Store, taxonomy: Taxonomy
) -> None:
    differ(store, "a1")
    differ(store, "a2")
    keep_desk_report(store, taxonomy)
    decide(store, "a1", "cleo", Draft("accept", "iskp"))
    page = signed_in.get("/review/disagreements").text
    assert "To settle <small>1</small>" in page
    assert "1 settled" in page
    assert "1 decision came since" in page


def test_what_was_decided_since_and_undone_settles_nothing(store: Store, taxonomy: Taxonomy) -> None:
    differ(store, "a1")
    rows = keep_desk_report(store, taxonomy).agreement.disagreements
    last = store.log.last()
    decide(store, "a1", "cleo", Draft("accept", "iskp"))
    decide(store, "a1", "cleo", Draft("undo", undoes=store.log.read("a1").rows[-1].id))
    assert [row.settled for row in decided_since(rows, store.log.since(last, 10))] == [False]


def test_a_report_is_made_by_one_process_at_a_time(store: Store, taxonomy: Taxonomy) -> None:
    with store.runs.alone(JOB), pytest.raises(Busy):
        keep_desk_report(store, taxonomy)
    assert store.reports.get(DESK) is None
    keep_desk_report(store, taxonomy)
    assert store.reports.get(DESK) is not None


def test_a_kept_report_goes_with_an_article_that_it_names_and_stays_with_others(
    store: Store, taxonomy: Taxonomy
) -> None:
    differ(store, "a1")
    put(store, "a2")
    keep_desk_report(store, taxonomy)
    store.delete_article("a2")
    assert store.reports.get(DESK) is not None
    store.delete_article("a1")
    assert store.reports.get(DESK) is None


def test_of_very_many_differences_the_page_shows_those_that_it_can(
    signed_in: FlaskClient, store: Store, taxonomy: Taxonomy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classifier.reports.kept.MAX_DISAGREEMENTS", 2)
    for number in range(3):
        differ(store, f"a{number}")
    report = keep_desk_report(store, taxonomy)
    assert len(report.agreement.disagreements) == 3
    page = signed_in.get("/review/disagreements").text
    assert "1 more disagreement is not listed" in page
    assert "To settle <small>2</small>" in page


def test_titles_lead_to_their_articles_and_in_a_file_nowhere(
    signed_in: FlaskClient, store: Store, registry: Registry, taxonomy: Taxonomy
) -> None:
    differ(store, "a1")
    put_article(store, Article("a:2", "<b>Bold</b>", "ISKP bombed a mosque in Kabul."), "cms")
    for number in range(3):
        put(store, f"b{number}")
    for article in ("b0", "b1", "b2", "a:2"):
        decide(store, article, "ana", Draft("add", "taliban"))
    keep_desk_report(store, taxonomy)
    shown = signed_in.get("/report").text
    assert '<a href="/review/a1">About a1</a>' in shown
    assert '<a href="/review/a%3A2">&lt;b&gt;Bold&lt;/b&gt;</a>' in shown
    saved = signed_in.get("/report?as=file").text
    assert "a1 About a1" in saved
    assert 'href="/' not in saved


def test_the_drift_page_leads_to_articles_and_its_file_nowhere(
    signed_in: FlaskClient, store: Store, registry: Registry, taxonomy: Taxonomy
) -> None:
    named = DatedArticle("a 1", "Attack & claim", "2026-01-05")
    report = drift_report(list, taxonomy, date(2026, 1, 5), 12, ArticleReader(taxonomy))
    name = RisingName(
        "Ansar al-Fajr", [], 9, 20, 0, 100, 9.0, "2026-01-05", [named], None, [], [], "- id: ansar-al-fajr"
    )
    report, link = replace(report, rising=[name]), '<a href="/review/a%201">Attack &amp; claim</a>'
    (registry.folder / PAGE).write_text(as_drift_page(report, here="/drift"), "utf-8")  # as earlier versions did
    assert link in signed_in.get("/drift").text
    (registry.folder / PAGE).write_text("of another day", "utf-8")
    keep_drift(store, report, now())
    assert link in signed_in.get("/drift").text
    assert "الأسماء الصاعدة" in signed_in.get("/drift", headers={"Accept-Language": "ar"}).text
    saved = signed_in.get("/drift?as=file").text
    assert "Attack &amp; claim" in saved
    assert 'href="/' not in saved


@pytest.mark.sqlite
@pytest.mark.parametrize("path", ["/report", "/review/disagreements"])
def test_a_page_reads_no_table_from_one_end_to_the_other(
    signed_in: FlaskClient, store: Store, registry: Registry, taxonomy: Taxonomy, path: str
) -> None:
    differ(store, "a1")
    keep_desk_report(store, taxonomy)
    decide(store, "a1", "cleo", Draft("accept", "iskp"))
    asked: list[tuple[str, object]] = []
    event.listen(store.engine, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])))
    assert signed_in.get(path).status_code == 200
    plans = []
    with store.engine.connect().execution_options(readonly=True) as connection:
        for statement, values in [one for one in asked if one[0].lstrip().upper().startswith("SELECT")]:
            plans += [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert any("decisions" in plan for plan in plans)
    assert [plan for plan in plans if re.match("SCAN (articles|decisions|impressions|suggestion_sets)", plan)] == []


def test_disputes_are_listed_with_both_sides_until_a_decision_settles_them(
    signed_in: FlaskClient, store: Store, taxonomy: Taxonomy
) -> None:
    assert signed_in.get("/v1/disputes").get_json() == {"disputes": [], "made_at": None}
    differ(store, "a1")
    differ(store, "a2")
    keep_desk_report(store, taxonomy)
    disputes = signed_in.get("/v1/disputes").get_json()["disputes"]
    assert [(row["article_id"], row["tag"]) for row in disputes] == [("a1", "iskp"), ("a2", "iskp")]
    times = {row.editor: row.at for row in store.log.read("a1").rows if row.tag == "iskp" or row.action == "complete"}
    assert {side["editor"]: side["gave"] for side in disputes[0]["said"]} == {"ana": True, "ben": False}
    assert all(side["at"] and side["at"] <= times[side["editor"]] for side in disputes[0]["said"])
    decide(store, "a1", "cleo", Draft("accept", "iskp"))
    assert [row["article_id"] for row in signed_in.get("/v1/disputes").get_json()["disputes"]] == ["a2"]
    assert signed_in.get("/v1/disputes?article_id=a1").get_json()["disputes"] == []
