"""JSON Lines -> articles: one record a line, with tag ids. `columns` maps its field names to those of an article."""

import codecs
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from classifier.domain import strict_json
from classifier.domain.articles import RECORD_FIELDS, article_from_file
from classifier.domain.progress import Amount
from classifier.errors import BadArticle, BadJSON
from classifier.importers.formats import open_bytes
from classifier.importers.records import ArticleRecord, CmsTerm, ReadOptions, Record, SetAside
from classifier.texts import _

OF_EXPORTS = frozenset(["origins"])  # what `export examples` says besides; an import is an origin of its own
N_FIRST = 100  # records whose fields are named
MAX_LINE = 16 << 20  # bytes; JSON may write a character with six


def read_lines(path: Path, options: ReadOptions) -> Iterator[Record]:
    """Yield the articles of a JSON Lines file."""
    for number, line in _numbered(path, options.amount):
        try:
            record = _record(line, options)
            article, ignored = article_from_file(record), frozenset(record) - RECORD_FIELDS - OF_EXPORTS
        except BadArticle as error:
            yield SetAside(str(path), number, str(error), error.field)
            continue
        if options.map_ids:
            terms = tuple(map(CmsTerm, article.tags)) if article.tags is not None else None
            rejected = tuple(map(CmsTerm, article.rejected))
            yield ArticleRecord(replace(article, rejected=()), number, terms, rejected, ignored=ignored)
        else:
            yield ArticleRecord(article, number, ignored=ignored)


def names_of(path: Path, options: ReadOptions) -> list[str]:
    """Return the names of the fields of the first records of a JSON Lines file, in the order in which they appear."""
    names: dict[str, None] = {}
    for _place, line in islice(_numbered(path), N_FIRST):
        with suppress(BadArticle):
            record = _record(line, replace(options, columns=None))
            names |= dict.fromkeys(record if isinstance(record, dict) else ())
    return list(names)


def _numbered(path: Path, amount: Amount | None = None) -> Iterator[tuple[int, bytes]]:
    with open_bytes(path, amount) as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            is_too_long = not line.endswith(b"\n") and len(line) > MAX_LINE
            while is_too_long and (remainder := file.readline(MAX_LINE)):
                if remainder.endswith(b"\n"):
                    break
            line = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            if line.strip():
                yield number, line


def _record(line: bytes, options: ReadOptions) -> Any:
    if len(line) > MAX_LINE:
        raise BadArticle(_("The line has more than %(most)s MB.", most=MAX_LINE >> 20), "")
    try:
        record = strict_json.loads(line)
    except BadJSON as error:
        raise BadArticle(str(error), error.pointer or "") from None
    if not isinstance(record, dict):
        return record
    record = _renamed(record, options.columns) if options.columns else record
    return record if record.get("body_format") is not None else {**record, "body_format": options.body_format}


def _renamed(record: dict[str, Any], columns: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return a record with mapped field names. A field that is not mapped keeps its name."""
    mapped = {name for names in columns.values() for name in names}
    renamed = {name: value for name, value in record.items() if name not in mapped and name not in columns}
    for field, names in columns.items():
        values = [record[name] for name in names if record.get(name) is not None]
        if len(values) > 1 and all(isinstance(value, list) for value in values):
            renamed[field] = list(chain(*values))
        elif values:
            renamed[field] = values[0]
    return renamed
