"""The figures of the desk report in words: for its headline, its text and its page."""

from classifier.model.evaluation import MIN_FOR_INTERVAL, Interval, shown_interval
from classifier.reports.desk.records import (
    Agreement,
    CmsChanges,
    DeskReport,
    Disagreement,
    Kappa,
    LiveAcceptance,
    OftenDisputed,
    OftenRefused,
    Rate,
    Recall,
    ScoreRow,
    TagRow,
    TagToReview,
    Verdict,
)
from classifier.reports.layout import texts
from classifier.reports.parts import NOTHING, cell
from classifier.texts import N_, _, gettext, ngettext, number, percent

CHECKED_SCORE = 0.8  # the score that the report compares with acceptance in words

_ACTIONS = {"accept": N_("accepted it"), "add": N_("added it"), "reject": N_("rejected it")}
_ACTIONS |= {"remove": N_("removed it"), "unsure": N_("was unsure")}
TEXTS = texts("desk.toml")
WHY_THEY_DIFFER, NO_BLIND = TEXTS["words"]["why_they_differ"], str(TEXTS["words"]["no_blind"])


def interval_of(row: Rate | Recall) -> Interval | None:
    """Return the interval of a rate, if it may be shown. That of blind recall takes enough articles and enough tags."""
    return shown_interval(row.interval, min(row.articles, row.given) if isinstance(row, Recall) else row.n)


def rate_in_words(row: Rate | Recall) -> str:
    """Return a rate as words, with its interval if that may be shown."""
    if row.share is None:
        return NOTHING
    share, interval = percent(row.share), interval_of(row)
    if interval is None:
        return share
    low, high = f"{interval[0] * 100:.0f}", percent(interval[1])
    return _("%(share)s (%(low)s to %(high)s)", share=share, low=low, high=high)


def kappa_in_words(row: Kappa) -> str:
    """Return kappa with its interval, or why it has none; a dash if it is undefined."""
    if row.kappa is None:
        return NOTHING
    few = row.n < MIN_FOR_INTERVAL
    why = _("too few articles for an interval") if few else _("too alike for an interval")
    low, high = ("", "") if row.low is None else (f"{row.low:.2f}", f"{row.high:.2f}")
    interval = why if row.low is None else _("%(low)s to %(high)s", low=low, high=high)
    return f"{row.kappa:.2f} ({interval})"


def headline(report: DeskReport) -> list[str]:
    """Return what an editor-in-chief should know, in a few lines."""
    articles, accepted = report.articles, report.acceptance
    facts = {
        "editors": ngettext("%(n)s editor", "%(n)s editors", len(report.editors)),
        "articles": _articles(articles.decided),
        "closed": number(articles.closed),
        "known": number(articles.known),
    }
    if report.from_ and report.to:
        days = {"first": report.from_[:10], "last": report.to[:10]}
        text = N_("%(editors)s decided on %(articles)s, %(first)s to %(last)s; %(closed)s of %(known)s are closed.")
        decided = gettext(text, **facts, **days)
    else:
        decided = _("%(editors)s decided on %(articles)s; %(closed)s of %(known)s are closed.", **facts)
    tags = [f"{cell(row.label)} ({why_in_words(row)})" for row in report.look_at]
    acceptance = _("No suggestion has been answered yet, so acceptance is not measured.")
    if accepted.n:
        acceptance = ngettext(
            "Acceptance %(rate)s: editors accepted %(accepted)s of %(n)s suggestion that they answered or left open on a "
            "closed article.",
            "Acceptance %(rate)s: editors accepted %(accepted)s of %(n)s suggestions that they answered or left open on a "
            "closed article.",
            accepted.n,
            rate=rate_in_words(accepted),
            accepted=number(accepted.accepted),
        )
    first = _("Tags to review first: %(tags)s.", tags="; ".join(tags)) if tags else _("No tag needs a review.")
    return [decided, acceptance, _recall_in_words(report.recall), _agreement_in_words(report.agreement), first]


def _articles(n: int) -> str:
    return ngettext("%(n)s article", "%(n)s articles", n)


def _recall_in_words(recall: Recall) -> str:
    if not recall.articles:
        return gettext(NO_BLIND)
    articles = ngettext("%(n)s closed blind article", "%(n)s closed blind articles", recall.articles)
    if not recall.given:
        return _("Editors gave no tag to %(articles)s, so what the model misses is not measured.", articles=articles)
    return _(
        "Blind recall %(rate)s: the model would have suggested %(n)s of %(tags)s that editors gave to %(articles)s without "
        "seeing suggestions.",
        rate=rate_in_words(recall),
        n=number(recall.found),
        tags=ngettext("%(n)s tag", "%(n)s tags", recall.given),
        articles=articles,
    )


def _agreement_in_words(agreed: Agreement) -> str:
    if agreed.overall is None:
        return _("Agreement is not measured: no article has been closed by two editors.")
    facts = {
        "articles": _articles(agreed.articles),
        "disagreements": ngettext("%(n)s disagreement", "%(n)s disagreements", agreed.unsettled),
    }
    if agreed.overall.kappa is None:
        text = N_(
            "Agreement is undefined on %(articles)s that two editors closed: neither gave a tag; %(disagreements)s to settle."
        )
        return gettext(text, **facts)
    text = N_(
        "Agreement of editors: kappa %(kappa)s on %(articles)s that two editors closed; %(disagreements)s to settle."
    )
    return gettext(text, **facts, kappa=kappa_in_words(agreed.overall))


