"""The queue: which articles wait for an editor, and in which order."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select, true, union_all

from classifier.domain.resolving import Paths
from classifier.domain.taxonomy import Taxonomy
from classifier.store.counts import counted
from classifier.store.redeciding import waiting_ids
from classifier.store.rows import Part, StoredArticle, batches, hold_articles, stored
from classifier.store.schema import article_counts, articles, closings, sample_articles, samples, suggested
from classifier.store.searching import Sought, is_found, is_one_of_few, matches
from classifier.store.settling import settled_through
from classifier.store.suggestion_sets import note_shown
from classifier.store.taxonomy import head_of

STARTER = "starter"  # source of the articles that come with the product, which nobody has to review
STATES = ("new", "started", "closed")
ORDERS = ("turns", "newest", "teach")
DRAWN = "drawn"  # the order of a sample
CHANCE = 0.1  # share of articles drawn by lot, so that editors also see what the model is sure of
EVERY = 10
WALKED = 4000  # articles in the order of the queue that are looked through for a text
FEW = 4000  # articles of a source, of days, of a language or of a search that are read without the index of the order
MOST_LANGUAGES = 100  # to choose from
LAST = 9.0  # sorts behind every margin: articles that were never judged


@dataclass(frozen=True)
class Wanted:
    """Which articles are wanted, and in which order.

    `state` is one of `STATES`, `open` (new and started) or None for all. `tag` selects articles for which it is suggested and
    not settled, shown or not. `viewer` leaves out of the open articles those that this editor has closed. `paths` say
    how the store reads ids. `sample` selects the articles of a sample on whose tag nobody has decided, in the order `DRAWN`.
    `text` selects articles by what is looked for in them. `redecide` selects articles that wait for another decision instead
    of a tag that was split, the newest first.
    `language` selects articles by the code of the language in which a model read them, "" those of which it is not known.
    """

    state: str | None = None
    source: str | None = None
    tag: str | None = None
    since: str | None = None
    until: str | None = None
    order: str = "newest"
    viewer: str | None = None
    paths: Paths | None = field(default=None, compare=False)
    sample: str | None = None
    text: Sought | None = None
    redecide: str | None = None
    language: str | None = None

    def through(self, taxonomy: Taxonomy | None) -> "Wanted":
        """Return what is wanted of the living tag that `tag` is read as."""
        if taxonomy is None or self.tag is None:
            return self
        return replace(self, tag=taxonomy.paths.heir(self.tag), paths=taxonomy.paths)


# Where a page ended: (dated_at, id), for a sample (position,), for `teach` (margin, id, lot, id), or for `turns`
# (dated_at, id, doubt, id), with None where a stream has not begun.
PageEnd = tuple[Any, ...]
_Column: TypeAlias = ColumnElement[Any]
_Condition: TypeAlias = ColumnElement[bool]
_ALSO_OF_SOURCE = frozenset((articles.c.dated_at, articles.c.doubt))  # orders that have an index for each source, too


class BulkRow(NamedTuple):
    """An article in a list for one tag: the suggestion of the tag, and the set that it is of."""

    article_id: str
    title: str
    published_at: str | None
    score: float
    band: str
    suggestion_set_id: str


class Queue(Part):
    """The articles of a store as work."""

    def page(self, wanted: Wanted, after: PageEnd | None, limit: int) -> tuple[list[StoredArticle], PageEnd | None]:
        """Return a page of articles behind the end of another one, and its own end, None behind the last page."""
        ids, end = self.ids(wanted, after, limit)
        rows = {row["id"]: row for row in self._rows(select(articles).where(articles.c.id.in_(ids)))}
        return [stored(rows[article_id]) for article_id in ids if article_id in rows], end

    def ids(
        self, wanted: Wanted, after: PageEnd | None, limit: int, *where: ColumnElement[bool]
    ) -> tuple[list[str], PageEnd | None]:
        """Return a page as `page` does, but only the ids, of the articles on which conditions hold besides."""
        with self.reading() as connection:
            search = _Search(connection, _resolved(connection, wanted), where)
            if wanted.redecide is not None:
                return search.redeciding(after, limit)
            pages = {"teach": search.teaching, "turns": search.by_turns, DRAWN: search.drawn}
            return pages.get(wanted.order, search.newest)(after, limit)

    def counts(self, wanted: Wanted) -> dict[str, int]:
        """Return how many of the wanted articles are in each state, whatever state is wanted."""
        numbers: Counter[str] = Counter(dict.fromkeys(STATES, 0))
        if all(each is None for each in (wanted.tag, wanted.sample, wanted.text, wanted.redecide, wanted.language)):
            query = counted("state", of_days=_of_days(wanted, article_counts.c.day))
            query = query.where(*_of_source(wanted, article_counts.c.source))
            return numbers | {state: int(n) for state, n in self._tuples(query)}
        with self.reading() as connection:
            wanted = _resolved(connection, replace(wanted, state=None))
            of_language = _of_language(wanted, articles.c.text_language)  # with its index
            for conditions in _each_condition(connection, replace(wanted, language=None)):
                query = select(articles.c.state, func.count()).where(*conditions, *of_language)
                query = query.group_by(articles.c.state)
                numbers.update({row[0]: int(row[1]) for row in connection.execute(query)})
        return dict(numbers)

    def show(self, wanted: Wanted, limit: int) -> list[BulkRow]:
        """Return the articles for which `wanted.tag` is suggested and not settled, best score first, and note them as shown."""
        with self.reading() as connection:
            wanted = wanted.through(head_of(connection))
        names = ("id", "title", "published_at", "digest", "judged_by")
        columns: list[Any] = [*(articles.c[name] for name in names), suggested.c.score, suggested.c.band]
        tag = wanted.tag or ""
        query = select(*columns).join(suggested, suggested.c.article_id == articles.c.id)
        query = query.where(articles.c.state.in_(_states(wanted)), *_conditions(replace(wanted, tag=None)))
        query = query.where(suggested.c.tag == tag, _is_open(wanted))
        query = query.order_by(suggested.c.score.desc(), articles.c.id).limit(limit)
        rows = self._rows(query)
        if not rows:
            return []
        with self.engine.begin() as connection:
            ids = hold_articles(connection, [row["id"] for row in rows])
            rows = [row for row in rows if row["id"] in ids]
            sets = note_shown(connection, rows, tag)
        return [
            BulkRow(row["id"], row["title"], row["published_at"], row["score"], row["band"], sets[row["id"]])
            for row in rows
            if row["id"] in sets
        ]

    def sources(self) -> list[str]:
        """Return where the articles of the queue come from."""
        query = counted("source").where(article_counts.c.source != STARTER).order_by(article_counts.c.source)
        return [source for source, n in self._tuples(query) if n]

    def languages(self) -> list[str]:
        """Return the codes of the languages in which models have read articles, the first of them if there are very many."""
        code, codes = articles.c.text_language, [""]
        with self.reading() as connection:  # one after another: the index is not read whole
            while len(codes) <= MOST_LANGUAGES:
                following = connection.scalar(select(func.min(code)).where(code > codes[-1]))
                if following is None:
                    break
                codes.append(following)
        return codes[1:]


def _resolved(connection: Connection, wanted: Wanted) -> Wanted:
    """Return what is wanted, of the tag of the sample if there is one, by living tags."""
    if wanted.sample is not None:
        of_sample = select(samples.c.tag).where(samples.c.id == wanted.sample)
        wanted = replace(wanted, tag=connection.scalar(of_sample) or "")
    return wanted.through(head_of(connection))


def _of_source(wanted: Wanted, source: ColumnElement[str]) -> list[_Condition]:
    return [source != STARTER] + ([source == wanted.source] if wanted.source is not None else [])


def _of_days(wanted: Wanted, day: ColumnElement[str]) -> list[_Condition]:
    since = [day >= wanted.since] if wanted.since is not None else []
    # The whole day: "~" sorts behind every digit and letter.
    return since + ([day < f"{wanted.until}~"] if wanted.until is not None else [])


def _of_language(wanted: Wanted, code: ColumnElement[str]) -> list[_Condition]:
    if wanted.language is None:
        return []
    return [code == wanted.language if wanted.language else code.is_(None)]


def _conditions(wanted: Wanted) -> list[_Condition]:
    """Return what is wanted of articles, but for their state, so that source, day and language use no index."""
    conditions = _of_source(wanted, articles.c.source.concat(""))
    conditions += _of_days(wanted, articles.c.dated_at.concat(""))
    conditions += _of_language(wanted, articles.c.text_language.concat(""))
    if wanted.state == "open" and wanted.viewer is not None:
        mine = select(closings.c.editor).where(closings.c.article_id == articles.c.id)
        conditions.append(~mine.where(closings.c.editor == wanted.viewer).exists())
    if wanted.sample is not None:
        drawn = select(sample_articles.c.article_id).where(sample_articles.c.sample_id == wanted.sample)
        conditions.append(articles.c.id.in_(drawn) & _is_open(wanted))
    elif wanted.tag is not None:
        written = wanted.paths.written_as(wanted.tag) if wanted.paths is not None else (wanted.tag,)
        of_tag = select(suggested.c.article_id).where(suggested.c.tag.in_(written))
        conditions.append(articles.c.id.in_(of_tag) & _is_open(wanted))
    return conditions


def _each_condition(connection: Connection, wanted: Wanted) -> Iterator[list[_Condition]]:
    """Yield what is wanted of articles, but for their state: once, or for some of those that wait for another decision."""
    conditions = _conditions(wanted)
    if wanted.text is not None:
        conditions.append(is_found(connection, wanted.text))
    if wanted.redecide is None:
        yield conditions
        return
    for batch in batches(waiting_ids(connection, wanted.redecide)):
        yield [articles.c.id.in_(batch), *conditions]


def _states(wanted: Wanted) -> tuple[str, ...]:
    if wanted.state is None:
        return STATES
    return ("new", "started") if wanted.state == "open" else (wanted.state,)


def _is_open(wanted: Wanted) -> _Condition:
    """Return whether the tag is not settled. Blind articles that are not closed are left out."""
    hidden = articles.c.blind & (articles.c.state != "closed")
    return ~hidden & ~settled_through(articles.c.id, wanted.tag or "", wanted.paths)


def _below(key: _Column, end: PageEnd) -> _Condition:
    """Return whether an article comes behind the end of a stream in falling order."""
    if end[0] is None:
        return true()
    return and_(key <= end[0], ~((key == end[0]) & (articles.c.id >= end[1])))


def _next_new(
    streams: Sequence[deque[tuple[Any, str]]], ends: list[PageEnd], number: int, ids: dict[str, None]
) -> bool:
    """Add the next article of a stream that is not there yet, move the stream's end, and return whether there was one."""
    while streams[number]:
        ends[number] = row = streams[number].popleft()
        if row[1] not in ids:
            ids[row[1]] = None
            return True
    return False


