"""The run of a night: `python -m benchmarks.nightly` measures what matters, keeps it, and says what became slower.

It takes about ten minutes of CPU (hours with `--full`). A line is added to benchmarks/history.jsonl (see benchmarks/history.py).
CPU times are divided by those of a loop that runs before and after each part, so that a slow hour of the machine is no news.
The exit code is 1 if a figure takes more than in the last runs by more than its own noise.
"""

from __future__ import annotations

import argparse
import math
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import growing, history, loading, scale, service
from benchmarks.made_up import write_archive
from benchmarks.processes import ROOT, say
from benchmarks.run import machine
from benchmarks.synthetic import cut_to, saved, starter_model
from benchmarks.tables import table

HISTORY, PLOT = ROOT / "benchmarks" / "history.jsonl", ROOT / "var" / "history.png"
CPU_US, CPU_MS, CPU_S, MB = "µs of CPU", "ms of CPU", "s of CPU", "MB"
# Articles and tags of archives that are trained on, with --fast and without.
FAST, FAST_FULL = ((1_000, 50), (10_000, 50), (3_000, 300), (3_000, 1_000)), ((100_000, 300), (10_000, 5_000))
DEFAULT, DEFAULT_FULL = ((1_000, 50),), ((10_000, 300),)
STORED, STORED_FULL = (1_000, 10_000), (100_000, 1_000_000)  # articles
# Those of benchmarks/growing.py that are kept: of a CMS, of the queue, of probes.
ASKED = (
    "PUT a new article",
    "POST a decision",
    f"GET {growing.ARTICLE}",
    f"GET {growing.QUEUE}turns",
    "GET /metrics",
)
N_LOOPS = 5


class Figure(NamedTuple):
    """Something that was measured."""

    name: str
    value: float
    unit: str


Part = Callable[[Path, bool], Iterator[Figure]]


def main() -> None:
    """Measure, compare, keep and draw."""
    options = _parser().parse_args()
    earlier = history.read_history(options.history)
    run = measured(options.only or list(PARTS), full=options.full)
    found = history.verdicts(earlier, run)
    history.append(options.history, run)
    print(document(run, found))
    print(history.in_words(found))
    _draw([*earlier, run], options.plot)
    say(f"drawn: {options.plot}")
    sys.exit(any(each.is_worse for each in found))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="also archives of 100,000 articles and stores of 1,000,000")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="only these parts")
    parser.add_argument("--history", type=Path, default=HISTORY, metavar="FILE", help="(%(default)s)")
    parser.add_argument("--plot", type=Path, default=PLOT, metavar="FILE", help="(%(default)s)")
    return parser


def measured(parts: Sequence[str], full: bool = False) -> dict[str, Any]:
    """Return a run, a line of the history."""
    figures, loops = {}, {}
    for part in parts:
        with tempfile.TemporaryDirectory(prefix="nightly-") as folder:
            before = calibration()
            found = list(PARTS[part](Path(folder), full))
            loops[part] = loop = math.sqrt(before * calibration())
        for figure in found:
            relative = figure.value if figure.unit == MB else figure.value / loop
            figures[figure.name] = {"raw": figure.value, "unit": figure.unit, "relative": relative}
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"commit": _commit(), "date": now, "machine": machine(), "calibration": loops, "figures": figures}


def calibration() -> float:
    """Return the CPU seconds of a loop that does what the product does: strings, dictionaries, patterns and products of numpy."""
    words = [f"{syllable}{number % 977}" for number in range(60_000) for syllable in ("ka", "bul", "ro")]
    text, matrix = " ".join(words), np.random.default_rng(0).random((300, 300))
    times = []
    for _ in range(N_LOOPS):
        began = time.process_time()
        counts: dict[str, int] = {}
        for word in re.findall(r"\w+", text.upper().lower()):
            counts[word] = counts.get(word, 0) + 1
        order = np.argsort(np.array(list(counts.values()) * 100, dtype=np.float64))
        float((matrix @ matrix).sum() + order.sum())
        times.append(time.process_time() - began)
    return min(times)


