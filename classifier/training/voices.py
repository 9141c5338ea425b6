"""Voices: who gave a label, and how many labels of a tag one voice may give.

A label has a voice on three levels: the editor by name, whichever key sent it; all editors that a key names together,
because a key may name anybody; and the key, with those editors and with the tags that it sends with its articles.
Imported labels belong to no voice.
"""

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
FREE = 50  # labels of a tag that a voice may always give


class Label(NamedTuple):
    """A tag that is right or wrong for an article."""

    tag: str
    is_right: bool


@dataclass(frozen=True)
class Surplus:
    """The labels of a tag by one voice that are too many.

    Of its `n_labels`, beside `n_others` by all others, `n_counted` count; `rows` are the examples of the surplus.
    """

    label: Label
    voice: str
    n_labels: int
    n_others: int
    n_counted: int
    rows: list[int]


def voices_of(editor: str | None, owner: str | None) -> dict[str, str]:
    """Return the voice of a label on each level, without levels on which it has none.

    `editor`: who decided: a person's name, `key/name`, `cms` for a change by the CMS itself, None for nobody.
    `owner`: the name of the key that sent the article with its tags.
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
        self._of_voice: defaultdict[tuple[Label, str], list[int]] = defaultdict(list)
        self._parts: defaultdict[str, set[int]] = defaultdict(set)
        for row, example in enumerate(examples):
            article = example.article
            labels = [Label(tag, True) for tag in article.tags or ()] + [Label(tag, False) for tag in article.rejected]
            for label in labels:
                self._all[label].append(row)
                voice = voices_of(example.said_by.get(label.tag), example.owner).get(level)
                if voice is not None:
                    self._of_voice[label, voice].append(row)
            for editor in (None, *example.said_by.values()):  # also of labels that are left out already
                if (voice := voices_of(editor, example.owner).get(level)) is not None:
                    self._parts[voice].add(row)

    def surplus(self, share: float) -> list[Surplus]:
        """Return the labels of each voice beyond its limit: `share` of a tag's labels, or FREE of them.

        A key may stand for a whole desk. So it may also give a tag as often as articles of others support.
        The labels that count are drawn by the articles' ids, so that neither old nor new ones are preferred.
        """
        surplus = []
        for (label, voice), rows in sorted(self._of_voice.items()):
            n_others = self._n_others(label, voice)
            n_counted = max(FREE, int(n_others * share / (1.0 - share)))
            if self._of_keys and len(rows) > n_counted:
                n_counted = max(n_counted, self._supported(label.tag, voice))
            if len(rows) > n_counted:
                drawn = sorted(rows, key=self._lot)[n_counted:]
                surplus.append(Surplus(label, voice, len(rows), n_others, n_counted, drawn))
        return surplus

    def _n_others(self, label: Label, voice: str) -> int:
        """Return how many labels of others count against a voice: for rejections of a key, positives do too."""
        labels = [label, Label(label.tag, True)] if self._of_keys and not label.is_right else [label]
        return sum(len(self._all[counted]) - len(self._of_voice.get((counted, voice), ())) for counted in labels)

    def _supported(self, tag: str, voice: str) -> int:
        """Return on how many of a voice's articles a tag is plausible: the upper end of the interval of its rate elsewhere.

        If there are no articles elsewhere, it is plausible on all of them.
        """
        part = self._parts[voice]
        elsewhere = self._dates >= self._created.get(tag, "")  # before that, nobody could give it
        elsewhere[list(part)] = False
        n_with = sum(row not in part and bool(elsewhere[row]) for row in self._all[Label(tag, True)])
        interval = exact_interval(n_with, int(elsewhere.sum()))
        return len(part) if interval is None else int(np.ceil(interval[1] * len(part)))

    @cached_property
    def _dates(self) -> np.ndarray:
        return np.array([example.at for example in self._examples], dtype=object)

    def _lot(self, row: int) -> bytes:
        return hashlib.sha256(self._examples[row].article.id.encode()).digest()
