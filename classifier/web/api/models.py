"""The endpoints of the taxonomy and the model that serve, of all versions, and of the service's health."""

from contextlib import suppress
from typing import Any, NotRequired

from flask import Response, after_this_request, request
from typing_extensions import TypedDict

from classifier.domain.tag_fields import LANGUAGE, to_plain
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_log import FoldedLog
from classifier.errors import BadModel, TaggerError
from classifier.serving.model_changes import ModelChanges
from classifier.serving.registry import VersionRow
from classifier.serving.tagger import Tagger
from classifier.serving.views import pick
from classifier.store.runs import JOB
from classifier.texts import _
from classifier.web.api.openapi import NEEDS_BOTH, NEEDS_MODEL, Endpoint, Parameter
from classifier.web.api.schemas import NothingIn, PromoteIn, VersionIn, WhyIn
from classifier.web.guard.auth import ADMINS, ANY_ROLE
from classifier.web.incoming import incoming
from classifier.web.problems import bad_parameter

_OF_TAGS = (
    Parameter("at", {"type": "integer", "minimum": 1}, "The taxonomy after this change, instead of that of now."),
    Parameter("lang", {"type": "string"}, "Labels in this language, where there are any."),
)


class AliasOut(TypedDict):
    """A name of a tag."""

    text: str
    weak: bool


class TagOut(TypedDict):
    """A tag of the taxonomy."""

    id: str
    label: str
    kind: str
    broader: str | None
    all_broader: list[str]
    status: str
    replaced_by: str | None
    replacement: str | None
    note: str
    labels: dict[str, str]
    related: list[str]
    matches: dict[str, list[str]]
    uri: str | None
    parts: list[str]
    caution: bool | float
    threshold: float | None
    aliases: list[AliasOut]


class TagsOut(TypedDict):
    """The taxonomy of the model that serves."""

    taxonomy_version: str
    tags: list[TagOut]


class ModelOut(TypedDict):
    """The card of the model that serves."""

    version: str
    card: dict[str, Any]


class ChampionOut(TypedDict):
    """The version that serves: who let it serve, when and why, and which served before it."""

    version: str
    previous: str | None
    by: str
    at: str
    why: str
    action: str


class ShadowOut(TypedDict):
    """The version in shadow: who put it there, and when."""

    version: str
    by: str
    at: str
    until: str


class FixedOut(TypedDict):
    """Who fixed the version that serves, when and why."""

    by: str
    at: str
    why: str


class ModelsOut(TypedDict):
    """All model versions, newest first, what serves, what is in shadow, and whether trainings may replace what serves."""

    models: list[VersionRow]
    serves: ChampionOut | None
    shadow: ShadowOut | None
    fixed: FixedOut | None


class HealthOut(TypedDict):
    """Whether the service can do its work; `problems` says what is wrong and what to do."""

    status: str
    model_version: NotRequired[str | None]
    problems: NotRequired[list[str]]


