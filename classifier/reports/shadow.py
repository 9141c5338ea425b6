"""What a version in shadow suggested beside the champions of its time, in words and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from classifier.model.evaluation import shown_interval
from classifier.reports.parts import counted

if TYPE_CHECKING:
    from classifier.training.run_result import ShadowRow, ShadowSide

_FAVOURS = (
    "Nobody sees what the version in shadow suggests. Editors see the suggestions of the model that serves, and accept them "
    "with one key. So the comparison favours the model that serves"
)


class ShadowInWords(NamedTuple):
    """The comparison of a version in shadow for a page: sentences, and the rows of two tables."""

    verdict: str
    summary: str
    figures: list[list[object]]
    tags: list[list[object]]
    caution: str
    next_step: str


def shadow_in_words(row: ShadowRow) -> ShadowInWords:
    """Return the comparison of a version in shadow in words."""
    blind = f", except on {counted(row['n_blind'], 'article')} tagged without suggestions" if row["n_blind"] else ""
    tags: list[list[object]] = [
        [
            each["tag"],
            each["n"],
            *(f"{serves} → {shadow}" for serves, shadow in zip(each["champion"], each["shadow"], strict=True)),
        ]
        for each in row["tags"]
    ]
    return ShadowInWords(_verdict(row), _summary(row), _figures(row), tags, f"{_FAVOURS}{blind}.", _next_step(row))


def _verdict(row: ShadowRow) -> str:
    change = row["change"]
    if change is None:
        return "Too few of its articles have been tagged so far to say which model is better."
    differs = (
        f"micro-F1 differs by {change['value']:+.3f} (95 % interval {change['low']:+.3f} to {change['high']:+.3f})"
    )
    if change["low"] > 0.0:
        return f"It is clearly better than the model that serves: {differs}."
    if change["high"] < 0.0:
        return f"It is clearly worse than the model that serves: {differs}."
    return f"So far it is neither clearly better nor clearly worse than the model that serves: {differs}."


def _summary(row: ShadowRow) -> str:
    shadow, serves = row["shadow"], row["champion"]
    n_right = shadow["found"] + shadow["missed"]
    judged = f"Version {row['version']} has judged {counted(row['n_judged'], 'article')} since {row['since'][:10]}"
    if not row["n_compared"]:
        return f"{judged}. Of none of them are the tags known yet."
    return (
        f"{judged}. On the {row['n_compared']} of them whose tags are known it found {shadow['found']} of "
        f"{counted(n_right, 'right tag')} and suggested {shadow['wrong']} wrong ones. The model that served then "
        f"found {serves['found']} and suggested {serves['wrong']} wrong ones. Neither had learned from these articles."
    )


def _figures(row: ShadowRow) -> list[list[object]]:
    sides = row["champion"], row["shadow"]
    if not row["n_compared"]:
        return []
    return [
        ["right tags found", *(str(side["found"]) for side in sides)],
        ["right tags missed", *(str(side["missed"]) for side in sides)],
        ["wrong tags suggested", *(str(side["wrong"]) for side in sides)],
        ["suggestions that nobody has judged", *(str(side["unjudged"]) for side in sides)],
        ["micro-F1", *(_micro_f1(side, row["n_compared"]) for side in sides)],
    ]


def _micro_f1(side: ShadowSide, n: int) -> str:
    if (interval := shown_interval(side["interval"], n)) is None:
        return f"{side['micro_f1']:.3f}"
    return f"{side['micro_f1']:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"


def _next_step(row: ShadowRow) -> str:
    promote = f"To let it serve: python -m classifier models promote {row['version']}."
    if row["ended"] is not None:
        return f"It is in shadow no longer: {row['ended']}. This is the last comparison. {promote}"
    ends = f"It ends by itself on {row['until'][:10]}. To end it at once: python -m classifier models shadow --end"
    return f"{promote} {ends}"
