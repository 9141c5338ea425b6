"""The contract of iMatrics as far as the tagging panel of Superdesk uses it, so that this panel works with the service as it is.

An analysis stores the article and shows suggestions. Saving the panel's list means that the tags are complete. The key of the
service is the password, the user is whoever the log shall name.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Annotated, Any

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, Field

from classifier.domain.articles import STORED_ID, Article
from classifier.domain.decisions import GIVES
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.serving.tagger import DecisionBatch, Tagger
from classifier.serving.views import StoredAnswer
from classifier.store.log import Draft
from classifier.web.bodies import json_response, read_json
from classifier.web.guard.auth import WRITERS, Gate
from classifier.web.incoming import incoming

TYPES = {
    "group": "organisation",
    "place": "place",
    "person": "person",
    "category": "category",
}  # of kinds; others: topic
FOUND = 10
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9._:-]")
_WIKIDATA, _IPTC = re.compile(r"wikidata\.org/(?:entity|wiki)/(Q[0-9]+)"), re.compile(r"medtop[:/]([0-9]{8})")


class _Lenient(BaseModel):
    """A schema that takes fields which later versions of the panel may send."""

    model_config = ConfigDict(extra="ignore", strict=True)


class ConceptIn(_Lenient):
    """A concept of the list that was saved."""

    uuid: Annotated[str, Field(min_length=1, max_length=200)]


class ItemIn(_Lenient):
    """An item of Superdesk, with its concepts if the list was saved."""

    uuid: Annotated[str, Field(min_length=1, max_length=500)]
    headline: str | None = ""
    body: list[str] = []
    concepts: list[ConceptIn] = Field([], max_length=500)


class QueryIn(_Lenient):
    """A question for concepts by their title or their id."""

    title: str = Field("", max_length=500)
    uuid: str = Field("", max_length=200)
    size: int = Field(FOUND, ge=1, le=100)


class Superdesk:
    """Answers the tagging panel of Superdesk."""

    def __init__(self, tagger: Tagger, gate: Gate, max_body_bytes: int) -> None:
        self.tagger, self.gate, self.max_body_bytes = tagger, gate, max_body_bytes
        self.blueprint = Blueprint("superdesk", __name__, url_prefix="/imatrics")
        self.blueprint.before_request(self.check)
        for path, view in {
            "article/analysis": self.analyse,
            "concept/get": self.find,
            "article/concept": self.save,
        }.items():
            self.blueprint.add_url_rule(f"/{path}", view.__name__, view, methods=["POST"])

    def check(self) -> None:
        """Refuse whoever has no key as the password."""
        incoming().caller = self.gate.check_basic(WRITERS)

    def analyse(self) -> Response:
        """Store an item and answer with its suggestions."""
        item = read_json(ItemIn, self.max_body_bytes)
        answer, taxonomy = self._put(item), self._taxonomy()
        concepts = [
            concept_of(taxonomy.by_id[row["tag"]], row["score"], _words(row["evidence"]))
            for row in answer["suggestions"]
            if row["tag"] in taxonomy.by_id
        ]
        broader = dict.fromkeys(tag for row in concepts for tag in _chain(row["broader"], taxonomy))
        return json_response({"concepts": concepts, "broader": [concept_of(taxonomy.by_id[tag]) for tag in broader]})

    def find(self) -> Response:
        """Answer with the concepts that are called so, those that begin so first, or with the one of an id."""
        query, taxonomy = read_json(QueryIn, self.max_body_bytes), self._taxonomy()
        if request.args.get("operation") == "id":
            tag = taxonomy.by_id.get(query.uuid)
            return json_response({"result": [concept_of(tag)] if tag else []})
        found = sorted(_called(query.title, taxonomy.tags), key=lambda pair: (pair[0], pair[1].label))
        return json_response({"result": [concept_of(tag) for _, tag in found[: query.size]]})

    def save(self) -> Response:
        """Take the list of an item that was saved: it has these tags and no others."""
        item = read_json(ItemIn, self.max_body_bytes)
        wanted = dict.fromkeys(self._taxonomy().paths.heir(concept.uuid) for concept in item.concepts)
        answer = self._put(item)
        offered = {row["tag"] for row in answer["suggestions"]}
        had = set(self.tagger.article(article_id_of(item.uuid))["tags"])
        drafts = [Draft("accept" if tag in offered else "add", tag) for tag in wanted if tag not in had]
        drafts += [Draft("remove", tag) for tag in sorted(had - set(wanted))]
        batch = DecisionBatch(self._known(drafts), complete=True, suggestion_set_id=answer["suggestion_set_id"])
        self.tagger.decide(
            article_id_of(item.uuid),
            batch,
            incoming().caller.editor(_user() if incoming().caller.owner else None),
            incoming().caller.sender,
        )
        return json_response({})

    def _known(self, drafts: Iterable[Draft]) -> list[Draft]:
        """Leave out tags that the service does not have, such as concepts of another service from before."""
        by_id = self._taxonomy().by_id
        return [draft for draft in drafts if draft.action not in GIVES or str(draft.tag) in by_id]

    def _put(self, item: ItemIn) -> StoredAnswer:
        article = Article(article_id_of(item.uuid), item.headline or "", "\n\n".join(item.body))
        return self.tagger.put_article(article, "superdesk", incoming().caller.owner)

    def _taxonomy(self) -> Taxonomy:
        return self.tagger.serving.model().head


def article_id_of(guid: str) -> str:
    """Return the id of an item's article: its guid, or where that has other characters, one made of it."""
    if STORED_ID.fullmatch(guid) and guid not in (".", ".."):
        return guid
    digest = hashlib.sha256(guid.encode()).hexdigest()[:12]
    return f"{_NOT_IN_IDS.sub('-', guid)[:180]}-{digest}"


