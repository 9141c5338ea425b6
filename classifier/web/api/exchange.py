"""The endpoints by which a taxonomy goes out as a file, and a file comes in as a proposed change set."""

from flask import Response
from typing_extensions import TypedDict

from classifier.domain.exchange.formats import FORMATS, MEDIA_TYPES, read, written
from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.serving.taxonomy import publish
from classifier.store.rows import now
from classifier.web.api.openapi import NEEDS_BOTH, NEEDS_STORE, Endpoint, Parameter
from classifier.web.api.queue_query import choice_of
from classifier.web.guard.auth import ANY_ROLE, TAXONOMISTS
from classifier.web.incoming import incoming

_FORMAT = Parameter.choice("format", *FORMATS, default=FORMATS[0])
_KINDS = tuple(dict.fromkeys(MEDIA_TYPES.values()))


class ImportOut(TypedDict):
    """What came of a file. `change_set` is the proposed one, null if the taxonomy has all of the file. `notes` say what was left out."""

    change_set: str | None
    n_operations: int
    counts: dict[str, int]
    notes: list[str]


class Exchange:
    """The endpoints of taxonomies as files."""

    def __init__(self, tagger: Tagger, registry: Registry) -> None:
        self.tagger, self.store, self.registry = tagger, tagger.store, registry

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        out = (*NEEDS_BOTH, "invalid", "not-installed")
        into = (*NEEDS_STORE, "invalid", "not-installed")
        return [
            Endpoint("GET", "/v1/tags/export", self.export_tags, ANY_ROLE, out, (_FORMAT,), gives=_KINDS),
            Endpoint(
                "POST", "/v1/tags/import", self.import_tags, TAXONOMISTS, into, (_FORMAT,), 201, (200,), reads=_KINDS
            ),
        ]

    def export_tags(self) -> Response:
        """Get the taxonomy of now as a file."""
        form = choice_of("format", FORMATS, FORMATS[0])
        log = self.store.taxonomy.log()
        taxonomy = log.taxonomy() if log.n else self.tagger.taxonomy()
        return Response(written(form, taxonomy, log.kept), content_type=f"{MEDIA_TYPES[form]}; charset=utf-8")

    def import_tags(self, raw: bytes) -> tuple[ImportOut, int]:
        """Propose what a file has and the taxonomy has not, as a change set. Tags that the file lacks stay as they are."""
        form = choice_of("format", FORMATS, FORMATS[0])
        if not self.store.taxonomy.last():
            publish(self.registry, self.store)
        parsed = read(form, raw, "The body", self.store.taxonomy.log(), now())
        set_id = None
        if parsed.operations:
            by = incoming().caller.editor(None)
            set_id = self.store.change_sets.propose(parsed.operations, by, f"import of {form}")
        out: ImportOut = {
            "change_set": set_id,
            "n_operations": len(parsed.operations),
            "counts": parsed.counts,
            "notes": list(parsed.notes),
        }
        return out, 201 if set_id is not None else 200