def why_in_words(row: TagToReview) -> str:
    """Return why a tag should be reviewed."""
    words = []
    for why in row.why:
        if isinstance(why, OftenRefused):
            counts = {"n": number(why.n), "suggestions": ngettext("%(n)s suggestion", "%(n)s suggestions", why.of)}
            if why.reason in (None, "none"):
                words.append(_("%(n)s of %(suggestions)s not accepted", **counts))
            else:
                reason = reason_in_words(why.reason)
                words.append(_("%(n)s of %(suggestions)s not accepted, mostly as %(reason)s", **counts, reason=reason))
        elif isinstance(why, OftenDisputed):
            counts = {"n": number(why.n), "articles": _articles(why.of)}
            words.append(_("editors disagree on %(n)s of %(articles)s", **counts))
        else:
            words.append(
                ngettext("added %(n)s time without being suggested", "added %(n)s times without being suggested", why.n)
            )
    return _(", ").join(words)


def scores_in_words(scores: list[ScoreRow]) -> str:
    """Return whether suggestions with a score of 0.8 are right 80 % of the time."""
    facts = {"score": CHECKED_SCORE, "percent": percent(CHECKED_SCORE)}
    question = _("Are suggestions with a score of %(score)s right %(percent)s of the time?", **facts)
    row = next((row for row in scores if row.from_ <= CHECKED_SCORE < row.to), None)
    if row is None or row.interval is None:
        none = _("No suggestion with such a score counts yet.")
        return f"{question} {none}"
    if (interval := shown_interval(row.interval, row.n)) is None:
        few = ngettext(
            "Only %(n)s suggestion with such a score can be counted yet, too few to say.",
            "Only %(n)s suggestions with such a score can be counted yet, too few to say.",
            row.n,
        )
        return f"{question} {few}"
    low, high = interval
    verdict = _("accepted less often than promised") if high < row.score else _("accepted more often than promised")
    verdict = _("as promised, within what chance allows") if low <= row.score <= high else verdict
    first, last, mean = f"{row.from_:.1f}", f"{row.to:.1f}", f"{row.score:.2f}"
    answer = ngettext(
        "Of %(n)s suggestion with a score of %(first)s to %(last)s (mean %(mean)s), %(rate)s were accepted: %(verdict)s.",
        "Of %(n)s suggestions with a score of %(first)s to %(last)s (mean %(mean)s), %(rate)s were accepted: %(verdict)s.",
        row.n,
        first=first,
        last=last,
        mean=mean,
        rate=rate_in_words(row),
        verdict=verdict,
    )
    return f"{question} {answer}"


def live_in_words(live: LiveAcceptance | None) -> str:
    """Return how often suggestions were accepted that followed decisions since the training; nothing if there are none."""
    if live is None:
        return ""
    followed = ngettext(
        "%(n)s answered suggestion followed decisions made since the training of the model: %(rate)s were accepted.",
        "%(n)s answered suggestions followed decisions made since the training of the model: %(rate)s were accepted.",
        live.followed.n,
        rate=rate_in_words(live.followed),
    )
    if not live.trained.n:
        return followed
    others = ngettext(
        "Of the other %(n)s, %(rate)s were accepted.",
        "Of the other %(n)s, %(rate)s were accepted.",
        live.trained.n,
        rate=rate_in_words(live.trained),
    )
    return f"{followed} {others}"


def cms_in_words(cms: CmsChanges) -> str:
    """Return what the CMS changed without an editor."""
    return _(
        "Without an editor, the CMS added %(tags)s and removed %(removed)s, on %(articles)s; %(undone)s undone. These "
        "changes count for no editor and for no acceptance.",
        tags=ngettext("%(n)s tag", "%(n)s tags", cms.added),
        removed=number(cms.removed),
        articles=_articles(cms.articles),
        undone=number(cms.undone),
    )


def reason_in_words(reason: str | None) -> str:
    """Return the reason of a rejection."""
    return _("without a reason") if reason in (None, "none") else gettext(str(reason).replace("_", " "))


def rejected_in_words(row: TagRow) -> str:
    """Return how often a tag was rejected, and why."""
    order = sorted(row.reasons, key=lambda reason: -row.reasons[reason])
    reasons = _(", ").join(f"{row.reasons[reason]} {reason_in_words(reason)}" for reason in order)
    return f"{row.rejected} ({reasons})" if reasons else "0"


def verdicts_in_words(row: Disagreement) -> str:
    """Return which editor said what of a tag on which two editors differ."""
    return "; ".join(map(_verdict_in_words, row.said))


def _verdict_in_words(verdict: Verdict) -> str:
    nothing = N_("the CMS listed it") if verdict.gave else N_("said nothing of it")
    details = gettext(_ACTIONS.get(verdict.action or "", nothing))
    if verdict.reason:
        details = _("%(decision)s, %(reason)s", decision=details, reason=reason_in_words(verdict.reason))
    facts = {"editor": verdict.editor, "details": details}
    return _("%(editor)s: yes (%(details)s)", **facts) if verdict.gave else _("%(editor)s: no (%(details)s)", **facts)
