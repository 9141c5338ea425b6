"""The decision log, to which rows are only added. The state that they add up to is kept with the article."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from classifier.domain.decisions import CMS, Decision, Impression, Listing, Standing, fold, without_undone
from classifier.domain.redeciding import Choice, choices_of
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import BadDecision
from classifier.store.changes import note_change
from classifier.store.requests import Request, keep, reply_to
from classifier.store.rows import Columns, Part, came_complete, existing_row, new_id, now, tags_of_runs
from classifier.store.schema import articles, closings, decisions, impressions, suggestion_sets
from classifier.store.sketches import Sketches, compare_texts, same_texts, sketches_for_decision
from classifier.store.standing import not_undone, settled
from classifier.store.suggestion_sets import newest_set
from classifier.store.taxonomy import head_of

_FIELDS = [decisions.c[field.name] for field in fields(Decision)]  # in the order of its arguments
_OF_SUGGESTION = [impressions.c[name] for name in ("tag", "suggestion_set_id", "shown_at", "score", "band")]
_SHOWN = select(suggestion_sets.c.article_id, *_OF_SUGGESTION).select_from(impressions.join(suggestion_sets))

NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Draft:
    """A decision that is asked for: on a tag, or (complete, reopen) on the article, or the undo of an earlier one."""

    action: str
    tag: str | None = None
    reason: str | None = None
    note: str | None = None
    undoes: str | None = None


@dataclass(frozen=True)
class Changes:
    """What a CMS took off an article, and what it lists that it did not list before."""

    dropped: Sequence[str] = ()
    listed: Sequence[str] = ()


@dataclass(frozen=True)
class ArticleLog:
    """The rows of an article's log, digests of texts that are materially its present one, and what its sender lists.

    `taxonomy` is the one through which ids are read, None for none.
    """

    rows: Sequence[Decision]
    current: Collection[str]
    listing: Listing
    taxonomy: Taxonomy | None = None

    def standing(self, by: str | None = None) -> Standing:
        """Return what is known of the article's tags. With `by`, only decisions of that editor and the CMS count."""
        return self._said(by).through(self.taxonomy)

    def choices(self, by: str | None = None) -> list[Choice]:
        """Return what has to be decided again since the taxonomy changed, with `by` by the same decisions."""
        return choices_of(self._said(by), self.taxonomy)

    def _said(self, by: str | None) -> Standing:
        rows = self.rows if by is None else [row for row in self.rows if row.editor in (by, CMS)]
        return fold(rows, self.current, self.listing, self.taxonomy)


