"""A desk's log as the desk report reads it: what stands, what was shown, and which suggestions count towards acceptance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import groupby
from typing import Any

from classifier.domain.decisions import CMS, GIVES, Case, Decision, Impression, Standing, fold, without_undone
from classifier.model.evaluation import exact_interval
from classifier.reports.layout import plain

Row = dict[str, Any]
SUGGESTED = frozenset(("auto", "suggest"))
N_EXAMPLES = 5  # articles named for a finding
MAX_LABEL = 80
MANY_BLIND = 10  # articles with tags from which an interval is drawn over articles; fewer are too few to draw from


@dataclass
class Outcome:
    """A suggestion that counts towards acceptance, and what became of it; silence on a closed article is not a yes.

    `said` is whether each editor took it, by their latest answer to it; `accepted` is the latest answer of all.
    """

    shown: Impression
    accepted: bool = False
    said: dict[str, bool] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """Article and tag."""
        return self.shown.article_id, self.shown.tag


class DeskLog:
    """What stands of a log and what does not, by people and by the CMS; nothing in it depends on the order of articles."""

    def __init__(
        self, log: Iterable[Decision], impressions: Iterable[Impression], cases: Iterable[Case], tags: Mapping[str, str]
    ) -> None:
        self.rows = sorted(log, key=lambda row: row.article_id)  # stable: of one article they stay in their order
        self.standing = without_undone(self.rows)
        kept = {row.id for row in self.standing}
        self.undone = [row for row in self.rows if row.action != "undo" and row.id not in kept]
        self.decisions = [row for row in self.standing if row.tag is not None and row.editor != CMS]
        self.shown = list(
            {(one.suggestion_set_id, one.tag): one for one in sorted(impressions, key=_when_shown)}.values()
        )
        self.cases = {case.article_id: case for case in cases}
        self.tags = tags

    @cached_property
    def by_article(self) -> dict[str, list[Decision]]:
        """The rows that stand, of each article in their order."""
        rows: defaultdict[str, list[Decision]] = defaultdict(list)
        for row in self.standing:
            rows[row.article_id].append(row)
        return dict(rows)

    @cached_property
    def known(self) -> dict[str, Standing]:
        """What the rows of each article add up to, whatever became of its text: a report is on what was decided."""
        return {article_id: fold(rows) for article_id, rows in groupby(self.rows, lambda row: row.article_id)}

    @cached_property
    def closers(self) -> dict[str, frozenset[str]]:
        """Who says of each article that its tags are complete."""
        return {article_id: standing.closed_by for article_id, standing in self.known.items()}

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """What became of the suggestions that count: answered ones, and unanswered ones of closed articles.

        Blind articles are left out, for nobody saw suggestions there. A suggestion that was shown again with each new
        version of a text and never answered counts once; one whose tag the CMS lists by now is no silence and counts nowhere.
        """
        seen = [Outcome(one) for one in self.shown if not self.blind(one.article_id)]
        self._answer(seen)
        silent = {one.key: one for one in seen if one.key not in self.answered and self._closed(one)}
        return [outcome for outcome in seen if outcome.said or silent.get(outcome.key) is outcome]

    @cached_property
    def answered(self) -> set[tuple[str, str]]:
        """The pairs of article and tag that somebody decided on, or that the CMS lists: there is nothing left to answer."""
        decided = {
            (article_id, tag)
            for article_id, standing in self.known.items()
            for tag in (*standing.decisions, *standing.listed)
        }
        return decided | {(case.article_id, tag) for case in self.cases.values() for tag in case.listed}

    def _answer(self, outcomes: list[Outcome]) -> None:
        """Note each decision on the suggestion that it answers; one without a set answers the last that was shown before."""
        of_set = {(one.shown.suggestion_set_id, one.shown.tag): one for one in outcomes}
        of_article: defaultdict[tuple[str, str], list[Outcome]] = defaultdict(list)
        for one in outcomes:
            of_article[one.key].append(one)
        for row in self.decisions:
            outcome = of_set.get((row.suggestion_set_id or "", str(row.tag)))
            if row.suggestion_set_id is None and (shown := of_article.get((row.article_id, str(row.tag)))):
                before = [one for one in shown if moment(one.shown.shown_at) <= moment(row.at)]
                outcome = before[-1] if before else shown[0]
            if outcome is not None:
                outcome.accepted = outcome.said[row.editor] = row.action in GIVES

    def _closed(self, outcome: Outcome) -> bool:
        case = self.cases.get(outcome.shown.article_id)
        return case is not None and case.closed

    def blind(self, article_id: str) -> bool:
        """Return whether an article's suggestions were held back."""
        case = self.cases.get(article_id)
        return case is not None and case.blind

    def title(self, article_id: str) -> str:
        """Return the title of an article on one line."""
        case = self.cases.get(article_id)
        return plain(case.title, 200) if case else ""

    def named(self, article_id: str) -> Row:
        """Return id and title of an article."""
        return {"article_id": article_id, "title": self.title(article_id)}

    def label(self, tag: str) -> str:
        """Return the label of a tag; of one that the taxonomy does not have, its id."""
        return plain(self.tags.get(tag) or tag, MAX_LABEL)


def _when_shown(one: Impression) -> tuple[str, datetime, str, str]:
    return one.article_id, moment(one.shown_at), one.suggestion_set_id, one.tag


def moment(at: str) -> datetime:
    """Return a time of the log; one without a zone is UTC."""
    read = datetime.fromisoformat(at)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def rate(accepted: Iterable[bool]) -> Row:
    """Return how many of how many were accepted, the share, and its exact interval."""
    answers = list(accepted)
    n, k = len(answers), sum(answers)
    interval = exact_interval(k, n)
    return {"n": n, "accepted": k, "share": k / n if n else None, "interval": list(interval) if interval else None}
