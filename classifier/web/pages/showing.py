"""What the pages show of an article and its tags: pieces of text with their evidence, reasons as bars."""

from __future__ import annotations

import itertools
import math
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from classifier.model.answer import Explanation, Part, Span
from classifier.text.fields import FIELDS
from classifier.text.markup import unescaped
from classifier.text.mentions import Mention
from classifier.text.reading import Reading
from classifier.text.source_map import CleanText

N_REASONS = 6
MARKED_SHARE = 0.15  # of the strongest reason; weaker ones are listed, not marked
REASONS_TEXT = {
    "empty": "There is no word in this text that could tell anything. Paste a whole article.",
    "language": "This text does not seem to be in English, the language that the model has learned. Only tags that are "
    "named outright would be suggested.",
    "below_threshold": "No tag reaches its threshold. That is the right answer for an article that is about none of the "
    "tags; ask for a tag below to see how near it came.",
    "blind": "Nothing is suggested for this article on purpose: what editors find without help shows what suggestions miss.",
}
ABOUTNESS = {"main": "main subject", "secondary": "secondary subject", "passing": "perhaps only in passing"}
OUTCOMES = {
    "suggested": "it is suggested, see above",
    "below_threshold": "not suggested: it is under its threshold",
    "another_of_its_kind": "not suggested: of its kind only the best is, and another tag fits better",
    "muted": "not suggested: the tag is muted in the taxonomy",
    "retired": "not suggested: the tag is retired in the taxonomy",
    "text": "not suggested: this text says too little that could be trusted",
}
# Invisible characters that turn the direction of what follows: shown, so that no text reads otherwise than it is.
_CONTROLS = {
    "\u061c": "ALM",
    "\u200e": "LRM",
    "\u200f": "RLM",
    "\u202a": "LRE",
    "\u202b": "RLE",
    "\u202c": "PDF",
    "\u202d": "LRO",
    "\u202e": "RLO",
    "\u2066": "LRI",
    "\u2067": "RLI",
    "\u2068": "FSI",
    "\u2069": "PDI",
}
_TURNS = re.compile(f"([{''.join(_CONTROLS)}])")
_NUMBERS = r"&#0*(?:8\d{3}|1564)(?!\d);?|&#[xX]0*(?:20[0-9a-fA-F]{2}|61[cC])(?![0-9a-fA-F]);?"
_CONTROL = re.compile(f"[{''.join(_CONTROLS)}]|&(?:lrm|rlm);|{_NUMBERS}")

_LINE = re.compile(r"[^\n]+")
MAX_CONTROLS = 1000  # shown of one text
MAX_REMOVED = 50  # parts that are listed, and the characters that are shown of each
MAX_SHOWN = 200

Marks = Mapping[tuple[int, int], list[str]]
Controls = Mapping[int, Sequence[str]]


class _Layer(NamedTuple):
    """A stretch of text that has evidence for a tag, or that was left out and is of this kind."""

    start: int
    end: int
    tag: str = ""
    removed: str = ""


@dataclass(frozen=True)
class Reason:
    """A word or name that speaks for or against a tag, how often it stands there, and its share of the bar."""

    text: str
    weight: float
    n_places: int
    width: int


@dataclass(frozen=True)
class Card:
    """A tag on the page with its reasons."""

    tag: Any
    score: float
    threshold: float
    decision_value: float
    outcome: str
    band: str
    aboutness: str
    source: str
    pros: list[Reason]
    cons: list[Reason]
    precedents: list[str]  # titles of past articles


@dataclass(frozen=True)
class Piece:
    """A stretch of text in which the same tags have evidence, or the name of an invisible character."""

    text: str
    tags: str
    removed: str | None = None
    control: str | None = None


def card_of(
    explanation: Explanation, titles: Mapping[str, str], band: str = "hidden", aboutness: str = "", source: str = ""
) -> Card:
    """Return the card of an explanation; `titles` are those of its precedents."""
    widest = max((abs(part.weight) for part in explanation.parts), default=1.0) or 1.0

    def reasons(sign: int) -> list[Reason]:
        parts = [part for part in explanation.parts if part.weight * sign > 0 and abs(part.weight) >= 0.005]
        return [
            Reason(
                _shown(part),
                part.weight,
                len(part.spans),
                max(2, round(100 * abs(part.weight) / widest)),
            )
            for part in parts[:N_REASONS]
        ]

    return Card(
        explanation.tag,
        explanation.score,
        explanation.threshold,
        explanation.decision_value,
        OUTCOMES[explanation.outcome],
        band,
        aboutness,
        source,
        reasons(1),
        reasons(-1),
        [titles.get(article_id) or article_id for article_id, _ in explanation.precedents],
    )


def _shown(part: Part) -> str:
    match part.kind:
        case "prior":
            return f"before reading ({part.text})"
        case "competing":
            return "other tags that fit better or worse"
        case "mention" if part.spans and part.weight < 0:
            return f"named too little: {part.text}"
        case "mention" if part.spans:
            return f"named: {part.text}"
        case _:
            return part.text


def marks_of(explanations: Iterable[Explanation]) -> dict[int, dict[tuple[int, int], list[str]]]:
    """Return the places of the strongest evidence for each tag, by field and span; a word of a name marks the name."""
    marks: dict[int, dict[tuple[int, int], list[str]]] = {field: defaultdict(list) for field in range(len(FIELDS))}
    for explanation in explanations:
        parts = [part for part in explanation.parts if part.weight > 0 and part.spans]
        names = sorted(place for part in parts if part.kind == "mention" for place in part.spans)
        strongest = [part for part in parts[:N_REASONS] if part.weight >= MARKED_SHARE * parts[0].weight]
        for field, start, end in {_name_around(place, names) for part in strongest for place in part.spans}:
            marks[field][start, end].append(explanation.tag.id)
    return marks


