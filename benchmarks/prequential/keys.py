"""The keys that an editor presses until an article's tags are complete.

This is the only place that says what costs how many keys:

- accepting a suggestion: 1 (`a` on the review page);
- passing over a wrong suggestion: 1 (`j`, or `x` to reject it; closing the article makes it a no in any case);
- adding a tag: the letters of its label until the finder shows it first, and Enter.

Without suggestions every tag is added. Opening the field and closing the article cost the same both ways and are not counted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

ACCEPT, REJECT, ENTER = 1, 1, 1


class Keys(NamedTuple):
    """The keys for some articles: with suggestions, and typing all tags."""

    suggested: int
    typed: int

    @property
    def saved(self) -> float:
        """The share of keys that suggestions save; negative if they cost more than they save."""
        return 1.0 - self.suggested / self.typed if self.typed else 0.0


def adding_costs(labels: Mapping[str, str]) -> dict[str, int]:
    """Return the keys for adding each tag, by id, from the labels of all tags."""
    every = sorted({label.lower() for label in labels.values()}, key=lambda label: (len(label), label))
    n_letters = {label: _n_letters(label, every) for label in every}
    return {tag: n_letters[label.lower()] + ENTER for tag, label in labels.items()}


def _n_letters(label: str, labels: list[str]) -> int:
    """Return how many letters to type until a label is the first of `labels`, which are sorted, that begins with them.

    The finder of the review page sorts so, too: of labels that begin with what was typed, the shortest comes first.
    """
    beginnings = (label[:n].rstrip() for n in range(1, len(label)))  # the finder ignores a space at the end
    return next(
        (n for n, b in enumerate(beginnings, 1) if next(x for x in labels if x.startswith(b)) == label), len(label)
    )


def keys(suggested: Collection[str], tags: Collection[str], costs: Mapping[str, int]) -> Keys:
    """Return the keys for an article with some suggestions and its complete tags."""
    right = set(suggested) & set(tags)
    n_wrong = len(set(suggested)) - len(right)
    missing = sum(costs[tag] for tag in tags if tag not in right)
    return Keys(ACCEPT * len(right) + REJECT * n_wrong + missing, sum(costs[tag] for tag in tags))
