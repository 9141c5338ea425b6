"""`archive …`: add tags to a whole archive at once, and take them back."""

from argparse import Namespace

from classifier.archive.adding import Figures, Plan
from classifier.archive.files import resume_files, run_files
from classifier.archive.stored import dry_run, resume, run, undo
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
    summary = Summary(registry_of(options).load(folder.name), _plan(options))
    with shared_by(options.dask):
        summary.write_rows(dry_run(store, folder, summary.plan, track), table)
    summary.write_page(page)
    warn_set_aside(summary.figures.set_aside)
    text = "\n".join([*summary.headline(), f"-> {table}, {page}"])
    print_result(options, {**summary.to_json(), "output": [str(table), str(page)]}, text)


def do_run(options: Namespace, _settings: Settings) -> None:
    if (options.articles is None) != (options.output is None):
        raise Usage("--articles IN and --output OUT go together; without both, the articles are those of the store.")
    plan = _plan(options)
    folder = registry_of(options).champion_folder()
    if options.articles is not None:
        with shared_by(options.dask):
            written = run_files(folder, options.articles, options.output, plan, track)
        _print_figures(options, written.figures, written.model_version, {"output": str(written.output)})
        return
    with shared_by(options.dask):
        ran = run(store_of(options), folder, plan, track)
    _print_figures(options, ran.figures, ran.model_version, {"run": ran.run.id})


def do_resume(options: Namespace, _settings: Settings) -> None:
    if options.output is not None:
        with shared_by(options.dask):
            written = resume_files(options.output, track)
        _print_figures(options, written.figures, written.model_version, {"output": str(written.output)})
        return
    with shared_by(options.dask):
        ran = resume(store_of(options), registry_of(options), track)
    _print_figures(options, ran.figures, ran.model_version, {"run": ran.run.id})


def _print_figures(options: Namespace, figures: Figures, version: str, target: dict[str, str]) -> None:
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
