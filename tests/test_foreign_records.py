"""Records of other programs: what has no text under our names is refused and nothing is lost, and a map makes it readable."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from classifier.commands import main
from classifier.domain.articles import Article, read_articles
from classifier.errors import BadArticle
from classifier.serving.registry import Registry
from classifier.store.store import Store
from tests.everything import stored_articles

FOREIGN = {
    "id": "n-1",
    "headline": "ISKP bomber kills twelve at Kabul mosque",
    "content": "<p>The bombing was claimed on Friday.</p>",
    "topics": ["iskp"],
    "author": "A. Khan",
}
GOOD = Article("n-1", "The headline", "The whole text.", tags=("taliban",))


def lines(path: Path, records: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


@pytest.fixture
def imported(database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Import records and return the exit code, the JSON and what was said on standard error."""

    def run(records: Sequence[Any], *options: str) -> tuple[int, Any, str]:
        path = lines(tmp_path / "dump.jsonl", records)
        code = main(["import", str(path), "--database", database_url, "--json", *options])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else None, said.err

    return run


def test_a_record_without_title_and_body_is_set_aside_with_its_line_its_fields_and_what_to_do(
    imported: Any, store: Store
) -> None:
    code, done, said = imported([{"id": "a", "title": "Raid"}, FOREIGN])
    assert (code, done["new"], done["set_aside"]) == (0, 1, 1)
    assert "dump.jsonl, line 2: The record has neither `title` nor `body`" in said
    assert "'headline', 'content', 'topics', 'author'" in said
    assert "--columns title=headline,body=content" in said
    assert [one.article.id for one in stored_articles(store)] == ["a"]


def test_a_file_of_which_no_record_could_be_read_ends_with_1(imported: Any, store: Store) -> None:
    code, done, said = imported([FOREIGN, {**FOREIGN, "id": "n-2"}])
    assert (code, done["set_aside"]) == (1, 2)
    assert "No record of" in said
    assert stored_articles(store) == []


def test_a_map_says_which_field_is_which_and_the_others_are_named_once(imported: Any, store: Store) -> None:
    options = ("--columns", "title=headline,body=content,tags=topics", "--body-format", "html")
    code, done, said = imported([FOREIGN, {**FOREIGN, "id": "n-2"}], *options)
    assert (code, done["new"], done["ignored"]) == (0, 2, {"author": 2})
    assert said.count("author (2)") == 1
    title, body = FOREIGN["headline"], FOREIGN["content"]
    assert store.article("n-1").article == Article("n-1", str(title), str(body), "html", ("iskp",))
    assert imported([FOREIGN], *options)[1]["unchanged"] == 1


def test_a_body_format_of_null_is_none_at_all(imported: Any, store: Store) -> None:
    record = {"id": "n-3", "title": "Raid", "body": "<p>Two men &amp; a boy</p>", "body_format": None}
    assert imported([record], "--body-format", "html")[0] == 0
    assert store.article("n-3").article.body_format == "html"


def test_tags_may_be_of_several_fields(imported: Any, store: Store) -> None:
    record = {"id": "a", "title": "Raid", "groups": ["iskp"], "places": ["pakistan"]}
    assert imported([record], "--columns", "tags=groups,tags=places")[0] == 0
    assert store.article("a").article.tags == ("iskp", "pakistan")


@pytest.mark.parametrize("emptied", [{"title": ""}, {"body": " "}, {"title": "A new headline", "body": ""}])
def test_an_import_never_replaces_a_text_by_nothing(imported: Any, store: Store, emptied: dict[str, str]) -> None:
    store.import_articles([GOOD], "import")
    record = {"id": "n-1", "title": GOOD.title, "body": GOOD.body, "tags": ["taliban"]} | emptied
    assert imported([record])[0] == 0
    stored = store.article("n-1").article
    assert stored.body == GOOD.body
    assert stored.title == (emptied.get("title") or GOOD.title)


def test_records_without_any_text_are_set_aside(imported: Any, store: Store) -> None:
    store.import_articles([GOOD], "import")
    code, done, said = imported([{"id": "n-1", "title": "", "body": " "}, {"id": "b", "title": "Raid"}])
    assert (code, done["set_aside"]) == (0, 1)
    assert "line 1: Title and body are empty." in said
    assert store.article("n-1").article == GOOD


def test_what_was_set_aside_is_refused_as_articles_and_what_to_mend_is_named(
    imported: Any, store: Store, tmp_path: Path
) -> None:
    store.import_articles([GOOD], "import")
    rejects = tmp_path / "rejects.jsonl"
    imported(
        [{"id": "n-1", "title": "Raid", "published_at": "soon"}, {"id": "b", "title": "B"}], "--rejects", str(rejects)
    )
    aside = [json.loads(line) for line in rejects.read_text("utf-8").splitlines()]
    assert [(one["line"], one["field"]) for one in aside] == [(1, "published_at")]
    code, done, said = imported(aside)
    assert (code, done["changed"], done["set_aside"]) == (1, 0, 1)
    assert "no article, but what an import set aside" in said and "line 1). Mend it there" in said
    assert store.article("n-1").article == GOOD


def test_columns_of_a_table_that_nobody_reads_are_named(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "table.csv"
    path.write_text("id,title,body,Author\n1,Raid,Text,Khan\n2,,,Khan\n", "utf-8")
    assert main(["import", str(path), "--database", database_url, "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["ignored"] == {"Author": 1}
    assert "line 3: Title and body are empty." in said.err


def test_commands_that_read_records_refuse_one_without_title_and_body(
    registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = lines(tmp_path / "dump.jsonl", [{"id": "a", "title": "Raid"}, FOREIGN])
    with pytest.raises(BadArticle, match=r"line 2: The record has neither"):
        list(read_articles([path]))
    for command in (["train"], ["evaluate"], ["suggest", "--output", str(tmp_path / "out.jsonl")]):
        where = ["--articles", str(path), "--models", str(registry.folder)]
        assert main([*command, *where]) == 1
        assert "dump.jsonl, line 2: The record has neither `title` nor `body`" in capsys.readouterr().err


def test_an_empty_text_that_is_said_to_be_empty_is_answered(registry: Registry, tmp_path: Path) -> None:
    path, out = lines(tmp_path / "in.jsonl", [{"id": "a", "title": "", "body": ""}]), tmp_path / "out.jsonl"
    where = ["--articles", str(path), "--models", str(registry.folder)]
    assert main(["suggest", *where, "--output", str(out)]) == 0
    assert json.loads(out.read_text("utf-8")) == {"id": "a", "suggestions": []}
