"""How far two editors who closed the same article agree, and what is left to settle between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from classifier.domain.decisions import CMS, GIVES, TAKES, Decision, fold
from classifier.model.agreement import BOTH, FIRST, SECOND, Agreement, agreement, cells_of
from classifier.reports.desk.log import DeskLog, Row


@dataclass
class _Pair:
    """An article that two editors have closed: what each said before both had, and what anybody decided since."""

    article_id: str
    editors: tuple[str, str]  # by name, so that neither is always the first to close
    latest: tuple[Mapping[str, Decision], Mapping[str, Decision]]
    since: list[Decision]


def agreement_of(desk: DeskLog) -> Row:
    """Return kappa over all tags and for each tag that one of two editors gave, and where they differ.

    Each article counts with the two editors who closed it first. What they or others decide after that settles a
    difference and does not change the agreement; so an article that is reopened later still counts.
    """
    pairs = [pair for article_id, rows in sorted(desk.by_article.items()) if (pair := _pair(article_id, rows))]
    named = [_named(desk, pair) for pair in pairs]
    tags = sorted({*desk.tags, *(tag for some in named for tag in some)})
    place = {tag: at for at, tag in enumerate(tags)}
    said = np.zeros((2, len(pairs), len(tags)), dtype=bool)
    for row, pair in enumerate(pairs):
        for tag in named[row]:  # of the others neither said anything, and the CMS lists none of them
            for rater in (0, 1):
                said[rater, row, place[tag]] = _gave(desk, pair, rater, tag)
    cells = cells_of(said[0], said[1])
    given = np.flatnonzero(said.any(axis=(0, 1))).tolist()
    rows = [{"tag": tags[at], "label": desk.label(tags[at]), **_shown(agreement(cells[:, at]))} for at in given]
    rows.sort(key=lambda row: (-row["one"], -row["both"], row["tag"]))
    differ = np.argwhere(cells[..., FIRST] + cells[..., SECOND] > 0).tolist()
    disagreements = [_disagreement(desk, pairs[row], tags[at]) for row, at in differ]
    return {
        "articles": len(pairs),
        "editors": sorted({editor for pair in pairs for editor in pair.editors}),
        "overall": _shown(agreement(cells.sum(axis=1))) if pairs else None,
        "tags": rows,
        "disagreements": sorted(disagreements, key=lambda row: (row["settled"], row["article_id"], row["tag"])),
        "unsettled": sum(not row["settled"] for row in disagreements),
        "both_gave": int(cells[..., BOTH].sum()),
    }


def _pair(article_id: str, rows: list[Decision]) -> _Pair | None:
    """Return an article's pair of editors, as of the row with which the second of them closed it."""
    for at, row in enumerate(rows):
        if row.action != "complete":
            continue
        closed = fold(rows[: at + 1]).closed_by - {CMS}
        if len(closed) == 2:
            # What came with the closing in one go belongs to it, whichever was written first.
            along = [late for late in rows[at + 1 :] if (late.editor, late.at) == (row.editor, row.at)]
            with_it = {late.id for late in along}
            since = [late for late in rows[at + 1 :] if late.id not in with_it and late.tag is not None]
            first, second = sorted(closed)
            before = [*rows[:at], *along]
            return _Pair(article_id, (first, second), (_by(before, first), _by(before, second)), since)
    return None


def _by(rows: Iterable[Decision], editor: str) -> Mapping[str, Decision]:
    """Return what one editor decided of each tag."""
    return fold(row for row in rows if row.editor == editor).decisions


def _named(desk: DeskLog, pair: _Pair) -> set[str]:
    case = desk.cases.get(pair.article_id)
    return {*pair.latest[0], *pair.latest[1], *(case.listed if case else ())}


def _gave(desk: DeskLog, pair: _Pair, rater: int, tag: str) -> bool:
    """Return whether an editor gave a tag. Silence is a no, but a yes to what the CMS lists."""
    case, decision = desk.cases.get(pair.article_id), pair.latest[rater].get(tag)
    if decision is not None and decision.action in GIVES | TAKES:
        return decision.action in GIVES
    return case is not None and tag in case.listed


def _said(desk: DeskLog, pair: _Pair, rater: int, tag: str) -> Row:
    decision, gave = pair.latest[rater].get(tag), _gave(desk, pair, rater, tag)
    reason = decision.reason if decision else None
    if decision is None:
        how = "listed by the CMS" if gave else "said nothing"
    else:
        how = decision.action + (f", {reason.replace('_', ' ')}" if reason else "")
    says = f"{'yes' if gave else 'no'} ({how})"
    action = decision.action if decision else None
    return {"editor": pair.editors[rater], "says": says, "gave": gave, "action": action, "reason": reason}


def _disagreement(desk: DeskLog, pair: _Pair, tag: str) -> Row:
    return {
        **desk.named(pair.article_id),
        "tag": tag,
        "label": desk.label(tag),
        "said": [_said(desk, pair, rater, tag) for rater in (0, 1)],
        "settled": any(row.tag == tag for row in pair.since),
    }


def _shown(measured: Agreement) -> Row:
    low, high = measured.interval or (None, None)
    counts = {name: getattr(measured, name) for name in ("n", "both", "one", "neither")}
    return {"kappa": measured.kappa, "low": low, "high": high, **counts}
