"""What a model says of an article, and why. The rows of an answer are those of the public JSON."""

from dataclasses import dataclass, field
from typing import NamedTuple

from typing_extensions import TypedDict

from classifier.domain.taxonomy import Tag

DIGITS = 4  # of the scores and weights in an answer
N_EVIDENCE = 4  # places for each suggestion, and against it
Span = tuple[int, int, int]  # field, start and end in the clean text


class Evidence(TypedDict):
    """A span of the field as it was sent, in Unicode code points, and its part of the decision value."""

    field: str
    start: int
    end: int
    text: str
    plain: str
    weight: float


class Suggestion(TypedDict):
    """A tag that is suggested."""

    tag: str
    label: str
    kind: str
    score: float
    band: str
    aboutness: str
    source: str
    evidence: list[Evidence]
    evidence_against: list[Evidence]


class Mentioned(TypedDict):
    """A tag that the text mentions and that is not suggested."""

    tag: str
    label: str
    score: float
    mentions: int


class TagName(TypedDict):
    """A tag and its label."""

    tag: str
    label: str


class ToChoose(TypedDict):
    """A tag in whose place stand several now, and the tags `between` which somebody has to decide, for a `cause`.

    `score` is that of the tag, None where the model would not suggest it.
    """

    tag: str
    label: str
    score: float | None
    cause: str
    between: list[TagName]


class TextLanguage(TypedDict):
    """The language of a text.

    code: the first part of its tag in BCP 47, None where it cannot be told.
    learned: whether the model judges its words. In another language only names count that are written out.
    told: whether the sender said it.
    """

    code: str | None
    learned: bool
    told: bool


class Removed(TypedDict):
    """A part of the body that was left out because it is not the article. Offsets are into the body as it was sent."""

    field: str
    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Answer:
    """All that a model says of one article, in the order of the public JSON.

    live_state: the number of the labels that the model has followed since it was fitted, None for none.
    unknown_tags: tags of the article that the taxonomy lacks. The caller fills them in.
    removed_more: number of the parts beyond those in `removed`.
    reason: why nothing is suggested, None if something is.
    choices: split tags that the text fits, where it names none of the parts.
    language: of the text.
    margin: the distance between the score that is nearest to its tag's threshold, and that threshold. It is not public.
    doubt: the sum of s (1 - s) / (n + 1) over the tags, of score s and n positives in training. It is not public.
    """

    model_version: str
    taxonomy_version: str
    live_state: int | None
    suggestions: list[Suggestion]
    mentioned: list[Mentioned]
    unknown_tags: list[str]
    removed: list[Removed]
    removed_more: int
    reason: str | None
    margin: float
    choices: list[ToChoose] = field(default_factory=list)
    doubt: float = 0.0
    language: TextLanguage = field(default_factory=lambda: TextLanguage(code=None, learned=True, told=False))


class Part(NamedTuple):
    """One part of a decision value: what it is, its weight in the sum, and where it stands in the clean text."""

    kind: str  # term, mention, prior, recency, competing
    text: str
    weight: float
    spans: tuple[Span, ...]


class Explanation(NamedTuple):
    """Why a tag has its decision value; the weights of the parts add up to it.

    outcome: "suggested"; "below_threshold"; "another_of_its_kind": it reached its threshold, but another tag of its exclusive
        kind fits better; "muted"; "retired"; "text": the text says nothing that can be trusted (see the reason of the answer).
    precedents: (article id, similarity) of the nearest past articles that carry the tag.
    """

    tag: Tag
    score: float
    threshold: float
    decision_value: float
    outcome: str
    parts: list[Part]
    precedents: list[tuple[str, float]]
