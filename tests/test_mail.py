"""News by e-mail, with a real mail server: one mail for each thing, several things in one, nothing lost."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from flask import Flask

from classifier.commands import main
from classifier.operations.deliverer import Deliverer
from classifier.operations.hosts import NO_HOSTS
from classifier.operations.mail import KINDS, Mail
from classifier.store.events import rising
from classifier.store.reports import RISING, KeptReport
from classifier.store.runs import FAILED, JOB, NOT_PROMOTED, PROMOTED
from classifier.store.store import Store
from tests.latin import latin_words
from tests.server import free_port
from tests.test_receivers import certificate
from tests.test_webhooks import decide, hours_pass

TO = ("desk@example.org", "chief@example.org")


@dataclass
class Postbox:
    """A mail server that keeps what it gets. `answer` is what it says to a mail."""

    port: int
    answer: str = "250 OK"
    got: list[Message] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd calls it so
        if self.answer.startswith("250"):
            self.got.append(message_from_bytes(envelope.content, policy=default))
            self.to.append(envelope.rcpt_tos)
        return self.answer

    @property
    def texts(self) -> list[str]:
        return [mail.get_content().replace("\r\n", "\n") for mail in self.got]  # type: ignore[attr-defined]


@contextmanager
def mail_server(box: Postbox, **how: Any) -> Iterator[None]:
    controller = Controller(box, hostname="127.0.0.1", port=box.port, **how)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


@pytest.fixture
def box() -> Iterator[Postbox]:
    box = Postbox(free_port())
    with mail_server(box):
        yield box


@pytest.fixture
def mail(box: Postbox) -> Mail:
    return Mail(TO, "tagger@example.org", "127.0.0.1", box.port, "none")


@pytest.fixture
def sender(store: Store, mail: Mail) -> Deliverer:
    store.webhooks.keep_mail(KINDS)
    return Deliverer(store, NO_HOSTS, "https://tagger.example.org", mail=mail)


def refused(store: Store, check: str = "total") -> str:
    run = store.runs.begin(JOB)
    result = {"held": [], "blocked_by": [{"tag": None, "check": check, "figure": "f"}]}
    store.runs.end(run, NOT_PROMOTED, "closed", version="v", result=result)
    return run.id


def test_a_model_that_was_not_promoted_is_mailed_with_its_link(store: Store, box: Postbox, sender: Deliverer) -> None:
    run_id = refused(store)
    decide(store, "a", "iskp")  # no news for a mail
    assert sender.work() == 1
    (mail,) = box.got
    assert (mail["From"], mail["To"]) == ("tagger@example.org", ", ".join(TO))
    assert box.to == [list(TO)]
    assert mail["Subject"] == "Article tagger: a trained model was not promoted"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert box.texts == [
        f"A trained model was not promoted. It failed these checks: all tags together.\nhttps://tagger.example.org/runs/{run_id}\n"
    ]
    assert sender.work() == 0
    assert len(box.got) == 1


@pytest.mark.parametrize(
    ("code", "subject", "text"),
    [
        (
            "fr",
            "Étiqueteur d’articles : un modèle entraîné n’a pas été mis en service",
            "Il n’a pas passé ces contrôles : toutes les étiquettes ensemble.",
        ),
        ("ar", "واسم المقالات: لم يُعتمد نموذج مُدرَّب", "لم يجتز هذه الفحوص: كل الوسوم معًا."),
    ],
)
def test_mail_is_in_the_language_of_the_setting(
    app: Flask, store: Store, box: Postbox, mail: Mail, code: str, subject: str, text: str
) -> None:
    store.webhooks.keep_mail(KINDS)
    sender = Deliverer(store, NO_HOSTS, "https://tagger.example.org", mail=replace(mail, language=code))
    run_id = refused(store)
    with app.test_request_context(headers={"Accept-Language": "en"}):  # whoever asks for something else just now
        assert sender.work() == 1
    (got,) = box.got
    assert (got["Subject"], got["Content-Language"]) == (subject, code)
    assert text in box.texts[0]
    assert f"https://tagger.example.org/runs/{run_id}" in box.texts[0]
    held = {"held": [{"tag": "kabul", "check": "flips", "figure": "f"}], "blocked_by": []}
    store.runs.end(store.runs.begin(JOB), PROMOTED, "better", version="v", result=held)
    report = KeptReport(RISING, "2026", 0, "t", {"rising": [{"name": "Zagros"}]})
    store.reports.put(report, [rising("Zagros", 4)])
    assert sender.work() == 2
    (_, other) = box.texts
    if code == "ar":
        shown = re.sub("https://\\S+", "", other)
        assert latin_words([shown]) == {"kabul", "Zagros"}


def test_what_happens_together_comes_in_one_mail(store: Store, box: Postbox, sender: Deliverer) -> None:
    names = [f"Zāgros {number}" for number in range(20)]
    report = KeptReport(RISING, "2026", 0, "t", {"rising": [{"name": name} for name in names]})
    for _ in range(3):  # every night
        store.reports.put(report, [rising(name, 4) for name in names])
    held = {"held": [{"tag": "iskp", "check": "flips", "figure": "f"}], "blocked_by": []}
    store.runs.end(store.runs.begin(JOB), PROMOTED, "better", version="v", result=held)
    store.runs.end(store.runs.begin(JOB), FAILED, "the disk is full")
    assert sender.work() == 22
    (text,) = box.texts
    assert box.got[0]["Subject"] == "Article tagger: 22 things to look at"
    assert all(f"“{name}” rises in the news" in text for name in names)
    assert "tags were held as they were: iskp." in text
    assert "The last training failed." in text
    assert sender.work() == 0


def test_a_mail_that_the_server_does_not_take_is_sent_later_under_the_same_id(
    store: Store, box: Postbox, sender: Deliverer
) -> None:
    box.answer = "451 later"
    refused(store)
    assert sender.work() == 0
    (waiting,) = store.webhooks.list()
    assert (waiting.id, waiting.n_waiting, waiting.n_silent) == ("mail", 1, 1)
    box.answer = "250 OK"
    hours_pass(store, 1)
    assert sender.work() == 1
    assert len(box.got) == 1


def test_while_the_server_is_down_nothing_is_lost(store: Store) -> None:
    box = Postbox(free_port())
    store.webhooks.keep_mail(KINDS)
    sender = Deliverer(store, NO_HOSTS, mail=Mail(TO, "tagger@example.org", "127.0.0.1", box.port, "none"))
    for check in ("total", "speed", "memory"):
        refused(store, check)
        assert sender.work() == 0
        hours_pass(store, 1)
    with mail_server(box):
        assert sender.work() == 3
        hours_pass(store, 1)
        assert sender.work() == 0
    assert [name in box.texts[0] for name in ("all tags together", "speed", "memory")] == [True] * 3


def test_the_same_things_have_the_same_message_id(mail: Mail) -> None:
    message = {"id": "msg_1", "type": "retraining_overdue", "data": {"failed": True}}
    assert mail.written([message])["Message-ID"] == mail.written([message])["Message-ID"]
    assert mail.written([message])["Message-ID"] != mail.written([{**message, "id": "msg_2"}])["Message-ID"]


@pytest.mark.filterwarnings("ignore:Requiring AUTH while")  # the server does not count TLS from the start
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_password_is_sent_over_a_connection_whose_certificate_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    key, cert = certificate(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    (tmp_path / "password").write_text("open sesame\n", "utf-8")
    tries = []

    def check(_server: SMTP, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        tries.append((data.login, data.password))
        return AuthResult(success=data.password == b"open sesame", handled=False)

    how = {"tls_context": context, "require_starttls": True} if security == "starttls" else {"ssl_context": context}
    box = Postbox(free_port())
    login = {"user": "tagger", "password_file": tmp_path / "password"}
    mail = Mail(TO, "tagger@example.org", "localhost", box.port, security, **login)
    message = {"id": "msg_1", "type": "test", "data": {}}
    with mail_server(box, authenticator=check, auth_required=True, auth_require_tls=security == "starttls", **how):
        with pytest.raises(Exception, match="SSLCertVerificationError"):
            mail.send([message])
        assert (tries, box.got) == ([], [])
        trusting = ssl.create_default_context(cafile=cert)
        monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
        mail.send([message])
        with pytest.raises(Exception, match="the mail server answered 535"):
            replace(mail, password_file=None, password="wrong").send([message])
    assert (tries[0], set(tries[1:])) == ((b"tagger", b"open sesame"), {(b"tagger", b"wrong")})
    assert len(box.got) == 1


def test_mail_begins_and_ends_with_the_setting(store: Store, mail: Mail, no_threads: None) -> None:
    refused(store)
    Deliverer(store, NO_HOSTS, mail=mail).start()
    Deliverer(store, NO_HOSTS, mail=mail).start()  # another process
    (row,) = store.webhooks.list()
    assert (row.id, row.kinds, row.n_waiting) == ("mail", sorted(KINDS, key=row.kinds.index), 0)
    assert Deliverer(store, NO_HOSTS, mail=mail).work() == 0  # what was before is no news
    Deliverer(store, NO_HOSTS).start()
    assert store.webhooks.list() == []


def test_a_test_mail_is_sent_by_a_command(
    store: Store, database_url: str, box: Postbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store.webhooks.keep_mail(KINDS)
    settings = {"MAIL_TO": "desk@example.org", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(box.port)}
    for name, value in {**settings, "SMTP_SECURITY": "none", "DATABASE_URL": database_url}.items():
        monkeypatch.setenv(f"TAGGER_{name}", value)
    assert main(["webhooks", "test", "mail"]) == 0
    assert box.got[0]["Subject"] == "Article tagger: a test"
    box.answer = "550 no"
    assert main(["webhooks", "test", "mail"]) == 1
    assert "the mail server answered 550" in capsys.readouterr().err