def _name_around(place: Span, names: Sequence[Span]) -> Span:
    """Return the name that a place is in, of sorted ones that do not overlap, or the place itself."""
    field, start, end = place
    at = bisect_right(names, (field, start, math.inf)) - 1
    return names[at] if at >= 0 and names[at][0] == field and names[at][2] >= end else place


def mark_named(marks: dict[int, dict[tuple[int, int], list[str]]], mentions: Iterable[tuple[str, Mention]]) -> None:
    """Mark also where tags are written out that are mentioned and not suggested; each mention comes with its tag's id."""
    for tag, mention in mentions:
        if not mention.weak:
            marks[mention.field][mention.start, mention.end].append(tag)


def controls_of(clean: CleanText, source: str) -> Controls:
    """Return the names of the direction controls of a text as it was sent, by where they stood in its clean text.

    Behind the first `MAX_CONTROLS` it says only how many more there are.
    """
    controls: dict[int, list[str]] = defaultdict(list)
    if clean.source.starts is None:  # nothing was left out
        return controls
    matches = [(match.start(), _CONTROLS.get(unescaped(match[0]))) for match in _CONTROL.finditer(source)]
    named = [(start, name) for start, name in matches if name]
    # Places are looked up together: a number that is not of the array's own type makes numpy copy the array.
    starts = np.array([start for start, _ in named[: MAX_CONTROLS + 1]], dtype=clean.source.starts.dtype)
    places = clean.source.starts.searchsorted(starts).tolist()
    for place, (_, name) in zip(places, named[:MAX_CONTROLS], strict=False):
        controls[place].append(name)
    if len(named) > MAX_CONTROLS:
        controls[places[-1]].append(f"{len(named) - MAX_CONTROLS:,} more")
    return controls


def left_out(reading: Reading) -> tuple[list[tuple[str, str]], int]:
    """Return what was left out of a body, its kind and the beginning of its text, and how many more parts there are."""
    text, parts = reading.body.text, reading.removed
    shown = [(part.kind, text[part.start : min(part.end, part.start + MAX_SHOWN)]) for part in parts[:MAX_REMOVED]]
    return shown, len(parts) - len(shown)


def parts_of(text: str) -> list[Piece]:
    """Cut a text at the characters that turn its direction, and name those."""
    parts = [part for part in _TURNS.split(text) if part]
    return [Piece("", "", None, _CONTROLS[part]) if part in _CONTROLS else Piece(part, "") for part in parts]


def pieces_of(text: str, marks: Marks, controls: Controls) -> list[Piece]:
    """Cut a text of one line at the ends of all marks and at its controls."""
    return _cut(text, [(0, len(text))], _layers(text, marks), controls)[0]


def paragraphs_of(reading: Reading, body: str, marks: Marks) -> list[list[Piece]]:
    """Return the paragraphs of a body as pieces; `body` is what was sent."""
    text = reading.body.text
    lines = [line.span() for line in _LINE.finditer(text) if not line[0].isspace()]
    layers = [*_layers(text, marks), *(_Layer(part.start, part.end, removed=part.kind) for part in reading.removed)]
    return _cut(text, lines, layers, controls_of(reading.body, body))


def _layers(text: str, marks: Marks) -> list[_Layer]:
    """Return the marks of each tag; those that overlap, touch or write one name become one."""
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for (start, end), tags in sorted(marks.items()):
        for tag in tags:
            before = spans[tag][-1] if spans[tag] else None
            if before and (start <= before[1] or _is_one_name(text, before, start)):
                spans[tag][-1] = before[0], max(before[1], end)
            else:
                spans[tag].append((start, end))
    return [_Layer(start, end, tag=tag) for tag, merged in spans.items() for start, end in merged]


def _is_one_name(text: str, before: tuple[int, int], start: int) -> bool:
    """Whether the word at `start` goes on with the name before it: "al-Qaeda", "Boko Haram"."""
    between = text[before[1]] if start == before[1] + 1 else ""
    return between in ("-", "'") or (between == " " and text[before[0]].isupper() and text[start].isupper())


def _cut(
    text: str, lines: Sequence[tuple[int, int]], layers: Iterable[_Layer], controls: Controls
) -> list[list[Piece]]:
    """Cut the lines of a text where layers begin and end, and at controls; the layers of one tag do not touch."""
    begins, ends = _by_place(layers, "start"), _by_place(layers, "end")
    first, last = {start for start, _ in lines}, {end for _, end in lines}
    edges = sorted({*begins, *ends, *controls, *first, *last})
    tags: set[str] = set()
    kind, is_inside = None, False
    paragraphs: list[list[Piece]] = []
    for begin, stop in itertools.pairwise([*edges, len(text)]):
        if begin in first:
            paragraphs.append([])
            is_inside = True
        if is_inside:  # also at the end of a line
            paragraphs[-1] += [Piece("", "", None, name) for name in controls.get(begin, ())]
        is_inside &= begin not in last
        for layer in ends.get(begin, ()):
            tags.discard(layer.tag)
            kind = None if layer.removed else kind
        for layer in begins.get(begin, ()):
            tags.add(layer.tag)
            kind = layer.removed or kind
        if is_inside:
            paragraphs[-1].append(Piece(text[begin:stop], " ".join(sorted(tags - {""})), kind))
    return paragraphs


def _by_place(layers: Iterable[_Layer], edge: str) -> dict[int, list[_Layer]]:
    """Return the layers by where they start or end."""
    places: dict[int, list[_Layer]] = defaultdict(list)
    for layer in layers:
        places[getattr(layer, edge)].append(layer)
    return places
