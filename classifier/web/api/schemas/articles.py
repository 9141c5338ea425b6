"""Articles that come in, and what goes out about them: suggestions, explanations, pages of the queue."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from classifier.domain.articles import ARTICLE_ID, Article
from classifier.domain.dates import normal_date
from classifier.errors import BadArticle
from classifier.web.api.schemas.base import Strict, TagText

MAX_BATCH = 100
MAX_WHY = 20


def _date(value: str) -> str:
    try:
        return normal_date(value, "published_at")
    except BadArticle as error:
        raise ValueError(str(error)) from None


class ArticleIn(Strict):
    """An article. `title` or `body` is needed, and may be empty."""

    title: str = Field("", description="The headline, plain text.")
    body: str = Field("", description="The text, as `body_format` says.")
    body_format: Literal["text", "html"] = Field("text", description="`html` also reads WordPress block markup.")
    published_at: Annotated[str, AfterValidator(_date)] | None = Field(
        None,
        description="`2024-06-06` or `2024-06-06T10:00:00+02:00`, from 1900 to one year ahead. `Z`, `+0200`, a blank instead "
        "of `T`, no seconds and a fraction of a second are taken too; a time without a zone is read as UTC.",
    )
    url: str | None = Field(None, max_length=2000)
    tags: list[TagText] | None = Field(
        None, max_length=500, description="The tags that the article has now. Without it, they stay as they are."
    )

    @model_validator(mode="after")
    def _some_text(self) -> ArticleIn:
        if not {"title", "body"} & self.model_fields_set:
            raise ValueError("`title` and `body` are missing; send at least one of them")
        return self

    def article(self, article_id: str = "") -> Article:
        """Return the article of this request."""
        tags = tuple(dict.fromkeys(self.tags)) if self.tags is not None else None
        return Article(
            article_id, self.title, self.body, self.body_format, tags, published_at=self.published_at, url=self.url
        )


class SuggestIn(ArticleIn):
    """A text to suggest tags for."""

    why: list[TagText] = Field([], max_length=MAX_WHY, description="Tags to explain, suggested or not.")


class BatchArticleIn(ArticleIn):
    """An article of a batch."""

    id: str = Field(pattern=f"^{ARTICLE_ID.pattern}$")


class BatchIn(Strict):
    """Several articles, each with its own id."""

    articles: list[BatchArticleIn] = Field(min_length=1, max_length=MAX_BATCH)


class Evidence(Strict):
    """A span of the field as it was sent, in Unicode code points, and its part of the decision value."""

    field: Literal["title", "body"]
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    text: str = Field(description="The field from `start` to `end` as it was sent, with markup and entities.")
    plain: str = Field(
        description="The same text as the model reads it: without markup and invisible characters, entities decoded, quotation "
        "marks, dashes and blanks in their plain form, accents composed (NFC)."
    )
    weight: float


class Suggestion(Strict):
    """A tag that is suggested."""

    tag: str
    label: str
    kind: str
    score: float = Field(ge=0, le=1, description="Calibrated probability that a careful editor gives this tag.")
    band: Literal["auto", "suggest"]
    aboutness: Literal["main", "secondary", "passing"]
    source: Literal["model", "alias", "model+alias"]
    evidence: list[Evidence]
    evidence_against: list[Evidence]


class Mentioned(Strict):
    """A tag that the text mentions and that is not suggested."""

    tag: str
    label: str
    score: float = Field(ge=0, le=1)
    mentions: int = Field(ge=1)


class Removed(Strict):
    """A part of the body that was left out because it is not the article. Offsets are into the body as it was sent."""

    field: Literal["body"]
    start: int
    end: int
    kind: str = Field(
        description="What it is. By its text: tag list, author note, credit, share links, read more, newsletter, repeated block. "
        "By its element or role, in HTML: navigation, page header, page footer, sidebar, form, dialog, outside the article. "
        "More kinds may be added."
    )


class Place(Strict):
    """A span of a field as it was sent."""

    field: Literal["title", "body"]
    start: int
    end: int


class PartOut(Strict):
    """A part of a decision value, with all its spans in the text."""

    kind: Literal["term", "mention", "prior", "competing"]
    text: str
    weight: float
    places: list[Place]


class Precedent(Strict):
    """A past article that carries a tag, and how much its words resemble this text."""

    article_id: str
    similarity: float = Field(ge=0, le=1.0001)


class ExplanationOut(Strict):
    """Why a tag has its decision value. The weights of the parts add up to it."""

    tag: str
    label: str
    score: float
    threshold: float
    decision_value: float
    outcome: Literal["suggested", "below_threshold", "another_of_its_kind", "muted", "retired", "text"]
    parts: list[PartOut]
    precedents: list[Precedent] = Field(description="The nearest past articles with this tag, the most alike first.")


class Answer(Strict):
    """The model's answer to a text."""

    model_version: str
    taxonomy_version: str
    suggestions: list[Suggestion]
    mentioned: list[Mentioned]
    unknown_tags: list[str]
    removed: list[Removed] = Field(description="Parts that were left out, at most 200.")
    removed_more: int = Field(ge=0, description="Number of the parts that were left out besides those in `removed`.")
    reason: Literal["empty", "language", "below_threshold", "blind", "unreadable"] | None = Field(
        description="Why there are no suggestions."
    )


class SuggestOut(Answer):
    """The answer to a text, with `why` if the request has it."""

    why: list[ExplanationOut] | None = None


class BatchAnswer(Answer):
    """The answer to one article of a batch."""

    id: str


class BatchOut(Strict):
    """The answers to a batch, in its order."""

    results: list[BatchAnswer]


class Withheld(Strict):
    """A tag that would be suggested, and the reason why it is not."""

    tag: str
    reason: Literal["already_tagged", "rejected", "another_of_its_kind", "in_question"] = Field(
        description="`in_question`: the CMS removed it from many articles at once, and nobody has answered the question about it."
    )


class StoredAnswer(Answer):
    """The answer to a stored article."""

    article_id: str
    suggestion_set_id: str | None = Field(description="Null where the model fails on the text (`unreadable`).")
    withheld: list[Withheld]


class ArticleRow(Strict):
    """A stored article in a list.

    `blind` articles show no suggestions until an editor has closed them. `n_editors` editors are asked to decide.
    """

    article_id: str
    title: str
    body_format: str
    published_at: str | None
    url: str | None
    tags: list[str]
    source: str
    owner: str | None = Field(description="The name of the `cms` key that owns it; null if nobody does.")
    created_at: str
    updated_at: str
    state: Literal["new", "started", "closed"]
    blind: bool
    n_editors: int


class ArticleOut(StoredAnswer, ArticleRow):
    """A stored article with its suggestions."""

    body: str


class HandOverIn(Strict):
    """A change of owner from one `cms` key to another. Null stands for nobody."""

    from_: str | None = Field(
        alias="from", max_length=80, description="The present owner. The key may have been deleted."
    )
    to: str | None = Field(max_length=80, description="The name of a `cms` key in use.")
    article_ids: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=1000)] | None = Field(
        None, description="The articles to hand over. Without it, all of the owner's articles."
    )


class HandOverOut(Strict):
    """The result of a change of owner."""

    n_articles: int


class Counts(Strict):
    """How many articles are in each state."""

    new: int
    started: int
    closed: int


class ArticlesOut(Strict):
    """A page of stored articles in the requested order. `cursor` leads to the next page."""

    articles: list[ArticleRow]
    cursor: str | None
    counts: Counts = Field(description="Of all articles of this source, tag and time, whatever their state.")