class Models:
    """The endpoints of taxonomy, models and health. `retrain_hours` is how often `retrain` is expected to run."""

    def __init__(self, tagger: Tagger, changes: ModelChanges, retrain_hours: float) -> None:
        self.tagger, self.registry, self.retrain_hours = tagger, changes.registry, retrain_hours
        self.changes = changes

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        changed = (*NEEDS_BOTH, "running")
        return [
            Endpoint("GET", "/v1/tags", self.tags, ANY_ROLE, (*NEEDS_MODEL, "invalid"), _OF_TAGS),
            Endpoint("GET", "/v1/model", self.model, ANY_ROLE, NEEDS_MODEL),
            Endpoint("GET", "/v1/models", self.models, ANY_ROLE),
            Endpoint("POST", "/v1/models/<version>/promote", self.promote, ADMINS, changed),
            Endpoint("POST", "/v1/models/roll-back", self.roll_back, ADMINS, (*changed, "not-found")),
            Endpoint("PUT", "/v1/models/<version>/pin", self.pin, ADMINS, NEEDS_BOTH),
            Endpoint("DELETE", "/v1/models/<version>/pin", self.unpin, ADMINS, NEEDS_BOTH),
            Endpoint("PUT", "/v1/models/shadow", self.begin_shadow, ADMINS, (*changed, "not-found", "bad-request")),
            Endpoint("DELETE", "/v1/models/shadow", self.end_shadow, ADMINS, NEEDS_BOTH),
            Endpoint("PUT", "/v1/models/fixed", self.fix, ADMINS, NEEDS_BOTH),
            Endpoint("DELETE", "/v1/models/fixed", self.release, ADMINS, NEEDS_BOTH),
            Endpoint("GET", "/health/live", self.live, ()),
            Endpoint("GET", "/health/ready", self.ready, (), also=(503,)),
        ]

    def tags(self) -> TagsOut:
        """Get the taxonomy. With the `ETag` of an earlier answer in `If-None-Match`, 304 if it is the same."""
        number, language = request.args.get("at"), request.args.get("lang")
        if language is not None and not LANGUAGE.fullmatch(language):
            raise bad_parameter(
                "lang", _("`lang` is a language like `fr` or `pt-BR`, not %(language)s.", language=repr(language[:40]))
            )
        taxonomy = self.tagger.serving.model().head if number is None else self._taxonomy_at(number)
        tags = []
        for tag in taxonomy.tags:
            labels = dict(tag.labels)
            told = {
                "label": labels.get(language or "", tag.label),
                "broader": next(iter(tag.broader), None),
                "replacement": taxonomy.replacement_of(tag.id) if tag.retired else None,
                "aliases": [pick(AliasOut, vars(alias)) for alias in tag.aliases],
                "labels": labels,
                **{"all_broader": list(tag.broader), "related": list(tag.related), "parts": list(tag.parts)},
                "matches": to_plain("matches", tag.matches),
            }
            tags.append(pick(TagOut, vars(tag) | told))

        @after_this_request
        def with_etag(response: Response) -> Response:
            response.set_etag(f"{taxonomy.version}-{language or ''}")
            response.make_conditional(request)
            return response

        return {"taxonomy_version": taxonomy.version, "tags": tags}

    def _taxonomy_at(self, number: str) -> Taxonomy:
        log = self.tagger.store.taxonomy.log()
        if not number.isdecimal() or len(number) > 9 or not 1 <= int(number) <= log.n:
            raise bad_parameter(
                "at",
                _(
                    "`at` is the number of a change, from 1 to %(n)s, not %(number)s.",
                    n=log.n,
                    number=repr(number[:40]),
                ),
            )
        return FoldedLog(log.rows[: int(number)]).taxonomy()

    def model(self) -> ModelOut:
        """Get the card of the model that serves."""
        model = self.tagger.serving.model()
        return {"version": model.version, "card": dict(model.card)}

    def models(self) -> ModelsOut:
        """List all model versions."""
        champion = None
        with suppress(BadModel):  # readiness says so
            champion = self.registry.champion()
        shadow, fixed = self.changes.shadow(), self.changes.fixed()
        return {
            "models": self.registry.table(),
            "serves": pick(ChampionOut, vars(champion)) if champion else None,
            "shadow": pick(ShadowOut, {**vars(shadow), "until": shadow.until}) if shadow else None,
            "fixed": pick(FixedOut, vars(fixed)) if fixed else None,
        }

    def promote(self, version: str, body: PromoteIn) -> ModelsOut:
        """Let a version serve."""
        self.changes.promote(version, incoming().caller.editor(None), body.why, body.instead_of)
        return self.models()

    def roll_back(self, body: PromoteIn) -> ModelsOut:
        """Let the version before serve again."""
        self.changes.roll_back(incoming().caller.editor(None), body.why, body.instead_of)
        return self.models()

    def pin(self, version: str, body: NothingIn) -> ModelsOut:
        """Keep a version from being removed."""
        self.changes.pin(version, True, incoming().caller.editor(None))
        return self.models()

    def unpin(self, version: str) -> ModelsOut:
        """Let a version be removed when enough newer ones are there."""
        self.changes.pin(version, False, incoming().caller.editor(None))
        return self.models()

    def begin_shadow(self, body: VersionIn) -> ModelsOut:
        """Put a version in shadow: it judges what arrives, and nobody sees what it suggests."""
        self.changes.begin_shadow(body.version, incoming().caller.editor(None))
        return self.models()

    def end_shadow(self) -> ModelsOut:
        """Take the version in shadow out of it."""
        self.changes.end_shadow(incoming().caller.editor(None))
        return self.models()

    def fix(self, body: WhyIn) -> ModelsOut:
        """Fix what serves: trainings go on, and do not replace it."""
        self.changes.fix(incoming().caller.editor(None), body.why)
        return self.models()

    def release(self) -> ModelsOut:
        """Let trainings replace what serves again."""
        self.changes.release(incoming().caller.editor(None))
        return self.models()

    def live(self) -> HealthOut:
        """Is the process there?"""
        return {"status": "ok", "model_version": None, "problems": []}

    def ready(self) -> tuple[HealthOut, int]:
        """Can it do its work? 503 if not."""
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
                problems.append("retrain_overdue: " + late)
            if refused := self.tagger.store.deliveries.problem():
                problems.append("webhooks: " + refused)
        except Exception as error:  # noqa: BLE001 - any driver's error means the same here
            problems.append(f"The database cannot be read ({type(error).__name__}).")
        status = "ok" if not problems else "degraded" if version else "down"
        return {"status": status, "model_version": version, "problems": problems}, 503 if status == "down" else 200