def concept_of(tag: Tag, weight: float | None = None, words: str = "") -> dict[str, Any]:
    """Return a tag as a concept of iMatrics. `words`, what speaks for it, stand in its description."""
    concept = {
        "uuid": tag.id,
        "title": tag.label,
        "type": TYPES.get(tag.kind, "topic"),
        "shortDescription": words,
        "aliases": [alias.text for alias in tag.aliases],
        "source": "article-tagger",
        "author": "article-tagger",
        "broader": tag.broader[0] if tag.broader else "",
        "links": _links(tag),
    }
    return concept if weight is None else concept | {"weight": weight}


def _links(tag: Tag) -> list[dict[str, str]]:
    links = []
    for uri in (uri for relation, uri in tag.matches if relation == "exact"):
        for source, pattern in (("wikidata", _WIKIDATA), ("iptc", _IPTC)):
            if found := pattern.search(uri):
                links.append({"source": source, "relationType": "exactMatch", "id": found[1]})
    return links


def _words(evidence: Iterable[Any]) -> str:
    """Return the words that speak most for a tag, each once."""
    best = sorted(evidence, key=lambda each: -each["weight"])
    return ", ".join(dict.fromkeys(each["plain"] for each in best[:4]))


def _chain(tag: str, taxonomy: Taxonomy) -> Iterable[str]:
    """Yield a broader tag and those above it, once each."""
    passed: set[str] = set()
    while tag in taxonomy.by_id and tag not in passed:
        passed.add(tag)
        yield tag
        tag = next(iter(taxonomy.by_id[tag].broader), "")


def _called(title: str, tags: Iterable[Tag]) -> Iterable[tuple[int, Tag]]:
    """Yield the tags that have some words in a name, with 0 if a name begins with them."""
    words = spell(title)
    for tag in tags if words else ():
        names = [spell(name) for name in (tag.label, tag.id, *(alias.text for alias in tag.aliases))]
        if tag.active and any(words in name for name in names):
            yield (0 if any(name.startswith(words) for name in names) else 1), tag


def _user() -> str | None:
    name = re.sub(r"[/\x00-\x1f\x7f]", "-", (request.authorization.username if request.authorization else None) or "")
    return name[:80] or None
