"""News by e-mail: what whoever looks after the models and the taxonomy should hear of, several things in one mail."""

import hashlib
import smtplib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from classifier.domain.sentences import CHECK_NAMES
from classifier.operations.hosts import NotDelivered
from classifier.store.webhooks import MODEL_HELD, MODEL_REFUSED
from classifier.texts import N_, _, gettext, ngettext, written_in

SECONDS = 10.0  # for each answer of the mail server
STARTTLS, TLS, PLAIN = "starttls", "tls", "none"
KINDS = (MODEL_HELD, MODEL_REFUSED, "rising_name", "retraining_overdue")
MAX_THINGS = 50  # of one mail

Message = Mapping[str, Any]  # as `messages.Messages.of` makes it


@dataclass(frozen=True)
class Mail:
    """Where mail goes, and by which server. Without recipients none is sent. The password may be in a file."""

    to: tuple[str, ...] = ()
    sender: str = "article-tagger@localhost"
    host: str = "localhost"
    port: int = 587
    security: str = STARTTLS
    user: str = ""
    password: str = ""
    password_file: Path | None = None
    language: str = "en"

    def send(self, messages: Sequence[Message]) -> None:
        """Send one mail about some things. Raise `NotDelivered` if the server does not take it."""
        try:
            with self._server() as server:
                server.send_message(self.written(messages), self.sender, list(self.to))
        except smtplib.SMTPResponseException as error:
            raise NotDelivered(_("the mail server answered %(code)s", code=error.smtp_code), silent=True) from None
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            raise NotDelivered(
                _("the mail server did not take it (%(name)s)", name=type(error).__name__), silent=True
            ) from None

    def written(self, messages: Sequence[Message]) -> EmailMessage:
        """Return the mail about some things, in the language of the mails. The same things have the same Message-ID."""
        mail = EmailMessage(SMTP)
        with written_in(self.language):
            many = len(messages) != 1
            things = ngettext("%(n)s thing to look at", "%(n)s things to look at", len(messages))
            mail["Subject"] = _("Article tagger: %(what)s", what=things if many else _title(messages[0]))
            text = "\n\n".join(map(_paragraph, messages)) + "\n"
        ids = " ".join(str(each["id"]) for each in messages)
        mail["From"], mail["To"] = self.sender, ", ".join(self.to)
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Message-ID"] = f"<{hashlib.sha256(ids.encode()).hexdigest()[:32]}@article-tagger>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text)
        mail["Content-Language"] = self.language
        return mail

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        """Yield a connection to the mail server on which mail may be sent."""
        context = ssl.create_default_context()
        if self.security == TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=SECONDS, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=SECONDS)
        with server:
            if self.security == STARTTLS:
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self._password())
            yield server

    def _password(self) -> str:
        return self.password_file.read_text("utf-8").strip() if self.password_file is not None else self.password


NO_MAIL = Mail()


def _title(message: Message) -> str:
    titles = {
        MODEL_HELD: N_("some tags were held in a training"),
        MODEL_REFUSED: N_("a trained model was not promoted"),
        "rising_name": N_("a name rises in the news"),
        "retraining_overdue": N_("the training is overdue"),
        "test": N_("a test"),
    }
    return gettext(titles[message["type"]])


def _paragraph(message: Message) -> str:
    """Return what a mail says of one thing, with the link behind it."""
    return "\n".join([_sentence(message), *message["data"].get("links", {}).values()])


def _sentence(message: Message) -> str:
    data = message["data"]
    match message["type"]:
        case "model_held":
            return _("A model was promoted, and tags were held as they were: %(tags)s.", tags=", ".join(data["held"]))
        case "model_refused":
            names = ", ".join(gettext(CHECK_NAMES.get(check, check)) for check in data["checks"]) or "-"
            return _("A trained model was not promoted. It failed these checks: %(checks)s.", checks=names)
        case "rising_name":
            facts = {"name": data["name"], "n": data["n_articles"]}
            if not data["name"]:
                text = N_("A name rises in the news and belongs to no tag. Articles of the week that name it: %(n)s.")
                return gettext(text, **facts)
            text = N_("“%(name)s” rises in the news and belongs to no tag. Articles of the week that name it: %(n)s.")
            return gettext(text, **facts)
        case "retraining_overdue":
            if data["failed"]:
                return _("The last training failed.")
            return _("No training has ended since %(time)s.", time=data["since"][:16])
    return _("This is a test. News of models, rising names and trainings will come to this address.")
