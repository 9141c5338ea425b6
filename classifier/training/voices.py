"""Whose voice a label is, and how many labels of a tag one voice may give before it drowns the others. Knows no model.

A label has a voice on three levels: the editor by name, whatever key sent it; all editors that a key names, taken
together, because a key may name whom it likes; and the key, which are those and the tags that it sends with its articles.
Labels that were imported are nobody's voice.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from classifier.domain.decisions import CMS
from classifier.domain.examples import Attributed
from classifier.domain.taxonomy import Taxonomy
from classifier.model.evaluation import exact_interval

NAME, NAMES, KEY = "name", "names", "key"
LEVELS = (NAME, NAMES, KEY)
FREE = 50  # labels of a tag that a voice may give whatever the others do


class Label(NamedTuple):
    """A tag that is known to be right (`given`) or wrong."""

    tag: str
    given: bool


@dataclass(frozen=True)
class Surplus:
    """The labels of a tag by one voice that are too many.

    Of `n_said` articles, beside `n_others` labels by others, `n_counted` may count; `rows` are the examples beyond them.
    """

    label: Label
    voice: str
    n_said: int
    n_others: int
    n_counted: int
    rows: list[int]


def voices_of(editor: str | None, owner: str | None) -> dict[str, str]:
    """Return the voice of a label on each level that it has one on.

    Args:
        editor: whose decision it is: a person's name, `key/name`, `cms` for what a CMS changed by itself, None for none.
        owner: the name of the key that sent the article with its tags.
    """
    if editor is None or editor == CMS:
        return {} if owner is None else {KEY: owner}
    key, _, name = editor.rpartition("/")
    return {NAME: name, NAMES: key or name, KEY: key or name}


class Labels:
    """The labels of some examples by their voices on one level."""

    def __init__(self, examples: Sequence[Attributed], level: str, taxonomy: Taxonomy) -> None:
        self._examples = examples
        self._of_keys = level != NAME
        self._created = {tag.id: tag.created or "" for tag in taxonomy.tags}
        self._all: defaultdict[Label, list[int]] = defaultdict(list)
        self._said: defaultdict[tuple[Label, str], list[int]] = defaultdict(list)
        self._parts: defaultdict[str, set[int]] = defaultdict(set)
        for row, example in enumerate(examples):
            article = example.article
            labels = [Label(tag, True) for tag in article.tags or ()] + [Label(tag, False) for tag in article.rejected]
            for label in labels:
                self._all[label].append(row)
                voice = voices_of(example.said_by.get(label.tag), example.owner).get(level)
                if voice is not None:
                    self._said[label, voice].append(row)
            for editor in (None, *example.said_by.values()):  # also of labels that are left out already
                if (voice := voices_of(editor, example.owner).get(level)) is not None:
                    self._parts[voice].add(row)

    def surplus(self, share: float) -> list[Surplus]:
        """Return what each voice has said beyond its limit: `share` of a tag's labels, or FREE of them.

        A key may be the whole desk. So it may also say as much of a tag as the articles support in which it has no part.
        Which labels stay is drawn by the articles' ids, so that neither old nor new ones are preferred.
        """
        found = []
        for (label, voice), rows in sorted(self._said.items()):
            n_others = self._n_others(label, voice)
            n_counted = max(FREE, int(n_others * share / (1.0 - share)))
            if self._of_keys and len(rows) > n_counted:
                n_counted = max(n_counted, self._supported(label.tag, voice))
            if len(rows) > n_counted:
                drawn = sorted(rows, key=self._lot)[n_counted:]
                found.append(Surplus(label, voice, len(rows), n_others, n_counted, drawn))
        return found

    def _n_others(self, label: Label, voice: str) -> int:
        """Return how many labels of others a voice is up against: rejections of a key are up against positives, too."""
        labels = [label, Label(label.tag, True)] if self._of_keys and not label.given else [label]
        return sum(len(self._all[one]) - len(self._said.get((one, voice), ())) for one in labels)

    def _supported(self, tag: str, voice: str) -> int:
        """Return on how many of a voice's articles the tag may stand by its rate elsewhere, at the upper end of the interval.

        Where there is nothing elsewhere, or little, that is on all of them: nobody is there to be outvoted.
        """
        part = self._parts[voice]
        elsewhere = self._dates >= self._created.get(tag, "")  # before, nobody could give it
        elsewhere[list(part)] = False
        n_with = sum(row not in part and bool(elsewhere[row]) for row in self._all[Label(tag, True)])
        interval = exact_interval(n_with, int(elsewhere.sum()))
        return len(part) if interval is None else int(np.ceil(interval[1] * len(part)))

    @cached_property
    def _dates(self) -> np.ndarray:
        return np.array([example.at for example in self._examples], dtype=object)

    def _lot(self, row: int) -> bytes:
        return hashlib.sha256(self._examples[row].article.id.encode()).digest()
