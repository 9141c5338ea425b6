"""Near-duplicates share a group; other articles do not."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from classifier.domain.articles import Article
from classifier.text.duplicates import NearDuplicates
from classifier.text.shingles import SHINGLE, shingles
from classifier.text.words import split_words


def story(seed: int, n_words: int = 300) -> list[str]:
    """Return a story of words of its own; stories of different seeds share hardly any run of five words."""
    draws = random.Random(seed)
    return [f"w{draws.randrange(500)}" for _ in range(n_words)]


def edited(words: list[str], *places: int) -> list[str]:
    return [f"edited{i}" if i in places else word for i, word in enumerate(words)]


def group_near_duplicates(texts: Iterable[Sequence[str]]) -> np.ndarray:
    duplicates = NearDuplicates()
    for words in texts:
        duplicates.add(words)
    return duplicates.groups()


def test_same_text_twice_is_one_group() -> None:
    first, second = group_near_duplicates([story(1), story(1)])
    assert first == second


def test_lightly_edited_text_is_of_the_same_group() -> None:
    # Three changed words break 15 of 296 runs: a similarity of 281 / 311 = 0.90.
    first, second = group_near_duplicates([story(1), edited(story(1), 20, 150, 280)])
    assert first == second


def test_heavily_edited_text_is_of_another_group() -> None:
    # Every tenth word changed breaks half of the runs: a similarity of about 1/3.
    first, second = group_near_duplicates([story(1), edited(story(1), *range(0, 300, 10))])
    assert first != second


def test_text_with_a_line_added_is_of_the_same_group() -> None:
    first, second = group_near_duplicates([story(1), [*story(1), *story(2, 20)]])
    assert first == second


def test_different_stories_are_groups_of_their_own() -> None:
    groups = group_near_duplicates([story(seed) for seed in range(40)])
    assert len(set(groups.tolist())) == 40


def test_chain_of_edits_is_one_group() -> None:
    versions = [story(1)]
    for place in range(5, 300, 50):
        versions.append(edited(versions[-1], place, place + 20))
    groups = group_near_duplicates([versions[-1], *versions[:-1]])
    assert len(set(groups.tolist())) == 1


def test_groups_hold_across_other_articles_between_them() -> None:
    groups = group_near_duplicates([story(1), story(2), edited(story(1), 9), story(3), edited(story(2), 9)])
    assert (groups[0] == groups[2], groups[1] == groups[4]) == (True, True)
    assert len(set(groups.tolist())) == 3


def test_grouping_is_the_same_every_time() -> None:
    texts = [story(seed % 7) for seed in range(30)]
    assert np.array_equal(group_near_duplicates(texts), group_near_duplicates(texts))


def test_groups_are_one_small_integer_a_text() -> None:
    groups = group_near_duplicates([story(1), story(2), story(1)])
    assert (groups.shape, groups.dtype) == ((3,), np.dtype(np.int32))
    assert set(groups.tolist()) == {0, 1}


@pytest.mark.parametrize("texts", [[], [[]], [[], ["raid"]]], ids=["no text", "empty text", "empty and one word"])
def test_texts_without_content_are_grouped_without_an_error(texts: list[list[str]]) -> None:
    assert len(group_near_duplicates(texts)) == len(texts)


def test_short_texts_are_grouped_by_all_their_words() -> None:
    groups = group_near_duplicates([["raid", "in", "kunar"], ["raid", "in", "kunar"], ["raid", "in", "kunduz"]])
    assert (groups[0] == groups[1], groups[0] == groups[2]) == (True, False)


def test_shingles_are_the_runs_of_five_words() -> None:
    words = ["two", "men", "were", "held", "in", "kunar"]
    assert shingles(words) == {"two men were held in", "men were held in kunar"}
    assert shingles(words[: SHINGLE - 1]) == {"two men were held"}


def test_starter_articles_are_hardly_ever_near_duplicates(articles: list[Article]) -> None:
    groups = group_near_duplicates([split_words(f"{article.title} {article.body}").spelling for article in articles])
    assert len(set(groups.tolist())) >= 0.98 * len(articles)
