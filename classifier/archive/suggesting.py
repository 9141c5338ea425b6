"""Suggestion records for whole files of articles, and the evaluation of a model on articles with known tags."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import count, repeat
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import orjson

from classifier.archive.batches import batched, chunked, loaded
from classifier.domain.articles import Article, article_of_line, count_lines, placed_lines
from classifier.domain.examples import labels_of
from classifier.domain.files import whole_file
from classifier.domain.progress import Track
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.errors import BadArticle, BadSetting
from classifier.model import evaluation
from classifier.model.protocol import Model
from classifier.parallel.processes import map_chunks_in_copies, worth_sharing


class Fault(NamedTuple):
    """What is wrong with an article. Errors of the tagger cannot be pickled between processes."""

    message: str
    field: str


class _Records(NamedTuple):
    """The records of some articles, and the id and kind of error of those that the model could not judge."""

    records: list[bytes]
    unreadable: list[tuple[str, str]]


def write_suggestions(
    folder: Path,
    files: Sequence[Path],
    output: Path,
    n_tags: int | None,
    track: Track,
    n_jobs: int = -1,
    unreadable: Unreadable | None = None,
) -> int:
    """Write a suggestion record for each article of JSON Lines files by the model in a folder. Return how many.

    An article that cannot be judged gets a record without suggestions, whose `reason` is unreadable, and is added to
    `unreadable`.

    Large input is shared out to all processors, which share the memory of the model's weights. The output replaces the file
    of that name when it is complete.

    Raises:
        BadArticle: naming file, line and field. Nothing is written then.
        AllUnreadable: if the model cannot judge any article. Nothing is written then.
        BadModel: if the model cannot be loaded.
        BadSetting: if the output is one of the files.
    """
    unreadable = Unreadable() if unreadable is None else unreadable
    for path in files:
        if output.exists() and path.exists() and output.samefile(path):
            raise BadSetting(f"--output {output} is an input too; it would be written over. Choose another.")
    with whole_file(output) as lines:
        written = _written(_records(folder, files, n_tags, n_jobs), lines, unreadable)
        n = sum(1 for _ in track(written, _n_lines(files), "suggesting"))
        unreadable.check(n)
    return n


def _n_lines(files: Sequence[Path]) -> int:
    """Return the number of lines of files, 0 if it is not known: a pipe can be read only once."""
    try:
        return sum(map(count_lines, files)) if all(path.is_file() for path in files) else 0
    except BadArticle:  # whoever reads the articles says what is wrong
        return 0


def _written(chunks: Iterable[_Records | Fault], lines: IO[bytes], unreadable: Unreadable) -> Iterator[None]:
    """Write chunks of records and yield once for each record."""
    for chunk in chunks:
        if isinstance(chunk, Fault):
            raise BadArticle(chunk.message, chunk.field)
        unreadable.kinds |= chunk.unreadable
        lines.writelines(chunk.records)
        yield from repeat(None, len(chunk.records))


def _records(folder: Path, files: Sequence[Path], n_tags: int | None, n_jobs: int) -> Iterator[_Records | Fault]:
    loaded(folder)  # before this process is copied
    use_copies = worth_sharing(files) and all(path.is_file() for path in files)  # a pipe can be read only once
    work = partial(_records_of, folder, n_tags)
    return map_chunks_in_copies(work, partial(_chunks, files), n_jobs if use_copies else 1)


def _chunks(files: Sequence[Path]) -> Iterator[list[tuple[str, bytes]] | Fault]:
    """Yield the lines of files in chunks, and at the end the fault of a file that cannot be read."""
    try:
        yield from chunked(placed_lines(files))
    except BadArticle as error:
        yield Fault(str(error), error.field)


def _records_of(folder: Path, n_tags: int | None, placed: list[tuple[str, bytes]] | Fault) -> _Records | Fault:
    """Return the records of some lines, or the fault of the first bad line."""
    if isinstance(placed, Fault):
        return placed
    rank, unreadable = partial(loaded(folder).rank, n_tags=n_tags), Unreadable()
    records: list[bytes] = []
    try:
        for articles in batched(article_of_line(position, line) for position, line in placed):
            ranked = unreadable.each(rank, articles)
            records += (_record(article, tags) for article, tags in zip(articles, ranked, strict=True))
    except BadArticle as error:
        return Fault(str(error), error.field)
    return _Records(records, list(unreadable.kinds.items()))


def _record(article: Article, tags: Sequence[tuple[str, float]] | None) -> bytes:
    """Return the record of an article as a line. `tags` is None if the article cannot be judged."""
    ranked = [{"tag": tag, "score": round(score, 6)} for tag, score in tags or ()]
    why = {"reason": "unreadable"} if tags is None else {}
    return orjson.dumps({"id": article.id, "suggestions": ranked, **why}, option=orjson.OPT_APPEND_NEWLINE)


def evaluate(model: Model, articles: Sequence[Article], track: Track) -> dict[str, Any]:
    """Return the report of a model on articles with known tags.

    Tags that the model does not know count as expected and never suggested. Articles that it cannot judge are left out and
    listed under `set_aside`.

    Raises:
        AllUnreadable: if that is so of all articles.
    """
    n_tags = len(model.taxonomy.tags)
    unknown = sorted({tag for article in articles for tag in article.tags or ()} - model.taxonomy.by_id.keys())
    taxonomy = Taxonomy((*model.taxonomy.tags, *(Tag(tag, tag) for tag in unknown)), model.taxonomy.kinds)
    shape = (len(articles), len(taxonomy.tags))
    scores, suggested = np.zeros(shape), np.zeros(shape, dtype=bool)
    unreadable, rows, numbers = Unreadable(), [], count()
    for batch in batched(track(articles, len(articles), "evaluating")):
        judged = unreadable.each(lambda batch: zip(*model.judge(batch), strict=True), batch)
        for answer, row in zip(judged, numbers, strict=False):
            if answer is not None:
                scores[row, :n_tags], suggested[row, :n_tags] = answer
                rows.append(row)
    unreadable.check(len(articles))
    labels = labels_of(articles, taxonomy)[rows]
    report = evaluation.report(
        scores[rows],
        suggested[rows],
        labels,
        [tag.id for tag in taxonomy.tags],
        kinds=[tag.kind for tag in taxonomy.tags],
    )
    return {"model_version": model.version, **report, "set_aside": unreadable.to_json()}