class _Search:
    """Finds the wanted articles page by page. A page is the ids of its articles, and its end."""

    def __init__(self, connection: Connection, wanted: Wanted, where: Sequence[_Condition] = ()) -> None:
        self._connection, self._wanted, self._where = connection, wanted, where

    def newest(self, after: PageEnd | None, limit: int) -> tuple[list[str], PageEnd | None]:
        """Return a page of the newest articles, by their own dates."""
        rows = self._newest(after or (None, None), limit + 1)
        return [row[1] for row in rows[:limit]], rows[limit - 1] if len(rows) > limit else None

    def by_turns(self, after: PageEnd | None, limit: int) -> tuple[list[str], PageEnd | None]:
        """Return a page of two streams by turns, the newest and the most doubtful, each article once."""
        of_date, of_doubt = (after[:2], after[2:]) if after else ((None, None), (None, None))
        dated_at, doubt = articles.c.dated_at, articles.c.doubt
        # What the other stream has given on earlier pages is left out by its end, and on this page by its id.
        by_date = self._newest(of_date, 2 * limit + 1, doubt.is_(None) | _below(doubt, of_doubt))
        by_doubt = self._first(
            doubt, 2 * limit + 1, doubt.is_not(None), _below(doubt, of_doubt), _below(dated_at, of_date), last=True
        )
        streams, ends, ids = (deque(by_date), deque(by_doubt)), [of_date, of_doubt], dict[str, None]()
        while len(ids) < limit and any(streams):
            for number in (len(ids) % 2, 1 - len(ids) % 2):
                if _next_new(streams, ends, number, ids):
                    break
        is_last = not any(row[1] not in ids for stream in streams for row in stream)
        return list(ids), None if is_last else (*ends[0], *ends[1])

    def _newest(self, after: PageEnd, limit: int, *where: _Condition) -> list[tuple[Any, str]]:
        dated_at = articles.c.dated_at
        return self._first(
            dated_at, limit, *_of_days(self._wanted, dated_at), _below(dated_at, after), *where, last=True
        )

    def teaching(self, after: PageEnd | None, limit: int) -> tuple[list[str], PageEnd | None]:
        """Return a page of two streams: what teaches most, and as every tenth article one that comes by lot."""
        after = after or (None, None, None, None)
        by_margin = self._by_margin(after[:2], limit + 1)
        by_lot = self._behind(articles.c.lot, after[2:], limit + 1, articles.c.lot < CHANCE)
        ids: list[str] = []
        n_margin = n_lot = 0
        while len(ids) < limit and (n_margin < len(by_margin) or n_lot < len(by_lot)):
            if n_lot < len(by_lot) and (len(ids) % EVERY == EVERY - 1 or n_margin >= len(by_margin)):
                ids.append(by_lot[n_lot][1])
                n_lot += 1
            else:
                ids.append(by_margin[n_margin][1])
                n_margin += 1
        if n_margin == len(by_margin) and n_lot == len(by_lot):
            return ids, None
        margin_end = by_margin[n_margin - 1] if n_margin else after[:2]
        lot_end = by_lot[n_lot - 1] if n_lot else after[2:]
        return ids, (*margin_end, *lot_end)

    def drawn(self, after: PageEnd | None, limit: int) -> tuple[list[str], PageEnd | None]:
        """Return a page of the articles of a sample, in the order in which they were drawn."""
        position, wanted = sample_articles.c.position, self._wanted
        query = select(position, articles.c.id).join(articles, articles.c.id == sample_articles.c.article_id)
        query = query.where(sample_articles.c.sample_id == wanted.sample, position > (after[0] if after else -1))
        query = query.where(articles.c.state.in_(_states(wanted)), *_conditions(wanted), *self._where)
        rows = self._connection.execute(query.order_by(position).limit(limit + 1)).all()
        return [row.id for row in rows[:limit]], (rows[limit - 1].position,) if len(rows) > limit else None

    def redeciding(self, after: PageEnd | None, limit: int) -> tuple[list[str], PageEnd | None]:
        """Return a page of the articles that wait for another decision instead of a tag, the newest first."""
        rows: list[tuple[str, str]] = []
        for conditions in _each_condition(self._connection, self._wanted):
            query = select(articles.c.dated_at, articles.c.id).where(*conditions, *self._where)
            found = self._connection.execute(query.where(articles.c.state.in_(_states(self._wanted))))
            rows += ((row.dated_at, row.id) for row in found)
        behind = sorted((row for row in rows if after is None or row < tuple(after)), reverse=True)
        return [row[1] for row in behind[:limit]], behind[limit - 1] if len(behind) > limit else None

    def _by_margin(self, after: PageEnd, limit: int) -> list[tuple[Any, str]]:
        """Return keys and ids of articles by margin, and behind them by id those that were never judged."""
        margin = articles.c.margin
        not_by_lot = articles.c.lot + 0.0 >= CHANCE  # a sum: the index of lots has another order
        rows: list[tuple[Any, str]] = []
        if after[0] is None or after[0] < LAST:
            rows = self._behind(margin, after, limit, not_by_lot, margin.is_not(None))
            after = (None, None)
        if len(rows) < limit:
            unasked = [not_by_lot, margin.is_(None)]
            if after[1] is not None:
                unasked.append(articles.c.id > after[1])
            rows += [(LAST, row[1]) for row in self._first(margin, limit - len(rows), *unasked)]
        return rows

    def _behind(self, key: _Column, after: PageEnd, limit: int, *where: _Condition) -> list[tuple[Any, str]]:
        conditions = list(where)
        if after[0] is not None:
            conditions += [key >= after[0], ~((key == after[0]) & (articles.c.id <= after[1]))]
        return self._first(key, limit, *conditions)

    def _first(self, key: _Column, limit: int, *where: _Condition, last: bool = False) -> list[tuple[Any, str]]:
        """Return key and id of the first articles in the order of both, from its index or from a few articles."""
        query = select(key.label("key"), articles.c.id).where(*where)
        conditions, states = [*_conditions(self._wanted), *self._where], _states(self._wanted)
        of_source = _of_source(self._wanted, articles.c.source)[1:]
        rows: Sequence[Any] | None = None
        if not (few := self._few([] if key in _ALSO_OF_SOURCE else of_source)):
            indexed = query.where(*of_source) if key in _ALSO_OF_SOURCE else query
            ordered = indexed.order_by(*(column.desc() if last else column for column in (key, articles.c.id)))
            walks = [ordered.where(articles.c.state == state) for state in states]
            if self._wanted.text is not None:
                rows = self._walked(walks, key, limit, conditions, last)
                few = [is_found(self._connection, self._wanted.text)]
            else:
                parts = (select(walk.where(*conditions).limit(limit).subquery()) for walk in walks)
                rows = self._connection.execute(union_all(*parts)).all()
        if rows is None:
            of_states = articles.c.state.concat("").in_(states)
            rows = self._connection.execute(query.where(*conditions, *few, of_states)).all()
        pairs = ((row.key, row.id) for row in rows)
        return sorted(pairs, key=lambda pair: (pair[0] or 0.0, pair[1]), reverse=last)[:limit]

    def _walked(
        self, walks: Sequence[Select[Any]], key: _Column, limit: int, conditions: Sequence[_Condition], last: bool
    ) -> list[Any] | None:
        """Return the first rows of each walk that match the text, or None if they are not among its first WALKED."""
        rows, fits = list[Any](), [*conditions, matches(self._wanted.text or Sought())]
        for walk in walks:
            end = self._connection.execute(walk.offset(WALKED).limit(1)).first()
            within = [] if end is None else [articles.c.id <= end.id]
            if end is not None and end.key is not None:  # those without a key are in the order of their ids alone
                within = [key >= end.key if last else key <= end.key]
            found = self._connection.execute(walk.where(*fits, *within).limit(limit)).all()
            if end is not None and len(found) < limit:
                return None
            rows += found
        return rows

    @cached_property
    def _found(self) -> _Condition | None:
        return is_one_of_few(self._connection, self._wanted.text, FEW) if self._wanted.text is not None else None

    def _few(self, of_source: list[_Condition]) -> list[_Condition]:
        """Return conditions on few articles, one of which has an index, or an empty list."""
        if self._found is not None:
            return [self._found]
        choices, text = [], self._wanted.text
        if of_source:
            of_counts = _of_source(self._wanted, article_counts.c.source)
            choices.append((of_source, counted().where(*of_counts)))
        if days := _of_days(self._wanted, articles.c.dated_at):
            choices.append((days, counted(of_days=_of_days(self._wanted, article_counts.c.day))))
        if language := _of_language(self._wanted, articles.c.text_language):
            first = select(articles.c.id).where(*language).limit(FEW + 1).subquery()
            choices.append((language, select(func.count()).select_from(first)))
        for condition, query in choices:
            if int(self._connection.scalar(query) or 0) <= FEW:
                return [*condition, *([matches(text)] if text is not None else ())]
        return []
