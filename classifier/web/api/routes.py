"""The endpoints of the API: parse, call one method, answer."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import orjson
from flask import Blueprint, Response, g, request
from pydantic import BaseModel, ValidationError

from classifier.domain import strict_json
from classifier.domain.articles import check_id, check_stored_id
from classifier.errors import BadJSON, BadSetting, TaggerError
from classifier.serving.registry import Registry
from classifier.serving.tagger import Answer, Tagger
from classifier.store import JOB, ORDERS, STATES, Draft, Question, Wanted
from classifier.web.api.openapi import Endpoint, document
from classifier.web.api.schemas import (
    ArticleIn,
    ArticleOut,
    ArticlesOut,
    BatchIn,
    BatchOut,
    DecidedOut,
    DecisionsIn,
    HandOverIn,
    HandOverOut,
    HealthOut,
    LogOut,
    ModelOut,
    ModelsOut,
    QuestionIn,
    QuestionOut,
    QuestionsOut,
    StoredAnswer,
    SuggestIn,
    SuggestOut,
    TagsOut,
)
from classifier.web.bodies import read_body
from classifier.web.guard.auth import EDITORS, Caller, Gate
from classifier.web.problems import ApiProblem, invalid
from classifier.web.watch.metrics import count_decisions, count_suggestions

WRITERS = ("cms", "editor", "admin")
ANY = ("cms", "editor", "admin", "reader")
MAX_PAGE = 100
MAX_IDEMPOTENCY_KEY = 200
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Api:
    """The API as a blueprint; `endpoints` describe it."""

    def __init__(
        self, tagger: Tagger, registry: Registry, gate: Gate, max_body_bytes: int, retrain_hours: float
    ) -> None:
        self.tagger, self.registry, self.gate, self.limit = tagger, registry, gate, max_body_bytes
        self.retrain_hours = retrain_hours
        self.endpoints: list[Endpoint] = []
        self.blueprint = Blueprint("api", __name__)
        self._routes()

    def _routes(self) -> None:
        needs_model, stores = ("no-model",), ("no-model", "no-store")
        queue = (
            _choice("state", "open", *STATES, "all", default="all"),
            _choice("order", *ORDERS, default="newest"),
            {"name": "source", "schema": {"type": "string"}},
            {"name": "tag", "schema": {"type": "string"}, "description": "Suggested, and not answered yet."},
            {"name": "since", "schema": {"type": "string", "format": "date"}},
            {"name": "until", "schema": {"type": "string", "format": "date"}},
            {"name": "limit", "schema": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 50}},
            {"name": "cursor", "schema": {"type": "string"}, "description": "`cursor` of the page before."},
        )
        self._add(
            self.suggest,
            "POST",
            "/v1/suggest",
            WRITERS,
            SuggestOut,
            SuggestIn,
            "Suggest tags for a text; nothing is stored.",
            problems=needs_model,
        )
        self._add(
            self.suggest_batch,
            "POST",
            "/v1/suggest/batch",
            WRITERS,
            BatchOut,
            BatchIn,
            "Suggest tags for up to 100 articles; nothing is stored.",
            problems=needs_model,
        )
        self._add(
            self.put_article,
            "PUT",
            "/v1/articles/<article_id>",
            WRITERS,
            StoredAnswer,
            ArticleIn,
            "Store an article and get its suggestions: the CMS's call.",
            problems=(*stores, "other-owner"),
        )
        self._add(
            self.get_article,
            "GET",
            "/v1/articles/<article_id>",
            WRITERS,
            ArticleOut,
            None,
            "Get a stored article with its tags and suggestions.",
            problems=stores,
        )
        self._add(
            self.delete_article,
            "DELETE",
            "/v1/articles/<article_id>",
            ("cms", "admin"),
            None,
            None,
            "Delete an article everywhere.",
            status=204,
            problems=("no-store", "other-owner"),
        )
        self._add(
            self.hand_over,
            "POST",
            "/v1/hand-overs",
            ("admin",),
            HandOverOut,
            HandOverIn,
            "Hand articles of one `cms` key to another.",
            problems=("no-store",),
        )
        self._add(
            self.list_articles,
            "GET",
            "/v1/articles",
            WRITERS,
            ArticlesOut,
            None,
            "List stored articles: the queue.",
            query=queue,
            problems=("no-store", "invalid"),
        )
        self._add(
            self.post_decisions,
            "POST",
            "/v1/articles/<article_id>/decisions",
            WRITERS,
            DecidedOut,
            DecisionsIn,
            "Log what an editor decided of an article.",
            status=201,
            query=(
                {
                    "name": "Idempotency-Key",
                    "in": "header",
                    "schema": {"type": "string", "maxLength": MAX_IDEMPOTENCY_KEY},
                    "description": "The same key and body again is logged once and answered the same.",
                },
            ),
            problems=(*stores, "running"),
        )
        self._add(
            self.get_decisions,
            "GET",
            "/v1/articles/<article_id>/decisions",
            WRITERS,
            LogOut,
            None,
            "Get the decisions on an article, and what was shown of it.",
            problems=("no-store",),
        )
        self._add(
            self.list_questions,
            "GET",
            "/v1/questions",
            EDITORS,
            QuestionsOut,
            None,
            "List the tags that vanished from many articles at once, until somebody says what that means.",
            query=(_choice("state", "open", "all", default="open"),),
            problems=("no-store", "invalid"),
        )
        self._add(
            self.answer_question,
            "POST",
            "/v1/questions/<question_id>",
            EDITORS,
            QuestionOut,
            QuestionIn,
            "Say whether articles no longer carry a tag, or take that back.",
            problems=("no-store",),
        )
        self._add(self.tags, "GET", "/v1/tags", ANY, TagsOut, None, "Get the taxonomy.", problems=needs_model)
        self._add(
            self.model,
            "GET",
            "/v1/model",
            ANY,
            ModelOut,
            None,
            "Get the card of the model that serves.",
            problems=needs_model,
        )
        self._add(self.models, "GET", "/v1/models", ANY, ModelsOut, None, "List all model versions.")
        self._add(self.live, "GET", "/health/live", (), HealthOut, None, "Is the process there?")
        self._add(
            self.ready,
            "GET",
            "/health/ready",
            (),
            HealthOut,
            None,
            "Can it do its work? 503 if not.",
            also=(503,),
        )
        self.blueprint.add_url_rule("/openapi.json", "openapi", self.openapi)

    def _add(
        self,
        view: Callable[..., Any],
        method: str,
        path: str,
        roles: tuple[str, ...],
        returns: type[BaseModel] | None,
        takes: type[BaseModel] | None,
        summary: str,
        *,
        status: int = 200,
        query: tuple[dict[str, Any], ...] = (),
        problems: tuple[str, ...] = (),
        also: tuple[int, ...] = (),
    ) -> None:
        endpoint = Endpoint(method, path, view.__name__, summary, roles, returns, takes, status, query, problems, also)
        self.endpoints.append(endpoint)

        def answer(**arguments: str) -> Response:
            if endpoint.roles:
                g.caller = self.gate.check(endpoint.roles)
            if "article_id" in arguments:
                (check_id if method == "PUT" else check_stored_id)(arguments["article_id"])
            if endpoint.takes:
                arguments["given"] = self._given(endpoint.takes)  # type: ignore[assignment]
            result = view(**arguments)
            return result if isinstance(result, Response) else json_response(result, endpoint.status)

        self.blueprint.add_url_rule(path, endpoint.name, answer, methods=[method])

    def _given(self, model: type[BaseModel]) -> BaseModel:
        if request.mimetype != "application/json":
            raise ApiProblem("not-json-type", f"Send `Content-Type: application/json`, not {request.mimetype[:60]!r}.")
        value = strict_json.loads(read_body(self.limit))
        try:
            return model.model_validate(value)
        except ValidationError as error:
            raise invalid(error) from None

    # --- suggestions and articles ---

    def suggest(self, given: SuggestIn) -> dict[str, Any]:
        return _counted(self.tagger.suggest(given.article(), given.why))

    def suggest_batch(self, given: BatchIn) -> dict[str, Any]:
        return {
            "results": [{"id": one.id, **_counted(self.tagger.suggest(one.article(one.id)))} for one in given.articles]
        }

    def put_article(self, article_id: str, given: ArticleIn) -> dict[str, Any]:
        return _counted(self.tagger.put_article(given.article(article_id), owner=g.caller.owner))

    def get_article(self, article_id: str) -> dict[str, Any]:
        return self.tagger.article(article_id, g.caller.viewer)

    def delete_article(self, article_id: str) -> Response:
        self.tagger.delete_article(article_id, g.caller.owner)
        return Response(status=204)

    def hand_over(self, given: HandOverIn) -> dict[str, Any]:
        try:
            return {"n_articles": self.tagger.store.owners.hand_over(given.from_, given.to, given.article_ids)}
        except BadSetting as error:
            raise _bad_query("to", str(error)) from None

    def list_articles(self) -> dict[str, Any]:
        wanted = queue_wanted(g.caller.viewer)
        after = _cursor_place(request.args.get("cursor"), wanted.order)
        rows, place = self.tagger.articles(wanted, after, _limit(request.args.get("limit")))
        return {"articles": rows, "cursor": _cursor(place), "counts": self.tagger.store.queue.counts(wanted)}

    # --- decisions ---

    def post_decisions(self, article_id: str, given: DecisionsIn) -> dict[str, Any]:
        caller: Caller = g.caller
        drafts = [Draft(one.action, one.tag, one.reason, one.note, one.decision_id) for one in given.decisions]
        answer = Answer(drafts, given.complete, given.suggestion_set_id)
        editor = caller.editor(given.editor)
        done = self.tagger.decide(article_id, answer, editor, caller.sender, _idempotency_key(), caller.may_undo_all)
        count_decisions(done["decisions"])
        return done

    def get_decisions(self, article_id: str) -> dict[str, Any]:
        return self.tagger.decisions(article_id, g.caller.viewer)

    # --- questions on removals ---

    def list_questions(self) -> dict[str, Any]:
        state = request.args.get("state", "open")
        if state not in ("open", "all"):
            raise _bad_query("state", "`state` is open or all.")
        return {"questions": [self._question(one) for one in self.tagger.store.questions.list(state == "all")]}

    def answer_question(self, question_id: str, given: QuestionIn) -> dict[str, Any]:
        questions, editor = self.tagger.store.questions, g.caller.editor(None)
        if given.answer == "undo":
            return self._question(questions.undo(question_id, editor))
        return self._question(questions.answer(question_id, given.answer, editor))

    def _question(self, question: Question) -> dict[str, Any]:
        titles = [{"article_id": name, "title": title} for name, title in question.titles.items()]
        return {**vars(question), "label": self.tagger.label(question.tag), "titles": titles}

    # --- what serves ---

    def tags(self) -> dict[str, Any]:
        taxonomy = self.tagger.serving.model().taxonomy
        rows = [
            {
                "id": t.id,
                "label": t.label,
                "kind": t.kind,
                "broader": t.broader,
                "status": t.status,
                "replaced_by": t.replaced_by,
                "replacement": taxonomy.replacement_of(t.id) if t.retired else None,
                "note": t.note,
                "aliases": [{"text": a.text, "weak": a.weak} for a in t.aliases],
            }
            for t in taxonomy.tags
        ]
        return {"taxonomy_version": taxonomy.version, "tags": rows}

    def model(self) -> dict[str, Any]:
        model = self.tagger.serving.model()
        return {"version": model.version, "card": model.card}

    def models(self) -> dict[str, Any]:
        return {"models": self.registry.table()}

    def live(self) -> dict[str, Any]:
        return {"status": "ok", "model_version": None, "problems": []}

    def ready(self) -> Response:
        problems: list[str] = []
        version = None
        try:
            version = self.tagger.serving.settled().version
        except TaggerError as error:
            problems.append(str(error))
        if version and self.tagger.serving.problem:
            problems.append(self.tagger.serving.problem)
        try:
            self.tagger.store.check()
            if late := self.tagger.store.runs.overdue(JOB, self.retrain_hours):
                problems.append(f"retrain_overdue: {late}")
        except Exception as error:  # any driver's error means the same here
            problems.append(f"The database cannot be read ({type(error).__name__}).")
        status = "ok" if not problems else "degraded" if version else "down"
        body = {"status": status, "model_version": version, "problems": problems}
        return json_response(body, 503 if status == "down" else 200)

    def openapi(self) -> Response:
        return json_response(document(self.endpoints))


def _counted(answer: dict[str, Any]) -> dict[str, Any]:
    count_suggestions(answer["suggestions"])
    return answer


def json_response(value: Any, status: int = 200) -> Response:
    """Return a value as a response; dataclasses become objects."""
    return Response(orjson.dumps(value), status, content_type="application/json")


def _limit(given: str | None) -> int:
    if given is None:
        return 50
    if not given.isascii() or not given.isdecimal() or not 1 <= int(given[:9]) <= MAX_PAGE or len(given) > 9:
        raise _bad_query("limit", f"`limit` is 1 to {MAX_PAGE}.")
    return int(given)


def _cursor(place: tuple[Any, ...] | None) -> str | None:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode() if place else None


def _choice(name: str, *choices: str, default: str) -> dict[str, Any]:
    return {"name": name, "schema": {"type": "string", "enum": list(choices), "default": default}}


def queue_wanted(viewer: str | None, state: str = "all") -> Wanted:
    """Return which articles a request asks for; `state` is what is meant where it says nothing of that."""
    given = request.args
    state, order = given.get("state", state), given.get("order", "newest")
    for name, value, choices in (("state", state, ("open", *STATES, "all")), ("order", order, ORDERS)):
        if value not in choices:
            raise _bad_query(name, f"`{name}` is one of {', '.join(choices)}.")
    for name in ("since", "until"):
        if not _DAY.fullmatch(given.get(name, "2024-06-06")):
            raise _bad_query(name, f"`{name}` is a day (2024-06-06).")
    for name in ("source", "tag"):
        if "\x00" in given.get(name, "") or len(given.get(name, "")) > 200:
            raise _bad_query(name, f"`{name}` is too long, or has a NUL in it.")
    return Wanted(
        None if state == "all" else state,
        given.get("source"),
        given.get("tag"),
        given.get("since"),
        given.get("until"),
        order,
        viewer,
    )


def _bad_query(name: str, detail: str) -> ApiProblem:
    return ApiProblem("invalid", detail, [{"pointer": f"/{name}", "detail": detail}])


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not re.fullmatch(rf"[\x21-\x7e]{{1,{MAX_IDEMPOTENCY_KEY}}}", key):
        raise _bad_query("Idempotency-Key", f"`Idempotency-Key` is 1 to {MAX_IDEMPOTENCY_KEY} printable characters.")
    return key


def _cursor_place(cursor: str | None, order: str) -> tuple[Any, ...] | None:
    if cursor is None:
        return None
    try:
        place = strict_json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, BadJSON):
        place = None
    match order, place:
        case "newest", [str(at), str(article_id)]:
            return at, article_id
        case "teach", [a, b, c, d] if _is_end(a, b) and _is_end(c, d) and (a is not None or c is not None):
            return _number(a), b, _number(c), d
    detail = "`cursor` is not one that this service gave."
    raise _bad_query("cursor", detail)


def _is_end(key: Any, article_id: Any) -> bool:
    """Whether these tell where a stream of the queue ended, or that it has not begun."""
    return (key is None and article_id is None) or (isinstance(key, int | float) and isinstance(article_id, str))


def _number(key: float | None) -> float | None:
    """Return a key of the queue as the floating-point number that it is: a database takes no integer of 64 bits."""
    return None if key is None else float(key)
