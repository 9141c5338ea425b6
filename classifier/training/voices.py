"""How many labels of a tag one voice may give."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from classifier.domain.examples import Attributed, read_through
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.voices import NAME, voices_of
from classifier.model.evaluation import exact_interval

FREE = 50  # labels of a tag that a voice may always give


class Label(NamedTuple):
    """A tag that is right or wrong for an article."""

    tag: str
    is_right: bool


class Surplus(NamedTuple):
    """The labels of a tag by one voice that are too many."""

    label: Label
    voice: str
    n_labels: int
    n_others: int  # labels by all others
    n_counted: int  # of the `n_labels`
    rows: list[int]  # the examples of the surplus


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
            article = read_through(example.article, taxonomy)
            wrong = (tag for tag in article.rejected if taxonomy.paths.heir(tag) == tag)
            labels = [Label(tag, True) for tag in article.tags or ()] + [Label(tag, False) for tag in wrong]
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
        """
        surplus = []
        for (label, voice), rows in sorted(self._of_voice.items()):
            # For rejections of a key, positives of others count too.
            against = {label, Label(label.tag, True)} if self._of_keys else {label}
            n_others = sum(len(self._all[each]) - len(self._of_voice.get((each, voice), ())) for each in against)
            n_counted = max(FREE, int(n_others * share / (1.0 - share)))
            if self._of_keys and len(rows) > n_counted:
                n_counted = max(n_counted, self._supported(label.tag, voice))
            if len(rows) > n_counted:
                ids = {row: self._examples[row].article.id for row in rows}
                drawn = sorted(rows, key=lambda row: hashlib.sha256(ids[row].encode()).digest())[n_counted:]
                surplus.append(Surplus(label, voice, len(rows), n_others, n_counted, drawn))
        return surplus

    def _supported(self, tag: str, voice: str) -> int:
        """Return on how many of a voice's articles a tag is plausible, at most, by its rate elsewhere."""
        part = self._parts[voice]
        elsewhere = self._dates >= self._created.get(tag, "")  # before that, nobody could give it
        elsewhere[list(part)] = False
        n_with = sum(row not in part and bool(elsewhere[row]) for row in self._all[Label(tag, True)])
        interval = exact_interval(n_with, int(elsewhere.sum()))
        return len(part) if interval is None else int(np.ceil(interval[1] * len(part)))

    @cached_property
    def _dates(self) -> np.ndarray:
        return np.array([example.at for example in self._examples], dtype=object)
