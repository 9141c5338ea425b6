"""`forget`: delete old articles and everything that belongs to them."""

from argparse import Namespace

from classifier.commands.common import print_json, print_text, registry_of, store_of, warn
from classifier.commands.parser import Usage
from classifier.serving.traces import try_to_remove_traces
from classifier.settings import Settings


def do_forget(options: Namespace, _settings: Settings) -> None:
    if options.traces and options.dry_run:
        raise Usage("`--dry-run` counts the articles of `--days`; `--traces` has none to count.")
    store = store_of(options)
    options.progress.step("deleting")
    n = 0 if options.traces else store.forget(options.days, options.dry_run, options.progress)
    reason = None if options.dry_run else try_to_remove_traces(store, registry_of(options))
    if reason:
        warn(f"not yet: {reason}")
    if options.json:
        print_json({"forgotten": 0 if options.dry_run else n, "found": n})
    elif options.traces:
        print_text("some traces of deleted articles are left" if reason else "no traces of deleted articles are left")
    else:
        print_text(f"{n} articles {'would be' if options.dry_run else 'are'} forgotten")
