"""The sections and rows of the drift report. Their fields are the keys of its JSON."""

from dataclasses import dataclass

from classifier.domain.unreadable import UnreadableReport
from classifier.reports.parts import DatedArticle


@dataclass(frozen=True)
class ArticleCounts:
    """How many articles are counted, and how many are not because of their date or source."""

    in_weeks: int
    newest_week: int
    earlier: int
    undated: int
    later: int
    starter: int


@dataclass(frozen=True)
class WeekCounts:
    """The articles of a week. `asked` counts those with a suggestion set, `scores` has quantiles of their best scores."""

    from_: str
    to: str
    articles: int
    tagged: int
    asked: int
    untagged: int
    unsuggested: int
    scores: list[float] | None
    models: list[str]


@dataclass(frozen=True)
class RateChange:
    """A weekly rate, in the newest `span` weeks and before. The fields up to `ratio` are None if there is too little data."""

    span: int | None
    n_now: int | None
    of_now: int | None
    n_before: int | None
    of_before: int | None
    p: float | None
    ratio: float | None
    beyond_chance: bool
    weeks: list[int]


@dataclass(frozen=True)
class TagChange(RateChange):
    """How often a tag is given, or suggested."""

    tag: str
    label: str


@dataclass(frozen=True)
class AliasOfTag:
    """A tag, and one of its aliases."""

    tag: str
    label: str
    alias: str


@dataclass(frozen=True)
class AliasChange(RateChange, AliasOfTag):
    """How often an alias occurs, whether it fell to zero or jumped, and some of the newest articles with it."""

    what: str
    articles: list[DatedArticle]


@dataclass(frozen=True)
class ScoresNotCompared:
    """There are too few scores to compare."""

    compared: bool = False
    beyond_chance: bool = False


@dataclass(frozen=True)
class ScoreShift:
    """The distance between the scores of the newest weeks and those before; `new_models` gave only the newer ones."""

    compared: bool
    span: int
    n_now: int
    n_before: int
    distance: float
    p: float
    beyond_chance: bool
    new_models: list[str]


@dataclass(frozen=True)
class TagOfArticles:
    """A tag that n of the articles of a name have; `usual` is its share of all articles."""

    tag: str
    label: str
    n: int
    of: int
    usual: float


@dataclass(frozen=True)
class SimilarAlias(AliasOfTag):
    """A tag, and the alias of it that is most like a name; `likeness` is from 0 to 1."""

    likeness: float


@dataclass(frozen=True)
class RisingName:
    """A name that rises and belongs to no tag; `stub` is a tag for it in YAML."""

    name: str
    variants: list[str]
    n_now: int
    of_now: int
    n_before: int
    of_before: int
    g2: float
    first_seen: str
    articles: list[DatedArticle]
    spelling_of: AliasOfTag | None
    nearest: list[TagOfArticles]
    alike: list[SimilarAlias]
    stub: str


@dataclass(frozen=True)
class DriftReport:
    """The drift report."""

    today: str
    taxonomy_version: str
    articles: ArticleCounts
    weeks: list[WeekCounts]
    untagged: RateChange
    unsuggested: RateChange
    scores: ScoreShift | ScoresNotCompared
    given: list[TagChange]
    suggested: list[TagChange]
    n_aliases: int
    aliases: list[AliasChange]
    rising: list[RisingName]
    set_aside: UnreadableReport
