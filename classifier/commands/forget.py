"""`forget`: old articles are deleted with all that hangs on them."""

from __future__ import annotations

import argparse
import sys

from classifier.commands.output import print_json
from classifier.commands.parser import Commands, Usage, whole
from classifier.settings import Settings

TRACES = """\
After each `retrain` by itself: TAGGER_FORGET_DAYS. What the models, their snapshots, reports and the database's log still have of
deleted articles goes too, before the command ends. Backups made before still have them."""


def register(commands: Commands) -> None:
    """Add the command."""
    sub = commands.add(
        commands.top,
        "forget",
        _forget,
        "Delete articles that nobody sent or decided on for so many days, and all that hangs on them.",
        "models database json",
        "forget --days 730 --dry-run",
    )
    sub.epilog = f"{sub.epilog}\n\n{TRACES}"
    what = sub.add_mutually_exclusive_group(required=True)
    what.add_argument("--days", type=whole(1, 36_500), metavar="N", help="since when nobody touched them")
    what.add_argument("--traces", action="store_true", help="only remove what is left of articles deleted before")
    sub.add_argument("--dry-run", action="store_true", help="only count them")


def _forget(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.serving.registry import Registry
    from classifier.serving.traces import try_to_remove_traces
    from classifier.store import open_store

    if options.traces and options.dry_run:
        raise Usage("`--dry-run` counts the articles of `--days`; `--traces` has none to count.")
    store = open_store(options.database)
    n = 0 if options.traces else store.forget(options.days, options.dry_run)
    reason = None if options.dry_run else try_to_remove_traces(store, Registry(options.models))
    if reason:
        print(f"not yet: {reason}", file=sys.stderr)
    if options.json:
        print_json({"forgotten": 0 if options.dry_run else n, "found": n})
    elif options.traces:
        print("some traces of deleted articles are left" if reason else "no traces of deleted articles are left")
    else:
        print(f"{n} articles {'would be' if options.dry_run else 'are'} forgotten")
