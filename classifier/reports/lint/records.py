"""The rows of the linter's report. Their fields are the keys of its JSON."""

from dataclasses import dataclass, field

from classifier.domain.unreadable import UnreadableReport
from classifier.reports.parts import DatedArticle
from classifier.texts import N_

# Why the words of an alias do not count at a place.
COUNTS, CASE, CONTEXT, LONGER = "counts", N_("other case"), N_("context"), N_("part of a longer name")


@dataclass(frozen=True)
class FormRow:
    """A way to write an alias, whether it counts so or why not, and how often it stands there."""

    form: str
    counts: str
    n: int


@dataclass(frozen=True)
class AliasRow:
    """An alias in the archive. Articles are those where it counts.

    `known` of them have or lack the tag for certain, and `right` have it. `exact_known` and `exact_right` are the same of the
    articles that write it in its own case. `places` are all places of its words, `longer` those inside of a longer name of
    another tag.
    """

    tag: str
    alias: str
    articles: int
    known: int
    right: int
    exact_known: int
    exact_right: int
    last: str | None  # the day of the newest article
    places: int
    longer: int
    longer_names: list[str]
    shared_with: list[str]  # tags that have it as an alias too
    forms: list[FormRow]
    found: list[DatedArticle] = field(default_factory=list)
    wrong: list[DatedArticle] = field(default_factory=list)  # articles that lack the tag


@dataclass(frozen=True)
class LintFinding:
    """What is wrong with a tag or with one of its aliases, with some articles, and the operation that would mend it.

    `other` is a second tag. The operation is None if only a person can say what to do.
    """

    check: str
    tag: str
    alias: str | None
    other: str | None
    n: int
    figure: str
    operation: str | None
    articles: list[DatedArticle]


@dataclass(frozen=True)
class LintReport:
    """The linter's report: findings by check, and every alias with its use in the archive."""

    today: str
    taxonomy_version: str
    n_articles: int
    n_last_year: int
    findings: list[LintFinding]
    aliases: list[AliasRow]
    set_aside: UnreadableReport
