"""All pages have one head: the same navigation, the name of who is signed in, and no word that only the shell knows."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from lxml import html

from classifier.domain.taxonomy import Taxonomy
from classifier.reports.drift.page import PAGE
from classifier.reports.kept import keep_desk_report
from classifier.reports.layout import without_commands
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.runs import JOB
from classifier.store.store import Store
from classifier.web import build_app
from classifier.web.site import SECTIONS, section_at

ADDRESSES = [page.address for section in SECTIONS for page in section.pages]
STANDALONE = """<!doctype html>
<html lang="en">
<head>
<title>Drift report: 0 rising names</title>
<style>
h1 { font-size: 1.75rem; }
</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<div class="top">
<a class="brand" href="/"><span class="mark" aria-hidden="true"></span>Article tagger</a>
<nav aria-label="Site">
<a href="/drift" aria-current="page">Drift</a>
</nav>
</div>
<h1>What has changed</h1>
</header>
<main id="main" tabindex="-1">
<section id="rising">Ansar al-Fajr</section>
</main>
<footer>Taxonomy t-1</footer>
</body>
</html>
"""


@pytest.fixture
def signed_in(client: FlaskClient, store: Store, taxonomy: Taxonomy) -> FlaskClient:
    """A client that is signed in as an editor of a desk that has a desk report."""
    assert client.post("/sign-in", data={"name": "eve", "key": ""}).status_code == 303
    keep_desk_report(store, taxonomy)
    return client


def test_every_page_has_the_same_navigation_and_the_signed_in_name(signed_in: FlaskClient, store: Store) -> None:
    run = store.runs.begin(JOB)
    addresses = [*ADDRESSES, f"/runs/{run.id}", "/review/some-article", "/no/such/page"]
    navigations = set()
    for address in addresses:
        page = html.fromstring(signed_in.get(address, headers={"Accept": "text/html"}).text)
        (navigation,) = page.xpath("//nav[@aria-label='Site']")
        navigations.add(tuple((link.get("href"), link.text) for link in navigation))
        (who,) = page.xpath("//header[@class='top']//form[@action='/sign-out']")
        assert "eve" in who.text_content(), address
    assert len(navigations) == 1


def test_every_page_says_where_it_is(signed_in: FlaskClient) -> None:
    for address in ADDRESSES:
        page = html.fromstring(signed_in.get(address).text)
        section, here = section_at(address)
        assert section is not None
        assert here is not None
        assert page.xpath("//nav[@aria-label='Site']/a[@aria-current]/text()") == [section.name]
        if len(section.pages) > 1:
            assert page.xpath(f"//nav[@aria-label='{section.name}']/a[@aria-current='page']/text()") == [here.name]


def test_an_address_below_a_page_belongs_to_it_and_the_first_page_to_itself_only() -> None:
    assert [page.name if page else None for _, page in map(section_at, ("/review/a1", "/review/bulk", "/", "/x"))] == [
        "Queue",
        "One tag, many articles",
        "Try an article",
        None,
    ]


def test_no_page_names_a_command_or_a_setting(signed_in: FlaskClient, store: Store, tmp_path: Path) -> None:
    failed = store.runs.begin(JOB)
    store.runs.end(failed, "failed", "The disk is full.")
    addresses = [*ADDRESSES, "/sign-in", f"/runs/{failed.id}", "/no/such/page"]
    registry = Registry(tmp_path / "no-models")
    untrained = build_app(Tagger(Serving(registry), store), registry).test_client()
    untrained.post("/sign-in", data={"name": "eve", "key": ""})
    for client in (signed_in, untrained):
        for address in addresses:
            page = client.get(address, headers={"Accept": "text/html"}).text
            assert re.findall(r"python -m|TAGGER_[A-Z]+", page) == [], address


def test_a_report_that_stands_alone_in_a_file_is_shown_in_the_layout(
    signed_in: FlaskClient, registry: Registry
) -> None:
    (registry.folder / PAGE).write_text(STANDALONE)
    answer = signed_in.get("/drift")
    page = html.fromstring(answer.text)
    assert len(page.xpath("//nav[@aria-label='Site']")) == 1  # the one of then is gone
    assert page.xpath("//main[@class='report']//section/text()") == ["Ansar al-Fajr"]
    assert page.xpath("//main//h1/text()") == ["What has changed"]
    style = answer.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.headers["Content-Security-Policy"]
    assert style.startswith(".report {")


def test_sentences_that_name_commands_are_left_out() -> None:
    text = "No model in var/models. Train one: python -m classifier train"
    assert without_commands(text) == "No model in var/models."
    assert (
        without_commands("Nothing is blind. TAGGER_BLIND_SHARE sets it; 0.05 is one in twenty.") == "Nothing is blind."
    )
    assert without_commands("python -m classifier serve") == ""


def test_help_explains_each_decision_to_anybody(client: FlaskClient) -> None:
    page = client.get("/help")
    assert page.status_code == 200
    terms = html.fromstring(page.text).xpath("//dt/text()")
    assert {"Accept", "Reject", "Unsure", "Add", "Remove", "Done", "Undo", "Blind"} <= set(terms)


def test_times_are_given_with_their_zone_for_the_script(signed_in: FlaskClient, store: Store) -> None:
    store.proposals.add("Jaish al-Adl", "", None, "ana")
    (time,) = html.fromstring(signed_in.get("/tags/proposals").text).xpath("//main//time")
    assert time.get("datetime")[10] == "T"
    assert time.text.endswith(" UTC")
