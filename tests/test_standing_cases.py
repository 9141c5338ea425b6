"""What stands on an article, by cases that the review page's own tests read too (tests/javascript/standing.test.mjs)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from classifier.domain.decisions import CMS, Decision, Listing, fold
from tests.conftest import ROOT

EDITOR = "ana"
CASES = json.loads((ROOT / "tests" / "data" / "standing.json").read_text(encoding="utf-8"))["cases"]


def decision(row_id: str, editor: str, action: str, tag: str | None, undoes: str | None = None, *_: Any) -> Decision:
    return Decision(row_id, "article", tag, action, editor, at=row_id, undoes=undoes)


def state(rows: Sequence[Sequence[Any]], listed: Sequence[str]) -> dict[str, Any]:
    """Return what the service answers to the editor (`Tagger._standing`), decisions by their ids."""
    log = [decision(*row) for row in rows]
    pooled = fold(log, listing=Listing(listed))
    own = fold([row for row in log if row.editor in (EDITOR, CMS)], listing=Listing(listed))
    return {
        "tags": list(pooled.tags),
        "listed": list(pooled.listed),
        "decisions": {tag: row.id for tag, row in pooled.decisions.items()},
        "own": {tag: row.id for tag, row in own.decisions.items() if row.editor == EDITOR},
        "closed_by": sorted(pooled.closed_by),
    }


def before(rows: Sequence[Sequence[Any]], tag: str | None) -> dict[str, Any]:
    """Return what stands before a decision on a tag, or on the whole article."""
    stands = state(rows, [])
    return (
        {"row": stands["decisions"].get(tag), "own": stands["own"].get(tag)}
        if tag
        else {"closed_by": stands["closed_by"]}
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_fold_answers_what_the_review_page_starts_from_and_what_it_shows(case: dict[str, Any]) -> None:
    log, waiting = case["log"], case["waiting"]
    assert state(log, case["listed"]) == case["standing"]
    arrived = state([*log, *waiting], case["listed"])
    del arrived["listed"]
    assert arrived == case["state"]
    ids = [row[0] for row in log]
    for _, _, _, tag, undone, stood in (row for row in waiting if len(row) == 6):
        assert before(log[: ids.index(undone)], tag) == stood
