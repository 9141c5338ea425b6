"""What somebody may see of an article: JSON with named fields, as the API answers it and the review page reads it.

Of an article that waits for two editors, neither sees the other's decisions before having closed it. Of a blind article nobody
sees the suggestions before then. The OpenAPI document is made of these types and of `web/api/descriptions.toml`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NotRequired, TypeVar, cast

from typing_extensions import TypedDict

from classifier.domain.articles import TEXT_FIELDS, Article
from classifier.domain.decisions import CMS, Decision, Impression, Standing
from classifier.domain.origins import NOTHING_OFFERED, Offered, origins_of
from classifier.model.answer import DIGITS, Answer, Mentioned, Removed, Span, Suggestion, TextLanguage, ToChoose
from classifier.model.protocol import Model
from classifier.serving.withholding import choices_seen, reasons_to_withhold, without_suggestions
from classifier.text.reading import Reading

if TYPE_CHECKING:  # commands that answer without a store import no SQLAlchemy
    from classifier.store.log import ArticleLog
    from classifier.store.rows import StoredArticle


class Place(TypedDict):
    """A span of a field as it was sent."""

    field: str
    start: int
    end: int


class PartOut(TypedDict):
    """A part of a decision value, with all its spans in the text."""

    kind: str
    text: str
    weight: float
    places: list[Place]


class Precedent(TypedDict):
    """A past article that carries a tag, and how much its words resemble this text."""

    article_id: str
    similarity: float


class ExplanationOut(TypedDict):
    """Why a tag has its decision value. The weights of the parts add up to it."""

    tag: str
    label: str
    score: float
    threshold: float
    decision_value: float
    outcome: str
    parts: list[PartOut]
    precedents: list[Precedent]


class AnswerOut(TypedDict):
    """The model's answer to a text."""

    model_version: str
    taxonomy_version: str
    live_state: int | None
    suggestions: list[Suggestion]
    mentioned: list[Mentioned]
    unknown_tags: list[str]
    removed: list[Removed]
    removed_more: int
    reason: str | None
    choices: list[ToChoose]
    language: TextLanguage


class Withheld(TypedDict):
    """A tag that would be suggested, and the reason why it is not."""

    tag: str
    reason: str


class SuggestOut(AnswerOut):
    """The answer to a text, with `why` if the request has it, and `withheld` if it names an article."""

    why: NotRequired[list[ExplanationOut]]
    article_id: NotRequired[str]
    withheld: NotRequired[list[Withheld]]


class StoredAnswer(AnswerOut):
    """The answer to a stored article."""

    article_id: str
    suggestion_set_id: str | None
    withheld: list[Withheld]


class PutAnswer(StoredAnswer):
    """The answer to an article that a CMS stored, with what is known of its terms if it sent any."""

    n_editors: int
    known: NotRequired[dict[str, str]]


class ArticleRow(TypedDict):
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
    owner: str | None
    created_at: str
    updated_at: str
    state: str
    blind: bool
    n_editors: int


class ArticleOut(StoredAnswer, ArticleRow):
    """A stored article with its suggestions, and how each tag came onto it. `standfirst` may be empty."""

    standfirst: str
    body: str
    origins: dict[str, str]


class DecisionOut(TypedDict):
    """A row of the log, with the model's score at the time."""

    id: str
    tag: str | None
    action: str
    reason: str | None
    note: str | None
    editor: str
    at: str
    suggestion_set_id: str | None
    model_version: str | None
    taxonomy_version: str | None
    live_state: NotRequired[int | None]
    in_bulk: NotRequired[bool | None]
    together: NotRequired[str | None]
    score: float | None
    band: str | None
    undoes: str | None
    question_id: str | None


class StandingDecision(TypedDict):
    """The decision that stands on a tag."""

    tag: str
    id: str
    action: str
    reason: str | None
    editor: str
    at: str
    question_id: str | None
    in_bulk: NotRequired[bool | None]


class StandingOut(TypedDict):
    """The decisions on an article that hold now.

    Decisions that were undone, and rejections and closings on an earlier, materially different text, are left out. Of two
    answers, the one with more rows is the newer.
    """

    tags: list[str]
    listed: list[str]
    decisions: list[StandingDecision]
    own: list[StandingDecision]
    closed_by: list[str]
    n_rows: int


