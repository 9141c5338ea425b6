"""`backup`, `restore` and `migrate-database`: save everything in one file, restore it, or copy the database."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.commands.opening import registry_of
from classifier.commands.output import print_result, track
from classifier.commands.parser import Commands
from classifier.settings import Settings

if TYPE_CHECKING:
    from classifier.operations.backup import Contents

BACKUP = """\
The file contains the database (PostgreSQL as an SQLite file, which can be restored into either, without pg_dump), the
champion, its predecessor, pinned versions, their snapshots, and the history. The service is not blocked while the file is
written, and the file is read back and checked. A name that ends in .gz is compressed.
It contains unpublished articles and the hashes of keys, so only its owner may read it. For a PostgreSQL database with many
gigabytes use the server's own backups too (pg_basebackup)."""
RESTORE = """\
Stop the service first. The backup is checked before anything is changed. The target must be empty; --force moves an SQLite
database and the models aside, to …before-restore-…, and prints where. A PostgreSQL database must be empty: make a new one
with createdb. Afterwards editors sign in again. Keys that were revoked since the backup work again: see `keys list`.
Articles that were deleted since are back: delete them again."""
MIGRATE = """\
Stop the service first: what is stored while the copy runs is not copied. All tables are copied in one transaction,
including the sessions of browsers, and the counts and digests of every table are compared before it is committed. The
target must be empty. The source is not changed."""


def register(commands: Commands) -> None:
    """Add the commands of this module, in the order of the help."""
    text = "Write database and models into one file, while the service runs."
    example = "backup --output desk-2024-06-06.tar.gz"
    next_step = "copy the file to another machine; `restore FILE` reads it."
    sub = commands.add(commands.top, "backup", _backup, text, "models database json", example, BACKUP, next_step)
    sub.add_argument("--output", type=Path, required=True, metavar="FILE", help="such as desk-2024-06-06.tar.gz")
    text = "Restore a backup into an empty database and an empty folder of models."
    example, next_step = "restore desk-2024-06-06.tar.gz", "`status` shows what is there; then start the service."
    sub = commands.add(commands.top, "restore", _restore, text, "models database json", example, RESTORE, next_step)
    sub.add_argument("backup", type=Path, metavar="FILE", help="written by `backup`")
    sub.add_argument("--force", action="store_true", help="move existing data aside")
    text = "Copy the store into another database, for example from SQLite to PostgreSQL."
    example = "migrate-database --from sqlite:///var/tagger.db --to postgresql+psycopg://tagger@db/tagger"
    next_step = "start the service with --database and the new URL."
    sub = commands.add(commands.top, "migrate-database", _migrate, text, "json", example, MIGRATE, next_step)
    sub.add_argument("--from", dest="source", required=True, metavar="URL", help="such as sqlite:///var/tagger.db")
    sub.add_argument(
        "--to", dest="target", required=True, metavar="URL", help="postgresql+psycopg://NAME@HOST/DATABASE"
    )


def _backup(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.operations.backup import back_up

    contents = back_up(options.database, registry_of(options), options.output, track)
    text = f"{options.output}: {_content(contents)}; {contents.n_bytes} bytes, read back and checked"
    print_result(options, {"backup": str(options.output), **vars(contents)}, text)


def _restore(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.operations.backup import restore

    contents, aside = restore(options.backup, options.database, registry_of(options), options.force, track)
    moved = f"; moved aside: {', '.join(map(str, aside))}" if aside else ""
    text = f"restored {_content(contents)}, as of {contents.made_at}{moved}"
    print_result(options, {**vars(contents), "moved_aside": [str(path) for path in aside]}, text)


def _content(backup: Contents) -> str:
    rows = f"{backup.n_rows['articles']} articles, {backup.n_rows['decisions']} decisions"
    return f"{rows}, champion {backup.champion or 'none'}"


def _migrate(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store.database.copying import copy_store
    from classifier.store.database.opening import open_store

    source, target = open_store(options.source, migrate=False), open_store(options.target)
    n_rows = copy_store(source, target, track)
    text = f"copied {sum(n_rows.values())} rows of {len(n_rows)} tables, counts and digests compared"
    print_result(options, {"n_rows": n_rows}, text)
