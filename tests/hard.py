"""The size of the hard tests, and the table of their results. `make test` runs a short form, `make test-hard` the full form.

`python -m tests.hard [PART …] [--output FILE]` runs the parts one after another and prints one table: what was done, how often,
what was lost, and the figures. A row for each file of tests says how many of its tests failed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

HARD = os.environ.get("TAGGER_TEST_SIZE") == "hard"
ROOT = Path(__file__).parent.parent
_ROWS_TO = "TAGGER_TEST_ROWS"  # the file that rows of all parts are added to
_T = TypeVar("_T")
_HEADER = ("on", "what was done", "how often", "lost", "figures")


def size(short: _T, whole: _T) -> _T:
    """Return how large a test is to be."""
    return whole if HARD else short


def told(what: str, times: str, lost: int, figures: str = "") -> None:
    """Put a row into the table: what was done, how often, what was lost, and what else is worth knowing."""
    if path := os.environ.get(_ROWS_TO):
        with Path(path).open("a", encoding="utf-8") as rows:
            rows.write(json.dumps([what, times, str(lost), figures]) + "\n")


@dataclass(frozen=True)
class Part:
    """Files of tests that run in one process, where they find what they need."""

    on: str
    needs: str
    names: tuple[str, ...]
    command: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    def run(self, rows: Path) -> bool:
        """Run the tests, and return whether all passed."""
        mine = {"TAGGER_TEST_SIZE": "hard", "TAGGER_TEST_NEEDS": self.needs, _ROWS_TO: str(rows)}
        files = [f"tests/test_{name}.py" for name in self.names]
        pytest = [sys.executable, "-m", "pytest", "-m", "not wordpress", *files]
        command = [*(sys.executable, "-m") * bool(self.command), *self.command, *pytest]
        return (
            subprocess.run(command, cwd=ROOT, env={**os.environ, **self.settings, **mine}, check=False).returncode == 0
        )


PARTS = {
    "input": Part(
        "SQLite",
        "",
        (
            "bad_input",
            "strict_json",
            "articles",
            "html",
            "page_parts",
            "words",
            "mentions",
            "model_files",
            "importers",
            "wxr",
            "schema_fuzz",
            "hostile_routes",
            "hostile_jobs",
            "unreadable",
            "foreign_records",
            "dates",
            "showing",
            "tagger",
        ),
    ),
    "load": Part("SQLite", "", ("load", "limits", "turns", "queries")),
    "faults": Part(
        "SQLite",
        "system",
        (
            "nothing_lost",
            "database_faults",
            "backup",
            "promotion_under_load",
            "faults",
            "migrations",
            "proxy",
            "taxonomy_head",
            "taxonomy_service",
            "taxonomy_kills",
            "taxonomy_training",
        ),
    ),
    "access": Part(
        "SQLite", "system", ("access", "keys", "poisoning", "logs", "metrics", "privacy", "deploy", "operations")
    ),
    "gate": Part("SQLite", "", ("gate_checks", "gate_labels", "gate_runs", "replay")),
    "postgres": Part(
        "PostgreSQL",
        "postgres",
        (
            "postgres",
            "nothing_lost",
            "database_faults",
            "backup",
            "promotion_under_load",
            "limits",
            "load",
            "poisoning",
        ),
        ("tests.postgres",),
        {"TAGGER_TEST_LOAD_SECONDS": "120"},
    ),
    "fuzz": Part("Atheris", "fuzz", ("fuzz",)),
    "dask": Part("Dask", "dask", ("dask",)),
    "supply": Part("locks", "supply", ("supply_chain",)),
}


def _lines(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return a Markdown table."""
    cells = [tuple(cell.replace("|", "/") for cell in row) for row in rows]
    ruler = tuple("-" * len(name) for name in _HEADER)
    return [f"| {' | '.join(row)} |" for row in (_HEADER, ruler, *cells)]


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Run parts, print the table, and return 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.hard", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the table there too, as Markdown")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    table: list[tuple[str, ...]] = []
    failed, begun = [], time.monotonic()
    for name in options.parts or PARTS:
        rows = ROOT / "var" / "hard-rows.jsonl"
        rows.parent.mkdir(exist_ok=True)
        rows.unlink(missing_ok=True)
        _say(f"\n=== {name}: {', '.join(PARTS[name].names)}\n")
        if not PARTS[name].run(rows):
            failed.append(name)
        if rows.exists():
            table += [(PARTS[name].on, *json.loads(line)) for line in rows.read_text("utf-8").splitlines()]
    minutes = (time.monotonic() - begun) / 60
    ended = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors, {minutes:.0f} minutes. Failed: {', '.join(failed) or 'nothing'}."
    text = "\n".join([*_lines(table), "", ended, ""])
    _say(f"\n{text}")
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
