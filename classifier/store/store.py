"""Reading and writing articles and suggestion sets. Knows no model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Select, select
from sqlalchemy.exc import IntegrityError

from classifier.domain.articles import Article, check_id, text_digest
from classifier.domain.dates import dated_at, in_utc
from classifier.domain.decisions import CMS, Case, Filed, Standing
from classifier.domain.examples import Attributed
from classifier.errors import NotFound
from classifier.store.assignments import Assignments
from classifier.store.counts import counted
from classifier.store.deletions import Deletions, note_deleted, note_stored
from classifier.store.keys import Keys
from classifier.store.limits import counters_of
from classifier.store.log import (
    ArticleLog,
    Changes,
    DecisionLog,
    article_log,
    compare_texts,
    follow_cms,
    keep_text,
    read_log,
    refresh,
    standings_of,
)
from classifier.store.owners import Owners, check_may_delete, claim
from classifier.store.proposals import Proposals
from classifier.store.questions import Questions
from classifier.store.queue import STARTER, Queue
from classifier.store.reports import Reports, drop_reports_on
from classifier.store.requests import Requests
from classifier.store.rows import (
    StoredArticle,
    article_row,
    came_complete,
    giving_way,
    held,
    hold_articles,
    now,
    one_at_a_time,
    reading,
    share_of,
    stored,
    tags_of_runs,
)
from classifier.store.runs import Runs
from classifier.store.schema import (
    article_counts,
    articles,
    decisions,
    impressions,
    requests,
    suggested,
    suggestion_sets,
)
from classifier.store.sessions import Sessions
from classifier.store.sketches import Sketches, sketch_in, sketches_for
from classifier.store.suggested import BRIEF, Judged, ModelAnswer, Suggested, replace_suggested

_BATCH = 500
_BATCH_CHARACTERS = 8 << 20  # of a batch's texts, so that a few hundred huge ones do not fill the memory
STARTER_UNTIL = 1000  # examples of the desk's own, from which on the starter articles teach nothing any more


@dataclass(frozen=True)
class Imported:
    """What an import did."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class Shares:
    """Which shares of the articles of a CMS are blind, and go to two editors; 0 to 1."""

    blind: float = 0.0
    second: float = 0.0


# What of an answer is shown to whoever asks: called with the article and its log.
Shown = Callable[[StoredArticle, ArticleLog], Sequence[dict[str, Any]]]


