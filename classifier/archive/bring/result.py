"""What a model gets right, in words and by tag, and what the same tags would have cost by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from classifier.domain.taxonomy import Taxonomy

RELIABLE, USABLE = 0.8, 0.5  # F1 from which a tag is reliable, and from which it helps
FEW = 10  # articles below which a figure says little
WRITE_SECONDS, CONFIRM_SECONDS = 15, 3  # to look up and write a tag, and to confirm or reject one: changed on the page
MAX_SECONDS = 600


@dataclass(frozen=True)
class TagResult:
    """A tag: on how many articles it is, how many of them were found, and how much of what was suggested was right."""

    label: str
    n: int
    n_suggested: int
    n_right: int
    f1: float

    @property
    def verdict(self) -> str:
        """What the figures mean: reliable, check, learning, or few where there are too few articles to tell."""
        if self.n < FEW:
            return "few"
        return "reliable" if self.f1 >= RELIABLE else "check" if self.f1 >= USABLE else "learning"


@dataclass(frozen=True)
class Result:
    """What a model suggests for articles that it has not learned from, by cross-validation."""

    n_articles: int
    tags: list[TagResult]

    @property
    def n(self) -> int:
        """How many tags the articles have."""
        return sum(tag.n for tag in self.tags)

    @property
    def n_suggested(self) -> int:
        """How many tags are suggested."""
        return sum(tag.n_suggested for tag in self.tags)

    @property
    def n_right(self) -> int:
        """How many of them the articles have."""
        return sum(tag.n_right for tag in self.tags)

    @property
    def n_wrong(self) -> int:
        """How many suggestions a person rejects."""
        return self.n_suggested - self.n_right

    @property
    def n_missed(self) -> int:
        """How many tags a person adds."""
        return self.n - self.n_right

    def count(self, verdict: str) -> int:
        """Return how many tags have a verdict."""
        return sum(tag.verdict == verdict for tag in self.tags)

    def hours(self, write: float, confirm: float) -> tuple[float, float]:
        """Return the hours of the tags by hand, and with suggestions, from the seconds to write and to confirm one."""
        with_suggestions = self.n_missed * write + self.n_suggested * confirm
        return self.n * write / 3600, with_suggestions / 3600


def result_of(card: Mapping[str, Any], taxonomy: Taxonomy) -> Result:
    """Return what the card of a model says, the tags on most articles first."""
    measured = card.get("cross_validation") or {}
    labels = {tag.id: tag.label for tag in taxonomy.tags}
    rows = (row for row in measured.get("tags", ()) if row["expected"])
    tags = [
        TagResult(labels.get(row["tag"], row["tag"]), row["expected"], row["suggested"], row["right"], row["f1"])
        for row in rows
    ]
    return Result(measured.get("n_articles", 0), sorted(tags, key=lambda tag: (-tag.n, tag.label)))
