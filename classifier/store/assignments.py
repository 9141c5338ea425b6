"""The tags that archive runs added, in a log of their own, so that none is read as a person's decision.

A run writes a batch of articles and its progress in one transaction. Killed anywhere, it resumes from there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import count
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, or_, select

from classifier.domain.articles import Article
from classifier.domain.decisions import GIVES, TAKES, Decision, Standing
from classifier.domain.progress import Amount
from classifier.domain.taxonomy import Taxonomy
from classifier.store.events import ADDED, TAKEN_BACK, Noted, note
from classifier.store.log import listings, read_log, standings_of
from classifier.store.queue import STARTER
from classifier.store.rows import BATCH, Columns, Part, hold_articles, now, stored, tags_of_runs
from classifier.store.runs import Run, user_name
from classifier.store.schema import articles, assignments, decisions, runs
from classifier.store.taxonomy import head_of

OUT_OF_SCOPE, COMPLETE, BLIND = "out of scope", "complete", "blind"
STANDS, CONFIRMED, UNDONE = "added", "confirmed", "undone"  # states of a `Change`

N_NAMED = 20  # articles that are named of those from which a run is taken back
Stamp = tuple[str, int]  # when an article last changed, and how long its log is


@dataclass(frozen=True)
class Scope:
    """Selects articles by day of publication, source, tags of which they have one, and tags of which they have none.

    `stored_by` is the moment by which they were stored, None for any.
    """

    since: str | None = None
    until: str | None = None
    source: str | None = None
    with_tags: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()
    stored_by: str | None = None

    def holds(self, dated_at: str | None, tags: Iterable[str]) -> bool:
        """Return whether the scope selects an article by its tags and its date in UTC, None if it has none."""
        tag_set = set(tags)
        if (self.since or self.until) and dated_at is None:
            return False
        return (
            (self.since or "") <= (dated_at or "")
            and (self.until is None or (dated_at or "") < _after(self.until))
            and (not self.with_tags or not tag_set.isdisjoint(self.with_tags))
            and tag_set.isdisjoint(self.without_tags)
        )

    def through(self, taxonomy: Taxonomy | None) -> Scope:
        """Return the same scope by living tags."""
        if taxonomy is None:
            return self
        with_tags, without_tags = (tuple(map(taxonomy.paths.heir, ids)) for ids in (self.with_tags, self.without_tags))
        return replace(self, with_tags=with_tags, without_tags=without_tags)

    def to_json(self) -> dict[str, object]:
        """Return it as plain JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Scope:
        """Return the scope of plain JSON."""
        parts: Any = {name: tuple(part) if isinstance(part, list) else part for name, part in value.items()}
        return cls(**parts)


class Candidate(NamedTuple):
    """An article that a run may tag, with what is known of its tags and what runs have added.

    `passed_over` says why it may not be tagged. Its tags are out of scope, an editor has declared them complete, or it is
    blind and not closed yet.
    """

    article: Article
    standing: Standing = Standing()
    assigned: frozenset[str] = frozenset()
    passed_over: str | None = None
    stamp: Stamp = ("", 0)


class Additions(NamedTuple):
    """What a run would add to an article: tags with their scores."""

    article_id: str
    stamp: Stamp
    tags: Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Assignment:
    """A tag that a run added to an article."""

    article_id: str
    tag: str
    score: float
    run_id: str
    at: str
    undone_at: str | None = None


class Reader(NamedTuple):
    """Who reads which assignments: a `cms` key those of its own articles and of nobody's, None all; ids begin with `prefix`."""

    owner: str | None = None
    prefix: str = ""


class Change(NamedTuple):
    """An addition of a run or its undo, at its place among all of them.

    `tag` is the living tag. `state` is `added`, `confirmed` (a person has given the tag since) or `undone` (taken back, or a
    person or the sender took it off).
    """

    place: int
    assignment: Assignment
    tag: str
    state: str


class ToUndo(NamedTuple):
    """What the undo of a run takes back: how often each living tag, how many stay since a person decided, the first articles."""

    tags: Counter[str]
    n_kept: int
    first: list[str]


