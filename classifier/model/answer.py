"""What a model says of an article, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from classifier.domain.taxonomy import Tag

DIGITS = 4  # of the scores and weights in an answer
# What became of a tag that is asked for. "another_of_its_kind": it reached its threshold, but another tag of its exclusive
# kind fits better. "text": the text says nothing that can be trusted (see the reason of the answer).
OUTCOMES = ("suggested", "below_threshold", "another_of_its_kind", "muted", "retired", "text")
Span = tuple[int, int, int]  # field, start and end in the clean text


class Evidence(NamedTuple):
    """A place in the article as it was sent that speaks for or against a tag, and by how much.

    `text` is what stands there, markup and all, and `plain` the same as it was read.
    """

    field: str
    start: int
    end: int
    text: str
    plain: str
    weight: float


class Suggestion(NamedTuple):
    """A tag that the model suggests for an article; `tag` is its id."""

    tag: str
    label: str
    kind: str
    score: float
    band: str
    aboutness: str
    source: str
    evidence: Sequence[Evidence]
    evidence_against: Sequence[Evidence]


class Mention(NamedTuple):
    """A tag that the article names and that is not suggested; `tag` is its id and `mentions` their number."""

    tag: str
    label: str
    score: float
    mentions: int


class RemovedPart(NamedTuple):
    """A part of the article as it was sent that was left out, as boilerplate."""

    field: str
    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Answer:
    """All that a model says of one article, in the order of the public JSON.

    unknown_tags: tags of the article that the taxonomy lacks. The caller fills them in.
    removed_more: number of the parts beyond those in `removed`.
    reason: why nothing is suggested, None if something is.
    margin: the distance between the score that is nearest to its tag's threshold, and that threshold. It is not public.
    """

    model_version: str
    taxonomy_version: str
    suggestions: Sequence[Suggestion]
    mentioned: Sequence[Mention]
    unknown_tags: Sequence[str]
    removed: Sequence[RemovedPart]
    removed_more: int
    reason: str | None
    margin: float


class Part(NamedTuple):
    """One part of a decision value: what it is, its weight in the sum, and where it stands in the clean text."""

    kind: str  # term, mention, prior, competing
    text: str
    weight: float
    spans: tuple[Span, ...]


class Explanation(NamedTuple):
    """Why a tag has its decision value; the weights of the parts add up to it.

    precedents: (article id, similarity) of the nearest past articles that carry the tag.
    """

    tag: Tag
    score: float
    threshold: float
    decision_value: float
    outcome: str
    parts: list[Part]
    precedents: list[tuple[str, float]]
