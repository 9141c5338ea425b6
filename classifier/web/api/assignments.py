"""The endpoint by which a CMS reads what archive runs added to its articles, and what was taken back."""

from typing_extensions import TypedDict

from classifier.domain.taxonomy import Taxonomy
from classifier.serving.tagger import Tagger
from classifier.store.assignments import UNDONE, Change, Reader
from classifier.web.api.openapi import NEEDS_BOTH, Endpoint, Parameter
from classifier.web.api.queue_query import filter_of, number_of
from classifier.web.incoming import incoming

MAX_ASSIGNMENTS = 500
_SEES_ALL = ("cms", "admin")
_PARAMETERS = (
    Parameter("since", {"type": "integer", "minimum": 0, "default": 0}, "The last place that the reader knows."),
    Parameter("prefix", {"type": "string"}, "What the ids of the articles begin with."),
    Parameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_ASSIGNMENTS, "default": 100}),
)
MAX_PLACE = 10**10 - 1


class AssignmentOut(TypedDict):
    """A tag that a run added to an article, as the taxonomy calls it now. `kind` is null if the taxonomy lacks the tag.

    `added_as` is the id under which it was added.
    """

    place: int
    article_id: str
    tag: str
    added_as: str
    label: str
    kind: str | None
    score: float
    run: str
    at: str
    state: str


class AssignmentsOut(TypedDict):
    """Additions and their undo in their order. `next` is where the next page begins, null if there is none."""

    head: int
    assignments: list[AssignmentOut]
    next: int | None


class AssignmentFeed:
    """The endpoint of what runs added."""

    def __init__(self, tagger: Tagger) -> None:
        self.tagger = tagger

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        problems = (*NEEDS_BOTH, "invalid")
        return [Endpoint("GET", "/v1/assignments", self.list_assignments, _SEES_ALL, problems, _PARAMETERS)]

    def list_assignments(self) -> AssignmentsOut:
        """List what archive runs added to the articles of the key and to those of nobody, and what was taken back."""
        since, limit = number_of("since", 0, MAX_PLACE, 0), number_of("limit", 1, MAX_ASSIGNMENTS, 100)
        reader = Reader(incoming().caller.owner, filter_of("prefix") or "")
        changes, head = self.tagger.store.assignments.changes(since, limit + 1, reader)
        taxonomy = self.tagger.serving.model().head
        more = changes[limit - 1].place if len(changes) > limit else None
        return {"head": head, "assignments": [_shown(each, taxonomy) for each in changes[:limit]], "next": more}


def _shown(change: Change, taxonomy: Taxonomy) -> AssignmentOut:
    tag, assignment = taxonomy.by_id.get(change.tag), change.assignment
    is_living = tag is not None and not tag.retired
    return {
        "place": change.place,
        "article_id": assignment.article_id,
        "tag": change.tag,
        "added_as": assignment.tag,
        "label": tag.label if tag else change.tag,
        "kind": tag.kind if tag else None,
        "score": assignment.score,
        "run": assignment.run_id,
        "at": assignment.at,
        "state": change.state if is_living else UNDONE,
    }
