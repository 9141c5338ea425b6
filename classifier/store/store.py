"""A store: its articles, and the parts that keep everything else. Knows no model."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select, select
from sqlalchemy.exc import IntegrityError

from classifier.domain.articles import Article
from classifier.domain.progress import Track, untracked
from classifier.store.arrivals import Arrival, Shares, arrive, batches_of_texts, correct_language, put_imported
from classifier.store.assignments import Assignments
from classifier.store.brought import DELETING, BroughtArchives
from classifier.store.change_sets import ChangeSets
from classifier.store.changes import note_change
from classifier.store.cms_terms import CmsTerms
from classifier.store.counts import counted
from classifier.store.decision_log import DecisionLog
from classifier.store.deletions import Deletions, delete_articles
from classifier.store.deliveries import Deliveries
from classifier.store.events import Events
from classifier.store.exports import Exports
from classifier.store.feed_places import FeedPlaces
from classifier.store.identities import Identities
from classifier.store.ignored_blocks import IgnoredBlocks
from classifier.store.keys import Keys, Sessions
from classifier.store.leases import Leases
from classifier.store.limits import counters_of
from classifier.store.live import LiveLabels
from classifier.store.log import NOTHING, ArticleLog, article_log, log_of
from classifier.store.naming import NamedTags
from classifier.store.near import NearDuplicates
from classifier.store.owners import Owners, check_may_delete
from classifier.store.people import People
from classifier.store.proposals import Proposals
from classifier.store.questions import Questions
from classifier.store.queue import STARTER, Queue
from classifier.store.redeciding import Redeciding
from classifier.store.reports import Reports
from classifier.store.rows import Part, StoredArticle, ago, existing_row, hold_articles, one_at_a_time, stored
from classifier.store.runs import Runs
from classifier.store.samples import Samples
from classifier.store.saved_filters import SavedFilters
from classifier.store.schedules import Schedules
from classifier.store.schema import article_counts, articles, decisions
from classifier.store.shadow import ShadowSuggestions
from classifier.store.sketches import sketches_for
from classifier.store.suggestion_sets import ModelAnswer, Suggested, SuggestionSets, TagScore, put_answer
from classifier.store.tag_labels import TagLabels
from classifier.store.taxonomy import TaxonomyChanges
from classifier.store.webhooks import Webhooks

# Which suggestions of an answer are shown to whoever asks: called with the article and its log.
Shown = Callable[[StoredArticle, ArticleLog], Sequence[TagScore]]

MOST_TRIES = 5  # of a change to an article that others store and delete at the same time
Changed = TypeVar("Changed")


@dataclass(frozen=True)
class Imported:
    """How many articles of an import were new, changed, and already stored as they are."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


