"""Figures of an archive -> a plot of quality over time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib import style
from matplotlib.figure import Figure

from benchmarks.plots import OURS_COLOUR, STYLE, saved
from benchmarks.prequential.measures import WINDOW
from benchmarks.prequential.rows import ArchiveRow

PEER_COLOURS = ("#c2703d", "#5b8c5a", "#8a6fa8", "#7b8794", "#b59b3a", "#4f9da6", "#b0607a")
NEXT_OURS = "#6fa3d8"
MIN_GAP = 0.045  # between two labels, as a share of the axis


def draw(name: str, found: ArchiveRow, folder: Path) -> Path:
    """Draw the rolling micro-F1 of each system, named at the end of its line, and return the file."""
    style.use(STYLE)
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    ax = figure.subplots()
    colours = iter(PEER_COLOURS)
    ends = []
    for row in (row for row in found["systems"] if "problem" not in row):
        ours = row["name"].startswith("article tagger")
        colour = (OURS_COLOUR if row["name"] == "article tagger" else NEXT_OURS) if ours else next(colours)
        x, y = zip(*row["rolling"], strict=True)
        ax.plot(x, y, color=colour, linewidth=2.2 if ours else 1.2, zorder=3 if ours else 2)
        ends.append((y[-1], row["name"], colour, x[-1]))
    _name_lines(ax, ends)
    ax.set_xticks(*zip(*found["ticks"], strict=True))
    ax.set_xlim(0, found["n_judged"])
    ax.grid(color="#e5e7eb")
    ax.set_xlabel("articles in date order, each judged before its labels are known")
    ax.set_ylabel(f"micro-F1 over the last {min(WINDOW, found['n_judged'])} articles")
    ax.set_title(f"{name}: quality over time")
    folder.mkdir(parents=True, exist_ok=True)
    return saved(figure, plot_file(name, folder))


def plot_file(name: str, folder: Path) -> Path:
    """Return the file of an archive's plot in a folder."""
    return folder / f"prequential-{name}.png"


def _name_lines(ax: Any, ends: list[tuple[float, str, str, int]]) -> None:
    """Write the names of lines beside their ends, far enough from each other."""
    low, high = ax.get_ylim()
    gap = MIN_GAP * (high - low)
    place = low - gap
    for y, name, colour, x in sorted(ends):
        place = max(y, place + gap)
        ax.annotate(name, (x, place), xytext=(6, -3), textcoords="offset points", color=colour, annotation_clip=False)
