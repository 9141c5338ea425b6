"""The taxonomy as a file over HTTP and by command: proposed, previewed, applied and undone."""

# ruff: noqa: F811 (fixtures of other modules)

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from classifier.serving.registry import Registry
from classifier.store.store import Store
from tests.test_commands import Run, run  # noqa: F401
from tests.test_taxonomy_api import apply, ok, open_client  # noqa: F401

IMPORT, EXPORT = "/v1/tags/import?format=", "/v1/tags/export?format="
TABLE = "id,label,kind\nzagros-front,Zagros Front,group\ntaliban,Taliban movement,group\n"
LINES = ['create zagros-front "Zagros Front" kind=group', 'relabel taliban "Taliban movement"']


def send(client: FlaskClient, form: str, text: str, kind: str) -> Any:
    return client.post(IMPORT + form, data=text.encode(), content_type=kind)


@pytest.mark.slow
def test_a_file_is_proposed_previewed_and_applied(open_client: FlaskClient, store: Store) -> None:
    told = ok(send(open_client, "csv", TABLE, "text/csv"), 201)
    assert (told["n_operations"], told["counts"], told["notes"]) == (2, {"create": 1, "relabel": 1}, [])
    proposed = ok(open_client.get(f"/v1/tags/change-sets/{told['change_set']}"))
    assert (proposed["state"], proposed["lines"], proposed["title"]) == ("proposed", LINES, "import of csv")
    assert ok(open_client.get(f"/v1/tags/change-sets/{told['change_set']}/preview"))["changes"] == LINES
    assert "zagros-front" not in open_client.get(EXPORT + "csv").text
    ok(apply(open_client, told["change_set"], 1))
    response = open_client.get(EXPORT + "csv")
    assert response.content_type == "text/csv; charset=utf-8"
    assert "zagros-front,Zagros Front,group" in response.text
    again = ok(send(open_client, "csv", response.text, "text/csv"), 200)
    assert (again["change_set"], again["n_operations"]) == (None, 0)
    assert len(store.change_sets.list()) == 2  # the first is the taxonomy of the champion


def test_yaml_goes_out_and_comes_in(open_client: FlaskClient) -> None:
    response = open_client.get(EXPORT + "yaml")
    assert response.content_type == "application/yaml; charset=utf-8"
    assert "- id: taliban\n" in response.text
    text = "kinds: {group: {}}\ntags: [{id: new, label: New front, kind: group}]"
    told = ok(send(open_client, "yaml", text, "application/yaml"), 201)
    assert told["counts"] == {"create": 1}


