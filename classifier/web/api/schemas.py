"""The schemas that validate requests. The OpenAPI document is made of them, and describes their fields by descriptions.toml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from classifier.domain.articles import ARTICLE_ID, LANGUAGE, TEXT_FIELDS, Article
from classifier.domain.dates import normal_date
from classifier.errors import BadArticle
from classifier.model.answer import N_EVIDENCE
from classifier.texts import N_, _, gettext

MAX_BATCH = 100
MAX_WHY = 20
EDITOR_NAME = r"^[^/\x00-\x1f\x7f]{1,80}$"
MAX_ALSO = 30

WebhookKind = Literal[
    "suggestions_ready",
    "decision",
    "taxonomy_changed",
    "model_promoted",
    "rising_name",
    "retraining_overdue",
    "model_held",
    "model_refused",
]
TagText = Annotated[str, Field(min_length=1, max_length=200)]
Evidence = Annotated[int, Field(ge=0, le=N_EVIDENCE)]


class Strict(BaseModel):
    """A schema that takes no unknown fields, converts no types and refuses NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class FieldProblem(Strict):
    """What is wrong with one field."""

    pointer: str
    detail: str


class ProblemOut(Strict):
    """A problem (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []


def _date_of(field: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        try:
            return normal_date(value, field)
        except BadArticle as error:
            raise ValueError(str(error)) from None

    return read


class TermIn(Strict):
    """A term of a CMS. `tag` is the tag that the CMS made it for, if it did."""

    id: str = Field(min_length=1, max_length=80)
    name: str = Field(max_length=200)
    slug: str = Field("", max_length=200)
    taxonomy: str = Field("", max_length=80)
    tag: TagText | None = None


class ArticleIn(Strict):
    """An article. `title` or `body` is needed, and may be empty."""

    title: str = ""
    standfirst: str = ""
    body: str = ""
    body_format: Literal["text", "html"] = "text"
    language: str | None = Field(None, pattern=f"^{LANGUAGE.pattern}$", max_length=80)
    published_at: Annotated[str, AfterValidator(_date_of("published_at"))] | None = None
    url: str | None = Field(None, max_length=2000)
    tags: list[TagText] | None = Field(None, max_length=500)

    @model_validator(mode="after")
    def _some_text(self) -> ArticleIn:
        if not {"title", "body"} & self.model_fields_set:
            raise ValueError(_("`title` and `body` are missing; send at least one of them"))
        return self

    def article(self, article_id: str = "") -> Article:
        """Return the article of this request."""
        tags = tuple(dict.fromkeys(self.tags)) if self.tags is not None else None
        same = (*TEXT_FIELDS, "body_format", "published_at", "url", "language")
        return Article(article_id, tags=tags, **{name: getattr(self, name) for name in same})


class SuggestIn(ArticleIn):
    """A text to suggest tags for."""

    why: list[TagText] = Field([], max_length=MAX_WHY)
    article_id: str | None = Field(None, pattern=f"^{ARTICLE_ID.pattern}$")
    evidence: Evidence = N_EVIDENCE


class BatchArticleIn(ArticleIn):
    """An article of a batch."""

    id: str = Field(pattern=f"^{ARTICLE_ID.pattern}$")


class BatchIn(Strict):
    """Several articles, each with its own id."""

    articles: list[BatchArticleIn] = Field(min_length=1, max_length=MAX_BATCH)
    evidence: Evidence = N_EVIDENCE


class StoredArticleIn(ArticleIn):
    """An article to store."""

    terms: list[TermIn] | None = Field(None, max_length=500)
    background: bool = False


class TermsIn(Strict):
    """Terms of a CMS. `editor` is who changed them."""

    terms: list[TermIn] = Field(min_length=1, max_length=500)
    editor: Annotated[str, Field(pattern=EDITOR_NAME)] | None = None


class TermTagsIn(Strict):
    """What a person says of a term: its tags, none to ignore it, or null to look it up again."""

    tags: list[TagText] | None = Field(max_length=20)
    editor: Annotated[str, Field(pattern=EDITOR_NAME)] | None = None


class TermMergeIn(Strict):
    """A term that a person merged into another one in the CMS."""

    into: str = Field(min_length=1, max_length=80)
    editor: Annotated[str, Field(pattern=EDITOR_NAME)] | None = None


class HandOverIn(Strict):
    """A change of owner from one `cms` key to another. Null stands for nobody."""

    from_: str | None = Field(alias="from", max_length=80)
    to: str | None = Field(max_length=80)
    article_ids: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=1000)] | None = None


class WebhookIn(Strict):
    """A webhook to be added. Without kinds it is told everything."""

    url: str = Field(max_length=1000)
    kinds: Annotated[list[WebhookKind], Field(min_length=1, max_length=20)] | None = None


class WebhookStateIn(Strict):
    """The state that a webhook is to have."""

    state: Literal["active", "paused"]


class GivenUpIn(Strict):
    """What is to be done with messages that were given up, by their numbers. Without numbers, with all of them."""

    action: Literal["resend", "drop"]
    numbers: Annotated[list[Annotated[int, Field(ge=1, le=2**53)]], Field(min_length=1, max_length=1000)] | None = None


class DecisionIn(Strict):
    """A decision: on a `tag`, or `undo` of the decision `decision_id` or of the answer `together`, or `reopen` of the article."""

    action: Literal["accept", "reject", "add", "remove", "unsure", "undo", "reopen"]
    tag: TagText | None = None
    reason: Literal["wrong", "passing_mention", "too_general", "too_specific", "wrong_sense"] | None = None
    note: str | None = Field(None, max_length=1000)
    decision_id: Annotated[str, Field(max_length=64)] | None = None
    together: Annotated[str, Field(max_length=64)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> DecisionIn:
        on_tag = self.action not in ("undo", "reopen")
        if on_tag != (self.tag is not None):
            text = N_("`%(action)s` needs a `tag`") if on_tag else N_("`%(action)s` takes no `tag`")
            raise ValueError(gettext(text, action=self.action))
        if (self.action == "undo") != (self.decision_id is not None or self.together is not None):
            raise ValueError(_("`decision_id` goes with `undo`, and an `undo` needs it, or `together` instead"))
        if self.decision_id is not None and self.together is not None:
            raise ValueError(_("an `undo` takes back a decision or an answer, not both"))
        if self.reason is not None and self.action != "reject":
            raise ValueError(_("`reason` goes with `reject`"))
        return self


class DecisionsIn(Strict):
    """An editor's decisions on an article. All of them are logged, or none."""

    suggestion_set_id: Annotated[str, Field(max_length=64)] | None = None
    editor: Annotated[str, Field(pattern=EDITOR_NAME)] | None = None
    complete: bool = False
    in_bulk: bool = False
    also: list[Annotated[str, Field(pattern=f"^{ARTICLE_ID.pattern}$")]] = Field([], max_length=MAX_ALSO)
    decisions: list[DecisionIn] = Field([], max_length=500)

    @model_validator(mode="after")
    def _something(self) -> DecisionsIn:
        if not self.decisions and not self.complete:
            raise ValueError(_("there is no decision, and `complete` is not true"))
        if self.also and any(decision.action in ("undo", "reopen") for decision in self.decisions):
            raise ValueError(_("`also` goes with decisions on tags: undo an answer by its `together`"))
        return self


