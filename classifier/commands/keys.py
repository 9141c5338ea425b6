"""`keys …`: create, list, rotate and revoke the keys of the service."""

from argparse import Namespace

from classifier.commands.common import minute, print_result, print_rows, store_of, warn
from classifier.errors import NotFound
from classifier.settings import Settings


def do_create(options: Namespace, _settings: Settings) -> None:
    print(store_of(options).keys.create(options.name, options.role, options.expires))
    warn("Keep it: it cannot be shown again.")


def do_list(options: Namespace, _settings: Settings) -> None:
    keys = store_of(options).keys.list()
    lines = [f"{'name':<32} {'role':<10} {'created':<16}  {'expires':<16}  {'last used':<16}  state"] if keys else []
    for key in keys:
        times = "  ".join(f"{minute(time):<16}" for time in (key.created_at, key.expires_at, key.last_used_at))
        old = f", old secret until {minute(key.old_until)}" if key.old_usable else ""
        state = "revoked" if key.revoked_at else "in use" if key.usable else "expired"
        lines.append(f"{key.name:<32} {key.role:<10} {times}  {state}{old}")
    nothing = "no keys: the service answers to this machine only, and every role is open"
    print_rows(options, "keys", keys, lines, nothing)


def do_rotate(options: Namespace, _settings: Settings) -> None:
    print(store_of(options).keys.rotate(options.name, options.grace, options.expires))
    old = f"keeps working for {options.grace} hours" if options.grace else "has ended, with its sessions"
    warn(f"Keep it: it cannot be shown again. The old secret {old}.")


def do_hand_over(options: Namespace, _settings: Settings) -> None:
    n_articles = store_of(options).owners.hand_over(options.giver, options.receiver)
    if not n_articles:
        raise NotFound(f"No article belongs to {options.giver!r}. See the owner in: GET /v1/articles")
    plural, verb = ("", "belongs") if n_articles == 1 else ("s", "belong")
    text = f"{n_articles} article{plural} of {options.giver} {verb} to {options.receiver or 'nobody'} now"
    print_result(options, {"n_articles": n_articles}, text)


def do_revoke(options: Namespace, _settings: Settings) -> None:
    store_of(options).keys.revoke(options.name)
    print(f"{options.name} is revoked")