class DecisionLog(Part):
    """The decisions of a store."""

    def decide(
        self,
        article_id: str,
        drafts: Sequence[Draft],
        editor: str,
        make_reply: Callable[[list[Decision], ArticleLog], Mapping[str, object]],
        *,
        complete: bool = False,
        suggestion_set_id: str | None = None,
        in_bulk: bool = False,
        may_undo_all: bool = False,
        request: Request | None = None,
    ) -> Mapping[str, object]:
        """Add decisions to the log, all or none, and return the reply that `make_reply` makes of them.

        Without a suggestion set, the newest one of the article's present text is meant. A request is carried out once: whoever
        repeats it gets the same reply.

        Args:
            make_reply: called with the new rows, and with the article's log as it is with them.
            complete: close the article, unless this editor has.
            in_bulk: whether the editor decided over a list of articles.

        Raises:
            NotFound: if there is no such article.
            BadDecision: naming the draft: its set is another article's, or what it would undo cannot be undone.
            Busy: if another request with the same key is being carried out.
        """
        sketches: Sketches = {}
        if suggestion_set_id is not None and "\0" not in article_id:
            sketches = sketches_for_decision(self.engine, article_id, suggestion_set_id)
        with self.engine.begin() as connection:
            row = existing_row(connection, article_id, hold=True)
            if request is not None and (reply := reply_to(connection, request)) is not None:
                return reply
            shown = _set_of(connection, row, suggestion_set_id)
            log = log_of(connection, article_id)
            added: list[Decision] = []
            for number, draft in enumerate(drafts):  # an undo may take back an earlier one of them
                undone = _undoable(draft, [*log, *added], editor, may_undo_all, number)
                decision = _decision(draft, row, editor, shown, undone)
                added.append(replace(decision, in_bulk=True) if in_bulk and undone is None else decision)
            if complete and editor not in standing_of(connection, row, [*log, *added]).closed_by:
                added.append(_decision(Draft("complete"), row, editor, shown, None))
            append(connection, added)
            if any(decision.digest != row["digest"] for decision in added):
                compare_texts(connection, row, sketches)
            refresh(connection, row, [*log, *added])
            reply = make_reply(added, article_log(connection, row, [*log, *added]))
            if request is not None:
                keep(connection, request, reply)
            note_change(connection)
            return reply

    def reply(self, request: Request) -> Mapping[str, object] | None:
        """Return the reply to a request, or None if it was not carried out yet."""
        with self.reading() as connection:
            return reply_to(connection, request)

    def keep_reply(self, request: Request, reply: Mapping[str, object]) -> None:
        """Keep the reply to a request that was carried out in a transaction of its own."""
        with self.engine.begin() as connection:
            keep(connection, request, reply)

    def read(self, article_id: str) -> ArticleLog:
        """Return the log of an article, or raise `NotFound`."""
        with self.reading() as connection:
            return article_log(connection, existing_row(connection, article_id), log_of(connection, article_id))

    def all(self) -> Iterator[Decision]:
        """Yield the whole log in its order, without holding it in memory."""
        for rows in self.pages(select(decisions.c.n, *_FIELDS), decisions.c.n):
            yield from (Decision(*row[1:]) for row in rows)

    def standings(self, article_ids: Sequence[str]) -> dict[str, Standing]:
        """Return what is known of the tags of some articles."""
        with self.reading() as connection:
            return standings_of(connection, listings(connection, article_ids))

    def impressions(self, article_id: str) -> list[Impression]:
        """Return the impressions of an article in their order."""
        query = _SHOWN.add_columns(settled(suggestion_sets.c.article_id, impressions.c.tag))
        order = impressions.c.shown_at, impressions.c.suggestion_set_id, impressions.c.tag
        query = query.where(suggestion_sets.c.article_id == article_id).order_by(*order)
        return [replace(Impression(*row[:-1]), answered=bool(row[-1])) for row in self._tuples(query)]

    def all_impressions(self) -> Iterator[Impression]:
        """Yield all impressions, in no order and without `answered`."""
        with self.reading() as connection:
            for row in connection.execute(_SHOWN):
                yield Impression(*row)

    def last(self) -> int:
        """Return the number of the newest decision, 0 if there is none."""
        return self._number(select(func.max(decisions.c.n)))

    def since(self, number: int, limit: int) -> list[Decision]:
        """Return up to `limit` decisions behind a number, in their order."""
        query = select(*_FIELDS).where(decisions.c.n > number).order_by(decisions.c.n).limit(limit)
        return [Decision(*row) for row in self._tuples(query)]

    def n_articles(self) -> int:
        """Return on how many articles people have decided."""
        query = select(func.count(decisions.c.article_id.distinct())).where(decisions.c.editor != CMS)
        return self._number(query)

    def counts_of(self, tags: Sequence[str]) -> dict[str, dict[str, int]]:
        """Return by tag and action how many decisions there are that were not undone, by the ids as they were written."""
        of_tags = select(decisions.c.tag, decisions.c.action, func.count()).where(decisions.c.tag.in_(tags))
        query = of_tags.where(not_undone(decisions)).group_by(decisions.c.tag, decisions.c.action)
        counts: dict[str, dict[str, int]] = {}
        for tag, action, n in self._tuples(query.order_by(decisions.c.tag, decisions.c.action)):
            counts.setdefault(tag, {})[action] = int(n)
        return counts

    def shown_tags(self) -> tuple[dict[str, int], int]:
        """Return how often each tag was suggested, by living tags, and on how many articles anything was."""
        of_tags = select(impressions.c.tag, func.count()).group_by(impressions.c.tag)
        on = select(func.count(suggestion_sets.c.article_id.distinct())).select_from(suggestion_sets.join(impressions))
        with self.reading() as connection:
            heir = taxonomy.paths.heir if (taxonomy := head_of(connection)) is not None else str
        shown: Counter[str] = Counter()
        for tag, n in self._tuples(of_tags):
            shown[heir(tag)] += int(n)
        return dict(shown), self._number(on)


