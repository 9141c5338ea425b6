"""What the feed of the taxonomy's changes says of each tag that a change touched."""

from typing_extensions import TypedDict

from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.domain.taxonomy_log import FoldedLog, Row


class TagState(TypedDict):
    """What a CMS shows of a tag."""

    label: str
    status: str
    replaced_by: str | None
    broader: list[str]


class ChangeOut(TypedDict):
    """What a change did to one tag. `into` is the tag that stands in its place now, null if none or several do."""

    n: int
    op: str
    line: str
    tag: str
    into: str | None
    before: TagState | None
    after: TagState | None
    by: str
    at: str
    undoes: int | None


def changes_of(row: Row, log: FoldedLog, taxonomy: Taxonomy) -> list[ChangeOut]:
    """Return what a row did to each tag that a CMS shows."""
    changes: list[ChangeOut] = []
    for tag, states in log.states[row.n].items():
        before, after = map(_state, states)
        if before != after:
            heir = taxonomy.replacement_of(tag)
            changes.append(
                {
                    "n": row.n,
                    "op": row.op,
                    "line": row.line,
                    "tag": tag,
                    "into": heir if heir != tag else None,
                    "before": before,
                    "after": after,
                    "by": row.by,
                    "at": row.at,
                    "undoes": row.undoes,
                }
            )
    return changes


def _state(tag: Tag | None) -> TagState | None:
    if tag is None:
        return None
    return {"label": tag.label, "status": tag.status, "replaced_by": tag.replaced_by, "broader": list(tag.broader)}
