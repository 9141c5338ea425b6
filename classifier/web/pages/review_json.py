"""The JSON that the scripts of the review page read, besides the API's own: one schema for each answer.

The answers are made of these schemas, so that no field can be missing and none can be added unnoticed.
"""

from typing import Literal

from pydantic import Field

from classifier.web.api.schemas.articles import Mentioned
from classifier.web.api.schemas.base import Strict
from classifier.web.api.schemas.decisions import DecisionOut, StandingOut
from classifier.web.pages.showing import LeftOut, Piece, Why

__all__ = ["BulkRow", "BulkRows", "OtherEditor", "ProposalIn", "Proposed", "ReviewArticle", "TagView", "Why"]


class SuggestionView(Strict):
    """A suggested tag, without its evidence: that is marked in the text."""

    tag: str
    label: str
    kind: str
    score: float
    band: Literal["auto", "suggest"]
    source: Literal["model", "alias", "model+alias"]
    aboutness: str = Field(description="In words.")
    threshold: float


class TagView(Strict):
    """A tag of an article: `by` is the editor who gave it, or the source of the article."""

    tag: str
    label: str
    kind: str
    known: bool = Field(description="Whether the taxonomy has it.")
    by: str


class OtherEditor(Strict):
    """Another editor's decisions on an article: how many stand, and when the last of them was made."""

    editor: str
    at: str
    n: int


class ReviewArticle(Strict):
    """An article as the review page shows it: GET /review/articles/{article_id}."""

    article_id: str
    url: str | None
    published_at: str | None
    source: str
    state: Literal["new", "started", "closed"]
    n_editors: int
    suggestion_set_id: str | None
    model_version: str
    reason: str | None = Field(description="Why there are no suggestions, as the API says it.")
    blind: bool = Field(description="Whether the suggestions are hidden from this editor.")
    title: list[Piece]
    paragraphs: list[list[Piece]]
    suggestions: list[SuggestionView]
    mentioned: list[Mentioned]
    tags: list[TagView]
    labels: dict[str, str] = Field(description="The labels of all tags with a decision, by their ids.")
    removed: list[LeftOut]
    n_more_removed: int
    reason_text: str | None = Field(description="`reason` in words.")
    others: list[OtherEditor]
    decisions: list[DecisionOut]
    standing: StandingOut


class BulkRow(Strict):
    """An article for which a tag is suggested and nobody has answered."""

    article_id: str
    title: str
    published_at: str | None
    score: float
    band: Literal["auto", "suggest"]
    suggestion_set_id: str


class BulkRows(Strict):
    """One tag over many articles: GET /review/bulk.json."""

    tag: str
    label: str
    rows: list[BulkRow]


class ProposalIn(Strict):
    """A tag that an editor misses: POST /review/proposals."""

    label: str = Field(min_length=1, max_length=200)
    note: str = Field("", max_length=2000)
    article_id: str | None = None


class Proposed(Strict):
    """The id of a new proposal."""

    id: str
