"""The endpoints of a CMS's terms: which tags they stand for, what persons say of that, and what they changed in the CMS."""

import json
from collections.abc import Sequence
from typing import Any

from typing_extensions import TypedDict

from classifier.domain.operations import Merge, Operation, operation_to_json
from classifier.errors import BadOperation, NotFound, UnknownTag
from classifier.importers.cms_terms import Resolved, SentTerm, TermResolver, operations_of
from classifier.importers.records import CmsTerm
from classifier.importers.term_report import NearestTags, NearTag
from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.serving.taxonomy import publish
from classifier.store.change_sets import PROPOSED
from classifier.store.cms_terms import IGNORE, PERSON, STATES, KeptTerm
from classifier.texts import _
from classifier.web.api.openapi import NEEDS_BOTH, NEEDS_STORE, Endpoint, Parameter
from classifier.web.api.queue_query import choice_of, filter_of, number_of
from classifier.web.api.schemas import TermIn, TermMergeIn, TermsIn, TermTagsIn
from classifier.web.guard.auth import ANY_ROLE, WRITERS
from classifier.web.incoming import incoming

MAX_TERMS = 500
_PARAMETERS = (
    Parameter.choice("state", *STATES, "all", default="all"),
    Parameter("words", {"type": "string"}, "What the name or the slug contains."),
    Parameter("prefix", {"type": "string"}, "What the ids of the terms begin with."),
    Parameter("after", {"type": "string"}, "The id of the last term of the page before."),
    Parameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_TERMS, "default": 100}),
)


class TermOut(TypedDict):
    """A term of a CMS. `tags` are the living tags that it stands for, `nearest` the tags that its name is like."""

    id: str
    name: str
    slug: str
    taxonomy: str
    tags: list[str]
    by: str
    editor: str | None
    nearest: list[NearTag]


class TermsOut(TypedDict):
    """Terms in the order of their ids. `cursor` is where the next page begins, null if there is none."""

    terms: list[TermOut]
    cursor: str | None


class FoundOut(TypedDict):
    """The living tag of each term that stands for one, and the terms that stand for none."""

    known: dict[str, str]
    unknown: list[TermOut]


class KeyOut(TypedDict):
    """The key of a request: its name and its role. Both are null without a key, while none exists."""

    name: str | None
    role: str | None


class MergedOut(TypedDict):
    """The change set that was proposed, null if both terms stand for the same tag, or one for none."""

    change_set: str | None


