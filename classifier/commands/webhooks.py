"""`webhooks …`: tell other programs what happens, and look after what they did not take."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from classifier.commands.common import minute, print_result, print_rows, store_of, warn
from classifier.errors import BadWebhook, TaggerError
from classifier.settings import Settings, mail_of

if TYPE_CHECKING:
    from classifier.store.deliveries import Due


def do_add(options: Namespace, settings: Settings) -> None:
    from classifier.store.webhooks import KINDS

    settings.webhook_hosts.target(options.url)
    if unknown := sorted(set(options.kinds) - set(KINDS)):
        raise BadWebhook(f"--kinds: there is no {unknown[0]!r}. Known are {', '.join(KINDS)}.", "kinds")
    webhook, secret = store_of(options).webhooks.add(options.url, options.kinds or KINDS, options.by)
    print_result(options, {**vars(webhook), "secret": secret}, f"{webhook.id}  {secret}")
    warn("Keep the secret: it cannot be shown again. The receiver checks signatures with it (docs/webhooks.md).")


def do_list(options: Namespace, _settings: Settings) -> None:
    webhooks = store_of(options).webhooks.list()
    lines = (
        [f"{'id':<8}  {'state':<7} {'waiting':>7} {'given up':>8}  {'last taken':<16}  receiver"] if webhooks else []
    )
    for each in webhooks:
        state = "silent" if each.n_silent and each.state == "active" else each.state
        counts = f"{each.n_waiting:>7} {each.n_failed:>8}"
        lines.append(f"{each.id:<8}  {state:<7} {counts}  {minute(each.delivered_at):<16}  {each.url}")
        lines.append(f"{'':<8}  by {each.by} on {each.at[:10]}: {', '.join(each.kinds)}")
    print_rows(options, "webhooks", webhooks, lines, "no webhooks: nobody is told what happens")


def do_pause(options: Namespace, _settings: Settings) -> None:
    store_of(options).webhooks.pause(options.id)
    print(f"{options.id} is paused; what happens meanwhile waits for it")


def do_resume(options: Namespace, _settings: Settings) -> None:
    store_of(options).webhooks.resume(options.id)
    print(f"{options.id} is active; the service sends what has waited")


def do_remove(options: Namespace, _settings: Settings) -> None:
    store_of(options).webhooks.remove(options.id)
    print(f"{options.id} is removed, with all that was to be sent to it")


def do_test(options: Namespace, settings: Settings) -> None:
    from classifier.operations.deliverer import send_test
    from classifier.operations.hosts import NotDelivered

    store = store_of(options)
    webhook = store.webhooks.get(options.id)
    try:
        message_id = send_test(store, settings.webhook_hosts, webhook, mail_of(settings))
    except NotDelivered as error:
        raise TaggerError(f"The test message was not taken: {error}.") from None
    print_result(options, {"webhook_id": webhook.id, "message_id": message_id}, f"{webhook.id} has taken {message_id}")


def do_failed(options: Namespace, _settings: Settings) -> None:
    given_up = store_of(options).deliveries.given_up(options.webhook)
    rows = [_row(due) for due in given_up]
    lines = [
        f"{row['n']:>8}  {row['webhook_id']}  {minute(row['at'])}  {row['kind']:<20} {row['article_id'] or '':<24} {row['error']}"
        for row in rows
    ]
    print_result(options, {"failed": rows}, "\n".join(lines) or "no message was given up")


def _row(due: Due) -> dict[str, Any]:
    from classifier.store.webhooks import kind_of

    delivery, event = due
    about = {"kind": kind_of(event), "article_id": event.article_id, "at": event.at}
    tries = {"attempts": delivery.attempts, "tried_at": delivery.tried_at, "error": delivery.error}
    return {"n": delivery.n, "webhook_id": delivery.webhook_id, **about, **tries}


def do_resend(options: Namespace, _settings: Settings) -> None:
    n = store_of(options).deliveries.send_again(_numbers(options))
    print_result(options, {"n": n}, f"{_messages(n)} will be sent again by the service")


def do_drop(options: Namespace, _settings: Settings) -> None:
    n = store_of(options).deliveries.drop(_numbers(options))
    print_result(options, {"n": n}, f"{_messages(n)} will never be sent")


def _numbers(options: Namespace) -> list[int] | None:
    if bool(options.numbers) == options.all:
        raise TaggerError("Name the numbers that `webhooks failed` lists, or --all.")
    return None if options.all else options.numbers


def _messages(n: int) -> str:
    return f"{n} message{'' if n == 1 else 's'}"
