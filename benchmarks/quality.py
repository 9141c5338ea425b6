"""Quality and cost of every system on a corpus: each step a fresh process, each output scored by the same code."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.corpora import Corpus, repeated, tag_counts
from benchmarks.environments import python_of
from benchmarks.processes import Failed, Run, run, say, size_mb
from benchmarks.scoring import score
from benchmarks.systems import FAST, FASTTEXT, OURS, THRESHOLDING, System
from classifier.domain.articles import Article, read_articles

RATED = (OURS, FAST, FASTTEXT)  # whose file-to-file rate is a target: measured several times, in turns
N_ROUNDS = 3
N_COPIES = 10
PREDICT_ALONE = ("fasttext-predict", "fastText, `predict` alone, from prepared lines")


def measure(corpus: Corpus, systems: Sequence[System], folder: Path) -> dict[str, Any]:
    """Return a row of figures per system, the file-to-file rates, and the cost of training beside LibMultiLabel's."""
    train, test = (list(read_articles([path])) for path in (corpus.train, corpus.test))
    rows = [measure_system(corpus, system, test, folder / system.key) for system in systems]
    sound = [s for s, row in zip(systems, rows, strict=True) if "problem" not in row and s.key in RATED]
    return {
        "name": corpus.name,
        "n_train": len(train),
        "n_test": len(test),
        "n_tags": len({tag for article in (*train, *test) for tag in article.tags or ()}),
        "train_counts": tag_counts(train),
        "systems": rows,
        "rates": rates(corpus, sound, folder),
        "fast_to_thresholding": _fast_ratio({row["key"]: row for row in rows}),
    }


def measure_system(corpus: Corpus, system: System, test: Sequence[Article], folder: Path) -> dict[str, Any]:
    """Return a system's figures on a corpus, or its problem."""
    row: dict[str, Any] = {"key": system.key, "name": system.name}
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / "suggestions.jsonl"
    try:
        say(f"{corpus.name}: {system.name}: training")
        trained = run(system.command(corpus.train, corpus.test, folder, "train"))
        say(f"{corpus.name}: {system.name}: suggesting")
        more = ("--output", str(output))
        suggested = run(system.command(corpus.train, corpus.test, folder, "suggest", *more))
        one = run(system.command(corpus.train, corpus.test, folder, "latency"))
        measured = score(output, test, probabilities=system.probabilities)
    except (Failed, ValueError) as error:
        say(f"{corpus.name}: {system.name}: {error}")
        return {**row, "problem": str(error)}
    n = suggested.figures["n_articles"]
    return {
        **row,
        **measured,
        **trained.figures,
        **one.figures,
        "train_cpu_seconds": trained.cpu_seconds,
        "train_peak_mb": trained.peak_mb,
        "model_mb": size_mb(folder / "model"),
        "load_seconds": suggested.figures["load_seconds"],
        "articles_per_second": n / suggested.figures["suggest_seconds"],
        "articles_per_second_with_start": n / suggested.seconds,
    }


def _fast_ratio(rows: dict[str, dict[str, Any]]) -> dict[str, float] | None:
    """Return what the fast fit costs beside LibMultiLabel's thresholding, in wall and in CPU time."""
    fast, other = rows.get(FAST, {"problem": ""}), rows.get(THRESHOLDING, {"problem": ""})
    if "problem" in fast or "problem" in other:
        return None
    return {
        "seconds": fast["train_seconds"] / other["train_seconds"],
        "cpu_seconds": fast["train_cpu_seconds"] / other["train_cpu_seconds"],
    }


# --- from a file to a file --------------------------------------------------------------------------------------


def rates(corpus: Corpus, systems: Sequence[System], folder: Path) -> list[dict[str, Any]]:
    """Return file-to-file rates on the test part and on ten copies of it, medians of rounds in which systems take turns."""
    if not systems:
        return []
    many = repeated(corpus.test, N_COPIES, folder / "many.jsonl.gz")
    rows = []
    for what, path in (("test part", corpus.test), (f"{N_COPIES} times the test part", many)):
        commands = {(s.key, s.name): _suggest_commands(corpus, s, path, folder) for s in systems}
        if any(s.key == FASTTEXT for s in systems):
            commands[PREDICT_ALONE] = _predict_command(path, folder)
        taken: dict[tuple[str, str], list[tuple[Run, Run]]] = {one: [] for one in commands}
        for number in range(N_ROUNDS):
            say(f"{corpus.name}: file to file, {what}, round {number + 1} of {N_ROUNDS}")
            for one, (inside, whole) in commands.items():
                try:
                    first = run(inside)
                    taken[one].append((first, run(whole) if whole != inside else first))
                except Failed as error:
                    say(f"{corpus.name}: {one[1]}: {error}")
        rows += [{"file": what, "key": key, "name": name, **_rate(runs)} for (key, name), runs in taken.items() if runs]
    return rows


def _rate(runs: Sequence[tuple[Run, Run]]) -> dict[str, float]:
    n = runs[0][0].figures["n_articles"]
    return {
        "n_articles": n,
        "articles_per_second": statistics.median(n / inside.figures["suggest_seconds"] for inside, _ in runs),
        "articles_per_second_with_start": statistics.median(n / whole.seconds for _, whole in runs),
    }


def _suggest_commands(corpus: Corpus, system: System, path: Path, folder: Path) -> tuple[list[str], list[str]]:
    """Return the program with clocks inside, and what is timed as a whole: for our rows the real command."""
    output = str(folder / system.key / "rate.jsonl")
    inside = system.command(corpus.train, path, folder / system.key, "suggest", "--output", output)
    if system.key not in (OURS, FAST):
        return inside, inside
    models = str(folder / system.key / "model")
    command = [sys.executable, "-m", "classifier", "suggest", "--models", models]
    return inside, [*command, "--articles", str(path), "--output", output]


def _predict_command(path: Path, folder: Path) -> tuple[list[str], list[str]]:
    """Return the timing of fastText's `predict` alone; preparing the lines is not timed."""
    peers = Path(__file__).parent / "peers"
    python = python_of("linear")
    lines = folder / f"{path.name}.lines"
    model, output = folder / FASTTEXT / "model" / "model.bin", folder / "lines.out"
    run([python, str(peers / "fasttext_lines.py"), "prepare", str(path), str(lines)])
    command = [python, str(peers / "fasttext_lines.py"), "predict", str(lines), str(output), str(model)]
    return command, command
