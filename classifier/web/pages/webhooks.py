"""The page of webhooks for admins: who is told what happens, and the messages that were given up."""

from collections.abc import Callable

from flask import Blueprint
from werkzeug.wrappers import Response as WsgiResponse

from classifier.errors import BadWebhook
from classifier.operations.deliverer import send_test
from classifier.operations.hosts import Hosts, NotDelivered
from classifier.serving.tagger import Tagger
from classifier.store.keys import Session
from classifier.store.webhooks import KINDS, MAIL, kind_of
from classifier.texts import N_, _
from classifier.web.guard.auth import Gate
from classifier.web.pages import render
from classifier.web.pages.forms import FormPages, see
from classifier.web.problems import ApiProblem, problem_of

PAGE = "/webhooks"
ADMINS = ("admin",)
NAMES = {
    "suggestions_ready": N_("suggestions are ready"),
    "decision": N_("an editor decides"),
    "taxonomy_changed": N_("the taxonomy changes"),
    "model_promoted": N_("another model serves"),
    "model_held": N_("a training holds tags"),
    "model_refused": N_("a trained model is not promoted"),
    "rising_name": N_("a name rises"),
    "retraining_overdue": N_("the training is overdue"),
}


class WebhookPages(FormPages):
    """The page of webhooks as a blueprint. Nothing is sent but to `hosts`."""

    def __init__(self, tagger: Tagger, gate: Gate, hosts: Hosts) -> None:
        super().__init__(gate)
        self.store, self.hosts = tagger.store, hosts
        self.blueprint = Blueprint("webhooks", __name__, url_prefix=PAGE)
        add = self.blueprint.add_url_rule
        add("", "show", self.show)
        add("", "add", self.add, methods=["POST"])
        add("/failed", "settle", self.settle, methods=["POST"])
        add("/<webhook_id>", "change", self.change, methods=["POST"])

    def show(self) -> str:
        """Show who is told of what, and what was given up."""
        return self._page(self.gate.require(ADMINS))

    def add(self) -> tuple[str, int]:
        """Add a webhook, and show its secret this once."""
        form = self.form(ADMINS)
        url = form.text("url")
        try:
            self.hosts.target(url)
        except BadWebhook as error:
            return self._page(form.session, problem=str(error), url=url), problem_of(error).response().status_code
        _, secret = self.store.webhooks.add(url, form.texts("kind") or KINDS, form.session.editor)
        return self._page(form.session, secret=secret), 201

    def change(self, webhook_id: str) -> WsgiResponse | str:
        """Pause, resume, test or remove a webhook."""
        form = self.form(ADMINS)
        if (what := form.text("do")) == "test":
            return self._test(form.session, webhook_id)
        webhooks = self.store.webhooks
        changes: dict[str, Callable[[str], None]] = {"pause": webhooks.pause, "resume": webhooks.resume}
        changes["remove"] = webhooks.remove
        if what not in changes:
            raise ApiProblem(
                "bad-request", _("`do` is one of pause, resume, test and remove, not %(what)s.", what=repr(what[:60]))
            )
        changes[what](webhook_id)
        return see(PAGE)

    def settle(self) -> WsgiResponse:
        """Send messages again that were given up, or drop them: the one of a number, or all."""
        form = self.form(ADMINS)
        number = form.text("number", 18)
        if number and not number.isdecimal():
            raise ApiProblem("bad-request", _("`number` is that of a message."))
        numbers = [int(number)] if number else None
        if form.text("do") == "drop":
            self.store.deliveries.drop(numbers)
        else:
            self.store.deliveries.send_again(numbers)
        return see(PAGE)

    def _test(self, session: Session, webhook_id: str) -> str:
        try:
            send_test(self.store, self.hosts, self.store.webhooks.get(webhook_id))
        except (NotDelivered, BadWebhook) as error:
            return self._page(session, not_taken=str(error))
        return self._page(session, taken=True)

    def _page(self, session: Session, **shown: object) -> str:
        given_up = [(due, kind_of(due.event)) for due in self.store.deliveries.given_up()]
        webhooks = self.store.webhooks.list()
        return render("webhooks.html", session, webhooks=webhooks, given_up=given_up, names=NAMES, mail=MAIL, **shown)
