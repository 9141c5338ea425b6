"""Taxonomies as files: what a file has and the taxonomy has not becomes a proposed change set; and the files to take away."""

from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from flask import Blueprint, request
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser
from werkzeug.wrappers import Response as WsgiResponse

from classifier.domain.exchange.formats import FORMATS, format_of, read
from classifier.domain.exchange.operation_table import operations_of_rows
from classifier.domain.operation_lines import operation_from_text
from classifier.domain.operations import Operation
from classifier.errors import BadOperation, BadOperations, BadTaxonomy, NotInstalled
from classifier.store.keys import Session
from classifier.store.rows import now
from classifier.texts import N_, _
from classifier.web.bodies import read_body
from classifier.web.changing import Changing
from classifier.web.guard.auth import TAXONOMISTS, Gate
from classifier.web.pages.forms import see
from classifier.web.pages.tag_site import TagSite
from classifier.web.problems import ApiProblem

LINES, TABLE = "operations", "operations-csv"
NAMES = {
    "csv": N_("table (.csv)"),
    "skos-ttl": N_("SKOS vocabulary (.ttl)"),
    "skos-jsonld": N_("SKOS vocabulary (.jsonld)"),
    "iptc-json": N_("IPTC Media Topics (.json)"),
    "yaml": N_("whole taxonomy (.yaml)"),
    LINES: N_("changes as lines, such as a draft (.txt)"),
    TABLE: N_("changes as a table (.csv)"),
}
MAX_SHOWN = 30


class Upload(NamedTuple):
    """A file that was sent, the form in which it is, and what its sender calls the change."""

    name: str
    raw: bytes
    form: str
    note: str


class Files(TagSite):
    """The page of imports and exports as a blueprint."""

    def __init__(self, gate: Gate, changing: Changing, max_body_bytes: int) -> None:
        super().__init__(gate, changing)
        self.limit = max_body_bytes
        self.blueprint = Blueprint("tag_files", __name__, url_prefix="/tags/import")
        add = self.blueprint.add_url_rule
        add("", "page", self.page)
        add("", "upload", self.upload, methods=["POST"])

    def page(self) -> str:
        """Show the forms."""
        return self._page(self.reader())

    def upload(self) -> WsgiResponse | tuple[str, int]:
        """Propose what a file has and the taxonomy has not, and lead to what it would change."""
        session = self.sender(TAXONOMISTS)
        sent = self._sent(session)
        try:
            operations, notes = self._read(sent)
        except (BadTaxonomy, BadOperations) as error:
            return self._page(session, _("The file cannot be read."), error.problems[:MAX_SHOWN]), 422
        except (BadOperation, NotInstalled) as error:
            return self._page(session, str(error)), 422
        if not operations:
            return self._page(session, None, notes[:MAX_SHOWN], is_same=True), 200
        title = sent.note or _title(sent.name)
        set_id = self.store.change_sets.propose(operations, session.editor, title)
        return see(f"/tags/changes/{set_id}/effect")

    def _sent(self, session: Session) -> Upload:
        raw = read_body(self.limit)
        if request.mimetype != "multipart/form-data":
            self.gate.check_csrf(session, "")  # no page of the service sends it so
        parser = FormDataParser(max_form_parts=20, max_form_memory_size=64 * 1024, silent=False)
        try:
            _stream, fields, files = parser.parse(BytesIO(raw), request.mimetype, len(raw), request.mimetype_params)
        except (ValueError, HTTPException):
            raise ApiProblem("bad-request", _("The form cannot be read.")) from None
        name, content = "", b""
        for sent in files.values():
            name, content = sent.filename or "", sent.read()
            sent.close()
        self.gate.check_csrf(session, fields.get("csrf", ""))
        return Upload(name, content, fields.get("format", ""), fields.get("note", "").strip()[:500])

    def _read(self, sent: Upload) -> tuple[list[Operation], list[str]]:
        log = self.changing.log()
        form = sent.form or (LINES if sent.name.lower().endswith(".txt") else format_of(Path(sent.name or "-")))
        if form in FORMATS:
            incoming = read(form, sent.raw, sent.name or "The file", log, now())
            return list(incoming.operations), list(incoming.notes)
        try:
            text = sent.raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise BadOperation(_("The file is not UTF-8.")) from None
        if form == TABLE:
            operations = list(operations_of_rows(text, sent.name or "The file"))
        else:
            lines = (line.strip() for line in text.splitlines())
            operations = [operation_from_text(line) for line in lines if line and not line.startswith("#")]
        refused: list[str] = []
        fit = self.store.taxonomy.fitting(operations, lambda _, why: refused.append(str(why)))
        return list(fit), refused

    def _page(
        self, session: Session, problem: str | None = None, problems: list[str] | None = None, is_same: bool = False
    ) -> str:
        return self.render(
            "tag_files.html",
            session,
            names=NAMES,
            formats=FORMATS,
            problem=problem,
            problems=problems or [],
            is_same=is_same,
        )


def _title(name: str) -> str:
    file = Path(name).name[:100]
    return _("Import of %(file)s", file=file) if file else _("Import of a file")
