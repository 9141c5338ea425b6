"""The pages of the taxonomy: who may see and change it, what a change set says, and that what is done can be taken back."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from classifier.archive.stored import undo
from classifier.domain.articles import Article
from classifier.domain.operation_lines import operation_from_text
from classifier.domain.operations import Create
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.domain.taxonomy_log import FoldedLog, import_row, row_of
from classifier.reports.desk.records import rate
from classifier.reports.drift.kept import KeptRising
from classifier.reports.drift.records import RisingName
from classifier.reports.json_form import to_json
from classifier.reports.kept import keep_desk_report
from classifier.reports.lint.kept import KeptAlias, KeptFinding, KeptLint
from classifier.reports.parts import DatedArticle
from classifier.reports.uses import TagUse, uses_of
from classifier.serving.sampling import tag_version
from classifier.store.assignments import Additions, Scope
from classifier.store.log import Draft
from classifier.store.naming import giving
from classifier.store.reports import LINT, RISING, KeptReport
from classifier.store.rows import now
from classifier.store.samples import Sample
from classifier.store.store import Store
from classifier.web.pages.sentences import Sentences, text_of
from classifier.web.pages.tag_list import Known, Wanted, listed, tag_named
from classifier.web.pages.tag_site import PAGES, address
from tests.test_access import EDITORS, FORMS_OF_TAGS, READERS, sign_in

HERE = "/tags/basket"
ARTICLE = {"title": "Raid on a border post", "body": "Gunmen of Jaish al-Adl attacked a border post near Saravan."}


@dataclass
class Person:
    """A signed-in browser."""

    client: FlaskClient
    csrf: str

    def get(self, path: str, status: int = 200) -> str:
        response = self.client.get(path)
        assert response.status_code == status, response.text[-600:]
        return response.text

    def put(self, article_id: str, **article: str) -> None:
        headers = {"X-CSRF-Token": self.csrf}
        response = self.client.put(f"/v1/articles/{article_id}", json=article or ARTICLE, headers=headers)
        assert response.status_code == 200

    def post(self, path: str, status: int = 303, **fields: Any) -> Any:
        response = self.client.post(path, data={"csrf": self.csrf, **fields}, headers={"Accept": "text/html"})
        assert response.status_code == status, response.text[-1200:]
        return response

    def add(self, status: int = 303, **fields: Any) -> str:
        """Put a change into the basket."""
        text: str = self.post(HERE, status, **fields).text
        return text

    def apply(self, note: str = "For the tests", status: int = 303) -> str:
        """Look at what the basket would change, and apply it. Return the address of the change set."""
        based_on = re.search(r'name="based_on" value="(\d+)"', self.get(f"{HERE}/effect"))
        assert based_on is not None
        response = self.post(f"{HERE}/apply", status, based_on=based_on[1], note=note)
        return str(response.headers.get("Location", response.text)).partition("?")[0]


def signed_in(client: FlaskClient, name: str = "chief") -> Person:
    client.post("/sign-in", data={"name": name})
    token = re.search(r'name="csrf" content="([^"]+)"', client.get("/help").text)
    assert token is not None
    return Person(client, token[1])


@pytest.fixture(autouse=True)
def beside(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands that pages begin in processes of their own, which are not run."""
    begun: list[tuple[str, ...]] = []
    monkeypatch.setattr("classifier.serving.beside.run_beside", lambda _store, _models, *command: begun.append(command))
    return begun


@pytest.fixture
def chief(client: FlaskClient) -> Person:
    return signed_in(client)


Decided = Callable[[], list[tuple[str | None, str, str]]]


# --- lists ---


def tree() -> Taxonomy:
    tags = [Tag("a", "Alpha"), Tag("b", "Beta", broader=("a",)), Tag("c", "Gamma", "group", broader=("b",))]
    return Taxonomy((*tags, Tag("d", "Delta", "group"), Tag("old", "Old", status="retired", replaced_by="a")))


def shown(wanted: Wanted, known: Known | None = None) -> list[tuple[str, int]]:
    return [(row.tag.id, row.depth) for row in listed(tree(), wanted, known or Known()).rows]


