"""The endpoints of webhooks: who is told what happens, and what was not taken."""

from typing import cast

from typing_extensions import TypedDict

from classifier.operations.hosts import Hosts
from classifier.serving.tagger import Tagger
from classifier.store.deliveries import Due
from classifier.store.webhooks import KINDS, PAUSED, Webhook, kind_of
from classifier.web.api.openapi import NEEDS_STORE, Endpoint
from classifier.web.api.schemas import GivenUpIn, WebhookIn, WebhookStateIn
from classifier.web.incoming import incoming

ADMINS = ("admin",)


class WebhookOut(TypedDict):
    """A webhook. `n_silent` counts the tries since its receiver last answered; while it is silent, it rests."""

    id: str
    url: str
    kinds: list[str]
    state: str
    by: str
    at: str
    n_silent: int
    resting_until: str | None
    delivered_at: str | None
    n_waiting: int
    n_failed: int


class WebhooksOut(TypedDict):
    """All webhooks, the oldest first."""

    webhooks: list[WebhookOut]


class NewWebhookOut(TypedDict):
    """A webhook that was added, and its secret, which is never shown again."""

    webhook: WebhookOut
    secret: str


class GivenUpMessage(TypedDict):
    """A message that was given up, or that waits behind one. `n` names it."""

    n: int
    webhook_id: str
    kind: str | None
    article_id: str | None
    at: str
    attempts: int
    tried_at: str | None
    error: str | None


class GivenUpOut(TypedDict):
    """The messages that were given up, the oldest first, up to 200."""

    failed: list[GivenUpMessage]


class NumberOut(TypedDict):
    """How many messages it was done to."""

    n: int


class WebhookApi:
    """The endpoints of webhooks. Nothing is sent but to `hosts`."""

    def __init__(self, tagger: Tagger, hosts: Hosts) -> None:
        self.store, self.hosts = tagger.store, hosts

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        one, failed = "/v1/webhooks/<webhook_id>", "/v1/webhooks/failed"
        missing = (*NEEDS_STORE, "not-found")
        return [
            Endpoint("GET", "/v1/webhooks", self.list_webhooks, ADMINS, NEEDS_STORE),
            Endpoint("POST", "/v1/webhooks", self.add_webhook, ADMINS, NEEDS_STORE, status=201),
            Endpoint("POST", one, self.set_webhook, ADMINS, missing),
            Endpoint("DELETE", one, self.remove_webhook, ADMINS, missing, status=204),
            Endpoint("GET", failed, self.list_given_up, ADMINS, NEEDS_STORE),
            Endpoint("POST", failed, self.settle_given_up, ADMINS, NEEDS_STORE),
        ]

    def list_webhooks(self) -> WebhooksOut:
        """List the webhooks, and how many messages wait for each or were given up."""
        return {"webhooks": list(map(_webhook, self.store.webhooks.list()))}

    def add_webhook(self, body: WebhookIn) -> NewWebhookOut:
        """Have news sent to a URL from now on. Its host has to be one that whoever runs the service lists."""
        self.hosts.target(body.url)
        webhook, secret = self.store.webhooks.add(body.url, body.kinds or KINDS, incoming().caller.editor(None))
        return {"webhook": _webhook(webhook), "secret": secret}

    def set_webhook(self, webhook_id: str, body: WebhookStateIn) -> WebhookOut:
        """Pause a webhook, or resume it: then all that has happened meanwhile is sent."""
        change = self.store.webhooks.pause if body.state == PAUSED else self.store.webhooks.resume
        change(webhook_id)
        return _webhook(self.store.webhooks.get(webhook_id))

    def remove_webhook(self, webhook_id: str) -> None:
        """Remove a webhook, with all that was to be sent to it."""
        self.store.webhooks.remove(webhook_id)

    def list_given_up(self) -> GivenUpOut:
        """List the messages that were given up after three days of tries, and those that wait behind them."""
        return {"failed": list(map(given_up, self.store.deliveries.given_up()))}

    def settle_given_up(self, body: GivenUpIn) -> NumberOut:
        """Send messages again that were given up, with the earlier ones of their articles, or drop them."""
        settle = self.store.deliveries.send_again if body.action == "resend" else self.store.deliveries.drop
        return {"n": settle(body.numbers)}


def _webhook(webhook: Webhook) -> WebhookOut:
    return cast(WebhookOut, {name: getattr(webhook, name) for name in WebhookOut.__annotations__})


def given_up(due: Due) -> GivenUpMessage:
    """Return what is told of a message that was given up."""
    delivery, event = due
    return {
        "n": delivery.n,
        "webhook_id": delivery.webhook_id,
        "kind": kind_of(event),
        "article_id": event.article_id,
        "at": event.at,
        "attempts": delivery.attempts,
        "tried_at": delivery.tried_at,
        "error": delivery.error,
    }
