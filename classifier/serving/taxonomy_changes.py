"""A taxonomy that takes the place of the champion's: no tag is dropped, and a new tag has the day of its first sight."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from classifier.domain.sentences import APPLIED
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.domain.taxonomy_log import Head
from classifier.errors import BadModel, DroppedTags
from classifier.model.files import read_model_taxonomy
from classifier.model.retagging import retagged
from classifier.serving.champion import Champion
from classifier.serving.head import begin_anew
from classifier.serving.registry import Registry
from classifier.serving.taxonomy import publish, take_over
from classifier.texts import english

if TYPE_CHECKING:
    from classifier.store.store import Store

N_EXPLAINED = 10  # dropped tags of which an error names the nearest tag
NEAR = 0.75  # of names, as difflib measures it: "isil" and "isis" are as near as that


@dataclass(frozen=True)
class Applied:
    """What came of applying a taxonomy.

    `dated` are the tags that got the day of their first sight, which neither the file nor the champion before had.
    """

    champion: Champion
    added: tuple[str, ...]
    changed: tuple[str, ...]
    dated: dict[str, str]


def apply_taxonomy(registry: Registry, taxonomy: Taxonomy, by: str) -> Applied:
    """Give the champion a changed taxonomy, as a new version that is promoted at once.

    Raises:
        Busy: if another process is at it, or the champion was changed meanwhile.
        DroppedTags: if the taxonomy lacks tags that the champion has.
    """
    registry.champion_folder()  # without a champion there is nothing to lock
    with registry.alone("tags apply"):
        pointer, model, before = registry.champion(), registry.load_fitted_champion(), registry.taxonomy()
        assert pointer is not None
        assert before is not None
        adopted = adopt(taxonomy, registry)
        if adopted.version != before.version:
            # It has learned the same as the champion.
            version = registry.save(retagged(model, adopted), registry.snapshot(model.version))
            pointer = registry.promote(
                version, by, english(APPLIED, version=adopted.version), instead_of=pointer.version
            )
            begin_anew(registry.folder, adopted)
    return _applied(pointer, taxonomy, adopted, before)


def apply_in_store(registry: Registry, store: Store, taxonomy: Taxonomy, by: str) -> tuple[Applied, Head]:
    """Make a taxonomy the one of now, as one change set of the log. The champion stays as it is.

    Raises:
        DroppedTags: if the taxonomy lacks tags that there are.
        NoModel: if there is no champion.
    """
    registry.champion_folder()
    publish(registry, store)
    pointer, before = registry.champion(), registry.taxonomy()
    assert pointer is not None
    assert before is not None
    adopted = adopt(taxonomy, registry)
    head = take_over(registry, store, adopted, by, "tags apply")
    assert head is not None
    return _applied(pointer, taxonomy, adopted, before), head


def _applied(pointer: Champion, taxonomy: Taxonomy, adopted: Taxonomy, before: Taxonomy) -> Applied:
    old = before.by_id
    return Applied(
        pointer,
        tuple(tag.id for tag in adopted.tags if tag.id not in old),
        tuple(tag.id for tag in adopted.tags if tag.id in old and old[tag.id] != tag),
        new_dates(taxonomy, adopted, before),
    )


def adopt(taxonomy: Taxonomy, registry: Registry) -> Taxonomy:
    """Return a taxonomy as it takes the place of the champion's: each new tag has the day of its first sight.

    Thresholds that people set stay where it does not name another.

    Raises:
        DroppedTags: if the taxonomy lacks tags that the champion has.
    """
    before = registry.taxonomy()
    if before is not None and (dropped := dropped_tags(before, taxonomy)):
        raise _dropped(dropped, before, taxonomy)
    if before is not None:
        taxonomy = _with_thresholds_of(taxonomy, before)
    return dated(taxonomy, [*history_of(registry), *([("", before)] if before is not None else [])])


def _with_thresholds_of(taxonomy: Taxonomy, before: Taxonomy) -> Taxonomy:
    kept = {tag.id: tag.threshold for tag in before.tags if tag.threshold is not None}
    tags = (
        replace(tag, threshold=kept[tag.id]) if tag.id in kept and tag.threshold is None else tag
        for tag in taxonomy.tags
    )
    return replace(taxonomy, tags=tuple(tags)) if kept else taxonomy


# --- tags that are dropped --------------------------------------------------------------------------------------


def dropped_tags(before: Taxonomy | None, after: Taxonomy | None) -> list[Tag]:
    """Return the tags that a taxonomy lacks and the one before it has."""
    return [] if before is None or after is None else [tag for tag in before.tags if tag.id not in after.by_id]


def _dropped(dropped: Sequence[Tag], before: Taxonomy, after: Taxonomy) -> DroppedTags:
    names: dict[str, list[str]] = defaultdict(list)  # the ids of the tags that have each name, spelled alike
    for name, tag_id in ((name, tag.id) for tag in after.tags if not tag.retired for name in _names_of(tag)):
        names[name].append(tag_id)
    lines, meant = list[str](), list[str]()
    for tag in dropped[:N_EXPLAINED]:
        nearest = _nearest(tag, names, before)
        meant.append(_meant(tag, nearest, before))
        lines.append(f"{tag.id!r} ({tag.label})" + (f"; the nearest tag of the file is {nearest!r}" if nearest else ""))
    if len(dropped) > N_EXPLAINED:
        lines.append(f"and {len(dropped) - N_EXPLAINED} more: {', '.join(tag.id for tag in dropped[N_EXPLAINED:])}")
    return DroppedTags([tag.id for tag in dropped], lines, meant)


def _meant(tag: Tag, nearest: str | None, before: Taxonomy) -> str:
    """Return the operation that whoever dropped a tag probably meant."""
    if nearest is None:
        return f"retire {tag.id}"
    return f"merge {tag.id} into {nearest}" if nearest in before.by_id else f"rename {tag.id} to {nearest}"


def _names_of(tag: Tag) -> list[str]:
    texts = (tag.label, tag.id.replace("-", " "), *(alias.text for alias in tag.aliases if not alias.weak))
    return list(filter(None, dict.fromkeys(map(spell, texts))))


def _nearest(tag: Tag, names: dict[str, list[str]], before: Taxonomy) -> str | None:
    """Return the tag whose name is nearest to one of a tag's names, of equals a new tag."""
    near = [
        (difflib.SequenceMatcher(None, name, near_name).ratio(), tag_id not in before.by_id, tag_id)
        for name in _names_of(tag)
        for near_name in difflib.get_close_matches(name, names, n=3, cutoff=NEAR)
        for tag_id in names[near_name]
    ]
    return max(near)[2] if near else None