class Terms:
    """The endpoints of terms. Each key has terms of its own."""

    def __init__(self, tagger: Tagger, registry: Registry) -> None:
        self.tagger, self.registry, self.store = tagger, registry, tagger.store
        self.resolver = TermResolver(tagger.store)
        self._nearest: NearestTags | None = None

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        listed = (*NEEDS_BOTH, "invalid")
        return [
            Endpoint("GET", "/v1/key", self.get_key, ANY_ROLE, NEEDS_STORE),
            Endpoint("GET", "/v1/terms", self.list_terms, WRITERS, listed, _PARAMETERS),
            Endpoint("POST", "/v1/terms/resolve", self.resolve_terms, WRITERS, NEEDS_BOTH),
            Endpoint("PUT", "/v1/terms/<term_id>", self.put_term, WRITERS, NEEDS_BOTH),
            Endpoint("POST", "/v1/terms/<term_id>/merge", self.merge_term, WRITERS, NEEDS_BOTH),
        ]

    def found(self, sent: Sequence[TermIn], editor: str | None = None) -> Resolved:
        """Return the tags of terms that the caller sends, and propose what a renamed one may mean for the taxonomy."""
        taxonomy = self.tagger.serving.model().head
        terms = [SentTerm(term.id, term.name, term.slug, term.taxonomy, term.tag) for term in sent]
        found = self.resolver.resolve(incoming().caller.sender, terms, taxonomy)
        for was, now in found.renamed:
            note = f"The term {was.name!r} ({was.slug}) was renamed to {now.name!r} ({now.slug}) in the CMS"
            self._propose(operations_of(was, now, taxonomy), note, editor)
        return found

    def get_key(self) -> KeyOut:
        """Get the name and the role of the key that asks."""
        key = incoming().caller.key
        return {"name": key.name if key else None, "role": key.role if key else None}

    def list_terms(self) -> TermsOut:
        """List the terms that the CMS has sent."""
        state, limit = choice_of("state", (*STATES, "all"), "all"), number_of("limit", 1, MAX_TERMS, 100)
        of_state = None if state == "all" else state
        after, words = filter_of("after") or "", (filter_of("words") or "").strip()
        page = self.store.cms_terms.page(
            incoming().caller.sender, of_state, after, limit + 1, words, filter_of("prefix") or ""
        )
        more = page[limit - 1].term_id if len(page) > limit else None
        return {"terms": list(map(self._shown, page[:limit])), "cursor": more}

    def resolve_terms(self, body: TermsIn) -> FoundOut:
        """Find the tags of terms. The answers are remembered."""
        found = self.found(body.terms, body.editor)
        return {"known": found.known, "unknown": list(map(self._shown, found.unknown))}

    def put_term(self, term_id: str, body: TermTagsIn) -> TermOut:
        """Say which tags a term stands for."""
        taxonomy, editor = self.tagger.serving.model().head, incoming().caller.editor(body.editor)
        for tag in body.tags or ():
            if tag not in taxonomy.by_id:
                raise UnknownTag(
                    _("The taxonomy has no tag %(tag)s. GET /v1/tags lists those that there are.", tag=repr(tag[:60]))
                )

        def changed(term: KeptTerm) -> KeptTerm:
            if body.tags is None:
                return self.resolver.look_up(term, taxonomy)
            return term.standing_for(tuple(dict.fromkeys(body.tags)), PERSON if body.tags else IGNORE, editor)

        return self._shown(self.store.cms_terms.change(incoming().caller.sender, term_id, changed))

    def merge_term(self, term_id: str, body: TermMergeIn) -> MergedOut:
        """Say that a person merged a term into another one. The merge of their tags is proposed, and no tag counts as removed."""
        consumer, taxonomy = incoming().caller.sender, self.tagger.serving.model().head
        kept = self.store.cms_terms.of(consumer, [term_id, body.into])
        for each in (term_id, body.into):
            if each not in kept:
                raise NotFound(_("The CMS has sent no term %(term)s.", term=repr(each[:40])))
        merged, into = kept[term_id], kept[body.into]
        if not merged.tags:
            return {"change_set": None}
        self.store.cms_terms.change(consumer, into.term_id, lambda term: term.taking_over(merged))
        heirs = [{taxonomy.paths.heir(tag) for tag in term.tags} for term in (merged, into)]
        if any(len(of_term) != 1 for of_term in heirs) or heirs[0] == heirs[1]:
            return {"change_set": None}
        note = f"The term {merged.name!r} was merged into {into.name!r} in the CMS"
        return {"change_set": self._propose([Merge((heirs[0].pop(),), heirs[1].pop())], note, body.editor)}

    # --- their parts --------------------------------------------------------------------------------------------

    def _shown(self, term: KeptTerm) -> TermOut:
        taxonomy = self.tagger.serving.model().head
        if self._nearest is None or self._nearest.taxonomy is not taxonomy:
            self._nearest = NearestTags(taxonomy)
        nearest = [] if term.tags else self._nearest(CmsTerm(term.name, term.slug))
        return {
            "id": term.term_id,
            "name": term.name,
            "slug": term.slug,
            "taxonomy": term.taxonomy,
            "tags": list(dict.fromkeys(taxonomy.paths.heir(tag) for tag in term.tags)),
            "by": term.by,
            "editor": term.editor,
            "nearest": nearest,
        }

    def _propose(self, operations: Sequence[Operation], note: str, editor: str | None) -> str | None:
        """Propose operations, once, if the taxonomy can take them. Return the id of the change set."""
        if not operations:
            return None
        if not self.store.taxonomy.last():
            publish(self.registry, self.store)
        wanted = [operation_to_json(operation) for operation in operations]
        for proposed in self.store.change_sets.list(PROPOSED):
            if _same(proposed.ops, wanted):
                return proposed.id
        try:
            self.store.taxonomy.preview(operations)
        except BadOperation:
            return None
        return self.store.change_sets.propose(operations, incoming().caller.editor(editor), note)


def _same(one: Sequence[dict[str, Any]], other: Sequence[dict[str, Any]]) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
