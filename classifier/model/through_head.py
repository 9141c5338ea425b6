"""A model seen through a taxonomy that has changed since it was fitted. Nothing that was learned moves.

Tags keep their places. Retired ones that were replaced speak for their heirs (`voices`). New tags come behind, and are suggested
from their mentions, at the threshold of their kind.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from classifier.domain.alias_checks import alias_key
from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.model.calibration import decision_at
from classifier.model.parameters import Parameters
from classifier.model.tag_model import TagModel
from classifier.model.voices import Voices

# What the arrays of tags hold for a new tag. The stacking model, curve and threshold are those of a tag of its kind.
_OF_NEW = {
    "n_positive": 0,
    "auto_thresholds": np.inf,
    "naming_offsets": 0.0,
    "recency_weights": 0.0,
    "usual_rates": 0.0,
    "recent_rates": 0.0,
}
_OF_KIND = ("alias_thresholds", "stack", "stack_intercepts", "alias_curves")


def seen_through(model: TagModel, head: Taxonomy) -> TagModel:
    """Return a fitted model with the tags of another taxonomy, or the model itself if that changes nothing."""
    base = model.fitted
    taxonomy = _in_places_of(base.taxonomy, head)
    parts_of = _parts_of(base, taxonomy)
    is_moved = any(tag.caution or tag.threshold is not None for tag in taxonomy.tags)
    if taxonomy == base.taxonomy and taxonomy.version == base.taxonomy.version and not parts_of and not is_moved:
        return base
    split = _split(base, taxonomy)
    voices = Voices(parts_of, len(taxonomy.tags), split)
    parameters = _with_caution(_with_thresholds(_with_new_tags(base, taxonomy), taxonomy, voices), taxonomy, voices)
    return base.seen(head, taxonomy, parameters, voices, _as_named(base, taxonomy, parts_of, split))


def _in_places_of(base: Taxonomy, head: Taxonomy) -> Taxonomy:
    """Return the tags of the head in the places of a model's, with those that it lacks retired, and the new ones behind."""
    known = (
        head.by_id.get(tag.id) or replace(tag, status="retired", replaced_by=None, aliases=()) for tag in base.tags
    )
    new = (tag for tag in head.tags if tag.id not in base.by_id)
    taxonomy = Taxonomy((*known, *new), {**base.kinds, **head.kinds} if base.kinds != head.kinds else base.kinds)
    vars(taxonomy)["version"] = head.version  # it says the same in another order
    return taxonomy


def _parts_of(base: TagModel, taxonomy: Taxonomy) -> dict[int, list[int]]:
    """Return the places of the tags that speak for each heir: its own, and those of what it replaces."""
    place = {tag.id: number for number, tag in enumerate(taxonomy.tags)}
    parts_of: dict[int, list[int]] = {}
    for number, fitted in enumerate(base.taxonomy.tags):
        heir = place[taxonomy.paths.heir(fitted.id)]
        learned = not fitted.retired or base.parameters.n_positive[number] > 0
        if heir != number and learned and not taxonomy.tags[heir].retired:
            parts_of.setdefault(heir, [heir] if _speaks(heir, base, taxonomy) else []).append(number)
    return parts_of


def _split(base: TagModel, taxonomy: Taxonomy) -> dict[int, list[int]]:
    """Return the places of the tags that were split and that the model has learned, each with those of its parts."""
    place = {tag.id: number for number, tag in enumerate(taxonomy.tags)}
    learned = (number for number in range(len(base.taxonomy.tags)) if base.parameters.n_positive[number] > 0)
    return {
        number: [place[part] for part in parts]
        for number in learned
        if taxonomy.tags[number].retired and (parts := taxonomy.paths.living(taxonomy.tags[number].id))[1:]
    }


def _speaks(heir: int, base: TagModel, taxonomy: Taxonomy) -> bool:
    """Return whether an heir has a voice of its own: not if it is new and nothing else than its parts names it."""
    if heir < len(base.taxonomy.tags):
        return True
    tag = taxonomy.tags[heir]
    named = {alias_key(alias) for written in taxonomy.paths.written_as(tag.id)[1:] for alias in _aliases(written, base)}
    return any(alias_key(alias) not in named for alias in tag.aliases)


def _aliases(tag_id: str, base: TagModel) -> Sequence[Alias]:
    tag = base.taxonomy.by_id.get(tag_id)
    return tag.aliases if tag is not None else ()