# --- the day on which a tag was first seen ----------------------------------------------------------------------


def history_of(registry: Registry) -> list[tuple[str, Taxonomy]]:
    """Return the taxonomies of a folder's versions with their days, from the last training by hand on, the oldest first.

    `train` begins anew: its tags are as old as the articles that it is given. Damaged versions are left out.
    """
    history: list[tuple[str, Taxonomy]] = []
    champion = registry.last_champion()
    for version in registry.versions():
        try:
            card, taxonomy = registry.card(version), read_model_taxonomy(registry.folder / version)
        except BadModel:
            continue
        is_by_hand = "retagged_from" not in card and "data" not in card
        if is_by_hand and (champion is None or version <= champion.version):
            history.clear()
        history.append((str(card.get("created_at", ""))[:10], taxonomy))
    return history


def dated(taxonomy: Taxonomy, history: Sequence[tuple[str, Taxonomy]], today: str | None = None) -> Taxonomy:
    """Return a taxonomy whose undated tags have the day on which they were first seen.

    Args:
        history: the taxonomies of earlier versions and their days, the oldest first.
        today: the day of this taxonomy, in UTC, as `YYYY-MM-DD`.
    """
    today = today or datetime.now(UTC).date().isoformat()
    days = _first_days([*history, (today, taxonomy)])
    return replace(taxonomy, tags=tuple(replace(tag, created=days[tag.id]) for tag in taxonomy.tags))


def new_dates(taxonomy: Taxonomy, adopted: Taxonomy, before: Taxonomy | None) -> dict[str, str]:
    """Return the dates that tags got when a taxonomy was adopted, without those that the taxonomy before had."""
    had = {tag.id for tag in (*taxonomy.tags, *(before.tags if before else ())) if tag.created}
    return {tag.id: tag.created for tag in adopted.tags if tag.created and tag.id not in had}


def _first_days(history: Iterable[tuple[str, Taxonomy]]) -> dict[str, str | None]:
    """Return the day of each tag's first version, None for tags of the first version of all.

    The tags of the first version are as old as the articles that it learned from. A tag that replaces others is as old as the
    youngest of them, since an article that lacks them lacks it too.
    """
    days: dict[str, str | None] = {}
    before: Taxonomy | None = None
    for day, taxonomy in history:
        replaced: dict[str, list[str]] = defaultdict(list)  # the days of the tags in whose place each tag comes
        for tag in before.tags if before is not None else ():
            if not tag.retired:
                for replacement in taxonomy.paths.chain(tag.id):
                    replaced[replacement].append(days[tag.id] or "")
        for tag in taxonomy.tags:
            if tag.created:
                days[tag.id] = tag.created
            elif tag.id not in days:
                days[tag.id] = None if before is None else max(replaced.get(tag.id, [day])) or None
        before = taxonomy
    return days
