"""`retrain` and `runs`: train on what the store has learned, and list what came of it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.commands.opening import registry_of, store_of
from classifier.commands.output import print_json, print_result, shared_by, track, warn, warn_set_aside
from classifier.commands.parser import STARTER, Commands
from classifier.errors import TaggerError
from classifier.settings import Settings

if TYPE_CHECKING:
    from classifier.domain.taxonomy import Taxonomy
    from classifier.serving.registry import Registry
    from classifier.store.store import Store
    from classifier.training.settings import TrainingSettings

NOTES = """\
Checks the examples, trains without the newest of them, compares the new model with the champion on these, and promotes it
if it is not worse. The report of the run says what decided. Exit code 0 also if the model was not promoted: read
`promoted` and `reason` of --json. Only one run works at a time; a second one ends with exit code 3."""


def register(commands: Commands) -> None:
    """Add the commands of this module, in the order of the help."""
    sub = commands.add(
        commands.top,
        "retrain",
        _retrain,
        "Train on the examples of the store, and promote the new model only if it is not worse than the champion.",
        "models database dask json",
        "retrain --json",
        NOTES,
        "`runs` lists the runs; `schedule` or deploy/ runs this every night; `models roll-back` undoes a promotion.",
    )
    sub.add_argument("--taxonomy", type=Path, metavar="FILE", help="YAML (default: the champion's taxonomy)")
    sub.add_argument("--dry-run", action="store_true", help="run all steps, but save and record nothing")
    sub.add_argument("--force", action="store_true", help="train even if nothing is new since the last run")
    sub.add_argument(
        "--accept-changes",
        nargs="+",
        default=[],
        metavar="TAG",
        help="tags whose bulk label changes are intended; do not block on them",
    )
    sub = commands.add(
        commands.top,
        "runs",
        _runs,
        "List the last runs of `retrain`, newest first, with their outcomes and reasons.",
        "database json",
        "runs --json",
        next_step="the service shows the report of each run at /runs.",
    )
    sub.add_argument("--all", action="store_true", help="also list runs that were skipped because nothing was new")


def _retrain(options: argparse.Namespace, settings: Settings) -> None:
    from classifier.store.runs import SKIPPED
    from classifier.training.retraining import retrain

    store, registry = store_of(options), registry_of(options)
    with shared_by(options.dask):
        result, record = retrain(
            store,
            registry,
            _training_settings(settings, options.accept_changes),
            _taxonomy(options.taxonomy, registry, store),
            force=options.force,
            dry_run=options.dry_run,
            track=track,
        )
    for finding in result.details.get("findings", []):
        warn(f"{finding['action']}: {finding['check']} {finding['tag'] or ''}: {finding['figure']}")
    warn_set_aside(result.details.get("set_aside"))
    if record is not None and result.outcome != SKIPPED:
        _write_report(registry, store, record.id)
    version = f": {result.version}" if result.version else ""
    print_result(options, result.to_json(), f"{result.outcome}{version}. {result.reason}")


def _write_report(registry: Registry, store: Store, run_id: str) -> None:
    """Write the report of a run and print its path; a run whose report cannot be written is still a success."""
    from classifier.reports.run.page import write_report

    try:
        warn(f"report: {write_report(registry.folder, store.runs.get(run_id))}")
    except TaggerError as error:
        warn(f"no report is written ({error}); the service shows it at /runs/{run_id}")


def _training_settings(settings: Settings, accepted: list[str]) -> TrainingSettings:
    from classifier.training.checks import CheckSettings, actions_of
    from classifier.training.settings import TrainingSettings

    return TrainingSettings(
        checks=CheckSettings(actions_of(settings.checks), settings.editor_share, frozenset(accepted)),
        refit=settings.refit,
        starter_until=settings.starter_until,
        close_after_days=settings.close_after_days,
        keep_versions=settings.keep_versions,
        forget_days=settings.forget_days,
    )


def _taxonomy(path: Path | None, registry: Registry, store: Store) -> Taxonomy | None:
    """Return the taxonomy that was named; the starter one if there is no champion yet and its articles are stored."""
    from classifier.domain.taxonomy_yaml import read_taxonomy
    from classifier.store.queue import STARTER as STARTER_SOURCE

    if path is not None:
        return read_taxonomy(path)
    if registry.champion() is None and STARTER_SOURCE in store.count_articles():
        return read_taxonomy(STARTER / "taxonomy.yaml")
    return None


def _runs(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store.runs import JOB, SKIPPED

    runs = store_of(options).runs.list(JOB, without=() if options.all else (SKIPPED,))
    if options.json:
        print_json({"runs": [{**vars(run), "result": None} for run in runs]})
        return
    for run in runs:
        print(f"{run.started_at[:16]}  {run.id}  {run.outcome:<13} {run.version or '':<28} {run.reason}")
    if not runs:
        print("`retrain` has never run on this database")