def test_tags_stand_below_those_that_they_are_under_unless_an_order_or_a_filter_is_asked_for() -> None:
    assert shown(Wanted()) == [("a", 0), ("b", 1), ("c", 2), ("d", 0)]
    assert shown(Wanted(view="list")) == [("a", 0), ("b", 0), ("d", 0), ("c", 0)]
    assert shown(Wanted(kind="group")) == [("d", 0), ("c", 0)]
    assert shown(Wanted(status="retired")) == [("old", 0)]


def test_the_best_name_comes_first_and_a_retired_tag_last() -> None:
    tags = (Tag("x", "Beta Front"), Tag("y", "Beta"), Tag("z", "The Beta"), Tag("w", "Beta old", status="retired"))
    found = listed(Taxonomy(tags), Wanted("beta", status="all"), Known()).rows
    assert [row.tag.id for row in found] == ["y", "x", "w", "z"]


def test_orders_by_use_put_what_was_never_used_where_it_belongs() -> None:
    known = Known({"a": TagUse("a", 5, "2024-01-02", 10, 9), "b": TagUse("b", 9, "2023-01-01", 10, 2)})
    assert [tag for tag, _ in shown(Wanted(order="articles"), known)] == ["b", "a", "d", "c"]
    assert [tag for tag, _ in shown(Wanted(order="last"), known)] == ["d", "c", "b", "a"]
    assert [tag for tag, _ in shown(Wanted(order="accepted"), known)] == ["b", "a", "d", "c"]


def test_a_later_page_repeats_the_tags_above_its_first_one() -> None:
    below = [Tag(f"t{number:03}", f"T {number:03}", broader=("a",)) for number in range(150)]
    page = listed(Taxonomy((Tag("a", "Alpha"), *below)), Wanted(page=2), Known())
    assert (page.n, page.n_pages) == (151, 2)
    assert (page.rows[0].tag.id, page.rows[0].is_above, page.rows[1].tag.id) == ("a", True, "t099")


def test_a_tag_is_named_by_its_id_its_label_or_its_alias_and_not_where_two_may_be_meant(taxonomy: Taxonomy) -> None:
    named = {name: tag.id if (tag := tag_named(taxonomy, name)) else None for name in ("iskp", "taliban", " ISIS-K ")}
    assert named == {"iskp": "iskp", "taliban": "taliban", " ISIS-K ": "iskp"}
    two = Taxonomy((Tag("x", "Jordan"), Tag("y", "Jordan", "place")))
    assert tag_named(two, "Jordan") is None


def test_uses_are_counted_with_their_neighbours() -> None:
    articles = [("2024-01-01", ("a", "b")), ("2024-01-03", ("a",)), ("2024-01-02", ("a", "b", "c"))]
    uses = {use.tag: use for use in uses_of(articles, {"a": rate([True, False]), "z": rate([False])}).tags}
    assert (uses["a"].articles, uses["a"].last, uses["a"].answered, uses["a"].accepted) == (3, "2024-01-03", 2, 1)
    assert [(near.tag, near.n) for near in uses["a"].near] == [("b", 2), ("c", 1)]
    assert (uses["z"].articles, uses["z"].last, uses["z"].answered) == (0, None, 1)


# --- sentences ---


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('create e "Epsilon" kind=group broader=a', "made the tag Epsilon (group), under Alpha"),
        ('relabel a "Aleph" lang=he', "gave Alpha the label (he) “Aleph”"),
        ("merge d into c", "merged Delta into Gamma"),
        ("rename a to aleph", "changed the id of Alpha to “aleph”"),
        ('split c into c1="One" c2="Two" keep', "split Gamma into One and Two, and kept it above them"),
        ("retire d for c", "retired Delta in favour of Gamma"),
        ("revive old", "revived Old"),
        ("move d under -", "put Delta at the top"),
        ('alias a +"IS" {case: exact, needs: [Syria]}', "gave Alpha the alias “IS”, in exactly this case, where the article has Syria"),
        ('alias a -"IS"', "took the alias “IS” off Alpha"),
        ("set a status=muted", "muted Alpha"),
        ('set a note="What it is"', "set the note of Alpha to “What it is”"),
    ],
)  # fmt: skip
def test_operations_are_told_as_sentences(line: str, told: str) -> None:
    log = FoldedLog([import_row(tree(), 1, "2024-01-01")])
    row = row_of(operation_from_text(line), 2, "2024-01-02", "ana")
    after = FoldedLog(log.rows)
    if "-" not in line.rsplit(maxsplit=1)[-1] and "-" not in line.split('"', maxsplit=1)[0]:
        after.append(row)
    labels = {"e": "Epsilon", "c1": "One", "c2": "Two"}
    sentence = Sentences(tree(), labels).done(row, after)
    assert (
        text_of(
            [
                word._replace(quoted=word.quoted and word.tag is None and word.text not in labels.values())
                for word in sentence
            ]
        )
        == f"ana {told}"
    )


