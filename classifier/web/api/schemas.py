"""What comes in and goes out, as pydantic models: they validate requests and describe both in OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from classifier.domain.articles import ARTICLE_ID, Article
from classifier.domain.dates import normal_date
from classifier.errors import BadArticle

MAX_BATCH = 100
MAX_WHY = 20

TagText = Annotated[str, Field(min_length=1, max_length=200)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def _date(value: str) -> str:
    try:
        return normal_date(value, "published_at")
    except BadArticle as error:
        raise ValueError(str(error)) from None


class ArticleIn(_Strict):
    """An article; `title` or `body` must be there, and may be empty."""

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
        None, max_length=500, description="The tags that the article has now; absent says nothing of them."
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


class BatchIn(_Strict):
    """Several articles, each with its own id."""

    articles: list[BatchArticleIn] = Field(min_length=1, max_length=MAX_BATCH)


class Evidence(_Strict):
    """A place in the field as it was sent, in Unicode code points, and its part of the decision value."""

    field: Literal["title", "body"]
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    text: str = Field(description="What was sent from `start` to `end`, markup and entities included.")
    plain: str = Field(
        description="The same as it was read: without markup and invisible characters, entities decoded, quotation marks, "
        "dashes and blanks in their plain form, accents composed (NFC)."
    )
    weight: float


class Suggestion(_Strict):
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


class Mentioned(_Strict):
    """A tag that the text names and that is not suggested."""

    tag: str
    label: str
    score: float = Field(ge=0, le=1)
    mentions: int = Field(ge=1)


class Removed(_Strict):
    """A part of the body that is not the article and was left out, by offsets into the body as it was sent."""

    field: Literal["body"]
    start: int
    end: int
    kind: str = Field(
        description="What it is. By its text: tag list, author note, credit, share links, read more, newsletter, repeated block. "
        "By its element or role, in HTML: navigation, page header, page footer, sidebar, form, dialog, outside the article. "
        "More kinds may be added."
    )


class Place(_Strict):
    """A place in a field as it was sent."""

    field: Literal["title", "body"]
    start: int
    end: int


class PartOut(_Strict):
    """A part of a decision value, with all its places."""

    kind: Literal["term", "mention", "prior", "competing"]
    text: str
    weight: float
    places: list[Place]


class Precedent(_Strict):
    """A past article that carries a tag, and how much its words resemble this text."""

    article_id: str
    similarity: float = Field(ge=0, le=1.0001)


class ExplanationOut(_Strict):
    """Why a tag has its decision value: the weights of the parts add up to it."""

    tag: str
    label: str
    score: float
    threshold: float
    decision_value: float
    outcome: Literal["suggested", "below_threshold", "another_of_its_kind", "muted", "retired", "text"]
    parts: list[PartOut]
    precedents: list[Precedent] = Field(description="The nearest past articles with this tag, the most alike first.")


class Answer(_Strict):
    """What the model says of a text."""

    model_version: str
    taxonomy_version: str
    suggestions: list[Suggestion]
    mentioned: list[Mentioned]
    unknown_tags: list[str]
    removed: list[Removed] = Field(description="What was left out, the first 200 parts.")
    removed_more: int = Field(ge=0, description="How many parts were left out besides those in `removed`.")
    reason: Literal["empty", "language", "below_threshold", "blind", "unreadable"] | None = Field(
        description="Why there are no suggestions."
    )


class SuggestOut(Answer):
    """The answer to a text; `why` is there if it was asked for."""

    why: list[ExplanationOut] | None = None


class BatchAnswer(Answer):
    """The answer to one article of a batch."""

    id: str


class BatchOut(_Strict):
    """The answers to a batch, in its order."""

    results: list[BatchAnswer]


class Withheld(_Strict):
    """A tag that would be suggested, and why it is not."""

    tag: str
    reason: Literal["already_tagged", "rejected", "another_of_its_kind", "in_question"] = Field(
        description="`in_question`: the CMS took it off many articles at once, and nobody has said yet what that means."
    )


class StoredAnswer(Answer):
    """The answer to a stored article."""

    article_id: str
    suggestion_set_id: str | None = Field(description="Null where the model fails on the text (`unreadable`).")
    withheld: list[Withheld]


class ArticleRow(_Strict):
    """A stored article in a list.

    `blind` articles show no suggestions before an editor has closed them; `n_editors` is how many are to decide.
    """

    article_id: str
    title: str
    body_format: str
    published_at: str | None
    url: str | None
    tags: list[str]
    source: str
    owner: str | None = Field(description="The name of the `cms` key that it belongs to; null if it is nobody's.")
    created_at: str
    updated_at: str
    state: Literal["new", "started", "closed"]
    blind: bool
    n_editors: int


class ArticleOut(StoredAnswer, ArticleRow):
    """A stored article with its suggestions."""

    body: str


class HandOverIn(_Strict):
    """Articles that go from one `cms` key to another; null stands for nobody."""

    from_: str | None = Field(alias="from", max_length=80, description="Whose they are; the key may exist no more.")
    to: str | None = Field(max_length=80, description="The name of a `cms` key in use.")
    article_ids: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=1000)] | None = Field(
        None, description="Which of its articles; without it, all of them."
    )


class HandOverOut(_Strict):
    """What was handed over."""

    n_articles: int


class Counts(_Strict):
    """How many articles are in each state."""

    new: int
    started: int
    closed: int


class ArticlesOut(_Strict):
    """A page of stored articles in the order that was asked for; `cursor` leads to the next one."""

    articles: list[ArticleRow]
    cursor: str | None
    counts: Counts = Field(description="Of all articles of this source, tag and time, whatever their state.")


class DecisionIn(_Strict):
    """A decision: on a `tag`, or `undo` of the decision `decision_id`, or `reopen` of the article."""

    action: Literal["accept", "reject", "add", "remove", "unsure", "undo", "reopen"]
    tag: TagText | None = None
    reason: Literal["wrong", "passing_mention", "too_general", "too_specific", "wrong_sense"] | None = Field(
        None, description="Why a tag is rejected."
    )
    note: str | None = Field(None, max_length=1000, description="What there is to say besides, in one's own words.")
    decision_id: Annotated[str, Field(max_length=64)] | None = Field(None, description="What an undo takes back.")

    @model_validator(mode="after")
    def _whole(self) -> DecisionIn:
        on_tag = self.action not in ("undo", "reopen")
        if on_tag != (self.tag is not None):
            raise ValueError(f"`{self.action}` {'needs a' if on_tag else 'takes no'} `tag`")
        if (self.action == "undo") != (self.decision_id is not None):
            raise ValueError("`decision_id` goes with `undo`, and an `undo` needs it")
        if self.reason is not None and self.action != "reject":
            raise ValueError("`reason` goes with `reject`")
        return self


class DecisionsIn(_Strict):
    """What an editor decides of an article; all of it is logged, or nothing."""

    suggestion_set_id: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="What was shown; without it, the newest set of the article."
    )
    editor: Annotated[str, Field(pattern=r"^[^/\x00-\x1f\x7f]{1,80}$")] | None = Field(
        None, description="Who decides; a CMS names its editors, an editor's own key or session needs none."
    )
    complete: bool = Field(False, description="The tags are complete now: every active tag that is not there is wrong.")
    decisions: list[DecisionIn] = Field([], max_length=500)

    @model_validator(mode="after")
    def _something(self) -> DecisionsIn:
        if not self.decisions and not self.complete:
            raise ValueError("there is no decision, and `complete` is not true")
        return self


class DecisionOut(_Strict):
    """A row of the log, with what the model had said at the time."""

    id: str
    tag: str | None
    action: Literal["accept", "reject", "add", "remove", "unsure", "undo", "complete", "reopen"]
    reason: str | None
    note: str | None
    editor: str
    at: str
    suggestion_set_id: str | None
    model_version: str | None
    taxonomy_version: str | None
    score: float | None
    band: Literal["auto", "suggest", "hidden"] | None
    undoes: str | None = Field(description="The decision that this one takes back.")
    question_id: str | None = Field(description="The question on removals that it belongs to (GET /v1/questions).")


class StandingDecision(_Strict):
    """The decision that stands on a tag."""

    tag: str
    id: str
    action: Literal["accept", "reject", "add", "remove", "unsure"]
    reason: str | None
    editor: str
    at: str
    question_id: str | None


class StandingOut(_Strict):
    """What the log of an article adds up to: what was undone, or decided on another text, counts no more.

    Of two answers, the one with more rows is the newer.
    """

    tags: list[str] = Field(description="The tags that are on the article.")
    listed: list[str] = Field(description="The tags that its sender lists, whatever was decided on them.")
    decisions: list[StandingDecision] = Field(description="The decision that stands on each tag, the latest last.")
    own: list[StandingDecision] = Field(description="What the caller, if an editor, last decided on each tag.")
    closed_by: list[str] = Field(description="Who says that its tags are complete.")
    n_rows: int = Field(ge=0, description="How many rows of the log the caller may see.")


class DecidedOut(_Strict):
    """The tags of an article after some decisions, and the rows that these added to the log."""

    article_id: str
    tags: list[str]
    complete: bool
    decisions: list[DecisionOut]
    standing: StandingOut | None = Field(
        None, description="Absent where a request is repeated that an older version of the service carried out."
    )


class TitleOut(_Strict):
    """An article by its title."""

    article_id: str
    title: str


class QuestionOut(_Strict):
    """A tag that one key took off more than ten articles within an hour: do they no longer carry it?

    Until somebody answers, training knows nothing of the tag on these articles.
    """

    id: str
    key: str | None = Field(description="The key that took it off; null where nobody's key sent the articles.")
    tag: str
    label: str
    asked_at: str
    answer: Literal["removed", "term_changed"] | None
    answered_by: str | None
    answered_at: str | None
    n_articles: int
    waiting: int = Field(description="On how many of the articles nobody has decided otherwise.")
    titles: list[TitleOut] = Field(description="Some of the articles.")


class QuestionsOut(_Strict):
    """Questions on removals, the newest first."""

    questions: list[QuestionOut]


class QuestionIn(_Strict):
    """An answer to a question, or `undo` of the answer."""

    answer: Literal["removed", "term_changed", "undo"] = Field(
        description="`removed`: these articles no longer carry the tag. `term_changed`: they do, but the term was renamed, "
        "merged or deleted in the CMS; the tag stands again, and this holds for what the key sends later until it lists "
        "the tag again."
    )


class ImpressionOut(_Strict):
    """A suggestion that was shown."""

    tag: str
    suggestion_set_id: str
    shown_at: str
    answered: bool


class LogOut(_Strict):
    """All decisions on an article in their order, and what was shown of it."""

    decisions: list[DecisionOut]
    impressions: list[ImpressionOut]
    standing: StandingOut


class AliasOut(_Strict):
    """A name of a tag."""

    text: str
    weak: bool


class TagOut(_Strict):
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


class TagsOut(_Strict):
    """The taxonomy of the model that serves."""

    taxonomy_version: str
    tags: list[TagOut]


class ModelOut(_Strict):
    """The card of the model that serves."""

    version: str
    card: dict[str, Any]


class VersionRow(_Strict):
    """A model version."""

    version: str
    champion: bool
    created_at: str | None
    n_articles: int | None
    n_tags: int | None
    micro_f1: float | None
    macro_f1: float | None


class ModelsOut(_Strict):
    """All model versions, newest first."""

    models: list[VersionRow]


class HealthOut(_Strict):
    """Whether the service can do its work; `problems` says what is wrong and what to do."""

    status: Literal["ok", "degraded", "down"]
    model_version: str | None = None
    problems: list[str] = []


class FieldProblem(_Strict):
    """What is wrong with one field."""

    pointer: str
    detail: str


class ProblemOut(_Strict):
    """A problem (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []
