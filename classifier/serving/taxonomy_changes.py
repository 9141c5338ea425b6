"""A taxonomy that takes the place of the champion's: no tag is dropped, and a new tag has the day of its first sight."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.errors import BadModel, DroppedTags
from classifier.model.files import read_model_taxonomy
from classifier.model.retagging import retagged
from classifier.serving.champion import Champion
from classifier.serving.registry import Registry

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
        pointer, model = registry.champion(), registry.load_champion()
        assert pointer is not None
        adopted = adopt(taxonomy, registry)
        if adopted.version != model.taxonomy.version:
            version = registry.save(
                retagged(model, adopted), registry.snapshot(model.version)
            )  # it has learned the same
            why = f"taxonomy {adopted.version} applied"
            pointer = registry.promote(version, by, why, instead_of=pointer.version)
    old = model.taxonomy.by_id
    return Applied(
        pointer,
        tuple(tag.id for tag in adopted.tags if tag.id not in old),
        tuple(tag.id for tag in adopted.tags if tag.id in old and old[tag.id] != tag),
        new_dates(taxonomy, adopted, model.taxonomy),
    )


def adopt(taxonomy: Taxonomy, registry: Registry) -> Taxonomy:
    """Return a taxonomy as it takes the place of the champion's: each new tag has the day of its first sight.

    Raises:
        DroppedTags: if the taxonomy lacks tags that the champion has.
    """
    if (before := registry.taxonomy()) is not None:
        _refuse_dropped(before, taxonomy)
    return dated(taxonomy, history_of(registry))


# --- tags that are dropped --------------------------------------------------------------------------------------


def dropped_tags(before: Taxonomy | None, after: Taxonomy | None) -> list[Tag]:
    """Return the tags that a taxonomy lacks and the one before it has."""
    if before is None or after is None:
        return []
    return [tag for tag in before.tags if tag.id not in after.by_id]


def _refuse_dropped(before: Taxonomy, after: Taxonomy) -> None:
    """Raise `DroppedTags` if a taxonomy lacks tags of the one before it."""
    dropped = dropped_tags(before, after)
    if not dropped:
        return
    names = _names(tag for tag in after.tags if not tag.retired)
    lines = []
    for tag in dropped[:N_EXPLAINED]:
        nearest = _nearest(tag, names, before)
        lines.append(f"{tag.id!r} ({tag.label})" + (f"; the nearest tag of the file is {nearest!r}" if nearest else ""))
    if len(dropped) > N_EXPLAINED:
        lines.append(f"and {len(dropped) - N_EXPLAINED} more: {', '.join(tag.id for tag in dropped[N_EXPLAINED:])}")
    raise DroppedTags([tag.id for tag in dropped], lines)


def _names(tags: Iterable[Tag]) -> dict[str, list[str]]:
    """Return the ids of the tags that have each name, spelled alike."""
    names: dict[str, list[str]] = {}
    for tag in tags:
        for name in _names_of(tag):
            names.setdefault(name, []).append(tag.id)
    return names


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
    had = {
        tag.id
        for dated_before in (taxonomy, before)
        if dated_before is not None
        for tag in dated_before.tags
        if tag.created
    }
    return {tag.id: tag.created for tag in adopted.tags if tag.created and tag.id not in had}


def _first_days(history: Iterable[tuple[str, Taxonomy]]) -> dict[str, str | None]:
    """Return the day of each tag's first version, None for tags of the first version of all.

    The tags of the first version are as old as the articles that it learned from. A tag that replaces others is as old as the
    youngest of them, since an article that lacks them lacks it too.
    """
    days: dict[str, str | None] = {}
    before: Taxonomy | None = None
    for day, taxonomy in history:
        replaced = _newly_replaced(before, taxonomy)
        earlier_days = dict(days)
        for tag in taxonomy.tags:
            if tag.created:
                days[tag.id] = tag.created
            elif tag.id not in earlier_days and before is not None:
                days[tag.id] = (
                    max(earlier_days[replaced_id] or "" for replaced_id in replaced[tag.id]) or None
                    if tag.id in replaced
                    else day
                )
            else:
                days.setdefault(tag.id, None)
        before = taxonomy
    return days


def _newly_replaced(before: Taxonomy | None, after: Taxonomy) -> dict[str, list[str]]:
    """Return, for each tag that takes the place of others, those that were not retired in the taxonomy before."""
    replaced: dict[str, list[str]] = {}
    for tag_id, replacements in after.replacements.items():
        if before is not None and tag_id in before.by_id and not before.by_id[tag_id].retired:
            for replacement in replacements:
                replaced.setdefault(replacement, []).append(tag_id)
    return replaced
