"""The figures of the drift report in words: for its headline, its text and its page."""

from collections.abc import Iterable

from classifier.reports.drift.records import (
    AliasChange,
    ArticleCounts,
    DriftReport,
    RateChange,
    RisingName,
    ScoreShift,
    ScoresNotCompared,
    TagChange,
)
from classifier.reports.parts import NOTHING, cell, counted
from classifier.texts import _, ngettext

N_NAMED = 3  # names in a line of the headline


def headline(report: DriftReport) -> list[str]:
    """Return what has changed, in a few lines."""
    articles, weeks = report.articles, report.weeks
    return [
        f"{counted(articles.newest_week, 'article')} from {weeks[-1].from_} to {weeks[-1].to}, "
        f"{articles.in_weeks} in {len(weeks)} weeks.{_not_counted(articles)}",
        _listed("rising name{} without a tag", [row.name for row in report.rising]),
        _listed("tag{} given more or less often than chance explains", _changed(report.given)),
        _listed("tag{} suggested more or less often than chance explains", _changed(report.suggested)),
        f"Articles without a tag: {change_in_words(report.untagged)}.",
        f"Articles without a suggestion: {change_in_words(report.unsuggested)}.",
        scores_in_words(report.scores),
        _listed("alias{} that fell to zero or jumped", [row.alias for row in report.aliases], "es"),
    ]


def _changed(rows: Iterable[TagChange]) -> list[str]:
    return [row.label for row in rows if row.beyond_chance]


def _not_counted(articles: ArticleCounts) -> str:
    reasons = ((articles.undated, "without a date"), (articles.later, "with a later date"))
    words = [f"{n} {reason}" for n, reason in reasons if n]
    return f" Not counted: {', '.join(words)}." if words else ""


def _listed(phrase: str, names: list[str], plural: str = "s") -> str:
    if not names:
        return f"No {phrase.format(plural)}."
    more = f" and {len(names) - N_NAMED} more" if len(names) > N_NAMED else ""
    words = ", ".join(map(cell, names[:N_NAMED]))
    return f"{len(names)} {phrase.format('' if len(names) == 1 else plural)}: {words}{more}."


def name_in_words(row: RisingName) -> str:
    """Return a name with its other surface forms."""
    variants = f" (also {', '.join(map(cell, row.variants))})" if row.variants else ""
    return f"{cell(row.name)}{variants}"


def rise_in_words(row: RisingName) -> str:
    """Return how a name rises."""
    now = ngettext(
        "in %(some)s of %(n)s article of the week",
        "in %(some)s of %(n)s articles of the week",
        row.of_now,
        some=row.n_now,
        n=row.of_now,
    )
    before = (
        _("before in %(some)s of %(all)s", some=row.n_before, all=row.of_before) if row.n_before else _("never before")
    )
    return _("%(now)s, %(before)s; first seen %(day)s", now=now, before=before, day=row.first_seen)


def related_tags(row: RisingName) -> list[str]:
    """Return which tags of the taxonomy may belong to a name."""
    lines = []
    if spelt := row.spelling_of:
        lines.append(
            f"Perhaps another spelling of {cell(spelt.alias)}, an alias of the tag {cell(spelt.label)}: add it as an alias."
        )
    if row.nearest:
        tags = (f"{cell(tag.label)} ({tag.n} of {tag.of})" for tag in row.nearest)
        lines.append(f"Tags of its articles: {', '.join(tags)}.")
    if row.alike:
        aliases = (f"{cell(alias.label)} ({cell(alias.alias)})" for alias in row.alike)
        lines.append(f"Tags with a similar name: {', '.join(aliases)}.")
    return lines


def change_in_words(row: RateChange) -> str:
    """Return how a weekly rate has changed, or that there is too little data."""
    if row.p is None:
        return "too few to compare"
    chance = "" if row.beyond_chance else "; within what chance explains"
    now, before = _rate(row.n_now or 0, row.of_now), _rate(row.n_before or 0, row.of_before)
    return f"{now} in {_newest(row.span)}, {before} before{chance}"


def _rate(n: int, of: int | None) -> str:
    return f"{n} of {of} ({f'{n / of:.0%}' if of else NOTHING})"


def _newest(span: int | None) -> str:
    return "the newest week" if span == 1 else f"the newest {span} weeks"


def alias_in_words(row: AliasChange) -> str:
    """Return an alias with its tag, and whether it fell to zero or jumped."""
    return f"{cell(row.alias)} ({cell(row.label)}) {row.what}"


def scores_in_words(scores: ScoreShift | ScoresNotCompared) -> str:
    """Return whether the scores of suggestions have shifted."""
    if isinstance(scores, ScoresNotCompared):
        return "Scores: too few to compare."
    if not scores.beyond_chance:
        return f"Scores in {_newest(scores.span)}: as before."
    models = f"; another model gave them ({', '.join(map(cell, scores.new_models))})" if scores.new_models else ""
    return f"Scores in {_newest(scores.span)}: their distribution differs by {scores.distance:.2f} from before{models}."
