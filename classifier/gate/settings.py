"""When the gate holds a tag or closes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GateSettings:
    """When a tag is held, and when the gate closes."""

    tag_margin: float = 0.03  # the F1 that a tag may lose since the champion
    anchor_margin: float = 0.05  # the same since the anchor
    anchor_share: float = 0.05  # of its F1, if it has lost more than that margin
    anchor_surely: float = 0.99  # the share of draws that must lose more than this share
    held_margin: float = 0.1  # what a tag may lose that is held, before the run is refused
    tag_surely: float = 0.98  # the share of draws that must lose more
    margin: float = 0.01  # the micro-F1 that a challenger may lose, twice as much as it changes on an honest night
    language_margin: float = 0.03  # the micro-F1 that a language may lose since the champion
    min_language: int = 50  # articles of a language that both models judged, from which on it is compared
    alpha: float = 0.05  # the level of the tests of the whole
    min_blind: int = 20  # tags of blind articles from which recall is tested
    calibration: float = 0.02  # how much the expected calibration error may rise
    times_size: float = 3.0  # how many times the champion's size a challenger may have
    times_latency: float = 3.0  # the same for the time of a suggestion
    free_megabytes: float = 100.0  # allowed in any case
    free_milliseconds: float = 25.0  # allowed in any case
    max_megabytes: float = 2_000.0  # never exceeded
    max_milliseconds: float = 50.0  # never exceeded
    times_unknown: float = 1.5  # suggestions with unknown labels, as a multiple of the champion's
    free_unknown: float = 1.0  # the same for each article, as a number beyond the champion's
    n_served: int = 500  # articles on which the served model is compared with its own cross-validation, at least
    min_served: int = 5  # positives among them from which a tag is compared
    served_margin: float = 0.03  # the F1 that the served model may have less there
