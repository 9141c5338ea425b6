"""What editors made of the suggestions, for the person who answers for the desk: acceptance, what is missed, agreement.

`desk_report` returns plain JSON, `as_text` and `as_page` show it. Of articles only ids and titles are quoted. Knows no model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from classifier.domain.decisions import Case, Decision, Impression
from classifier.reports.desk.agreement import agreement_of
from classifier.reports.desk.counts import blind_recall, by_cms, by_editor, by_score, by_tag, by_week, often_added
from classifier.reports.desk.log import DeskLog, Row, moment, rate
from classifier.reports.desk.page import as_page, as_text

N_LOOK_AT = 3
MANY_DIFFER = 3  # disagreements on a tag that are worth a talk

__all__ = ["Case", "as_page", "as_text", "desk_report"]


def desk_report(
    log: Iterable[Decision], impressions: Iterable[Impression], cases: Iterable[Case], tags: Mapping[str, str]
) -> dict[str, Any]:
    """Return what editors decided and what it says of the suggestions, as plain JSON.

    A suggestion counts towards acceptance if it was answered, or shown on an article that is closed; whatever was answered
    but not taken, `unsure` too, is not accepted. An undone decision counts only as undone.

    Args:
        log: the whole log, each article's rows in their order; the order of the articles does not matter.
        tags: the label of each tag of the taxonomy.
    """
    desk = DeskLog(log, impressions, cases, tags)
    rows, added, agreed = by_tag(desk), often_added(desk), agreement_of(desk)
    acceptance = rate(one.accepted for one in desk.outcomes)
    times = sorted((row.at for row in desk.standing), key=moment)
    return {
        "articles": {
            "known": len(desk.cases),
            "decided": len({row.article_id for row in desk.decisions}),
            "closed": sum(case.closed for case in desk.cases.values()),
        },
        "decisions": len(desk.decisions),
        "undone": len(desk.undone),
        "from": times[0] if times else None,
        "to": times[-1] if times else None,
        "acceptance": acceptance,
        "recall": blind_recall(desk),
        "agreement": agreed,
        "look_at": _look_at(rows, added, agreed, acceptance),
        "tags": rows,
        "weeks": by_week(desk.outcomes),
        "scores": by_score(desk.outcomes),
        "added": added,
        "editors": by_editor(desk),
        "cms": by_cms(desk),
    }


def _look_at(tags: list[Row], added: list[Row], agreed: Row, overall: Row) -> list[Row]:
    """Return the tags that cost the desk most, by the clicks that they cost: refused, added by hand, disagreed on."""
    cost: dict[str, int] = {}
    why: dict[str, list[Row]] = {}

    def note(tag: str, n: int, reason: Row) -> None:
        cost[tag] = cost.get(tag, 0) + n
        why.setdefault(tag, []).append(reason)

    for row in tags:
        taken = row["acceptance"]
        # Less than the others beyond chance; a tag that was shown twice and refused twice is not yet a finding.
        if taken["n"] and taken["interval"][1] < overall["share"]:
            most = max(row["reasons"], key=lambda reason: row["reasons"][reason], default=None)
            refused = taken["n"] - taken["accepted"]
            note(row["tag"], refused, {"kind": "refused", "n": refused, "of": taken["n"], "reason": most})
    for row in added:
        note(row["tag"], row["added"], {"kind": "added", "n": row["added"]})
    for row in agreed["tags"]:
        if row["one"] >= MANY_DIFFER:
            note(row["tag"], row["one"], {"kind": "differ", "n": row["one"], "of": row["n"]})
    labels = {row["tag"]: row["label"] for row in (*tags, *added, *agreed["tags"])}
    order = sorted(cost, key=lambda tag: (-cost[tag], tag))[:N_LOOK_AT]
    return [{"tag": tag, "label": labels[tag], "why": why[tag]} for tag in order]