class Assignments(Part):
    """The tags that runs added to the articles of a store."""

    def count(self, scope: Scope, after: str = "") -> int:
        """Return how many articles `candidates` yields."""
        return self._number(_in_scope(scope, after).order_by(None).with_only_columns(func.count()))

    def candidates(self, scope: Scope, after: str = "") -> Iterator[Candidate]:
        """Yield the articles of a scope's days and source behind an id, in the order of ids and batch by batch."""
        while True:
            with self.reading() as connection:
                rows = connection.execute(_in_scope(scope, after).limit(BATCH)).mappings().all()
                candidates = _candidates(connection, rows, scope)
            if not rows:
                return
            yield from candidates
            after = rows[-1]["id"]

    def add(
        self, run: Run, additions: Sequence[Additions], progress: Callable[[set[str]], Mapping[str, object]]
    ) -> None:
        """Write what a run adds to a batch of articles, and its progress, all or nothing.

        Articles that have changed since they were read get nothing. `progress` is called with the ids of those that have not,
        and returns the progress that the record of the run keeps.
        """
        with self.giving_way() as connection:
            unchanged = _unchanged(connection, [article for article in additions if article.tags])
            added_at, place = now(), count(_head(connection) + 1)
            rows = [
                {"article_id": article.article_id, "tag": tag, "score": score, "run_id": run.id, "at": added_at}
                | {"place": next(place)}
                for article in additions
                if article.article_id in unchanged
                for tag, score in article.tags
            ]
            if rows:
                connection.execute(assignments.insert(), rows)
                tagged = dict.fromkeys(str(row["article_id"]) for row in rows)
                note(connection, ADDED, (Noted(run.started_by, each, run.id, at=added_at) for each in tagged))
            connection.execute(runs.update().where(runs.c.id == run.id).values(result=progress(unchanged)))

    def to_undo(self, run_id: str) -> ToUndo:
        """Return what `undo` would take back now."""
        tags, n_kept, first = Counter[str](), 0, list[str]()
        for page in self.pages(_of_run(run_id).where(assignments.c.undone_at.is_(None)), assignments.c.n):
            rows = [row._mapping for row in page]
            with self.reading() as connection:
                decided, taxonomy = _decided(connection, rows), head_of(connection)
            free = [row for row in rows if row["n"] not in decided]
            tags.update(_read_as(row["tag"], taxonomy) for row in free)
            first += [row["article_id"] for row in free[: N_NAMED - len(first)]]
            n_kept += len(decided)
        return ToUndo(tags, n_kept, first)

    def undo(self, run_id: str, by: str | None = None) -> tuple[int, list[Decision]]:
        """Take back the tags that still stand of a run. Return their number, and people's decisions for which tags stay.

        `by` is who does so, by default the user of this process.
        """
        n, decided_on, last = 0, list[Decision](), 0
        while True:
            with self.giving_way() as connection:
                query = _of_run(run_id).where(assignments.c.undone_at.is_(None), assignments.c.n > last)
                rows = connection.execute(query.order_by(assignments.c.n).limit(BATCH)).mappings().all()
                hold_articles(connection, (row["article_id"] for row in rows))
                decided = _decided(connection, rows)
                free = [row["n"] for row in rows if row["n"] not in decided]
                place = _head(connection) + 1 + assignments.c.n - min(free, default=0)
                undone = assignments.update().where(assignments.c.n.in_(free))
                connection.execute(undone.values(undone_at=now(), place=place))
                untagged = dict.fromkeys(row["article_id"] for row in rows if row["n"] not in decided)
                note(connection, TAKEN_BACK, (Noted(by or user_name(), each, run_id) for each in untagged))
            if not rows:
                return n, decided_on
            n, last = n + len(free), rows[-1]["n"]
            decided_on += decided.values()

    def of_article(self, article_id: str) -> list[Assignment]:
        """Return what runs added to an article, also what they took back, in its order."""
        query = select(assignments).where(assignments.c.article_id == article_id).order_by(assignments.c.n)
        return [_of_row(row) for row in self._rows(query)]

    def changes(self, since: int, limit: int, reader: Reader) -> tuple[list[Change], int]:
        """Return what runs added and took back behind a place, the oldest first, and the last place of all.

        Each addition is there once: at the place of its undo if it was undone.
        """
        query = select(assignments).join(articles, articles.c.id == assignments.c.article_id)
        query = query.where(assignments.c.place > since, articles.c.source != STARTER)
        if reader.owner is not None:
            query = query.where(or_(articles.c.owner == reader.owner, articles.c.owner.is_(None)))
        if reader.prefix:
            query = query.where(articles.c.id.startswith(reader.prefix, autoescape=True))
        with self.reading() as connection:
            head = _head(connection)
            rows = connection.execute(query.order_by(assignments.c.place).limit(limit)).mappings().all()
            decided, overruled, taxonomy = _decided(connection, rows), _overruled(connection, rows), head_of(connection)
        return [
            Change(
                row["place"],
                _of_row(row),
                _read_as(row["tag"], taxonomy),
                UNDONE
                if row["undone_at"] is not None or row["n"] in overruled
                else CONFIRMED
                if row["n"] in decided
                else STANDS,
            )
            for row in rows
        ], head

    def standing(self, run_id: str | None = None, amount: Amount | None = None) -> Iterator[Assignment]:
        """Yield the tags that runs, or one run, added and that nobody has undone or removed since.

        An `amount` is told how much is read.
        """
        query = _of_run(run_id).where(assignments.c.undone_at.is_(None))
        for page in self.pages(query, assignments.c.n, amount=amount):
            rows = [row._mapping for row in page]
            with self.reading() as connection:
                overruled = _overruled(connection, rows)
            yield from (_of_row(row) for row in rows if row["n"] not in overruled)

    def undone(self, run_id: str | None = None, amount: Amount | None = None) -> Iterator[Assignment]:
        """Yield what was taken back and has not been added again. An `amount` is told how much is read."""
        again = assignments.alias()
        same_tag = (again.c.article_id == assignments.c.article_id) & (again.c.tag == assignments.c.tag)
        stands = select(again.c.n).where(same_tag, again.c.undone_at.is_(None)).exists()
        query = _of_run(run_id).where(assignments.c.undone_at.is_not(None), ~stands)
        for rows in self.pages(query, assignments.c.n, amount=amount):
            yield from (_of_row(row._mapping) for row in rows)


