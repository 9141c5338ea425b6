"""Decisions of editors, and the state of an article's tags that follows from them.

The log is append-only. The state is a fold of its rows: the latest decision on a tag counts, and undone ones do not.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from classifier.domain.articles import Article
from classifier.domain.examples import read_through
from classifier.domain.resolving import NEGATIVE, POSITIVE, UNKNOWN
from classifier.domain.taxonomy import Taxonomy

ACTIONS = ("accept", "reject", "add", "remove", "unsure", "undo", "complete", "reopen")
PASSING_MENTION = "passing_mention"
REASONS = ("wrong", PASSING_MENTION, "too_general", "too_specific", "wrong_sense")
GIVES = frozenset(("accept", "add"))
TAKES = frozenset(("reject", "remove"))
CMS = "cms"  # the editor of changes that a CMS made by itself


@dataclass(frozen=True)
class Decision:
    """A row of the log. `tag` is None if the decision is on the whole article (complete, reopen, and their undo)."""

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
    live_state: int | None = None  # the number of the labels that the model had followed
    in_bulk: bool | None = None  # whether it was made over a list of articles; None: not known, or no
    together: str | None = None  # names the decisions that one answer made on several articles


@dataclass(frozen=True)
class Impression:
    """A suggestion that was shown, and whether an editor has decided on it.

    `editor` is who saw it first, None where the client did not say.
    """

    article_id: str
    tag: str
    suggestion_set_id: str
    shown_at: str
    score: float | None
    band: str | None
    answered: bool = False
    editor: str | None = None


@dataclass(frozen=True)
class Case:
    """An article that editors may decide on, what its CMS lists, and whether all its editors called its tags complete."""

    article_id: str
    title: str
    blind: bool
    n_editors: int
    listed: tuple[str, ...]
    closed: bool


@dataclass(frozen=True)
class Filed:
    """An article with its present tags and the last suggestions for it.

    `at` is when it was published, or else when a CMS sent it; None if both are unknown. `suggested` are the scores of the
    tags suggested by `model_version`, both None before the first suggestion set. Nobody may see those of a `blind` article
    yet. `closed` says that its tags are complete.
    """

    article: Article
    at: str | None
    source: str = ""
    suggested: Mapping[str, float] | None = None
    model_version: str | None = None
    blind: bool = False
    closed: bool = True

    def through(self, taxonomy: Taxonomy | None) -> "Filed":
        """Return it by the living tags of a taxonomy, if its tags are those that were written."""
        if taxonomy is None:
            return self
        suggested = None if self.suggested is None else scores_of(self.suggested.items(), taxonomy)
        return replace(self, article=read_through(self.article, taxonomy), suggested=suggested)


def scores_of(suggestions: Iterable[tuple[str, float]], taxonomy: Taxonomy | None) -> dict[str, float]:
    """Return the scores of suggestions, each under the living tag that its tag is read as, the highest of several."""
    scores: dict[str, float] = {}
    for tag, score in suggestions:
        heir = tag if taxonomy is None else taxonomy.paths.heir(tag)
        scores[heir] = max(score, scores.get(heir, 0.0))
    return scores


@dataclass(frozen=True)
class Listing:
    """The tags that the sender of an article lists now, and those that it says are wrong."""

    tags: Sequence[str] = ()
    rejected: Sequence[str] = ()


@dataclass(frozen=True)
class Standing:
    """The state of an article's tags.

    `tags` are on the article, in the order in which they were added. `rejected` are wrong, `unsure` were left open.
    `decisions` has the decision that counts for each tag, the latest last. `listed` are the tags that the sender lists, and
    those whose removal by the sender was undone. `closed_at` is when an editor last said that the tags are complete, None
    while they are not. `undone_by` has the editor who took back the last decision on a tag, so that none stands any more.
    """

    tags: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    listed: tuple[str, ...] = ()
    closed_at: str | None = None
    closed_by: frozenset[str] = field(default_factory=frozenset)
    undone_by: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def said_by(self) -> dict[str, str]:
        """The editor of the decision that counts for each tag."""
        return {tag: row.editor for tag, row in self.decisions.items()}

    @property
    def passing(self) -> tuple[str, ...]:
        """The rejected tags that the article only names in passing, as the decision says."""
        return tuple(
            tag for tag in self.rejected if tag in self.decisions and self.decisions[tag].reason == PASSING_MENTION
        )

    def through(self, taxonomy: Taxonomy | None) -> "Standing":
        """Return the state by the living tags of a taxonomy. Ids that lead to no living tag, or to several, stay."""
        if taxonomy is None or taxonomy.paths.is_plain:
            return self
        said = dict.fromkeys(self.unsure, UNKNOWN) | dict.fromkeys(self.rejected, NEGATIVE)
        said |= dict.fromkeys(self.tags, POSITIVE)
        if (known := taxonomy.paths.resolved(said)) == said:
            return self
        heir, decisions = taxonomy.paths.heir, dict[str, Decision]()
        for tag, row in self.decisions.items():
            if known.get(heir(tag)) == said.get(tag):
                decisions.pop(heir(tag), None)
                decisions[heir(tag)] = row

        def having(label: int, first: Iterable[str]) -> tuple[str, ...]:
            return tuple(tag for tag in dict.fromkeys((*map(heir, first), *known)) if known.get(tag) == label)

        return replace(
            self,
            tags=having(POSITIVE, self.tags),
            rejected=tuple(sorted(having(NEGATIVE, ()))),
            unsure=having(UNKNOWN, self.unsure),
            decisions=decisions,
            listed=tuple(dict.fromkeys(map(heir, self.listed))),
        )


def without_undone(log: Iterable[Decision]) -> list[Decision]:
    """Return the rows of a log without undone decisions, and without the undo rows."""
    rows = list(log)
    undone = {row.undoes for row in rows if row.action == "undo"}
    return [row for row in rows if row.action != "undo" and row.id not in undone]


def fold(
    log: Iterable[Decision],
    current: Collection[str] | None = None,
    listing: Listing = Listing(),
    taxonomy: Taxonomy | None = None,
) -> Standing:
    """Return the state of an article's tags from its log and from the tags that its sender lists.

    If a removal by the CMS was undone, the tag counts as listed until the CMS removes it again. Which decision counts for a
    tag is decided only here; `store.standing.stands` is the same rule in SQL.

    Args:
        current: digests of texts that are materially the same as the article's present text. Rejections and closings made
            on another, stale text are ignored; accepted tags are kept. None: decisions on stale texts count too.
        taxonomy: tells since when a retired tag is another one. A decision on it after that is one on its heir, and a decision
            that takes the heir, or leaves it open, is one on all that had been merged into it.
    """
    rows = list(log)
    if not rows:  # as most articles of an archive have none
        lists = tuple(dict.fromkeys(listing.tags))
        return Standing(lists, tuple(sorted(set(listing.rejected) - set(lists))), listed=lists)
    id_at = taxonomy.paths.at if taxonomy is not None else None
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
            tag = id_at(row.tag, row.at) if id_at is not None else row.tag
            latest.pop(tag, None)  # the latest stands last
            if not stale or row.action in GIVES:
                latest[tag] = row
    if taxonomy is not None:
        for tag, row in [*latest.items()]:
            for merged in taxonomy.paths.overruled(tag, row.at) if row.action not in GIVES else ():
                if merged not in latest or latest[merged].at < row.at:
                    latest[merged] = row
    removed = {tag for tag, row in latest.items() if row.action in TAKES}
    unsure = tuple(tag for tag, row in latest.items() if row.action == "unsure")
    accepted = [tag for tag, row in latest.items() if row.action in GIVES]
    listed = tuple(dict.fromkeys((*listing.tags, *_listed_still(rows))))
    tags = dict.fromkeys([tag for tag in listed if tag not in removed] + accepted)
    rejected = dict.fromkeys(tag for tag in (*listing.rejected, *removed) if tag not in tags and tag not in unsure)
    closed_at = max(closings.values(), default=None)
    closed_by, undone_by = frozenset(closings), _undone_by(rows, latest)
    return Standing(tuple(tags), tuple(sorted(rejected)), unsure, latest, listed, closed_at, closed_by, undone_by)


def _undone_by(rows: Sequence[Decision], standing: Collection[str]) -> dict[str, str]:
    tags = {row.id: row.tag for row in rows if row.tag is not None and row.action != "undo"}
    undone = {tags[row.undoes]: row.editor for row in rows if row.undoes in tags}
    return {tag: editor for tag, editor in undone.items() if tag not in standing}


def _listed_still(rows: Sequence[Decision]) -> list[str]:
    undone = {row.undoes for row in rows if row.action == "undo"}
    last = {row.tag: row for row in rows if row.editor == CMS and row.action == "remove"}
    return [str(tag) for tag, row in last.items() if row.id in undone]
