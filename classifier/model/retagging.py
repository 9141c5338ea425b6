"""A model under a changed taxonomy."""

from dataclasses import replace

import numpy as np

from classifier.domain.taxonomy import Taxonomy
from classifier.model.tag_model import TagModel
from classifier.model.weights import with_columns


def retagged(model: TagModel, taxonomy: Taxonomy) -> TagModel:
    """Return the same model with a changed taxonomy: what was learned of a tag stays with its id.

    A new tag has no linear classifier. It is suggested from its mentions, at the threshold of its kind.
    """
    p = model.parameters
    old = {tag.id: position for position, tag in enumerate(model.taxonomy.tags)}
    source = np.array([old.get(tag.id, -1) for tag in taxonomy.tags])
    is_old = source >= 0
    target = {int(before): after for after, before in enumerate(source) if before >= 0}
    columns = [column for column, tag in enumerate(p.separators.tolist()) if tag in target]

    # A new tag gets the stacking model of a tag of its kind.
    same = {(tag.id, tag.kind): position for position, tag in enumerate(model.taxonomy.tags)}
    first = {kind: position for (_, kind), position in reversed(same.items())}
    stack_of = [same.get((tag.id, tag.kind), first.get(tag.kind, 0)) for tag in taxonomy.tags]

    def moved(values: np.ndarray, new: float) -> np.ndarray:
        out = np.full((len(taxonomy.tags), *values.shape[1:]), new, dtype=values.dtype)
        out[is_old] = values[source[is_old]]
        return out

    alias_curves, alias_thresholds = p.alias_curves[stack_of], p.alias_thresholds[stack_of]
    parameters = replace(
        p,
        weights=with_columns(p.weights, columns),
        separators=np.array([target[int(p.separators[column])] for column in columns], dtype=np.int32),
        intercepts=p.intercepts[columns],
        n_positive=moved(p.n_positive, 0),
        thresholds=np.where(is_old, p.thresholds[source], alias_thresholds),
        alias_thresholds=alias_thresholds,
        auto_thresholds=moved(p.auto_thresholds, np.inf),
        naming_offsets=moved(p.naming_offsets, 0.0),
        stack=p.stack[stack_of],
        stack_intercepts=p.stack_intercepts[stack_of],
        curves=np.where(is_old[:, None], p.curves[source], alias_curves),
        alias_curves=alias_curves,
        recency_weights=moved(p.recency_weights, 0.0),
        usual_rates=moved(p.usual_rates, 0.0),
        recent_rates=moved(p.recent_rates, 0.0),
    )
    card = model.card | {"n_tags": len(taxonomy.tags), "taxonomy_version": taxonomy.version}
    card["retagged_from"] = model.version
    precedents = model.precedents.moved(source.tolist())
    return TagModel(parameters, model.terms, model.title_terms, taxonomy, card=card, precedents=precedents)
