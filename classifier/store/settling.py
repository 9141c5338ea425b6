"""Which tags are settled on an article, as SQL: the log folded, and the table of merges and splits (`domain.resolving`).

For queries that cannot fold every log. For a tag that no change of the taxonomy touched it is `standing.settled`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from classifier.domain.decisions import GIVES, TAKES
from classifier.domain.resolving import Paths
from classifier.store.schema import decisions
from classifier.store.standing import lists, lists_still, made_within, settled, stands

# Labels in the order in which they win: that of a merged tag is the highest of its parts. What nobody but the table left
# unknown is open.
_NEGATIVE, _SILENT, _OPEN, _UNSURE, _POSITIVE = range(5)
_Number = ColumnElement[int]
_When = tuple[ColumnElement[bool], int]


def settled_through(article_id: ColumnElement[str], tag: str, paths: Paths | None) -> ColumnElement[bool]:
    """Return whether a living tag is settled: right, wrong, or left open by somebody.

    It is not where a tag that it was merged with, or that was split into it, leaves it unknown.
    """
    if paths is None or paths.is_plain_for(tag):
        return settled(article_id, literal(tag))
    return _Labels(article_id, paths).of(tag).in_((_NEGATIVE, _UNSURE, _POSITIVE))


class _Labels:
    """The labels of one article as SQL, by the rules of `resolving`."""

    def __init__(self, article_id: ColumnElement[str], paths: Paths) -> None:
        self._article_id, self._paths = article_id, paths
        self._met: set[str] = set()

    def of(self, tag_id: str) -> _Number:
        """Return the label of a tag."""
        if tag_id in self._met:  # where a circle comes back to it
            return literal(_SILENT)
        self._met.add(tag_id)
        label, same = self._of_part(tag_id), self._paths.renamed_from(tag_id)
        earlier = [tag for tag in self._paths.merged_into(tag_id) if tag != same]
        label = _highest([label, *map(self.of, earlier)])
        self._met.remove(tag_id)
        return label

    def _of_part(self, tag_id: str) -> _Number:
        said, tag = self._by_itself(tag_id), self._paths.tag(tag_id)
        wholes = self._paths.wholes_of(tag_id)
        if tag is None or not wholes:
            return said
        by_wholes = [self._by_whole(whole, whole == tag.origin) for whole in wholes]
        return _or_else(said, _highest([*by_wholes, *([] if tag.origin in wholes else [literal(_SILENT)])]))

    def _by_itself(self, tag_id: str) -> _Number:
        same = self._paths.renamed_from(tag_id)
        return self._said(tag_id) if same is None else _or_else(self._said(tag_id), self.of(same))

    def _by_whole(self, whole: str, is_origin: bool) -> _Number:
        """Return what a part is by the label of a tag that was split into it and others."""
        tag = self._paths.tag(whole)
        parts = tag.parts if tag is not None else ()
        silent = _SILENT if is_origin else _NEGATIVE  # the label by the origin stands, whatever other wholes do not say
        chosen = or_(*(self._said(part) == _POSITIVE for part in parts))
        by_label = {_POSITIVE: case((chosen, silent), else_=_OPEN), _UNSURE: _OPEN, _OPEN: _OPEN, _NEGATIVE: _NEGATIVE}
        return case(by_label, value=self._when_split(whole), else_=silent)

    def _when_split(self, tag_id: str) -> _Number:
        """Return the label of a tag when it was split, before any of its parts was merged into it."""
        earlier = self._paths.merged_before_split(tag_id)
        if len(earlier) == len(self._paths.merged_into(tag_id)):
            return self.of(tag_id)
        return _highest([self._of_part(tag_id), *map(self.of, earlier)])

    def _said(self, tag_id: str) -> _Number:
        """Return the label of an id by what was said of it alone."""
        tag = literal(tag_id)
        (listed, _), is_wrong = self._as_sent(tag)
        by_action = dict.fromkeys(GIVES, _POSITIVE) | dict.fromkeys(TAKES, _NEGATIVE)
        unsure = {"unsure": case((listed, _POSITIVE), else_=_UNSURE)}
        gone = (when for each in self._paths.gone_ids_of(tag_id) for when in self._as_sent(literal(each)))
        by_sender = case((listed, _POSITIVE), is_wrong, *gone, else_=_SILENT)
        return case(by_action | unsure, value=self._last_action(tag_id), else_=by_sender)

    def _as_sent(self, tag: ColumnElement[str]) -> tuple[_When, _When]:
        """Return when the sender of the article lists an id, and when it says that it is wrong, each with the label."""
        listed = lists(self._article_id, tag) | lists_still(self._article_id, tag)
        return (listed, _POSITIVE), (lists(self._article_id, tag, "rejected"), _NEGATIVE)

    def _last_action(self, tag_id: str) -> ColumnElement[str]:
        """Return the action of the decision that counts for an id: on itself, or one that takes a tag in its place."""
        row = decisions.alias()
        counts = [stands(row, within=self._paths.counted(tag_id))]
        for span in self._paths.overruling(tag_id):
            takes = row.c.action.not_in(GIVES), *made_within(row, span)
            counts.append(and_(*takes, stands(row, within=self._paths.counted(span.tag))))
        query = select(row.c.action).where(row.c.article_id == self._article_id, or_(*counts))
        return query.order_by(row.c.at.desc()).limit(1).scalar_subquery()


def _or_else(label: _Number, other: _Number) -> _Number:
    return func.coalesce(func.nullif(label, _SILENT), other)


def _highest(labels: Sequence[_Number]) -> _Number:
    return _Highest(*labels) if len(labels) > 1 else labels[0]


class _Highest(GenericFunction[int]):
    """The highest of several numbers in one row."""

    name = "highest"
    inherit_cache = True


@compiles(_Highest, "sqlite")
def _on_sqlite(numbers: _Highest, compiler: Any, **how: Any) -> str:
    return f"max({compiler.process(numbers.clauses, **how)})"


@compiles(_Highest, "postgresql")
def _on_postgresql(numbers: _Highest, compiler: Any, **how: Any) -> str:
    return f"greatest({compiler.process(numbers.clauses, **how)})"
