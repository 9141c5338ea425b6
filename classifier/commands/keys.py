"""`keys …`: create, list, rotate and revoke the keys of the service."""

import argparse

from classifier.commands.opening import store_of
from classifier.commands.output import print_json, print_result, warn
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
        "Create a key and print it. It is shown only once.",
        "database",
        "keys create wordpress --role cms --expires 365",
        "Roles: reader (reads), editor (decides), cms (sends articles), admin (everything).",
        "store the key in the CMS, or give it to the editor, who signs in with it.",
    )
    sub.add_argument("name", help="of the program or the editor who uses it")
    sub.add_argument("--role", required=True, choices=("cms", "editor", "admin", "reader"), help="what the key may do")
    _add_expires(sub, "never")
    commands.add(
        within, "list", _keys_list, "List the keys with role, age, expiry and last use.", "database json", "keys list"
    )
    sub = commands.add(
        within,
        "rotate",
        _keys_rotate,
        "Give a key a new secret and print it. The old secret keeps working for a while.",
        "database",
        "keys rotate wordpress --grace 48",
    )
    sub.add_argument("name", help="of the key")
    sub.add_argument(
        "--grace",
        type=whole(0, MAX_GRACE_HOURS),
        default=GRACE_HOURS,
        metavar="HOURS",
        help="how long the old secret keeps working (%(default)s); 0 ends it and its sessions at once",
    )
    _add_expires(sub, "as many as before")
    sub = commands.add(
        within,
        "hand-over",
        _keys_hand_over,
        "Hand the articles of one `cms` key to another, or to nobody.",
        "database json",
        "keys hand-over old-site new-site",
    )
    sub.add_argument("giver", metavar="OLD", help="name of the key that they belong to, which may be revoked")
    sub.add_argument(
        "receiver",
        metavar="NEW",
        nargs="?",
        help="name of a `cms` key; without it the next `cms` key that writes an article becomes its owner",
    )
    sub = commands.add(
        within, "revoke", _keys_revoke, "Revoke a key and end its sessions.", "database", "keys revoke wordpress"
    )
    sub.add_argument("name", help="of the key")


def _add_expires(sub: Options, default: str) -> None:
    text = f"days until the secret expires ({default})"
    sub.add_argument("--expires", type=whole(1, MAX_DAYS), metavar="DAYS", help=text)


def _keys_create(options: argparse.Namespace, _settings: Settings) -> None:
    print(store_of(options).keys.create(options.name, options.role, options.expires))
    warn("Keep it: it cannot be shown again.")


def _keys_list(options: argparse.Namespace, _settings: Settings) -> None:
    keys = store_of(options).keys.list()
    if options.json:
        print_json({"keys": [vars(key) for key in keys]})
        return
    if not keys:
        print("no keys: the service answers to this machine only, and every role is open")
        return
    print(f"{'name':<32} {'role':<8} {'created':<16}  {'expires':<16}  {'last used':<16}  state")
    for key in keys:
        times = "  ".join(f"{_minute(time):<16}" for time in (key.created_at, key.expires_at, key.last_used_at))
        old = f", old secret until {_minute(key.old_until)}" if key.old_usable else ""
        state = "revoked" if key.revoked_at else "in use" if key.usable else "expired"
        print(f"{key.name:<32} {key.role:<8} {times}  {state}{old}")


def _minute(time: str | None) -> str:
    return time[:16].replace("T", " ") if time else "never"


def _keys_rotate(options: argparse.Namespace, _settings: Settings) -> None:
    print(store_of(options).keys.rotate(options.name, options.grace, options.expires))
    old = f"keeps working for {options.grace} hours" if options.grace else "has ended, with its sessions"
    warn(f"Keep it: it cannot be shown again. The old secret {old}.")


def _keys_hand_over(options: argparse.Namespace, _settings: Settings) -> None:
    n_articles = store_of(options).owners.hand_over(options.giver, options.receiver)
    if not n_articles:
        raise NotFound(f"No article belongs to {options.giver!r}. See the owner in: GET /v1/articles")
    plural, verb = ("", "belongs") if n_articles == 1 else ("s", "belong")
    text = f"{n_articles} article{plural} of {options.giver} {verb} to {options.receiver or 'nobody'} now"
    print_result(options, {"n_articles": n_articles}, text)


def _keys_revoke(options: argparse.Namespace, _settings: Settings) -> None:
    store_of(options).keys.revoke(options.name)
    print(f"{options.name} is revoked")
