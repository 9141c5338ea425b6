"""`archive …`: add tags to a whole archive at once, and take them back."""

from argparse import Namespace

from classifier.archive.adding import Plan
from classifier.archive.backfill import allowed, judge_articles, sample_of
from classifier.archive.files import Wrote, resume_files, run_files
from classifier.archive.stored import Ran, dry_run, resume, run, undo
from classifier.archive.summary import Summary
from classifier.commands.common import (
    print_json,
    print_result,
    print_text,
    registry_of,
    shared_by,
    store_of,
    warn,
    warn_set_aside,
)
from classifier.commands.parser import Usage, user_name
from classifier.domain.taxonomy import Taxonomy
from classifier.reports.layout import plain
from classifier.serving.sampling import SampleState, living_tags, state_of
from classifier.settings import Settings
from classifier.store.assignments import Scope

N_SHOWN = 20  # tags that stay, on a terminal
REVIEW = "/review?state=all&sample={}"  # the page of a sample


def _plan(options: Namespace) -> Plan:
    with_and_without = tuple(options.with_tag), tuple(options.without_tag)
    tags = living_tags(options.tag, registry_of(options).taxonomy() or Taxonomy(())) if options.tag else ()
    scope = Scope(options.since, options.until, options.source, *with_and_without)
    return Plan(scope, options.band or ("suggest" if tags else "auto"), tags, options.least_score)


def do_dry_run(options: Namespace, _settings: Settings) -> None:
    if options.output is None and not options.tag:
        raise Usage("--output NAME is needed, unless --tag says of which tags to print what a run would add.")
    registry, store, plan = registry_of(options), store_of(options, migrate=False), _plan(options)
    folder = registry.champion_folder()
    summary = Summary(registry.as_it_serves(registry.load(folder.name)), plan)
    paths = (
        [options.output.with_name(f"{options.output.name}{end}") for end in (".csv", ".html")] if options.output else []
    )
    with shared_by(options.dask):
        judged = dry_run(store, folder, plan, options.progress)
        if paths:
            summary.write_rows(judged, paths[0])
            summary.write_page(paths[1])
        else:
            summary.count(judged)
    warn_set_aside(summary.figures.set_aside)
    lines = [*summary.headline(), *(line for spread in summary.spreads for line in spread.lines())]
    lines += [f"-> {', '.join(map(str, paths))}"] if paths else []
    print_result(options, {**summary.to_json(), "output": list(map(str, paths))}, "\n".join(lines))


def do_sample(options: Namespace, _settings: Settings) -> None:
    if len(options.tag) != 1:
        raise Usage("A sample is of one tag: archive sample --tag ID.")
    store, registry = store_of(options), registry_of(options)
    with shared_by(options.dask):
        sample = sample_of(store, registry, _plan(options), options.by or user_name(), options.progress, options.seed)
    _print_sample(options, state_of(store, sample))


def do_judge(options: Namespace, _settings: Settings) -> None:
    store = store_of(options)
    sample = store.samples.get(options.sample_id)
    answers = {"accept": options.right, "reject": options.wrong, "unsure": options.unsure}
    pairs = [(article_id, action) for action, ids in answers.items() for article_id in ids]
    judge_articles(store, sample, pairs, options.by or user_name())
    _print_sample(options, state_of(store, sample))


def _print_sample(options: Namespace, state: SampleState) -> None:
    following, sample = state.next(options.show), state.sample
    drawn = f"sample {sample.id}: {state.judged.n_drawn} of {state.judged.n_population} additions of {sample.tag}"
    lines = [f"{drawn}, drawn at random", state.in_words()]
    lines += [f"  {one.article_id}  {one.score:.2f}  {plain(one.title, 80)}" for one in following]
    if following:
        lines.append(
            f"judge them at {REVIEW.format(sample.id)} of the service, or: archive judge {sample.id} --right … --wrong …"
        )
    next_ids = [{"article_id": one.article_id, "score": one.score} for one in following]
    print_result(options, {**state.to_json(), "next": next_ids}, "\n".join(lines))


def do_run(options: Namespace, _settings: Settings) -> None:
    if (options.articles is None) != (options.output is None):
        raise Usage("--articles IN and --output OUT go together; without both, the articles are those of the store.")
    if options.without_sample and not options.tag:
        raise Usage("--without-sample goes with --tag.")
    plan, registry = _plan(options), registry_of(options)
    with shared_by(options.dask):
        if options.articles is not None:
            folder = registry.champion_folder()
            ran: Wrote | Ran = run_files(folder, options.articles, options.output, plan, options.progress)
        elif plan.tags:
            store = store_of(options)
            may = allowed(store, registry, plan, user_name() if options.without_sample else None)
            ran = run(store, may.folder, may.plan, options.progress, acceptance=may.acceptance)
        else:
            ran = run(store_of(options), registry.champion_folder(), plan, options.progress)
    _print_figures(options, ran)


def do_resume(options: Namespace, _settings: Settings) -> None:
    with shared_by(options.dask):
        if options.output is not None:
            ran: Wrote | Ran = resume_files(options.output, options.progress)
        else:
            ran = resume(store_of(options), registry_of(options), options.progress)
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
    options.progress.step("taking back")
    undone = undo(store_of(options), options.run_id, options.by)
    if options.json:
        names = ("article_id", "tag", "action", "editor", "at")
        kept = [{name: getattr(decision, name) for name in names} for decision in undone.kept]
        print_json({"run": undone.run.id, "undone": undone.n, "kept": kept})
        return
    print_text(
        f"{undone.n} tags of run {undone.run.id} taken back, {len(undone.kept)} kept because a person has decided on them"
    )
    for decided in undone.kept[:N_SHOWN]:
        print(f"  {decided.article_id}  {decided.tag}: {decided.action} by {decided.editor}, {decided.at[:16]}")
    if len(undone.kept) > N_SHOWN:
        warn(f"{len(undone.kept) - N_SHOWN} more: archive undo --json lists all")
