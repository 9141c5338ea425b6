"""`retrain` and `runs`: train on what the store has learned, and list what came of it."""

import signal
import sys
from argparse import Namespace
from pathlib import Path

from classifier.commands.common import print_result, registry_of, shared_by, store_of, warn, warn_set_aside
from classifier.domain.starter import STARTER
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.errors import TaggerError
from classifier.serving.registry import Registry
from classifier.settings import Settings
from classifier.store.queue import STARTER as STARTER_SOURCE
from classifier.store.runs import JOB, SKIPPED
from classifier.store.store import Store


def do_retrain(options: Namespace, settings: Settings) -> None:
    from classifier.training.checks import CheckSettings, actions_of
    from classifier.training.retraining import retrain
    from classifier.training.settings import TrainingSettings

    store, registry = store_of(options), registry_of(options)
    training = TrainingSettings(
        checks=CheckSettings(actions_of(settings.checks), settings.editor_share, frozenset(options.accept_changes)),
        anchor=settings.anchor,
        starter_until=settings.starter_until,
        close_after_days=settings.close_after_days,
        learn_left=settings.learn_left,
        live_rates=settings.live_rates,
        keep_versions=settings.keep_versions,
        forget_days=settings.forget_days,
    )
    taxonomy = _taxonomy(options.taxonomy, registry, store)
    let_be_stopped()
    with shared_by(options.dask):
        result, record = retrain(
            *(store, registry, training, taxonomy),
            by=_begun_by(options, store),
            force=options.force,
            dry_run=options.dry_run,
            progress=options.progress,
            asked=options.run_id,
        )
    for finding in result.details.get("findings", []):
        warn(f"{finding['action']}: {finding['check']} {finding['tag'] or ''}: {finding['figure']}")
    for held in result.held:
        warn(f"held: {held['tag']}: {held['check']}: {held['figure']}")
    warn_set_aside(result.details.get("set_aside"))
    if record is not None and result.outcome != SKIPPED:
        _write_report(registry, store, record.id)
    version = f": {result.version}" if result.version else ""
    print_result(options, result.to_json(), f"{result.outcome}{version}. {result.reason}")


def _begun_by(options: Namespace, store: Store) -> str:
    """Return who promotes the model: the person who asked for the run, or the job itself."""
    run = store.runs.get(options.run_id) if options.run_id else None
    return run.started_by if run is not None and run.due_at is None else JOB


def let_be_stopped() -> None:
    """Let signals end the work of this process, so that its record says that it was stopped."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a service that was started in the background ignores it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def _write_report(registry: Registry, store: Store, run_id: str) -> None:
    """Write the report of a run and print its path; a run whose report cannot be written is still a success."""
    from classifier.reports.run import write_report

    try:
        warn(f"report: {write_report(registry.folder, store.runs.get(run_id))}")
    except TaggerError as error:
        warn(f"no report is written ({error}); the service shows it at /runs/{run_id}")


def _taxonomy(path: Path | None, registry: Registry, store: Store) -> Taxonomy | None:
    """Return the taxonomy that was named; the starter one if there is none yet and its articles are stored."""
    if path is not None:
        return read_taxonomy(path)
    if registry.champion() is None and not store.taxonomy.last() and STARTER_SOURCE in store.count_articles():
        return read_taxonomy(STARTER / "taxonomy.yaml")
    return None


def do_runs(options: Namespace, _settings: Settings) -> None:
    runs = store_of(options).runs.list(JOB, without=() if options.all else (SKIPPED,))
    lines = (f"{run.started_at[:16]}  {run.id}  {run.outcome:<13} {run.version or '':<28} {run.reason}" for run in runs)
    value = {"runs": [{**vars(run), "result": None} for run in runs]}
    print_result(options, value, "\n".join(lines) or "`retrain` has never run on this database")
