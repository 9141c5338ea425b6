"""`export`, `desk-report` and `tags proposals`: what the store knows, for other programs and for people."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from classifier.commands import EXIT_CODES, main
from classifier.domain.articles import read_articles
from classifier.domain.examples import labels_of
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import Busy
from classifier.serving.registry import Registry
from classifier.store.store import Store
from tests.test_decisions import done, put, shown


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def export(what: str, database_url: str, output: Path) -> bytes:
    assert main(["export", what, "--database", database_url, "--output", str(output)]) == 0
    return output.read_bytes()


@pytest.fixture
def tags(client: FlaskClient) -> list[str]:
    """The suggestions of an article of which one was accepted, one rejected, one left open, and another tag added."""
    tags = shown(put(client))
    first, second, third = ({"tag": tag} for tag in tags[:3])
    done(client, {**first, "action": "accept"}, {**second, "action": "reject", "reason": "wrong", "note": "Not here."})
    done(client, {**third, "action": "unsure"}, {"tag": "policy", "action": "add"}, editor="ed4")
    return tags


def test_exported_examples_are_what_training_reads(
    tags: list[str], store: Store, database_url: str, tmp_path: Path, taxonomy: Taxonomy
) -> None:
    output = tmp_path / "examples.jsonl"
    export("examples", database_url, output)
    (record,) = written(output)
    assert (record["tags"], record["rejected"], record["unknown"]) == ([tags[0], "policy"], [tags[1]], [tags[2]])
    assert record["tags_complete"] is False
    read, known = list(read_articles([output])), list(store.exports.examples())
    assert np.array_equal(labels_of(read, taxonomy), labels_of(known, taxonomy))


def test_closing_changes_the_export_and_undoing_it_restores_it_to_the_byte(
    tags: list[str], client: FlaskClient, database_url: str, tmp_path: Path
) -> None:
    before = export("examples", database_url, tmp_path / "before.jsonl")
    closing = done(client, complete=True)["decisions"][0]
    closed = export("examples", database_url, tmp_path / "closed.jsonl")
    done(client, {"action": "undo", "decision_id": closing["id"]})
    after = export("examples", database_url, tmp_path / "after.jsonl")
    assert json.loads(closed)["tags_complete"] is True
    assert after == before != closed


def test_exported_decisions_are_the_log_in_its_order(
    tags: list[str], store: Store, database_url: str, tmp_path: Path
) -> None:
    output = tmp_path / "decisions.jsonl"
    export("decisions", database_url, output)
    rows = written(output)
    assert rows == [vars(row) for row in store.log.all()]
    assert [row["action"] for row in rows] == ["accept", "reject", "unsure", "add"]
    assert rows[1]["note"] == "Not here."


def test_an_export_whose_name_ends_in_gz_is_packed_and_the_same_every_time(
    tags: list[str], database_url: str, tmp_path: Path
) -> None:
    packed = export("examples", database_url, tmp_path / "a.jsonl.gz")
    assert gzip.decompress(packed) == export("examples", database_url, tmp_path / "a.jsonl")
    assert packed == export("examples", database_url, tmp_path / "b.jsonl.gz")


def test_an_export_that_cannot_be_written_says_so_and_leaves_nothing(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    code = main(["export", "examples", "--database", database_url, "--output", str(tmp_path / "file" / "out.jsonl")])
    assert code == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"error: Cannot write {tmp_path}/file/out.jsonl")


def test_desk_report_counts_what_editors_did_and_writes_a_page(
    tags: list[str], registry: Registry, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--models", str(registry.folder), "--database", database_url]
    assert main(["desk-report", *where, "--json", "--output", str(tmp_path / "desk.html")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["decisions"], report["acceptance"]["accepted"]) == (4, 1)
    assert "<title>" in (tmp_path / "desk.html").read_text(encoding="utf-8")
    assert main(["desk-report", *where]) == 0
    assert capsys.readouterr().out.startswith("2 editors decided on 1 article")


def test_proposed_tags_are_listed_for_whoever_keeps_the_taxonomy(
    tags: list[str], store: Store, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tags", "proposals", "--database", database_url]) == 0
    assert capsys.readouterr().out.startswith("nothing was proposed")
    store.proposals.add("Jund al-Aqsa", "A Syrian group.", "a", "ed4")
    assert main(["tags", "proposals", "--database", database_url, "--json"]) == 0
    (proposal,) = json.loads(capsys.readouterr().out)["proposals"]
    assert (proposal["label"], proposal["editor"], proposal["state"]) == ("Jund al-Aqsa", "ed4", "open")


def test_somebody_else_being_at_it_ends_a_command_with_3() -> None:
    assert next(code for kind, code in EXIT_CODES.items() if issubclass(Busy, kind)) == 3
