"""Snapshots: the articles that a model learned from and their labels, without their texts.

A snapshot names its data by a digest, and shows a later run what has changed. It also keeps what models of the fitting that
had not learned from an article suggested for it, so that a later model can be compared on all of them. It is packed JSON Lines:
an article a line, then a line without a key on cross-validation.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from classifier.domain.articles import Article, text_digest
from classifier.domain.files import whole_file
from classifier.errors import BadModel
from classifier.texts import _

TRAINED = "trained"  # earlier programs held some articles out


class CrossValidated(NamedTuple):
    """The fold of an article in cross-validation, and the tags that models without this fold suggested, in rising order."""

    fold: int
    suggested: tuple[str, ...]


@dataclass(frozen=True)
class Labelled:
    """The labels of an article: the digest of its text, its tags in rising order, whether the model learned from it.

    `validated` is None for an article that the model did not learn from, and in snapshots of earlier programs.
    """

    text: str
    tags: tuple[str, ...]
    rejected: tuple[str, ...]
    unknown: tuple[str, ...]
    complete: bool
    at: str | None
    part: str = TRAINED
    validated: CrossValidated | None = None

    @property
    def facts(self) -> tuple[Any, ...]:
        """What was known of the article, whatever the model made of it."""
        return self.text, self.tags, self.rejected, self.unknown, self.complete, self.at

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
        """The name of the data, whatever a model learned of it."""
        lines = ([key, *labels.facts] for key, labels in sorted(self.articles.items()))
        return hashlib.sha256("\n".join(map(json.dumps, lines)).encode()).hexdigest()

    @property
    def trained(self) -> set[str]:
        """The ids of the articles that the model learned from."""
        return {key for key, labels in self.articles.items() if labels.part == TRAINED}

    @property
    def folds(self) -> dict[str, int]:
        """The folds of the articles in cross-validation, by id; empty in snapshots of earlier programs."""
        return {key: labels.validated.fold for key, labels in self.articles.items() if labels.validated is not None}

    def with_validated(self, validated: Mapping[str, CrossValidated]) -> Snapshot:
        """Return the same data with what cross-validation said of the articles."""
        return Snapshot({key: replace(a, validated=validated.get(key)) for key, a in self.articles.items()})

    def without(self, deleted: Container[str]) -> Snapshot:
        """Return the same data without some articles."""
        return Snapshot({key: labels for key, labels in self.articles.items() if key not in deleted})

    def write(self, path: Path) -> None:
        """Write the snapshot to a file."""
        articles = sorted(self.articles.items())
        with whole_file(path) as lines:
            for key, labels in articles:
                lines.write(_line(key, *labels.facts, labels.part))
            if self.folds:
                lines.write(_line(None, *_packed([labels for _, labels in articles])))


def snapshot_of(articles: Iterable[Article]) -> Snapshot:
    """Return the snapshot of examples."""
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
    with _readable(path):
        return Learned(key for key, line in _read(path) if isinstance(line, Labelled))


def read_snapshot(path: Path) -> Snapshot:
    """Return the snapshot of a file. Raise `BadModel` if it cannot be read."""
    labels: dict[str, Labelled] = {}
    validated: dict[str, CrossValidated] = {}
    with _readable(path):
        for key, line in _read(path):
            if isinstance(line, _Packed):
                validated = _unpacked(labels, line)
            else:
                labels[key] = line
    return Snapshot(labels).with_validated(validated) if validated else Snapshot(labels)


def read_validated(path: Path, tags: Container[str]) -> list[Labelled]:
    """Return what cross-validation said of some tags: the articles that have one or were suggested one, and no other suggestions.

    That is a part of `read_snapshot` in less than half of the time. Raise `BadModel` if the file cannot be read.
    """
    rows: list[list[Any]] = []
    packed: _Packed | None = None
    with _readable(path), gzip.open(path, "rt", encoding="utf-8") as lines:
        for key, *facts in map(json.loads, lines):
            if key is None:
                packed = _Packed(*facts)
            else:
                rows.append(facts)
        return _about(rows, packed, tags) if packed is not None else []


def _about(rows: Sequence[Sequence[Any]], packed: _Packed, tags: Container[str]) -> list[Labelled]:
    having, about = _rows_by_tag(facts[1] for facts in rows), defaultdict[int, list[str]](list)
    for tag, missed, wrong in zip((*sorted(having), *packed.further), packed.missed, packed.wrong, strict=True):
        if tag in tags:
            for row in having.get(tag, ()):
                about[row]  # it has the tag, though it may not have been suggested
            for row in _found(having.get(tag, []), missed, wrong):
                about[row].append(tag)
    labels = []
    for row, suggested in sorted(about.items()):
        (text, has, rejected, unknown, complete, at, part), fold = rows[row], packed.folds[row]
        if fold is not None:
            said = CrossValidated(fold, tuple(sorted(set(suggested))))
            labels.append(Labelled(text, tuple(has), tuple(rejected), tuple(unknown), complete, at, part, said))
    return labels


def _read(path: Path) -> Iterator[tuple[str, Labelled | _Packed]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for key, *facts in map(json.loads, lines):
            if key is None:
                yield "", _Packed(*facts)
            else:
                text, tags, rejected, unknown, complete, at, part = facts
                yield key, Labelled(text, tuple(tags), tuple(rejected), tuple(unknown), complete, at, part)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, TypeError, IndexError, EOFError) as error:
        raise BadModel(
            _("The snapshot %(path)s cannot be read (%(name)s).", path=path, name=type(error).__name__)
        ) from None


def _line(*values: Any) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode() + b"\n"


# --- what cross-validation said, in one last line: between the digests it would take three times the space ---


class _Packed(NamedTuple):
    """What cross-validation said of the articles, in their order.

    The tags are those that the articles have, in rising order, and then `further` ones. For each of them, `missed` counts
    through the articles that have it, and `wrong` through all articles: the steps to each that is missed or wrong.
    """

    folds: list[int | None]
    further: list[str]
    missed: list[list[int]]
    wrong: list[list[int]]


def _packed(articles: Sequence[Labelled]) -> _Packed:
    folds = [labels.validated.fold if labels.validated else None for labels in articles]
    having = _rows_by_tag(labels.tags for labels in articles)
    suggested = _rows_by_tag(labels.validated.suggested if labels.validated else labels.tags for labels in articles)
    further = sorted(suggested.keys() - having.keys())
    packed = _Packed(folds, further, [], [])
    for tag in (*sorted(having), *further):
        rows, found = having.get(tag, []), frozenset(suggested.get(tag, []))
        packed.missed.append(_steps(number for number, row in enumerate(rows) if row not in found))
        packed.wrong.append(_steps(sorted(found.difference(rows))))
    return packed


def _unpacked(labels: Mapping[str, Labelled], packed: _Packed) -> dict[str, CrossValidated]:
    having = _rows_by_tag(article.tags for article in labels.values())
    suggested: list[list[str]] = [[] for _ in labels]
    for tag, missed, wrong in zip((*sorted(having), *packed.further), packed.missed, packed.wrong, strict=True):
        for row in _found(having.get(tag, []), missed, wrong):
            suggested[row].append(tag)
    rows = zip(labels, packed.folds, suggested, strict=True)
    return {key: CrossValidated(fold, tuple(sorted(set(tags)))) for key, fold, tags in rows if fold is not None}


def _found(having: Sequence[int], missed: Iterable[int], wrong: Iterable[int]) -> Iterator[int]:
    """Yield the articles for which a tag was suggested, from those that have it and the steps of `_Packed`."""
    numbers = frozenset(accumulate(missed))
    yield from (row for number, row in enumerate(having, start=1) if number not in numbers)
    yield from (number - 1 for number in accumulate(wrong))


def _rows_by_tag(tags_of_articles: Iterable[Iterable[str]]) -> dict[str, list[int]]:
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, tags in enumerate(tags_of_articles):
        for tag in tags:
            rows[tag].append(row)
    return dict(rows)


def _steps(positions: Iterable[int]) -> list[int]:
    return [after - before for before, after in pairwise((-1, *positions))]
