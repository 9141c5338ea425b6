"""Figures -> PNG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib import style
from matplotlib.figure import Figure

OURS_COLOUR, PEER_COLOUR = "#1f5fa8", "#9aa5b1"
STYLE: dict[str, Any] = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}


def draw(figures: dict[str, Any], folder: Path) -> list[Path]:
    """Draw what was measured, and return the files."""
    style.use(STYLE)
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for corpus in figures.get("corpora", {}).values():
        sound = [row for row in corpus["systems"] if "problem" not in row]
        if sound:
            drawn += [_quality(corpus["name"], sound, folder), _cost(corpus["name"], sound, folder)]
    if "service" in figures:
        kept = [row for row in figures["service"]["rows"] if row.get("keeps_connections", True)]
        drawn.append(_service(kept, folder))
    return drawn


def _colour(row: dict[str, Any]) -> str:
    return OURS_COLOUR if row["name"].startswith("article tagger") else PEER_COLOUR


def saved(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG, and return where."""
    figure.savefig(path, dpi=144, bbox_inches="tight", facecolor="white")
    return path


def _quality(name: str, rows: list[dict[str, Any]], folder: Path) -> Path:
    """Bars of micro- and macro-F1 with their intervals, best at the top."""
    figure = Figure(figsize=(9, 0.36 * len(rows) + 1.1), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    rows = sorted(rows, key=lambda row: row["macro_f1"])
    for ax, measure, label in zip(axes, ("micro_f1", "macro_f1"), ("micro-F1", "macro-F1"), strict=True):
        values = [row[measure] for row in rows]
        ends = [row[f"{measure}_interval"] for row in rows]
        spread = [
            [max(0.0, v - low) for v, (low, _) in zip(values, ends, strict=True)],
            [max(0.0, high - v) for v, (_, high) in zip(values, ends, strict=True)],
        ]
        ax.barh(
            [row["name"] for row in rows], values, color=[_colour(row) for row in rows], xerr=spread, ecolor="#444444"
        )
        for place, (value, (_, high)) in enumerate(zip(values, ends, strict=True)):
            ax.text(max(value, high) + 0.012, place, f"{value:.3f}", va="center", fontsize=8)
        ax.set_xlim(0, min(1.15, max(high for _, high in ends) * 1.2))
        ax.set_xlabel(f"{label} on the test part, with its 95 % interval")
    figure.suptitle(f"{name}: quality")
    return saved(figure, folder / f"{name}-quality.png")


def _cost(name: str, rows: list[dict[str, Any]], folder: Path) -> Path:
    """Macro-F1 over the seconds of training."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    ax = figure.subplots()
    room = 0.03 * (max(row["macro_f1"] for row in rows) - min(row["macro_f1"] for row in rows))
    last = None
    for row in sorted(rows, key=lambda row: row["macro_f1"], reverse=True):
        ax.scatter(row["train_seconds"], row["macro_f1"], s=40, color=_colour(row), zorder=3)
        place = (row["train_seconds"], row["macro_f1"])
        below = last is not None and last - row["macro_f1"] < room  # two labels would lie on each other
        last = row["macro_f1"]
        ax.annotate(row["name"], place, xytext=(6, -9 if below else 3), textcoords="offset points", fontsize=8)
    ax.set_xscale("log")
    ax.margins(x=0.25)
    ax.grid(color="#e5e7eb")
    ax.set_xlabel("training, seconds (logarithmic)")
    ax.set_ylabel("macro-F1 on the test part")
    ax.set_title(f"{name}: quality and the cost of training")
    return saved(figure, folder / f"{name}-cost.png")


def _service(rows: list[dict[str, Any]], folder: Path) -> Path:
    """Requests a second and median latency over the number of clients."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    names = list(dict.fromkeys(row["name"] for row in rows))
    for name in names:
        own = [row for row in rows if row["name"] == name]
        clients = [row["clients"] for row in own]
        for ax, key in ((left, "requests_per_second"), (right, "p50_ms")):
            ax.plot(clients, [row[key] for row in own], marker="o", label=name)
    for ax, label in ((left, "requests a second"), (right, "median latency, ms")):
        ax.set_yscale("log")
        ax.set_xticks(sorted({row["clients"] for row in rows}))
        ax.set_xlabel("clients")
        ax.set_ylabel(f"{label} (logarithmic)")
        ax.grid(color="#e5e7eb", which="both")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
    figure.suptitle("Service: 4 kB articles with evidence, two workers")
    return saved(figure, folder / "service.png")
