"""What the gate stops and what it holds back: `python -m benchmarks.replay`. The proof of the nightly run.

A desk knows the oldest articles of an archive and retrains every night, by the product's own fit and its own gate. Each fault
is put into a copy of it, beside a night's honest articles. A desk without a gate says what the fault costs: a loss is a
tag whose F1 in cross-validation, by its true tags, falls by more than .1. It is stopped if the gate named the tag or refused the
run, and what serves has not lost it. Slow faults go on for weeks. Honest nights say what is held for nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypedDict

from benchmarks.corpora import corpus_of
from benchmarks.processes import say
from benchmarks.replay import tables
from benchmarks.replay.desk import Quality
from benchmarks.replay.faults import FAULTS, SLOW, Fault
from benchmarks.replay.runs import (
    Archive,
    Case,
    Hurt,
    Night,
    SlowCase,
    faulty_night,
    honest_nights,
    hurt_tags,
    slow_fault,
)
from benchmarks.replay.year import DATA, dated
from benchmarks.run import machine
from classifier.training.settings import FitSettings, TrainingSettings

ARCHIVES = ("digitalgov", "untidy/euvsdisinfo")
GOAL = 0.24  # share of labels at which a slow loss ends: whatever is named later was named too late
PARTS = ("honest", "faults", "slow")


class Found(TypedDict, total=False):
    """The figures of an archive."""

    n_known: int
    n_nightly: int
    seconds: dict[str, int]  # by part
    honest: list[Night]
    faults: list[Case]
    slow: list[SlowCase]


def main() -> None:
    """Replay the archives that are asked for, print the tables, and write the figures."""
    options = _parser().parse_args()
    if missing := [name for name in options.archives if not corpus_of(DATA / name).train.is_file()]:
        sys.exit(f"There is no {', '.join(missing)} in {DATA} (set TAGGER_EVAL_DATA).")
    found: dict[str, Found] = {}
    if options.json and options.json.is_file():
        found = json.loads(options.json.read_text(encoding="utf-8"))["archives"]
    settings = TrainingSettings(fit=FitSettings(fast=options.fast, n_jobs=1), learning_curve=())
    for name in options.archives:
        with tempfile.TemporaryDirectory() as folder:
            articles = dated(DATA / name)[options.skip :]
            archive = Archive(Path(name).name, articles, options.known, options.nightly, settings, Path(folder))
            figures = found.setdefault(archive.name, Found(seconds={}))
            figures |= Found(n_known=archive.n_known, n_nightly=archive.n_nightly)
            archive.begin()
            for part in options.parts:
                began = time.perf_counter()
                for _ in measure(part, archive, figures, options):
                    figures["seconds"][part] = round(time.perf_counter() - began)
                    _write(found, options.json)
                say(f"{archive.name}: {part}, {figures['seconds'][part]} s")
    print(tables.document(found))


def measure(part: str, archive: Archive, figures: Found, options: argparse.Namespace) -> Iterator[None]:
    """Replay a part of an archive, and put in its figures. Yields after each fault: a run that breaks leaves its figures."""
    if part == "honest":
        figures["honest"] = honest_nights(archive, options.nights)
        yield
        return
    quality = {serving: archive.honest_quality(serving) for serving in (False, True)}
    if part == "faults":
        figures["faults"] = []
        for fault in FAULTS:
            for hurt in _draws(archive, fault, quality[False], options.first_draw, options.draws):
                figures["faults"] += faulty_night(archive, fault, hurt, quality[fault.is_seen_in_serving])
            yield
    else:
        figures["slow"] = []
        for fault in SLOW:
            for hurt in _draws(archive, fault, quality[False], options.first_draw, options.slow_draws):
                figures["slow"] += slow_fault(archive, fault, hurt, options.slow_nights, GOAL)
            yield


def _write(found: Mapping[str, Found], path: Path | None) -> None:
    if path:
        text = json.dumps({"machine": machine(), "archives": found}, indent=1)
        path.write_text(text + "\n", encoding="utf-8")


def _draws(archive: Archive, fault: Fault, quality: Quality, first: int, n: int) -> list[Hurt]:
    return [hurt_tags(archive, quality, fault.n_hurt, draw) for draw in range(first, first + n)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.replay", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--archives", nargs="+", default=ARCHIVES, metavar="NAME", help=f"of {DATA} (%(default)s)")
    add("--known", type=int, default=1_000, help="articles of the first training (%(default)s)")
    add("--skip", type=int, default=0, help="oldest articles that are left out: other nights (%(default)s)")
    add("--nightly", type=int, default=30, help="honest articles a night (%(default)s)")
    add("--nights", type=int, default=20, help="honest nights (%(default)s)")
    add("--draws", type=int, default=2, help="of tags for each fault (%(default)s)")
    add("--slow-draws", type=int, default=1, help="the same for slow faults (%(default)s)")
    add("--first-draw", type=int, default=0, help="the first of these draws: other tags (%(default)s)")
    add("--slow-nights", type=int, default=25, help="of a slow fault (%(default)s)")
    add("--parts", nargs="+", default=PARTS, choices=PARTS, help="(%(default)s); others stay in the file of --json")
    add("--fast", action="store_true", help="plain models, in a fraction of the time")
    add("--json", type=Path, metavar="FILE", help="write the figures here as well")
    return parser


if __name__ == "__main__":
    main()
