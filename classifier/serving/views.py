"""What somebody may see of an article: JSON with named fields, as the API answers it and the review page reads it.

Of an article that waits for two editors, neither sees the other's decisions before having closed it. Of a blind article nobody
sees the suggestions before then. The order of the fields is that of the JSON.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NotRequired, TypedDict, cast

from classifier.domain.decisions import CMS, Decision, Impression, Standing
from classifier.model.answer import Answer, Suggestion
from classifier.model.protocol import Model
from classifier.serving.answers import answer_json
from classifier.store.log import ArticleLog
from classifier.store.rows import StoredArticle


class EvidenceView(TypedDict):
    """A place in the text that speaks for or against a tag."""

    field: str
    start: int
    end: int
    text: str
    plain: str
    weight: float


class SuggestionView(TypedDict):
    """A suggested tag, and why it is suggested."""

    tag: str
    label: str
    kind: str
    score: float
    band: str
    aboutness: str
    source: str
    evidence: list[EvidenceView]
    evidence_against: list[EvidenceView]


class MentionView(TypedDict):
    """A tag that is named in the text and not suggested."""

    tag: str
    label: str
    score: float
    mentions: int


class RemovedView(TypedDict):
    """A part of the text that was not read."""

    field: str
    start: int
    end: int
    kind: str


class WithheldView(TypedDict):
    """A suggestion that is not shown, and why."""

    tag: str
    reason: str


class AnswerView(TypedDict):
    """What a model says of a text. Only stored articles have `withheld`, and `why` explains tags on request."""

    model_version: str
    taxonomy_version: str
    suggestions: list[SuggestionView]
    mentioned: list[MentionView]
    unknown_tags: list[str]
    removed: list[RemovedView]
    removed_more: int
    reason: str | None
    withheld: NotRequired[list[WithheldView]]
    why: NotRequired[list[dict[str, Any]]]


class StoredAnswerView(AnswerView):
    """What a model says of an article that was stored."""

    article_id: str
    suggestion_set_id: str | None


class ArticleRow(TypedDict):
    """A stored article. Lists leave out its body."""

    article_id: str
    title: str
    body: NotRequired[str]
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


class ArticleView(ArticleRow, StoredAnswerView):
    """A stored article with what a model says of it."""


class DecisionView(TypedDict):
    """A row of the decision log."""

    id: str
    tag: str | None
    action: str
    editor: str
    at: str
    reason: str | None
    note: str | None
    suggestion_set_id: str | None
    model_version: str | None
    taxonomy_version: str | None
    score: float | None
    band: str | None
    undoes: str | None
    question_id: str | None


class StandingDecisionView(TypedDict):
    """The decision that stands on a tag."""

    tag: str
    id: str
    action: str
    reason: str | None
    editor: str
    at: str
    question_id: str | None


class StandingView(TypedDict):
    """What an article's log adds up to. `own` are the decisions of the person who looks."""

    tags: list[str]
    listed: list[str]
    decisions: list[StandingDecisionView]
    own: list[StandingDecisionView]
    closed_by: list[str]
    n_rows: int


class DecidedView(TypedDict):
    """The reply to decisions: the rows that were logged, and what the log adds up to with them."""

    article_id: str
    tags: list[str]
    complete: bool
    decisions: list[DecisionView]
    standing: StandingView


class ImpressionView(TypedDict):
    """A suggestion that was shown."""

    tag: str
    suggestion_set_id: str
    shown_at: str
    answered: bool


class LogView(TypedDict):
    """The log of an article, and what was shown of it."""

    decisions: list[DecisionView]
    impressions: list[ImpressionView]
    standing: StandingView


# --- answers ---


def answer_view(answer: Answer, tags: Iterable[str], model: Model) -> AnswerView:
    """Return an answer to a text that has some tags."""
    return cast(AnswerView, answer_json(answer) | {"unknown_tags": _unknown(tags, model)})


def stored_answer_view(
    answer: Answer, stored: StoredArticle, log: ArticleLog, model: Model, viewer: str | None
) -> AnswerView:
    """Return an answer to a stored article as a person may see it, without tags that people have set or rejected."""
    standing = standing_seen(stored, log, viewer)
    if is_hidden(stored, log.standing(), viewer):
        view = answer_view(replace(answer, suggestions=[], mentioned=[], reason="blind"), standing.tags, model)
        view["withheld"] = []
        return view
    reasons = reasons_to_withhold(answer.suggestions, standing, model)
    shown = [suggestion for suggestion in answer.suggestions if suggestion.tag not in reasons]
    view = answer_view(replace(answer, suggestions=shown), standing.tags, model)
    withheld = (suggestion.tag for suggestion in answer.suggestions if suggestion.tag in reasons)
    view["withheld"] = [{"tag": tag, "reason": reasons[tag]} for tag in withheld]
    return view


def unreadable_view(tags: Iterable[str], model: Model) -> AnswerView:
    """Return the answer to a stored article that the model cannot judge."""
    return {
        "model_version": model.version,
        "taxonomy_version": model.taxonomy.version,
        "suggestions": [],
        "mentioned": [],
        "withheld": [],
        "removed": [],
        "removed_more": 0,
        "unknown_tags": _unknown(tags, model),
        "reason": "unreadable",
    }


