"""The decision log, to which rows are only added. The state that they add up to is kept with the article."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from classifier.domain.decisions import CMS, GIVES, Decision, Listing, Standing, fold, without_undone
from classifier.domain.redeciding import Choice, choices_of
from classifier.domain.taxonomy import Taxonomy
from classifier.store.changes import note_change
from classifier.store.events import DECIDED, Noted, note
from classifier.store.rows import (
    Columns,
    came_complete,
    new_id,
    now,
    tags_of_runs,
)
from classifier.store.schema import articles, closings, decisions
from classifier.store.sketches import same_texts
from classifier.store.suggestion_sets import newest_set, suggestion_set
from classifier.store.taxonomy import head_of

FIELDS = [decisions.c[field.name] for field in fields(Decision)]  # in the order of its arguments

NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Draft:
    """A decision that is asked for: on a tag, or (complete, reopen) on the article, or the undo of an earlier one.

    An undo with `together` takes back all decisions of one answer to several articles.
    """

    action: str
    tag: str | None = None
    reason: str | None = None
    note: str | None = None
    undoes: str | None = None
    together: str | None = None


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


def read_log(connection: Connection, article_ids: Sequence[str]) -> Mapping[str, list[Decision]]:
    """Return the logs of some articles, each in its order."""
    logs: dict[str, list[Decision]] = defaultdict(list)
    query = select(*FIELDS).where(decisions.c.article_id.in_(article_ids)).order_by(decisions.c.n)
    for row in connection.execute(query):
        logs[row.article_id].append(Decision(*row))
    return logs


def log_of(connection: Connection, article_id: str) -> list[Decision]:
    """Return the log of one article."""
    return read_log(connection, [article_id]).get(article_id, [])


def append(connection: Connection, rows: Iterable[Decision]) -> None:
    """Add rows to the log, and an event for each."""
    added = list(rows)
    if added:
        connection.execute(decisions.insert(), [vars(row) for row in added])
        note(connection, DECIDED, (Noted(row.editor, row.article_id, row.id, at=row.at) for row in added))


def add_decision(connection: Connection, row: Columns, log: Sequence[Decision], draft: Draft, editor: str) -> Decision:
    """Add a decision to the log of the article of a row, whose log is given, and return it."""
    undone = next((earlier for earlier in log if earlier.id == draft.undoes), None)
    decision = decision_of(draft, row, editor, set_of(connection, row, None), undone)
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
    free |= set(_read_as(_taken_back(log, before["updated_at"]), taxonomy))
    dropped = [
        tag for tag in listed_before if tag not in lists and tag in has and not added.get(tag) and tag not in free
    ]
    decided = set(_read_as((row.tag for row in log if row.tag is not None), taxonomy))
    given_back = [tag for tag in listed if tag in decided and tag not in has and (tag not in added or added[tag])]
    drafts = [Draft("remove", tag) for tag in dropped] + [Draft("add", tag) for tag in given_back]
    shown = set_of(connection, before, None)
    append(connection, [decision_of(draft, before, CMS, shown, None) for draft in drafts])
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


def _taken_back(log: Sequence[Decision], since: str) -> Iterator[str]:
    """Yield the tags that editors gave and took back since a moment: a CMS that drops them with that has removed nothing."""
    gave = {row.id: row.tag for row in log if row.tag is not None and row.action in GIVES}
    yield from (gave[row.undoes] for row in log if row.undoes in gave and row.at >= since)


def _read_as(tags: Iterable[str], taxonomy: Taxonomy | None) -> tuple[str, ...]:
    """Return the tags that ids are read as, each once; ids without one living tag stay."""
    return tuple(dict.fromkeys(tags if taxonomy is None else map(taxonomy.paths.heir, tags)))


def set_of(connection: Connection, row: Columns, set_id: str | None) -> RowMapping | None:
    """Return the suggestion set of an id, or the newest one of the text of an article's row. Raise `BadDecision`."""
    if set_id is None:
        return newest_set(connection, row["id"], row["digest"])
    return suggestion_set(connection, row["id"], set_id)


def decision_of(draft: Draft, row: Columns, editor: str, shown: Columns | None, undone: Decision | None) -> Decision:
    """Return the row of the log that a draft becomes, with what the suggestion set `shown` says of its tag."""
    facts = {**vars(draft), "tag": undone.tag if undone else draft.tag, "together": None}
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