@pytest.mark.parametrize(
    ("form", "text", "kind", "status", "said"),
    [
        ("csv", "id,lable\nx,y", "text/csv", 422, "unknown column 'lable'"),
        ("csv", TABLE, "text/plain", 415, "not 'text/plain'"),
        ("xml", TABLE, "text/csv", 422, "format"),
        ("yaml", "a: [", "application/yaml", 422, "while parsing"),
        ("csv", "x" * (3 << 20), "text/csv", 413, "over 2,097,152 bytes"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(
    open_client: FlaskClient,
    store: Store,
    form: str,
    text: str,
    kind: str,
    status: int,
    said: str,
) -> None:
    response = send(open_client, form, text, kind)
    assert response.status_code == status
    assert said in response.get_data(as_text=True)
    assert [each.title for each in store.change_sets.list()] in ([], ["The taxonomy of the champion"])


@pytest.mark.slow
def test_the_commands_write_a_file_and_read_it(
    run: Run,
    registry: Registry,
    store: Store,
    database_url: str,
    tmp_path: Path,
) -> None:
    folder, where = str(registry.folder), ["--database", database_url]
    table = tmp_path / "tags.csv"
    run("tags", "log", "--models", folder, *where)
    assert "21 tags are in" in run("tags", "export", str(table), "--models", folder, *where).out
    assert "nothing to change" in run("tags", "import", str(table), "--models", folder, *where).out
    table.write_text(TABLE)
    dry = run("tags", "import", str(table), "--models", folder, *where, "--dry-run")
    assert dry.out.splitlines() == LINES
    proposed = run("tags", "import", str(table), "--models", folder, *where, "--json").json
    assert store.change_sets.get(proposed["change_set"]).lines == LINES
    applied = run("tags", "import", str(table), "--models", folder, *where, "--apply", "--note", "from the desk")
    assert "2 operations: 1 create, 1 relabel; take it back: tags undo --set " in applied.out
    assert run("tags", "export", "--format", "yaml", "--models", folder, *where).out.count("zagros-front") == 1
    set_id = applied.out.strip().rpartition(" ")[2]
    run("tags", "undo", "--set", set_id, "--models", folder, *where)
    assert "zagros-front" not in run("tags", "export", "--format", "csv", "--models", folder, *where).out
    assert store.change_sets.get(set_id).state == "undone"


def test_operations_of_a_table_are_carried_out(run: Run, registry: Registry, database_url: str, tmp_path: Path) -> None:
    where = ["--models", str(registry.folder), "--database", database_url]
    table = tmp_path / "operations.csv"
    table.write_text("op,tag,label,kind,tags,into\ncreate,new,New front,group,,\nmerge,,,,iskp,new\n")
    done = run("tags", "do", "--file", str(table), *where, "--json").json
    assert [row["line"] for row in done["changes"]] == ['create new "New front" kind=group', "merge iskp into new"]
    table.write_text("op,tag\nrevive,x\nfly,x\n")
    refused = run("tags", "do", "--file", str(table), *where)
    assert "line 3: An operation has `op`, one of create" in refused.err


def test_an_import_needs_a_file_that_tells_its_format(run: Run, registry: Registry, database_url: str) -> None:
    where = ["--models", str(registry.folder), "--database", database_url]
    assert "--format skos-ttl" in run("tags", "import", "taxonomy.xml", *where).err
    assert "cannot be read" in run("tags", "import", "nothing.csv", *where).err
    assert run("tags", "import", "nothing.csv", *where, "--apply", "--dry-run").err.startswith("error: Either")


TURTLE = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix d: <https://example.org/d/> .
d:zagros a skos:Concept ; skos:prefLabel "Zagros Front"@en ; skos:inScheme d:groups ; skos:notation "Z" .
"""


def test_a_vocabulary_comes_in_and_goes_out_over_http(open_client: FlaskClient) -> None:
    told = ok(send(open_client, "skos-ttl", TURTLE, "text/turtle"), 201)
    assert told["counts"] == {"create": 1, "keep": 1}
    ok(apply(open_client, told["change_set"], 1))
    response = open_client.get(EXPORT + "skos-ttl")
    assert response.content_type == "text/turtle; charset=utf-8"
    assert 'skos:notation "Z"' in response.text
    for form, kind in (("skos-jsonld", "application/ld+json"), ("iptc-json", "application/json")):
        assert "Zagros Front" in open_client.get(EXPORT + form).text
        assert send(open_client, form, "3", kind).status_code == 422
    assert ok(send(open_client, "skos-ttl", response.text, "text/turtle"), 200)["n_operations"] == 0


def test_without_rdflib_the_service_says_what_to_install(
    open_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rdflib", None)
    for response in (open_client.get(EXPORT + "skos-ttl"), send(open_client, "skos-ttl", TURTLE, "text/turtle")):
        assert response.status_code == 501
        assert response.get_json()["type"] == "/docs#not-installed"
        assert "pip install 'rdflib>=7.6'" in response.get_json()["detail"]
    assert open_client.get(EXPORT + "csv").status_code == 200


def test_a_map_gives_the_kinds_of_a_vocabulary(run: Run, registry: Registry, database_url: str, tmp_path: Path) -> None:
    where = ["--models", str(registry.folder), "--database", database_url]
    vocabulary, kinds = tmp_path / "v.ttl", tmp_path / "kinds.yaml"
    vocabulary.write_text(TURTLE)
    kinds.write_text("https://example.org/d/groups: group\n")
    dry = run("tags", "import", str(vocabulary), "--kind-map", str(kinds), "--dry-run", *where).out
    assert dry.startswith('create zagros "Zagros Front" kind=group ')
    kinds.write_text("https://example.org/d/groups: nothing\n")
    refused = run("tags", "import", str(vocabulary), "--kind-map", str(kinds), "--dry-run", *where)
    assert (refused.code, "line 1: the taxonomy has no kind 'nothing'" in refused.err) == (1, True)
