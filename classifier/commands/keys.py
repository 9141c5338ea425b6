"""`keys …`: create, list, rotate and revoke the keys of the service."""

from __future__ import annotations

import argparse
import sys

from classifier.commands.output import print_json
from classifier.commands.parser import Commands, Options, whole
from classifier.errors import NotFound
from classifier.settings import Settings

MAX_DAYS = 3650
MAX_GRACE_HOURS = 720
GRACE_HOURS = 24


def register(commands: Commands) -> None:
    """Add the group and its commands."""
    within = commands.group("keys", "Create, list, rotate and revoke keys.")
    sub = commands.add(
        within,
        "create",
        _keys_create,
        "Create a key and print it; it is shown this once.",
        "database",
        "keys create wordpress --role cms --expires 365",
    )
    sub.add_argument("name")
    sub.add_argument("--role", required=True, choices=("cms", "editor", "admin", "reader"))
    _add_expires(sub, "never")
    commands.add(within, "list", _keys_list, "List the keys: role, age, expiry, last use.", "database json")
    sub = commands.add(
        within,
        "rotate",
        _keys_rotate,
        "Give a key a new secret and print it; the old one is taken for a while.",
        "database",
        "keys rotate wordpress --grace 48",
    )
    sub.add_argument("name")
    sub.add_argument(
        "--grace",
        type=whole(0, MAX_GRACE_HOURS),
        default=GRACE_HOURS,
        metavar="HOURS",
        help="for which the old secret is taken too; 0: it ends at once, with its sessions (%(default)s)",
    )
    _add_expires(sub, "after as many as before")
    sub = commands.add(
        within,
        "hand-over",
        _keys_hand_over,
        "Hand the articles of one `cms` key to another, or to nobody.",
        "database json",
        "keys hand-over old-site new-site",
    )
    sub.add_argument("giver", metavar="OLD", help="name of the key that they belong to; it may exist no more")
    sub.add_argument(
        "receiver",
        metavar="NEW",
        nargs="?",
        help="name of a `cms` key; without it they are nobody's, and the next `cms` key that writes one owns it",
    )
    sub = commands.add(within, "revoke", _keys_revoke, "Make a key useless, and end its sessions.", "database")
    sub.add_argument("name")


def _add_expires(sub: Options, default: str) -> None:
    text = f"days after which the secret ends ({default})"
    sub.add_argument("--expires", type=whole(1, MAX_DAYS), metavar="DAYS", help=text)


def _keys_create(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store import open_store

    print(open_store(options.database).keys.create(options.name, options.role, options.expires))
    print("Keep it: it cannot be shown again.", file=sys.stderr)


def _keys_list(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store import open_store

    keys = open_store(options.database).keys.list()
    if options.json:
        print_json({"keys": [vars(key) for key in keys]})
        return
    if not keys:
        print("no keys: the service answers to this machine only, and every role is open")
        return
    print(f"{'name':<32} {'role':<8} {'created':<16}  {'expires':<16}  {'last used':<16}  state")
    for key in keys:
        times = "  ".join(f"{_minute(at):<16}" for at in (key.created_at, key.expires_at, key.last_used_at))
        old = f", old secret until {_minute(key.old_until)}" if key.old_usable else ""
        state = "revoked" if key.revoked_at else "in use" if key.usable else "expired"
        print(f"{key.name:<32} {key.role:<8} {times}  {state}{old}")


def _minute(at: str | None) -> str:
    return at[:16].replace("T", " ") if at else "never"


def _keys_rotate(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store import open_store

    print(open_store(options.database).keys.rotate(options.name, options.grace, options.expires))
    ends = f"is taken for {options.grace} hours more" if options.grace else "has ended, with its sessions"
    print(f"Keep it: it cannot be shown again. The old one {ends}.", file=sys.stderr)


def _keys_hand_over(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store import open_store

    n_articles = open_store(options.database).owners.hand_over(options.giver, options.receiver)
    if not n_articles:
        raise NotFound(f"No article belongs to {options.giver!r}. See the owner in: GET /v1/articles")
    if options.json:
        print_json({"n_articles": n_articles})
        return
    count = (
        f"1 article of {options.giver} belongs"
        if n_articles == 1
        else f"{n_articles} articles of {options.giver} belong"
    )
    print(f"{count} to {options.receiver or 'nobody'} now")


def _keys_revoke(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store import open_store

    open_store(options.database).keys.revoke(options.name)
    print(f"{options.name} is revoked")
