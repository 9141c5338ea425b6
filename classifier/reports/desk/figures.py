"""What editors made of the suggestions: acceptance, what the model misses, agreement.

Of articles only ids and titles are quoted. No model is needed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from classifier.domain.decisions import Case, Decision, Impression
from classifier.reports.desk.agreement import agreement_of
from classifier.reports.desk.counts import (
    blind_recall,
    by_cms,
    by_editor,
    by_live_state,
    by_score,
    by_tag,
    by_week,
    often_added,
)
from classifier.reports.desk.log import DeskLog, moment
from classifier.reports.desk.records import (
    AddedTag,
    Agreement,
    ArticleCounts,
    DeskReport,
    LabelledTag,
    OftenAdded,
    OftenDisputed,
    OftenRefused,
    Rate,
    TagRow,
    TagToReview,
    rate,
)

N_LOOK_AT = 3
MANY_DIFFER = 3  # disagreements on a tag that are worth a talk


def desk_report(
    log: Iterable[Decision], impressions: Iterable[Impression], cases: Iterable[Case], tags: Mapping[str, str]
) -> DeskReport:
    """Return what editors decided, and what it says of the suggestions.

    A suggestion counts towards acceptance if it was answered, or if it was shown on an article that is closed. Any answer
    other than accepting it, `unsure` too, counts as not accepted. An undone decision counts only as undone.

    Args:
        log: the whole log, each article's rows in their order; the order of the articles does not matter.
        tags: the label of each tag of the taxonomy.
    """
    desk = DeskLog(log, impressions, cases, tags)
    tag_rows, added, agreed = by_tag(desk), often_added(desk), agreement_of(desk)
    acceptance = rate(outcome.accepted for outcome in desk.outcomes)
    times = sorted((row.at for row in desk.standing), key=moment)
    return DeskReport(
        articles=ArticleCounts(
            known=len(desk.cases),
            decided=len({row.article_id for row in desk.decisions}),
            closed=sum(case.closed for case in desk.cases.values()),
        ),
        decisions=len(desk.decisions),
        undone=len(desk.undone),
        from_=times[0] if times else None,
        to=times[-1] if times else None,
        acceptance=acceptance,
        recall=blind_recall(desk),
        agreement=agreed,
        look_at=_look_at(tag_rows, added, agreed, acceptance),
        tags=tag_rows,
        weeks=by_week(desk.outcomes),
        scores=by_score(desk.outcomes),
        added=added,
        editors=by_editor(desk),
        cms=by_cms(desk),
        live=by_live_state(desk),
    )


def _look_at(tags: list[TagRow], added: list[AddedTag], agreed: Agreement, overall: Rate) -> list[TagToReview]:
    """Return the tags that cost the desk the most clicks: refused, added by hand, disputed."""
    why: defaultdict[str, list[OftenRefused | OftenDisputed | OftenAdded]] = defaultdict(list)
    for row in tags:
        acceptance, refused = row.acceptance, row.acceptance.n - row.acceptance.accepted
        # Only beyond chance: a tag that was shown twice and refused twice is not yet a finding.
        if acceptance.interval and overall.share is not None and acceptance.interval[1] < overall.share:
            reason = max(row.reasons, key=lambda reason: row.reasons[reason], default=None)
            why[row.tag].append(OftenRefused("refused", refused, acceptance.n, reason))
    for often in added:
        why[often.tag].append(OftenAdded("added", often.added))
    for disputed in agreed.tags:
        if disputed.one >= MANY_DIFFER:
            why[disputed.tag].append(OftenDisputed("differ", disputed.one, disputed.n))
    rows: list[LabelledTag] = [*tags, *added, *agreed.tags]
    labels = {row.tag: row.label for row in rows}
    cost = Counter({tag: sum(reason.n for reason in reasons) for tag, reasons in why.items()})
    order = sorted(cost, key=lambda tag: (-cost[tag], tag))[:N_LOOK_AT]
    return [TagToReview(tag, labels[tag], why[tag]) for tag in order]
