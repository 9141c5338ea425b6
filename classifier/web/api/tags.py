"""The endpoint of the taxonomy."""

from __future__ import annotations

from classifier.serving.tagger import Tagger
from classifier.web.api.router import NEEDS_MODEL, Router
from classifier.web.api.schemas.tags import TagsOut
from classifier.web.guard.auth import ANY_ROLE


class Tags:
    """The endpoint of the taxonomy that serves."""

    def __init__(self, tagger: Tagger) -> None:
        self.tagger = tagger

    def add_to(self, router: Router) -> None:
        """Add the endpoint to a router."""
        router.add("GET", "/v1/tags", self.tags, ANY_ROLE, TagsOut, problems=NEEDS_MODEL)

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
