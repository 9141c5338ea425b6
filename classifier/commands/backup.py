"""`backup`, `restore` and `migrate-database`: all that a desk would miss, in one file, back again, and elsewhere."""

from __future__ import annotations

import argparse
from pathlib import Path

from classifier.commands.output import print_json, track
from classifier.commands.parser import Commands
from classifier.settings import Settings

BACKUP = """\
The file holds everything that was committed before: the database (of PostgreSQL as well, as an SQLite file: no pg_dump is
needed, and it can be restored into either), the champion, its predecessor, pinned versions, what they learned from, and
the history. Nobody waits while it is written, and it is read back before it takes the name. A name in .gz is packed.
It holds unpublished articles and the hashes of keys: only its owner may read it. For a PostgreSQL with many gigabytes
add the server's own backups (pg_basebackup)."""
RESTORE = """\
All of it is checked before anything is changed. The place must be empty, or --force moves the SQLite database and the
models aside, to …before-restore-…, and says where. A PostgreSQL database must be empty: make a new one with createdb.
Stop the service first. Afterwards editors sign in again, and keys that were revoked since the backup are in use again:
see `keys list`. Articles that were deleted since are back: delete them again."""
MIGRATE = """\
Copies all tables, sessions of browsers included, in one transaction, and compares counts and digests of every table
before it is kept. The target must be empty; the source stays as it is. Stop the service first: what is stored while it
runs is not taken along. Then start it with --database and the new URL."""


def register(commands: Commands) -> None:
    """Add the commands of this module, in the order of the help."""
    text = "Write database and models into one file, while the service runs."
    sub = commands.add(commands.top, "backup", _backup, text, "models database json")
    sub.add_argument("--output", type=Path, required=True, metavar="FILE", help="such as desk-2024-06-06.tar.gz")
    sub.epilog = BACKUP
    text = "Put a backup back into an empty place."
    sub = commands.add(commands.top, "restore", _restore, text, "models database json")
    sub.add_argument("backup", type=Path, metavar="FILE", help="written by `backup`")
    sub.add_argument("--force", action="store_true", help="move aside what is there")
    sub.epilog = RESTORE
    text = "Copy a store into another database, such as from SQLite to PostgreSQL."
    sub = commands.add(commands.top, "migrate-database", _migrate, text, "json")
    sub.add_argument("--from", dest="source", required=True, metavar="URL", help="such as sqlite:///var/tagger.db")
    sub.add_argument(
        "--to", dest="target", required=True, metavar="URL", help="postgresql+psycopg://NAME@HOST/DATABASE"
    )
    sub.epilog = MIGRATE


def _backup(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.operations.backup import back_up
    from classifier.serving.registry import Registry

    done = back_up(options.database, Registry(options.models), options.output, track)
    if options.json:
        print_json({"backup": str(options.output), **vars(done)})
    else:
        rows = f"{done.n_rows['articles']} articles, {done.n_rows['decisions']} decisions"
        print(
            f"{options.output}: {rows}, champion {done.champion or 'none'}; {done.n_bytes} bytes, read back and checked"
        )


def _restore(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.operations.backup import restore
    from classifier.serving.registry import Registry

    done, aside = restore(options.backup, options.database, Registry(options.models), options.force, track)
    if options.json:
        print_json({**vars(done), "moved_aside": [str(path) for path in aside]})
    else:
        rows = f"{done.n_rows['articles']} articles, {done.n_rows['decisions']} decisions"
        moved = f"; moved aside: {', '.join(map(str, aside))}" if aside else ""
        print(f"restored {rows}, champion {done.champion or 'none'}, as of {done.made_at}{moved}")


def _migrate(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store import open_store
    from classifier.store.database.copying import copy_store

    source, target = open_store(options.source, migrate=False), open_store(options.target)
    n_rows = copy_store(source, target, track)
    if options.json:
        print_json({"n_rows": n_rows})
    else:
        print(f"copied {sum(n_rows.values())} rows of {len(n_rows)} tables, counts and digests compared")
