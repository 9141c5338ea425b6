"""Whole files of articles: suggestion records for each, and how good they are where the tags are known."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice, repeat
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

import numpy as np
import orjson

from classifier import evaluation
from classifier.articles import Article, article_of_line, placed_lines
from classifier.errors import BadArticle
from classifier.examples import labels_of
from classifier.files import whole_file
from classifier.model import TagModel
from classifier.model_files import load_model
from classifier.taxonomy import Tag, Taxonomy

BATCH = 32  # articles that are judged together; more would leave the processor's cache
CHUNK = 8 * BATCH  # articles that a process is handed at a time
LARGE = 6_000_000  # bytes of input from which on all processors are worth their start
PACKED = 3  # how many times as large a packed file is when it is not
Track = Callable[[Iterable[Any], int, str], Iterable[Any]]
_T = TypeVar("_T")


class _Fault(NamedTuple):
    """What is wrong with an article; errors of ours do not travel between processes."""

    message: str
    field: str


def batched(things: Iterable[_T], size: int = BATCH) -> Iterator[list[_T]]:
    """Yield things in lists of `size`: a model judges some articles together in less time than each alone."""
    rest = iter(things)
    while some := list(islice(rest, size)):
        yield some


def write_suggestions(
    folder: Path, files: Sequence[Path], output: Path, n_tags: int | None, track: Track, n_jobs: int = -1
) -> int:
    """Write a suggestion record for each article of JSON Lines files by the model in a folder; return how many.

    Large input is shared out to all processors, which share the memory of the model's weights. The output appears when
    it is whole: until then it is written beside its place.

    Raises:
        BadArticle: naming file, line and field; nothing is written then.
        BadModel: if the model cannot be loaded.
    """
    with whole_file(output) as lines:
        written = _written(_records(folder, files, n_tags, n_jobs), lines)
        return sum(1 for _ in track(written, 0, "suggesting"))


def _written(chunks: Iterable[list[bytes] | _Fault], lines: IO[bytes]) -> Iterator[None]:
    """Write chunks of records and yield once for each record."""
    for chunk in chunks:
        if isinstance(chunk, _Fault):
            raise BadArticle(chunk.message, chunk.field)
        lines.writelines(chunk)
        yield from repeat(None, len(chunk))


def _records(folder: Path, files: Sequence[Path], n_tags: int | None, n_jobs: int) -> Iterator[list[bytes] | _Fault]:
    chunks = batched(placed_lines(files), CHUNK)
    size = sum(path.stat().st_size * (PACKED if path.suffix == ".gz" else 1) for path in files if path.is_file())
    if size < LARGE or n_jobs == 1:
        return (_records_of(folder, chunk, n_tags) for chunk in chunks)
    from joblib import Parallel, delayed

    jobs = (delayed(_records_of)(folder, chunk, n_tags) for chunk in chunks)
    shared: Iterator[list[bytes] | _Fault] = Parallel(n_jobs=n_jobs, return_as="generator", batch_size=1)(jobs)
    return shared


def _records_of(folder: Path, placed: list[tuple[str, bytes]], n_tags: int | None) -> list[bytes] | _Fault:
    """Return the records of some lines, or what is wrong with the first bad one."""
    model = _loaded(folder)
    records: list[bytes] = []
    try:
        for some in batched(article_of_line(place, line) for place, line in placed):
            for article, tags in zip(some, model.rank(some, n_tags), strict=True):
                ranked = [{"tag": tag, "score": round(score, 6)} for tag, score in tags]
                records.append(orjson.dumps({"id": article.id, "suggestions": ranked}) + b"\n")
    except BadArticle as error:
        return _Fault(str(error), error.field)
    return records


@lru_cache(maxsize=1)
def _loaded(folder: Path) -> TagModel:
    model = load_model(folder)
    # The model stays: what looks for garbage need not walk through its terms and names again and again.
    gc.freeze()
    return model


def evaluate(model: TagModel, articles: Sequence[Article], track: Track) -> dict[str, Any]:
    """Return the report of a model on articles with known tags.

    Tags that the model does not know count as expected and never suggested.
    """
    known = model.taxonomy.by_id
    strange = sorted({tag for article in articles for tag in article.tags or ()} - known.keys())
    taxonomy = Taxonomy((*model.taxonomy.tags, *(Tag(tag, tag) for tag in strange)), model.taxonomy.kinds)
    shape = (len(articles), len(taxonomy.tags))
    scores, suggested = np.zeros(shape), np.zeros(shape, dtype=bool)
    done = 0
    for some in batched(track(articles, len(articles), "evaluating")):
        rows = slice(done, done := done + len(some))
        scores[rows, : len(known)], suggested[rows, : len(known)] = model.judge(some)
    report = evaluation.report(scores, suggested, labels_of(articles, taxonomy), [tag.id for tag in taxonomy.tags])
    return {"model_version": model.version, **report}
