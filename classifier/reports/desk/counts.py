"""What the desk report counts: by tag, editor, week and score; what blind articles tell; what is added again and again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from statistics import fmean, median

import numpy as np

from classifier.domain.decisions import CMS, GIVES, REASONS, Decision, Standing
from classifier.model.evaluation import exact_interval, share_interval
from classifier.reports.desk.log import MANY_BLIND, N_EXAMPLES, SUGGESTED, DeskLog, Outcome, Row, moment, rate

N_BINS = 10
SITTING = 600  # seconds without a decision that end a sitting
OFTEN = 3  # additions of a tag that was not suggested


def by_tag(desk: DeskLog) -> list[Row]:
    """Return what became of each tag that was shown or decided on, the most shown first."""
    shown, undone = Counter(one.tag for one in desk.shown), Counter(row.tag for row in desk.undone)
    answered = Counter(one.tag for one in desk.shown if (one.article_id, one.tag) in desk.answered)
    decisions: defaultdict[str, list[Decision]] = defaultdict(list)
    for row in desk.decisions:
        decisions[str(row.tag)].append(row)
    outcomes = _by_tag(desk.outcomes)
    every = {*shown, *decisions, *(tag for tag in undone if tag is not None)}
    return [
        {
            "tag": tag,
            "label": desk.label(tag),
            "shown": shown[tag],
            "answered": answered[tag],
            **_actions(decisions[tag]),
            "undone": undone[tag],
            "acceptance": rate(one.accepted for one in outcomes.get(tag, [])),
        }
        for tag in sorted(every, key=lambda tag: (-shown[tag], tag))
    ]


def _by_tag(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    found: defaultdict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        found[one.shown.tag].append(one)
    return found


def _actions(rows: list[Decision]) -> Row:
    """Return how often a tag was accepted, rejected and why, removed, added without being suggested, left open."""
    actions = Counter(row.action for row in rows)
    reasons = Counter(row.reason or "none" for row in rows if row.action == "reject")
    order = [*REASONS, *sorted(reasons.keys() - {*REASONS, "none"}), "none"]
    return {
        "accepted": actions["accept"],
        "rejected": actions["reject"],
        "reasons": {reason: reasons[reason] for reason in order if reasons[reason]},
        "removed": actions["remove"],
        "added": sum(map(_unsuggested, rows)),
        "unsure": actions["unsure"],
    }


def _unsuggested(row: Decision) -> bool:
    return row.action == "add" and row.band not in SUGGESTED


def by_editor(desk: DeskLog) -> list[Row]:
    """Return what each editor did, the busiest first; what a CMS changed by itself is not among them."""
    rows: defaultdict[str, list[Decision]] = defaultdict(list)
    for row in (*desk.standing, *desk.undone):
        if row.editor != CMS:
            rows[row.editor]
    for row in desk.standing:
        if row.editor != CMS:
            rows[row.editor].append(row)
    undone, said = Counter(row.editor for row in desk.undone), _said(desk)
    closed = Counter(editor for closers in desk.closers.values() for editor in closers)
    found = [
        {"editor": e, **_editor(own), "closed": closed[e], "undone": undone[e], "acceptance": rate(said[e])}
        for e, own in rows.items()
    ]
    return sorted(found, key=lambda row: (-row["touched"], row["editor"]))


def _editor(rows: list[Decision]) -> Row:
    actions = Counter(row.action for row in rows)
    return {
        "touched": len({row.article_id for row in rows}),
        "accepted": actions["accept"],
        "rejected": actions["reject"],
        "added": actions["add"],
        "removed": actions["remove"],
        "unsure": actions["unsure"],
        "median_seconds": _pace(row for row in rows if row.tag is not None),
    }


def _pace(rows: Iterable[Decision]) -> float | None:
    """Return the median seconds from one decision to the next of a sitting. What was sent in one go is one moment."""
    moments = sorted({moment(row.at) for row in rows})
    gaps = [(after - before).total_seconds() for before, after in pairwise(moments)]
    within = [gap for gap in gaps if gap <= SITTING]
    return round(median(within), 1) if within else None


def _said(desk: DeskLog) -> defaultdict[str, list[bool]]:
    """Return whether each editor took each suggestion that counts for them.

    Silence counts for those who closed the article. Where a colleague has answered it is no sign, unless both were asked.
    """
    said: defaultdict[str, list[bool]] = defaultdict(list)
    spoke = {(row.editor, row.article_id, row.tag) for row in desk.decisions}
    for one in desk.outcomes:
        for editor, accepted in one.said.items():
            said[editor].append(accepted)
        case = desk.cases.get(one.shown.article_id)
        if case is None or not case.closed or (one.said and case.n_editors < 2):
            continue
        for editor in desk.closers.get(case.article_id, frozenset()) - {CMS}:
            if (editor, *one.key) not in spoke:
                spoke.add((editor, *one.key))
                said[editor].append(False)
    return said


def by_cms(desk: DeskLog) -> Row:
    """Return what the CMS changed by itself."""
    rows = [row for row in desk.standing if row.editor == CMS]
    actions = Counter(row.action for row in rows)
    return {
        "articles": len({row.article_id for row in rows}),
        "added": actions["add"] + actions["accept"],
        "removed": actions["remove"] + actions["reject"],
        "undone": sum(row.editor == CMS for row in desk.undone),
    }


def by_week(outcomes: list[Outcome]) -> list[Row]:
    """Return the acceptance of what was shown in each ISO week; weeks without any are left out."""
    weeks: defaultdict[tuple[int, int], list[bool]] = defaultdict(list)
    for one in outcomes:
        year, week, _ = moment(one.shown.shown_at).isocalendar()
        weeks[year, week].append(one.accepted)
    return [{"week": f"{year}-W{week:02}", **rate(weeks[year, week])} for year, week in sorted(weeks)]


def by_score(outcomes: list[Outcome]) -> list[Row]:
    """Return the acceptance of what was shown with each tenth of the score; empty ones are left out."""
    bins: defaultdict[int, list[tuple[float, bool]]] = defaultdict(list)
    for one in outcomes:
        if one.shown.score is not None:
            bins[min(int(one.shown.score * N_BINS), N_BINS - 1)].append((one.shown.score, one.accepted))
    return [
        {
            "from": number / N_BINS,
            "to": (number + 1) / N_BINS,
            "score": fmean(score for score, _ in bins[number]),
            **rate(accepted for _, accepted in bins[number]),
        }
        for number in sorted(bins)
    ]


def blind_recall(desk: DeskLog) -> Row:
    """Return which share of the tags that people gave to closed blind articles the model would have suggested."""
    closed = sorted(case.article_id for case in desk.cases.values() if case.blind and case.closed)
    given = {article_id: _given(desk, article_id) for article_id in closed}
    hits = np.array([sum(row.band in SUGGESTED for row in rows) for rows in given.values()], dtype=np.int64)
    totals = np.array([len(rows) for rows in given.values()], dtype=np.int64)
    n, found = int(totals.sum()), int(hits.sum())
    # Drawn over articles, for the tags of one hang together; but from few, or where all is found or nothing, draws say nothing.
    drawn = int((totals > 0).sum()) >= MANY_BLIND and 0 < found < n
    interval = share_interval(hits, totals) if drawn else exact_interval(found, n)
    if interval is not None and interval[0] == interval[1]:  # all articles are alike, and so are all draws
        drawn, interval = False, exact_interval(found, n)
    return {
        "articles": len(closed),
        "open": sum(case.blind and not case.closed for case in desk.cases.values()),
        "given": n,
        "found": found,
        "share": found / n if n else None,
        "interval": list(interval) if interval else None,
        "interval_over": "articles" if drawn else "tags",
        "missed": _missed(desk, given),
    }


def _given(desk: DeskLog, article_id: str) -> list[Decision]:
    """Return the decisions of people by which an article has its tags: for each tag the latest, whoever made it."""
    standing = desk.known.get(article_id, Standing())
    return [row for row in standing.decisions.values() if row.action in GIVES and row.editor != CMS]


def _missed(desk: DeskLog, given: dict[str, list[Decision]]) -> list[Row]:
    """Return the tags that the model would have missed on blind articles, the oftenest first."""
    rows = [row for ones in given.values() for row in ones]
    every = Counter(str(row.tag) for row in rows)
    missed = Counter(str(row.tag) for row in rows if row.band not in SUGGESTED)
    return [
        {"tag": tag, "label": desk.label(tag), "given": every[tag], "missed": missed[tag]}
        for tag in sorted(missed, key=lambda tag: (-missed[tag], tag))
    ]


def often_added(desk: DeskLog) -> list[Row]:
    """Return the tags that people add again and again although they are not suggested, with the newest articles."""
    added: defaultdict[str, list[Decision]] = defaultdict(list)
    for row in desk.decisions:
        if _unsuggested(row):
            added[str(row.tag)].append(row)
    often = sorted((tag for tag in added if len(added[tag]) >= OFTEN), key=lambda tag: (-len(added[tag]), tag))
    return [
        {"tag": tag, "label": desk.label(tag), "added": len(added[tag]), **_where(desk, added[tag])} for tag in often
    ]


def _where(desk: DeskLog, rows: list[Decision]) -> Row:
    newest = sorted(rows, key=lambda row: (moment(row.at), row.article_id), reverse=True)
    articles = list(dict.fromkeys(row.article_id for row in newest))
    return {"articles": len(articles), "examples": [desk.named(article_id) for article_id in articles[:N_EXAMPLES]]}