class DealIn(Strict):
    """Articles that shall not be dealt, as those that the editor has just left open."""

    skip: list[Annotated[str, Field(max_length=200)]] = Field([], max_length=500)


FilterText = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]


class FiltersIn(Strict):
    """Parameters of `GET /v1/articles`."""

    state: Literal["open", "new", "started", "closed", "all"] | None = None
    order: Literal["turns", "newest", "teach"] | None = None
    source: FilterText | None = None
    language: FilterText | None = None
    tag: FilterText | None = None
    q: FilterText | None = None
    since: FilterText | None = None
    until: FilterText | None = None


class FilterIn(Strict):
    """A filter of the queue, and the name under which it is saved. With `instead_of`, the filter of that name is renamed."""

    name: str = Field(pattern=r"^[^/\x00-\x1f\x7f]{1,80}$")
    filters: FiltersIn
    instead_of: FilterText | None = None


class LanguageIn(Strict):
    """The language that an editor says of an article. Null takes that back."""

    language: str | None = Field(pattern=f"^{LANGUAGE.pattern}$", max_length=80)


class ImpressionsIn(Strict):
    """The suggestions that an editor saw."""

    suggestion_set_id: str = Field(max_length=64)
    tags: list[TagText] = Field(max_length=500)
    editor: Annotated[str, Field(pattern=EDITOR_NAME)] | None = None


