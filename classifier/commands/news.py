"""`drift-report`: what has changed in the newest weeks, and which names rise that belong to no tag."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime
from pathlib import Path

from classifier.commands.output import print_json, say_set_aside, track
from classifier.commands.parser import Commands, whole
from classifier.settings import Settings

MIN_WEEKS, MAX_WEEKS = 8, 520


def register(commands: Commands) -> None:
    """Add the command."""
    sub = commands.add(
        commands.top,
        "drift-report",
        _drift_report,
        "Say what has changed in the newest weeks, and which names rise that belong to no tag.",
        "models database json",
        "drift-report --keep",
    )
    sub.add_argument(
        "--weeks",
        type=whole(MIN_WEEKS, MAX_WEEKS),
        default=26,
        metavar="N",
        help="weeks that are looked at (%(default)s)",
    )
    sub.add_argument("--today", type=_day, metavar="DATE", help="the last day of the newest week (today, in UTC)")
    sub.add_argument("--output", type=Path, metavar="FILE", help="also write the report as one HTML page")
    sub.add_argument("--keep", action="store_true", help="also write the page to where the service shows it, /drift")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r}; it must be a date, like 2026-01-31.") from None


def _drift_report(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.reports.drift.figures import drift_report
    from classifier.reports.drift.page import PAGE, as_page, as_text
    from classifier.reports.json_form import to_json
    from classifier.serving.registry import Registry
    from classifier.store import open_store

    store, model = open_store(options.database), Registry(options.models).load_champion()
    total = sum(store.count_articles().values())
    today = options.today or datetime.now(UTC).date()
    report = drift_report(
        lambda: track(store.exports.filed(), total, "reading articles"),
        model.taxonomy,
        today,
        options.weeks,
        model.reader,
    )
    say_set_aside(report.set_aside)
    if options.output:
        _write(options.output, as_page(report))
    if options.keep:
        _write(options.models / PAGE, as_page(report, here="/drift"))
    if options.json:
        print_json(to_json(report))
    elif options.output or options.keep:
        found = f"{len(report.rising)} rising names in {report.articles.newest_week} articles"
        print(f"{found} -> {options.output or options.models / PAGE}")
    else:
        print(as_text(report))


def _write(path: Path, page: str) -> None:
    from classifier.domain.files import whole_file

    with whole_file(path) as file:
        file.write(page.encode())
