"""JSON Lines -> articles: one record a line, with tag ids."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from classifier import strict_json
from classifier.articles import Article, article_from_record
from classifier.errors import BadArticle, BadJSON
from classifier.importers.records import CmsTerm, Found, Read, Reading, SetAside
from classifier.importers.streams import open_bytes

MAX_LINE = 16 << 20  # bytes; JSON may write a character with six


def read_lines(path: Path, reading: Reading) -> Iterator[Read]:
    """Yield the articles of a JSON Lines file."""
    for number, line in _numbered(path):
        try:
            yield _found(_article(line), number, reading)
        except BadArticle as error:
            yield SetAside(str(path), number, str(error), error.field)


def _numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    with open_bytes(path) as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            long = not line.endswith(b"\n") and len(line) > MAX_LINE
            while long and (rest := file.readline(MAX_LINE)):
                if rest.endswith(b"\n"):
                    break
            line = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            if line.strip():
                yield number, line


def _article(line: bytes) -> Article:
    if len(line) > MAX_LINE:
        raise BadArticle(f"The line has more than {MAX_LINE >> 20} MB.", "")
    try:
        article = article_from_record(strict_json.loads(line))
    except BadJSON as error:
        raise BadArticle(str(error), error.pointer or "") from None
    if not article.id:
        raise BadArticle("`id` is missing.", "id")
    return article


def _found(article: Article, line: int, reading: Reading) -> Found:
    if not reading.map_ids:
        return Found(article, line)
    terms = tuple(map(CmsTerm, article.tags)) if article.tags is not None else None
    return Found(replace(article, rejected=()), line, terms, tuple(map(CmsTerm, article.rejected)))
