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
)
from classifier.reports.layout import texts
from classifier.reports.parts import NOTHING, cell, counted
from classifier.texts import _

CHECKED_SCORE = 0.8  # the score that the report compares with acceptance in words

TEXTS = texts("desk.toml")
WHY_THEY_DIFFER, NO_BLIND = TEXTS["words"]["why_they_differ"], str(TEXTS["words"]["no_blind"])


def interval_of(row: Rate | Recall) -> Interval | None:
    """Return the interval of a rate, if it may be shown. That of blind recall takes enough articles and enough tags."""
    return shown_interval(row.interval, min(row.articles, row.given) if isinstance(row, Recall) else row.n)


def rate_in_words(row: Rate | Recall) -> str:
    """Return a rate as words, with its interval if that may be shown."""
    if row.share is None:
        return NOTHING
    interval = interval_of(row)
    return f"{row.share:.0%}" if interval is None else f"{row.share:.0%} ({interval[0] * 100:.0f} to {interval[1]:.0%})"


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
    when = f", {report.from_[:10]} to {report.to[:10]}" if report.from_ and report.to else ""
    tags = [f"{cell(row.label)} ({why_in_words(row)})" for row in report.look_at]
    acceptance = "No suggestion has been answered yet, so acceptance is not measured."
    if accepted.n:
        counts = f"{accepted.accepted} of {counted(accepted.n, 'suggestion')}"
        acceptance = (
            f"Acceptance {rate_in_words(accepted)}: editors accepted {counts} that they answered or "
            "left open on a closed article."
        )
    return [
        f"{counted(len(report.editors), 'editor')} decided on {counted(articles.decided, 'article')}{when}; "
        f"{articles.closed} of {articles.known} are closed.",
        acceptance,
        _recall_in_words(report.recall),
        _agreement_in_words(report.agreement),
        f"Tags to review first: {'; '.join(tags)}." if tags else "No tag needs a review.",
    ]


def _recall_in_words(recall: Recall) -> str:
    if not recall.articles:
        return NO_BLIND
    articles = counted(recall.articles, "closed blind article")
    if not recall.given:
        return f"Editors gave no tag to {articles}, so what the model misses is not measured."
    return (
        f"Blind recall {rate_in_words(recall)}: the model would have suggested {recall.found} of {counted(recall.given, 'tag')} "
        f"that editors gave to {articles} without seeing suggestions."
    )


def _agreement_in_words(agreed: Agreement) -> str:
    if agreed.overall is None:
        return "Agreement is not measured: no article has been closed by two editors."
    articles = f"on {counted(agreed.articles, 'article')} that two editors closed"
    unsettled = f"{counted(agreed.unsettled, 'disagreement')} to settle"
    if agreed.overall.kappa is None:
        return f"Agreement is undefined {articles}: neither gave a tag; {unsettled}."
    return f"Agreement of editors: kappa {kappa_in_words(agreed.overall)} {articles}; {unsettled}."


def why_in_words(row: TagToReview) -> str:
    """Return why a tag should be reviewed."""
    words = []
    for why in row.why:
        if isinstance(why, OftenRefused):
            reason = f", mostly as {reason_in_words(why.reason)}" if why.reason not in (None, "none") else ""
            words.append(f"{why.n} of {counted(why.of, 'suggestion')} not accepted{reason}")
        elif isinstance(why, OftenDisputed):
            words.append(f"editors disagree on {why.n} of {counted(why.of, 'article')}")
        else:
            words.append(f"added {why.n} times without being suggested")
    return ", ".join(words)


def scores_in_words(scores: list[ScoreRow]) -> str:
    """Return whether suggestions with a score of 0.8 are right 80 % of the time."""
    question = f"Are suggestions with a score of {CHECKED_SCORE} right {CHECKED_SCORE:.0%} of the time?"
    row = next((row for row in scores if row.from_ <= CHECKED_SCORE < row.to), None)
    if row is None or row.interval is None:
        return f"{question} No suggestion with such a score counts yet."
    if (interval := shown_interval(row.interval, row.n)) is None:
        return f"{question} Only {counted(row.n, 'suggestion')} with such a score can be counted yet, too few to say."
    low, high = interval
    verdict = "accepted less often than promised" if high < row.score else "accepted more often than promised"
    verdict = "as promised, within what chance allows" if low <= row.score <= high else verdict
    return (
        f"{question} Of {counted(row.n, 'suggestion')} with a score of {row.from_:.1f} to {row.to:.1f} "
        f"(mean {row.score:.2f}), {rate_in_words(row)} were accepted: {verdict}."
    )


def live_in_words(live: LiveAcceptance | None) -> str:
    """Return how often suggestions were accepted that followed decisions since the training; nothing if there are none."""
    if live is None:
        return ""
    followed = (
        f"{counted(live.followed.n, 'answered suggestion')} followed decisions made since the training of the model: "
        f"{rate_in_words(live.followed)} were accepted"
    )
    others = f", and {rate_in_words(live.trained)} of the other {live.trained.n}" if live.trained.n else ""
    return f"{followed}{others}."


def cms_in_words(cms: CmsChanges) -> str:
    """Return what the CMS changed without an editor."""
    return (
        f"Without an editor, the CMS added {counted(cms.added, 'tag')} and removed {cms.removed}, on "
        f"{counted(cms.articles, 'article')}; {cms.undone} undone. These changes count for no editor and for no acceptance."
    )


def reason_in_words(reason: str | None) -> str:
    """Return the reason of a rejection."""
    return "without a reason" if reason in (None, "none") else str(reason).replace("_", " ")


def rejected_in_words(row: TagRow) -> str:
    """Return how often a tag was rejected, and why."""
    order = sorted(row.reasons, key=lambda reason: -row.reasons[reason])
    reasons = ", ".join(f"{row.reasons[reason]} {reason_in_words(reason)}" for reason in order)
    return f"{row.rejected} ({reasons})" if reasons else "0"


def verdicts_in_words(row: Disagreement) -> str:
    """Return which editor said what of a tag on which two editors differ."""
    return "; ".join(f"{verdict.editor}: {verdict.says}" for verdict in row.said)
