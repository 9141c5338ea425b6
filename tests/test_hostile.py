"""The hostile texts have the size that is asked for, and the measure tells linear work from quadratic."""

from __future__ import annotations

import pytest

from tests.hostile import HOSTILE, MAX_RATIO, assert_linear, growth, repeated

# So large that the calls themselves, whose number grows linearly, cost next to nothing.
N_QUADRATIC = 120_000


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_has_about_the_size_that_is_asked_for(name: str) -> None:
    assert 8_000 <= len(HOSTILE[name](10_000)) <= 20_000


def test_linear_work_passes() -> None:
    assert_linear(lambda text: [character.upper() for character in text], repeated("a"), 1_000_000)


@pytest.mark.slow
def test_quadratic_work_is_told_from_linear() -> None:
    def quadratic(text: str) -> None:
        for _ in range(len(text) // 10):
            text.count("b")

    measured = growth(quadratic, repeated("a"), N_QUADRATIC)
    assert measured.ratio > MAX_RATIO, measured
    with pytest.raises(AssertionError, match="grows faster than the text"):
        assert_linear(quadratic, repeated("a"), N_QUADRATIC)
