"""How far two editors who closed the same article agree, and where they differ."""

from dataclasses import dataclass

import numpy as np

from classifier.domain.decisions import CMS, GIVES, Case, Decision, Listing, Standing, fold
from classifier.model.agreement import BOTH, FIRST, SECOND, agreement, cells_of
from classifier.reports.desk.log import DeskLog
from classifier.reports.desk.records import Agreement, Disagreement, Kappa, TagKappa, Verdict


@dataclass
class _Pair:
    """An article that two editors have closed.

    `editors` are in the order of their names, so that the first to close is not always the first here. `standings` has what
    each of them had said by then, on top of what the CMS lists; `decided_since` the tags that anybody decided on later.
    """

    article_id: str
    editors: tuple[str, str]
    standings: tuple[Standing, Standing]
    decided_since: frozenset[str | None]

    def tags(self) -> set[str]:
        """Return the tags that either editor could have meant: any other tag neither of them gave."""
        return {tag for standing in self.standings for tag in (*standing.decisions, *standing.listed)}


def agreement_of(desk: DeskLog) -> Agreement:
    """Return kappa over all tags and for each tag that an editor gave, and the disagreements.

    An article counts with the two editors who closed it first. A later decision settles a disagreement and does not change
    the agreement, so an article that is reopened later still counts.
    """
    articles = sorted(desk.by_article.items())
    pairs = [pair for article_id, rows in articles if (pair := _pair(rows, desk.cases.get(article_id)))]
    tags = sorted({*desk.tags, *(tag for pair in pairs for tag in pair.tags())})
    column = {tag: number for number, tag in enumerate(tags)}
    gave = np.zeros((2, len(pairs), len(tags)), dtype=bool)
    for row, pair in enumerate(pairs):
        for editor, standing in enumerate(pair.standings):
            gave[editor, row, [column[tag] for tag in standing.tags]] = True
    cells = cells_of(gave[0], gave[1])
    kappas = [
        TagKappa(tag=tags[tag], label=desk.label(tags[tag]), **vars(_kappa(cells[:, tag])))
        for tag in np.flatnonzero(gave.any(axis=(0, 1))).tolist()
    ]
    differ = np.argwhere(cells[..., FIRST] + cells[..., SECOND] > 0).tolist()
    disagreements = [_disagreement(desk, pairs[row], tags[tag]) for row, tag in differ]
    return Agreement(
        articles=len(pairs),
        editors=sorted({editor for pair in pairs for editor in pair.editors}),
        overall=_kappa(cells.sum(axis=1)) if pairs else None,
        tags=sorted(kappas, key=lambda row: (-row.one, -row.both, row.tag)),
        disagreements=sorted(disagreements, key=lambda row: (row.settled, row.article_id, row.tag)),
        unsettled=sum(not row.settled for row in disagreements),
        both_gave=int(cells[..., BOTH].sum()),
    )


def _pair(rows: list[Decision], case: Case | None) -> _Pair | None:
    """Return an article's pair of editors, as of the row with which the second of them closed it."""
    closings = [number for number, row in enumerate(rows) if row.action == "complete" and row.editor != CMS]
    if len({rows[number].editor for number in closings}) < 2:
        return None
    for number in closings:
        editors = sorted(fold(rows[: number + 1]).closed_by - {CMS})
        if len(editors) == 2:
            return _pair_as_of(rows, number, (editors[0], editors[1]), case.listed if case else ())
    return None


def _pair_as_of(rows: list[Decision], closing: int, editors: tuple[str, str], listed: tuple[str, ...]) -> _Pair:
    # Decisions that were sent together with the closing belong to it, whichever was written first.
    moment = rows[closing].editor, rows[closing].at
    sent_along = [row for row in rows[closing + 1 :] if (row.editor, row.at) == moment]
    later = [row for row in rows[closing + 1 :] if (row.editor, row.at) != moment]
    before = [*rows[:closing], *sent_along]
    # Silence of an editor is a no, except for the tags that the CMS listed then.
    first, second = (
        fold((row for row in before if row.editor == editor), listing=_seen_by(editor, rows, closing, listed))
        for editor in editors
    )
    return _Pair(rows[closing].article_id, editors, (first, second), frozenset(row.tag for row in later))


def _seen_by(editor: str, rows: list[Decision], closing: int, listed: tuple[str, ...]) -> Listing:
    """Return what the CMS listed when an editor closed the article: without the tags that others gave later."""
    number = max(n for n in range(closing + 1) if rows[n].action == "complete" and rows[n].editor == editor)
    given_before = {row.tag for row in rows[:number] if row.action in GIVES}
    given_later = {row.tag for row in rows[number:] if row.action in GIVES and row.editor != editor}
    return Listing(tuple(tag for tag in listed if tag in given_before or tag not in given_later))


def _verdict(pair: _Pair, number: int, tag: str) -> Verdict:
    standing = pair.standings[number]
    decision, gave = standing.decisions.get(tag), tag in standing.tags
    action, reason = (decision.action, decision.reason) if decision else (None, None)
    details = action or ("listed by the CMS" if gave else "said nothing")
    details += f", {reason.replace('_', ' ')}" if reason else ""
    at = decision.at if decision else standing.closed_at
    return Verdict(pair.editors[number], f"{'yes' if gave else 'no'} ({details})", gave, action, reason, at)


def _disagreement(desk: DeskLog, pair: _Pair, tag: str) -> Disagreement:
    verdicts = [_verdict(pair, number, tag) for number in (0, 1)]
    settled = tag in pair.decided_since
    return Disagreement(
        **vars(desk.article(pair.article_id)), tag=tag, label=desk.label(tag), said=verdicts, settled=settled
    )


def _kappa(cells: np.ndarray) -> Kappa:
    measured = agreement(cells)
    low, high = measured.interval or (None, None)
    return Kappa(measured.kappa, low, high, measured.n, measured.both, measured.one, measured.neither)
