"""Labels that lie: one editor who is wrong a thousand times, labels flipped here and there; the report names whom and what."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.domain.articles import Article
from classifier.domain.examples import labels_of
from classifier.domain.snapshots import Labelled
from classifier.domain.taxonomy import Taxonomy
from classifier.model.evaluation import exact_interval
from classifier.store.log import Draft
from classifier.training.checks import CheckSettings
from classifier.training.judging import judge
from classifier.training.run_result import Result
from classifier.training.voices import FREE
from tests.desk import QUICK, Desk, in_copy_of, trained_once
from tests.hard import told
from tests.storing import put_article

N_CLEAN = 60  # of the newest articles, that nobody gets to poison
TAG = "iskp"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, articles: list[Article], taxonomy: Taxonomy) -> Path:
    """A folder in which a desk has trained on all but the newest articles."""
    return trained_once(tmp_path_factory.mktemp("poisoned"), in_order(articles)[:-N_CLEAN], taxonomy)


@pytest.fixture
def desk(trained: Path, tmp_path: Path, taxonomy: Taxonomy) -> Iterator[Desk]:
    """A desk of one's own that has trained once."""
    with in_copy_of(trained, tmp_path / "desk", taxonomy) as desk:
        yield desk


def in_order(articles: list[Article]) -> list[Article]:
    return sorted(articles, key=lambda one: (one.published_at or "", one.id))


def finding(result: Result, check: str) -> dict[str, object]:
    found: dict[str, object] = next(one for one in result.details["findings"] if one["check"] == check)
    return found


def learned(desk: Desk) -> Mapping[str, Labelled]:
    """Return what the champion learned from."""
    snapshot = desk.registry.snapshot(str(desk.champion))
    assert snapshot is not None
    return snapshot.articles


@pytest.mark.slow
def test_tags_that_one_editor_accepts_a_thousand_times_on_known_articles_are_held_and_the_editor_is_named(
    desk: Desk, articles: list[Article], taxonomy: Taxonomy
) -> None:
    before, tags, n = learned(desk), [tag.id for tag in taxonomy.tags], 0
    for article in in_order(articles)[:-N_CLEAN]:
        wrong = [tag for tag in tags if tag not in (article.tags or ())][:3]
        desk.decide(article.id, "mallory", *(Draft("add", tag) for tag in wrong))
        n += len(wrong)
    assert n >= 1000
    result = desk.retrain()
    assert {one["check"] for one in result.held} == {"labels_flipped"}
    assert len(result.held) >= 3
    assert finding(result, "labels_flipped")["editors"] == ["mallory"]
    after = learned(desk)
    assert all(
        after[key].of(one["tag"]) == labels.of(str(one["tag"])) for key, labels in before.items() for one in result.held
    )
    told(
        "wrong accepts by one editor on known articles", f"{n}", 0, "the tags are held, and the report names the editor"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("editors", "named"),
    [(["mallory"], "mallory"), pytest.param([f"wp/editor{n}" for n in range(21)], "wp", marks=pytest.mark.slow)],
    ids=["name", "key"],
)
def test_a_thousand_wrong_accepts_on_new_articles_are_capped_and_do_no_harm(
    desk: Desk, articles: list[Article], taxonomy: Taxonomy, editors: list[str], named: str
) -> None:
    """Each is an article of the CMS of which nobody else has said anything; one editor accepts, or 21 whom one key names."""
    before, clean = desk.registry.load_champion(), in_order(articles)[-N_CLEAN:]
    others = [one for one in articles if TAG not in (one.tags or ())]
    for number in range(1000):
        source = others[number % len(others)]
        body = " ".join(random.Random(number).sample(source.body.split(), min(60, len(source.body.split()))))
        article = Article(f"new-{number}", f"{source.title} {number}", body, tags_complete=False)
        put_article(desk.store, article, "cms", owner="wp")
        desk.decide(article.id, editors[number % len(editors)], Draft("add", TAG))
    result = desk.retrain()
    found = finding(result, "one_editor")
    assert (found["tag"], found["editors"], found["action"]) == (TAG, [named], "repair")
    known = in_order(articles)[:-N_CLEAN]
    own = sum(TAG in (one.tags or ()) for one in known)
    by_rate = math.ceil(1000 * share[1]) if named == "wp" and (share := exact_interval(own, len(known))) else 0
    assert found["n"] == 1000 - max(FREE, own, by_rate)
    told(
        f"wrong accepts by {len(editors)} editors on new articles",
        "1000",
        0,
        f"{found['n']} left out of training, and the report names {named}",
    )
    if result.promoted:
        after = desk.registry.load_champion()
        labels = labels_of(clean, taxonomy)[:, [tag.id for tag in taxonomy.tags].index(TAG)]
        column = [tag.id for tag in taxonomy.tags].index(TAG)
        said = [judge(model, clean, taxonomy, lambda it, *_: it, "").suggested[:, column] for model in (before, after)]
        wrong = [int((one & (labels == 0)).sum()) for one in said]
        assert wrong[1] <= wrong[0] + 2


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_labels_flipped_here_and_there_hold_their_tags_or_close_the_gate(
    desk: Desk, articles: list[Article], share: float
) -> None:
    """Of every article's tags a share is taken away, and as many wrong ones are put there."""
    draws = np.random.default_rng(0)
    tags = sorted({tag for one in articles for tag in one.tags or ()})
    lie = {}
    for article in in_order(articles)[:-N_CLEAN]:
        kept = [tag for tag in article.tags or () if draws.random() >= share]
        n_wrong = len(article.tags or ()) - len(kept)
        lie[article.id] = tuple({*kept, *draws.choice(tags, n_wrong)})
    desk.set_tags(lie)
    result = desk.retrain()
    assert result.held or not result.promoted
    told(f"{share:.0%} of all labels flipped", f"{len(lie)} articles", 0, f"{len(result.held)} tags held")


@pytest.mark.slow
def test_a_setting_lets_one_editor_count_for_less(desk: Desk, articles: list[Article]) -> None:
    for number, article in enumerate(in_order(articles)[-N_CLEAN:]):
        put_article(desk.store, replace(article, id=f"new-{number}", tags=None, tags_complete=False), "cms")
        desk.decide(f"new-{number}", "mallory", Draft("add", TAG))
    strict = replace(QUICK, checks=CheckSettings(editor_share=0.01))
    found = finding(desk.retrain(strict), "one_editor")
    assert found["n"] == N_CLEAN - FREE
