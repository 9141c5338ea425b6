"""Why an article has its tags: what models suggested, people decided, archive runs added and the taxonomy became, in order."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NotRequired

from typing_extensions import TypedDict

from classifier.domain.taxonomy import Taxonomy
from classifier.serving import views
from classifier.serving.views import DecisionOut, pick
from classifier.store.assignments import Assignment
from classifier.store.events import ADDED, CHANGED, DECIDED, STORED, SUGGESTED, TAKEN_BACK, TAXONOMY, Event
from classifier.store.log import ArticleLog
from classifier.store.rows import Columns, StoredArticle
from classifier.store.store import Store

MOST_EVENTS = 500  # the newest, of an article
N_WORDS = 8  # that speak for a suggestion


class TagOrigin(TypedDict):
    """A tag of the article, and how it came onto it."""

    tag: str
    label: str
    origin: str


class TagOfRun(TypedDict):
    """A tag that an archive run added or took back."""

    tag: str
    label: str
    score: float


class SuggestedThen(TypedDict):
    """A tag that was suggested, with the words of the text that spoke for it. `shown` says whether anybody saw it."""

    tag: str
    label: str
    score: float
    band: str
    shown: bool
    words: list[str]


class HistoryEvent(TypedDict):
    """A change. Which of the other fields there are depends on its kind.

    `by` is an editor, the key of a CMS, the source of an import or the version of a model. `present_text` says whether a model
    judged the text that the article has now.
    """

    n: int
    at: str
    kind: str
    by: str
    fields: NotRequired[list[str]]
    listed: NotRequired[list[str]]
    dropped: NotRequired[list[str]]
    model_version: NotRequired[str]
    taxonomy_version: NotRequired[str]
    present_text: NotRequired[bool]
    suggestions: NotRequired[list[SuggestedThen]]
    decision: NotRequired[DecisionOut]
    run_id: NotRequired[str]
    tags: NotRequired[list[TagOfRun]]
    change_set: NotRequired[str]
    lines: NotRequired[list[str]]


class ArticleHistory(TypedDict):
    """An article's tags, and all that has changed on it, the newest last. `labels` are those of all tags in it.

    With more than 500 events the first ones are left out, and `n_left_out` counts them.
    """

    article_id: str
    title: str
    tags: list[TagOrigin]
    events: list[HistoryEvent]
    labels: dict[str, str]
    n_left_out: int


def history_of(store: Store, taxonomy: Taxonomy, article_id: str, viewer: str | None) -> ArticleHistory:
    """Return the history of an article, as an editor may see it. Raise `NotFound` if there is none."""
    stored, log = store.article(article_id), store.log.read(article_id)
    origins = views.origins_seen(stored, log, store.suggestion_sets.offered(article_id), viewer)
    events = store.events.of_article(article_id)
    told = _Told(store, stored, log, taxonomy, viewer)
    rows = list(told.rows(events[-MOST_EVENTS:]))
    rows += told.of_taxonomy({*origins, *told.tags})
    rows.sort(key=lambda row: (row["at"], row["n"]))
    return {
        "article_id": article_id,
        "title": stored.article.title,
        "tags": [{"tag": tag, "label": told.label(tag), "origin": origin} for tag, origin in origins.items()],
        "events": rows,
        "labels": {tag: told.label(tag) for tag in sorted({*origins, *told.tags})},
        "n_left_out": max(0, len(events) - MOST_EVENTS),
    }


class _Told:
    """The events of an article in the words of the tables that they name, and the tags that came up."""

    def __init__(
        self, store: Store, stored: StoredArticle, log: ArticleLog, taxonomy: Taxonomy, viewer: str | None
    ) -> None:
        self._store, self._stored, self._taxonomy = store, stored, taxonomy
        self._hidden = views.is_hidden(stored, log.standing(), viewer)
        seen = views.log_view(stored, log, store.log.impressions(stored.article.id), viewer)
        self._decisions = {row["id"]: row for row in seen["decisions"]}
        self._shown = {(row["suggestion_set_id"], row["tag"]) for row in seen["impressions"]}
        self._digests = set(log.current)
        self._of_runs = store.assignments.of_article(stored.article.id)
        self.tags: set[str] = set()

    def label(self, tag: str) -> str:
        found = self._taxonomy.by_id.get(tag)
        return found.label if found else tag

    def rows(self, events: Iterable[Event]) -> Iterator[HistoryEvent]:
        """Yield what may be seen of the events."""
        events = list(events)
        sets = self._store.suggestion_sets.some(
            [one.subject for one in events if one.kind == SUGGESTED and one.subject]
        )
        given: set[str | None] = set()
        for event in events:
            row: HistoryEvent = {"n": event.n, "at": event.at, "kind": event.kind, "by": event.by}
            if event.kind in (STORED, CHANGED):
                yield self._of_sender(row, event.facts or {})
            elif event.kind == DECIDED and event.subject in self._decisions:
                yield self._of_decision(row, self._decisions[event.subject])
            elif event.kind == SUGGESTED and not self._hidden and event.subject in sets and event.subject not in given:
                given.add(event.subject)
                yield self._of_set(row, sets[event.subject])
            elif event.kind in (ADDED, TAKEN_BACK):
                yield self._of_run(row, event)

    def of_taxonomy(self, tags: set[str]) -> Iterator[HistoryEvent]:
        """Yield the changes of the taxonomy that touched one of some tags since the article was stored."""
        log, lines = self._store.taxonomy.log(), dict[str, list[str]]()
        for change in log.rows:
            if change.change_set and change.at > self._stored.created_at and not tags.isdisjoint(log.states[change.n]):
                lines.setdefault(change.change_set, []).append(change.line)
        for event in self._store.events.about(TAXONOMY, list(lines)):
            row: HistoryEvent = {"n": event.n, "at": event.at, "kind": event.kind, "by": event.by}
            row["change_set"], row["lines"] = str(event.subject), lines[str(event.subject)]
            yield row

    def _of_sender(self, row: HistoryEvent, facts: Mapping[str, Any]) -> HistoryEvent:
        listed, dropped = list(facts.get("listed") or facts.get("tags") or ()), list(facts.get("dropped", ()))
        self.tags |= {*listed, *dropped}
        row["fields"], row["listed"], row["dropped"] = list(facts.get("fields", ())), listed, dropped
        return row

    def _of_decision(self, row: HistoryEvent, decision: DecisionOut) -> HistoryEvent:
        if decision["tag"] is not None:
            self.tags.add(decision["tag"])
        row["decision"] = decision
        return row

    def _of_set(self, row: HistoryEvent, found: Columns) -> HistoryEvent:
        suggestions: list[SuggestedThen] = [
            {
                **pick(_Scored, suggestion),
                "label": self.label(suggestion["tag"]),
                "shown": (found["id"], suggestion["tag"]) in self._shown,
                "words": list(
                    dict.fromkeys(part.get("plain", part["text"]) for part in suggestion.get("evidence", ()))
                )[:N_WORDS],
            }
            for suggestion in found["answer"]["suggestions"]
        ]
        row["model_version"], row["taxonomy_version"] = found["model_version"], found["taxonomy_version"]
        row["present_text"], row["suggestions"] = found["digest"] in self._digests, suggestions
        return row

    def _of_run(self, row: HistoryEvent, event: Event) -> HistoryEvent:
        of_run = [one for one in self._of_runs if one.run_id == event.subject and _fits(one, event)]
        self.tags |= {one.tag for one in of_run}
        tags: list[TagOfRun] = [{"tag": one.tag, "label": self.label(one.tag), "score": one.score} for one in of_run]
        row["run_id"], row["tags"] = str(event.subject), tags
        return row


class _Scored(TypedDict):
    tag: str
    score: float
    band: str


def _fits(assignment: Assignment, event: Event) -> bool:
    return event.kind == ADDED or assignment.undone_at is not None