@pytest.mark.parametrize(
    ("code", "told"),
    [("fr", "ana a fusionné Bêta et Gamma dans Alpha"), ("ar", "دمج ana Beta وGamma في ألفا")],
)
def test_sentences_are_in_the_language_of_the_reader_with_the_labels_there(app: Flask, code: str, told: str) -> None:
    names = (("a", "Alpha", "ar", "ألفا"), ("b", "Beta", "fr", "Bêta"), ("c", "Gamma", "ar-YE", "غاما"))
    tags = [Tag(tag, label, labels=((language, other),)) for tag, label, language, other in names]
    log = FoldedLog([import_row(Taxonomy(tags), 1, "2024-01-01")])
    row = row_of(operation_from_text("merge b c into a"), 2, "2024-01-02", "ana")
    with app.test_request_context(headers={"Accept-Language": code}):
        app.preprocess_request()
        assert text_of([word._replace(quoted=False) for word in Sentences(log.taxonomy()).done(row, log)]) == told


def test_ids_that_are_words_of_an_address_have_pages_too() -> None:
    assert address("iskp") == "/tags/iskp"
    assert {address(word) for word in PAGES} == {f"/tags/tag?id={word}" for word in PAGES}
    assert address("A b/c") == "/tags/tag?id=A%20b%2Fc"


# --- who may ---


@pytest.mark.slow
@pytest.mark.parametrize("role", sorted(READERS))
def test_roles_see_and_change_what_they_may(client: FlaskClient, store: Store, role: str) -> None:
    secret = store.keys.create("ana", role)
    assert sign_in(client, "ana", secret).status_code == 303
    token = re.search(r'name="csrf" content="([^"]+)"', client.get("/help").text)
    assert token is not None
    person = Person(client, token[1])
    page = person.get("/tags/iskp")
    assert ("/tags/changes/undo" in page or "Change the tag" in page) is (role in EDITORS)
    for path, roles in FORMS_OF_TAGS.items():
        data: dict[str, Any] = {"csrf": token[1]}
        if path == "/tags/import":
            data["file"] = io.BytesIO(b"id,label"), "a.csv"
        response = client.post(path.replace("<set_id>", "a").replace("<proposal_id>", "a"), data=data)
        assert (response.status_code == 403) is (role not in roles), (path, response.status_code)


def test_forms_need_the_token_of_their_page_and_a_session(client: FlaskClient, chief: Person) -> None:
    for path in FORMS_OF_TAGS:
        wrong = client.post(path.replace("<set_id>", "a").replace("<proposal_id>", "a"), data={"csrf": "wrong"})
        assert wrong.status_code == 403, path
    client.delete_cookie("tagger_session")
    for path in FORMS_OF_TAGS:
        assert client.post(path.replace("<set_id>", "a").replace("<proposal_id>", "a")).status_code == 403


# --- the basket ---


@pytest.mark.slow
def test_changes_are_collected_seen_applied_with_a_reason_and_undone(chief: Person, store: Store) -> None:
    chief.add(op="merge", tag="iskp", into="Taliban")
    assert ">merge " in chief.get(HERE)
    assert store.taxonomy.log().n <= 1
    assert "Say why" in chief.apply(note="", status=422)
    applied = chief.apply("One group for the desk")
    head = store.taxonomy.log().taxonomy()
    assert head.replacement_of("iskp") == "taliban"
    assert "One group for the desk" in chief.get("/tags/changes")
    assert "It is read as" in chief.get("/tags/iskp")
    assert store.change_sets.draft_of("chief") is None
    chief.post(f"{applied}/undo")
    assert store.taxonomy.log().taxonomy().replacement_of("iskp") == "iskp"


