"""The endpoint of samples: what editors judge before an archive run adds a tag."""

from __future__ import annotations

from typing import cast

from typing_extensions import TypedDict

from classifier.serving.sampling import state_of
from classifier.serving.tagger import Tagger
from classifier.web.api.openapi import NEEDS_STORE, Endpoint
from classifier.web.guard.auth import EDITORS


class ProposalOut(TypedDict):
    """A score from which on a tag may be right often enough."""

    least_score: float
    n_population: int
    n_right: int
    n_wrong: int


class SampleOut(TypedDict):
    """Where a sample of what an archive run would add of a tag stands."""

    id: str
    tag: str
    label: str
    model_version: str
    at: str
    n_population: int
    n_drawn: int
    n_right: int
    n_wrong: int
    outcome: str
    share_shown: float
    n_more: int | None
    proposal: ProposalOut | None
    text: str


class Samples:
    """The endpoint of samples."""

    def __init__(self, tagger: Tagger) -> None:
        self.tagger = tagger

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        return [Endpoint("GET", "/v1/samples/<sample_id>", self.get_sample, EDITORS, NEEDS_STORE)]

    def get_sample(self, sample_id: str) -> SampleOut:
        """Say what the judgements of a sample show by now."""
        sample = self.tagger.store.samples.get(sample_id)
        state = state_of(self.tagger.store, sample)
        return cast(SampleOut, {**state.to_json(), "label": self.tagger.label(sample.tag)})
