"""The endpoints of an editor's work: who has which article, in which language it is, saved filters, and near-duplicates."""

from typing import cast

from typing_extensions import TypedDict

from classifier.errors import BadSetting
from classifier.serving.lists import NearRow
from classifier.serving.tagger import Tagger
from classifier.store.saved_filters import SavedFilter
from classifier.web.api.openapi import NEEDS_BOTH, NEEDS_STORE, Endpoint
from classifier.web.api.queue_query import FILTERS, queue_wanted
from classifier.web.api.schemas import DealIn, FilterIn, LanguageIn, NothingIn
from classifier.web.guard.auth import EDITORS
from classifier.web.incoming import incoming
from classifier.web.problems import bad_parameter

LEASE = "/v1/articles/<article_id>/lease"


class DealtOut(TypedDict):
    """The article that an editor is dealt, null where none is free."""

    article_id: str | None


class HeldOut(TypedDict):
    """Somebody else who has an article before them."""

    editor: str
    until: str


class LeaseOut(TypedDict):
    """Whether the caller holds an article, until when, and who else does."""

    article_id: str
    held: bool
    until: str | None
    others: list[HeldOut]


class FilterOut(TypedDict):
    """A saved filter: parameters of `GET /v1/articles`."""

    name: str
    filters: dict[str, str]


class FiltersOut(TypedDict):
    """The saved filters of the caller, by their names."""

    filters: list[FilterOut]


class LanguageOut(TypedDict):
    """The language that an editor said of an article, and `before` what editors had said; null if none did."""

    article_id: str
    language: str | None
    before: str | None


class NearOut(TypedDict):
    """The open articles that are nearly an article, the nearest first."""

    articles: list[NearRow]


class QueueWork:
    """The endpoints of leases, saved filters and near-duplicates."""

    def __init__(self, tagger: Tagger) -> None:
        self.tagger = tagger

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        wanted, of_language = (*NEEDS_STORE, "invalid"), (*NEEDS_BOTH, "invalid")
        return [
            Endpoint("POST", "/v1/queue/deal", self.deal, EDITORS, (*NEEDS_STORE, "not-found"), FILTERS),
            Endpoint("PUT", LEASE, self.take_lease, EDITORS, NEEDS_STORE),
            Endpoint("DELETE", LEASE, self.end_lease, EDITORS, NEEDS_STORE, status=204),
            Endpoint("PUT", "/v1/articles/<article_id>/language", self.correct_language, EDITORS, of_language),
            Endpoint("GET", "/v1/articles/<article_id>/near", self.near, EDITORS, NEEDS_STORE),
            Endpoint("GET", "/v1/filters", self.list_filters, EDITORS, NEEDS_STORE),
            Endpoint("PUT", "/v1/filters", self.save_filter, EDITORS, wanted),
            Endpoint("DELETE", "/v1/filters/<name>", self.delete_filter, EDITORS, NEEDS_STORE, status=204),
        ]

    def deal(self, body: DealIn) -> DealtOut:
        """Take the first open article of the queue that nobody else has before them."""
        caller = incoming().caller
        wanted = queue_wanted(self.tagger, caller.viewer, state="open")
        queue = self.tagger.store.queue
        return {"article_id": self.tagger.store.leases.deal(queue, wanted, caller.holder, body.skip)}

    def take_lease(self, article_id: str, body: NothingIn) -> LeaseOut:
        """Take an article for five minutes, or hold it for five more. The answer says who else has it."""
        held, until, others = self.tagger.store.leases.take(article_id, incoming().caller.holder)
        shown = [HeldOut(editor=other.editor, until=other.until) for other in others]
        return {"article_id": article_id, "held": held, "until": until, "others": shown}

    def end_lease(self, article_id: str) -> None:
        """Give an article back to the queue."""
        self.tagger.store.leases.give_back(article_id, incoming().caller.holder)

    def correct_language(self, article_id: str, body: LanguageIn) -> LanguageOut:
        """Say the language of an article, and get suggestions anew. It counts more than what the sender says."""
        before = self.tagger.correct_language(article_id, body.language, incoming().caller.editor(None))
        return {"article_id": article_id, "language": body.language, "before": before}

    def near(self, article_id: str) -> NearOut:
        """List the open articles that are nearly this one: copies, and updates that repeat it."""
        return {"articles": self.tagger.near(article_id, incoming().caller.holder)}

    def list_filters(self) -> FiltersOut:
        """List the caller's saved filters of the queue."""
        saved = self.tagger.store.saved_filters.of(incoming().caller.editor(None))
        return {"filters": [cast(FilterOut, row._asdict()) for row in saved]}

    def save_filter(self, body: FilterIn) -> FiltersOut:
        """Save a filter of the queue under a name, in place of another one of that name."""
        filters = {name: value for name, value in body.filters.model_dump(exclude_none=True).items() if value}
        try:
            saved = SavedFilter(body.name, filters)
            self.tagger.store.saved_filters.save(incoming().caller.editor(None), saved, body.instead_of)
        except BadSetting as error:
            raise bad_parameter("name", str(error)) from None
        return self.list_filters()

    def delete_filter(self, name: str) -> None:
        """Delete a saved filter."""
        self.tagger.store.saved_filters.delete(incoming().caller.editor(None), name)