def document(run: history.Run, found: Sequence[history.Verdict]) -> str:
    """Return a table of the figures."""
    rows = []
    for each in found:
        figure = run["figures"][each.name]
        compared = ["–", "–"] if each.median is None else [f"{each.change:+.0%}", f"{each.allowed:.0%}"]
        rows.append([each.name, f"{figure['raw']:.4g} {figure['unit']}", f"{each.now:.4g}", *compared])
    head = ["what", "raw", "compared", "beside the last runs", "may be noise"]
    return table(f"Nightly run, {run['commit']}, {run['date']}", head, rows) + "\n"


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    return git("rev-parse", "--short", "HEAD") + "+" * bool(git("status", "--porcelain", "--untracked-files=no"))


# --- the parts ---


def _requests(folder: Path, _full: bool) -> Iterator[Figure]:
    saved(cut_to(starter_model(), service.N_TAGS), folder / "cut")
    for row in service.in_process(folder)["rows"]:
        yield Figure(f"POST /v1/suggest, 4 kB, {row['name']}", row["door_us"], CPU_US)


def _training(folder: Path, full: bool) -> Iterator[Figure]:
    cells = [(way, cell) for way, small, large in WAYS for cell in (*small, *(large if full else ()))]
    for way, (n_articles, n_tags) in cells:
        say(f"training: {way}, {n_articles:,} articles, {n_tags:,} tags")
        path = folder / "archive.jsonl"
        write_archive(path, n_articles, n_tags)
        cost = scale.trained(path, folder / "models", way)
        name = f"train{' --fast' if way == 'fast' else ''}, {n_articles:,} articles, {n_tags:,} tags"
        yield Figure(name, cost["cpu_seconds"], CPU_S)
        yield Figure(f"{name}, memory kept", cost["kept"] / 1e6, MB)


def _loading(folder: Path, _full: bool) -> Iterator[Figure]:
    found = loading.measure_many(folder)
    name = f"a model of {found['n_tags']:,} tags"
    yield Figure(f"load {name}", found["load_cpu_seconds"], CPU_S)
    yield Figure(f"a service with {name}, memory", found["one_worker_pss_mb"], MB)
    yield Figure(f"a service with {name}, memory of a second worker", found["second_worker_adds_mb"], MB)


def _store(folder: Path, full: bool) -> Iterator[Figure]:
    for n_articles in (*STORED, *(STORED_FULL if full else ())):
        costs = growing.measured(n_articles, folder)
        for name in ASKED:
            yield Figure(f"{name}, {n_articles:,} articles", costs[name].cpu, CPU_MS)


WAYS = (("fast", FAST, FAST_FULL), ("default", DEFAULT, DEFAULT_FULL))
PARTS: dict[str, Part] = {"requests": _requests, "training": _training, "loading": _loading, "store": _store}


def _draw(runs: Sequence[history.Run], path: Path) -> None:
    """Draw each figure over the runs, as a share of the first one that has it."""
    from matplotlib import style
    from matplotlib.figure import Figure as Drawing

    from benchmarks.plots import STYLE

    style.use(STYLE)
    names = list(dict.fromkeys(name for run in runs for name in run["figures"]))
    drawing = Drawing(figsize=(12, 1.5 * math.ceil(len(names) / 3) + 0.5), layout="constrained")
    for ax, name in zip(drawing.subplots(math.ceil(len(names) / 3), 3, squeeze=False).flat, names, strict=False):
        has = [(number, run["figures"][name]) for number, run in enumerate(runs) if name in run["figures"]]
        first = has[0][1]["relative"]
        ax.plot([number for number, _ in has], [figure["relative"] / first for _, figure in has], marker=".")
        ax.axhline(1.0, color="#9aa5b1", linewidth=0.6)
        ax.set_title(name, fontsize=7)
        ax.set_xlim(-0.5, len(runs) - 0.5)
        ax.set_xticks([0, len(runs) - 1], [runs[0]["date"][:10], runs[-1]["date"][:10]], fontsize=6)
    for ax in drawing.axes[len(names) :]:
        ax.set_visible(False)
    drawing.suptitle("Figures of each run, as a share of the first one")
    path.parent.mkdir(parents=True, exist_ok=True)
    drawing.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