def reasons_to_withhold(suggestions: Iterable[Suggestion], standing: Standing, model: Model) -> dict[str, str]:
    """Return by its tag why a suggestion is not shown: a person has decided, or has given a tag of its exclusive kind."""
    taxonomy = model.taxonomy
    in_question = [tag for tag in standing.unsure if standing.decisions[tag].question_id is not None]
    reasons = {**dict.fromkeys(standing.rejected, "rejected"), **dict.fromkeys(in_question, "in_question")}
    reasons |= dict.fromkeys(standing.tags, "already_tagged")
    tags = [taxonomy.by_id[tag] for tag in standing.tags if tag in taxonomy.by_id]
    full_kinds = {tag.kind for tag in tags if taxonomy.exclusive(tag)}
    for suggestion in suggestions:
        if suggestion.kind in full_kinds:
            reasons.setdefault(suggestion.tag, "another_of_its_kind")
    return reasons


def _unknown(tags: Iterable[str], model: Model) -> list[str]:
    return [tag for tag in tags if tag not in model.taxonomy.by_id]


# --- articles ---


def article_row(stored: StoredArticle, standing: Standing) -> ArticleRow:
    """Return a stored article with the tags of a standing."""
    article = stored.article
    return {
        "article_id": article.id,
        **article.texts_by_name,  # type: ignore[typeddict-item]
        "body_format": article.body_format,
        "published_at": article.published_at,
        "url": article.url,
        "tags": list(standing.tags),
        "source": stored.source,
        "owner": stored.owner,
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
        "state": stored.state,
        "blind": stored.blind,
        "n_editors": stored.n_editors,
    }


def listed_row(stored: StoredArticle, standing: Standing) -> ArticleRow:
    """Return a stored article for a list: without its body, and without what one of two editors said before its end."""
    row = article_row(stored, standing)
    del row["body"]
    if stored.n_editors > 1 and stored.state != "closed":
        row["tags"] = list(stored.article.tags or ())
    return row


# --- decisions ---


def decision_view(row: Decision, hidden: bool) -> DecisionView:
    """Return a row of the log, of a blind article without the model's score and band."""
    view = {name: value for name, value in vars(row).items() if name not in ("article_id", "digest")}
    return cast(DecisionView, view | {"score": None, "band": None} if hidden else view)


def decided_view(rows: Sequence[Decision], stored: StoredArticle, log: ArticleLog, editor: str) -> DecidedView:
    """Return the reply to an editor's decisions, whose rows the log has already."""
    pooled, standing = log.standing(), standing_view(stored, log, editor)
    hidden = is_hidden(stored, pooled, editor)
    return {
        "article_id": stored.article.id,
        "tags": standing["tags"],
        "complete": pooled.closed_at is not None,
        "decisions": [decision_view(row, hidden) for row in rows],
        "standing": standing,
    }


def log_view(stored: StoredArticle, log: ArticleLog, impressions: Iterable[Impression], viewer: str | None) -> LogView:
    """Return the log and the impressions of an article as somebody may see them."""
    hidden = is_hidden(stored, log.standing(), viewer)
    shown: list[ImpressionView] = [
        {
            "tag": impression.tag,
            "suggestion_set_id": impression.suggestion_set_id,
            "shown_at": impression.shown_at,
            "answered": impression.answered,
        }
        for impression in impressions
    ]
    return {
        "decisions": [decision_view(row, hidden) for row in _rows_seen(stored, log, viewer)],
        "impressions": [] if hidden else shown,
        "standing": standing_view(stored, log, viewer),
    }


def standing_view(stored: StoredArticle, log: ArticleLog, viewer: str | None) -> StandingView:
    """Return what a log adds up to, as somebody may see it."""
    mine, visible = log.standing(by=viewer), standing_seen(stored, log, viewer)
    return {
        "tags": list(visible.tags),
        "listed": list(visible.listed),
        "decisions": [_standing_decision(tag, row) for tag, row in visible.decisions.items()],
        "own": [_standing_decision(tag, row) for tag, row in mine.decisions.items() if row.editor == viewer],
        "closed_by": sorted(visible.closed_by),
        "n_rows": len(_rows_seen(stored, log, viewer)),
    }


def _standing_decision(tag: str, row: Decision) -> StandingDecisionView:
    return {
        "tag": tag,
        "id": row.id,
        "action": row.action,
        "reason": row.reason,
        "editor": row.editor,
        "at": row.at,
        "question_id": row.question_id,
    }


def _rows_seen(stored: StoredArticle, log: ArticleLog, viewer: str | None) -> list[Decision]:
    apart = _is_apart(stored, viewer, log.standing())
    return [row for row in log.rows if not apart or row.editor in (viewer, CMS)]


def standing_seen(stored: StoredArticle, log: ArticleLog, viewer: str | None) -> Standing:
    """Return what is known of an article as a person may see it, one of two editors only by the own decisions."""
    pooled = log.standing()
    return log.standing(by=viewer) if _is_apart(stored, viewer, pooled) else pooled


def _is_apart(stored: StoredArticle, viewer: str | None, standing: Standing) -> bool:
    """Whether somebody is one of two editors that must not see each other's decisions yet."""
    return viewer is not None and stored.n_editors > 1 and viewer not in standing.closed_by


def is_hidden(stored: StoredArticle, standing: Standing, viewer: str | None) -> bool:
    """Whether an article is blind to somebody: nothing that the model says of it may be seen."""
    return stored.blind and stored.state != "closed" and viewer not in standing.closed_by
