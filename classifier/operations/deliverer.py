"""The service tells others what happens: one process of all on a database sends the messages, beside the requests.

Whatever ends it, another goes on from there: what is to be sent, and when, is in the database (`store/deliveries.py`).
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from classifier.errors import BadWebhook
from classifier.operations.hosts import Hosts, NotDelivered
from classifier.operations.mail import KINDS as MAILED
from classifier.operations.mail import MAX_THINGS, NO_MAIL, Mail
from classifier.operations.messages import TEST, Messages, headers_of, message_id, written
from classifier.operations.receivers import SECONDS, post
from classifier.serving.beside import repeat
from classifier.store.deliveries import Due
from classifier.store.rows import new_id, now
from classifier.store.runs import JOB as RETRAIN
from classifier.store.store import Store
from classifier.store.webhooks import MAIL, Webhook

JOB = "webhooks"
POLL_SECONDS = 2.0  # between two looks for what has happened, of each process
OVERDUE_SECONDS = 60.0  # between two looks for a training that is overdue
TURN_SECONDS = 10.0  # for which a webhook is sent messages before all are looked at again
AT_ONCE = 4  # webhooks that are sent messages at the same time


class Deliverer:
    """Sends what has happened to the webhooks of a store. `retrain_hours` is how often `retrain` is expected to run."""

    def __init__(
        self, store: Store, hosts: Hosts, address: str = "", retrain_hours: float = 24.0, mail: Mail = NO_MAIL
    ) -> None:
        self._store, self._hosts, self._hours, self._mail = store, hosts, retrain_hours, mail
        self._messages = Messages(store, address)
        self._looked_at = -OVERDUE_SECONDS

    def start(self) -> None:
        """Send from now on, in a thread of its own. Mail that the settings ask for begins now."""
        self._store.webhooks.keep_mail(MAILED if self._mail.to else ())
        repeat(JOB, POLL_SECONDS, self.work, "no_webhooks")

    def work(self) -> int:
        """Send all that is due, and return how many messages were taken. Raise `Busy` if another process is at it."""
        self._look_for_overdue()
        n_taken = 0
        if not self._store.webhooks.active():
            return n_taken
        with self._store.runs.alone(JOB):
            while n := self._round():
                n_taken += n
        return n_taken

    def _look_for_overdue(self) -> None:
        if time.monotonic() - self._looked_at >= OVERDUE_SECONDS:
            self._store.runs.note_overdue(RETRAIN, self._hours)
            self._looked_at = time.monotonic()

    def _round(self) -> int:
        """Arrange what is new, give each webhook a turn, and return how many messages were taken."""
        if (last := self._store.events.settled()) is not None:
            for webhook in self._store.webhooks.active():
                self._store.deliveries.arrange(webhook, last, each_alone=webhook.id == MAIL)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return sum(pool.map(self._turn, self._store.webhooks.active()))

    def _turn(self, webhook: Webhook) -> int:
        """Send a webhook what is due, for some seconds at most, and return how many messages it has taken."""
        until, n_taken = time.monotonic() + TURN_SECONDS, 0
        at_most = MAX_THINGS if webhook.id == MAIL else 1
        while time.monotonic() < until and (dues := self._store.deliveries.take(webhook, at_most)):
            try:
                self._send(webhook, dues)
            except NotDelivered as error:
                self._store.deliveries.failed(webhook, dues, str(error), error.silent)
            except BadWebhook as error:
                self._store.deliveries.failed(webhook, dues, str(error), silent=True)
            else:
                self._store.deliveries.delivered(webhook, dues)
                n_taken += len(dues)
        return n_taken

    def _send(self, webhook: Webhook, dues: Sequence[Due]) -> None:
        if webhook.id == MAIL:
            self._mail.send([self._messages.of(due.event) for due in dues])
            return
        (due,) = dues
        body = written(self._messages.of(due.event))
        secret = self._store.webhooks.secret(webhook.id)
        post(self._hosts, webhook.url, headers_of(message_id(due.event), secret, body), body, SECONDS)


def send_test(store: Store, hosts: Hosts, webhook: Webhook, mail: Mail = NO_MAIL) -> str:
    """Send a webhook a message of the kind `test` at once, or a mail, and return its id.

    Raises:
        NotDelivered: if the receiver does not take it.
        BadWebhook: if nothing may be sent there.
    """
    test_id = f"msg_{new_id()}"
    message = {"id": test_id, "type": TEST, "timestamp": now(), "data": {"webhook_id": webhook.id}}
    if webhook.id == MAIL:
        mail.send([message])
        return test_id
    body = written(message)
    post(hosts, webhook.url, headers_of(test_id, store.webhooks.secret(webhook.id), body), body)
    return test_id
