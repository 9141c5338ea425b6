"""The taxonomy as it goes out."""

from typing import Literal

from pydantic import Field

from classifier.web.api.schemas.base import Strict


class AliasOut(Strict):
    """A name of a tag."""

    text: str
    weak: bool


class TagOut(Strict):
    """A tag of the taxonomy."""

    id: str
    label: str
    kind: str
    broader: str | None
    status: Literal["active", "muted", "retired"]
    replaced_by: str | None
    replacement: str | None = Field(
        description="The living tag that a retired one is read as, at the end of all replacements; null where there is none."
    )
    note: str
    aliases: list[AliasOut]


class TagsOut(Strict):
    """The taxonomy of the model that serves."""

    taxonomy_version: str
    tags: list[TagOut]
