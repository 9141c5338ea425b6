"""`schedule`: `retrain` again and again, in a process that stays."""

import argparse
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial

from classifier.commands.output import warn
from classifier.commands.parser import Commands
from classifier.settings import Settings

MAX_HOURS = 8760.0


def register(commands: Commands) -> None:
    """Add `schedule`."""
    sub = commands.add(
        commands.top,
        "schedule",
        _schedule,
        "Run `retrain` and `drift-report` regularly, in a process that keeps running.",
        "models database dask",
        "schedule --at 02:30",
        "For a laptop or compose. Servers have systemd timers or cron: see deploy/. A run that fails ends no schedule.",
        "`runs` shows what came of each night.",
    )
    sub.add_argument(
        "--at", type=_time_of_day, default="02:30", metavar="HH:MM", help="once a day, in local time (%(default)s)"
    )
    sub.add_argument("--every", type=_hours, metavar="HOURS", help="instead: now, and then every HOURS hours")


def _schedule(options: argparse.Namespace, _settings: Settings) -> None:
    from apscheduler.schedulers.blocking import BlockingScheduler
    from apscheduler.triggers.cron import CronTrigger
    from apscheduler.triggers.interval import IntervalTrigger

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


def _run_once(options: argparse.Namespace) -> None:
    """Retrain, and write the drift page, which the service shows and which must forget deleted articles."""
    dask = [] if options.dask is None else ["--dask", options.dask]
    _run_apart(options, "retrain", "--json", *dask)
    _run_apart(options, "drift-report", "--keep")


def _run_apart(options: argparse.Namespace, command: str, *arguments: str) -> None:
    """Run a command in its own process, which returns its memory and whose crash does not end the schedule."""
    line = [sys.executable, "-m", "classifier", command, *arguments, "--models", str(options.models)]
    # All users of a machine see the arguments of a program, and this URL may contain a password.
    environment = {**os.environ, "TAGGER_DATABASE_URL": options.database}
    code = subprocess.run(line, check=False, env=environment).returncode  # noqa: S603
    if code:
        warn(f"`{command}` ended with exit code {code}; see the reason above")
        sys.stderr.flush()


def _time_of_day(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time of day like 02:30")
    return int(match[1]), int(match[2])


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0.0 < hours <= MAX_HOURS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of hours above 0, like 24 or 0.5")
    return hours
