"""Suggestion records for whole files: one after another, or shared out to processes with the same result."""

from __future__ import annotations

import gzip
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from classifier.archive import write_suggestions
from classifier.archive.batches import BATCH_CHARACTERS, CHUNK, batched
from classifier.domain.articles import Article
from classifier.domain.progress import Track, untracked
from classifier.errors import BadArticle
from classifier.model.files import save_model
from classifier.parallel import processes
from classifier.parallel.processes import ProcessLost, map_chunks_in_copies
from classifier.training.fitting import Fitted


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


@pytest.mark.parametrize(
    ("lengths", "sizes"),
    [
        ([], []),
        ([10] * (CHUNK + 1), [CHUNK, 1]),
        ([BATCH_CHARACTERS // 2] * 5, [2, 2, 1]),
        ([10, BATCH_CHARACTERS, 10], [2, 1]),
        ([10 * BATCH_CHARACTERS] * 2, [1, 1]),
    ],
)
def test_batches_end_where_their_texts_would_leave_the_cache(lengths: list[int], sizes: list[int]) -> None:
    articles = [Article(id=str(number), body="a" * length) for number, length in enumerate(lengths)]
    found = list(batched(articles))
    assert [len(batch) for batch in found] == sizes
    assert [article for batch in found for article in batch] == articles


def test_each_article_gets_a_record_in_its_order(version: Path, file: Path) -> None:
    records = [json.loads(line) for line in written(version, file, 1).splitlines()]
    assert [record["id"] for record in records] == [f"n-{number}" for number in range(CHUNK + 40)]
    assert any(record["suggestions"] for record in records)


@pytest.mark.parametrize("n_tags", [None, 4])
def test_processes_write_what_one_writes(
    version: Path, file: Path, n_tags: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LARGE", 0)
    assert written(version, file, 2, n_tags) == written(version, file, 1, n_tags)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_bad_line_is_named_and_nothing_is_written(
    version: Path, file: Path, n_jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LARGE", 0)
    with file.open("a", encoding="utf-8") as lines:
        lines.write('{"id": "bad", "title": 7}\n')
    with pytest.raises(BadArticle, match=rf"archive\.jsonl, line {CHUNK + 41}: `title` must be a string") as caught:
        written(version, file, n_jobs)
    assert caught.value.field == "title"
    assert list((file.parent / "out").iterdir()) == []


def test_damaged_input_ends_shared_work_with_its_reason(
    version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LARGE", 0)
    whole = gzip.compress(
        b"".join(json.dumps({"id": os.urandom(99).hex(), "title": ""}).encode() + b"\n" for _ in range(3000))
    )
    (tmp_path / "in.jsonl.gz").write_bytes(whole[:-1000])
    with pytest.raises(BadArticle, match=r"Cannot read .*in\.jsonl\.gz"):
        written(version, tmp_path / "in.jsonl.gz", 2)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_pipe_beside_a_large_file_is_read_once(version: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LARGE", 0)
    pipe, output = file.parent / "pipe", file.parent / "out.jsonl"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b'{"id": "piped", "title": ""}\n',))
    writer.start()
    assert write_suggestions(version, [file, pipe], output, None, untracked, 2) == CHUNK + 41
    writer.join()
    assert json.loads(output.read_bytes().splitlines()[-1])["id"] == "piped"


def numbers() -> Iterator[int]:
    yield from range(40)


def test_copies_of_a_process_give_their_results_in_order_and_end() -> None:
    before = psutil.Process().children()
    found = list(map_chunks_in_copies(lambda number: (number, os.getpid()), numbers, 3))
    assert [number for number, _ in found] == list(range(40))
    assert len({process for _, process in found} - {os.getpid()}) == 3
    assert set(psutil.Process().children()) <= set(before)


def test_copies_end_where_their_results_are_not_wanted_any_more() -> None:
    before = psutil.Process().children()
    results = map_chunks_in_copies(lambda number: number, numbers, 2)
    assert [next(results), next(results)] == [0, 1]
    results.close()
    assert set(psutil.Process().children()) <= set(before)


def test_a_copy_that_is_killed_ends_the_work_with_its_reason() -> None:
    def ended(number: int) -> int:
        if number == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    seen = []
    with pytest.raises(ProcessLost, match="enough memory"):
        for number in map_chunks_in_copies(ended, numbers, 2):
            seen.append(number)
    assert seen == list(range(7))


def test_progress_counts_articles(version: Path, file: Path) -> None:
    seen: list[object] = []

    def track(things, total, what):  # type: ignore[no-untyped-def]
        for thing in things:
            seen.append(thing)
            yield thing

    written(version, file, 1, track=track)
    assert len(seen) == CHUNK + 40
