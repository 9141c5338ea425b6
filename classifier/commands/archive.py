"""`archive …`: tags for a whole archive at once, and back."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.commands.output import print_json, say_set_aside, shared_by, track
from classifier.commands.parser import Commands, Usage
from classifier.settings import Settings

if TYPE_CHECKING:
    from classifier.archive.adding import Figures, Plan

N_SHOWN = 20  # tags that stay, on a terminal
BANDS = ("auto", "suggest")
FILES = """\
Over files, without a store: --articles IN.jsonl.gz --output OUT.jsonl writes a record for each article, with what would be
added to it. Killed and taken up again (archive resume --output OUT.jsonl) the output is the same, byte for byte."""
KEPT = """\
What a run adds is kept apart from what people say: it is never read as an example, and it never touches a tag that a person,
a file or the CMS gave or rejected. The CMS gets it by `export assignments`. See docs/archive.md."""


def register(commands: Commands) -> None:
    """Add the commands of this module, in the order of the help."""
    within = commands.group("archive", "Add tags to all articles of the store by the champion, and take them back.")
    text = "Say what a run would add, as CSV and as an HTML page by tag; nothing is written to the store."
    sub = commands.add(
        within, "dry-run", _dry_run, text, "models database dask json", "archive dry-run --output archive"
    )
    sub.add_argument("--output", type=Path, required=True, metavar="NAME", help="writes NAME.csv and NAME.html")
    _add_plan(sub)
    text = "Add tags to the articles of the store, or (--articles, --output) write what would be added."
    sub = commands.add(within, "run", _run, text, "models database dask json", "archive run --since 2020-01-01")
    sub.add_argument("--articles", type=Path, nargs="+", metavar="IN", help="JSON Lines, plain or .gz; no store")
    sub.add_argument("--output", type=Path, metavar="OUT", help="with --articles: the records; .gz is packed")
    sub.epilog = f"{sub.epilog}\n\n{FILES}\n\n{KEPT}"
    _add_plan(sub)
    text = "Take up the last run, or the one that wrote OUT, where it ended too early."
    sub = commands.add(within, "resume", _resume, text, "models database dask json", "archive resume")
    sub.add_argument("--output", type=Path, metavar="OUT", help="of a run over files")
    text = "Take back what a run added, but for the tags that a person has decided on since; those are listed."
    sub = commands.add(within, "undo", _undo, text, "database json", "archive undo")
    sub.add_argument("run_id", nargs="?", metavar="RUN", help="id of the run (the last one)")


def _add_plan(sub: Any) -> None:
    sub.add_argument(
        "--band", choices=BANDS, default="auto", help="auto: only what is sure; suggest: all that passes (%(default)s)"
    )
    which = sub.add_argument_group("which articles")
    which.add_argument("--since", type=_day, metavar="DATE", help="published on this day or later")
    which.add_argument("--until", type=_day, metavar="DATE", help="published on this day or earlier")
    which.add_argument("--with-tag", nargs="+", default=[], metavar="TAG", help="that have one of these tags")
    which.add_argument("--without-tag", nargs="+", default=[], metavar="TAG", help="that have none of these tags")
    which.add_argument("--source", help="from this source (all but the starter articles)")


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()  # dates are compared as text
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date (2024-06-06)") from None


def _plan(options: argparse.Namespace) -> Plan:
    from classifier.archive.adding import Plan
    from classifier.store import Scope

    tags = tuple(options.with_tag), tuple(options.without_tag)
    return Plan(Scope(options.since, options.until, options.source, *tags), options.band)


def _dry_run(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.archive.stored import dry_run
    from classifier.archive.summary import Summary
    from classifier.serving.registry import Registry
    from classifier.store import open_store

    folder, store = Registry(options.models).champion_folder(), open_store(options.database, migrate=False)
    table, page = (options.output.with_name(f"{options.output.name}{suffix}") for suffix in (".csv", ".html"))
    summary = Summary(Registry(options.models).load(folder.name), _plan(options))
    with shared_by(options.dask):
        summary.write_rows(dry_run(store, folder, summary.plan, track), table)
    summary.write_page(page)
    say_set_aside(summary.figures.set_aside)
    if options.json:
        print_json({**summary.to_json(), "output": [str(table), str(page)]})
    else:
        print("\n".join([*summary.headline(), f"-> {table}, {page}"]))


def _run(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.serving.registry import Registry

    if (options.articles is None) != (options.output is None):
        raise Usage("--articles IN and --output OUT go together; without both, the articles are those of the store.")
    plan = _plan(options)
    folder = Registry(options.models).champion_folder()
    if options.articles is not None:
        from classifier.archive.files import run_files

        with shared_by(options.dask):
            wrote = run_files(folder, options.articles, options.output, plan, track)
        _say(options, wrote.figures, wrote.model_version, {"output": str(wrote.output)})
        return
    from classifier.archive.stored import run
    from classifier.store import open_store

    with shared_by(options.dask):
        ran = run(open_store(options.database), folder, plan, track)
    _say(options, ran.figures, ran.model_version, {"run": ran.run.id})


def _resume(options: argparse.Namespace, _settings: Settings) -> None:
    if options.output is not None:
        from classifier.archive.files import resume_files

        with shared_by(options.dask):
            wrote = resume_files(options.output, track)
        _say(options, wrote.figures, wrote.model_version, {"output": str(wrote.output)})
        return
    from classifier.archive.stored import resume
    from classifier.serving.registry import Registry
    from classifier.store import open_store

    with shared_by(options.dask):
        ran = resume(open_store(options.database), Registry(options.models), track)
    _say(options, ran.figures, ran.model_version, {"run": ran.run.id})


def _say(options: argparse.Namespace, figures: Figures, version: str, where: dict[str, str]) -> None:
    say_set_aside(figures.set_aside)
    if options.json:
        print_json({**where, "model_version": version, **figures.to_json()})
        return
    parts = [f"{n} articles passed over ({why})" for why, n in figures.passed_over.items()]
    if figures.n_changed:
        parts.append(f"{figures.n_changed} changed meanwhile and got nothing: run again")
    more = f"; {'; '.join(parts)}" if parts else ""
    did = f"{figures.n_added} tags for {figures.n_tagged} of {figures.n_articles} articles by {version}{more}"
    print(f"{did} -> {where['output']}" if "output" in where else f"{did}; run {where['run']}")


def _undo(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.archive.stored import undo
    from classifier.store import open_store

    undone = undo(open_store(options.database), options.run_id)
    if options.json:
        print_json({"run": undone.run.id, "undone": undone.n, "kept": [vars(one) for one in undone.kept]})
        return
    print(f"{undone.n} tags of run {undone.run.id} taken back, {len(undone.kept)} kept: a person has decided on them")
    for one in undone.kept[:N_SHOWN]:
        print(f"  {one.article_id}  {one.tag}: {one.action} by {one.editor}, {one.at[:16]}")
    if len(undone.kept) > N_SHOWN:
        print(f"{len(undone.kept) - N_SHOWN} more: archive undo --json lists all", file=sys.stderr)
