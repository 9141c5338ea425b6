"""The simulation of queue orders: what it compares is what the queue does, and its intervals are of pairs."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.queue_orders import FULL, MEASURES, document, merged, paired, summary
from benchmarks.run import machine
from classifier.domain.articles import Article, text_digest
from classifier.store.queue import Wanted
from classifier.store.store import Store
from classifier.store.suggestion_sets import Judged
from tests.storing import put_article


def test_two_orders_by_turns_are_those_of_the_queue(store: Store) -> None:
    n, doubts = 12, np.random.default_rng(3).permutation(12)
    for number in range(n):
        put_article(store, Article(f"a{number:02}", "T", published_at=f"2024-06-{number + 1:02}"), "cms")
    articles = [store.article(f"a{number:02}").article for number in range(n)]
    store.suggested.put(
        "m t", [Judged(a.id, text_digest(a), 0.5, (), float(doubts[i])) for i, a in enumerate(articles)]
    )
    newest, doubtful = list(range(n))[::-1], np.argsort(-doubts).tolist()
    simulated = [f"a{number:02}" for number in merged(newest, doubtful, 2)]
    assert store.queue.ids(Wanted(order="turns"), None, n)[0] == simulated


@pytest.mark.parametrize("every", [2, 3, 10])
def test_merged_gives_each_once_and_takes_the_second_order_at_every_place(every: int) -> None:
    first, second = list(range(20)), list(range(20))[::-1]
    found = list(merged(first, second, every))
    assert sorted(found) == first
    assert found[every - 1] == 19
    assert found[: every - 1] == first[: every - 1]


def test_the_interval_is_that_of_the_differences_of_pairs() -> None:
    areas, others = np.array([0.5, 0.7, 0.9]), np.array([0.4, 0.5, 0.8])
    found = paired(areas, others)
    # Differences .1, .2, .1: mean .1333, standard error .0333, t(.975, 2) = 4.303.
    assert found == {"mean": 0.1333, "low": -0.0101, "high": 0.2768}


def test_the_document_has_a_table_for_each_corpus_and_measure() -> None:
    desks = [{"random": [[0.4, 0.3]], "teach": [[0.45, 0.3]], "turns": [[0.5 + n / 100, 0.35]]} for n in range(3)]
    figures = {"size": vars(FULL), "corpora": {"reuters": {"n_desks": 3, "orders": summary(desks)}}}
    text = document({**figures, "machine": machine()})
    assert [f"### reuters: {measure}-F1, 3 desks" in text for measure in MEASURES] == [True, True]
    assert "| turns | 0.510 | +0.110 (+0.085 to +0.135) | +0.060 (+0.035 to +0.085) |" in text
