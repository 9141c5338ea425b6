"""Tags that editors miss: the page that lists them, and the forms that propose, take and decline them."""

from collections.abc import Iterable

from flask import Blueprint, Response, g, redirect
from werkzeug.wrappers import Response as WsgiResponse

from classifier.domain.taxonomy import TAG_ID, id_for
from classifier.importers.mapping import TermMap
from classifier.importers.records import CmsTerm
from classifier.serving.tagger import Tagger
from classifier.store.keys import Session
from classifier.store.proposals import OPEN, PROPOSAL_STATES, TAKEN
from classifier.web.api.schemas import ProposalIn
from classifier.web.bodies import json_response, read_form, read_json
from classifier.web.guard.auth import EDITORS, TAXONOMISTS, Gate
from classifier.web.pages import render
from classifier.web.problems import ApiProblem


class Proposals:
    """The page of proposals as a blueprint."""

    def __init__(self, tagger: Tagger, gate: Gate, max_body_bytes: int) -> None:
        self.tagger, self.gate, self.limit = tagger, gate, max_body_bytes
        self.proposals = tagger.store.proposals
        self.blueprint = Blueprint("proposals", __name__, url_prefix="/review/proposals")
        add = self.blueprint.add_url_rule
        add("", "list", self.list)
        add("", "propose", self.propose, methods=["POST"])
        add("/<proposal_id>", "answer", self.answer, methods=["POST"])

    def list(self) -> str:
        """Return the page of all proposals, for a signed-in editor."""
        session = self.gate.require_editor()
        rows, may_close = self.proposals.list(), _may_close(session)
        suggested = self._tags_for([row.label for row in rows if row.state == OPEN]) if may_close else {}
        return render("proposals.html", session, proposals=rows, suggested=suggested, may_close=may_close)

    def propose(self) -> Response:
        """Add a proposal."""
        g.caller = self.gate.check(EDITORS)
        proposal = read_json(ProposalIn, self.limit)
        editor = g.caller.editor(None)
        proposal_id = self.proposals.add(proposal.label.strip(), proposal.note, proposal.article_id, editor)
        return json_response({"id": proposal_id}, 201)

    def answer(self, proposal_id: str) -> WsgiResponse:
        """Take or decline a proposal, or open it again."""
        session = self.gate.editor_session()
        if session is None or not _may_close(session):
            raise ApiProblem("not-allowed", "Only the taxonomy owner answers proposals (role taxonomist or admin).")
        form = read_form()
        self.gate.check_csrf(session, form.get("csrf", ""))
        state = form.get("state", "")
        if state not in PROPOSAL_STATES:
            raise ApiProblem("bad-request", f"`state` is one of {', '.join(PROPOSAL_STATES)}, not {state[:60]!r}.")
        tag = self._tag_taken(proposal_id, form.get("tag", "").strip()) if state == TAKEN else None
        self.tagger.resolve_proposal(proposal_id, state, session.editor, tag)
        return redirect("/review/proposals", 303)

    def _tag_taken(self, proposal_id: str, tag: str) -> str:
        """Return the tag id for a taken proposal: the one sent, else the one that the page suggests."""
        if not tag:
            label = self.proposals.get(proposal_id).label
            tag = self._tags_for([label])[label]
        if not TAG_ID.fullmatch(tag) and tag not in self.tagger.taxonomy().by_id:
            raise ApiProblem("bad-request", f"A tag's id has only a-z, 0-9 and hyphens, not {tag[:80]!r}.")
        return tag

    def _tags_for(self, labels: Iterable[str]) -> dict[str, str]:
        """Return a tag id for each label: that of the tag with this name, or one for a new tag."""
        terms = TermMap(self.tagger.taxonomy())
        tags = {label: terms.match(CmsTerm(label, "")).tags for label in labels}
        return {label: tags[label][0] if len(tags[label]) == 1 else id_for(label) for label in tags}


def _may_close(session: Session) -> bool:
    return session.key is None or session.key.role in TAXONOMISTS