def test_each_person_has_a_basket_and_drafts_are_listed_for_nobody(app: Any, chief: Person, store: Store) -> None:
    chief.add(op="retire", tag="hamas")
    other = signed_in(app.test_client(), "ana")
    assert "The basket is empty" in other.get(HERE)
    assert [each.by for each in store.change_sets.list()] == ["import"]
    chief.add(op="mute", tag="pakistan")
    draft = store.change_sets.draft_of("chief")
    assert draft is not None
    assert draft.lines == ["retire hamas", "set pakistan status=muted"]
    chief.post(f"{HERE}/remove", number="0")
    assert [each.lines for each in [store.change_sets.draft_of("chief")] if each] == [["set pakistan status=muted"]]
    chief.post(f"{HERE}/remove")
    assert store.change_sets.draft_of("chief") is None


def test_what_does_not_fit_is_refused_with_the_reason_and_a_name_that_may_be_meant(chief: Person) -> None:
    assert "Did you mean" in chief.add(422, op="merge", tag="iskp", into="talib")
    assert "Only tags of one kind" in chief.add(422, op="merge", tag="iskp", into="Pakistan")
    assert "Tick the tags first" in chief.add(422, op="retire")
    assert "The basket is empty" in chief.get(HERE)


@pytest.mark.slow
def test_what_was_changed_meanwhile_is_said_plainly(app: Any, chief: Person, store: Store) -> None:
    chief.add(op="retire", tag="hamas", into="")
    page = chief.get(f"{HERE}/effect")
    based_on = re.search(r'name="based_on" value="(\d+)"', page)
    assert based_on is not None
    other = signed_in(app.test_client(), "ana")
    other.add(op="relabel", tag="hamas", label="Hamas movement")
    other.apply()
    refused = chief.post(f"{HERE}/apply", 409, based_on=based_on[1], note="Not needed").text
    assert "The same tags were changed since the preview" in refused
    other.add(op="retire", tag="hamas")
    other.apply()
    assert "Does not fit any more" in chief.get(HERE)


@pytest.mark.slow
def test_an_undo_on_which_later_changes_rest_offers_to_take_them_along(chief: Person, store: Store) -> None:
    chief.add(op="create", label="Zagros Front", kind="group")
    first = chief.apply()
    chief.add(op="relabel", tag="zagros-front", label="Front of Zagros")
    chief.apply()
    page = chief.post(f"{first}/undo", 409).text
    numbers = re.findall(r'name="number" value="(\d+)"', page)
    assert numbers == ["3", "2"]
    chief.post("/tags/changes/undo", number=numbers)
    assert "zagros-front" not in store.taxonomy.log().taxonomy().by_id


@pytest.mark.slow
def test_a_proposed_set_is_applied_or_declined_by_whoever_may(chief: Person, store: Store) -> None:
    for answer, state in (("decline", "declined"), ("apply", "applied")):
        chief.add(op="retire", tag="pakistan")
        proposed = chief.post(f"{HERE}/propose", note="Nobody writes of it").headers["Location"]
        assert "Waiting for a decision" in chief.get("/tags/changes")
        based_on = re.search(r'name="based_on" value="(\d+)"', chief.get(f"{proposed}/effect"))
        assert based_on is not None
        chief.post(f"{proposed}/{answer}", based_on=based_on[1])
        assert store.change_sets.get(proposed.rpartition("/")[2]).state == state


def soon(**ahead: int) -> str:
    """Return a time as a form sends it, on a clock that is an hour ahead of UTC."""
    return (datetime.now(UTC) + timedelta(hours=1, **ahead)).isoformat()[:16]