class QuestionIn(Strict):
    """An answer to a question, or `undo` of the answer."""

    answer: Literal["removed", "term_changed", "undo"]


class ChangeSetIn(Strict):
    """Operations on the taxonomy that somebody proposes, each like {"op": "merge", "tags": ["isis"], "into": "islamic-state"}."""

    ops: list[dict[str, Any]] = Field(min_length=1, max_length=500)
    note: str = Field("", max_length=2000)
    state: Literal["proposed"] = "proposed"
    article_id: str | None = Field(None, max_length=200)


class OperationsIn(Strict):
    """Operations on the taxonomy whose preview is wanted. Nothing is stored."""

    ops: list[dict[str, Any]] = Field(min_length=1, max_length=500)


class ApplyIn(Strict):
    """The number of the last change that the preview knew."""

    based_on: int = Field(ge=0, le=10**9)


class ScheduleIn(ApplyIn):
    """When a change set is to be applied; null takes it back."""

    apply_at: Annotated[str, AfterValidator(_date_of("apply_at"))] | None


class NothingIn(Strict):
    """A request that says all by its address: `{}`."""


class RunIn(Strict):
    """A training. With `force` it trains even if nothing is new since the last one."""

    force: bool = False


Why = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]
Version = Annotated[str, Field(pattern=r"^[0-9]{8}-[0-9]{6}-[0-9a-f]{8}$")]


class WhyIn(Strict):
    """Why the version that serves is fixed."""

    why: Why


class PromoteIn(WhyIn):
    """Why another version shall serve. With `instead_of`, only if that version serves now."""

    instead_of: Version | None = None


class VersionIn(Strict):
    """A model version."""

    version: Version


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
EVERY_DAY: list[Weekday] = list(get_args(Weekday))


class TrainingScheduleIn(Strict):
    """When trainings begin by themselves: `off`, or `on` with weekdays, a time of day and its time zone."""

    mode: Literal["off", "on"]
    days: list[Weekday] = Field(EVERY_DAY, min_length=1, max_length=7)
    time: str = Field("02:30", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    zone: str = Field("UTC", min_length=1, max_length=80)
    instead_of: int | None = Field(None, ge=0, le=10**9)


class TrainingScheduleUndoIn(Strict):
    """The change of the schedule that is undone."""

    n: int = Field(ge=1, le=10**9)


class PlaceIn(Strict):
    """How far a reader of the changes has come: the last change it has carried out, and on how many articles."""

    n: int = Field(ge=0, le=10**9)
    moved: int = Field(0, ge=0, le=10**9)
    failed: int = Field(0, ge=0, le=10**9)
    to_do: int = Field(0, ge=0, le=10**9)


class ProposalIn(Strict):
    """A tag that an editor misses: POST /review/proposals."""

    label: str = Field(min_length=1, max_length=200)
    note: str = Field("", max_length=2000)
    article_id: str | None = None
    editor: Annotated[str, Field(pattern=EDITOR_NAME)] | None = None
