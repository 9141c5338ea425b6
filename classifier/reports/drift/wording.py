"""The figures of the drift report in words: for its headline, its text and its page."""

from collections.abc import Callable, Iterable

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
from classifier.reports.parts import NOTHING, cell
from classifier.texts import N_, _, gettext, ngettext, number, percent

Say = Callable[..., str]  # says a text with its values, for a page as HTML
N_NAMED = 3  # names in a line of the headline


def headline(report: DriftReport) -> list[str]:
    """Return what has changed, in a few lines."""
    articles, weeks = report.articles, report.weeks
    first = _(
        "%(articles)s from %(first)s to %(last)s, %(all)s in %(weeks)s.",
        articles=ngettext("%(n)s article", "%(n)s articles", articles.newest_week),
        first=weeks[-1].from_,
        last=weeks[-1].to,
        all=number(articles.in_weeks),
        weeks=ngettext("%(n)s week", "%(n)s weeks", len(weeks)),
    )
    given, suggested = _changed(report.given), _changed(report.suggested)
    names, aliases = [row.name for row in report.rising], [row.alias for row in report.aliases]
    return [
        " ".join([first, *_not_counted(articles)]),
        ngettext(
            "%(n)s rising name without a tag: %(names)s.",
            "%(n)s rising names without a tag: %(names)s.",
            len(names),
            names=_listed(names),
        )
        if names
        else _("No rising names without a tag."),
        ngettext(
            "%(n)s tag given more or less often than chance explains: %(names)s.",
            "%(n)s tags given more or less often than chance explains: %(names)s.",
            len(given),
            names=_listed(given),
        )
        if given
        else _("No tags given more or less often than chance explains."),
        ngettext(
            "%(n)s tag suggested more or less often than chance explains: %(names)s.",
            "%(n)s tags suggested more or less often than chance explains: %(names)s.",
            len(suggested),
            names=_listed(suggested),
        )
        if suggested
        else _("No tags suggested more or less often than chance explains."),
        _("Articles without a tag: %(change)s.", change=change_in_words(report.untagged)),
        _("Articles without a suggestion: %(change)s.", change=change_in_words(report.unsuggested)),
        scores_in_words(report.scores),
        ngettext(
            "%(n)s alias that fell to zero or jumped: %(names)s.",
            "%(n)s aliases that fell to zero or jumped: %(names)s.",
            len(aliases),
            names=_listed(aliases),
        )
        if aliases
        else _("No aliases that fell to zero or jumped."),
    ]


def _changed(rows: Iterable[TagChange]) -> list[str]:
    return [row.label for row in rows if row.beyond_chance]


def _not_counted(articles: ArticleCounts) -> list[str]:
    words = []
    if articles.undated:
        words.append(_("%(n)s without a date", n=number(articles.undated)))
    if articles.later:
        words.append(_("%(n)s with a later date", n=number(articles.later)))
    return [_("Not counted: %(articles)s.", articles=_(", ").join(words))] if words else []


def _listed(names: list[str]) -> str:
    words = _(", ").join(map(cell, names[:N_NAMED]))
    n_more = len(names) - N_NAMED
    return _("%(names)s and %(n)s more", names=words, n=n_more) if n_more > 0 else words


def name_in_words(row: RisingName) -> str:
    """Return a name with its other surface forms."""
    if not row.variants:
        return cell(row.name)
    return _("%(name)s (also %(others)s)", name=cell(row.name), others=_(", ").join(map(cell, row.variants)))


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


def related_tags(
    row: RisingName,
    say: Say = gettext,
    name: Callable[[str], str] = str,
    join: Callable[[Iterable[str]], str] = ", ".join,
) -> list[str]:
    """Return which tags of the taxonomy may belong to a name."""
    lines = []
    if spelt := row.spelling_of:
        text = N_("Perhaps another spelling of %(alias)s, an alias of the tag %(tag)s: add it as an alias.")
        lines.append(say(text, alias=name(cell(spelt.alias)), tag=name(cell(spelt.label))))
    if row.nearest:
        text = N_("%(tag)s (%(n)s of %(all)s)")
        tags = [say(text, tag=name(cell(tag.label)), n=number(tag.n), all=number(tag.of)) for tag in row.nearest]
        lines.append(say(N_("Tags of its articles: %(tags)s."), tags=join(tags)))
    if row.alike:
        aliases = [
            say(N_("%(tag)s (%(alias)s)"), tag=name(cell(alias.label)), alias=name(cell(alias.alias)))
            for alias in row.alike
        ]
        lines.append(say(N_("Tags with a similar name: %(tags)s."), tags=join(aliases)))
    return lines


def change_in_words(row: RateChange) -> str:
    """Return how a weekly rate has changed, or that there is too little data."""
    if row.p is None:
        return _("too few to compare")
    facts = {"now": _rate(row.n_now or 0, row.of_now), "before": _rate(row.n_before or 0, row.of_before)}
    facts["weeks"] = _newest(row.span)
    if row.beyond_chance:
        return _("%(now)s in %(weeks)s, %(before)s before", **facts)
    return _("%(now)s in %(weeks)s, %(before)s before; within what chance explains", **facts)


def _rate(n: int, of: int | None) -> str:
    share = percent(n / of) if of else NOTHING
    return _(
        "%(n)s of %(all)s (%(share)s)", n=number(n), all=number(of or 0) if of is not None else NOTHING, share=share
    )


def _newest(span: int | None) -> str:
    return ngettext("the newest week", "the newest %(n)s weeks", span or 0)


def alias_in_words(row: AliasChange, say: Say = gettext, name: Callable[[str], str] = str) -> str:
    """Return an alias with its tag, and whether it fell to zero or jumped."""
    text = N_("%(alias)s (%(tag)s) jumped") if row.n_now else N_("%(alias)s (%(tag)s) fell to zero")
    return say(text, alias=name(cell(row.alias)), tag=name(cell(row.label)))


def scores_in_words(scores: ScoreShift | ScoresNotCompared) -> str:
    """Return whether the scores of suggestions have shifted."""
    if isinstance(scores, ScoresNotCompared):
        return _("Scores: too few to compare.")
    weeks = _newest(scores.span)
    if not scores.beyond_chance:
        return _("Scores in %(weeks)s: as before.", weeks=weeks)
    distance = f"{scores.distance:.2f}"
    if not scores.new_models:
        text = N_("Scores in %(weeks)s: their distribution differs by %(distance)s from before.")
        return gettext(text, weeks=weeks, distance=distance)
    return _(
        "Scores in %(weeks)s: their distribution differs by %(distance)s from before; another model gave them (%(models)s).",
        weeks=weeks,
        distance=distance,
        models=_(", ").join(map(cell, scores.new_models)),
    )
