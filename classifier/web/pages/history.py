"""The page that says why an article has its tags: all that has changed on it, as sentences."""

from flask import Blueprint, request

from classifier.domain.articles import check_stored_id
from classifier.serving.history import HistoryEvent, history_of
from classifier.serving.tagger import Tagger
from classifier.web.guard.auth import Gate
from classifier.web.pages import render
from classifier.web.pages.showing import WORDING


class History:
    """The page as a blueprint."""

    def __init__(self, tagger: Tagger, gate: Gate) -> None:
        self.tagger, self.gate = tagger, gate
        self.blueprint = Blueprint("history", __name__)
        self.blueprint.add_url_rule("/articles/<article_id>/history", "article", self.page)

    def page(self, article_id: str) -> str:
        """Return the page, of all tags or of one, for a signed-in editor."""
        session = self.gate.require_editor()
        history = history_of(self.tagger.store, self.tagger.taxonomy(), check_stored_id(article_id), session.editor)
        tag = request.args.get("tag")
        events = [event for event in history["events"] if tag is None or _is_about(event, tag)]
        return render("history.html", session, history=history, events=events, tag=tag, wording=WORDING)


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
