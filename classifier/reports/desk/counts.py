"""What the desk report counts: by tag, editor, week and score, blind recall, and tags that editors often add."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from statistics import fmean, median
from typing import TypeVar

import numpy as np

from classifier.domain.decisions import CMS, GIVES, REASONS, Decision, Standing
from classifier.model.evaluation import MIN_FOR_INTERVAL, exact_interval, share_interval
from classifier.reports.desk.log import SUGGESTED, DeskLog, Outcome, moment
from classifier.reports.desk.records import (
    AddedTag,
    CmsChanges,
    EditorRow,
    LiveAcceptance,
    MissedTag,
    Recall,
    ScoreRow,
    TagRow,
    WeekRow,
    rate,
)

N_BINS = 10
N_EXAMPLES = 5  # articles named for a tag
MAX_PAUSE = 600  # seconds; a longer pause between two decisions ends a session
OFTEN = 3  # additions of a tag that was not suggested
_Item = TypeVar("_Item")
_Key = TypeVar("_Key", str, int)


def _grouped(items: Iterable[_Item], key_of: Callable[[_Item], _Key]) -> defaultdict[_Key, list[_Item]]:
    groups: defaultdict[_Key, list[_Item]] = defaultdict(list)
    for item in items:
        groups[key_of(item)].append(item)
    return groups


def by_tag(desk: DeskLog) -> list[TagRow]:
    """Return what became of each tag that was shown or decided on, the most shown first."""
    shown, undone = Counter(row.tag for row in desk.shown), Counter(str(row.tag) for row in desk.undone if row.tag)
    answered = Counter(row.tag for row in desk.shown if (row.article_id, row.tag) in desk.answered)
    decisions = _grouped(desk.decisions, lambda row: str(row.tag))
    outcomes = _grouped(desk.outcomes, lambda outcome: outcome.shown.tag)
    tags = sorted({*shown, *decisions, *undone}, key=lambda tag: (-shown[tag], tag))
    rows = []
    for tag in tags:
        actions = Counter(row.action for row in decisions[tag])
        rows.append(
            TagRow(
                tag=tag,
                label=desk.label(tag),
                shown=shown[tag],
                answered=answered[tag],
                accepted=actions["accept"],
                rejected=actions["reject"],
                reasons=_reasons(decisions[tag]),
                removed=actions["remove"],
                added=sum(map(_is_unsuggested, decisions[tag])),
                unsure=actions["unsure"],
                undone=undone[tag],
                acceptance=rate(outcome.accepted for outcome in outcomes[tag]),
            )
        )
    return rows


def _reasons(rows: list[Decision]) -> dict[str, int]:
    """Return how often a tag was rejected for each reason; `none` counts rejections without a reason."""
    reasons = Counter(row.reason or "none" for row in rows if row.action == "reject")
    order = [*REASONS, *sorted(reasons.keys() - {*REASONS, "none"}), "none"]
    return {reason: reasons[reason] for reason in order if reasons[reason]}


def _is_unsuggested(row: Decision) -> bool:
    return row.action == "add" and row.band not in SUGGESTED


def by_editor(desk: DeskLog) -> list[EditorRow]:
    """Return what each editor did, the busiest first. Changes by the CMS are left out."""
    decisions = _grouped((row for row in desk.standing if row.editor != CMS), lambda row: row.editor)
    undone, answers = Counter(row.editor for row in desk.undone if row.editor != CMS), _answers(desk)
    closed = Counter(editor for standing in desk.articles.values() for editor in standing.closed_by)
    rows = []
    for editor in {*decisions, *undone}:
        actions = Counter(row.action for row in decisions[editor])
        rows.append(
            EditorRow(
                editor=editor,
                touched=len({row.article_id for row in decisions[editor]}),
                accepted=actions["accept"],
                rejected=actions["reject"],
                added=actions["add"],
                removed=actions["remove"],
                unsure=actions["unsure"],
                median_seconds=_pace(row for row in decisions[editor] if row.tag is not None),
                closed=closed[editor],
                undone=undone[editor],
                acceptance=rate(answers[editor]),
            )
        )
    return sorted(rows, key=lambda row: (-row.touched, row.editor))


def _pace(rows: Iterable[Decision]) -> float | None:
    """Return the median seconds between two decisions of a session. Decisions that were sent together are one moment."""
    moments = sorted({moment(row.at) for row in rows})
    gaps = [(after - before).total_seconds() for before, after in pairwise(moments)]
    within = [gap for gap in gaps if gap <= MAX_PAUSE]
    return round(median(within), 1) if within else None


def _answers(desk: DeskLog) -> defaultdict[str, list[bool]]:
    """Return whether each editor accepted each suggestion that counts for them.

    Silence counts for an editor who closed the article. It does not if a colleague has answered, unless both were asked.
    """
    answers: defaultdict[str, list[bool]] = defaultdict(list)
    spoke = {(row.editor, row.article_id, row.tag) for row in desk.decisions}
    for outcome in desk.outcomes:
        for editor, accepted in outcome.answers.items():
            answers[editor].append(accepted)
        case = desk.cases.get(outcome.shown.article_id)
        if case is None or not case.closed or (outcome.answers and case.n_editors < 2):
            continue
        for editor in desk.articles.get(case.article_id, Standing()).closed_by - {CMS}:
            if (editor, *outcome.key) not in spoke:
                spoke.add((editor, *outcome.key))
                answers[editor].append(False)
    return answers


def by_cms(desk: DeskLog) -> CmsChanges:
    """Return what the CMS changed without an editor."""
    rows = [row for row in desk.standing if row.editor == CMS]
    actions = Counter(row.action for row in rows)
    return CmsChanges(
        articles=len({row.article_id for row in rows}),
        added=actions["add"] + actions["accept"],
        removed=actions["remove"] + actions["reject"],
        undone=sum(row.editor == CMS for row in desk.undone),
    )


def by_week(outcomes: list[Outcome]) -> list[WeekRow]:
    """Return the acceptance of what was shown in each ISO week; weeks without suggestions are left out."""
    weeks = _grouped(outcomes, lambda outcome: _week(outcome.shown.shown_at))
    return [WeekRow(week=week, **vars(rate(row.accepted for row in weeks[week]))) for week in sorted(weeks)]


def _week(timestamp: str) -> str:
    year, week, _ = moment(timestamp).isocalendar()
    return f"{year}-W{week:02}"


def by_score(outcomes: list[Outcome]) -> list[ScoreRow]:
    """Return the acceptance of what was shown with each tenth of the score; empty tenths are left out."""
    scored = [(outcome.shown.score, outcome.accepted) for outcome in outcomes if outcome.shown.score is not None]
    bins = _grouped(scored, lambda pair: min(int(pair[0] * N_BINS), N_BINS - 1))
    return [
        ScoreRow(
            from_=number / N_BINS,
            to=(number + 1) / N_BINS,
            score=fmean(score for score, _ in bins[number]),
            **vars(rate(accepted for _, accepted in bins[number])),
        )
        for number in sorted(bins)
    ]


def by_live_state(desk: DeskLog) -> LiveAcceptance | None:
    """Return the acceptance of suggestions with a live state and without, or None if no answered one had any."""
    shown = {(row.article_id, row.tag) for row in desk.shown}
    on_shown = (row for row in desk.decisions if row.band in SUGGESTED and (row.article_id, row.tag) in shown)
    answered = [(row.live_state is not None, row.action in GIVES) for row in on_shown]
    followed, trained = (rate(accepted for live, accepted in answered if live is part) for part in (True, False))
    return LiveAcceptance(followed, trained) if followed.n else None


def blind_recall(desk: DeskLog) -> Recall:
    """Return which share of the tags that editors gave to closed blind articles the model would have suggested."""
    closed = sorted(case.article_id for case in desk.cases.values() if case.blind and case.closed)
    giving = {article_id: _giving(desk, article_id) for article_id in closed}
    hits = np.array([sum(row.band in SUGGESTED for row in rows) for rows in giving.values()], dtype=np.int64)
    totals = np.array([len(rows) for rows in giving.values()], dtype=np.int64)
    n_given, n_hits = int(totals.sum()), int(hits.sum())
    # The tags of an article depend on each other, so articles are drawn. Few articles, or all hits, give no useful draws.
    drawn = int((totals > 0).sum()) >= MIN_FOR_INTERVAL and 0 < n_hits < n_given
    interval = share_interval(hits, totals) if drawn else exact_interval(n_hits, n_given)
    if interval is not None and interval[0] == interval[1]:  # all articles are alike, and so are all draws
        drawn, interval = False, exact_interval(n_hits, n_given)
    return Recall(
        articles=len(closed),
        open=sum(case.blind and not case.closed for case in desk.cases.values()),
        given=n_given,
        found=n_hits,
        share=n_hits / n_given if n_given else None,
        interval=interval,
        interval_over="articles" if drawn else "tags",
        missed=_missed(desk, giving),
    )


def _giving(desk: DeskLog, article_id: str) -> list[Decision]:
    """Return the decisions of editors by which an article has its tags: the latest on each tag, whoever made it."""
    standing = desk.articles.get(article_id, Standing())
    return [row for row in standing.decisions.values() if row.action in GIVES and row.editor != CMS]


def _missed(desk: DeskLog, giving: Mapping[str, list[Decision]]) -> list[MissedTag]:
    """Return the tags that the model would have missed on blind articles, the most often missed first."""
    rows = [row for of_article in giving.values() for row in of_article]
    n_given = Counter(str(row.tag) for row in rows)
    n_missed = Counter(str(row.tag) for row in rows if row.band not in SUGGESTED)
    order = sorted(n_missed, key=lambda tag: (-n_missed[tag], tag))
    return [MissedTag(tag, desk.label(tag), n_given[tag], n_missed[tag]) for tag in order]


def often_added(desk: DeskLog) -> list[AddedTag]:
    """Return the tags that editors often add although they were not suggested, with the newest articles."""
    added = _grouped(filter(_is_unsuggested, desk.decisions), lambda row: str(row.tag))
    order = sorted((tag for tag in added if len(added[tag]) >= OFTEN), key=lambda tag: (-len(added[tag]), tag))
    rows = []
    for tag in order:
        newest = sorted(added[tag], key=lambda row: (moment(row.at), row.article_id), reverse=True)
        articles = list(dict.fromkeys(row.article_id for row in newest))
        examples = list(map(desk.article, articles[:N_EXAMPLES]))
        rows.append(AddedTag(tag, desk.label(tag), len(newest), len(articles), examples))
    return rows