class DecidedOut(TypedDict):
    """The tags of an article after a request with decisions, and the rows that it added to the log."""

    article_id: str
    tags: list[str]
    complete: bool
    decisions: list[DecisionOut]
    standing: NotRequired[StandingOut]
    together: NotRequired[str]


class ImpressionOut(TypedDict):
    """A suggestion that was shown."""

    tag: str
    suggestion_set_id: str
    shown_at: str
    answered: bool
    editor: str | None


class LogOut(TypedDict):
    """All decisions on an article in their order, and what was shown of it."""

    decisions: list[DecisionOut]
    impressions: list[ImpressionOut]
    standing: StandingOut


Row = TypeVar("Row")


def pick(kind: type[Row], values: Mapping[str, object]) -> Row:
    """Return a typed dictionary with those of some values that it has, in its order."""
    return cast(Row, {name: values[name] for name in kind.__annotations__})


# --- answers ---


def answer_json(answer: Answer) -> AnswerOut:
    """Return an answer as public JSON."""
    content = dict(vars(answer))
    del content["margin"], content["doubt"]
    return cast(AnswerOut, content)


def answer_view(answer: Answer, tags: Iterable[str], model: Model) -> AnswerOut:
    """Return an answer to a text that has some tags."""
    view = answer_json(answer)
    view["unknown_tags"] = [tag for tag in tags if tag not in model.head.by_id]
    return view


def stored_answer_view(
    answer: Answer, stored: "StoredArticle", log: "ArticleLog", model: Model, viewer: str | None
) -> StoredAnswer:
    """Return an answer to a stored article as a person may see it, without tags that people have set or rejected.

    Its suggestion set is still to be named.
    """
    pooled, standing = log.standing(), standing_seen(stored, log, viewer)
    view: StoredAnswer = {
        "article_id": stored.article.id,
        "suggestion_set_id": None,
        **answer_view(answer, standing.tags, model),
        "withheld": [],
    }
    if is_hidden(stored, pooled, viewer):
        return without_suggestions(view)
    by = viewer if _is_apart(stored, viewer, pooled) else None
    view["choices"] = choices_seen(answer, log.choices(by), standing, model)
    reasons = reasons_to_withhold(answer.suggestions, standing, model)
    view["suggestions"] = [row for row in answer.suggestions if row["tag"] not in reasons]
    withheld = (row["tag"] for row in answer.suggestions if row["tag"] in reasons)
    view["withheld"] = [{"tag": tag, "reason": reasons[tag]} for tag in withheld]
    return view


def unreadable_view(article_id: str, tags: Iterable[str], model: Model) -> StoredAnswer:
    """Return the answer to a stored article that the model cannot judge."""
    answer = Answer(model.version, model.taxonomy.version, model.live_state, [], [], [], [], 0, "unreadable", 1.0)
    return {"article_id": article_id, "suggestion_set_id": None, **answer_view(answer, tags, model), "withheld": []}


def explanations_of(article: Article, tags: Sequence[str], model: Model) -> list[ExplanationOut]:
    """Return explanations with spans of the article as it was sent.

    The weights are not rounded: they add up to `decision_value`.

    Raises:
        UnknownTag: if the taxonomy lacks one of the tags.
    """
    reading = model.reader.read(article)
    return [
        {
            "tag": explanation.tag.id,
            "label": explanation.tag.label,
            "score": round(explanation.score, DIGITS),
            "threshold": round(explanation.threshold, DIGITS),
            "decision_value": explanation.decision_value,
            "outcome": explanation.outcome,
            "parts": [
                {
                    "kind": part.kind,
                    "text": part.text,
                    "weight": part.weight,
                    "places": [_place(span, reading) for span in part.spans],
                }
                for part in explanation.parts
            ],
            "precedents": [
                {"article_id": article_id, "similarity": round(similarity, DIGITS)}
                for article_id, similarity in explanation.precedents
            ],
        }
        for explanation in model.explain(article, tags, reading)
    ]


def _place(span: Span, reading: Reading) -> Place:
    start, end = reading.source_span(*span)
    return {"field": TEXT_FIELDS[span[0]], "start": start, "end": end}


# --- articles ---


