"""The sections and rows of the desk report. Their fields are the keys of its JSON, which the store keeps."""

from collections.abc import Iterable
from dataclasses import dataclass

from classifier.model.evaluation import exact_interval


@dataclass(frozen=True)
class ArticleCounts:
    """How many articles the desk has, how many somebody decided on, and how many are closed."""

    known: int
    decided: int
    closed: int


@dataclass(frozen=True)
class Rate:
    """How many of n suggestions were accepted; `interval` is exact (Clopper and Pearson 1934)."""

    n: int
    accepted: int
    share: float | None
    interval: tuple[float, float] | None


def rate(accepted: Iterable[bool]) -> Rate:
    """Return the rate of some answers."""
    answers = list(accepted)
    n, n_accepted = len(answers), sum(answers)
    return Rate(n, n_accepted, n_accepted / n if n else None, exact_interval(n_accepted, n))


@dataclass(frozen=True)
class LiveAcceptance:
    """Answered suggestions of models that had followed labels since their training, and of models that had not."""

    followed: Rate
    trained: Rate


@dataclass(frozen=True)
class LabelledTag:
    """A tag with its label. Rows on tags begin with it."""

    tag: str
    label: str


@dataclass(frozen=True)
class TagRow(LabelledTag):
    """What became of a tag. `added` counts additions of the tag where it was not suggested."""

    shown: int
    answered: int
    accepted: int
    rejected: int
    reasons: dict[str, int]
    removed: int
    added: int
    unsure: int
    undone: int
    acceptance: Rate


@dataclass(frozen=True)
class EditorRow:
    """What an editor did; `touched` and `closed` count articles."""

    editor: str
    touched: int
    accepted: int
    rejected: int
    added: int
    removed: int
    unsure: int
    median_seconds: float | None
    closed: int
    undone: int
    acceptance: Rate


@dataclass(frozen=True)
class CmsChanges:
    """What the CMS changed without an editor."""

    articles: int
    added: int
    removed: int
    undone: int


@dataclass(frozen=True)
class WeekRow(Rate):
    """The acceptance of the suggestions that were shown in an ISO week."""

    week: str


@dataclass(frozen=True)
class ScoreRow(Rate):
    """The acceptance of the suggestions with a score in a range; `score` is their mean score."""

    from_: float
    to: float
    score: float


@dataclass(frozen=True)
class MissedTag(LabelledTag):
    """A tag that editors gave on blind articles, and how often the model would not have suggested it."""

    given: int
    missed: int


@dataclass(frozen=True)
class Recall:
    """Blind recall: `found` of the tags `given` to closed blind articles would have been suggested."""

    articles: int
    open: int
    given: int
    found: int
    share: float | None
    interval: tuple[float, float] | None
    interval_over: str
    missed: list[MissedTag]


@dataclass(frozen=True)
class ArticleRef:
    """An article that a row names."""

    article_id: str
    title: str


@dataclass(frozen=True)
class AddedTag(LabelledTag):
    """A tag that editors often add where it is not suggested."""

    added: int
    articles: int
    examples: list[ArticleRef]


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa with its interval, and how many of n articles both, one or neither editor gave a tag."""

    kappa: float | None
    low: float | None
    high: float | None
    n: int
    both: int
    one: int
    neither: int


@dataclass(frozen=True)
class TagKappa(Kappa, LabelledTag):
    """The agreement of two editors on a tag. The fields of the last base come first."""


@dataclass(frozen=True)
class Verdict:
    """What an editor said of a tag; `says` has it in words.

    `at` is when they decided on it, or else closed the article, None in reports of earlier versions.
    """

    editor: str
    says: str
    gave: bool
    action: str | None
    reason: str | None
    at: str | None = None


@dataclass(frozen=True)
class Disagreement(LabelledTag, ArticleRef):
    """A tag on which the two editors of an article differ."""

    said: list[Verdict]
    settled: bool


@dataclass(frozen=True)
class Agreement:
    """How far two editors who closed the same article agree."""

    articles: int
    editors: list[str]
    overall: Kappa | None
    tags: list[TagKappa]
    disagreements: list[Disagreement]
    unsettled: int
    both_gave: int


@dataclass(frozen=True)
class OftenAdded:
    """A reason to look at a tag: it was added n times without being suggested."""

    kind: str
    n: int


@dataclass(frozen=True)
class OftenDisputed(OftenAdded):
    """A reason to look at a tag: two editors differ on n of the articles."""

    of: int


@dataclass(frozen=True)
class OftenRefused(OftenDisputed):
    """A reason to look at a tag: n of the suggestions were not accepted, most of them for one reason."""

    reason: str | None


@dataclass(frozen=True)
class TagToReview(LabelledTag):
    """A tag that costs the desk many clicks, and why."""

    why: list[OftenRefused | OftenDisputed | OftenAdded]


@dataclass(frozen=True)
class DeskReport:
    """The desk report. `from_` and `to` are the times of the first and the last decision."""

    articles: ArticleCounts
    decisions: int
    undone: int
    from_: str | None
    to: str | None
    acceptance: Rate
    recall: Recall
    agreement: Agreement
    look_at: list[TagToReview]
    tags: list[TagRow]
    weeks: list[WeekRow]
    scores: list[ScoreRow]
    added: list[AddedTag]
    editors: list[EditorRow]
    cms: CmsChanges
    live: LiveAcceptance | None = None  # None if no answered suggestion had followed labels
