"""A desk's log as its report reads it: what stands, what was shown, which suggestions count towards acceptance."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import groupby

from classifier.domain.decisions import CMS, GIVES, Case, Decision, Impression, Standing, fold, without_undone
from classifier.reports.desk.records import ArticleRef
from classifier.reports.layout import MAX_QUOTED, plain

SUGGESTED = frozenset(("auto", "suggest"))
MAX_LABEL = 80
Key = tuple[str, str]  # article and tag


@dataclass
class Outcome:
    """A suggestion that counts towards acceptance. Silence on a closed article is not a yes.

    `answers` has the latest answer of each editor, `accepted` the latest of all.
    """

    shown: Impression
    accepted: bool = False
    answers: dict[str, bool] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """Article and tag."""
        return self.shown.article_id, self.shown.tag


class DeskLog:
    """The decisions that stand and those that do not. The order of the articles does not matter."""

    def __init__(
        self, log: Iterable[Decision], impressions: Iterable[Impression], cases: Iterable[Case], tags: Mapping[str, str]
    ) -> None:
        rows = sorted(log, key=lambda row: row.article_id)  # stable: the rows of an article keep their order
        self.standing = without_undone(rows)
        standing_ids = {row.id for row in self.standing}
        self.undone = [row for row in rows if row.action != "undo" and row.id not in standing_ids]
        self.decisions = [row for row in self.standing if row.tag is not None and row.editor != CMS]
        by_time = sorted(
            impressions, key=lambda row: (row.article_id, moment(row.shown_at), row.suggestion_set_id, row.tag)
        )
        self.shown = list({(shown.suggestion_set_id, shown.tag): shown for shown in by_time}.values())
        self.cases = {case.article_id: case for case in cases}
        self.tags = tags
        # Stale decisions count too, because the report is about what editors did.
        self.articles: dict[str, Standing] = {
            article_id: fold(of_article) for article_id, of_article in groupby(rows, lambda row: row.article_id)
        }

    @cached_property
    def by_article(self) -> dict[str, list[Decision]]:
        """The rows that stand of each article, in their order."""
        return {key: list(rows) for key, rows in groupby(self.standing, lambda row: row.article_id)}

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """The suggestions that were answered, and those that were not although their article is closed.

        Suggestions of blind articles are left out: nobody saw them. A suggestion that was shown again with each version of
        a text and never answered counts once. If the CMS lists its tag by now, it does not count.
        """
        blind = {case.article_id for case in self.cases.values() if case.blind}
        closed = {case.article_id for case in self.cases.values() if case.closed}
        visible = [Outcome(shown) for shown in self.shown if shown.article_id not in blind]
        self._note_answers(visible)
        unanswered = (outcome for outcome in visible if outcome.key not in self.answered)
        silent = {outcome.key: outcome for outcome in unanswered if outcome.shown.article_id in closed}
        return [outcome for outcome in visible if outcome.answers or silent.get(outcome.key) is outcome]

    @cached_property
    def answered(self) -> set[Key]:
        """The articles and tags that somebody decided on or that the CMS lists."""
        decided = {
            (article_id, tag)
            for article_id, standing in self.articles.items()
            for tag in (*standing.decisions, *standing.listed)
        }
        return decided | {(case.article_id, tag) for case in self.cases.values() for tag in case.listed}

    def _note_answers(self, outcomes: list[Outcome]) -> None:
        """Note each decision on its suggestion; without a suggestion set on the last one shown before it."""
        of_set = {(outcome.shown.suggestion_set_id, outcome.shown.tag): outcome for outcome in outcomes}
        of_key: defaultdict[Key, list[Outcome]] = defaultdict(list)
        for outcome in outcomes:
            of_key[outcome.key].append(outcome)
        for row in self.decisions:
            answered = of_set.get((row.suggestion_set_id or "", str(row.tag)))
            if row.suggestion_set_id is None and (shown := of_key.get((row.article_id, str(row.tag)))):
                before = [outcome for outcome in shown if moment(outcome.shown.shown_at) <= moment(row.at)]
                answered = before[-1] if before else shown[0]
            if answered is not None:
                answered.accepted = answered.answers[row.editor] = row.action in GIVES

    def article(self, article_id: str) -> ArticleRef:
        """Return id and title of an article, the title on one line."""
        case = self.cases.get(article_id)
        return ArticleRef(article_id, plain(case.title, MAX_QUOTED) if case else "")

    def label(self, tag: str) -> str:
        """Return the label of a tag, or its id if the taxonomy does not have it."""
        return plain(self.tags.get(tag) or tag, MAX_LABEL)


def moment(timestamp: str) -> datetime:
    """Return a time of the log; without a zone it is UTC."""
    time = datetime.fromisoformat(timestamp)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