class Store:
    """Articles and suggestion sets; the other parts are the other things of the same database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.keys = Keys(engine)
        self.sessions = Sessions(engine, self.keys)
        self.counters = counters_of(engine)
        self.log = DecisionLog(engine)
        self.queue = Queue(engine)
        self.requests = Requests(engine)
        self.proposals = Proposals(engine)
        self.questions = Questions(engine)
        self.runs = Runs(engine)
        self.assignments = Assignments(engine)
        self.owners = Owners(engine)
        self.reports = Reports(engine)
        self.suggested = Suggested(engine)
        self.deletions = Deletions(engine)

    def close(self) -> None:
        """Close all connections."""
        self.keys.settle()
        self.engine.dispose()

    # --- articles ---

    def put_article(self, article: Article, source: str, shares: Shares = Shares(), owner: str | None = None) -> str:
        """Store or change an article; return "new", "changed" or "unchanged".

        What the sender says nothing of (tags, rejected tags, date, URL) stays as it was. A tag that it listed last time
        and lists no more was removed by it, and is logged as such. `owner` is the name of the `cms` key that writes.

        Raises:
            OtherOwner: if the article belongs to another `cms` key.
        """
        return self._receive(article, source, shares, owner, lambda *_: None)

    def receive(
        self,
        article: Article,
        source: str,
        answer: ModelAnswer,
        shown: Shown,
        shares: Shares = Shares(),
        owner: str | None = None,
    ) -> str:
        """Store or change an article as `put_article`, with what a model says of it, all or nothing; return the set's id.

        `shown` may be called again, where another process stores the same article at the same time.
        """
        set_id = ""

        def answered(connection: Connection) -> None:
            nonlocal set_id
            row = article_row(connection, article.id)
            log = article_log(connection, row, read_log(connection, [article.id]).get(article.id, []))
            set_id = _put_answer(connection, article.id, row["digest"], answer, shown(stored(row), log))

        self._receive(article, source, shares, owner, answered)
        return set_id

    def _receive(
        self, article: Article, source: str, shares: Shares, owner: str | None, then: Callable[[Connection], None]
    ) -> str:
        check_id(article.id)
        sketches = sketches_for(self.engine, [article])
        try:
            with self.engine.begin() as connection:
                did, key, changes = self._put_one(connection, article, source, shares, owner, sketches)
                then(connection)
        except IntegrityError:  # another process stored it first, so now there is something to change
            with self.engine.begin() as connection:
                did, key, changes = self._put_one(connection, article, source, shares, owner, sketches)
                then(connection)
        if self.questions.follow(
            key, article.id, changes
        ):  # in transactions of its own: it is about other articles too
            with self.engine.begin() as connection:
                if article_row(connection, article.id, hold=True) is not None:
                    then(connection)
        return did

    def _put_one(
        self,
        connection: Connection,
        article: Article,
        source: str,
        shares: Shares,
        owner: str | None,
        sketches: Sketches,
    ) -> tuple[str, str | None, Changes]:
        """Return what was done, whose article it is, and what changed of its tags."""
        before = article_row(connection, article.id, hold=True)
        if before is None:
            did = self._put(connection, article, source, None, sketches, shares, owner)
            return did, owner, Changes((), article.tags or ())
        claim(connection, before, owner)
        changes = follow_cms(connection, before, source, article.tags)
        did = self._put(connection, _with_known(article, before), source, before, sketches)
        if before["state"] != "new":  # a text that has changed may open an article again
            log = read_log(connection, [article.id]).get(article.id, [])
            refresh(connection, article_row(connection, article.id), log)
        return did, before["owner"] or owner, changes

    def import_articles(self, incoming: Iterable[Article], source: str) -> Imported:
        """Store many articles, a few hundred in one transaction; a second import of the same changes nothing.

        A record replaces all that was known of its article, but for tags of which it says nothing: silence is not a no. Where
        its title or body is empty, the one that is stored stays. What editors decided stays.
        """
        done: Counter[str] = Counter()
        for some in _batches(incoming):
            try:
                done += self._import_some(some, source)
            except IntegrityError:  # a CMS stored one of them first, so now there is something to change
                done += self._import_some(some, source)
        return Imported(**done)

    def _import_some(self, some: list[Article], source: str) -> Counter[str]:
        done: Counter[str] = Counter()
        sketches = sketches_for(self.engine, some)
        with giving_way(self.engine).begin() as connection:
            one_at_a_time(connection, "import")
            rows = _rows(connection, [article.id for article in some])
            for article in some:
                before = rows.get(article.id)
                known_ = _with_known_tags(_with_known_text(article, before), before) if before else article
                did = self._put(connection, known_, source, before, sketches)
                if did != "unchanged":
                    rows[article.id] = article_row(connection, article.id)
                    if did == "changed":
                        log = read_log(connection, [article.id]).get(article.id, [])
                        refresh(connection, rows[article.id], log)
                done[did] += 1
        return done

    @staticmethod
    def _put(
        connection: Connection,
        article: Article,
        source: str,
        before: Any,
        sketches: Sketches,
        shares: Shares = Shares(),
        owner: str | None = None,
    ) -> str:
        check_id(article.id)
        if article.unknown:  # nothing keeps which; then what is not listed is not known to be wrong
            article = replace(article, tags_complete=False)
        digest = text_digest(article)
        row: dict[str, Any] = {
            **article.texts_by_name,
            "body_format": article.body_format,
            "published_at": article.published_at,
            "url": article.url,
            "tags": list(article.tags) if article.tags is not None else None,
            "rejected": list(article.rejected),
            "tags_complete": article.tags_complete,
            "source": source,
            "digest": digest,
        }
        if before is None:
            drawn = _drawn(article.id, came_complete(row), shares)
            dated = dated_at(article.published_at, drawn["created_at"], drawn["created_at"])
            connection.execute(articles.insert(), {**row, **drawn, "owner": owner, "dated_at": dated})
            note_stored(connection, [article.id])
            return "new"
        if all(before[name] == value for name, value in row.items()):
            if max(before["updated_at"], before["sent_at"] or "") < _ago(days=1):
                connection.execute(articles.update().where(articles.c.id == article.id).values(sent_at=now()))
            return "unchanged"
        if before["digest"] != digest:
            keep_text(connection, before, sketches)
            row["sketch"] = sketch_in(sketches, {"id": article.id, **row, "sketch": None})
            compare_texts(connection, {"id": article.id, **row}, sketches)
        at = now()
        changed = {**row, "updated_at": at, "dated_at": dated_at(article.published_at, before["created_at"], at)}
        changed["judged_by"] = ""
        if before["digest"] != digest:  # what was suggested was said of another text
            connection.execute(suggested.delete().where(suggested.c.article_id == article.id))
        connection.execute(articles.update().where(articles.c.id == article.id).values(changed))
        return "changed"

    def article(self, article_id: str) -> StoredArticle:
        """Return an article, or raise `NotFound`."""
        with reading(self.engine) as connection:
            row = article_row(connection, article_id)
        if row is None:
            raise NotFound(f"There is no article {article_id[:200]!r}.")
        return stored(row)

    def all_articles(self) -> Iterator[StoredArticle]:
        """Yield every article in the order of ids, without holding them all in memory."""
        for rows in self._in_batches():
            yield from map(stored, rows)

    def _in_batches(self) -> Iterator[list[Any]]:
        last = ""
        while True:
            query = select(articles).where(articles.c.id > last).order_by(articles.c.id).limit(_BATCH)
            with reading(self.engine) as connection:
                rows = list(connection.execute(query).mappings().all())
            if not rows:
                return
            yield rows
            last = rows[-1]["id"]

    def delete_article(self, article_id: str, owner: str | None = None) -> None:
        """Delete an article with all that hangs on it, the answers kept for requests too.

        Raises:
            NotFound: if there is no such article.
            OtherOwner: if `owner`, the name of the `cms` key that deletes, did not write it.
        """
        with self.engine.begin() as connection:
            row = article_row(connection, article_id, hold=True)
            if row is None:
                raise NotFound(f"There is no article {article_id[:200]!r}.")
            check_may_delete(row, owner)
            _deleted(connection, [article_id])

    def forget(self, days: int, dry_run: bool = False) -> int:
        """Delete the articles that nobody sent or decided on for so many days, but for the starter ones; return how many."""
        before = _ago(days=days)
        with reading(self.engine) as connection:
            old = list(connection.scalars(_untouched_since(before)))
        if dry_run:
            return len(old)
        n = 0
        for some in (old[start : start + _BATCH] for start in range(0, len(old), _BATCH)):
            with giving_way(self.engine).begin() as connection:
                hold_articles(connection, some)  # what was sent or decided meanwhile stays
                still = connection.scalars(_untouched_since(before).where(articles.c.id.in_(some)))
                n += _deleted(connection, list(still))
        return n

    def titles(self, article_ids: Iterable[str]) -> dict[str, str]:
        """Return the titles of those of the articles that are stored."""
        query = select(articles.c.id, articles.c.title).where(articles.c.id.in_(list(article_ids)))
        with reading(self.engine) as connection:
            return {row.id: row.title for row in connection.execute(query)}

    def count_articles(self) -> dict[str, int]:
        """Return how many articles there are from each source."""
        query = counted("source").order_by(article_counts.c.source)
        with reading(self.engine) as connection:
            return {source: int(n) for source, n in connection.execute(query) if n}

    def check(self) -> None:
        """Read one article; raise `BadStore` if the database cannot be read."""
        with reading(self.engine) as connection:
            connection.execute(select(articles.c.id).limit(1)).all()

    def cases(self) -> Iterator[Case]:
        """Yield the desk's articles as cases to decide, without their texts."""
        wanted = ("id", "title", "blind", "n_editors", "tags", "tags_complete", "state")
        query = select(*(articles.c[name] for name in wanted)).where(articles.c.source != STARTER)
        with reading(self.engine) as connection:
            for row in connection.execute(query.order_by(articles.c.id)).mappings():
                closed = row["state"] == "closed" and not came_complete(row)
                yield Case(row["id"], row["title"], row["blind"], row["n_editors"], tuple(row["tags"] or ()), closed)

    def filed(self) -> Iterator[Filed]:
        """Yield every article as the desk has it now, with what was last suggested for it, in the order of ids."""
        for rows in self._in_batches():
            with reading(self.engine) as connection:
                found = list(_filed(connection, rows))
            yield from found

    # --- examples ---

    def examples(self, starter_until: int = STARTER_UNTIL, close_after_days: int = 0) -> Iterator[Article]:
        """Yield what training reads: each article of which something is known, with what is known of its tags."""
        return (one.article for one in self.attributed(starter_until, close_after_days))

    def attributed(self, starter_until: int = STARTER_UNTIL, close_after_days: int = 0) -> Iterator[Attributed]:
        """Yield the examples with who said what of them.

        Args:
            starter_until: the starter articles are left out once the desk has as many examples of its own.
            close_after_days: published articles that nobody touched for so many days count as complete; 0 for never.
        """
        with reading(self.engine) as connection:
            with_starter = not _has_as_many(connection, starter_until)
        for rows in self._in_batches():
            yield from self._examples_of(rows, with_starter, close_after_days)

    def _examples_of(self, rows: list[Any], with_starter: bool, close_after_days: int) -> Iterator[Attributed]:
        with reading(self.engine) as connection:
            standings = standings_of(connection, rows)
            added = tags_of_runs(connection, [row["id"] for row in rows])
            for row in rows:
                if row["source"] == STARTER and not with_starter:
                    continue
                standing = _said_by_people(standings[row["id"]], added.get(row["id"], ()))
                left = _left_alone(row, close_after_days)
                complete = came_complete(row) or left or standing.closed_at is not None
                if complete or standing.tags or standing.rejected:
                    article = replace(
                        stored(row).article,
                        tags=tuple(tag for tag in standing.tags if tag not in standing.unsure),
                        rejected=standing.rejected,
                        unknown=standing.unsure,
                        tags_complete=complete,
                        # Tags without any date, or with one ahead, were given by the day on which they came.
                        tagged_at=standing.closed_at or (None if _is_past(row) else row["created_at"]),
                    )
                    blind = bool(row["blind"]) and row["state"] == "closed"
                    owner = row["owner"] if row["source"] == CMS else None  # the tags of an import are no key's
                    yield Attributed(article, row["dated_at"], row["source"], blind, standing.said_by, owner)

    # --- suggestion sets ---

    def put_suggestion_set(
        self,
        article: Article,
        model_version: str,
        taxonomy_version: str,
        answer: dict[str, Any],
        margin: float | None = None,
    ) -> str:
        """Keep an answer and return its id.

        Raises:
            NotFound: if the article was deleted meanwhile.
        """
        return self.show(article, ModelAnswer(model_version, taxonomy_version, answer, margin), ())

    def show(self, article: Article, answer: ModelAnswer, shown: Sequence[dict[str, Any]]) -> str:
        """Keep an answer to a stored article, and that some suggestions of it are shown; return the set's id.

        Where that is known already, nothing is written, and nobody waits for whoever writes.

        Raises:
            NotFound: if the article was deleted meanwhile.
        """
        digest = text_digest(article)
        set_id = answer.set_id(article.id, digest)
        with reading(self.engine) as connection:
            if _is_kept(connection, article.id, set_id, answer) and not _not_shown(connection, set_id, shown):
                return set_id
        with self.engine.begin() as connection:
            held(connection, articles.c.id, article.id)
            return _put_answer(connection, article.id, digest, answer, shown)

    def suggestion_set(self, article_id: str) -> tuple[str, dict[str, Any]] | None:
        """Return the newest suggestion set of an article as (id, answer)."""
        with reading(self.engine) as connection:
            row = connection.execute(_newest_set(article_id)).mappings().first()
        return (row["id"], row["answer"]) if row else None

    def put_impressions(self, set_id: str, shown: Sequence[dict[str, Any]]) -> None:
        """Note that these suggestions of a set (tag, score, band) were shown; each once."""
        with self.engine.begin() as connection:
            held(connection, suggestion_sets.c.id, set_id)
            _put_impressions(connection, set_id, shown)


