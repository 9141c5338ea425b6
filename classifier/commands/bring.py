"""`bring` and `archive remove`: the long steps of the page that brings an archive, and how it is taken out again."""

from argparse import Namespace
from dataclasses import replace

from classifier.archive.bring.folder import THROWN_AWAY, ArchiveFolder, State
from classifier.archive.bring.jobs import READ, REMOVE, REPORT, STORE, ask, recorded
from classifier.archive.bring.reading import read_archive_files, report_on, taxonomy_now
from classifier.archive.bring.removing import remove_archive
from classifier.archive.bring.storing import store_archive
from classifier.commands.common import print_result, registry_of, store_of
from classifier.commands.retrain import do_retrain, let_be_stopped
from classifier.errors import WrongState
from classifier.reports.draft.sheet import Sheet
from classifier.settings import Settings
from classifier.store.runs import JOB
from classifier.store.store import Store


def do_bring(options: Namespace, settings: Settings) -> None:
    store, folder = store_of(options), ArchiveFolder(options.models)
    state = folder.state()
    if state is None:
        raise WrongState(THROWN_AWAY)
    let_be_stopped()
    step, run_id = options.step, options.run_id
    by = store.runs.get(run_id).started_by
    {READ: _read, REPORT: _report, STORE: _store}[step](options, store, folder, state, by)
    if step == READ:
        options.run_id = ask(store, folder, state, REPORT, by).id
        _report(options, store, folder, state, by)
    elif step == STORE:
        _train(options, settings, store, folder, state, by)
    print_result(options, {"step": step, "run": run_id}, f"{step}: done")


def do_remove(options: Namespace, _settings: Settings) -> None:
    store, registry = store_of(options), registry_of(options)
    stored = store.brought.get(options.archive_id)
    counts = store.brought.count(stored)
    kept = f"{counts.n_decided} on which editors have decided stay"
    if options.dry_run:
        text = f"{counts.n_articles} articles of the archive {stored.id} would go, {kept}"
        print_result(options, {"archive": stored.id, **vars(counts)}, text)
        return
    let_be_stopped()
    run_id = options.run_id or store.brought.ask_removal(stored, options.by).id
    work = lambda run: remove_archive(store, registry, stored, run)  # noqa: E731
    recorded(store, ArchiveFolder(options.models), run_id, REMOVE, options.progress, work)
    run = store.runs.get(run_id)
    print_result(options, {"archive": stored.id, "run": run.id, **(run.result or {})}, run.reason)


def _read(options: Namespace, store: Store, folder: ArchiveFolder, state: State, by: str) -> None:
    taxonomy = taxonomy_now(registry_of(options), store, by)
    work = lambda run: read_archive_files(folder, state, taxonomy, run)  # noqa: E731
    recorded(store, folder, options.run_id, READ, options.progress, work)


def _report(options: Namespace, store: Store, folder: ArchiveFolder, state: State, by: str) -> None:
    taxonomy = taxonomy_now(registry_of(options), store, by)
    state = folder.state() or state
    work = lambda run: report_on(folder, state, _sheet(folder), taxonomy, run)  # noqa: E731
    recorded(store, folder, options.run_id, REPORT, options.progress, work)


def _store(options: Namespace, store: Store, folder: ArchiveFolder, state: State, by: str) -> None:
    registry = registry_of(options)
    made_by = lambda run: store_archive(folder, state, _sheet(folder), store, registry, by, run)  # noqa: E731
    recorded(store, folder, options.run_id, STORE, options.progress, made_by)


def _train(options: Namespace, settings: Settings, store: Store, folder: ArchiveFolder, state: State, by: str) -> None:
    """Train on what was stored, as a run that the page shows like any other."""
    run = store.runs.ask(JOB, by)
    folder.change(state.id, lambda present: replace(present, training=run.id))
    retraining = {"taxonomy": None, "run_id": run.id, "force": True, "dry_run": False, "dask": None}
    do_retrain(Namespace(**{**vars(options), **retraining, "accept_changes": []}), settings)


def _sheet(folder: ArchiveFolder) -> Sheet:
    sheet = folder.read("sheet", Sheet)
    if sheet is None:
        raise WrongState(THROWN_AWAY)
    return sheet
