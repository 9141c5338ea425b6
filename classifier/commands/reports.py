"""`data-report`, `desk-report` and `drift-report`: what the data, the editors' decisions and the newest weeks show."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.commands.common import print_json, print_text, registry_of, store_of, taxonomy_of, warn_set_aside
from classifier.commands.parser import Usage
from classifier.domain.files import whole_file
from classifier.domain.progress import Amount
from classifier.reports.json_form import to_json
from classifier.settings import Settings
from classifier.store.rows import now

if TYPE_CHECKING:
    from classifier.reports.data.records import DataReport


def _write(path: Path, page: str) -> None:
    with whole_file(path) as file:
        file.write(page.encode())


def _print_report(options: Namespace, report: Any, as_text: Any, written: str, path: object) -> None:
    """Print a report as JSON, or what was written where, or as text."""
    if options.json:
        print_json(to_json(report))
    elif path:
        print_text(f"{written} -> {path}")
    else:
        print_text(as_text(report))


def do_data_report(options: Namespace, settings: Settings) -> None:
    from classifier.reports.data.page import as_page, as_text

    if options.keep and (options.articles or options.taxonomy):
        raise Usage("--keep is for the taxonomy and the articles of the store.")
    report = _kept_data_report(options, settings) if options.keep else _data_report(options)
    warn_set_aside(report.set_aside)
    if options.output:
        _write(options.output, as_page(report))
    n_findings = sum(finding.n for finding in report.findings)
    written = f"{report.n_articles} articles, {n_findings} findings"
    path = options.output or ("the pages of the service" if options.keep else None)
    _print_report(options, report, as_text, written, path)


def _data_report(options: Namespace) -> DataReport:
    from classifier.commands.train import read_examples
    from classifier.reports.data.figures import data_report

    options.progress.step("reading")
    articles, taxonomy, timeless = read_examples(options.articles, options.taxonomy)
    options.progress.step("looking")
    return data_report(articles, taxonomy, options.progress, timeless=timeless)


def _kept_data_report(options: Namespace, settings: Settings) -> DataReport:
    from classifier.reports.data.making import keep_data_report

    store, registry = store_of(options), registry_of(options)
    taxonomy = taxonomy_of(registry, store) or registry.load_champion().taxonomy
    how = settings.starter_until, settings.close_after_days, settings.learn_left
    examples = store.exports.attributed(*how, amount=(amount := Amount()))
    return keep_data_report(store, taxonomy, examples, options.progress, amount)


def do_desk_report(options: Namespace, _settings: Settings) -> None:
    import gc

    from classifier.reports.desk.page import as_page, as_text
    from classifier.reports.kept import keep_desk_report, make_desk_report

    gc.disable()  # its walks through a million objects, none of which is garbage, take as long as all the rest
    store, taxonomy = store_of(options), registry_of(options).load_champion().taxonomy
    options.progress.step("counting")
    report = (keep_desk_report if options.keep else make_desk_report)(store, taxonomy)
    if options.output:
        _write(options.output, as_page(report))
    written = f"{report.decisions} decisions on {report.articles.decided} articles"
    path = options.output or ("the pages of the service" if options.keep else None)
    _print_report(options, report, as_text, written, path)


def do_drift_report(options: Namespace, _settings: Settings) -> None:
    from classifier.reports.drift.figures import drift_report
    from classifier.reports.drift.kept import keep_drift
    from classifier.reports.drift.page import PAGE, as_page, as_text

    store, model, made_at = store_of(options), registry_of(options).load_champion(), now()
    total = sum(store.count_articles().values())
    today = date.fromisoformat(options.today) if options.today else datetime.now(UTC).date()
    passes = iter(options.steps)  # it reads the archive once for each
    report = drift_report(
        lambda: options.progress(store.exports.filed(), total, next(passes)),
        model.taxonomy,
        today,
        options.weeks,
        model.reader,
    )
    warn_set_aside(report.set_aside)
    if options.output:
        _write(options.output, as_page(report))
    if options.keep:
        keep_drift(store, report, made_at)
        (options.models / PAGE).unlink(missing_ok=True)  # of an earlier version
    written = f"{len(report.rising)} rising names in {report.articles.newest_week} articles"
    path = options.output or ("the pages of the service" if options.keep else None)
    _print_report(options, report, as_text, written, path)