def _put_answer(
    connection: Connection, article_id: str, digest: str, answer: ModelAnswer, shown: Sequence[dict[str, Any]]
) -> str:
    """Make an answer the newest suggestion set of an article, of which something is shown, and return its id."""
    set_id = answer.set_id(article_id, digest)
    is_kept = _is_kept(connection, article_id, set_id, answer)
    if not is_kept:
        _put_set(connection, set_id, article_id, digest, answer)
    if _put_impressions(connection, set_id, shown) or not is_kept:
        replace_suggested(connection, answer.by, Judged(article_id, digest, answer.margin, shown))
    return set_id


def _put_set(connection: Connection, set_id: str, article_id: str, digest: str, answer: ModelAnswer) -> None:
    again = suggestion_sets.update().where(suggestion_sets.c.id == set_id)
    if not connection.execute(again.values(created_at=now(), answer=answer.content)).rowcount:
        row = {
            "id": set_id,
            "article_id": article_id,
            "digest": digest,
            "model_version": answer.model_version,
            "taxonomy_version": answer.taxonomy_version,
            "answer": answer.content,
            "created_at": now(),
        }
        connection.execute(suggestion_sets.insert(), row)


def _is_kept(connection: Connection, article_id: str, set_id: str, answer: ModelAnswer) -> bool:
    """Whether the newest suggestion set of an article is this one, whole, and its suggestions by tag are of this model."""
    brief = suggestion_sets.c.answer[BRIEF].as_boolean().label("brief")
    columns = (suggestion_sets.c.id, brief, articles.c.judged_by)
    newest = connection.execute(_newest_set(article_id).join(articles).with_only_columns(*columns)).first()
    return newest is not None and newest.id == set_id and not newest.brief and newest.judged_by == answer.by


