"""Decisions of editors, and what they add up to: which tags an article has, and what is known of the others.

The log is append-only. Whatever is read from it is folded from its rows in their order: the latest that stands wins, and
an undone one never was. Knows no model.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from classifier.domain.articles import Article

ACTIONS = ("accept", "reject", "add", "remove", "unsure", "undo", "complete", "reopen")
REASONS = ("wrong", "passing_mention", "too_general", "too_specific", "wrong_sense")
GIVES = frozenset(("accept", "add"))
TAKES = frozenset(("reject", "remove"))
CMS = "cms"  # the editor of what a CMS changed by itself


@dataclass(frozen=True)
class Decision:
    """One row of the log. `tag` is None where the whole article is meant (complete, reopen, and the undo of those)."""

    id: str
    article_id: str
    tag: str | None
    action: str
    editor: str
    at: str
    reason: str | None = None
    note: str | None = None
    suggestion_set_id: str | None = None
    model_version: str | None = None
    taxonomy_version: str | None = None
    score: float | None = None
    band: str | None = None  # auto, suggest, or hidden where the tag was not suggested
    undoes: str | None = None  # the id of the decision that an undo takes back
    digest: str = ""  # of the text that was decided on
    question_id: str | None = None  # of the question on removals that it belongs to


@dataclass(frozen=True)
class Impression:
    """A suggestion that was shown, and whether somebody answered it, where that was asked for."""

    article_id: str
    tag: str
    suggestion_set_id: str
    shown_at: str
    score: float | None
    band: str | None
    answered: bool = False


@dataclass(frozen=True)
class Case:
    """An article that editors may decide on. `listed` are the tags that its CMS lists; `closed` says that all who were to
    decide on it have said that its tags are complete."""

    article_id: str
    title: str
    blind: bool
    n_editors: int
    listed: tuple[str, ...]
    closed: bool


@dataclass(frozen=True)
class Filed:
    """An article as the desk has it now, its tags those that stand, with what was last suggested for it.

    `at` is when it was published, else when a CMS sent it; None where nobody knows. `suggested` are the scores of the tags
    suggested by `model_version`, both None before there was a suggestion set. Of a `blind` article nobody may see them yet.
    `closed` says that its tags are complete.
    """

    article: Article
    at: str | None
    source: str = ""
    suggested: Mapping[str, float] | None = None
    model_version: str | None = None
    blind: bool = False
    closed: bool = True


@dataclass(frozen=True)
class Listing:
    """What the sender of an article says of its tags: those that it lists now, and those that it knows to be wrong."""

    tags: Sequence[str] = ()
    rejected: Sequence[str] = ()


@dataclass(frozen=True)
class Standing:
    """What is known of an article's tags.

    `tags` are on the article, in the order in which they came; `rejected` are known to be wrong, `unsure` were looked at
    and left open. `decisions` has the decision that stands on each tag that somebody decided on, the latest last.
    `listed` are the tags that the sender lists, and those that it took off where that was undone. `closed_at` is when somebody last said that the tags are complete; None while they are not.
    """

    tags: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    listed: tuple[str, ...] = ()
    closed_at: str | None = None
    closed_by: frozenset[str] = field(default_factory=frozenset)

    @property
    def said_by(self) -> dict[str, str]:
        """The editor of the decision that stands on each tag."""
        return {tag: row.editor for tag, row in self.decisions.items()}


def without_undone(log: Iterable[Decision]) -> list[Decision]:
    """Return the rows of a log without those that were undone, and without the undoing."""
    rows = list(log)
    undone = {row.undoes for row in rows if row.action == "undo"}
    return [row for row in rows if row.action != "undo" and row.id not in undone]


def fold(log: Iterable[Decision], current: Collection[str] | None = None, listing: Listing = Listing()) -> Standing:
    """Return what an article's log adds up to, on top of what its sender lists.

    A removal by the CMS that was undone never was: the tag counts as listed still, until the CMS removes it again.
    Which decision stands on a tag is decided here and nowhere else; `store.standing.stands` says the same in SQL.

    Args:
        current: digests of texts that are materially the same as the article's text now. A rejection or a closing of
            another text, a stale one, counts no more; a tag that a person gave stays. None: stale texts count too.
    """
    rows = list(log)
    latest: dict[str, Decision] = {}
    closings: dict[str, str] = {}
    for row in without_undone(rows):
        stale = current is not None and row.digest not in current
        if row.action == "complete":
            if not stale:
                closings[row.editor] = row.at
        elif row.action == "reopen":
            closings.clear()
        elif row.tag is not None:
            latest.pop(row.tag, None)  # the latest stands last
            if not stale or row.action in GIVES:
                latest[row.tag] = row
    took = {tag for tag, row in latest.items() if row.action in TAKES}
    unsure = tuple(tag for tag, row in latest.items() if row.action == "unsure")
    given = [tag for tag, row in latest.items() if row.action in GIVES]
    listed = tuple(dict.fromkeys((*listing.tags, *_listed_still(rows))))
    tags = dict.fromkeys([tag for tag in listed if tag not in took] + given)
    rejected = dict.fromkeys(tag for tag in (*listing.rejected, *took) if tag not in tags and tag not in unsure)
    closed_at = max(closings.values(), default=None)
    return Standing(tuple(tags), tuple(sorted(rejected)), unsure, latest, listed, closed_at, frozenset(closings))


def is_removal(row: Decision) -> bool:
    """Whether a CMS took a tag off by itself."""
    return row.editor == CMS and row.action == "remove"


def _listed_still(rows: Sequence[Decision]) -> list[str]:
    """Return the tags whose last removal by the CMS was undone."""
    undone = {row.undoes for row in rows if row.action == "undo"}
    last = {row.tag: row for row in rows if is_removal(row)}
    return [str(tag) for tag, row in last.items() if row.id in undone]
