"""`export …`, `desk-report`: what editors decided, for other programs and for the people who answer for the desk."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.commands.output import print_json, track
from classifier.commands.parser import Commands
from classifier.settings import Settings

if TYPE_CHECKING:
    from classifier.store import Store


def register(commands: Commands) -> None:
    """Add the commands of this module, in the order of the help."""
    within = commands.group("export", "Write what the store knows as JSON Lines.")
    for name, run, text in (
        ("decisions", _export_decisions, "Write the decision log, one decision a line, in its order."),
        ("examples", _export_examples, "Write what training reads: articles with the tags that are known of them."),
    ):
        sub = commands.add(within, name, run, text, "database json", f"export {name} --output {name}.jsonl.gz")
        sub.add_argument("--output", type=Path, required=True, metavar="FILE", help="JSON Lines; .gz is packed")
    _add_assignments(commands, within)
    sub = commands.add(
        commands.top,
        "desk-report",
        _desk_report,
        "Say what editors made of the suggestions: acceptance, what is missed, agreement, by tag and by editor.",
        "models database json",
        "desk-report --output desk.html",
    )
    sub.add_argument("--output", type=Path, metavar="FILE", help="also write the report as one HTML page")
    sub.add_argument(
        "--keep", action="store_true", help="also keep it for the service, at /report; the service does so by itself"
    )


def _add_assignments(commands: Commands, within: Any) -> None:
    text = "Write the tags that archive runs added and that stand: neither taken back nor taken away by a person."
    example = "export assignments --output assignments.jsonl.gz"
    sub = commands.add(within, "assignments", _export_assignments, text, "database json", example)
    sub.add_argument("--output", type=Path, required=True, metavar="FILE", help="JSON Lines; .gz is packed")
    sub.add_argument("--run", dest="run_id", metavar="RUN", help="only those of one run")
    sub.add_argument("--undone", action="store_true", help="instead those that were taken back, for the CMS to remove")


def _export_assignments(options: argparse.Namespace, _settings: Settings) -> None:
    def records(store: Store) -> Iterable[dict[str, Any]]:
        found = (
            store.assignments.undone(options.run_id) if options.undone else store.assignments.standing(options.run_id)
        )
        return (
            {"article": one.article_id, "tag": one.tag, "score": one.score, "run": one.run_id, "at": one.at}
            for one in found
        )

    _export(options, "assignments", records)


def _export_decisions(options: argparse.Namespace, _settings: Settings) -> None:
    _export(options, "decisions", lambda store: map(vars, store.log.all()))


def _export_examples(options: argparse.Namespace, settings: Settings) -> None:
    from classifier.domain.articles import record_of

    def records(store: Store) -> Iterable[dict[str, Any]]:
        return map(record_of, store.exports.examples(settings.starter_until, settings.close_after_days))

    _export(options, "examples", records)


def _export(options: argparse.Namespace, what: str, records: Any) -> None:
    import orjson

    from classifier.domain.files import whole_file
    from classifier.store import open_store

    n = 0
    with whole_file(options.output) as lines:
        for record in track(records(open_store(options.database)), 0, f"exporting {what}"):
            lines.write(orjson.dumps(record) + b"\n")
            n += 1
    if options.json:
        print_json({what: n, "output": str(options.output)})
    else:
        print(f"{n} {what} -> {options.output}")


def _desk_report(options: argparse.Namespace, _settings: Settings) -> None:
    import gc

    from classifier.domain.files import whole_file
    from classifier.reports.desk.page import as_page, as_text
    from classifier.reports.json_form import to_json
    from classifier.reports.kept import keep_desk_report, make_desk_report
    from classifier.serving.registry import Registry
    from classifier.store import open_store

    gc.disable()  # its walks through a million objects, none of which is garbage, take as long as all the rest
    store, taxonomy = open_store(options.database), Registry(options.models).load_champion().taxonomy
    report = (keep_desk_report if options.keep else make_desk_report)(store, taxonomy)
    if options.output:
        with whole_file(options.output) as page:
            page.write(as_page(report).encode())
    if options.json:
        print_json(to_json(report))
    elif options.output or options.keep:
        where = options.output or "the pages of the service"
        print(f"{report.decisions} decisions on {report.articles.decided} articles -> {where}")
    else:
        print(as_text(report))
