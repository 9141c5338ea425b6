"""The rates at which tags were used lately, and what they add to decision values: a constant for each tag.

Words do not say when an article was written, but the habits of a desk change. The odds of each tag's recent rate, beside the
odds of its usual rate, are one more feature of the stacking model. While articles are scored it is the same for all of them.
"""

from typing import NamedTuple, Self

import numpy as np

from classifier.domain.examples import POSITIVE, UNKNOWN

HALF_LIFE = 8.0  # positives
DAMPING = 50.0  # positives that a tag needs for half of the weight of its rates
SMOOTHING = 0.3  # positives that the usual rate counts for beside the recent ones
_RARELY, _ALMOST_ALWAYS = 1e-6, 1.0 - 1e-6


class Rates(NamedTuple):
    """The usual and the recent rates of tags, both (n_tags,) float64.

    usual: the share of positives among the known labels, 0 for a tag without any; recent: their exponential mean;
    half_life: the positives of a tag after which a label counts half as much, so the rarer the tag, the more articles.
    """

    usual: np.ndarray
    recent: np.ndarray
    half_life: float

    @property
    def step(self) -> np.ndarray:
        """How much the newest label counts in the recent rate, (n_tags,) float64 below 1."""
        usual = np.clip(self.usual, _RARELY, _ALMOST_ALWAYS)
        step: np.ndarray = 1.0 - 0.5 ** (usual / self.half_life)
        return step

    def after(self, labels: np.ndarray) -> Self:
        """Return the rates after one more article; its labels, (n_tags,) int8, change only tags whose label is known."""
        step = np.where(labels == UNKNOWN, 0.0, self.step)
        return self._replace(recent=self.recent + step * ((labels == POSITIVE) - self.recent))


def no_rates(n_tags: int) -> Rates:
    """Return the rates of tags of which nothing is known."""
    return Rates(np.zeros(n_tags), np.zeros(n_tags), HALF_LIFE)


def recency_offset(rates: Rates) -> np.ndarray:
    """Return the log-odds of the recent rates less those of the usual rates, (…, n_tags) float64; 0 where nothing is known.

    The recent rate is smoothed with SMOOTHING positives at the usual rate, so that chance moves no tag far.
    """
    usual = np.clip(rates.usual, _RARELY, _ALMOST_ALWAYS)
    n_labels, n_more = 1.0 / rates.step, SMOOTHING / usual  # the weights of an exponential mean add up to 1 / step
    recent = np.clip((n_labels * rates.recent + n_more * usual) / (n_labels + n_more), _RARELY, _ALMOST_ALWAYS)
    offset: np.ndarray = np.where(rates.usual > 0.0, _log_odds(recent) - _log_odds(usual), 0.0)
    return offset


def _log_odds(rate: np.ndarray) -> np.ndarray:
    odds: np.ndarray = np.log(rate) - np.log1p(-rate)
    return odds
