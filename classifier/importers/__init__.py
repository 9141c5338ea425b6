"""Files -> articles in the store: WordPress exports, CSV, JSON Lines, and folders of text or HTML.

A record that cannot be taken is set aside with its file, line and reason, and the rest goes in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from classifier.domain.articles import Article, check_id, checked
from classifier.domain.progress import Track
from classifier.errors import BadArticle, BadImport
from classifier.importers.folders import read_folder
from classifier.importers.formats import format_of, reads_terms
from classifier.importers.lines import read_lines
from classifier.importers.mapping import Match, TermMap, read_map
from classifier.importers.records import (
    FORMATS,
    MAX_TERM,
    CmsTerm,
    ArticleRecord,
    LeftOut,
    ListedTerm,
    Record,
    ReadOptions,
    SetAside,
    place_of,
    shown,
)
from classifier.importers.tables import COLUMNS, read_rows
from classifier.importers.term_report import TermCounts, report_text
from classifier.importers.wxr import read_posts
from classifier.store import Imported, Store

__all__ = [
    "COLUMNS",
    "FORMATS",
    "CmsTerm",
    "Match",
    "Outcome",
    "ReadOptions",
    "SetAside",
    "TermMap",
    "import_files",
    "read_files",
    "read_map",
    "reads_terms",
    "report_text",
    "shown",
]

_READERS: Mapping[str, Callable[[Path, ReadOptions], Iterator[Record]]] = {
    "wxr": read_posts,
    "csv": read_rows,
    "jsonl": read_lines,
    "folder": read_folder,
}
_AS_IT_IS = ReadOptions()
MAX_IGNORED = 100  # fields that are named
_Places = dict[str, tuple[str, int | None]]  # id -> file and line


@dataclass
class Outcome:
    """What an import did: what is stored, what was set aside or left out, and what to know of the terms.

    `failures` are the files that could not be read to their end, or of which no record could; `ignored` are the fields that
    nobody reads, with the number of records that have them; `terms` is a report (docs/importing.md), None where no terms
    were mapped.
    """

    stored: Imported = field(default_factory=Imported)
    n_set_aside: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    terms: dict[str, Any] | None = None


def import_files(
    store: Store,
    files: Sequence[Path],
    source: str,
    track: Track | None = None,
    options: ReadOptions = _AS_IT_IS,
    terms: TermMap | None = None,
    set_aside: Callable[[SetAside], None] | None = None,
) -> Outcome:
    """Store the articles of files under a source; a second import of the same changes nothing.

    `terms` leads the terms of a CMS to tags; without it they are stored as they are. `set_aside` is told of each record
    that could not be taken.

    Raises:
        BadImport: if a file could not be read to its end; what could be read of it and of the others is stored.
    """
    outcome = Outcome()
    articles: Iterable[Article] = read_files(files, outcome, options, terms, set_aside)
    if track is not None:
        articles = track(articles, 0, "importing")
    outcome.stored = store.import_articles(articles, source)
    if outcome.failures:
        raise BadImport(_failed(outcome), outcome)
    return outcome


def _failed(outcome: Outcome) -> str:
    done = outcome.stored
    return (
        "\n".join(outcome.failures)
        + f" What could be read is stored ({done.new} new, {done.changed} changed, {done.unchanged} unchanged). "
        "Mend the file and import again: what is stored stays as it is."
    )


def read_files(
    files: Sequence[Path],
    outcome: Outcome,
    options: ReadOptions = _AS_IT_IS,
    terms: TermMap | None = None,
    set_aside: Callable[[SetAside], None] | None = None,
) -> Iterator[Article]:
    """Yield the articles of files, each with an id of its own; the outcome is complete when all are read."""
    counts = TermCounts()
    places: _Places = {}
    for path in files:
        n_taken, aside = 0, None
        try:
            for read in _READERS[format_of(path, options)](path, options):
                if isinstance(read, ArticleRecord):
                    article = _taken(read, path, places, terms)
                    if isinstance(article, Article):
                        n_taken += 1
                        _note_ignored(read, outcome)
                        counts.note(read, article.tags, path)
                        yield article
                        continue
                    read = article  # noqa: PLW2901 - what cannot be taken is set aside
                aside = aside or (read if isinstance(read, SetAside) else None)
                _note(read, outcome, counts, set_aside)
        except BadArticle as error:
            outcome.failures.append(str(error))
        if aside is not None and not n_taken:
            outcome.failures.append(f"No record of {path} could be read. {aside.place}: {aside.reason}")
    if terms is not None and (counts.n_articles or counts.listed):
        outcome.terms = counts.report(terms)


def _note_ignored(read: ArticleRecord, outcome: Outcome) -> None:
    for name in read.ignored:
        if len(outcome.ignored) < MAX_IGNORED or shown(name) in outcome.ignored:
            outcome.ignored[shown(name)] += 1


def _note(read: Record, outcome: Outcome, counts: TermCounts, set_aside: Callable[[SetAside], None] | None) -> None:
    if isinstance(read, LeftOut):
        outcome.left_out[shown(read.reason)] += 1
    elif isinstance(read, ListedTerm):
        counts.listed[read.term] = None
    elif isinstance(read, SetAside):
        outcome.n_set_aside += 1
        if set_aside is not None:
            set_aside(read)


def _taken(found: ArticleRecord, path: Path, places: _Places, terms: TermMap | None) -> Article | SetAside:
    """Return an article as it is to be stored, or why it cannot be."""
    place = (found.file or str(path), found.line)
    try:
        _check_terms(found)
        article = checked(_tagged(found, terms))
        check_id(article.id)
        if not article.title.strip() and not article.body.strip():
            raise BadArticle("Title and body are empty.", "title")
        first = places.setdefault(article.id, place)
        if first != place:
            raise BadArticle(f"The id {article.id!r} stands in {place_of(*first)} too.", "id")
        return article
    except BadArticle as error:
        return SetAside(*place, str(error), error.field, found.article.id[:200])


def _check_terms(found: ArticleRecord) -> None:
    for term in found.terms or ():
        if len(term.name) > MAX_TERM:
            raise BadArticle(
                f"A tag of more than {MAX_TERM} characters: {term.name[:60]!r}… Are these the tags, and is it "
                "their separator?",
                "tags",
            )


def _tagged(found: ArticleRecord, terms: TermMap | None) -> Article:
    if found.terms is None and not found.rejected:
        return found.article
    names = found.terms if found.terms is not None else ()
    tags = terms.tags_of(names) if terms else tuple(dict.fromkeys(term.name for term in names))
    rejected = terms.tags_of(found.rejected) if terms else tuple(term.name for term in found.rejected)
    return replace(found.article, tags=tags if found.terms is not None else None, rejected=rejected)
