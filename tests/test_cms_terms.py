"""The terms of a CMS: found by the lookup of imports, remembered for each key, corrected by persons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from classifier.commands import main
from classifier.domain.articles import Article
from classifier.domain.taxonomy import Taxonomy
from classifier.importers.cms_terms import entries_of
from classifier.importers.mapping import TermMap
from classifier.importers.records import CmsTerm
from classifier.store.cms_terms import IGNORE, PERSON, KeptTerm
from classifier.store.store import Store
from tests.conftest import STARTER

TEXT = {"title": "Three held in Kabul", "body": "Police named no group."}
KHORASAN, TTP, UNKNOWN = (
    {"id": "7", "name": "ISIS-K", "slug": "isis-k", "taxonomy": "post_tag"},
    {"id": "8", "name": "Pakistani Taliban", "slug": "pakistani-taliban", "taxonomy": "post_tag"},
    {"id": "9", "name": "Weather", "slug": "weather", "taxonomy": "category"},
)


def ok(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, response.get_data(as_text=True)
    return response.get_json()


def put(client: FlaskClient, article: str = "a", **sent: Any) -> Any:
    return ok(client.put(f"/v1/articles/{article}", json={**TEXT, **sent}))


def tags(client: FlaskClient, article: str = "a") -> set[str]:
    return set(ok(client.get(f"/v1/articles/{article}"))["tags"])


def log(store: Store, article: str = "a") -> list[tuple[str | None, str]]:
    return [(row.tag, row.action) for row in store.log.read(article).rows]


def proposals(client: FlaskClient) -> list[list[str]]:
    return [each["lines"] for each in ok(client.get("/v1/tags/change-sets?state=proposed"))["change_sets"]]


def correct(client: FlaskClient, term: str, to: list[str] | None) -> Any:
    return ok(client.put(f"/v1/terms/{term}", json={"tags": to}))


def test_terms_stand_for_tags_as_in_an_import(client: FlaskClient) -> None:
    answer = put(client, terms=[KHORASAN, TTP, UNKNOWN], tags=["taliban"])
    assert answer["known"] == {"7": "iskp", "8": "ttp"}
    assert answer["unknown_tags"] == []
    assert tags(client) == {"taliban", "iskp", "ttp"}


def test_terms_are_the_whole_list_and_without_them_nothing_changes(client: FlaskClient, store: Store) -> None:
    put(client, terms=[KHORASAN, TTP])
    assert "known" not in put(client)
    assert tags(client) == {"iskp", "ttp"}
    put(client, terms=[TTP])
    assert (tags(client), log(store)) == ({"ttp"}, [("iskp", "remove")])
    assert put(client, terms=[])["known"] == {}
    assert tags(client) == set()


def test_slugs_that_an_older_client_listed_are_not_removed_when_terms_come(client: FlaskClient, store: Store) -> None:
    put(client, tags=["isis-k", "weather", "taliban"])
    put(client, terms=[KHORASAN, UNKNOWN])
    assert (tags(client), log(store)) == ({"iskp"}, [("taliban", "remove")])


def test_a_term_keeps_its_tag_when_it_is_renamed_and_a_proposal_is_made_once(client: FlaskClient, store: Store) -> None:
    term = {"id": "5", "name": "Taliban", "slug": "taliban"}
    put(client, terms=[term])
    for _ in range(2):
        renamed = {"id": "5", "name": "Taleban movement", "slug": "taleban"}
        assert put(client, terms=[renamed])["known"] == {"5": "taliban"}
    assert (tags(client), log(store)) == ({"taliban"}, [])
    assert proposals(client) == [['relabel taliban "Taleban movement"', "rename taliban to taleban"]]
    put(client, terms=[{**renamed, "name": "Taliban"}])  # known by this name: nothing is meant by it
    assert len(proposals(client)) == 1


def test_a_term_that_is_renamed_to_the_name_of_another_tag_stands_for_that(client: FlaskClient, store: Store) -> None:
    put(client, terms=[{"id": "5", "name": "Taliban", "slug": "taliban"}])
    assert put(client, terms=[{"id": "5", "name": "TTP", "slug": "taliban"}])["known"] == {"5": "ttp"}
    assert (tags(client), log(store), proposals(client)) == ({"ttp"}, [], [["merge taliban into ttp"]])


def test_what_a_person_says_of_a_term_counts_and_takes_no_tag_off_as_removed(client: FlaskClient, store: Store) -> None:
    put(client, terms=[KHORASAN, UNKNOWN])
    assert correct(client, "7", ["ttp"])["tags"] == ["ttp"]
    assert put(client, terms=[KHORASAN, UNKNOWN])["known"] == {"7": "ttp"}
    assert (tags(client), log(store)) == ({"ttp"}, [])
    correct(client, "7", [])
    assert put(client, terms=[KHORASAN])["known"] == {}
    assert (tags(client), log(store)) == (set(), [])
    correct(client, "7", None)
    assert put(client, terms=[KHORASAN])["known"] == {"7": "iskp"}
    put(client, terms=[UNKNOWN])  # a removal counts as ever
    assert log(store) == [("iskp", "remove")]


def test_a_tag_that_another_term_gave_after_a_correction_is_removed(client: FlaskClient, store: Store) -> None:
    put(client, terms=[KHORASAN])
    correct(client, "7", ["ttp"])
    other = {"id": "11", "name": "ISKP", "slug": "iskp"}
    put(client, terms=[KHORASAN, other])
    put(client, terms=[KHORASAN])
    assert log(store) == [("iskp", "remove")]


def test_terms_are_listed_with_the_tags_they_are_like(client: FlaskClient) -> None:
    like = {"id": "3", "name": "Talibans movement", "slug": "talibans-movement"}
    found = ok(client.post("/v1/terms/resolve", json={"terms": [KHORASAN, like, UNKNOWN]}))
    assert found["known"] == {"7": "iskp"}
    assert [row["id"] for row in found["unknown"]] == ["3", "9"]
    listed = ok(client.get("/v1/terms?limit=2"))
    assert ([row["id"] for row in listed["terms"]], listed["cursor"]) == (["3", "7"], "7")
    assert listed["terms"][0]["nearest"][0]["tag"] == "taliban"
    assert [row["id"] for row in ok(client.get("/v1/terms?prefix=9"))["terms"]] == ["9"]
    assert ok(client.get("/v1/terms?after=7"))["terms"][0]["name"] == "Weather"
    assert [row["by"] for row in ok(client.get("/v1/terms?state=unknown"))["terms"]] == ["unknown"] * 2
    correct(client, "9", [])
    assert [row["id"] for row in ok(client.get("/v1/terms?state=ignored"))["terms"]] == ["9"]
    assert [row["id"] for row in ok(client.get("/v1/terms?state=known&words=isis"))["terms"]] == ["7"]


def test_a_term_that_was_merged_in_the_cms_removes_nothing_and_is_proposed(client: FlaskClient, store: Store) -> None:
    put(client, terms=[KHORASAN])
    put(client, "b", terms=[TTP])
    merged = ok(client.post("/v1/terms/7/merge", json={"into": "8"}))
    assert ok(client.get(f"/v1/tags/change-sets/{merged['change_set']}"))["lines"] == ["merge iskp into ttp"]
    put(client, terms=[TTP])
    assert (tags(client), log(store)) == ({"ttp"}, [])
    unknown = client.post("/v1/terms/7/merge", json={"into": "99"})
    assert unknown.status_code == 404


@pytest.mark.slow
def test_an_undo_of_a_merge_removes_nothing_from_what_was_listed_meanwhile(client: FlaskClient, store: Store) -> None:
    put(client, terms=[TTP])
    put(client, "b", terms=[KHORASAN, TTP])
    sets = "/v1/tags/change-sets"
    merge = {"op": "merge", "tags": ["ttp"], "into": "iskp"}
    set_id = ok(client.post(sets, json={"ops": [merge]}), 201)["id"]
    ok(client.post(f"{sets}/{set_id}/apply", json={"based_on": 1}))
    for article in ("a", "b"):  # the CMS has followed
        put(client, article, terms=[KHORASAN])
        assert (tags(client, article), log(store, article)) == ({"iskp"}, [])
    ok(client.post(f"{sets}/{set_id}/undo", json={}))
    put(client, terms=[TTP])
    put(client, "b", terms=[KHORASAN, TTP])
    assert [(tags(client, article), log(store, article)) for article in ("a", "b")] == [
        ({"ttp"}, []),
        ({"iskp", "ttp"}, []),
    ]
    put(client, "b", terms=[TTP])  # after that a removal is one
    assert log(store, "b") == [("iskp", "remove")]


@pytest.mark.parametrize("hint", ["iskp", "no-such-tag"])
def test_the_tag_that_the_cms_made_a_term_for_counts_at_first(client: FlaskClient, hint: str) -> None:
    term = {"id": "4", "name": "K", "slug": "k", "tag": hint}
    assert put(client, terms=[term])["known"] == ({"4": "iskp"} if hint == "iskp" else {})


def test_each_key_has_terms_of_its_own(client: FlaskClient, store: Store) -> None:
    keys = {name: store.keys.create(name, "cms") for name in ("north", "south")}
    of = {name: {"headers": {"Authorization": f"Bearer {key}"}} for name, key in keys.items()}
    for name in keys:
        ok(client.post("/v1/terms/resolve", json={"terms": [KHORASAN]}, **of[name]))
    ok(client.put("/v1/terms/7", json={"tags": ["ttp"], "editor": "Mira"}, **of["north"]))
    shown = {name: ok(client.get("/v1/terms", **of[name]))["terms"][0] for name in keys}
    assert (shown["north"]["tags"], shown["north"]["editor"]) == (["ttp"], "north/Mira")
    assert (shown["south"]["tags"], shown["south"]["by"]) == (["iskp"], "alias")
    assert entries_of(store.cms_terms.corrected()) == {"ISIS-K": ("ttp",), "isis-k": ("ttp",)}


def test_a_key_learns_its_name_and_role(client: FlaskClient, store: Store) -> None:
    assert ok(client.get("/v1/key")) == {"name": None, "role": None}
    headers = {"Authorization": f"Bearer {store.keys.create('north', 'reader')}"}
    assert ok(client.get("/v1/key", headers=headers)) == {"name": "north", "role": "reader"}


def test_an_import_and_the_terms_of_saves_agree(client: FlaskClient, store: Store) -> None:
    store.import_articles([Article("a", **TEXT, tags=("iskp", "ttp"))], "import")
    for _ in range(2):
        put(client, terms=[KHORASAN, TTP])
        assert (tags(client), log(store)) == ({"iskp", "ttp"}, [])


def test_an_import_uses_what_persons_said_of_terms(taxonomy: Taxonomy, store: Store) -> None:
    kept = [
        KeptTerm("7", "ISIS-K", "isis-k", "", ("iswap",), PERSON),
        KeptTerm("8", "Weather", "weather", "", (), IGNORE),
    ]
    store.cms_terms.keep("north", kept)
    store.cms_terms.keep("south", [KeptTerm("1", "Weather", "weather-2", "", ("attack",), PERSON)])
    terms = TermMap(taxonomy, {"Storm": ()}, entries_of(store.cms_terms.corrected()))
    assert [terms.match(CmsTerm(name)).tags for name in ("ISIS-K", "weather-2", "Weather")] == [
        ("iswap",),
        ("attack",),
        (),
    ]
    assert terms.match(CmsTerm("Weather")).by == "unknown"  # the keys contradict each other
    assert terms.unused() == ["Storm"]


@pytest.mark.slow
def test_the_import_command_takes_the_terms_of_a_key(store: Store, database_url: str, tmp_path: Path) -> None:
    store.cms_terms.keep("north", [KeptTerm("7", "Storm", "storm", "", ("iskp",), PERSON)])
    table = tmp_path / "a.csv"
    table.write_text("id,title,body,tags\na,Kabul,Text,Storm\n", encoding="utf-8")
    where = ["--taxonomy", str(STARTER / "taxonomy.yaml"), "--database", database_url]
    for key, expected in (("south", ()), ("north", ("iskp",))):
        assert main(["import", str(table), *where, "--terms-of", key]) == 0
        assert store.article("a").article.tags == expected