def read_log(connection: Connection, article_ids: Sequence[str]) -> Mapping[str, list[Decision]]:
    """Return the logs of some articles, each in its order."""
    logs: dict[str, list[Decision]] = defaultdict(list)
    query = select(*_FIELDS).where(decisions.c.article_id.in_(article_ids)).order_by(decisions.c.n)
    for row in connection.execute(query):
        logs[row.article_id].append(Decision(*row))
    return logs


def log_of(connection: Connection, article_id: str) -> list[Decision]:
    """Return the log of one article."""
    return read_log(connection, [article_id]).get(article_id, [])


def append(connection: Connection, rows: Iterable[Decision]) -> None:
    """Add rows to the log."""
    if values := [vars(row) for row in rows]:
        connection.execute(decisions.insert(), values)


def add_decision(connection: Connection, row: Columns, log: Sequence[Decision], draft: Draft, editor: str) -> Decision:
    """Add a decision to the log of the article of a row, whose log is given, and return it."""
    undone = next((earlier for earlier in log if earlier.id == draft.undoes), None)
    decision = _decision(draft, row, editor, _set_of(connection, row, None), undone)
    append(connection, [decision])
    refresh(connection, row, [*log, decision])
    note_change(connection)
    return decision


def standing_of(connection: Connection, row: Columns, log: Sequence[Decision]) -> Standing:
    """Return what a log adds up to for the article of a row."""
    return article_log(connection, row, log).standing()


def article_log(connection: Connection, row: Columns, log: Sequence[Decision]) -> ArticleLog:
    """Return the log of the article of a row with what it is folded on."""
    current = {row["digest"]}
    if any(decision.digest not in current for decision in log):
        current |= same_texts(connection, [row["id"]])[row["id"]]
    return ArticleLog(log, current, _listing(row), head_of(connection))


def standings_of(connection: Connection, rows: Sequence[Columns], as_written: bool = False) -> dict[str, Standing]:
    """Return what is known of the tags of the articles of some rows, by living tags, or by the ids as they were written."""
    ids, taxonomy = [row["id"] for row in rows], head_of(connection)
    logs, same = read_log(connection, ids), same_texts(connection, ids)
    standings = {}
    for row in rows:
        current = {row["digest"], *same[row["id"]]}
        standing = fold(logs.get(row["id"], ()), current, _listing(row), taxonomy)
        standings[row["id"]] = standing if as_written else standing.through(taxonomy)
    return standings


def listings(connection: Connection, article_ids: Collection[str]) -> Sequence[RowMapping]:
    """Return of some articles what `standings_of` reads, without their texts."""
    columns = (articles.c[name] for name in ("id", "tags", "rejected", "digest"))
    return connection.execute(select(*columns).where(articles.c.id.in_(article_ids))).mappings().all()


def _listing(row: Columns) -> Listing:
    return Listing(tuple(row["tags"] or ()), tuple(row["rejected"]))


def refresh(connection: Connection, row: Columns, log: Sequence[Decision]) -> None:
    """Bring the article's state up to its log."""
    standing = standing_of(connection, row, log)
    closed = came_complete(row) or len(standing.closed_by) >= row["n_editors"]
    # Whether somebody looked at the article itself for a decision.
    started = any(decision.editor != CMS and decision.question_id is None for decision in without_undone(log))
    state = "closed" if closed else "started" if started else "new"
    connection.execute(articles.update().where(articles.c.id == row["id"]).values(state=state))
    connection.execute(closings.delete().where(closings.c.article_id == row["id"]))
    if standing.closed_by:
        rows = [{"article_id": row["id"], "editor": editor} for editor in sorted(standing.closed_by)]
        connection.execute(closings.insert(), rows)


