"""The terms of each CMS, and the tags that they stand for: what was found once is remembered until a person corrects it."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sqlalchemy import Connection, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from classifier.errors import NotFound
from classifier.store.rows import Part, batches, now, one_at_a_time
from classifier.store.schema import cms_terms
from classifier.texts import _

KNOWN, UNKNOWN, IGNORED = STATES = ("known", "unknown", "ignored")
PERSON = "person"  # `by` of what a person said
IGNORE = "ignore"  # `by` of a term that a person wants no tag for
_MOST_FORMER = 20


@dataclass(frozen=True)
class KeptTerm:
    """A term of a CMS and its tags, by the ids under which they were found.

    `by` is what matched (map, id, label, alias, spelling, cms), `person`, `ignore`, or why nothing did (unknown, ambiguous,
    retired). `former` has (tag, moment) for tags that it stood for until then.
    """

    term_id: str
    name: str
    slug: str
    taxonomy: str
    tags: tuple[str, ...] = ()
    by: str = UNKNOWN
    former: tuple[tuple[str, str], ...] = ()
    editor: str | None = None

    @property
    def settled(self) -> bool:
        """Whether it is not looked up again: it has tags, or a person wants none."""
        return bool(self.tags) or self.by == IGNORE

    def standing_for(self, tags: Sequence[str], by: str, editor: str | None = None) -> "KeptTerm":
        """Return the term with other tags, and remember those that it stood for."""
        ended = [(tag, now()) for tag in self.tags if tag not in tags]
        former = (*self.former, *ended)[-_MOST_FORMER:]
        return KeptTerm(self.term_id, self.name, self.slug, self.taxonomy, tuple(tags), by, former, editor)

    def taking_over(self, merged: "KeptTerm") -> "KeptTerm":
        """Return the term into which a person merged another one, whose tags nobody removed."""
        ended = [(tag, now()) for tag in merged.tags if tag not in self.tags]
        return replace(self, former=(*self.former, *ended)[-_MOST_FORMER:])


_FIELDS = [cms_terms.c[field.name] for field in fields(KeptTerm)]


class CmsTerms(Part):
    """The terms of all readers, each by the name of its key and its own id."""

    def of(self, consumer: str, term_ids: Collection[str]) -> dict[str, KeptTerm]:
        """Return those of some terms of a CMS that are remembered."""
        found: dict[str, KeptTerm] = {}
        with self.reading() as connection:
            for batch in batches(sorted(term_ids)):
                found |= _rows(connection, consumer, batch)
        return found

    def keep(self, consumer: str, terms: Iterable[KeptTerm]) -> None:
        """Remember terms as they are now."""
        rows = [asdict(term) | {"consumer": consumer, "at": now()} for term in terms]
        if rows:
            with self.engine.begin() as connection:
                _put(connection, rows)

    def change(self, consumer: str, term_id: str, changed: Callable[[KeptTerm], KeptTerm]) -> KeptTerm:
        """Change a term that is remembered, and return it. Raise `NotFound` if it is not."""
        with self.engine.begin() as connection:
            one_at_a_time(connection, "cms_terms")
            before = _rows(connection, consumer, [term_id] if "\0" not in term_id else []).get(term_id)
            if before is None:
                raise NotFound(_("The CMS has sent no term %(term)s.", term=repr(term_id[:40])))
            after = changed(before)
            _put(connection, [asdict(after) | {"consumer": consumer, "at": now()}])
            return after

    def page(
        self, consumer: str, state: str | None, after: str, limit: int, words: str = "", prefix: str = ""
    ) -> list[KeptTerm]:
        """Return terms of a CMS behind an id in the order of their ids: those of a state, and with words in their names.

        The ids of all begin with `prefix`.
        """
        query = select(*_FIELDS).where(cms_terms.c.consumer == consumer, cms_terms.c.term_id > after)
        if prefix:
            query = query.where(cms_terms.c.term_id.startswith(prefix, autoescape=True))
        if words:
            is_like = [
                func.lower(cms_terms.c[name]).contains(words.lower(), autoescape=True) for name in ("name", "slug")
            ]
            query = query.where(or_(*is_like))
        if state is not None:
            query = query.where(cms_terms.c.by.in_(_BY[state]) if state != KNOWN else cms_terms.c.by.not_in(_NO_TAG))
        return list(map(_kept, self._tuples(query.order_by(cms_terms.c.term_id).limit(limit))))

    def corrected(self, consumer: str | None = None) -> list[tuple[str, KeptTerm]]:
        """Return the terms on which persons decided, with their keys: of one key, or of all."""
        query = select(cms_terms.c.consumer, *_FIELDS).where(cms_terms.c.by.in_((PERSON, IGNORE)))
        if consumer is not None:
            query = query.where(cms_terms.c.consumer == consumer)
        order = query.order_by(cms_terms.c.consumer, cms_terms.c.term_id)
        return [(row[0], _kept(row[1:])) for row in self._tuples(order)]


_BY = {UNKNOWN: (UNKNOWN, "ambiguous", "retired"), IGNORED: (IGNORE,)}
_NO_TAG = (*_BY[UNKNOWN], *_BY[IGNORED])


def _rows(connection: Connection, consumer: str, term_ids: Sequence[str]) -> dict[str, KeptTerm]:
    query = select(*_FIELDS).where(cms_terms.c.consumer == consumer, cms_terms.c.term_id.in_(term_ids))
    return {row.term_id: _kept(row) for row in connection.execute(query)}


def _kept(row: Any) -> KeptTerm:
    values = dict(zip((field.name for field in fields(KeptTerm)), row, strict=True))
    former = tuple((tag, at) for tag, at in values["former"])
    return KeptTerm(**values | {"tags": tuple(values["tags"]), "former": former})


def _put(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    put = insert(cms_terms)
    values = {name: put.excluded[name] for name in ("name", "slug", "taxonomy", "tags", "by", "former", "editor", "at")}
    connection.execute(put.on_conflict_do_update(index_elements=["consumer", "term_id"], set_=values), rows)
