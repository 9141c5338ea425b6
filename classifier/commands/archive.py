"""`archive …`: add tags to a whole archive at once, and take them back."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.commands.opening import registry_of, store_of
from classifier.commands.output import print_json, print_result, shared_by, track, warn, warn_set_aside
from classifier.commands.parser import Commands, Usage
from classifier.settings import Settings

if TYPE_CHECKING:
    from classifier.archive.adding import Figures, Plan

N_SHOWN = 20  # tags that stay, on a terminal
BANDS = ("auto", "suggest")
_TAKES = "models database dask json"
NOTES = """\
The tags of a run are stored apart from those of people: they are never read as examples, and never replace a tag that a
person, a file or the CMS gave or rejected. See docs/archive.md.

With files instead of the store, --articles IN.jsonl.gz --output OUT.jsonl writes a record for each article with the tags
that would be added. If it is interrupted, `archive resume --output OUT.jsonl` completes the same file, byte for byte."""


def register(commands: Commands) -> None:
    """Add the commands of this module, in the order of the help."""
    within = commands.group("archive", "Let the champion add tags to all articles of the store, and take them back.")
    text = "List what a run would add, as CSV and as an HTML page by tag, without changing the store."
    example, next_step = "archive dry-run --output archive", "look through the page, then `archive run`."
    sub = commands.add(within, "dry-run", _dry_run, text, _TAKES, example, next_step=next_step)
    sub.add_argument("--output", type=Path, required=True, metavar="NAME", help="writes NAME.csv and NAME.html")
    _add_plan(sub)
    text = "Add tags to the articles of the store, or (with --articles and --output) write what would be added."
    example, next_step = "archive run --since 2020-01-01", "`export assignments` gives the tags to the CMS."
    sub = commands.add(within, "run", _run, text, _TAKES, example, NOTES, next_step)
    sub.add_argument(
        "--articles", type=Path, nargs="+", metavar="IN", help="JSON Lines, plain or .gz, instead of the store"
    )
    sub.add_argument("--output", type=Path, metavar="OUT", help="with --articles: the records; .gz is compressed")
    _add_plan(sub)
    text = "Continue the last run, or the one that wrote OUT, if it was interrupted."
    sub = commands.add(within, "resume", _resume, text, _TAKES, "archive resume")
    sub.add_argument("--output", type=Path, metavar="OUT", help="output of a run over files")
    text = "Take back the tags that a run added, except those that a person has decided on since, which are listed."
    next_step = "`export assignments --undone` lists the tags that the CMS must remove."
    sub = commands.add(within, "undo", _undo, text, "database json", "archive undo", next_step=next_step)
    sub.add_argument("run_id", nargs="?", metavar="RUN", help="id of the run (default: the last one)")


def _add_plan(sub: Any) -> None:
    sub.add_argument(
        "--band",
        choices=BANDS,
        default="auto",
        help="auto: only tags that are sure; suggest: every tag over its threshold (%(default)s)",
    )
    filters = sub.add_argument_group("which articles")
    filters.add_argument("--since", type=_day, metavar="DATE", help="published on this day or later")
    filters.add_argument("--until", type=_day, metavar="DATE", help="published on this day or earlier")
    filters.add_argument("--with-tag", nargs="+", default=[], metavar="TAG", help="with one of these tags")
    filters.add_argument("--without-tag", nargs="+", default=[], metavar="TAG", help="with none of these tags")
    filters.add_argument("--source", help="from this source (default: all but the starter articles)")


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()  # dates are compared as text
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date (2024-06-06)") from None


def _plan(options: argparse.Namespace) -> Plan:
    from classifier.archive.adding import Plan
    from classifier.store.assignments import Scope

    tags = tuple(options.with_tag), tuple(options.without_tag)
    return Plan(Scope(options.since, options.until, options.source, *tags), options.band)


def _dry_run(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.archive.stored import dry_run
    from classifier.archive.summary import Summary

    folder, store = registry_of(options).champion_folder(), store_of(options, migrate=False)
    table, page = (options.output.with_name(f"{options.output.name}{suffix}") for suffix in (".csv", ".html"))
    summary = Summary(registry_of(options).load(folder.name), _plan(options))
    with shared_by(options.dask):
        summary.write_rows(dry_run(store, folder, summary.plan, track), table)
    summary.write_page(page)
    warn_set_aside(summary.figures.set_aside)
    text = "\n".join([*summary.headline(), f"-> {table}, {page}"])
    print_result(options, {**summary.to_json(), "output": [str(table), str(page)]}, text)


def _run(options: argparse.Namespace, _settings: Settings) -> None:
    if (options.articles is None) != (options.output is None):
        raise Usage("--articles IN and --output OUT go together; without both, the articles are those of the store.")
    plan = _plan(options)
    folder = registry_of(options).champion_folder()
    if options.articles is not None:
        from classifier.archive.files import run_files

        with shared_by(options.dask):
            written = run_files(folder, options.articles, options.output, plan, track)
        _print_figures(options, written.figures, written.model_version, {"output": str(written.output)})
        return
    from classifier.archive.stored import run

    with shared_by(options.dask):
        ran = run(store_of(options), folder, plan, track)
    _print_figures(options, ran.figures, ran.model_version, {"run": ran.run.id})


def _resume(options: argparse.Namespace, _settings: Settings) -> None:
    if options.output is not None:
        from classifier.archive.files import resume_files

        with shared_by(options.dask):
            written = resume_files(options.output, track)
        _print_figures(options, written.figures, written.model_version, {"output": str(written.output)})
        return
    from classifier.archive.stored import resume

    with shared_by(options.dask):
        ran = resume(store_of(options), registry_of(options), track)
    _print_figures(options, ran.figures, ran.model_version, {"run": ran.run.id})


def _print_figures(options: argparse.Namespace, figures: Figures, version: str, target: dict[str, str]) -> None:
    warn_set_aside(figures.set_aside)
    if options.json:
        print_json({**target, "model_version": version, **figures.to_json()})
        return
    parts = [f"{n} articles skipped ({reason})" for reason, n in figures.passed_over.items()]
    if figures.n_changed:
        parts.append(f"{figures.n_changed} changed meanwhile and got no tags: run again")
    summary = f"{figures.n_added} tags for {figures.n_tagged} of {figures.n_articles} articles by {version}"
    text = "; ".join([summary, *parts])
    print(f"{text} -> {target['output']}" if "output" in target else f"{text}; run {target['run']}")


def _undo(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.archive.stored import undo

    undone = undo(store_of(options), options.run_id)
    if options.json:
        print_json({"run": undone.run.id, "undone": undone.n, "kept": [vars(decided) for decided in undone.kept]})
        return
    print(
        f"{undone.n} tags of run {undone.run.id} taken back, {len(undone.kept)} kept because a person has decided on them"
    )
    for decided in undone.kept[:N_SHOWN]:
        print(f"  {decided.article_id}  {decided.tag}: {decided.action} by {decided.editor}, {decided.at[:16]}")
    if len(undone.kept) > N_SHOWN:
        warn(f"{len(undone.kept) - N_SHOWN} more: archive undo --json lists all")
