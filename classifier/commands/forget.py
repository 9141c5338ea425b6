"""`forget`: old articles are deleted with all that hangs on them."""

from __future__ import annotations

import argparse

from classifier.commands.output import print_json
from classifier.commands.parser import Commands, whole
from classifier.settings import Settings


def register(commands: Commands) -> None:
    """Add the command."""
    sub = commands.add(
        commands.top,
        "forget",
        _forget,
        "Delete articles that nobody sent or decided on for so many days, and all that hangs on them.",
        "database json",
        "forget --days 730 --dry-run",
    )
    sub.epilog = (
        f"{sub.epilog}\n\nAfter each `retrain` by itself: TAGGER_FORGET_DAYS. Backups made before still have them."
    )
    sub.add_argument("--days", type=whole(1, 36_500), required=True, metavar="N", help="since when nobody touched them")
    sub.add_argument("--dry-run", action="store_true", help="only count them")


def _forget(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store import open_store

    n = open_store(options.database).forget(options.days, options.dry_run)
    if options.json:
        print_json({"forgotten": 0 if options.dry_run else n, "found": n})
    else:
        print(f"{n} articles {'would be' if options.dry_run else 'are'} forgotten")
