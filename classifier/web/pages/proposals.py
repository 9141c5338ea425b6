"""Tags that editors miss: the page that lists them, and the forms that propose, take and decline them."""

from typing import NamedTuple

from flask import Blueprint, Response, redirect
from werkzeug.wrappers import Response as WsgiResponse

from classifier.domain.operations import Create
from classifier.domain.taxonomy import TAG_ID, Tag, id_for
from classifier.errors import BadOperation
from classifier.importers.mapping import TermMap
from classifier.importers.records import CmsTerm
from classifier.store.keys import Session
from classifier.store.proposals import OPEN, PROPOSAL_STATES, TAKEN, Proposal
from classifier.texts import _
from classifier.web.api.schemas import ProposalIn
from classifier.web.bodies import json_response, read_json
from classifier.web.changing import Changing
from classifier.web.guard.auth import TAXONOMISTS, WRITERS, Gate
from classifier.web.incoming import incoming
from classifier.web.pages.forms import Form, see
from classifier.web.pages.tag_list import tag_named
from classifier.web.pages.tag_operations import free_id, named
from classifier.web.pages.tag_site import TagSite
from classifier.web.problems import ApiProblem, problem_of

PAGE = "/tags/proposals"
N_CLOSED = 100


class Missed(NamedTuple):
    """A proposal, the tag that has its name already, and what became of it: the tag, and whether the taxonomy has it."""

    proposal: Proposal
    same: Tag | None
    tag: Tag | None


class Proposals(TagSite):
    """The page of proposals as a blueprint."""

    def __init__(self, gate: Gate, changing: Changing, max_body_bytes: int) -> None:
        super().__init__(gate, changing)
        self.limit, self.proposals = max_body_bytes, self.store.proposals
        self.blueprint = Blueprint("proposals", __name__)
        add = self.blueprint.add_url_rule
        add("/review/proposals", "moved", self.moved)
        add("/review/proposals", "propose", self.propose, methods=["POST"])
        add("/review/proposals/<proposal_id>", "answer", self.answer, methods=["POST"])
        add(PAGE, "list", self.list)
        add(f"{PAGE}/<proposal_id>", "take", self.take, methods=["POST"])

    def moved(self) -> WsgiResponse:
        """Lead from the earlier address of the page."""
        self.gate.require_editor()
        return redirect(PAGE, 302)

    def list(self) -> str:
        """Return the page of all proposals."""
        return self._page(self.reader())

    def propose(self) -> Response:
        """Add a proposal."""
        incoming().caller = self.gate.check(WRITERS)
        proposal = read_json(ProposalIn, self.limit)
        editor = incoming().caller.editor(proposal.editor)
        proposal_id = self.proposals.add(proposal.label.strip(), proposal.note, proposal.article_id, editor)
        return json_response({"id": proposal_id}, 201)

    def answer(self, proposal_id: str) -> WsgiResponse:
        """Take a proposal as the tag of an id, whether there is one yet or not; or decline it, or open it again."""
        form = self._answering()
        state = form.text("state")
        if state not in PROPOSAL_STATES:
            raise ApiProblem(
                "bad-request",
                _(
                    "`state` is one of %(names)s, not %(state)s.",
                    names=", ".join(PROPOSAL_STATES),
                    state=repr(state[:60]),
                ),
            )
        tag = self._tag_taken(proposal_id, form.text("tag")) if state == TAKEN else None
        self._resolve(proposal_id, state, form.session, tag)
        return see(PAGE)

    def take(self, proposal_id: str) -> WsgiResponse | tuple[str, int]:
        """Take a proposal: make the tag, or choose the one that is meant. Its article gets it at once. Or decline it."""
        form = self._answering()
        proposal, state = self.proposals.get(proposal_id), form.text("state")
        if state in PROPOSAL_STATES and state != TAKEN:
            self._resolve(proposal_id, state, form.session, None)
            return see(PAGE)
        try:
            tag = named(form.text("tag"), self.changing.taxonomy()) if state == TAKEN else self._made(proposal, form)
        except BadOperation as error:
            status = problem_of(error).response().status_code
            return self._page(form.session, str(error), proposal_id), status
        self._resolve(proposal_id, TAKEN, form.session, tag)
        return see(f"{PAGE}#taken-{proposal_id}")

    # --- their parts --------------------------------------------------------------------------------------------

    def _answering(self) -> Form:
        self.gate.open()
        session = self.gate.session()
        if session is None or (session.key is not None and session.key.role not in TAXONOMISTS):
            raise ApiProblem("not-allowed", _("Only the taxonomy owner answers proposals (role taxonomist or admin)."))
        return self.form()

    def _made(self, proposal: Proposal, form: Form) -> str:
        """Make a tag of a proposal, as a change set that can be undone, and return its id."""
        taxonomy, label = self.changing.taxonomy(), " ".join((form.text("label") or proposal.label).split())
        kinds = sorted(taxonomy.kinds or {tag.kind for tag in taxonomy.tags}) or ["theme"]
        kind = form.text("kind") or kinds[0]
        created = Create(form.text("id") or free_id(taxonomy, label), label[:200], kind)
        set_id = self.store.change_sets.propose([created], proposal.editor, "", proposal.article_id)
        proposed = self.store.change_sets.get(set_id)
        try:
            self.changing.apply(proposed, form.session.editor, self.changing.log().n)
        except BadOperation:
            self.store.change_sets.decline(set_id, form.session.editor)
            raise
        return created.tag

    def _resolve(self, proposal_id: str, state: str, session: Session, tag: str | None) -> None:
        self.changing.tagger.resolve_proposal(proposal_id, state, session.editor, tag)
        self.proposals.keep_promises(self.changing.taxonomy())  # the model of this process may not know the tag yet

    def _page(self, session: Session, problem: str | None = None, at: str | None = None) -> str:
        rows, taxonomy = self.proposals.list(), self.changing.taxonomy()
        missed = [
            Missed(
                row,
                tag_named(taxonomy, row.label) if row.state == OPEN else None,
                taxonomy.by_id.get(row.tag or ""),
            )
            for row in rows
        ]
        return self.render(
            "proposals.html",
            session,
            waiting=[each for each in missed if each.proposal.state == OPEN],
            closed=[each for each in missed if each.proposal.state != OPEN][:N_CLOSED],
            kinds=sorted(taxonomy.kinds or {tag.kind for tag in taxonomy.tags}) or ["theme"],
            problem=problem,
            at=at,
        )

    def _tag_taken(self, proposal_id: str, tag: str) -> str:
        """Return the tag id for a taken proposal: the one sent, else the one that the page suggests."""
        taxonomy = self.changing.tagger.taxonomy()
        if not tag:
            label = self.proposals.get(proposal_id).label
            found = TermMap(taxonomy).match(CmsTerm(label, "")).tags
            tag = found[0] if len(found) == 1 else id_for(label)
        if not TAG_ID.fullmatch(tag) and tag not in taxonomy.by_id:
            raise ApiProblem(
                "bad-request", _("A tag's id has only a-z, 0-9 and hyphens, not %(tag)s.", tag=repr(tag[:80]))
            )
        return tag
