"""What a model learned from, without a word of it: which articles, and what was known of their tags.

A snapshot names its data by a digest, and tells a later run what has changed since. It is packed JSON Lines, one article
a line; no text is kept.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from classifier.domain.articles import Article, text_digest
from classifier.domain.files import whole_file
from classifier.errors import BadModel

TRAINED, HELD_OUT = "trained", "held out"


@dataclass(frozen=True)
class Known:
    """What was known of an article: the digest of its text, its tags in rising order, whether the model learned from it."""

    text: str
    tags: tuple[str, ...]
    rejected: tuple[str, ...]
    unknown: tuple[str, ...]
    complete: bool
    at: str | None
    part: str = TRAINED

    @cached_property
    def _positive(self) -> frozenset[str]:
        return frozenset(self.tags)

    def of(self, tag: str) -> bool | None:
        """Return what was known of a tag: that it is right, that it is wrong, or nothing."""
        if tag in self._positive:
            return True
        if tag in self.rejected:
            return False
        return False if self.complete and tag not in self.unknown else None


@dataclass(frozen=True)
class Snapshot:
    """The articles of a run by their ids."""

    articles: Mapping[str, Known]

    @cached_property
    def digest(self) -> str:
        """The name of the data, whatever part of it was held out."""
        lines = ([key, *_facts(known)] for key, known in sorted(self.articles.items()))
        return hashlib.sha256("\n".join(map(json.dumps, lines)).encode()).hexdigest()

    @property
    def trained(self) -> set[str]:
        """The ids of the articles that the model learned from."""
        return {key for key, known in self.articles.items() if known.part == TRAINED}

    def holding_out(self, article_ids: Iterable[str]) -> Snapshot:
        """Return the same data, of which some articles were not learned from."""
        apart = frozenset(article_ids)
        parts = {key: HELD_OUT if key in apart else TRAINED for key in self.articles}
        return Snapshot({key: replace(known, part=parts[key]) for key, known in self.articles.items()})

    def without(self, deleted: Container[str]) -> Snapshot:
        """Return the same data without some articles."""
        return Snapshot({key: known for key, known in self.articles.items() if key not in deleted})

    def write(self, path: Path) -> None:
        """Write the snapshot to a file."""
        with whole_file(path) as lines:
            for key, known in sorted(self.articles.items()):
                lines.write(json.dumps([key, *_facts(known), known.part]).encode() + b"\n")


def snapshot_of(articles: Iterable[Article]) -> Snapshot:
    """Return the snapshot of examples that are all learned from."""
    return Snapshot({one.id: _known(one) for one in articles})


def read_snapshot(path: Path) -> Snapshot:
    """Return the snapshot of a file.

    Raises:
        BadModel: if it cannot be read.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            return Snapshot({row[0]: _from_row(row[1:]) for row in map(json.loads, lines)})
    except (OSError, ValueError, TypeError, IndexError, EOFError) as error:
        raise BadModel(f"The snapshot {path} cannot be read ({type(error).__name__}).") from None


def _known(article: Article) -> Known:
    complete = article.tags is not None and article.tags_complete
    at = article.tagged_at or article.published_at
    tags, rejected, unknown = (tuple(sorted(some)) for some in (article.tags or (), article.rejected, article.unknown))
    return Known(text_digest(article)[:32], tags, rejected, unknown, complete, at)


def _facts(known: Known) -> list[Any]:
    return [known.text, known.tags, known.rejected, known.unknown, known.complete, known.at]


def _from_row(row: list[Any]) -> Known:
    text, tags, rejected, unknown, complete, at, part = row
    return Known(text, tuple(tags), tuple(rejected), tuple(unknown), complete, at, part)
