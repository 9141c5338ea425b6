"""The endpoint of the taxonomy."""

from classifier.serving.tagger import Tagger
from classifier.web.api.openapi import NEEDS_MODEL, Endpoint
from classifier.web.api.schemas.tags import TagsOut
from classifier.web.guard.auth import ANY_ROLE


class Tags:
    """The endpoint of the taxonomy that serves."""

    def __init__(self, tagger: Tagger) -> None:
        self.tagger = tagger

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        return [Endpoint("GET", "/v1/tags", self.tags, ANY_ROLE, TagsOut, None, NEEDS_MODEL)]

    def tags(self) -> TagsOut:
        """Get the taxonomy."""
        taxonomy = self.tagger.serving.model().taxonomy
        tags = [
            {
                "id": tag.id,
                "label": tag.label,
                "kind": tag.kind,
                "broader": tag.broader,
                "status": tag.status,
                "replaced_by": tag.replaced_by,
                "replacement": taxonomy.replacement_of(tag.id) if tag.retired else None,
                "note": tag.note,
                "aliases": [{"text": alias.text, "weak": alias.weak} for alias in tag.aliases],
            }
            for tag in taxonomy.tags
        ]
        return TagsOut.model_validate({"taxonomy_version": taxonomy.version, "tags": tags})