def _not_shown(connection: Connection, set_id: str, shown: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those of some suggestions of a set that nobody was shown so far."""
    there = set(connection.scalars(select(impressions.c.tag).where(impressions.c.suggestion_set_id == set_id)))
    return [suggestion for suggestion in shown if suggestion["tag"] not in there]


def _put_impressions(connection: Connection, set_id: str, shown: Sequence[dict[str, Any]]) -> bool:
    """Note what is shown of a set, each suggestion once; return whether anything is new."""
    head = {"suggestion_set_id": set_id, "shown_at": now()}
    new = [
        head | {name: suggestion[name] for name in ("tag", "score", "band")}
        for suggestion in _not_shown(connection, set_id, shown)
    ]
    if new:
        connection.execute(impressions.insert(), new)
    return bool(new)


def _ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="microseconds")


def _newest_set(article_id: str) -> Select[Any]:
    query = select(suggestion_sets).where(suggestion_sets.c.article_id == article_id)
    return query.order_by(suggestion_sets.c.created_at.desc(), suggestion_sets.c.id).limit(1)


def _untouched_since(before: str) -> Select[Any]:
    """Return the query for the ids of the desk's articles that nobody sent or decided on since a time."""
    sent = articles.c.sent_at.is_not(None) & (articles.c.sent_at >= before)
    decided = select(decisions.c.article_id).where(decisions.c.at >= before)
    query = select(articles.c.id).where(articles.c.source != STARTER, articles.c.updated_at < before, ~sent)
    return query.where(articles.c.id.not_in(decided))


def _deleted(connection: Connection, article_ids: list[str]) -> int:
    hold_articles(connection, article_ids)  # a decision that is being logged keeps its answer, which has to go too
    of_request = requests.c.answer["article_id"].as_string()
    connection.execute(requests.delete().where(of_request.in_(article_ids)))
    drop_reports_on(connection, article_ids)
    note_deleted(connection, article_ids)
    return connection.execute(articles.delete().where(articles.c.id.in_(article_ids))).rowcount


def _drawn(article_id: str, complete: bool, shares: Shares) -> dict[str, Any]:
    """Return what a new article gets once and keeps: its place in the queue, whether it is blind, and for how many."""
    at = now()
    return {
        "id": article_id,
        "created_at": at,
        "updated_at": at,
        "state": "closed" if complete else "new",
        "lot": share_of("lot", article_id),
        "blind": not complete and share_of("blind", article_id) < shares.blind,
        "n_editors": 2 if not complete and share_of("second", article_id) < shares.second else 1,
    }


def _filed(connection: Connection, rows: list[Any]) -> Iterator[Filed]:
    ids = [row["id"] for row in rows]
    standings = standings_of(connection, rows)
    fields = (suggestion_sets.c.article_id, suggestion_sets.c.model_version, suggestion_sets.c.answer)
    query = select(*fields).where(suggestion_sets.c.article_id.in_(ids)).order_by(suggestion_sets.c.created_at)
    last = {one.article_id: one for one in connection.execute(query)}
    for row in rows:
        shown = last.get(row["id"])
        yield Filed(
            replace(stored(row).article, tags=standings[row["id"]].tags),
            # A CMS sends drafts, which have no date yet; an import without dates was not written on the day of the import.
            None if row["published_at"] is None and row["tags_complete"] else row["dated_at"],
            row["source"],
            {one["tag"]: one["score"] for one in shown.answer["suggestions"]} if shown else None,
            shown.model_version if shown else None,
            blind=bool(row["blind"]) and row["state"] != "closed",
            closed=row["state"] == "closed",
        )


def _left_alone(row: Any, days: int) -> bool:
    """Whether a published article of which its sender lists the tags was touched by nobody for so many days."""
    if not days or row["tags"] is None or row["published_at"] is None:
        return False
    before = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="microseconds")
    return bool(row["updated_at"] < before and in_utc(row["published_at"]) < before)