class Store(Part):
    """Articles, and as parts what else is in the same database."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.keys = Keys(engine)
        self.sessions = Sessions(engine, self.keys)
        self.people = People(engine, self.keys)
        self.identities = Identities(engine, self.keys)
        self.counters = counters_of(engine)
        self.log = DecisionLog(engine)
        self.queue = Queue(engine)
        self.proposals = Proposals(engine)
        self.questions = Questions(engine)
        self.runs = Runs(engine)
        self.schedules = Schedules(engine)
        self.assignments = Assignments(engine)
        self.samples = Samples(engine)
        self.owners = Owners(engine)
        self.reports = Reports(engine)
        self.suggested = Suggested(engine)
        self.suggestion_sets = SuggestionSets(engine)
        self.shadow = ShadowSuggestions(engine)
        self.exports = Exports(engine)
        self.live = LiveLabels(engine)
        self.deletions = Deletions(engine)
        self.brought = BroughtArchives(engine)
        self.taxonomy = TaxonomyChanges(engine)
        self.change_sets = ChangeSets(engine)
        self.feed_places = FeedPlaces(engine)
        self.redeciding = Redeciding(engine)
        self.tag_labels = TagLabels(engine)
        self.cms_terms = CmsTerms(engine)
        self.leases = Leases(engine)
        self.near_duplicates = NearDuplicates(engine)
        self.saved_filters = SavedFilters(engine)
        self.ignored_blocks = IgnoredBlocks(engine)
        self.events = Events(engine)
        self.naming = NamedTags(engine)
        self.webhooks = Webhooks(engine)
        self.deliveries = Deliveries(engine)

    def close(self) -> None:
        """Close all connections."""
        self.keys.settle()
        self.engine.dispose()

    def check(self) -> None:
        """Read one article, or raise `BadStore` if the database cannot be read."""
        self._values(select(articles.c.id).limit(1))

    def receive(
        self,
        article: Article,
        source: str,
        answer: ModelAnswer,
        shown: Shown,
        shares: Shares,
        owner: str | None,
        explained: Mapping[str, str] = NOTHING,
        in_background: bool = False,
    ) -> str:
        """Store or change an article, and a model's answer with it. Return the id of the suggestion set.

        What the sender leaves out (tags, rejected tags, date, URL) stays as it was. A tag that it listed last time and does
        not list now is logged as removed by it, unless it is `explained` (`log.follow_cms`). `owner` is the name of the `cms`
        key that writes. The suggestions `shown` count as seen unless the article comes `in_background`; it may be called again, where another process stores the same article at the same time. Raise
        `OtherOwner` if the article belongs to another `cms` key.
        """
        sketches = sketches_for(self.engine, [article])

        def put() -> tuple[Arrival, str]:
            with self.engine.begin() as connection:
                arrival = arrive(connection, article, source, shares, owner, sketches, explained)
                set_id = _put_answer(connection, article.id, answer, shown, in_background)
                if arrival.changes_labels:
                    note_change(connection)
                return arrival, set_id

        arrival, set_id = again_if_stored_first(put)
        # In transactions of its own: it is about other articles too.
        if self.questions.follow(arrival.owner, article.id, arrival.changes):
            with self.engine.begin() as connection:
                if hold_articles(connection, [article.id]):
                    set_id = _put_answer(connection, article.id, answer, shown, in_background)
        return set_id

    def correct_language(self, article_id: str, language: str | None, editor: str) -> str | None:
        """Let an editor say the language of an article, or with None take that back. Return what editors said before.

        It counts more than what the sender says, now and later. Raise `NotFound` if there is no such article.
        """
        sketches = sketches_for(self.engine, [replace(self.article(article_id).article, language=language)])
        with self.engine.begin() as connection:
            before = correct_language(connection, article_id, language, editor, sketches)
            if before != language:
                note_change(connection)
            return before

    def as_corrected(self, article: Article, article_id: str) -> Article:
        """Return an article in the language that an editor said of the stored one with this id, if any did."""
        query = select(articles.c.corrected_language).where(articles.c.id == article_id)
        corrected = next(iter(self._values(query)), None)
        return replace(article, language=corrected) if corrected else article

    def import_articles(self, incoming: Iterable[Article], source: str) -> Imported:
        """Store many articles, a few hundred in a transaction. Importing them again changes nothing.

        A record replaces what its sender said before, except tags that it leaves out and texts that are empty now.
        What editors decided stays.
        """
        outcomes: Counter[str] = Counter()
        for batch in batches_of_texts(incoming):
            outcomes += again_if_stored_first(partial(self._import_batch, batch, source))
        return Imported(**outcomes)

    def _import_batch(self, batch: list[Article], source: str) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        sketches = sketches_for(self.engine, batch)
        with self.giving_way() as connection:
            one_at_a_time(connection, "import")
            of_batch = articles.c.id.in_([article.id for article in batch])
            query = select(articles).where(of_batch).order_by(articles.c.id).with_for_update()
            rows = {row["id"]: row for row in connection.execute(query).mappings()}
            for article in batch:
                outcome, rows[article.id] = put_imported(connection, article, source, rows.get(article.id), sketches)
                outcomes[outcome] += 1
            if outcomes["new"] or outcomes["changed"]:
                note_change(connection)
        return outcomes

    def delete_article(self, article_id: str, owner: str | None = None) -> None:
        """Delete an article and all that hangs on it. Raise `NotFound`, or `OtherOwner` if `owner` did not write it."""
        with self.engine.begin() as connection:
            check_may_delete(existing_row(connection, article_id, hold=True), owner)
            delete_articles(connection, [article_id])

    def forget(self, days: int, dry_run: bool = False, track: Track = untracked) -> int:
        """Delete all but the starter articles that nobody sent or decided on for so many days. Return their number."""
        before = ago(days=days)
        if dry_run:
            return len(self._values(_untouched_since(before)))
        return self.deletions.delete(_untouched_since(before), track, DELETING)

    def article(self, article_id: str) -> StoredArticle:
        """Return an article, or raise `NotFound`."""
        with self.reading() as connection:
            return stored(existing_row(connection, article_id))

    def titles(self, article_ids: Iterable[str]) -> dict[str, str]:
        """Return the titles of those of the articles that are stored."""
        query = select(articles.c.id, articles.c.title).where(articles.c.id.in_(list(article_ids)))
        return {row.id: row.title for row in self._tuples(query)}

    def count_articles(self) -> dict[str, int]:
        """Return how many articles there are from each source."""
        query = counted("source").order_by(article_counts.c.source)
        return {source: int(n) for source, n in self._tuples(query) if n}


def again_if_stored_first(change: Callable[[], Changed]) -> Changed:
    """Carry out a change; again if another process stored one of its articles first, so that there is something to change.

    The article may be deleted and stored once more in between, so a second try can fail as the first did.
    """
    for _ in range(MOST_TRIES - 1):
        with suppress(IntegrityError):
            return change()
    return change()


def _put_answer(connection: Connection, article_id: str, answer: ModelAnswer, shown: Shown, in_background: bool) -> str:
    row = existing_row(connection, article_id)
    log = article_log(connection, row, log_of(connection, article_id))
    return put_answer(connection, article_id, row["digest"], answer, shown(stored(row), log), in_background)


def _untouched_since(before: str) -> Select[Any]:
    """Return the query for the ids of the desk's articles that nobody sent or decided on since a time."""
    sent = articles.c.sent_at.is_not(None) & (articles.c.sent_at >= before)
    decided = select(decisions.c.article_id).where(decisions.c.at >= before)
    query = select(articles.c.id).where(articles.c.source != STARTER, articles.c.updated_at < before, ~sent)
    return query.where(articles.c.id.not_in(decided))
