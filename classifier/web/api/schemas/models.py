"""Models, their versions, and the health of the service, as they go out."""

from typing import Any, Literal

from pydantic import Field

from classifier.web.api.schemas.base import Strict


class ModelOut(Strict):
    """The card of the model that serves."""

    version: str
    card: dict[str, Any]


class VersionRow(Strict):
    """A model version."""

    version: str
    champion: bool
    created_at: str | None
    n_articles: int | None
    n_tags: int | None
    micro_f1: float | None
    macro_f1: float | None


class ModelsOut(Strict):
    """All model versions, newest first."""

    models: list[VersionRow]


class HealthOut(Strict):
    """Whether the service can do its work; `problems` says what is wrong and what to do."""

    status: Literal["ok", "degraded", "down"]
    model_version: str | None = None
    problems: list[str] = Field([])