def _is_past(row: Any) -> bool:
    """Whether an article has a date that was not ahead when it was sent."""
    return row["published_at"] is not None and in_utc(row["published_at"]) == row["dated_at"]


def _said_by_people(standing: Standing, added: Iterable[str]) -> Standing:
    """Leave open the tags that runs added and that a CMS has listed since: of them no person has said anything."""
    echoed = tuple(tag for tag in added if tag in standing.tags and tag not in standing.said_by)
    if not echoed:
        return standing
    tags = tuple(tag for tag in standing.tags if tag not in echoed)
    return replace(standing, tags=tags, unsure=(*standing.unsure, *echoed))


def _has_as_many(connection: Connection, n: int) -> bool:
    """Whether there are so many articles of the desk of which something is known."""
    wanted = [articles.c[name] for name in ("tags", "tags_complete", "rejected", "state")]
    query = select(*wanted).where(
        articles.c.source != STARTER, articles.c.tags.is_not(None) | (articles.c.state != "new")
    )
    for row in connection.execute(query).mappings():
        n -= bool(row["tags"] or row["rejected"] or came_complete(row) or row["state"] != "new")
        if n <= 0:
            return True
    return n <= 0


def _batches(incoming: Iterable[Article]) -> Iterator[list[Article]]:
    some: list[Article] = []
    n_characters = 0
    for article in incoming:
        some.append(article)
        n_characters += sum(map(len, article.texts))
        if len(some) == _BATCH or n_characters > _BATCH_CHARACTERS:
            yield some
            some, n_characters = [], 0
    if some:
        yield some


