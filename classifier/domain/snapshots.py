"""Snapshots: the articles that a model learned from and their labels, without their texts.

A snapshot names its data by a digest, and shows a later run what has changed. It is packed JSON Lines, an article a line.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from classifier.domain.articles import Article, text_digest
from classifier.domain.files import whole_file
from classifier.errors import BadModel

TRAINED, HELD_OUT = "trained", "held out"


@dataclass(frozen=True)
class Labelled:
    """The labels of an article: the digest of its text, its tags in rising order, whether the model learned from it."""

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
        """Return whether a tag is right or wrong, None if that is unknown."""
        if tag in self._positive:
            return True
        if tag in self.rejected:
            return False
        return False if self.complete and tag not in self.unknown else None


@dataclass(frozen=True)
class Snapshot:
    """The articles of a run by their ids."""

    articles: Mapping[str, Labelled]

    @cached_property
    def digest(self) -> str:
        """The name of the data, whichever part of it was held out."""
        lines = ([key, *_facts(labels)] for key, labels in sorted(self.articles.items()))
        return hashlib.sha256("\n".join(map(json.dumps, lines)).encode()).hexdigest()

    @property
    def trained(self) -> set[str]:
        """The ids of the articles that the model learned from."""
        return {key for key, labels in self.articles.items() if labels.part == TRAINED}

    def holding_out(self, article_ids: Iterable[str]) -> Snapshot:
        """Return the same data with some articles held out."""
        held_out = frozenset(article_ids)
        parts = {key: HELD_OUT if key in held_out else TRAINED for key in self.articles}
        return Snapshot({key: replace(labels, part=parts[key]) for key, labels in self.articles.items()})

    def without(self, deleted: Container[str]) -> Snapshot:
        """Return the same data without some articles."""
        return Snapshot({key: labels for key, labels in self.articles.items() if key not in deleted})

    def write(self, path: Path) -> None:
        """Write the snapshot to a file."""
        with whole_file(path) as lines:
            for key, labels in sorted(self.articles.items()):
                lines.write(json.dumps([key, *_facts(labels), labels.part]).encode() + b"\n")


def snapshot_of(articles: Iterable[Article]) -> Snapshot:
    """Return the snapshot of examples, none of them held out."""
    labels = {}
    for article in articles:
        tags, no, unknown = (tuple(sorted(ids)) for ids in (article.tags or (), article.rejected, article.unknown))
        complete = article.tags is not None and article.tags_complete
        at = article.tagged_at or article.published_at
        labels[article.id] = Labelled(text_digest(article)[:32], tags, no, unknown, complete, at)
    return Snapshot(labels)


class Learned:
    """The ids of the articles that a model learned from or was checked on, in eight bytes each."""

    def __init__(self, article_ids: Iterable[str]) -> None:
        self._digests = np.unique(np.fromiter(map(_short_digest, article_ids), dtype=np.uint64))

    def __contains__(self, article_id: object) -> bool:
        """Return whether an article was known at the training of the model."""
        digest = np.uint64(_short_digest(str(article_id)))
        position = int(np.searchsorted(self._digests, digest))
        return position < len(self._digests) and bool(self._digests[position] == digest)


def _short_digest(article_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(article_id.encode(), digest_size=8).digest(), "big")


def read_learned(path: Path) -> Learned:
    """Return the articles of a snapshot without the labels. Raise `BadModel` if it cannot be read."""
    return Learned(key for key, _ in _read(path))


def read_snapshot(path: Path) -> Snapshot:
    """Return the snapshot of a file. Raise `BadModel` if it cannot be read."""
    return Snapshot(dict(_read(path)))


def _read(path: Path) -> Iterator[tuple[str, Labelled]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for key, text, tags, rejected, unknown, complete, at, part in map(json.loads, lines):
                lists = tuple(tags), tuple(rejected), tuple(unknown)
                yield key, Labelled(text, *lists, complete, at, part)
    except (OSError, ValueError, TypeError, IndexError, EOFError) as error:
        raise BadModel(f"The snapshot {path} cannot be read ({type(error).__name__}).") from None


def _facts(labels: Labelled) -> list[Any]:
    return [labels.text, labels.tags, labels.rejected, labels.unknown, labels.complete, labels.at]
