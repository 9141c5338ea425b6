"""The gate and dates: neither they nor the order of arrival decide which articles are compared, or which tags are held."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.examples import Attributed
from classifier.domain.snapshots import CrossValidated, Snapshot, snapshot_of
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.gate.accounting import count_labels
from classifier.gate.reference import CHAMPION, reference_to
from classifier.gate.settings import GateSettings
from classifier.gate.tags import compare_tags
from tests.test_gate_labels import example, lose

# One tag is younger than some dates that articles may have.
TAXONOMY = Taxonomy((Tag("attack", "Attack"), Tag("iskp", "ISKP"), Tag("m23", "M23", created="2024-01-01")))
DAYS = ("1999-01-01", "2023-12-31", "2024-01-01", "2024-06-06T10:00:00+00:00", "2026-11-30")


def archive() -> list[Attributed]:
    tags = (("attack", 2), ("iskp", 5), ("m23", 3))
    examples = (example(number, *(tag for tag, each in tags if number % each == 0)) for number in range(60))
    return [
        replace(each, article=replace(each.article, published_at="2024-06-06" if number % 4 else None))
        for number, each in enumerate(examples)
    ]


def seen(examples: list[Attributed]) -> Snapshot:
    """Return the snapshot of a model whose cross-validation found every tag but "m23" on a few articles."""
    snapshot = snapshot_of(each.article for each in examples)
    return snapshot.with_validated(
        {
            key: CrossValidated(0, tuple(tag for tag in labels.tags if tag != "m23" or number % 6))
            for number, (key, labels) in enumerate(snapshot.articles.items())
        }
    )


def redated(example: Attributed, draw: random.Random) -> Attributed:
    published, tagged = (draw.choice((*DAYS, None)) for _ in range(2))
    article = replace(example.article, published_at=published, tagged_at=tagged)
    return replace(example, article=article, at=draw.choice(DAYS))


def judged(before: Snapshot, after: list[Attributed]) -> tuple[Any, ...]:
    """Return all that the gate's rules make of examples, by ids instead of rows."""
    reference = reference_to(CHAMPION, "v1", before, after, TAXONOMY)
    ids = [after[row].article.id for row in reference.rows]
    labels = reference.labels()
    turned = {
        each.tag: (
            each.n_positive,
            each.n_given,
            each.n_unnamed,
            each.keys,
            sorted(after[row].article.id for row in each.rows),
        )
        for each in count_labels(reference, TAXONOMY)
    }
    suggested = np.array([[hash(f"{key} {tag}") % 2 for tag in range(3)] for key in ids], dtype=bool) & (labels == 1)
    changes = compare_tags(reference.suggested, suggested, labels, [tag.id for tag in TAXONOMY.tags], 0.03)
    worse = [change.tag for change in changes if change.is_loss(GateSettings().tag_surely)]
    return dict(zip(ids, labels.tolist(), strict=True)), turned, changes, worse


@given(st.randoms(use_true_random=False), st.sampled_from(["attack", "iskp", "m23"]))
def test_dates_and_the_order_of_arrival_decide_nothing(draw: random.Random, tag: str) -> None:
    before = archive()
    new = [example(900 + number, "attack") for number in range(20)]
    after = [*lose(lose(before, 9, tag), 4, "attack", by="key/maria{}"), *new]
    expected = judged(seen(before), after)
    moved = [redated(each, draw) for each in after]
    draw.shuffle(moved)
    assert judged(seen(before), moved) == expected
    assert set(expected[1]) == {[each.id for each in TAXONOMY.tags].index(tag)}
