"""The endpoints of changes to the taxonomy: the feed of what was changed, and change sets that are proposed and decided on."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from typing_extensions import TypedDict

from classifier.domain.dates import in_utc
from classifier.domain.operations import operation_from_json
from classifier.domain.resolving import resolve
from classifier.errors import NotFound
from classifier.reports.preview.records import Preview
from classifier.serving.tagger import Tagger
from classifier.serving.views import pick
from classifier.store.change_sets import CHANGE_SET_STATES, ChangeSet, Conflict
from classifier.store.feed_places import FeedPlace
from classifier.store.redeciding import ORDERS
from classifier.store.requests import Request
from classifier.store.taxonomy import Applied
from classifier.texts import _
from classifier.web.api.decisions import IDEMPOTENCY_KEY, idempotency_key
from classifier.web.api.feed import ChangeOut, changes_of
from classifier.web.api.openapi import NEEDS_STORE, Endpoint, Parameter
from classifier.web.api.queue_query import DEFAULT_PAGE, MAX_PAGE, choice_of, number_of
from classifier.web.api.schemas import ApplyIn, ChangeSetIn, NothingIn, OperationsIn, PlaceIn, ScheduleIn
from classifier.web.changing import Changing
from classifier.web.guard.auth import ANY_ROLE, EDITORS, NOBODY, TAXONOMISTS, Caller
from classifier.web.incoming import incoming

SETS = "/v1/tags/change-sets"
SET = f"{SETS}/<set_id>"
MAX_CHANGES = 1000
N_LISTED = 20  # operations of each change set in a list
_REDECIDE = (
    Parameter.choice("order", *ORDERS, default="newest"),
    Parameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": DEFAULT_PAGE}),
)
_STATE = Parameter.choice("state", *CHANGE_SET_STATES, "all", default="all")
_FEED = (
    Parameter("since", {"type": "integer", "minimum": 0, "default": 0}, "The last change that the reader knows."),
    Parameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_CHANGES, "default": 100}),
)


class ChangesOut(TypedDict):
    """Changes of the taxonomy in their order. `next` is where the next page begins, null if there is none."""

    head: int
    changes: list[ChangeOut]
    next: int | None


class PlaceOut(TypedDict):
    """How far a reader has come."""

    n: int
    moved: int
    failed: int
    to_do: int


class ChangeSetOut(TypedDict):
    """Operations that belong together. `lines` are the operations as people write them, `numbers` their changes.

    A list has the first 20 of the `n_operations`, and no `preview`.
    """

    id: str
    state: str
    title: str
    n_operations: int
    ops: list[dict[str, Any]]
    lines: list[str]
    by: str
    at: str
    decided_by: str | None
    decided_at: str | None
    article_id: str | None
    based_on: int | None
    preview: dict[str, Any] | None
    numbers: list[int]
    apply_at: str | None
    conflict: Conflict | None


class ChangeSetsOut(TypedDict):
    """Change sets, the newest first."""

    change_sets: list[ChangeSetOut]


class AppliedOut(TypedDict):
    """What was appended to the log: the change set, the numbers of its changes, and the taxonomy with them."""

    change_set: str
    numbers: list[int]
    head: int
    taxonomy_version: str


class TagHistoryOut(TypedDict):
    """A tag with what became of it. `living` are the tags that it is read as."""

    id: str
    label: str
    kind: str
    status: str
    replaced_by: str | None
    replacement: str | None
    living: list[str]
    parts: list[str]
    labels: dict[str, str]
    decisions: dict[str, int]
    history: list[ChangeOut]


class RedecisionOut(TypedDict):
    """An article that has a tag which was split since, or that got it while others were merged into it.

    `between` are the tags to decide between. `cause` is `split` or `undone_merge`.
    """

    article_id: str
    title: str
    tags: list[str]
    between: list[str]
    cause: str


class RedecisionsOut(TypedDict):
    """The articles on which nobody has decided again since a tag was split, or a merge into it undone, `n` of them in all.

    `parts` are all tags that they may have instead, and `labels` names these and the tag.
    """

    tag: str
    parts: list[str]
    labels: dict[str, str]
    n: int
    articles: list[RedecisionOut]


class Taxonomies:
    """The endpoints of the taxonomy's changes."""

    def __init__(self, tagger: Tagger, changing: Changing) -> None:
        self.tagger, self.changing, self.store = tagger, changing, tagger.store

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        decided = (*NEEDS_STORE, "invalid", "changed", "running")
        keyed = (IDEMPOTENCY_KEY,)
        listed, noted = (*NEEDS_STORE, "invalid"), ("cms", "admin")
        return [
            Endpoint("GET", "/v1/tags/changes", self.tag_changes, ANY_ROLE, listed, _FEED),
            Endpoint("POST", "/v1/tags/changes/place", self.note_place, noted, NEEDS_STORE),
            Endpoint("POST", SETS, self.propose_change_set, EDITORS, NEEDS_STORE, status=201),
            Endpoint("GET", SETS, self.list_change_sets, EDITORS, listed, (_STATE,)),
            Endpoint("GET", SET, self.get_change_set, EDITORS, NEEDS_STORE),
            Endpoint("POST", f"{SETS}/preview", self.preview_operations, TAXONOMISTS, NEEDS_STORE),
            Endpoint("GET", f"{SET}/preview", self.preview_change_set, TAXONOMISTS, (*NEEDS_STORE, "changed")),
            Endpoint("POST", f"{SET}/apply", self.apply_change_set, TAXONOMISTS, (*decided, "needs-another"), keyed),
            Endpoint("POST", f"{SET}/schedule", self.schedule_change_set, TAXONOMISTS, (*decided, "needs-another")),
            Endpoint("POST", f"{SET}/decline", self.decline_change_set, TAXONOMISTS, decided),
            Endpoint("POST", f"{SET}/undo", self.undo_change_set, TAXONOMISTS, decided, keyed),
            Endpoint("GET", "/v1/tags/<tag_id>", self.get_tag, ANY_ROLE, NEEDS_STORE),
            Endpoint("GET", "/v1/tags/<tag_id>/redecide", self.get_redecisions, EDITORS, listed, _REDECIDE),
        ]

    # --- the feed -----------------------------------------------------------------------------------------------

    def tag_changes(self) -> ChangesOut:
        """List what was changed of the taxonomy, in its order."""
        since, limit = number_of("since", 0, 10**9, 0), number_of("limit", 1, MAX_CHANGES, 100)
        log = self.store.taxonomy.log()
        taxonomy = log.taxonomy()
        rows = [row for row in log.rows if row.n > max(since, 1)][:limit]  # the first is where every reader begins
        changes = [change for row in rows for change in changes_of(row, log, taxonomy)]
        more = rows[-1].n if rows and rows[-1].n < log.n else None
        return {"head": log.n, "changes": changes, "next": more}

    def note_place(self, body: PlaceIn) -> PlaceOut:
        """Note how far a reader of the changes has come."""
        place = FeedPlace(body.n, body.moved, body.failed, body.to_do)
        key = incoming().caller.key
        self.store.feed_places.put(key.name if key else NOBODY, place)
        return pick(PlaceOut, place._asdict())

    # --- change sets --------------------------------------------------------------------------------------------

    def propose_change_set(self, body: ChangeSetIn) -> ChangeSetOut:
        """Propose operations on the taxonomy. They must fit it as it is now."""
        operations = [operation_from_json(operation) for operation in body.ops]
        self.changing.log()
        self.store.taxonomy.preview(operations)
        set_id = self.store.change_sets.propose(operations, incoming().caller.editor(None), body.note, body.article_id)
        return self.get_change_set(set_id)

    def list_change_sets(self) -> ChangeSetsOut:
        """List change sets, newest first."""
        state = choice_of("state", (*CHANGE_SET_STATES, "all"), "all")
        sets = self.store.change_sets.list(None if state == "all" else state)
        return {"change_sets": [self._set(each, N_LISTED) | {"preview": None} for each in sets]}

    def get_change_set(self, set_id: str) -> ChangeSetOut:
        """Get a change set."""
        return self._set(self.store.change_sets.get(set_id))

    def preview_change_set(self, set_id: str) -> Preview:
        """Get what a proposed change set would do now. Nothing is stored."""
        return self.changing.preview(self.store.change_sets.get(set_id).operations)

    def preview_operations(self, body: OperationsIn) -> Preview:
        """Get what operations would do now, before they are proposed: labels, aliases with their hits, suggestions, findings."""
        return self.changing.preview([operation_from_json(operation) for operation in body.ops])

    def apply_change_set(self, set_id: str, body: ApplyIn) -> AppliedOut:
        """Carry out a proposed change set."""
        proposed, caller = self.store.change_sets.get(set_id), incoming().caller
        by = caller.editor(None)
        content = [set_id, "apply", body.based_on]
        return self._once(caller, content, lambda: self.changing.apply(proposed, by, body.based_on))

    def schedule_change_set(self, set_id: str, body: ScheduleIn) -> ChangeSetOut:
        """Let a proposed change set be applied at a time, or take that back."""
        proposed, by = self.store.change_sets.get(set_id), incoming().caller.editor(None)
        if body.apply_at is None:
            self.store.change_sets.take_back(set_id, by)
        else:
            self.changing.schedule(proposed, by, body.based_on, in_utc(body.apply_at))
        return self.get_change_set(set_id)

    def decline_change_set(self, set_id: str, body: NothingIn) -> ChangeSetOut:
        """Decline a proposed change set."""
        self.store.change_sets.decline(set_id, incoming().caller.editor(None))
        return self.get_change_set(set_id)

    def undo_change_set(self, set_id: str, body: NothingIn) -> AppliedOut:
        """Take back an applied change set."""
        caller = incoming().caller
        self.store.change_sets.get(set_id)

        return self._once(caller, [set_id, "undo"], lambda: self.changing.undo_set(set_id, caller.editor(None)))

    # --- one tag ------------------------------------------------------------------------------------------------

    def get_tag(self, tag_id: str) -> TagHistoryOut:
        """Get a tag, living or retired, with its history."""
        log = self.store.taxonomy.log()
        taxonomy = log.taxonomy() if log.n else self.tagger.taxonomy()
        tag = taxonomy.by_id.get(tag_id)
        if tag is None:
            raise NotFound(_("The taxonomy has no tag %(tag)s.", tag=repr(tag_id[:80])))
        changes = (
            change for row in log.rows[1:] for change in changes_of(row, log, taxonomy) if change["tag"] == tag_id
        )
        found: TagHistoryOut = {
            "id": tag.id,
            "label": tag.label,
            "kind": tag.kind,
            "status": tag.status,
            "replaced_by": tag.replaced_by,
            "replacement": taxonomy.replacement_of(tag_id) if tag.retired else None,
            "living": list(resolve(tag_id, taxonomy)),
            "parts": list(tag.parts),
            "labels": dict(tag.labels),
            "decisions": self.store.log.counts_of([tag_id]).get(tag_id, {}),
            "history": list(changes),
        }
        return found

    def get_redecisions(self, tag_id: str) -> RedecisionsOut:
        """List the articles that wait for a decision since a tag was split, or a merge into it undone."""
        order, limit = choice_of("order", ORDERS, "newest"), number_of("limit", 1, MAX_PAGE, DEFAULT_PAGE)
        parts = self.store.redeciding.choices_of(tag_id)
        n, waiting = self.store.redeciding.waiting(tag_id, order, limit)
        lists = ({"tags": list(row.tags), "between": list(row.between)} for row in waiting)
        articles = [pick(RedecisionOut, vars(row) | more) for row, more in zip(waiting, lists, strict=True)]
        by_id = self.changing.taxonomy().by_id
        labels = {tag: by_id[tag].label for tag in (tag_id, *parts)}
        return {"tag": tag_id, "parts": list(parts), "labels": labels, "n": n, "articles": articles}

    # --- their parts --------------------------------------------------------------------------------------------

    def _once(self, caller: Caller, content: list[object], work: Callable[[], Applied]) -> AppliedOut:
        """Change the taxonomy, once for each Idempotency-Key."""
        key = idempotency_key()
        digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        asked = Request(caller.sender, key, digest) if key else None
        if asked is not None and (reply := self.store.log.reply(asked)) is not None:
            return cast(AppliedOut, reply)
        applied = work()
        head, taxonomy = applied.head
        out: AppliedOut = {
            "change_set": applied.change_set,
            "numbers": applied.numbers,
            "head": head or 0,
            "taxonomy_version": taxonomy.version,
        }
        if asked is not None:
            self.store.log.keep_reply(asked, out)
        return out

    def _set(self, change_set: ChangeSet, most: int | None = None) -> ChangeSetOut:
        shown = replace(change_set, ops=change_set.ops[:most])
        fields = vars(shown) | {
            "n_operations": len(change_set.ops),
            "lines": shown.lines,
            "numbers": self.store.taxonomy.numbers_of(change_set.id),
        }
        return pick(ChangeSetOut, fields)
