"""The pages of editors: signing in, the review page, one tag over many articles, and proposals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.wrappers import Response as WsgiResponse

from classifier.domain.articles import check_stored_id
from classifier.domain.decisions import Decision, without_undone
from classifier.domain.taxonomy import TAG_ID, Taxonomy, id_for
from classifier.errors import KeyEnded, TaggerError
from classifier.importers.mapping import TermMap
from classifier.importers.records import CmsTerm
from classifier.model.answer import Suggestion
from classifier.model.protocol import Model
from classifier.serving.tagger import Tagger
from classifier.store import OPEN, PROPOSAL_STATES, TAKEN, Key, Session, StoredArticle
from classifier.text.fields import BODY, TITLE
from classifier.web.api.queue_query import queue_wanted
from classifier.web.guard.auth import COOKIE, EDITORS, Gate, person, set_session, sign_in_first
from classifier.web.json_bodies import json_response, read_json
from classifier.web.pages.forms import read_form
from classifier.web.pages.showing import (
    ABOUTNESS,
    REASONS_TEXT,
    Piece,
    card_of,
    controls_of,
    left_out,
    mark_named,
    marks_of,
    paragraphs_of,
    pieces_of,
)
from classifier.web.problems import CATALOGUE, ApiProblem

REASONS = (
    ("wrong", "wrong"),
    ("passing_mention", "only a passing mention"),
    ("too_general", "too general"),
    ("too_specific", "too specific"),
    ("wrong_sense", "wrong sense of the name"),
)
MAX_BULK = 500


class _ProposalIn(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    label: str = Field(min_length=1, max_length=200)
    note: str = Field("", max_length=2000)
    article_id: str | None = None


class Review:
    """The pages of editors as a blueprint."""

    def __init__(self, tagger: Tagger, gate: Gate, max_body_bytes: int) -> None:
        self.tagger, self.gate, self.limit = tagger, gate, max_body_bytes
        self.store = tagger.store
        self.blueprint = Blueprint("review", __name__)
        add = self.blueprint.add_url_rule
        add("/sign-in", "sign_in", self.sign_in_form)
        add("/sign-in", "start", self.sign_in, methods=["POST"])
        add("/sign-out", "sign_out", self.sign_out, methods=["POST"])
        add("/review", "queue", self.page)
        add("/review/<article_id>", "article", self.page)
        add("/review/articles/<article_id>", "view", self.view)
        add("/review/articles/<article_id>/why", "why", self.why)
        add("/review/bulk", "bulk", self.bulk)
        add("/review/bulk.json", "bulk_rows", self.bulk_rows)
        add("/review/proposals", "proposals", self.proposals)
        add("/review/proposals", "propose", self.propose, methods=["POST"])
        add("/review/proposals/<proposal_id>", "answer_proposal", self.answer_proposal, methods=["POST"])

    # --- signing in and out ---

    def sign_in_form(self) -> str:
        return self._sign_in_page(request.args.get("next", ""))

    def sign_in(self) -> WsgiResponse | tuple[str, int, dict[str, str]]:
        given = read_form()
        name, onward = given.get("name", "").strip(), given.get("next", "")
        try:
            key = self._key(name, given.get("key", "").strip())
        except (ApiProblem, KeyEnded) as error:
            problem = error if isinstance(error, ApiProblem) else ApiProblem("not-allowed", str(error))
            page = self._sign_in_page(onward, problem.detail, name)
            return page, CATALOGUE[problem.slug].status, problem.headers
        response = redirect(onward if _is_ours(onward) else "/review", 303)
        set_session(response, self.store.sessions.start(person(name), key))
        return response

    def _key(self, name: str, secret: str) -> Key | None:
        """Return the key of whoever signs in; None while no key exists, and any name will do."""
        if self.gate.open():
            if not 0 < len(name) <= 80 or "/" in name:
                raise ApiProblem("not-allowed", "Give a name of 1 to 80 characters, no slash.")
            return None
        key = self.gate.sign_in(name, secret)
        if key is None:
            raise ApiProblem("not-allowed", "No editor has this name and this key. Both are as they were given out.")
        return key

    def sign_out(self) -> WsgiResponse:
        session = self.gate.session()
        if session is not None:
            self.gate.check_csrf(session, read_form().get("csrf", ""))
            self.store.sessions.end(session)
        response = redirect("/sign-in", 303)
        response.delete_cookie(COOKIE, path="/")
        return response

    def _sign_in_page(self, onward: str, problem: str | None = None, name: str = "") -> str:
        is_open = self.gate.open()
        return render_template("sign_in.html", open=is_open, problem=problem, next=onward, name=name)

    def _template(self, name: str, read: Callable[[Session], dict[str, Any]]) -> str | WsgiResponse:
        """Return a page with what `read` returns for a signed-in editor, or the way to sign in, for which nothing is read."""
        session = self.gate.editor_session()
        if session is None:
            return sign_in_first()
        return render_template(name, editor=session.editor, csrf=session.csrf, reasons=REASONS, **read(session))

    # --- one article after the other ---

    def page(self, article_id: str | None = None) -> str | WsgiResponse:
        def read(_: Session) -> dict[str, Any]:
            try:
                self.tagger.serving.model()
                missing = None
            except TaggerError as error:
                missing = str(error)
            return {"sources": self.store.queue.sources(), "article_id": article_id, "missing": missing}

        return self._template("review.html", read)

    def view(self, article_id: str) -> Response:
        viewer = self._viewer()
        check_stored_id(article_id)
        model = self.tagger.serving.model()
        seen = self.tagger.article(article_id, viewer)
        return json_response(_View(self.tagger, model, viewer, seen).whole())

    def why(self, article_id: str) -> Response:
        viewer = self._viewer()
        check_stored_id(article_id)
        stored = self.store.article(article_id)
        if self.tagger.hides(stored, viewer):
            raise ApiProblem("not-allowed", "This article is blind: its suggestions are shown when it is done.")
        model = self.tagger.serving.model()
        explanation = model.explain(stored.article, [request.args.get("tag", "")])[0]
        titles = self.store.titles(precedent for precedent, _ in explanation.precedents)
        card = card_of(explanation, titles)
        told = {"tag": card.tag.id, "label": card.tag.label, "pros": card.pros, "cons": card.cons}
        plain = ("score", "threshold", "decision_value", "outcome", "precedents")
        return json_response(told | {name: getattr(card, name) for name in plain})

    def _viewer(self) -> str | None:
        g.caller = self.gate.check(EDITORS)
        viewer: str | None = g.caller.viewer
        return viewer

    # --- one tag over many articles ---

    def bulk(self) -> str | WsgiResponse:
        return self._template("bulk.html", lambda _: {"tag": request.args.get("tag")})

    def bulk_rows(self) -> Response:
        wanted = queue_wanted(self._viewer(), state="open")
        tag = self.tagger.serving.model().taxonomy.tag(wanted.tag or "")
        rows = self.store.queue.show(wanted, MAX_BULK)
        return json_response({"tag": tag.id, "label": tag.label, "rows": [row._asdict() for row in rows]})

    # --- tags that are missing ---

    def proposals(self) -> str | WsgiResponse:
        def read(session: Session) -> dict[str, Any]:
            may_close = session.key is None or session.key.role == "admin"
            rows = self.store.proposals.list()
            suggested = self._tags_for([row.label for row in rows if row.state == OPEN]) if may_close else {}
            return {"proposals": rows, "suggested": suggested, "may_close": may_close}

        return self._template("proposals.html", read)

    def _tags_for(self, labels: Iterable[str]) -> dict[str, str]:
        """Return for each label the id of the tag that is called so, or the id that a new one may have."""
        terms = TermMap(self._taxonomy())
        tags = {label: terms.match(CmsTerm(label, "")).tags for label in labels}
        return {label: tags[label][0] if len(tags[label]) == 1 else id_for(label) for label in tags}

    def _taxonomy(self) -> Taxonomy:
        """Return the taxonomy that serves, an empty one while none does."""
        try:
            return self.tagger.serving.model().taxonomy
        except TaggerError:
            return Taxonomy(())

    def propose(self) -> Response:
        viewer = self._viewer()
        given = read_json(_ProposalIn, self.limit)
        editor = viewer or g.caller.editor(None)
        return json_response(
            {"id": self.store.proposals.add(given.label.strip(), given.note, given.article_id, editor)}, 201
        )

    def answer_proposal(self, proposal_id: str) -> WsgiResponse:
        session = self.gate.editor_session()
        if session is None or (session.key is not None and session.key.role != "admin"):
            raise ApiProblem("not-allowed", "Only whoever keeps the taxonomy answers proposals (role admin).")
        given = read_form()
        self.gate.check_csrf(session, given.get("csrf", ""))
        if given.get("state") not in PROPOSAL_STATES:
            raise ApiProblem("bad-request", f"`state` is one of {', '.join(PROPOSAL_STATES)}.")
        tag = self._tag_taken(proposal_id, given.get("tag", "").strip()) if given["state"] == TAKEN else None
        self.tagger.resolve_proposal(proposal_id, given["state"], session.editor, tag)
        return redirect("/review/proposals", 303)

    def _tag_taken(self, proposal_id: str, tag: str) -> str:
        """Return the id of the tag as which a proposal is taken; where the form has none, the one that the page suggests."""
        if not tag:
            label = self.store.proposals.get(proposal_id).label
            tag = self._tags_for([label])[label]
        if not TAG_ID.fullmatch(tag) and tag not in self._taxonomy().by_id:
            raise ApiProblem("bad-request", f"A tag's id is of a-z, 0-9 and hyphens, not {tag[:80]!r}.")
        return tag


class _View:
    """An article as the review page shows it."""

    def __init__(self, tagger: Tagger, model: Model, viewer: str | None, seen: Any) -> None:
        self.model, self.viewer, self.seen = model, viewer, seen
        self.stored: StoredArticle = tagger.store.article(seen["article_id"])
        self.logged = tagger.decisions(seen["article_id"], viewer)
        self.log = without_undone(Decision(article_id=seen["article_id"], **row) for row in self.logged["decisions"])
        self.editors = {row["tag"]: row["editor"] for row in self.logged["standing"]["decisions"]}
        self.answer = tagger.judged(self.stored.article, model)

    def whole(self) -> dict[str, Any]:
        """Return all of it as plain JSON."""
        seen, blind = self.seen, self.seen["reason"] == "blind"
        withheld = {one["tag"]: one["reason"] for one in seen["withheld"]}
        suggestions = [] if blind else [one for one in self.answer.suggestions if self._to_decide(one, withheld)]
        reading = self.model.reader.read(self.stored.article)
        explained = self.model.explain(self.stored.article, [one.tag for one in suggestions], reading)
        marks = marks_of(explained)
        only_named = {one["tag"] for one in seen["mentioned"]} - {one.tag for one in suggestions}
        named = ((self.model.taxonomy.tags[mention.tag].id, mention) for mention in reading.mentions)
        mark_named(marks, (one for one in named if one[0] in only_named))
        thresholds = {one.tag.id: one.threshold for one in explained}
        article = self.stored.article
        title = pieces_of(reading.title.text, marks[TITLE], controls_of(reading.title, article.title))
        removed, n_more_removed = left_out(reading)
        return {
            **{name: seen[name] for name in _SAME},
            "blind": blind,
            "title": _plain(title),
            "paragraphs": [_plain(paragraph) for paragraph in paragraphs_of(reading, article.body, marks[BODY])],
            "suggestions": [self._suggestion(one, thresholds[one.tag]) for one in suggestions],
            "mentioned": seen["mentioned"],
            "tags": [self._tag(tag) for tag in seen["tags"]],
            "labels": {tag: self._label(tag) for tag in self.editors},
            "removed": [{"kind": kind, "text": text} for kind, text in removed],
            "n_more_removed": n_more_removed,
            "reason_text": REASONS_TEXT.get(seen["reason"]),
            "others": self._others(),
            "decisions": self.logged["decisions"],
            "standing": self.logged["standing"],
        }

    def _to_decide(self, one: Suggestion, withheld: dict[str, str]) -> bool:
        """Whether a suggestion is shown as such: it is open, or somebody's decision on it can be seen."""
        return one.tag not in withheld or one.tag in self.editors

    def _suggestion(self, one: Suggestion, threshold: float) -> dict[str, Any]:
        shown = {name: getattr(one, name) for name in ("tag", "label", "kind", "score", "band", "source")}
        return {**shown, "aboutness": ABOUTNESS[one.aboutness], "threshold": threshold}

    def _tag(self, tag_id: str) -> dict[str, Any]:
        tag = self.model.taxonomy.by_id.get(tag_id)
        return {
            "tag": tag_id,
            "label": self._label(tag_id),
            "kind": tag.kind if tag else "",
            "known": tag is not None,
            "by": self.editors.get(tag_id, self.stored.source),
        }

    def _label(self, tag_id: str) -> str:
        tag = self.model.taxonomy.by_id.get(tag_id)
        return tag.label if tag else tag_id

    def _others(self) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for row in self.log:
            if row.editor != self.viewer:
                one = found.setdefault(row.editor, {"editor": row.editor, "at": row.at, "n": 0})
                one |= {"at": row.at, "n": one["n"] + 1}
        return list(found.values())


_SAME = (
    "article_id",
    "url",
    "published_at",
    "source",
    "state",
    "n_editors",
    "suggestion_set_id",
    "model_version",
    "reason",
)


def _plain(pieces: list[Piece]) -> list[dict[str, Any]]:
    return [
        {"text": one.text, "tags": one.tags.split(), "removed": one.removed, "control": one.control} for one in pieces
    ]


def _is_ours(path: str) -> bool:
    """Whether a path leads to a page of this service and nowhere else."""
    return path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path and path.isprintable()