def follow_cms(
    connection: Connection,
    before: Columns,
    source: str,
    tags: Sequence[str] | None,
    explained: Mapping[str, str] = NOTHING,
) -> Changes:
    """Log what a CMS changed since it last listed the tags of an article: what it dropped, and what it gave back.

    The CMS may name tags differently from an import. So it counts for nothing that it does not list what an import listed,
    nor that it does not list an `explained` id, unless the article has changed since the moment that stands with the id.
    Ids are compared as they are read now: a CMS that follows a merge or a rename has dropped nothing.
    """
    taxonomy = head_of(connection)
    lists, listed_before = _read_as(tags or (), taxonomy), _read_as(before["tags"] or (), taxonomy)
    listed = tuple(tag for tag in lists if tag not in listed_before)
    if tags is None or before["tags"] is None or before["source"] != source:
        return Changes((), listed)
    log = log_of(connection, before["id"])
    has = standing_of(connection, before, log).tags
    # No person has decided on a tag that the CMS lists or drops because an archive run added it or took it back.
    runs = tags_of_runs(connection, [before["id"]]).get(before["id"], {})
    added = {heir: undone_at for tag, undone_at in runs.items() for heir in _read_as([tag], taxonomy)}
    free = _not_removed(before, lists, explained, taxonomy)
    dropped = [
        tag for tag in listed_before if tag not in lists and tag in has and not added.get(tag) and tag not in free
    ]
    decided = set(_read_as((row.tag for row in log if row.tag is not None), taxonomy))
    given_back = [tag for tag in listed if tag in decided and tag not in has and (tag not in added or added[tag])]
    drafts = [Draft("remove", tag) for tag in dropped] + [Draft("add", tag) for tag in given_back]
    shown = _set_of(connection, before, None)
    append(connection, [_decision(draft, before, CMS, shown, None) for draft in drafts])
    return Changes(dropped, listed)


def _not_removed(
    before: Columns, lists: Collection[str], explained: Mapping[str, str], taxonomy: Taxonomy | None
) -> set[str]:
    """Return tags of an article that nobody removed, although a CMS does not list them any more."""
    free = {tag for tag, at in explained.items() if before["updated_at"] <= at}
    free |= set(_read_as(free, taxonomy))
    if taxonomy is not None:  # the undo of a merge gave the article back the tag that had been merged
        moment, listed = before["updated_at"], _read_as(before["tags"] or (), taxonomy)
        free |= {tag for tag in listed if not set(lists).isdisjoint(taxonomy.paths.parted(tag, moment))}
    return free


def _read_as(tags: Iterable[str], taxonomy: Taxonomy | None) -> tuple[str, ...]:
    """Return the tags that ids are read as, each once; ids without one living tag stay."""
    return tuple(dict.fromkeys(tags if taxonomy is None else map(taxonomy.paths.heir, tags)))


def _set_of(connection: Connection, row: Columns, set_id: str | None) -> RowMapping | None:
    if set_id is None:
        return newest_set(connection, row["id"], row["digest"])
    query = select(suggestion_sets).where(suggestion_sets.c.article_id == row["id"], suggestion_sets.c.id == set_id)
    shown = connection.execute(query).mappings().first()
    if shown is None:
        raise BadDecision(f"The article has no suggestion set {set_id[:64]!r}.", "suggestion_set_id")
    return shown


def _decision(draft: Draft, row: Columns, editor: str, shown: Columns | None, undone: Decision | None) -> Decision:
    facts = {**vars(draft), "tag": undone.tag if undone else draft.tag}
    decision = Decision(new_id(), row["id"], editor=editor, at=now(), digest=row["digest"], **facts)
    if shown is None:
        return decision
    score, band = (None, None) if decision.tag is None else _score_and_band(shown["answer"], decision.tag)
    versions = {name: shown[name] for name in ("model_version", "taxonomy_version", "live_state", "digest")}
    return replace(decision, suggestion_set_id=shown["id"], score=score, band=band, **versions)


def _score_and_band(answer: Any, tag: str) -> tuple[float | None, str]:
    """Return the score and the band of a tag in an answer. The band of a tag that was not suggested is hidden."""
    for suggestion in answer["suggestions"]:
        if suggestion["tag"] == tag:
            return suggestion["score"], suggestion["band"]
    return next((mention["score"] for mention in answer["mentioned"] if mention["tag"] == tag), None), "hidden"


def _undoable(draft: Draft, log: Sequence[Decision], editor: str, may_undo_all: bool, number: int) -> Decision | None:
    if draft.action != "undo":
        return None
    field = f"decisions/{number}/decision_id"
    undone = next((row for row in log if row.id == draft.undoes), None)
    if undone is None:
        raise BadDecision(f"The article has no decision {str(draft.undoes)[:64]!r}.", field)
    if undone.action == "undo":
        raise BadDecision("An undo cannot be undone; decide again.", field)
    if any(row.undoes == undone.id for row in log):
        raise BadDecision("The decision was undone before.", field)
    if undone.editor != editor and not may_undo_all:
        raise BadDecision(f"The decision is {undone.editor}'s; decide otherwise instead of undoing it.", field)
    return undone