@pytest.mark.slow
def test_a_basket_is_applied_at_a_time_of_the_readers_clock_unless_it_is_cancelled(chief: Person, store: Store) -> None:
    chief.add(op="relabel", tag="iskp", label="IS in Khorasan")
    based_on = re.search(r'name="based_on" value="(\d+)"', chief.get(f"{HERE}/effect"))
    assert based_on is not None
    fields = {"based_on": based_on[1], "note": "The new name", "zone": "60"}
    for when, said in (("", "Choose the day"), ("2026-02-30T10:00", "no such day"), (soon(days=-1), "a time to come")):
        assert said in chief.post(f"{HERE}/schedule", 422, when=when, **fields).text
    assert "You chose a time" in (page := chief.post(f"{HERE}/apply", 422, when=soon(days=2), **fields).text)
    assert 'value="The new name"' in page  # what was typed is still there
    when = soon(days=2)
    path = chief.post(f"{HERE}/schedule", when=when, **fields).headers["Location"]
    (scheduled,) = store.change_sets.list("scheduled")
    assert (scheduled.title, path) == ("The new name", f"/tags/changes/{scheduled.id}?scheduled=1")
    at = datetime.fromisoformat(scheduled.apply_at or "")
    assert at == datetime.fromisoformat(when).replace(tzinfo=UTC) - timedelta(minutes=60)
    assert f'datetime="{scheduled.apply_at}"' in chief.get(path)
    assert "Scheduled <small>1</small>" in chief.get("/tags/changes")
    assert store.change_sets.draft_of("chief") is None
    back = chief.post(f"/tags/changes/{scheduled.id}/cancel").headers["Location"]
    assert "Cancelled." in chief.get(back)
    assert [each.id for each in store.change_sets.list("proposed")] == [scheduled.id]
    fields |= {"when": soon(days=3)}
    again = chief.post(f"/tags/changes/{scheduled.id}/schedule", **fields).headers["Location"]
    assert "Scheduled." in chief.get(again)
    assert store.taxonomy.log().taxonomy().tag("iskp").label != "IS in Khorasan"
    chief.post(f"/tags/changes/{scheduled.id}/cancel")
    chief.post(f"/tags/changes/{scheduled.id}/cancel", 409)


@pytest.mark.slow
def test_a_split_leads_to_the_queue_of_what_waits(chief: Person, store: Store) -> None:
    store.import_articles([Article("h", "Raid", "Hamas.", tags=("hamas",))], "import")
    chief.add(op="split", tag="hamas", parts="Hamas in Gaza\nHamas abroad")
    assert 'href="/tags/split?id=hamas"' in chief.get(f"{chief.apply()}?applied=1")
    page = chief.get("/tags/split?id=hamas")
    assert "1 article waits for a decision" in page
    assert 'href="/review?state=all&amp;redecide=hamas"' in page
    assert 'href="/review/h?state=all&amp;redecide=hamas"' in page
    rows = chief.client.get("/v1/articles?state=all&redecide=hamas").get_json()
    assert ([row["article_id"] for row in rows["articles"]], sum(rows["counts"].values())) == (["h"], 1)
    assert chief.client.get("/v1/articles?redecide=hamas&sample=s").status_code == 422


def test_labels_and_aliases_of_strangers_are_text(chief: Person) -> None:
    hostile = "<script>alert(1)</script> & \u202e\"'"
    chief.add(op="create", label=hostile, kind="group")
    applied = chief.apply(note=hostile)
    tag = re.search(r'href="(/tags/script[^"]*)"', chief.get(applied))
    assert tag is not None
    for path in ("/tags", "/tags/changes", applied, tag[1], f"/tags?q={'%3Cscript%3E'}"):
        page = chief.get(path)
        assert "<script>alert" not in page, path
        words = re.sub(r'<title>.*?</title>|(?:aria-label|value|title)="[^"]*"', "", page)
        assert "\u202e" not in words, path


@pytest.mark.slow
def test_an_alias_is_tried_on_the_archive_before_it_is_added(chief: Person) -> None:
    chief.put("a")
    page = chief.post("/tags/try", 200, tag="hamas", alias="Jaish al-Adl").text
    assert "stands in 1 article of the newest" in page
    assert "Raid on a border post" in page
    assert "too common a word" in chief.post("/tags/try", 422, tag="hamas", alias="said").text


# --- missed tags ---


