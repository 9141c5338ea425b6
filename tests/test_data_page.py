"""The page of the data report: what it found is mended with buttons, gone from the list, and taken back."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from lxml import html

from classifier.commands import main
from classifier.domain.articles import Article
from classifier.domain.operations import Merge
from classifier.domain.progress import untracked
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import Busy
from classifier.model.tag_model import TagModel
from classifier.reports.data.figures import data_report
from classifier.reports.data.kept import KEPT_DATA, progress_of, read_data_report, rows_of
from classifier.reports.data.making import JOB, keep_data_report
from classifier.reports.data.records import Articles, LeaningTag
from classifier.reports.json_form import to_json
from classifier.serving.registry import Registry
from classifier.store.log import Draft
from classifier.store.reports import DATA, PROGRESS, KeptReport
from classifier.store.rows import now
from classifier.store.runs import SKIPPED
from classifier.store.store import Store
from classifier.text.boilerplate import REPEATED
from classifier.training.settings import FitSettings
from tests.data_reports import doubted, found, keep, overlapping, report_of
from tests.desk import Desk
from tests.storing import put_article

BODY = "ISKP bombed a mosque in Kabul."


@pytest.fixture
def signed_in(client: FlaskClient) -> FlaskClient:
    """A client that is signed in as an editor, while no key exists."""
    assert client.post("/sign-in", data={"name": "eve", "key": ""}).status_code == 303
    return client


def put(store: Store, article_id: str, *tags: str) -> None:
    article = Article(article_id, f"About {article_id}", BODY, tags=tags or None, tags_complete=bool(tags))
    put_article(store, article, "import")


def csrf(client: FlaskClient) -> str:
    return str(html.fromstring(client.get("/data").text).xpath("//meta[@name='csrf']/@content")[0])


def send(client: FlaskClient, path: str, **fields: str) -> str:
    """Send a form of the page, and return the page that it leads to."""
    answer = client.post(path, data={"csrf": csrf(client), **fields})
    assert answer.status_code == 303, answer.text
    return str(client.get(answer.headers["Location"]).text)


def buttons(page: str) -> set[str]:
    return set(html.fromstring(page).xpath("//section[@id='suspect_labels']//button/@aria-label"))


def test_a_label_is_confirmed_and_gone_and_comes_back_with_undo(signed_in: FlaskClient, store: Store) -> None:
    put(store, "a1", "iskp")
    keep(store, report_of(found(suspect_labels=[doubted("a1", "iskp", given=True, title="About a1")])))
    name = "Islamic State Khorasan Province"
    page = signed_in.get("/data").text
    assert buttons(page) == {f"Confirm: {name} on “About a1”", f"Take it off: {name} on “About a1”"}
    assert '<a href="/review/a1">About a1</a>' in page
    page = send(signed_in, "/data/label", article="a1", tag="iskp", action="accept")
    assert f"Confirmed: “{name}” belongs on “About a1”." in page
    assert buttons(page) == set()
    assert "All that were listed are answered." in page
    row = store.log.read("a1").rows[-1]
    assert (row.tag, row.action, row.editor) == ("iskp", "accept", "eve")
    page = send(signed_in, "/data/label/undo", article="a1", decision=row.id)
    assert len(buttons(page)) == 2
    assert "Confirmed:" not in page
    assert store.log.read("a1").rows[-1].action == "undo"


@pytest.mark.parametrize(
    ("given", "action", "has"), [(True, "reject", False), (False, "add", True), (False, "reject", False)]
)
def test_a_label_is_corrected_or_added_as_on_the_review_page(
    signed_in: FlaskClient, store: Store, given: bool, action: str, has: bool
) -> None:
    put(store, "a1", *(["iskp", "taliban"] if given else ["taliban"]))
    keep(
        store,
        report_of(found(suspect_labels=[doubted("a1", "iskp", given=given), doubted("a1", "kabul", given=False)])),
    )
    page = send(signed_in, "/data/label", article="a1", tag="iskp", action=action)
    assert ("iskp" in store.log.read("a1").standing().tags) == has
    assert all("Kabul" in button for button in buttons(page)) and len(buttons(page)) == 2
    assert re.search(r'Labels that are likely wrong <span class="count">1</span>', page)


def test_what_is_decided_elsewhere_is_gone_too_and_what_was_undone_is_not(signed_in: FlaskClient, store: Store) -> None:
    put(store, "a1", "iskp")
    keep(store, report_of(found(suspect_labels=[doubted("a1", "iskp", given=True)])))
    store.log.decide("a1", [Draft("accept", "iskp")], "ana", lambda *_: {})
    page = signed_in.get("/data").text
    assert buttons(page) == set()
    assert "1 decision came since." in page
    store.log.decide("a1", [Draft("undo", undoes=store.log.read("a1").rows[-1].id)], "ana", lambda *_: {})
    assert len(buttons(signed_in.get("/data").text)) == 2


def test_a_notice_is_only_for_whoever_decided(signed_in: FlaskClient, store: Store) -> None:
    put(store, "a1", "iskp")
    keep(store, report_of(found(suspect_labels=[doubted("a1", "iskp", given=True)])))
    store.log.decide("a1", [Draft("accept", "iskp")], "ana", lambda *_: {})
    decision = store.log.read("a1").rows[-1].id
    for address in (
        f"/data?article=a1&decided={decision}",
        "/data?article=none&decided=1",
        "/data?article=%2e%2e&decided=1",
    ):
        page = signed_in.get(address)
        assert page.status_code == 200
        assert "Undo" not in page.text


def test_a_form_without_the_token_or_with_another_action_is_refused(signed_in: FlaskClient, store: Store) -> None:
    put(store, "a1", "iskp")
    keep(store, report_of(found(suspect_labels=[doubted("a1", "iskp", given=True)])))
    sent = {"article": "a1", "tag": "iskp", "action": "accept"}
    assert signed_in.post("/data/label", data={**sent, "csrf": "no"}).status_code == 403
    assert (
        signed_in.post("/data/label", data={**sent, "csrf": csrf(signed_in), "action": "complete"}).status_code == 400
    )
    assert signed_in.post("/data/label/undo", data={"csrf": "no", "article": "a1", "decision": "1"}).status_code == 403
    assert not store.log.read("a1").rows


def test_overlapping_tags_are_merged_in_the_basket(signed_in: FlaskClient, store: Store) -> None:
    keep(store, report_of(found(overlapping_tags=[overlapping("iskp", "taliban", "a1", "a2")])))
    page = html.fromstring(signed_in.get("/data").text)
    first, second = page.xpath("//section[@id='overlapping_tags']//form")
    assert first.get("action") == "/tags/basket"
    assert page.xpath("//section[@id='overlapping_tags']//a/@href")[-2:] == ["/review/a1", "/review/a2"]
    fields = dict(first.form_values())
    assert (fields["op"], fields["tag"], fields["into"]) == ("merge", "iskp", "taliban")
    assert dict(second.form_values())["into"] == "iskp"
    assert signed_in.post("/tags/basket", data=fields).headers["Location"] == "/tags/basket"
    draft = store.change_sets.draft_of("eve")
    assert draft is not None and list(draft.operations) == [Merge(("iskp",), "taliban")]
    assert "In the basket" in signed_in.get("/data").text
    send(signed_in, "/tags/basket/remove", number="0")
    assert "In the basket" not in signed_in.get("/data").text


def test_tags_of_two_kinds_are_not_offered_as_a_merge(signed_in: FlaskClient, store: Store) -> None:
    keep(store, report_of(found(overlapping_tags=[overlapping("iskp", "kabul", "a1")])))
    page = signed_in.get("/data").text
    assert "Of two kinds: not to be merged" in page
    assert 'action="/tags/basket"' not in page


def test_what_to_do_next_is_said_for_those_who_are_at_the_page(signed_in: FlaskClient, store: Store) -> None:
    keep(store, report_of(found(undated=[{"article": "a1", "title": ""}], repeated_blocks=[repeating("b")])))
    page = signed_in.get("/data").text
    assert "Ask whoever imports the articles to send their dates." in page
    assert "published_at" not in page and "export the archive" not in page
    assert "published_at" in signed_in.get("/data?as=file").text


def test_without_a_report_the_page_offers_to_make_one_and_says_how_far_it_is(
    signed_in: FlaskClient, store: Store
) -> None:
    first = signed_in.get("/data")
    assert "Make the report now" in first.text
    assert "Refresh" not in first.headers
    store.reports.put(KeptReport(PROGRESS, now(), 0, "", {"doing": "reading for copies", "share": 0.42}))
    second = signed_in.get("/data")
    assert "reading for copies, 42%" in second.text
    assert second.headers["Refresh"] == "3; url=/data?making=1"
    store.reports.drop(PROGRESS)
    assert signed_in.get("/data?making=1").headers["Refresh"] == "3; url=/data?making=2"
    last = signed_in.get("/data?making=20")
    assert "could not be made" in last.text
    assert "Refresh" not in last.headers


def test_progress_of_a_process_that_died_is_not_shown(store: Store) -> None:
    store.reports.put(KeptReport(PROGRESS, "2026-01-01T00:00:00+00:00", 0, "", {"doing": "reading", "share": 0.4}))
    assert progress_of(store) is None


@pytest.mark.slow
def test_the_button_has_the_report_made_in_another_process(
    signed_in: FlaskClient, store: Store, articles: list[Article]
) -> None:
    from tests.test_report_pages import await_page

    for article in articles:
        put_article(store, article, "import")
    answer = signed_in.post("/data/make", data={"csrf": csrf(signed_in)})
    assert answer.headers["Location"] == "/data?making=1"
    page = await_page(signed_in, "/data", lambda page: "Make it anew" in page)
    assert f"{len(articles)} articles, " in page
    assert "Make it anew" in page
    assert re.findall(r"python -m|TAGGER_[A-Z]+", page) == []


@pytest.mark.slow
def test_the_command_keeps_the_report_of_the_store_and_makes_none_where_nothing_is_new(
    store: Store, registry: Registry, articles: list[Article], database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for article in articles[:60]:
        put_article(store, article, "import")
    where = ["--database", database_url, "--models", str(registry.folder)]
    assert main(["data-report", "--keep", *where]) == 0
    assert "the pages of the service" in capsys.readouterr().out
    kept = store.reports.get(DATA)
    assert kept is not None and kept.content["n_articles"] == 60
    assert store.reports.get(PROGRESS) is None
    store.reports.put(KeptReport(DATA, kept.made_at, 0, kept.taxonomy_version, {**kept.content, "n_articles": 61}))
    assert main(["data-report", "--keep", *where]) == 0
    again = store.reports.get(DATA)
    assert again is not None and again.content["n_articles"] == 61  # as it was
    assert again.made_at > kept.made_at
    assert main(["data-report", "--keep", "--articles", "some.jsonl", *where]) == 2


def test_one_process_makes_it_at_a_time(store: Store, taxonomy: Taxonomy) -> None:
    with store.runs.alone(JOB), pytest.raises(Busy):
        keep_data_report(store, taxonomy, [], untracked)


def test_it_goes_with_an_article_that_it_names_and_stays_with_others(store: Store) -> None:
    for article in ("a1", "a2", "a3"):
        put(store, article)
    report = report_of(
        found(
            suspect_labels=[doubted("a1", "iskp", given=True)],
            overlapping_tags=[overlapping("iskp", "kabul", "b", "a2")],
        )
    )
    for named, stays in (("a3", True), ("a2", False), ("a1", False)):
        keep(store, report)
        store.delete_article(named)
        assert (store.reports.get(DATA) is not None) == stays, named


def test_rows_are_read_back_as_they_were() -> None:
    leaning = {
        "text": "Sign up",
        "left_out": False,
        "leaning": [LeaningTag("iskp", 0.5, None)],
        "articles": Articles(3, ["a"]),
    }
    report = report_of(found(repeated_blocks=[leaning], overlapping_tags=[overlapping("iskp", "kabul", "a")]))
    assert read_data_report(to_json(report)) == report


def test_a_file_of_it_has_no_links_and_no_buttons(signed_in: FlaskClient, store: Store) -> None:
    put(store, "a1", "iskp")
    rows = [doubted("a1", "iskp", given=True, title="<b>Bold</b>")]
    keep(store, report_of(found(suspect_labels=rows, overlapping_tags=[overlapping("iskp", "taliban", "a1")])))
    assert "&lt;b&gt;Bold&lt;/b&gt;</a>" in signed_in.get("/data").text
    saved = signed_in.get("/data?as=file").text
    assert "&lt;b&gt;Bold&lt;/b&gt;" in saved
    assert 'href="/' not in saved and "<form" not in saved and "<button" not in saved


def test_a_page_reads_the_kept_report_once(
    signed_in: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(store, report_of(found()))
    assert KEPT_DATA.of(store) is not None
    monkeypatch.setattr(type(store.reports), "get", lambda *_: None)
    assert signed_in.get("/data").status_code == 200


def test_an_empty_store_has_an_empty_report(
    signed_in: FlaskClient, store: Store, registry: Registry, database_url: str
) -> None:
    assert main(["data-report", "--keep", "--database", database_url, "--models", str(registry.folder)]) == 0
    page = signed_in.get("/data").text
    assert "No article has tags yet" in page
    assert 'href="/review"' in page


# --- blocks -----------------------------------------------------------------------------------------------------

NEWSLETTER = "Sign up to our newsletter and never miss a story"


def repeating(*folded: str, left_out: bool = False) -> dict[str, object]:
    leaning = [LeaningTag("iskp", 0.9, 1.25)]
    row = {
        "text": "Sign up <b>now</b>",
        "left_out": left_out,
        "leaning": leaning,
        "articles": Articles(30, ["a1", "a2"]),
    }
    return {**row, "folded": list(folded)}


def test_a_block_is_ignored_with_who_and_when_and_read_again_after_undo(signed_in: FlaskClient, store: Store) -> None:
    keep(
        store,
        report_of(
            found(repeated_blocks=[repeating(NEWSLETTER.lower(), "never miss a story"), repeating("b", left_out=True)])
        ),
    )
    page = html.fromstring(signed_in.get("/data").text)
    (form,) = page.xpath("//section[@id='repeated_blocks']//form")
    assert page.xpath("//section[@id='repeated_blocks']//a/@href")[:2] == ["/review/a1", "/review/a2"]
    shown = send(signed_in, "/data/block", block=dict(form.form_values())["block"])
    (ignored,) = store.ignored_blocks.list()
    assert (ignored.texts, ignored.by) == (["never miss a story", NEWSLETTER.lower()], "eve")
    part = html.fromstring(shown).xpath("//section[@id='ignored']")[0].text_content()
    assert "Sign up <b>now</b>" in part and "By eve" in part and ignored.at[:10] in part
    assert "/data/block'" not in shown and 'action="/data/block"' not in shown  # gone from the list
    shown = send(signed_in, "/data/block/undo", block=ignored.id)
    assert store.ignored_blocks.list() == []
    assert 'action="/data/block"' in shown


def test_a_block_that_the_report_does_not_have_is_refused(signed_in: FlaskClient, store: Store) -> None:
    fields = {"csrf": csrf(signed_in), "block": "0" * 32}
    assert signed_in.post("/data/block", data=fields).status_code == 400  # there is no report
    keep(store, report_of(found(repeated_blocks=[repeating("b")])))
    assert signed_in.post("/data/block", data=fields).status_code == 400
    assert signed_in.post("/data/block", data={**fields, "block": ""}).status_code == 400
    assert signed_in.post("/data/block/undo", data=fields).status_code == 404
    assert store.ignored_blocks.list() == []


def test_two_who_ignore_the_same_make_one_choice(store: Store) -> None:
    first = store.ignored_blocks.ignore(["b", "a"], "A. B.", "ana")
    assert store.ignored_blocks.ignore(["a", "b"], "A. B.", "ben") == first
    (kept,) = store.ignored_blocks.list()
    assert (kept.by, kept.texts) == ("ana", ["a", "b"])


@pytest.mark.slow
def test_training_leaves_ignored_blocks_out_and_reads_them_after_undo(desk: Desk) -> None:
    line = "Our correspondents report from Kabul and beyond"
    article = Article("a", "", f"ISKP bombed a mosque in Kabul on Friday.\n{line}")

    def trained() -> TagModel:
        result = desk.retrain()
        assert result.version is not None, result  # a choice is news, though no label is
        return desk.registry.load(result.version)

    assert desk.retrain().outcome == SKIPPED
    block = desk.store.ignored_blocks.ignore([line.lower()], line, "ada")
    model = trained()
    assert line.lower() in model.parameters.blocks
    assert [part.kind for part in model.reader.read(article).removed] == [REPEATED]
    assert desk.retrain().outcome == SKIPPED
    desk.store.ignored_blocks.undo(block)
    model = trained()
    assert line.lower() not in model.parameters.blocks
    assert model.reader.read(article).removed == []


@pytest.mark.slow
def test_the_report_names_the_texts_of_blocks_and_knows_those_that_are_ignored(
    articles: list[Article], taxonomy: Taxonomy
) -> None:
    line = "Our correspondents report from Kabul and beyond"
    copied = [
        replace(each, body=f"{each.body}\n{line}") if n % 3 == 0 else each for n, each in enumerate(articles[:90])
    ]
    settings = FitSettings(fast=True, n_jobs=1)
    for blocks, left_out in (([], False), ([line.lower()], True)):
        rows = rows_of(data_report(copied, taxonomy, settings=settings, blocks=blocks), "repeated_blocks")
        row = next(row for row in rows if line in row["text"])
        assert (row["folded"], row["left_out"]) == ([line.lower()], left_out)