def _head(connection: Connection) -> int:
    """Return the last place, 0 if there is none."""
    return connection.scalar(select(func.max(assignments.c.place))) or 0


def _in_scope(scope: Scope, after: str) -> Select[Any]:
    query: Select[Any] = select(articles).where(articles.c.id > after).order_by(articles.c.id)
    # The articles that come with the product are nobody's archive.
    query = query.where(articles.c.source == scope.source if scope.source else articles.c.source != STARTER)
    if scope.since is not None or scope.until is not None:
        query = query.where(articles.c.published_at.is_not(None))
    if scope.since is not None:
        query = query.where(articles.c.dated_at >= scope.since)
    if scope.until is not None:
        query = query.where(articles.c.dated_at < _after(scope.until))
    if scope.stored_by is not None:
        query = query.where(articles.c.created_at <= scope.stored_by)
    return query


def _after(day: str) -> str:
    """Return what sorts behind every time of a day: "~" does so behind every digit and letter."""
    return f"{day}~"


def _candidates(connection: Connection, rows: Sequence[Columns], scope: Scope) -> list[Candidate]:
    ids = [row["id"] for row in rows]
    logs, added = read_log(connection, ids), tags_of_runs(connection, ids)
    standings, taxonomy = standings_of(connection, rows), head_of(connection)
    candidates = []
    for row in rows:
        standing, stamp = standings[row["id"]], (row["updated_at"], len(logs.get(row["id"], ())))
        of_runs = (tag for tag, undone_at in added.get(row["id"], {}).items() if undone_at is None)
        assigned = frozenset(_read_as(tag, taxonomy) for tag in of_runs)
        why = _passed_over(row, standing, scope.through(taxonomy))
        candidates.append(Candidate(stored(row).article, standing, assigned, why, stamp))
    return candidates


def _passed_over(row: Columns, standing: Standing, scope: Scope) -> str | None:
    if not scope.holds(row["dated_at"] if row["published_at"] else None, standing.tags):
        return OUT_OF_SCOPE
    if row["blind"] and row["state"] != "closed":
        return BLIND
    return COMPLETE if standing.closed_at is not None else None


def _unchanged(connection: Connection, additions: Sequence[Additions]) -> set[str]:
    """Return which articles are as they were when they were read, and hold them so until the transaction ends."""
    ids = sorted(article.article_id for article in additions)
    held = select(articles.c.id, articles.c.updated_at).where(articles.c.id.in_(ids)).order_by(articles.c.id)
    updated = {row.id: row.updated_at for row in connection.execute(held.with_for_update())}
    counted = select(decisions.c.article_id, func.count()).where(decisions.c.article_id.in_(ids))
    n_rows = {key: int(n) for key, n in connection.execute(counted.group_by(decisions.c.article_id))}
    stamps = {article_id: (updated_at, n_rows.get(article_id, 0)) for article_id, updated_at in updated.items()}
    return {article.article_id for article in additions if stamps.get(article.article_id) == article.stamp}


def _of_run(run_id: str | None) -> Select[Any]:
    query = select(assignments)
    return query if run_id is None else query.where(assignments.c.run_id == run_id)


def _decided(connection: Connection, rows: Sequence[Columns]) -> dict[int, Decision]:
    """Return by the numbers of rows the decision on the tag that a person has made since."""
    standings = standings_of(connection, listings(connection, {row["article_id"] for row in rows}))
    decided: dict[int, Decision] = {}
    taxonomy = head_of(connection)
    for row in rows:
        decision = standings.get(row["article_id"], Standing()).decisions.get(_read_as(row["tag"], taxonomy))
        if decision is not None and decision.action in GIVES | TAKES and decision.at >= row["at"]:
            decided[row["n"]] = decision
    return decided


def _overruled(connection: Connection, rows: Sequence[Columns]) -> set[int]:
    """Return the numbers of rows whose tag a person or the sender took off, or whose article was deleted."""
    decided = _decided(connection, rows)
    query = select(articles.c.id, articles.c.rejected).where(articles.c.id.in_({row["article_id"] for row in rows}))
    taxonomy = head_of(connection)
    wrong = {row.id: {_read_as(tag, taxonomy) for tag in row.rejected} for row in connection.execute(query)}
    return {
        row["n"]
        for row in rows
        if row["article_id"] not in wrong
        or (
            decided[row["n"]].action in TAKES
            if row["n"] in decided
            else _read_as(row["tag"], taxonomy) in wrong[row["article_id"]]
        )
    }


def _read_as(tag: str, taxonomy: Taxonomy | None) -> str:
    return tag if taxonomy is None else taxonomy.paths.heir(tag)


def _of_row(row: Columns) -> Assignment:
    return Assignment(**{field.name: row[field.name] for field in fields(Assignment)})