def test_taking_a_missed_tag_makes_it_and_its_article_has_it_until_it_is_undone(chief: Person, store: Store) -> None:
    chief.put("a")
    missed = store.proposals.add("Jaish al-Adl", "Baluch", "a", "ana")
    chief.post(f"/tags/proposals/{missed}", state="new", label="Jaish al-Adl", kind="group")
    assert store.log.read("a").standing().tags == ("jaish-al-adl",)
    (created,) = store.change_sets.list("applied")[:1]
    assert (created.by, created.decided_by, created.article_id) == ("ana", "chief", "a")
    assert "the article has got it" in chief.get("/tags/proposals")
    assert_known(chief, "a", "Jaish al-Adl")
    chief.post(f"/tags/changes/{created.id}/undo")
    assert store.log.read("a").standing().tags == ()
    assert store.proposals.get(missed).state == "open"


def assert_known(person: Person, article_id: str, label: str) -> None:
    """What a person has just changed is what the person sees: no second passes between."""
    shown = json.loads(person.get(f"/review/articles/{article_id}"))
    assert [(tag["label"], tag["known"]) for tag in shown["tags"]] == [(label, True)]


def test_a_missed_tag_that_is_another_name_is_given_as_the_tag(chief: Person, store: Store) -> None:
    chief.put("a")
    missed = store.proposals.add("The Palestinian group", "", "a", "ana")
    assert "No tag is called" in chief.post(f"/tags/proposals/{missed}", 422, state="taken", tag="Hammas").text
    chief.post(f"/tags/proposals/{missed}", state="taken", tag="Hamas")
    assert store.log.read("a").standing().tags == ("hamas",)
    again = store.proposals.add("Nothing", "", "a", "ana")
    chief.post(f"/tags/proposals/{again}", state="declined")
    assert store.proposals.get(again).state == "declined"


# --- older articles, and what is counted ---