def article_row(stored: "StoredArticle", tags: Iterable[str]) -> ArticleRow:
    """Return a stored article with the tags that somebody may see, without its body."""
    article = stored.article
    return pick(ArticleRow, {**vars(article), **vars(stored), "article_id": article.id, "tags": list(tags)})


def origins_seen(stored: "StoredArticle", log: "ArticleLog", offered: Offered, viewer: str | None) -> dict[str, str]:
    """Return how each tag that a person may see came onto an article."""
    seen = NOTHING_OFFERED if is_hidden(stored, log.standing(), viewer) else offered
    return origins_of(standing_seen(stored, log, viewer), stored.source, stored.blind, seen)


def article_view(stored: "StoredArticle", origins: Mapping[str, str], answer: StoredAnswer) -> ArticleOut:
    """Return a stored article with all of its text, its tags by their origins, and the answer to it."""
    row, texts = article_row(stored, origins), stored.article.texts_by_name
    return cast(ArticleOut, {**row, **texts, "origins": dict(origins), **answer})


# --- decisions ---


def decision_view(row: Decision, hidden: bool) -> DecisionOut:
    """Return a row of the log, of a blind article without the model's score and band."""
    return pick(DecisionOut, vars(row) | {"score": None, "band": None} if hidden else vars(row))


def decided_view(rows: Sequence[Decision], stored: "StoredArticle", log: "ArticleLog", editor: str) -> DecidedOut:
    """Return the reply to an editor's decisions, whose rows the log has already."""
    pooled, standing = log.standing(), standing_view(stored, log, editor)
    hidden = is_hidden(stored, pooled, editor)
    together = next((row.together for row in rows if row.together is not None), None)
    view: DecidedOut = {
        "article_id": stored.article.id,
        "tags": standing["tags"],
        "complete": pooled.closed_at is not None,
        "decisions": [decision_view(row, hidden) for row in rows],
        "standing": standing,
    }
    return {**view, "together": together} if together is not None else view


def log_view(
    stored: "StoredArticle", log: "ArticleLog", impressions: Iterable[Impression], viewer: str | None
) -> LogOut:
    """Return the log and the impressions of an article as somebody may see them."""
    hidden = is_hidden(stored, log.standing(), viewer)
    return {
        "decisions": [decision_view(row, hidden) for row in _rows_seen(stored, log, viewer)],
        "impressions": [] if hidden else [pick(ImpressionOut, vars(row)) for row in impressions],
        "standing": standing_view(stored, log, viewer),
    }


def standing_view(stored: "StoredArticle", log: "ArticleLog", viewer: str | None) -> StandingOut:
    """Return what a log adds up to, as somebody may see it."""
    own, visible = log.standing(by=viewer).decisions.items(), standing_seen(stored, log, viewer)
    return {
        "tags": list(visible.tags),
        "listed": list(visible.listed),
        "decisions": [pick(StandingDecision, vars(row) | {"tag": tag}) for tag, row in visible.decisions.items()],
        "own": [pick(StandingDecision, vars(row) | {"tag": tag}) for tag, row in own if row.editor == viewer],
        "closed_by": sorted(visible.closed_by),
        "n_rows": len(_rows_seen(stored, log, viewer)),
    }


def _rows_seen(stored: "StoredArticle", log: "ArticleLog", viewer: str | None) -> list[Decision]:
    apart = _is_apart(stored, viewer, log.standing())
    return [row for row in log.rows if not apart or row.editor in (viewer, CMS)]


def standing_seen(stored: "StoredArticle", log: "ArticleLog", viewer: str | None) -> Standing:
    """Return what is known of an article as a person may see it, one of two editors only by the own decisions."""
    pooled = log.standing()
    return log.standing(by=viewer) if _is_apart(stored, viewer, pooled) else pooled


def _is_apart(stored: "StoredArticle", viewer: str | None, standing: Standing) -> bool:
    """Whether somebody is one of two editors that must not see each other's decisions yet."""
    return viewer is not None and stored.n_editors > 1 and viewer not in standing.closed_by


def is_hidden(stored: "StoredArticle", standing: Standing, viewer: str | None) -> bool:
    """Whether an article is blind to somebody: nothing that the model says of it may be seen."""
    return stored.blind and stored.state != "closed" and viewer not in standing.closed_by
