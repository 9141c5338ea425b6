"""What people have to decide again on an article, since a change of the taxonomy leaves it open.

Of an article that had a tag which was split since, nobody knows which of the parts it has. Of one that got a tag while others
were merged into it, and whose merge was undone since, nobody knows which of all these was meant. An answer is ordinary
decisions: on the tags that it has, and on those that it has not.
"""

from collections.abc import Iterable
from typing import NamedTuple

from classifier.domain.decisions import GIVES, Standing
from classifier.domain.taxonomy import Taxonomy

SPLIT, UNDONE_MERGE = CAUSES = ("split", "undone_merge")


class Choice(NamedTuple):
    """A tag that an article has, and the living tags between which somebody has to decide instead, for one of `CAUSES`."""

    tag: str
    between: tuple[str, ...]
    cause: str


def choices_of(said: Standing, taxonomy: Taxonomy | None) -> list[Choice]:
    """Return what has to be decided again, from what was said of an article by the ids as they were written."""
    if taxonomy is None:
        return []
    choices = {choice.tag: choice for choice in _after_splits(said.through(taxonomy), taxonomy)}
    return list((choices | {choice.tag: choice for choice in _after_undone_merges(said, taxonomy)}).values())


def choices_between(tag_id: str, taxonomy: Taxonomy) -> tuple[str, ...]:
    """Return the living tags between which people may have to decide where an article has a tag, () if there are none."""
    past = taxonomy.paths.were_merged_into(tag_id)
    return _several(tag_id, past, taxonomy) or parts_of(tag_id, taxonomy)


def parts_of(tag_id: str, taxonomy: Taxonomy) -> tuple[str, ...]:
    """Return the living parts of a tag, () if it was not split."""
    tag = taxonomy.by_id.get(tag_id)
    return _living(tag.parts if tag is not None else (), taxonomy)


def _after_splits(known: Standing, taxonomy: Taxonomy) -> Iterable[Choice]:
    for tag in known.tags:
        parts = parts_of(tag, taxonomy)
        is_chosen = not set(parts).isdisjoint(known.tags)
        if parts and not is_chosen and not all(part in known.decisions or part in known.rejected for part in parts):
            yield Choice(tag, parts, SPLIT)


def _after_undone_merges(said: Standing, taxonomy: Taxonomy) -> Iterable[Choice]:
    for tag, row in said.decisions.items():
        merged = taxonomy.paths.overruled(tag, row.at) if row.action in GIVES else ()
        if between := _several(tag, merged, taxonomy):
            others = {*merged, *between} - {tag}
            if not any(said.decisions[other].at > row.at for other in others if other in said.decisions):
                yield Choice(tag, between, UNDONE_MERGE)


def _several(tag_id: str, merged: Iterable[str], taxonomy: Taxonomy) -> tuple[str, ...]:
    """Return the living tags of a tag and of those that were merged into it, () if they are one again."""
    ids = (*merged, tag_id)
    if len({living for each in ids if (living := taxonomy.paths.living(each))}) < 2:
        return ()
    return _living(ids, taxonomy)


def _living(ids: Iterable[str], taxonomy: Taxonomy) -> tuple[str, ...]:
    return tuple(dict.fromkeys(living for each in ids for living in taxonomy.paths.living(each)))
