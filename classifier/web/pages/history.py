"""The page that says why an article has its tags: all that has changed on it, as sentences, with what can be taken back."""

from collections.abc import Iterable, Mapping, Sequence

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response as WsgiResponse

from classifier.domain.articles import check_stored_id
from classifier.serving.history import HistoryEvent, history_of
from classifier.serving.tagger import DecisionBatch, Tagger
from classifier.store.log import Draft
from classifier.web.guard.auth import EDITORS, TAXONOMISTS, Gate
from classifier.web.pages import render
from classifier.web.pages.forms import FormPages, see
from classifier.web.pages.sentences import Sentence, Sentences
from classifier.web.pages.showing import WORDING
from classifier.web.pages.tag_site import address


class History(FormPages):
    """The page as a blueprint."""

    def __init__(self, tagger: Tagger, gate: Gate) -> None:
        super().__init__(gate)
        self.tagger, self.store = tagger, tagger.store
        self.blueprint = Blueprint("history", __name__, url_prefix="/articles/<article_id>/history")
        self.blueprint.add_url_rule("", "article", self.page)
        self.blueprint.add_url_rule("/undo", "undo", self.undo, methods=["POST"])

    def page(self, article_id: str) -> str:
        """Return the page, of all tags or of one, for a signed-in editor."""
        session = self.gate.require_editor()
        history = history_of(self.tagger.store, self.tagger.taxonomy(), check_stored_id(article_id), session.editor)
        tag = request.args.get("tag")
        events = [event for event in history["events"] if tag is None or _is_about(event, tag)]
        return render(
            "history.html",
            session,
            history=history,
            events=events,
            tag=tag,
            wording=WORDING,
            undone={event["decision"]["undoes"] for event in history["events"] if "decision" in event},
            changes=self._changes(events),
            address=address,
            may_change=session.key is None or session.key.role in TAXONOMISTS,
        )

    def undo(self, article_id: str) -> WsgiResponse:
        """Take back a decision of the editor who sends the form."""
        form = self.form(EDITORS)
        draft = Draft("undo", undoes=form.text("decision", 64))
        self.tagger.decide(check_stored_id(article_id), DecisionBatch([draft]), form.session.editor)
        return see(url_for("history.article", article_id=article_id, tag=form.text("tag") or None))

    def _changes(self, events: Iterable[HistoryEvent]) -> Mapping[str, Sequence[Sentence]]:
        """Return by its change set what a change of the taxonomy did to the tags of the article."""
        lines = {event["change_set"]: event["lines"] for event in events if "change_set" in event}
        if not lines:
            return {}
        log, changes = self.store.taxonomy.log(), dict[str, list[Sentence]]()
        told = Sentences(log.taxonomy())
        for row in log.rows:
            if row.line in lines.get(row.change_set or "", ()):
                changes.setdefault(str(row.change_set), []).append(told.done(row, log))
        return changes


def _is_about(event: HistoryEvent, tag: str) -> bool:
    """Return whether an event says something of a tag, or of the article's text."""
    if "decision" in event:
        return event["decision"]["tag"] in (tag, None)
    if "suggestions" in event or "tags" in event:
        named = [*event.get("suggestions", ()), *event.get("tags", ())]
        return any(each["tag"] == tag for each in named)
    if "fields" in event:
        return (
            bool(event["fields"]) or event["kind"] == "article_stored" or tag in (*event["listed"], *event["dropped"])
        )
    return True
