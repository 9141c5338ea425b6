"""Which decision stands on a tag, as SQL: the rule of `decisions.fold` for queries that cannot read every log."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, TableValuedAlias, and_, exists, false, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from classifier.domain.decisions import CMS, GIVES
from classifier.domain.resolving import Span
from classifier.store.schema import articles, decisions, texts


def stands(
    row: FromClause = decisions, stale_texts: bool = False, within: Sequence[Span] | None = None
) -> ColumnElement[bool]:
    """Return whether a row of the log is the decision that stands on its tag.

    Args:
        row: the table of decisions, or an alias of it.
        stale_texts: whether decisions on texts that are materially different from the article's present text count too.
        within: the decisions that count for one tag, under whatever ids and when they were made. None: those with its id.
    """
    latest = (row.c.tag.is_not(None) if within is None else _counts(row, within)) & not_undone(row)
    latest &= ~overruled(row, within)
    return latest if stale_texts else latest & or_(row.c.action.in_(GIVES), _on_current_text(row))


def overruled(row: FromClause, within: Sequence[Span] | None = None) -> ColumnElement[bool]:
    """Return whether somebody has decided on the tag of a row of the log since."""
    later = decisions.alias()
    same_tag = later.c.tag == row.c.tag if within is None else _counts(later, within)
    return exists().where(later.c.article_id == row.c.article_id, same_tag, later.c.n > row.c.n, not_undone(later))


def _counts(row: FromClause, within: Sequence[Span]) -> ColumnElement[bool]:
    return or_(false(), *(and_(row.c.tag == span.tag, *made_within(row, span)) for span in within))


def made_within(row: FromClause, span: Span) -> list[ColumnElement[bool]]:
    """Return when a row of the log has to be made to be within a span."""
    since = [row.c.at > span.after] if span.after else []
    return since + ([row.c.at <= span.until] if span.until not in (None, "~") else [])


def settled(article_id: ColumnElement[str], tag: ColumnElement[str]) -> ColumnElement[bool]:
    """Return whether an id is settled: somebody decided on it, or the article's sender lists it."""
    decided = exists().where(decisions.c.article_id == article_id, decisions.c.tag == tag, stands())
    return or_(decided, lists(article_id, tag), lists_still(article_id, tag))


def lists(article_id: ColumnElement[str], tag: ColumnElement[str], field: str = "tags") -> ColumnElement[bool]:
    """Return whether the sender of an article lists a tag, or with the field `rejected` says that it is wrong."""
    sent = articles.alias()
    element = elements(sent.c[field])
    listed = select(sent.c.id).select_from(sent).join(element, element.c.value == tag).where(sent.c.id == article_id)
    return listed.exists()


def elements(column: ColumnElement[Any]) -> TableValuedAlias:
    """Return the strings of a JSON list as a table with the column `value`."""
    return _Elements(column).table_valued("value")


def lists_still(article_id: ColumnElement[str], tag: ColumnElement[str]) -> ColumnElement[bool]:
    """Return whether the last removal of a tag by the CMS was undone."""
    removal, later, undo = decisions.alias(), decisions.alias(), decisions.alias()
    of_tag = removal.c.article_id == article_id, removal.c.tag == tag, removals(removal)
    again = exists().where(
        later.c.article_id == article_id, later.c.tag == tag, removals(later), later.c.n > removal.c.n
    )
    return exists().where(*of_tag, exists().where(undo.c.undoes == removal.c.id), ~again)


def removals(row: FromClause) -> ColumnElement[bool]:
    """Return whether a row of the log says that a CMS took a tag off by itself."""
    return (row.c.editor == CMS) & (row.c.action == "remove")


def not_undone(row: FromClause) -> ColumnElement[bool]:
    """Return whether a row of the log says something that was not undone."""
    undo = decisions.alias()
    return (row.c.action != "undo") & ~exists().where(undo.c.undoes == row.c.id)


def _on_current_text(row: FromClause) -> ColumnElement[bool]:
    """Whether a decision was made on a text that is materially the same as the article's text now."""
    present, earlier = articles.alias(), texts.alias()
    same = exists().where(earlier.c.article_id == row.c.article_id, earlier.c.digest == row.c.digest, earlier.c.same)
    return exists().where(present.c.id == row.c.article_id, present.c.digest == row.c.digest) | same


class _Elements(GenericFunction[Any]):
    """The strings of a JSON list, a row each."""

    name = "json_elements"
    inherit_cache = True


@compiles(_Elements, "sqlite")
def _on_sqlite(element: _Elements, compiler: Any, **how: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **how)})"


@compiles(_Elements, "postgresql")
def _on_postgresql(element: _Elements, compiler: Any, **how: Any) -> str:
    return f"json_array_elements_text({compiler.process(element.clauses, **how)})"
