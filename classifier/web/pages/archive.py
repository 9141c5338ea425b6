"""The first page that brings an archive: its files, what is in them, and the data report.

Each step is kept in a folder beside the models, and long work is a run in a process of its own: the pages take it up where it
was, whoever opens them.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as WsgiResponse

from classifier.archive.bring.folder import HowRead, State
from classifier.errors import BadOperation, Busy, NotFound, TaggerError, WrongState
from classifier.store.keys import Session
from classifier.texts import _
from classifier.web.changing import Changing
from classifier.web.guard.auth import ADMINS, Gate
from classifier.web.pages.archive_site import PAGE, ArchiveSite, back_of, runs_of
from classifier.web.pages.forms import Form, see
from classifier.web.pages.framing import framed
from classifier.web.problems import problem_of
from classifier.web.uploads import uploaded

if TYPE_CHECKING:
    from classifier.archive.bring.reading import ReadSoFar

FIELDS = ("id", "title", "standfirst", "body", "tags", "published_at", "url", "body_format")


class ArchivePages(ArchiveSite):
    """The pages of files as a blueprint. `limit`: bytes of the files of a form."""

    def __init__(self, gate: Gate, changing: Changing, limit: int) -> None:
        super().__init__(gate, changing)
        self.limit = limit
        self.blueprint = Blueprint("archive", __name__, url_prefix=PAGE)
        self.blueprint.add_url_rule("", "page", self.page)
        self.blueprint.add_url_rule("/report", "report", self.report)
        for name in ("upload", "read", "cancel", "throw_away"):
            rule = f"/{name.replace('_', '-')}"
            self.blueprint.add_url_rule(rule, name, getattr(self, name), methods=["POST"])

    def page(self) -> str | WsgiResponse:
        """Show the form for files, or what is in them; lead on to the result where they are stored."""
        session, state = self.gate.require(ADMINS), self.folder.state()
        if state is not None and self.is_stored(state):
            return see(f"{PAGE}/result")
        return self._files(session, state)

    def report(self) -> Response | str:
        """Show the data report on the articles that were read."""
        session, state = self.gate.require(ADMINS), self.folder.state()
        content = self.folder.content("report")
        if content is not None:
            from classifier.reports.data.kept import read_data_report  # what makes it is not loaded for serving
            from classifier.reports.data.page import as_page

            return framed(as_page(read_data_report(content), by_command=False), session)
        return self.render(
            "archive_report.html", session, state, run=self.run(state.reporting) if state is not None else None
        )

    def upload(self) -> WsgiResponse | tuple[str, int]:
        """Take files, and begin to read them."""
        session = self.sender(ADMINS)
        if request.mimetype != "multipart/form-data":
            self.gate.check_csrf(session, "")  # no page of the service sends it so
        self.registry.folder.mkdir(parents=True, exist_ok=True)
        state = self.folder.state()
        try:
            with uploaded(self.registry.folder, self.limit) as (fields, files):
                self.gate.check_csrf(session, fields.get("csrf", ""))
                self._may_read(state)
                if not files:
                    return self._files(session, state, _("Files: choose at least one.")), 422
                for file in files:
                    state = self.folder.add(file.path, file.name, session.editor)
            return self.begin("read", self.present(), session, PAGE)
        except TaggerError as error:
            return self._refused(session, error)

    def read(self) -> WsgiResponse | tuple[str, int]:
        """Read the files anew, as a person says."""
        form = self.form(ADMINS)
        try:
            state = self.present()
            self._may_read(state)
            how = _how(form)
            state = self.folder.change(state.id, lambda present: replace(present, how=how))
            return self.begin("read", state, form.session, PAGE)
        except TaggerError as error:
            return self._refused(form.session, error)

    def cancel(self) -> WsgiResponse | tuple[str, int]:
        """Stop what is under way."""
        form, state = self.form(ADMINS), self.folder.state()
        with suppress(WrongState, NotFound):  # it has ended meanwhile, which the page shows
            removal = self.removal(state)
            known = [*runs_of(state), removal.id if removal is not None else ""] if state is not None else []
            if form.text("run", 40) in known:
                self.store.runs.cancel(form.text("run", 40), form.session.editor)
        return see(back_of(form, PAGE))

    def throw_away(self) -> WsgiResponse | tuple[str, int]:
        """Remove the files and all that was made of them."""
        form = self.form(ADMINS)
        try:
            state = self.present()
            if any(run is not None and run.is_unfinished for run in map(self.run, runs_of(state))):
                raise WrongState(_("The archive is being worked on. Stop that first, or wait for its end."))
            self.folder.throw_away(state.id)
        except TaggerError as error:
            return self._refused(form.session, error)
        return see(PAGE)

    def _refused(self, session: Session, error: TaggerError) -> tuple[str, int]:
        return self._files(session, self.folder.state(), str(error)), problem_of(error).response().status_code

    def _may_read(self, state: State | None) -> None:
        if state is not None and self.is_stored(state):
            raise WrongState(_("This archive is stored already. Begin with another one on the last page."))
        if state is not None and (run := self.run(state.reading)) is not None and run.is_unfinished:
            raise Busy(_("The files are being read. Stop that first, or wait for its end."))

    def _reading(self, state: State | None) -> ReadSoFar | None:
        from classifier.archive.bring.reading import ReadSoFar

        return self.folder.read("reading", ReadSoFar) if state is not None else None

    def _files(self, session: Session, state: State | None, problem: str | None = None) -> str:
        run = self.run(state.reading) if state is not None else None
        return self.render(
            "archive.html",
            session,
            state,
            problem=problem,
            run=run,
            reading=self._reading(state),
            corrected=self.corrected(state),
            fields=FIELDS,
            limit_mb=self.limit >> 20,
        )


def _how(form: Form) -> HowRead:
    """Return how a person wants files to be read. Raise `BadOperation` that names the field."""
    import codecs

    encoding, delimiter = form.text("encoding", 40) or "utf-8", form.text("delimiter", 10)
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise BadOperation(_("Encoding: there is none called %(encoding)s.", encoding=repr(encoding))) from None
    delimiter = "\t" if delimiter.lower() == "tab" else delimiter
    for name, value in (
        (_("Character between columns"), delimiter),
        (_("Character between tags"), form.text("tag_separator")),
    ):
        if len(value) > 1:
            raise BadOperation(_("%(name)s: write one character, not %(value)s.", name=name, value=repr(value[:20])))
    columns = {name: names for name in FIELDS if (names := form.texts(f"column_{name}"))}
    for name, names in columns.items():
        if len(names) > 1 and name != "tags":
            raise BadOperation(_("Only the tags may have several columns, not %(name)s.", name=repr(name)))
    body_format = "html" if form.text("body_format") == "html" else "text"
    domains = [name[:100] for name in form.texts("domain")][:50] or HowRead().domains
    separators = delimiter, encoding, form.text("date_format", 40), form.text("tag_separator")
    return HowRead(columns, *separators, body_format, domains, form.text("incomplete") == "1")