def begun(beside: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the command that was begun last, once its thread has come to it."""
    until = time.monotonic() + 10
    while not beside and time.monotonic() < until:
        time.sleep(0.01)
    return beside.pop()


def test_older_articles_get_a_tag_once_a_sample_shows_that_it_is_right(
    chief: Person, store: Store, taxonomy: Taxonomy, beside: list[tuple[str, ...]]
) -> None:
    assert "Look which would get it" in chief.get("/tags/hamas")
    chief.post("/tags/past/sample", tag="hamas")
    assert begun(beside) == ("archive", "sample", "--tag=hamas", "--by=chief")
    chief.put("a")
    plan = ("hamas", {}, tag_version("hamas", store.taxonomy.log().taxonomy()), "m-1", 1, [[750, 1]], 7, "chief", now())
    store.samples.keep(Sample("s1", *plan), [("a", 0.75)])
    page = chief.get("/tags/hamas")
    assert "/review?state=all&amp;sample=s1" in page
    assert "Tag the older articles" not in page
    store.log.decide("a", [Draft("accept", "hamas")], "ana", lambda *_: {})
    assert "Tag the older articles" in chief.get("/tags/hamas")
    chief.post("/tags/past/run", tag="hamas")
    assert begun(beside) == ("archive", "run", "--tag=hamas")
    chief.post("/tags/past/run", 404, tag="nobody")


@pytest.mark.slow
def test_what_a_run_added_is_taken_back_from_the_page_of_its_tag(
    chief: Person, store: Store, beside: list[tuple[str, ...]]
) -> None:
    assert "nothing to take back" in chief.get("/tags/past/undo?id=hamas")
    for article_id in ("a", "b"):
        chief.put(article_id)
    plan = ("hamas", {}, tag_version("hamas", store.taxonomy.log().taxonomy()), "m-1", 2, [[750, 2]], 7, "chief", now())
    store.samples.keep(Sample("s1", *plan), [("a", 0.75)])
    run = store.runs.begin("archive")
    additions = [
        Additions(each.article.id, each.stamp, [("hamas", 0.75)]) for each in store.assignments.candidates(Scope())
    ]
    store.assignments.add(run, additions, lambda _: {"figures": {"n_tagged": 2}})
    store.samples.note_run(["s1"], run.id)
    assert "are being tagged: 2 articles so far" in chief.get("/tags/hamas")
    store.runs.end(run, "done", "", version="m-1")
    store.log.decide("a", [Draft("accept", "hamas")], "ana", lambda *_: {})
    assert "put this tag on 2 older articles" in (page := chief.get("/tags/hamas"))
    assert 'href="/tags/past/undo?id=hamas"' in page
    page = chief.get("/tags/past/undo?id=hamas")
    assert "<strong>1</strong> article loses" in page
    assert "1 article keeps it" in page
    assert ('href="/review/b"' in page, 'href="/review/a"' in page) == (True, False)
    chief.post("/tags/past/undo", tag="hamas", run=run.id)
    assert begun(beside) == ("archive", "undo", run.id, "--by=chief")
    undo(store, run.id, "chief")
    assert "It was taken back" in (page := chief.get("/tags/hamas"))
    assert "Look which would get it" in page
    assert "chief took back what an archive run had added" in re.sub("<[^>]+>", "", chief.get("/articles/b/history"))
    chief.post("/tags/past/undo", 404, tag="hamas", run="none")


def test_the_list_shows_what_was_counted_last_and_has_it_counted_anew(
    chief: Person, store: Store, taxonomy: Taxonomy, beside: list[tuple[str, ...]]
) -> None:
    chief.put("a", title="Hamas", body="Hamas fired rockets.")
    assert "The articles are being counted" in chief.get("/tags")
    assert begun(beside) == ("desk-report", "--keep")
    for n_uses in (1, 2):
        chief.client.post(
            "/v1/articles/a/decisions" if n_uses == 1 else "/v1/articles/b/decisions",
            json={"decisions": [{"tag": "hamas", "action": "add"}]}, headers={"X-CSRF-Token": chief.csrf},
        )  # fmt: skip
        keep_desk_report(store, store.taxonomy.log().taxonomy())
        listed_row = re.search(r'value="hamas".*?data-label="articles">(\d+)<', chief.get("/tags"), re.DOTALL)
        assert listed_row is not None
        assert listed_row[1] == str(n_uses)
        chief.put("b", title="Hamas again", body="Hamas fired rockets.")


def test_findings_of_the_check_are_flags_and_buttons_that_mend(
    chief: Person, store: Store, beside: list[tuple[str, ...]]
) -> None:
    chief.post("/tags/check", next="/tags")
    assert begun(beside) == ("tags", "lint", "--keep")
    finding = KeptFinding("rarely right", "hamas", "Movement", None, "2 of 90 are right", 'alias hamas -"Hamas"')
    report = KeptLint(90, [finding], [KeptAlias("hamas", "Hamas", 171, 90, 2, "2026-11-30")])
    store.reports.put(KeptReport(LINT, now(), 0, "t-1", to_json(report)))
    assert "rarely right" in chief.get("/tags?flagged=1")
    page = chief.get("/tags/hamas")
    assert "2 of 90" in page
    assert "171" in page
    chief.add(op="lines", lines=finding.operation)
    draft = store.change_sets.draft_of("chief")
    assert draft is not None
    assert draft.lines == ['alias hamas -"Hamas"']


# --- rising names ---


def rises(store: Store, name: str, *ids: str) -> None:
    found = [DatedArticle(article_id, "", "2026-11-30") for article_id in ids]
    row = RisingName(name, [f"{name}s"], len(ids), 40, 0, 900, 31.0, "2026-11-28", found, None, [], [], "")
    content = to_json(KeptRising("2026-11-30", [row]))
    store.reports.put(KeptReport(RISING, now(), 0, "t-1", content))


def test_a_rising_name_becomes_a_tag_with_its_articles_in_one_press(chief: Person, store: Store) -> None:
    for article_id in ("a", "b"):
        chief.put(article_id)
    chief.put("c", title="The fair Adl of Jaish", body="Nothing else is in it.")
    rises(store, "Jaish al-Adl", "a")
    assert "never before" in chief.get("/tags/rising")
    done = chief.post("/tags/rising", name="Jaish al-Adl", kind="group").headers["Location"]
    assert "2 articles that name it have the tag now" in chief.get(done)
    tags = {key: store.log.read(key).standing().tags for key in ("a", "b", "c")}
    assert tags == {"a": ("jaish-al-adl",), "b": ("jaish-al-adl",), "c": ()}
    assert [alias.text for alias in store.taxonomy.log().taxonomy().tag("jaish-al-adl").aliases][:1] == ["Jaish al-Adl"]
    assert "is a tag now" in chief.get("/tags/rising")
    undone = chief.post(f"{done.partition('?')[0]}/undo").headers["Location"].partition("?")[0]
    assert store.log.read("a").standing().tags == ()
    chief.post(f"{undone}/undo")  # and done again
    assert store.log.read("b").standing().tags == ("jaish-al-adl",)


_KILLED = """
import os, sys
from classifier.domain.operations import Create
from classifier.store import naming
from classifier.store.database.opening import open_store

decide, store = naming._decide, open_store(sys.argv[1])

def die_at_the_second(connection, article_id, draft, editor):
    if article_id == "b":
        os._exit(9)
    decide(connection, article_id, draft, editor)

naming._decide = die_at_the_second
store.taxonomy.apply([Create("zagros", "Zagros Front", "group")], "ada", then=naming.giving("zagros", ["a", "b"], "ada"))
"""


def test_a_process_that_dies_leaves_no_tag_that_only_some_articles_have(
    chief: Person, store: Store, database_url: str
) -> None:
    for article_id in ("a", "b"):
        chief.put(article_id)
    before = store.taxonomy.last()
    killed = subprocess.run([sys.executable, "-c", _KILLED, database_url], check=False)
    assert killed.returncode == 9
    assert store.taxonomy.last() == before
    assert store.log.last() == 0
    store.taxonomy.apply([Create("zagros", "Zagros Front", "group")], "ada", then=giving("zagros", ["a", "b"], "ada"))
    assert [store.log.read(key).standing().tags for key in ("a", "b")] == [("zagros",), ("zagros",)]


def test_only_names_that_rise_become_tags_and_reports_forget_deleted_articles(chief: Person, store: Store) -> None:
    chief.put("a")
    rises(store, "Jaish al-Adl", "a")
    chief.post("/tags/rising", 400, name="Something else")
    chief.client.delete("/v1/articles/a", headers={"X-CSRF-Token": chief.csrf})
    assert store.reports.get(RISING) is None


# --- files ---


def send(person: Person, name: str, text: str, status: int = 303, **fields: str) -> Any:
    data = {"csrf": person.csrf, "file": (io.BytesIO(text.encode()), name), **fields}
    response = person.client.post("/tags/import", data=data, headers={"Accept": "text/html"})
    assert response.status_code == status, response.text[-600:]
    return response


def test_a_file_is_a_proposed_change_that_is_seen_first(chief: Person, store: Store) -> None:
    seen = send(chief, "tags.csv", "id,label,kind\nzagros,Zagros Front,group\n").headers["Location"]
    assert "Zagros Front" in chief.get(seen)
    assert "zagros" not in store.taxonomy.log().taxonomy().by_id
    seen = send(chief, "draft.txt", "# a comment\nretire hamas\nmerge nobody into pakistan\n").headers["Location"]
    assert store.change_sets.get(seen.split("/")[3]).lines == ["retire hamas"]
    assert "Nothing would change" in send(chief, "same.csv", "id,kind\niskp,group\n", 200).text
    assert "line 1" in send(chief, "wrong.csv", "no,such\n1,2\n", 422).text
    send(chief, "tags.exe", "x", 422)


def test_only_the_own_form_uploads(chief: Person) -> None:
    data = {"csrf": "wrong", "file": (io.BytesIO(b"id,label\n"), "a.csv")}
    assert chief.client.post("/tags/import", data=data).status_code == 403
    raw = chief.client.post("/tags/import", data=b"--x\r\nbroken", content_type="multipart/form-data; boundary=x")
    assert raw.status_code in (400, 403)


def test_articles_of_the_store_are_found_by_words_in_any_case(store: Store) -> None:
    store.import_articles([Article("a", title="JAISH al-Adl"), Article("b", body="jaish"), Article("c", "x")], "import")
    assert set(store.naming.having(["jaish"], 10)) == {"a", "b"}
    assert store.naming.having(["jäish", "%"], 10) == []
