"""`archive …`: add tags to a whole archive at once, and take them back."""

from argparse import Namespace

from classifier.archive.adding import Plan
from classifier.archive.files import Wrote, resume_files, run_files
from classifier.archive.stored import Ran, dry_run, resume, run, undo
from classifier.archive.summary import Summary
from classifier.commands.common import (
    print_json,
    print_result,
    registry_of,
    shared_by,
    store_of,
    track,
    warn,
    warn_set_aside,
)
from classifier.commands.parser import Usage
from classifier.settings import Settings
from classifier.store.assignments import Scope

N_SHOWN = 20  # tags that stay, on a terminal


def _plan(options: Namespace) -> Plan:
    tags = tuple(options.with_tag), tuple(options.without_tag)
    return Plan(Scope(options.since, options.until, options.source, *tags), options.band)


def do_dry_run(options: Namespace, _settings: Settings) -> None:
    folder, store = registry_of(options).champion_folder(), store_of(options, migrate=False)
    table, page = (options.output.with_name(f"{options.output.name}{suffix}") for suffix in (".csv", ".html"))
    registry = registry_of(options)
    summary = Summary(registry.as_it_serves(registry.load(folder.name)), _plan(options))
    with shared_by(options.dask):
        summary.write_rows(dry_run(store, folder, summary.plan, track), table)
    summary.write_page(page)
    warn_set_aside(summary.figures.set_aside)
    text = "\n".join([*summary.headline(), f"-> {table}, {page}"])
    print_result(options, {**summary.to_json(), "output": [str(table), str(page)]}, text)


def do_run(options: Namespace, _settings: Settings) -> None:
    if (options.articles is None) != (options.output is None):
        raise Usage("--articles IN and --output OUT go together; without both, the articles are those of the store.")
    plan, folder = _plan(options), registry_of(options).champion_folder()
    with shared_by(options.dask):
        if options.articles is not None:
            ran: Wrote | Ran = run_files(folder, options.articles, options.output, plan, track)
        else:
            ran = run(store_of(options), folder, plan, track)
    _print_figures(options, ran)


def do_resume(options: Namespace, _settings: Settings) -> None:
    with shared_by(options.dask):
        if options.output is not None:
            ran: Wrote | Ran = resume_files(options.output, track)
        else:
            ran = resume(store_of(options), registry_of(options), track)
    _print_figures(options, ran)


def _print_figures(options: Namespace, ran: Wrote | Ran) -> None:
    figures, version = ran.figures, ran.model_version
    target = {"output": str(ran.output)} if isinstance(ran, Wrote) else {"run": ran.run.id}
    warn_set_aside(figures.set_aside)
    parts = [f"{figures.n_added} tags for {figures.n_tagged} of {figures.n_articles} articles by {version}"]
    parts += [f"{n} articles skipped ({reason})" for reason, n in figures.passed_over.items()]
    if figures.n_changed:
        parts.append(f"{figures.n_changed} changed meanwhile and got no tags: run again")
    end = f" -> {ran.output}" if isinstance(ran, Wrote) else f"; run {ran.run.id}"
    print_result(options, {**target, "model_version": version, **figures.to_json()}, "; ".join(parts) + end)


def do_undo(options: Namespace, _settings: Settings) -> None:
    undone = undo(store_of(options), options.run_id)
    if options.json:
        names = ("article_id", "tag", "action", "editor", "at")
        kept = [{name: getattr(decision, name) for name in names} for decision in undone.kept]
        print_json({"run": undone.run.id, "undone": undone.n, "kept": kept})
        return
    print(
        f"{undone.n} tags of run {undone.run.id} taken back, {len(undone.kept)} kept because a person has decided on them"
    )
    for decided in undone.kept[:N_SHOWN]:
        print(f"  {decided.article_id}  {decided.tag}: {decided.action} by {decided.editor}, {decided.at[:16]}")
    if len(undone.kept) > N_SHOWN:
        warn(f"{len(undone.kept) - N_SHOWN} more: archive undo --json lists all")