def _as_named(base: TagModel, taxonomy: Taxonomy, parts_of: dict[int, list[int]], split: Iterable[int]) -> Taxonomy:
    """Return the taxonomy as texts are read: the names of a part are the part's, and not its heir's a second time.

    With nothing but replacements it is the one that the model was fitted with, so that all values are the same bits. A tag
    that was split keeps the names that no other tag has.
    """
    tags = [_named_as_before(tag, base.taxonomy.by_id.get(tag.id), taxonomy) for tag in taxonomy.tags]
    for heir, parts in parts_of.items():
        kept = {alias_key(alias) for alias in taxonomy.tags[heir].aliases}
        own = {alias_key(alias) for alias in _aliases(taxonomy.tags[heir].id, base)}
        given: set[str] = set()
        for part in parts:
            if part != heir:
                before = base.taxonomy.tags[part]
                aliases = tuple(alias for alias in before.aliases if alias_key(alias) in kept)
                tags[part] = replace(before, status="active", aliases=aliases)
                given |= {alias_key(alias) for alias in aliases} - own
        left = (alias for alias in tags[heir].aliases if alias_key(alias) not in given)
        tags[heir] = replace(tags[heir], aliases=tuple(left))
    names = {alias_key(alias) for tag in tags if not tag.retired for alias in tag.aliases}
    for whole in split:
        before = base.taxonomy.tags[whole]
        aliases = tuple(alias for alias in before.aliases if alias_key(alias) not in names)
        tags[whole] = replace(before, status="active", aliases=aliases)
    return Taxonomy(tuple(tags), taxonomy.kinds)


def _named_as_before(tag: Tag, before: Tag | None, taxonomy: Taxonomy) -> Tag:
    """Return a tag with the broader tags that it was fitted with, if they only were replaced since."""
    if before is None:
        return tag
    read = dict.fromkeys(map(taxonomy.paths.heir, before.broader))
    return replace(tag, broader=before.broader) if tuple(read) == tag.broader else tag


def _with_new_tags(base: TagModel, taxonomy: Taxonomy) -> Parameters:
    """Return the parameters with rows for the tags behind the fitted ones, and of a tag's kind if that has changed."""
    p, fitted = base.parameters, base.taxonomy.tags
    first: dict[str, int] = {}
    for place, tag in enumerate(fitted):
        first.setdefault(tag.kind, place)
    same = (tag.kind == before.kind for tag, before in zip(taxonomy.tags, fitted, strict=False))
    of_kind = [place if is_same else first.get(taxonomy.tags[place].kind, 0) for place, is_same in enumerate(same)]
    of_kind += [first.get(tag.kind, 0) for tag in taxonomy.tags[len(fitted) :]]
    n_new = len(taxonomy.tags) - len(fitted)
    if not n_new and of_kind == list(range(len(fitted))):
        return p

    def behind(values: np.ndarray, new: np.ndarray) -> np.ndarray:
        return np.concatenate([values, new.astype(values.dtype)])

    arrays = {name: getattr(p, name)[of_kind] for name in _OF_KIND}
    for name, value in _OF_NEW.items():
        values = getattr(p, name)
        arrays[name] = behind(values, np.full((n_new, *values.shape[1:]), value))
    arrays["thresholds"] = behind(p.thresholds, arrays["alias_thresholds"][len(fitted) :])
    arrays["curves"] = behind(p.curves, arrays["alias_curves"][len(fitted) :])
    return replace(p, **arrays)


def _with_thresholds(p: Parameters, taxonomy: Taxonomy, voices: Voices) -> Parameters:
    """Return parameters with the thresholds that people set, for the tags and for whoever speaks for them.

    A threshold is a score, so it says the same of every model. What is sure enough to be added without an editor stays so, unless
    it is under the threshold.
    """
    wanted = {place: tag.threshold for place, tag in enumerate(taxonomy.tags) if tag.threshold is not None}
    if not wanted:
        return p
    thresholds = p.thresholds.copy()
    for place, heir in enumerate(voices.heir_of.tolist()):
        if heir in wanted:
            thresholds[place] = decision_at(wanted[heir], p.curves[place])
    return replace(p, thresholds=thresholds, auto_thresholds=np.maximum(p.auto_thresholds, thresholds))


def _with_caution(p: Parameters, taxonomy: Taxonomy, voices: Voices) -> Parameters:
    """Return parameters by which cautious tags, and whoever speaks for them, are never in the band auto."""
    least = np.array([_least(tag.caution) for tag in taxonomy.tags])[voices.heir_of]
    if (least < 0.0).all():
        return p
    thresholds = p.thresholds.copy()
    for place in np.flatnonzero(least > 0.0).tolist():
        thresholds[place] = max(thresholds[place], decision_at(float(least[place]), p.curves[place]))
    return replace(p, thresholds=thresholds, auto_thresholds=np.where(least >= 0.0, np.inf, p.auto_thresholds))


def _least(caution: bool | float) -> float:
    """Return the least score of a suggestion: -1 without caution, 0 for any."""
    if isinstance(caution, bool):
        return 0.0 if caution else -1.0
    return caution
