"""`forget`: delete old articles and everything that belongs to them."""

import argparse

from classifier.commands.opening import registry_of, store_of
from classifier.commands.output import print_json, warn
from classifier.commands.parser import Commands, Usage, whole
from classifier.settings import Settings

NOTES = """\
To do this after each `retrain`, set TAGGER_FORGET_DAYS. What models, snapshots, reports and the log of the database still
hold of deleted articles is removed too, before the command ends. Earlier backups still contain them."""


def register(commands: Commands) -> None:
    """Add the command."""
    sub = commands.add(
        commands.top,
        "forget",
        _forget,
        "Delete articles that nobody has sent or decided on for some days, with everything that belongs to them.",
        "models database json",
        "forget --days 730 --dry-run",
        NOTES,
    )
    choice = sub.add_mutually_exclusive_group(required=True)
    choice.add_argument("--days", type=whole(1, 36_500), metavar="N", help="days since the last change")
    choice.add_argument(
        "--traces", action="store_true", help="only remove what is left of articles that are already deleted"
    )
    sub.add_argument("--dry-run", action="store_true", help="only count the articles")


def _forget(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.serving.traces import try_to_remove_traces

    if options.traces and options.dry_run:
        raise Usage("`--dry-run` counts the articles of `--days`; `--traces` has none to count.")
    store = store_of(options)
    n = 0 if options.traces else store.forget(options.days, options.dry_run)
    reason = None if options.dry_run else try_to_remove_traces(store, registry_of(options))
    if reason:
        warn(f"not yet: {reason}")
    if options.json:
        print_json({"forgotten": 0 if options.dry_run else n, "found": n})
    elif options.traces:
        print("some traces of deleted articles are left" if reason else "no traces of deleted articles are left")
    else:
        print(f"{n} articles {'would be' if options.dry_run else 'are'} forgotten")
