"""The languages of an archive: which of them a model has learned, how good it is in each, and whether one gets worse.

All functions take arrays and the codes of languages, one for each article, None where no language could be told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypedDict

import numpy as np

from classifier.domain.sentences import OF_LANGUAGE
from classifier.gate.settings import GateSettings
from classifier.gate.whole import N_DRAWS, Check
from classifier.model.evaluation import macro_f1, micro_f1, micro_f1_change
from classifier.texts import english

ENOUGH_LEARNED = 20  # articles of a language from which on it is learned
LANGUAGE_WORSE = "language_worse"


class LanguageRow(TypedDict):
    """A language of the examples, and how good the model is in it, in cross-validation."""

    n_articles: int
    learned: bool
    micro_f1: float
    macro_f1: float


class LanguageChange(NamedTuple):
    """The micro-F1 of a learned language by the champion and by the challenger, on `n_articles` that both judged.

    `surely` is the share of draws of articles that lose anything; 0 where no more is lost than a language may lose.
    """

    language: str
    n_articles: int
    champion: float
    challenger: float
    surely: float

    def figure(self, name: str) -> str:
        """Return the change for people; `name` is that of the language."""
        before, after = f"{self.champion:.3f}", f"{self.challenger:.3f}"
        return english(OF_LANGUAGE, language=name, before=before, after=after, n=self.n_articles)


def learned_languages(languages: Sequence[str | None]) -> list[str]:
    """Return the languages of which there are enough articles to learn from, in rising order."""
    counted = Counter(language for language in languages if language is not None)
    return sorted(language for language, n in counted.items() if n >= ENOUGH_LEARNED)


def language_rows(suggested: np.ndarray, labels: np.ndarray, languages: Sequence[str | None]) -> dict[str, LanguageRow]:
    """Return how good a model is in each language, the one with most articles first.

    Args:
        suggested: (n_articles, n_tags) bool, by cross-validation; labels: the same shape, int8.
    """
    learned, rows = learned_languages(languages), dict[str, LanguageRow]()
    for language, n in Counter(each for each in languages if each is not None).most_common():
        of_language = _rows_of(language, languages)
        pair = suggested[of_language], labels[of_language]
        rows[language] = {
            "n_articles": n,
            "learned": language in learned,
            "micro_f1": micro_f1(*pair),
            "macro_f1": macro_f1(*pair),
        }
    return rows


def language_changes(
    before: np.ndarray,
    after: np.ndarray,
    labels: np.ndarray,
    languages: Sequence[str | None],
    settings: GateSettings,
) -> Iterator[LanguageChange]:
    """Yield how micro-F1 changes in each language of which enough articles were judged by both.

    Args:
        before, after: (n_articles, n_tags) bool, the suggestions of both; labels: the same shape, int8.
    """
    for language, n in Counter(each for each in languages if each is not None).most_common():
        if n < settings.min_language:
            return
        of_language = _rows_of(language, languages)
        parts = before[of_language], after[of_language], labels[of_language]
        old, new, surely = micro_f1(parts[0], parts[2]), micro_f1(parts[1], parts[2]), 0.0
        if old - new >= settings.language_margin:
            surely = float((micro_f1_change(*parts, N_DRAWS).drawn < 0.0).mean())
        yield LanguageChange(language, n, old, new, surely)


def language_check(change: LanguageChange, name: str, settings: GateSettings) -> Check:
    """Check that a language does not get worse: that it loses less than its margin, or no more than chance takes away."""
    passed = change.champion - change.challenger < settings.language_margin or change.surely < settings.tag_surely
    return Check(LANGUAGE_WORSE, passed, change.figure(name))


def _rows_of(language: str, languages: Sequence[str | None]) -> np.ndarray:
    return np.flatnonzero([each == language for each in languages])
