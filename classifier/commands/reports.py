"""`data-report`, `desk-report` and `drift-report`: what the data, the editors' decisions and the newest weeks show."""

import argparse
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from classifier.commands.opening import registry_of, store_of
from classifier.commands.output import print_json, track, warn_set_aside
from classifier.commands.parser import Commands, Options, whole
from classifier.commands.train import read_examples
from classifier.settings import Settings

MIN_WEEKS, MAX_WEEKS = 8, 520


def register(commands: Commands) -> None:
    """Add the commands of this module, in the order of the help."""
    sub = commands.add(
        commands.top,
        "data-report",
        _data_report,
        "Check articles before training: counts, doubtful labels, copies, repeated blocks, overlaps.",
        "examples json records",
        "data-report --articles archive.jsonl.gz --taxonomy taxonomy.yaml --output report.html",
        next_step="correct the labels that the report doubts, then `train` on the same files.",
    )
    _add_output(sub)
    sub = commands.add(
        commands.top,
        "desk-report",
        _desk_report,
        "Show what editors made of the suggestions: acceptance, misses and agreement, by tag and by editor.",
        "models database json",
        "desk-report --output desk.html",
        next_step="look up tags with a low acceptance in the page, and mend their aliases with `tags apply`.",
    )
    _add_output(sub)
    sub.add_argument(
        "--keep",
        action="store_true",
        help="also store it where the service shows it, /report (the service does so itself)",
    )
    sub = commands.add(
        commands.top,
        "drift-report",
        _drift_report,
        "Show what changed in the newest weeks, and which names rise that belong to no tag.",
        "models database json",
        "drift-report --output drift.html",
        next_step="add a tag or an alias for a rising name to the taxonomy, then `tags apply FILE`.",
    )
    sub.add_argument(
        "--weeks", type=whole(MIN_WEEKS, MAX_WEEKS), default=26, metavar="N", help="weeks to look at (%(default)s)"
    )
    sub.add_argument("--today", type=_day, metavar="DATE", help="the last day of the newest week (today, in UTC)")
    _add_output(sub)
    sub.add_argument("--keep", action="store_true", help="also write the page where the service shows it, /drift")


def _add_output(sub: Options) -> None:
    sub.add_argument("--output", type=Path, metavar="FILE", help="also write the report as one HTML page")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r}; it must be a date, like 2026-01-31.") from None


def _write(path: Path, page: str) -> None:
    from classifier.domain.files import whole_file

    with whole_file(path) as file:
        file.write(page.encode())


def _print_report(options: argparse.Namespace, report: Any, as_text: Any, written: str, path: object) -> None:
    """Print a report as JSON, or what was written where, or as text."""
    from classifier.reports.json_form import to_json

    if options.json:
        print_json(to_json(report))
    elif path:
        print(f"{written} -> {path}")
    else:
        print(as_text(report))


def _data_report(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.reports.data.figures import data_report
    from classifier.reports.data.page import as_page, as_text

    articles, taxonomy = read_examples(options.articles, options.taxonomy)
    report = data_report(articles, taxonomy, track)
    warn_set_aside(report.set_aside)
    if options.output:
        _write(options.output, as_page(report))
    n_findings = sum(finding.n for finding in report.findings)
    written = f"{report.n_articles} articles, {n_findings} findings"
    _print_report(options, report, as_text, written, options.output)


def _desk_report(options: argparse.Namespace, _settings: Settings) -> None:
    import gc

    from classifier.reports.desk.page import as_page, as_text
    from classifier.reports.kept import keep_desk_report, make_desk_report

    gc.disable()  # its walks through a million objects, none of which is garbage, take as long as all the rest
    store, taxonomy = store_of(options), registry_of(options).load_champion().taxonomy
    report = (keep_desk_report if options.keep else make_desk_report)(store, taxonomy)
    if options.output:
        _write(options.output, as_page(report))
    written = f"{report.decisions} decisions on {report.articles.decided} articles"
    path = options.output or ("the pages of the service" if options.keep else None)
    _print_report(options, report, as_text, written, path)


def _drift_report(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.reports.drift.figures import drift_report
    from classifier.reports.drift.page import PAGE, as_page, as_text

    store, model = store_of(options), registry_of(options).load_champion()
    total = sum(store.count_articles().values())
    today = options.today or datetime.now(UTC).date()
    report = drift_report(
        lambda: track(store.exports.filed(), total, "reading articles"),
        model.taxonomy,
        today,
        options.weeks,
        model.reader,
    )
    warn_set_aside(report.set_aside)
    if options.output:
        _write(options.output, as_page(report))
    if options.keep:
        _write(options.models / PAGE, as_page(report, here="/drift"))
    written = f"{len(report.rising)} rising names in {report.articles.newest_week} articles"
    path = options.output or (options.models / PAGE if options.keep else None)
    _print_report(options, report, as_text, written, path)