def _rows(connection: Connection, article_ids: list[str]) -> dict[str, Any]:
    query = select(articles).where(articles.c.id.in_(article_ids)).order_by(articles.c.id).with_for_update()
    return {row["id"]: row for row in connection.execute(query).mappings()}


def _known_tags(article: Article, before: Article) -> tuple[str, ...] | None:
    """Return the tags of an article, where its sender says nothing of them those from before that it does not reject."""
    if article.tags is not None or before.tags is None:
        return article.tags
    return tuple(tag for tag in before.tags if tag not in article.rejected)


def _with_known_text(article: Article, row: Any) -> Article:
    """Return an article with the title and the body from before where they are empty now."""
    if not article.title.strip():
        article = replace(article, title=row["title"])
    if not article.body.strip():
        article = replace(article, body=row["body"], body_format=row["body_format"])
    return article


def _with_known_tags(article: Article, row: Any) -> Article:
    """Return an article with the tags from before, and whether they are all, where its sender says nothing of them."""
    before = stored(row).article
    complete = article.tags_complete if article.tags is not None or before.tags is None else before.tags_complete
    return replace(article, tags=_known_tags(article, before), tags_complete=complete)


def _with_known(article: Article, row: Any) -> Article:
    """Return the article with what its sender left out filled in; what is said now counts more than what stays.

    An archive's complete tags stay complete as long as a CMS lists them all and the text is the same.
    """
    before = stored(row).article
    rejected = article.rejected
    if not rejected:
        rejected = tuple(tag for tag in before.rejected if tag not in (article.tags or ()))
    all_there = article.tags is None or set(before.tags or ()) <= set(article.tags)
    return replace(
        article,
        tags=_known_tags(article, before),
        tags_complete=article.tags_complete
        or (came_complete(row) and all_there and text_digest(article) == row["digest"]),
        rejected=rejected,
        published_at=article.published_at or before.published_at,
        url=article.url or before.url,
    )
