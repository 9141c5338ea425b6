"""What the plots of all reports are drawn from; `templates/plots.html` has the geometry."""

from typing import NamedTuple


class Point(NamedTuple):
    """A point of a plot: all but its title are shares of the width or the height, from 0 to 1."""

    x: float
    y: float
    title: str
    low: float | None = None
    high: float | None = None


class Bar(NamedTuple):
    """A bar of a plot, or a week's scores: `height` is a share of the plot, `position` counts from the left."""

    position: int
    height: float
    title: str


class Tick(NamedTuple):
    """A label below a plot, at a share of its width."""

    x: float
    label: str


def tick_step(n: int, n_ticks: int) -> int:
    """Return the step from one labelled item to the next, so that about `n_ticks` of n are labelled."""
    return -(-n // n_ticks) or 1
