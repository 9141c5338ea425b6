"""`schedule`: `retrain` again and again, in a process that stays."""

import os
import signal
import subprocess
import sys
from argparse import Namespace
from datetime import UTC, datetime
from functools import partial

from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from classifier.commands.common import warn
from classifier.settings import Settings


def do_schedule(options: Namespace, _settings: Settings) -> None:
    if options.run_id is not None:
        sys.exit(_run_once(options, "--run-id", options.run_id))
    scheduler = BlockingScheduler()
    # One run at a time; what was missed while the machine slept is made up for once.
    add = partial(scheduler.add_job, _run_once, args=[options], max_instances=1, coalesce=True, misfire_grace_time=None)
    if options.every is not None:
        add(IntervalTrigger(seconds=options.every * 3600), next_run_time=datetime.now(UTC))
    else:
        hour, minute = options.at
        add(CronTrigger(hour=hour, minute=minute))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    when = f"every {options.every:g} hours" if options.every is not None else "daily at {:02}:{:02}".format(*options.at)
    print(f"`retrain` runs {when} (stop with Ctrl-C)", flush=True)
    scheduler.start()


def _run_once(options: Namespace, *of_run: str) -> int:
    """Retrain, and write what the service shows: the drift page, which must forget deleted articles, and reports on tags and data.

    Return the exit code of `retrain`.
    """
    dask = [] if options.dask is None else ["--dask", options.dask]
    code = _run_apart(options, "retrain", "--json", *dask, *of_run)
    _run_apart(options, "drift-report", "--keep")
    _run_apart(options, "tags", "lint", "--keep")
    _run_apart(options, "data-report", "--keep")
    return code


def _run_apart(options: Namespace, command: str, *arguments: str) -> int:
    """Run a command in its own process, which returns its memory and whose crash does not end the schedule."""
    line = [sys.executable, "-m", "classifier", command, *arguments, "--models", str(options.models)]
    # All users of a machine see the arguments of a program, and this URL may contain a password.
    environment = {**os.environ, "TAGGER_DATABASE_URL": options.database}
    code = subprocess.run(line, check=False, env=environment).returncode  # noqa: S603
    if code:
        warn(f"`{command}` ended with exit code {code}; see the reason above")
        sys.stderr.flush()
    return code
