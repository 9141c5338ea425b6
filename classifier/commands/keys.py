"""`keys …`: create, list and revoke the keys of the service."""

from __future__ import annotations

import argparse
import sys

from classifier.commands.output import print_json
from classifier.commands.parser import Commands
from classifier.settings import Settings


def register(commands: Commands) -> None:
    """Add the group and its commands."""
    within = commands.group("keys", "Create, list and revoke keys.")
    sub = commands.add(
        within,
        "create",
        _keys_create,
        "Create a key and print it; it is shown this once.",
        "database",
        "keys create wordpress --role cms",
    )
    sub.add_argument("name")
    sub.add_argument("--role", required=True, choices=("cms", "editor", "admin", "reader"))
    commands.add(within, "list", _keys_list, "List the keys.", "database json")
    sub = commands.add(within, "revoke", _keys_revoke, "Make a key useless.", "database")
    sub.add_argument("name")


def _keys_create(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store import open_store

    print(open_store(options.database).keys.create(options.name, options.role))
    print("Keep it: it cannot be shown again.", file=sys.stderr)


def _keys_list(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store import open_store

    keys = open_store(options.database).keys.list()
    if options.json:
        print_json({"keys": [vars(key) for key in keys]})
        return
    for key in keys:
        print(f"{key.name:<32} {key.role:<8} {key.created_at[:10]}{'  revoked' if key.revoked_at else ''}")
    if not keys:
        print("no keys: the service answers to this machine only, and every role is open")


def _keys_revoke(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store import open_store

    open_store(options.database).keys.revoke(options.name)
    print(f"{options.name} is revoked")
