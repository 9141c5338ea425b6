"""The endpoints of the model that serves, of all versions, and of the service's health."""

from flask import Response

from classifier.errors import TaggerError
from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.store.runs import JOB
from classifier.web.api.openapi import NEEDS_MODEL, Endpoint
from classifier.web.api.schemas.models import HealthOut, ModelOut, ModelsOut
from classifier.web.bodies import json_response
from classifier.web.guard.auth import ANY_ROLE


class Models:
    """The endpoints of models and health. `retrain_hours` is how often `retrain` is expected to run."""

    def __init__(self, tagger: Tagger, registry: Registry, retrain_hours: float) -> None:
        self.tagger, self.registry, self.retrain_hours = tagger, registry, retrain_hours

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        return [
            Endpoint("GET", "/v1/model", self.model, ANY_ROLE, ModelOut, None, NEEDS_MODEL),
            Endpoint("GET", "/v1/models", self.models, ANY_ROLE, ModelsOut),
            Endpoint("GET", "/health/live", self.live, (), HealthOut),
            Endpoint("GET", "/health/ready", self.ready, (), HealthOut, also=(503,)),
        ]

    def model(self) -> ModelOut:
        """Get the card of the model that serves."""
        model = self.tagger.serving.model()
        return ModelOut(version=model.version, card=dict(model.card))

    def models(self) -> object:
        """List all model versions."""
        return {"models": self.registry.table()}

    def live(self) -> HealthOut:
        """Is the process there?"""
        return HealthOut(status="ok")

    def ready(self) -> Response:
        """Can it do its work? 503 if not."""
        problems: list[str] = []
        version = None
        try:
            version = self.tagger.serving.settled().version
        except TaggerError as error:
            problems.append(str(error))
        if version and self.tagger.serving.problem:
            problems.append(self.tagger.serving.problem)
        problems += self._store_problems()
        health = HealthOut(
            status="ok" if not problems else "degraded" if version else "down", model_version=version, problems=problems
        )
        return json_response(health, 503 if health.status == "down" else 200)

    def _store_problems(self) -> list[str]:
        try:
            self.tagger.store.check()
            late = self.tagger.store.runs.overdue(JOB, self.retrain_hours)
        except Exception as error:  # noqa: BLE001 - any driver's error means the same here
            return [f"The database cannot be read ({type(error).__name__})."]
        return [f"retrain_overdue: {late}"] if late else []
