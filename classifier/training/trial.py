"""A trial: a fitted challenger beside the older versions, on the articles that cross-validation of both has judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.examples import labels_of
from classifier.domain.progress import Track
from classifier.gate.holding import TAG_WORSE, Held, hold
from classifier.gate.languages import LanguageChange, language_changes
from classifier.gate.reference import ANCHOR, Reference
from classifier.gate.tags import TagChange, compare_tags, smallest_loss
from classifier.training.fitting import Fitted, fit
from classifier.training.judging import active_columns
from classifier.training.older import Older
from classifier.training.preparing import Prepared
from classifier.training.settings import TrainingSettings


class Compared(NamedTuple):
    """The suggestions of an older version and of the challenger, and the labels that count as evidence.

    rows: (n,) of the examples; before, after: (n, n_active) bool; labels: (n, n_active) int8.
    """

    rows: np.ndarray
    before: np.ndarray
    after: np.ndarray
    labels: np.ndarray


class _Limit(NamedTuple):
    """What a tag may lose: the share of draws that must lose more than the margin, or than a share of the tag's F1."""

    margin: float
    surely: float
    share: float | None = None


@dataclass(frozen=True)
class Trial:
    """A challenger that holds some tags. Columns are those of the tags that may be suggested, in all that it returns."""

    prepared: Prepared
    older: Older
    settings: TrainingSettings
    held: Sequence[Held]
    articles: Sequence[Article]  # of the examples, as the challenger learned them
    fitted: Fitted

    @cached_property
    def active(self) -> list[int]:
        """The columns of the tags that may be suggested."""
        return active_columns(self.prepared.inputs.taxonomy)

    @property
    def tag_ids(self) -> list[str]:
        """The ids of these tags."""
        return [self.prepared.inputs.taxonomy.tags[column].id for column in self.active]

    @cached_property
    def labels(self) -> np.ndarray:
        """The labels of the examples as the challenger learned them, (n_examples, n_active) int8."""
        return np.asarray(labels_of(self.articles, self.prepared.inputs.taxonomy)[:, self.active])

    @cached_property
    def rows(self) -> np.ndarray:
        """The rows of the examples that could be read, in rising order."""
        row_of = {article.id: row for row, article in enumerate(self.articles)}
        return np.array([row_of[article_id] for article_id in self.fitted.held_out.ids], dtype=np.int64)

    @cached_property
    def suggested(self) -> np.ndarray:
        """The suggestions of the challenger's cross-validation, (n_examples, n_active) bool."""
        suggested = np.zeros(self.labels.shape, dtype=bool)
        suggested[self.rows] = self.fitted.held_out.suggested[:, self.active]
        return suggested

    @cached_property
    def scores(self) -> np.ndarray:
        """The scores of the challenger's cross-validation, (n_examples, n_active) float64."""
        scores = np.zeros(self.labels.shape)
        scores[self.rows] = self.fitted.held_out.scores[:, self.active]
        return scores

    @cached_property
    def languages(self) -> dict[int, str | None]:
        """The languages of the examples that could be read, by their rows."""
        return dict(zip(self.rows.tolist(), self.fitted.held_out.languages, strict=True))

    @property
    def held_tags(self) -> set[int]:
        """The columns of the tags that are held, of the whole taxonomy."""
        return {each.tag for each in self.held}

    def compared(self, reference: Reference) -> Compared:
        """Return what both suggest on the articles of a reference."""
        part = reference.part(reference.validated & np.isin(reference.rows, self.rows))
        labels = part.labels([each.tag for each in self.held])
        return Compared(part.rows, part.suggested[:, self.active], self.suggested[part.rows], labels[:, self.active])

    def worse(self, margin: float | None = None) -> list[Held]:
        """Return the tags that surely lost since the champion, or else since the anchor, without those that are accepted.

        `margin`: the F1 that they may lose, by default what a tag may lose before it is held.
        """
        found: dict[int, Held] = {}
        columns, gate = dict(zip(self.tag_ids, self.active, strict=True)), self.settings.gate
        for reference in self.older.references:
            limits = [_Limit(gate.tag_margin if margin is None else margin, gate.tag_surely)]
            if reference.name == ANCHOR and margin is None:
                limits = [
                    _Limit(gate.anchor_margin, gate.tag_surely),
                    _Limit(gate.anchor_margin, gate.anchor_surely, gate.anchor_share),
                ]
            for limit in limits:
                for change in self._changes(reference, limit):
                    is_accepted = change.tag in self.settings.checks.accepted
                    if change.is_loss(limit.surely) and not is_accepted:
                        tag, figure = columns[change.tag], change.figure(reference.name)
                        found.setdefault(tag, Held(tag, TAG_WORSE, figure, reference))
        return list(found.values())

    def changes(self) -> list[TagChange]:
        """Return how each tag changed since the champion, with the smallest loss that would have been seen."""
        gate, changes = self.settings.gate, []
        for reference in self.older.references[:1]:
            compared = self.compared(reference)
            for change in self._changes(reference, _Limit(gate.tag_margin, gate.tag_surely)):
                column = self.tag_ids.index(change.tag)
                before, after, labels = (part[:, column] for part in compared[1:])
                least = smallest_loss(before, after, labels, gate.tag_margin, gate.tag_surely)
                changes.append(change._replace(smallest_loss=least))
        return changes

    def language_changes(self) -> list[LanguageChange]:
        """Return how micro-F1 changed since the champion in each language of which both judged enough articles."""
        found: list[LanguageChange] = []
        for reference in self.older.references[:1]:
            rows, before, after, labels = self.compared(reference)
            languages = [self.languages[row] for row in rows.tolist()]
            found += language_changes(before, after, labels, languages, self.settings.gate)
        return found

    def _changes(self, reference: Reference, limit: _Limit) -> list[TagChange]:
        compared = self.compared(reference)
        return compare_tags(compared.before, compared.after, compared.labels, self.tag_ids, limit.margin, limit.share)


def run_trial(
    prepared: Prepared, older: Older, held: Sequence[Held], settings: TrainingSettings, track: Track
) -> Trial:
    """Fit a challenger that holds some tags."""
    taxonomy = prepared.inputs.taxonomy
    articles = hold(prepared.articles, held, taxonomy)
    blocks, timeless, passing = prepared.checked.blocks, prepared.timeless, prepared.passing
    fitted = fit(articles, taxonomy, settings.fit, track, blocks, timeless, passing, older.kept_folds)
    return Trial(prepared, older, settings, held, articles, fitted)
