"""`backup`, `restore` and `migrate-database`: save everything in one file, restore it, or copy the database."""

from argparse import Namespace

from classifier.commands.common import print_result, registry_of
from classifier.operations.backup import Contents, restore
from classifier.operations.backups import recorded_backup
from classifier.settings import Settings
from classifier.store.database.copying import copy_store
from classifier.store.database.opening import open_store


def do_backup(options: Namespace, _settings: Settings) -> None:
    contents = recorded_backup(options.database, registry_of(options), options.output, options.progress, options.run_id)
    text = f"{options.output}: {_content(contents)}; {contents.n_bytes} bytes, read back and checked"
    print_result(options, {"backup": str(options.output), **vars(contents)}, text)


def do_restore(options: Namespace, _settings: Settings) -> None:
    contents, aside = restore(options.backup, options.database, registry_of(options), options.force, options.progress)
    moved = f"; moved aside: {', '.join(map(str, aside))}" if aside else ""
    text = f"restored {_content(contents)}, as of {contents.made_at}{moved}"
    print_result(options, {**vars(contents), "moved_aside": [str(path) for path in aside]}, text)


def _content(backup: Contents) -> str:
    rows = f"{backup.n_rows['articles']} articles, {backup.n_rows['decisions']} decisions"
    return f"{rows}, champion {backup.champion or 'none'}"


def do_migrate(options: Namespace, _settings: Settings) -> None:
    source, target = open_store(options.source, migrate=False), open_store(options.target)
    n_rows = copy_store(source, target, options.progress)
    text = f"copied {sum(n_rows.values())} rows of {len(n_rows)} tables, counts and digests compared"
    print_result(options, {"n_rows": n_rows}, text)
