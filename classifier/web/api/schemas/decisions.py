"""Decisions and questions on removals, as they come in and go out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from classifier.web.api.schemas.base import Strict, TagText


class DecisionIn(Strict):
    """A decision: on a `tag`, or `undo` of the decision `decision_id`, or `reopen` of the article."""

    action: Literal["accept", "reject", "add", "remove", "unsure", "undo", "reopen"]
    tag: TagText | None = None
    reason: Literal["wrong", "passing_mention", "too_general", "too_specific", "wrong_sense"] | None = Field(
        None, description="Why a tag is rejected."
    )
    note: str | None = Field(None, max_length=1000, description="A comment in the editor's words.")
    decision_id: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="The decision that `undo` takes back."
    )

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


class DecisionsIn(Strict):
    """An editor's decisions on an article. All of them are logged, or none."""

    suggestion_set_id: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="The set that the editor saw. Without it, the newest set of the article."
    )
    editor: Annotated[str, Field(pattern=r"^[^/\x00-\x1f\x7f]{1,80}$")] | None = Field(
        None,
        description="The editor who decides. A CMS names its editors; an editor's own key or session needs no name.",
    )
    complete: bool = Field(
        False, description="The tags are complete: every active tag that the article does not have is wrong for it."
    )
    decisions: list[DecisionIn] = Field([], max_length=500)

    @model_validator(mode="after")
    def _something(self) -> DecisionsIn:
        if not self.decisions and not self.complete:
            raise ValueError("there is no decision, and `complete` is not true")
        return self


class DecisionOut(Strict):
    """A row of the log, with the model's score at the time."""

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


class StandingDecision(Strict):
    """The decision that stands on a tag."""

    tag: str
    id: str
    action: Literal["accept", "reject", "add", "remove", "unsure"]
    reason: str | None
    editor: str
    at: str
    question_id: str | None


class StandingOut(Strict):
    """The decisions on an article that hold now.

    Decisions that were undone, and rejections and closings on an earlier, materially different text, are left out. Of two
    answers, the one with more rows is the newer.
    """

    tags: list[str] = Field(description="The tags that are on the article.")
    listed: list[str] = Field(
        description="The tags that the sender of the article lists, whatever was decided on them."
    )
    decisions: list[StandingDecision] = Field(description="The decision that stands on each tag, the latest last.")
    own: list[StandingDecision] = Field(
        description="The last decision of the caller on each tag, if the caller is an editor."
    )
    closed_by: list[str] = Field(description="The editors who marked its tags as complete.")
    n_rows: int = Field(ge=0, description="Number of rows of the log that the caller may see.")


class DecidedOut(Strict):
    """The tags of an article after a request with decisions, and the rows that it added to the log."""

    article_id: str
    tags: list[str]
    complete: bool
    decisions: list[DecisionOut]
    standing: StandingOut | None = Field(
        None, description="Absent in the repeated answer to a request that an older version of the service carried out."
    )


class ImpressionOut(Strict):
    """A suggestion that was shown."""

    tag: str
    suggestion_set_id: str
    shown_at: str
    answered: bool


class LogOut(Strict):
    """All decisions on an article in their order, and what was shown of it."""

    decisions: list[DecisionOut]
    impressions: list[ImpressionOut]
    standing: StandingOut


class TitleOut(Strict):
    """An article by its title."""

    article_id: str
    title: str


class QuestionOut(Strict):
    """A tag that one key removed from more than ten articles within an hour: do they no longer have it?

    Until somebody answers, training treats the tag as unknown on these articles.
    """

    id: str
    key: str | None = Field(description="The key that removed it; null where the articles came without a key.")
    tag: str
    label: str
    asked_at: str
    answer: Literal["removed", "term_changed"] | None
    answered_by: str | None
    answered_at: str | None
    n_articles: int
    waiting: int = Field(description="Number of the articles on which nobody has decided otherwise.")
    titles: list[TitleOut] = Field(description="Some of the articles.")


class QuestionsOut(Strict):
    """Questions on removals, the newest first."""

    questions: list[QuestionOut]


class QuestionIn(Strict):
    """An answer to a question, or `undo` of the answer."""

    answer: Literal["removed", "term_changed", "undo"] = Field(
        description="`removed`: these articles no longer carry the tag. `term_changed`: they do, but the term was renamed, "
        "merged or deleted in the CMS; the tag stands again, and this holds for what the key sends later until it lists "
        "the tag again."
    )
