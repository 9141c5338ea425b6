"""The endpoints of editors' decisions, and of questions on removals."""

import re

from flask import request
from typing_extensions import TypedDict

from classifier.serving.tagger import DecisionBatch, Tagger
from classifier.serving.views import DecidedOut, LogOut, pick
from classifier.store.log import Draft
from classifier.store.questions import Question
from classifier.web.api.openapi import NEEDS_BOTH, NEEDS_STORE, Endpoint, Parameter
from classifier.web.api.queue_query import choice_of
from classifier.web.api.schemas import DecisionsIn, ImpressionsIn, QuestionIn
from classifier.web.guard.auth import EDITORS, WRITERS
from classifier.web.incoming import incoming
from classifier.web.problems import bad_parameter
from classifier.web.watch.metrics import count_decisions

MAX_IDEMPOTENCY_KEY = 200
DECISIONS = "/v1/articles/<article_id>/decisions"
IMPRESSIONS = "/v1/articles/<article_id>/impressions"
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    {"type": "string", "maxLength": MAX_IDEMPOTENCY_KEY},
    "The same key and body again is logged once and answered the same.",
    "header",
)
QUESTIONS = "/v1/questions"
QUESTION_STATES = ("open", "all")
QUESTION_STATE = Parameter.choice("state", *QUESTION_STATES, default="open")


class SeenOut(TypedDict):
    """The suggestions that count as shown, those of the request that the set has."""

    article_id: str
    suggestion_set_id: str
    tags: list[str]


class TitleOut(TypedDict):
    """An article by its title."""

    article_id: str
    title: str


class QuestionOut(TypedDict):
    """A tag that one key removed from more than ten articles within an hour: do they no longer have it?

    Until somebody answers, training treats the tag as unknown on these articles.
    """

    id: str
    key: str | None
    tag: str
    label: str
    asked_at: str
    answer: str | None
    answered_by: str | None
    answered_at: str | None
    n_articles: int
    waiting: int
    titles: list[TitleOut]


class QuestionsOut(TypedDict):
    """Questions on removals, the newest first."""

    questions: list[QuestionOut]


class Decisions:
    """The endpoints of decisions and questions."""

    def __init__(self, tagger: Tagger) -> None:
        self.tagger = tagger

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        decided, listed = (*NEEDS_BOTH, "running"), (*NEEDS_STORE, "invalid")
        post, answer = self.post_decisions, self.answer_question
        return [
            Endpoint("POST", DECISIONS, post, WRITERS, decided, (IDEMPOTENCY_KEY,), status=201),
            Endpoint("GET", DECISIONS, self.get_decisions, WRITERS, NEEDS_STORE),
            Endpoint("POST", IMPRESSIONS, self.post_impressions, WRITERS, NEEDS_STORE),
            Endpoint("GET", QUESTIONS, self.list_questions, EDITORS, listed, (QUESTION_STATE,)),
            Endpoint("POST", f"{QUESTIONS}/<question_id>", answer, EDITORS, NEEDS_STORE),
        ]

    def post_decisions(self, article_id: str, body: DecisionsIn) -> DecidedOut:
        """Log what an editor decided of an article."""
        caller = incoming().caller
        drafts = [
            Draft(row.action, row.tag, row.reason, row.note, row.decision_id, row.together) for row in body.decisions
        ]
        answer, editor = (
            DecisionBatch(drafts, body.complete, body.suggestion_set_id, body.in_bulk, tuple(body.also)),
            caller.editor(body.editor),
        )
        decided = self.tagger.decide(article_id, answer, editor, caller.sender, idempotency_key(), caller.may_undo_all)
        count_decisions(decided["decisions"])
        return decided

    def get_decisions(self, article_id: str) -> LogOut:
        """Get the decisions on an article, and what was shown of it."""
        return self.tagger.decisions(article_id, incoming().caller.viewer)

    def post_impressions(self, article_id: str, body: ImpressionsIn) -> SeenOut:
        """Say which suggestions an editor saw, after a `PUT` in the background."""
        editor = incoming().caller.editor(body.editor)
        tags = self.tagger.note_seen(article_id, body.suggestion_set_id, body.tags, editor)
        return {"article_id": article_id, "suggestion_set_id": body.suggestion_set_id, "tags": tags}

    def list_questions(self) -> QuestionsOut:
        """List the tags that vanished from many articles at once, until somebody says what that means."""
        state = choice_of("state", QUESTION_STATES, "open")
        questions = self.tagger.store.questions.list(answered=state == "all")
        return {"questions": [self._question(question) for question in questions]}

    def answer_question(self, question_id: str, body: QuestionIn) -> QuestionOut:
        """Say whether articles no longer carry a tag, or take that back."""
        questions, editor = self.tagger.store.questions, incoming().caller.editor(None)
        if body.answer == "undo":
            return self._question(questions.undo(question_id, editor))
        return self._question(questions.answer(question_id, body.answer, editor))

    def _question(self, question: Question) -> QuestionOut:
        titles = [TitleOut(article_id=article_id, title=title) for article_id, title in question.titles.items()]
        fields = vars(question) | {"label": self.tagger.label(question.tag), "titles": titles}
        return pick(QuestionOut, fields)


def idempotency_key() -> str | None:
    """Return the Idempotency-Key of the request, None if it has none. Raise `ApiProblem` (422) if it is none."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not re.fullmatch(rf"[\x21-\x7e]{{1,{MAX_IDEMPOTENCY_KEY}}}", key):
        detail = f"`Idempotency-Key` is 1 to {MAX_IDEMPOTENCY_KEY} printable characters."
        raise bad_parameter("Idempotency-Key", detail)
    return key
