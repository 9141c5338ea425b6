"""Suggestion records for whole files: one after another, or shared out to processes with the same result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from classifier.archive import sharing, write_suggestions
from classifier.archive.sharing import CHUNK
from classifier.articles import Article
from classifier.corpus import Track
from classifier.errors import BadArticle
from classifier.fitting import Fitted, untracked
from classifier.model_files import save_model


@pytest.fixture(scope="module")
def version(fitted: Fitted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "version"
    save_model(fitted.model, folder)
    return folder


@pytest.fixture
def file(articles: list[Article], tmp_path: Path) -> Path:
    """A file of some more articles than one process is handed at a time."""
    path = tmp_path / "archive.jsonl"
    with path.open("w", encoding="utf-8") as lines:
        for number in range(CHUNK + 40):
            article = articles[number % len(articles)]
            lines.write(json.dumps({"id": f"n-{number}", "title": article.title, "body": article.body}) + "\n")
    return path


def written(version: Path, file: Path, n_jobs: int, n_tags: int | None = None, track: Track = untracked) -> bytes:
    output = file.parent / "out" / f"{n_jobs}.jsonl"
    write_suggestions(version, [file], output, n_tags, track, n_jobs)
    return output.read_bytes()


def test_each_article_gets_a_record_in_its_order(version: Path, file: Path) -> None:
    records = [json.loads(line) for line in written(version, file, 1).splitlines()]
    assert [record["id"] for record in records] == [f"n-{number}" for number in range(CHUNK + 40)]
    assert any(record["suggestions"] for record in records)


@pytest.mark.parametrize("n_tags", [None, 4])
def test_processes_write_what_one_writes(
    version: Path, file: Path, n_tags: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "LARGE", 0)
    assert written(version, file, 2, n_tags) == written(version, file, 1, n_tags)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_bad_line_is_named_and_nothing_is_written(
    version: Path, file: Path, n_jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "LARGE", 0)
    with file.open("a", encoding="utf-8") as lines:
        lines.write('{"id": "bad", "title": 7}\n')
    with pytest.raises(BadArticle, match=rf"archive\.jsonl, line {CHUNK + 41}: `title` must be a string") as caught:
        written(version, file, n_jobs)
    assert caught.value.field == "title"
    assert list((file.parent / "out").iterdir()) == []


def test_progress_counts_articles(version: Path, file: Path) -> None:
    seen: list[object] = []

    def track(things, total, what):  # type: ignore[no-untyped-def]
        for thing in things:
            seen.append(thing)
            yield thing

    written(version, file, 1, track=track)
    assert len(seen) == CHUNK + 40
