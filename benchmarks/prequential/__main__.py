"""What a desk lives through: `python -m benchmarks.prequential`. Archives in date order, each article judged before its labels are known.

The first half of an archive is known. Then articles arrive in steps of a day or more, and systems are trained overnight: some
every night, slow ones every seventh. Prints a table of quality over all judged articles and a table of the keys that
suggestions save. The peers live in `.venv-peers`, installed on first use; one that fails has a row that says why.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.prequential import measures
from benchmarks.prequential.plot import draw, plot_file
from benchmarks.prequential.rows import ArchiveRow, SystemRow
from benchmarks.prequential.schedule import schedule
from benchmarks.prequential.tables import chosen, document
from benchmarks.processes import say
from benchmarks.replay.year import DATA, dated
from benchmarks.run import machine, machine_line
from benchmarks.systems import FASTTEXT, LIVE, OURS, SYSTEMS, THRESHOLDING, System

ARCHIVES = ("digitalgov", "untidy/euvsdisinfo", "untidy/jupiter", "reuters21578")
NIGHTLY = (OURS, LIVE, "sklearn", THRESHOLDING)
WEEKLY = (FASTTEXT, "omikuji-bonsai", "annif-omikuji")


def main() -> None:
    """Walk through the archives that are asked for; print the tables, and write what is asked for."""
    options = _parser().parse_args()
    figures: dict[str, Any] = {"corpora": {}}
    if options.json and options.json.is_file():
        figures = json.loads(options.json.read_text(encoding="utf-8"))
    figures["machine"] = machine()
    for archive in options.archives:
        with tempfile.TemporaryDirectory() as folder:
            name = Path(archive).name
            measured = measure(archive, Path(folder), options)
            figures["corpora"][name] = measures.with_others(measured, figures["corpora"].get(name))
        _write(figures, options)
    if not options.archives:
        _write(figures, options)
    print(_document(figures, options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.prequential", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--archives", nargs="*", default=ARCHIVES, metavar="NAME", help=f"of {DATA}; {', '.join(ARCHIVES)}"
    )
    parser.add_argument(
        "--systems",
        nargs="*",
        default=(*NIGHTLY, *WEEKLY),
        choices=SYSTEMS,
        metavar="NAME",
        help=f"{', '.join(SYSTEMS)} (%(default)s); the figures of others stay in the file of --json",
    )
    parser.add_argument("--nights", type=int, default=24, metavar="N", help="at most so many steps (%(default)s)")
    parser.add_argument(
        "--share", type=float, default=0.5, help="of an archive that is known at the start (%(default)s)"
    )
    parser.add_argument("--no-keys", action="store_true", help="do not count the keys that are saved")
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="add the figures to this file; with --archives alone, its figures are printed again",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the tables to this file")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="draw a PNG file of each archive into this folder")
    return parser


def measure(archive: str, folder: Path, options: argparse.Namespace) -> ArchiveRow:
    """Return the figures of all systems on an archive."""
    articles = dated(DATA / archive)
    plan = schedule(articles, options.share, options.nights)
    found = measures.described(plan)
    say(f"{archive}: {chosen(found)}")
    systems = [system for system in SYSTEMS.values() if system.key in options.systems]

    def over_time(system: System) -> SystemRow:
        return measures.over_time(system, plan, folder / system.key, 1 if system.key in NIGHTLY else measures.WEEK)

    # Each system is a process of its own.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found["systems"] = list(pool.map(over_time, systems))
        if not options.no_keys:
            found["work"] = list(pool.map(lambda one: measures.saved_keys(one, articles, folder / one.key), systems))
    return found


def _write(figures: dict[str, Any], options: argparse.Namespace) -> None:
    """Write what there is so far: a long run that breaks leaves its figures."""
    if options.json:
        options.json.write_text(json.dumps(figures, ensure_ascii=False) + "\n", encoding="utf-8")
    if options.plots:
        for name, found in figures["corpora"].items():
            draw(name, found, options.plots)
    if options.output:
        options.output.write_text(_document(figures, options), encoding="utf-8")


def _document(figures: dict[str, Any], options: argparse.Namespace) -> str:
    """Return all tables as a document that links to the plots."""
    beside = options.output.parent if options.output else Path()
    links = {
        name: os.path.relpath(plot_file(name, options.plots), beside) for name in figures["corpora"] if options.plots
    }
    return document(figures, machine_line(figures), links)


if __name__ == "__main__":
    main()
