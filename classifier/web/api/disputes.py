"""The endpoint of disputes: tags on which two editors of an article differ, until one more decision settles them."""

from dataclasses import asdict
from typing import cast

from flask import request
from typing_extensions import TypedDict

from classifier.reports.kept import decided_since, kept_desk_report
from classifier.serving.tagger import Tagger
from classifier.store.reports import DESK
from classifier.web.api.openapi import NEEDS_STORE, Endpoint, Parameter
from classifier.web.guard.auth import EDITORS

MAX_NEWER = 10_000  # decisions since the report that are looked at


class SideOut(TypedDict):
    """What one of the editors said of the tag."""

    editor: str
    gave: bool
    action: str | None
    reason: str | None
    at: str | None


class DisputeOut(TypedDict):
    """A tag on which the two editors of an article differ. Any editor's decision on the tag settles it."""

    article_id: str
    title: str
    tag: str
    label: str
    said: list[SideOut]


class DisputesOut(TypedDict):
    """The disputes that are not settled, as of the last desk report and the decisions since."""

    disputes: list[DisputeOut]
    made_at: str | None


class Disputes:
    """The endpoint of disputes."""

    def __init__(self, tagger: Tagger) -> None:
        self.store = tagger.store

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        of_article = Parameter("article_id", {"type": "string"}, "Only those of this article.")
        return [Endpoint("GET", "/v1/disputes", self.list_disputes, EDITORS, NEEDS_STORE, (of_article,))]

    def list_disputes(self) -> DisputesOut:
        """List the tags on which two editors who closed an article differ, with both sides."""
        kept = self.store.reports.get(DESK)
        if kept is None:
            return {"disputes": [], "made_at": None}
        newer = self.store.log.since(kept.last_decision, MAX_NEWER)
        rows = decided_since(kept_desk_report(kept)[0].agreement.disagreements, newer)
        wanted = request.args.get("article_id")
        open_rows = (row for row in rows if not row.settled and wanted in (None, row.article_id))
        disputes = [
            DisputeOut(
                article_id=row.article_id,
                title=row.title,
                tag=row.tag,
                label=row.label,
                said=[
                    cast(SideOut, {name: asdict(side)[name] for name in SideOut.__annotations__}) for side in row.said
                ],
            )
            for row in open_rows
        ]
        return {"disputes": disputes, "made_at": kept.made_at}
