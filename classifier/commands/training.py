"""`retrain`, `schedule`, `runs`: training that nobody watches."""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.commands.output import print_json, say_set_aside, shared_by, track
from classifier.commands.parser import STARTER, Commands
from classifier.errors import TaggerError
from classifier.settings import Settings

if TYPE_CHECKING:
    from classifier.domain.taxonomy import Taxonomy
    from classifier.serving.registry import Registry
    from classifier.store import Store
    from classifier.training.settings import TrainingSettings


def register(commands: Commands) -> None:
    """Add the commands of this module, in the order of the help."""
    sub = commands.add(
        commands.top,
        "retrain",
        _retrain,
        "Train on the store's examples, and promote the model only if it is proven not to be worse.",
        "models database dask json",
        "retrain --json",
    )
    sub.add_argument("--taxonomy", type=Path, metavar="FILE", help="YAML; without it, the champion's")
    sub.add_argument("--dry-run", action="store_true", help="go all the way, save and record nothing")
    sub.add_argument("--force", action="store_true", help="train though nothing is new since the last run")
    sub.add_argument(
        "--accept-changes",
        nargs="+",
        default=[],
        metavar="TAG",
        help="tags whose labels were turned over in bulk, and rightly so: they block this run no more",
    )
    sub = commands.add(commands.top, "runs", _runs, "List the last runs of `retrain`.", "database json")
    sub.add_argument("--all", action="store_true", help="also those in which nothing was new")
    sub = commands.add(
        commands.top,
        "schedule",
        _schedule,
        "Run `retrain` again and again, in this process; for a laptop or compose. Servers: see deploy/.",
        "models database dask",
        "schedule --at 02:30",
    )
    sub.add_argument(
        "--at", type=_time_of_day, default="02:30", metavar="HH:MM", help="once a day, in local time (%(default)s)"
    )
    sub.add_argument("--every", type=_hours, metavar="HOURS", help="instead: now, and then every so many hours")


def _retrain(options: argparse.Namespace, settings: Settings) -> None:
    from classifier.serving.registry import Registry
    from classifier.store import SKIPPED, open_store
    from classifier.training.retraining import retrain

    store, registry = open_store(options.database), Registry(options.models)
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
        print(f"{finding['action']}: {finding['check']} {finding['tag'] or ''}: {finding['figure']}", file=sys.stderr)
    say_set_aside(result.to_json().get("set_aside"))
    if record is not None and result.outcome != SKIPPED:
        _write_report(registry, store, record.id)
    if options.json:
        print_json(result.to_json())
    else:
        print(f"{result.outcome}{': ' + result.version if result.version else ''}. {result.reason}")


def _write_report(registry: Registry, store: Store, run_id: str) -> None:
    """Write the report of a run, and say where; what the run did stands, also where there is no place for a report."""
    from classifier.reports.run.page import write_report

    try:
        print(f"report: {write_report(registry.folder, store.runs.get(run_id))}", file=sys.stderr)
    except TaggerError as error:
        print(f"no report is written ({error}); the service shows it at /runs/{run_id}", file=sys.stderr)


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
    """Return the taxonomy that was named; the starter one where there is no champion yet and its articles are stored."""
    from classifier.domain.taxonomy_yaml import read_taxonomy
    from classifier.store import STARTER as STARTER_SOURCE

    if path is not None:
        return read_taxonomy(path)
    if registry.champion() is None and STARTER_SOURCE in store.count_articles():
        return read_taxonomy(STARTER / "taxonomy.yaml")
    return None


def _runs(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store import JOB, SKIPPED, open_store

    found = open_store(options.database).runs.list(JOB, without=() if options.all else (SKIPPED,))
    if options.json:
        print_json({"runs": [{**vars(run), "result": None} for run in found]})
        return
    for run in found:
        print(f"{run.started_at[:16]}  {run.id}  {run.outcome:<13} {run.version or '':<28} {run.reason}")
    if not found:
        print("`retrain` has never run on this database")


def _schedule(options: argparse.Namespace, _settings: Settings) -> None:
    from apscheduler.schedulers.blocking import BlockingScheduler
    from apscheduler.triggers.cron import CronTrigger
    from apscheduler.triggers.interval import IntervalTrigger

    scheduler = BlockingScheduler()
    # One run at a time; what was missed while the machine slept is made up for once.
    whole = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
    if options.every is not None:
        trigger = IntervalTrigger(seconds=options.every * 3600)
        scheduler.add_job(_run_once, trigger, [options], next_run_time=datetime.now(UTC), **whole)
    else:
        hour, minute = options.at
        scheduler.add_job(_run_once, CronTrigger(hour=hour, minute=minute), [options], **whole)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    when = f"every {options.every:g} hours" if options.every is not None else "daily at {:02}:{:02}".format(*options.at)
    print(f"`retrain` runs {when} (stop with Ctrl-C)", flush=True)
    scheduler.start()


def _run_once(options: argparse.Namespace) -> None:
    """Retrain, and write the page of drift, which the service shows and from which deleted articles go."""
    dask = [] if options.dask is None else ["--dask", options.dask]
    _run_apart(options, "retrain", "--json", *dask)
    _run_apart(options, "drift-report", "--keep")


def _run_apart(options: argparse.Namespace, command: str, *more: str) -> None:
    """Run a command in a process of its own: its memory is given back, and whatever happens to it, the schedule goes on."""
    arguments = [sys.executable, "-m", "classifier", command, *more, "--models", str(options.models)]
    # Everybody on a machine sees the arguments of a program, and this URL may have a password in it.
    environment = {**os.environ, "TAGGER_DATABASE_URL": options.database}
    done = subprocess.run(arguments, check=False, env=environment)  # noqa: S603
    if done.returncode:
        print(f"`{command}` ended with {done.returncode}; the reason stands above", file=sys.stderr, flush=True)


def _time_of_day(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time of day like 02:30")
    return int(found[1]), int(found[2])


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0.0 < hours <= 8760.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of hours above 0, like 24 or 0.5")
    return hours
