"""What the pages show of an article and its tags: pieces of text with their evidence, reasons as bars."""

from __future__ import annotations

import html
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from classifier.articles import CleanText
from classifier.mentions import BODY, TITLE, Mention
from classifier.model import Explanation
from classifier.reading import Reading

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

Marks = Mapping[tuple[int, int], list[str]]


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
                _shown(part.kind, part.text),
                part.weight,
                len(part.places),
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


def _shown(kind: str, text: str) -> str:
    match kind:
        case "prior":
            return f"before reading ({text})"
        case "competing":
            return "other tags that fit better or worse"
        case "mention":
            return f"named: {text}" if text not in ("not named", "its words are scattered") else text
        case _:
            return text


def marks_of(explanations: Iterable[Explanation]) -> dict[int, dict[tuple[int, int], list[str]]]:
    """Return the places of the strongest evidence for each tag, by field and span."""
    marks: dict[int, dict[tuple[int, int], list[str]]] = {TITLE: defaultdict(list), BODY: defaultdict(list)}
    for explanation in explanations:
        parts = [part for part in explanation.parts if part.weight > 0 and part.places][:N_REASONS]
        parts = [part for part in parts if part.weight >= MARKED_SHARE * parts[0].weight]
        for part in parts:
            for field, start, end in part.places:
                marks[field][start, end].append(explanation.tag.id)
    return marks


def mark_named(marks: dict[int, dict[tuple[int, int], list[str]]], mentions: Iterable[tuple[str, Mention]]) -> None:
    """Mark also where tags are written out that are mentioned and not suggested; each mention comes with its tag's id."""
    for tag, mention in mentions:
        if not mention.weak:
            marks[mention.field][mention.start, mention.end].append(tag)


def controls_of(clean: CleanText, source: str) -> dict[int, list[str]]:
    """Return the names of the direction controls of a text as it was sent, by where they stood in its clean text."""
    found: dict[int, list[str]] = defaultdict(list)
    if clean.source.starts is None:  # nothing was left out
        return found
    for control in _CONTROL.finditer(source):
        name = _CONTROLS.get(html.unescape(control[0]))
        if name:
            found[int(np.searchsorted(clean.source.starts, control.start()))].append(name)
    return found


def parts_of(text: str) -> list[Piece]:
    """Cut a text at the characters that turn its direction, and name those."""
    parts = [part for part in _TURNS.split(text) if part]
    return [Piece("", "", None, _CONTROLS[part]) if part in _CONTROLS else Piece(part, "") for part in parts]


def pieces_of(
    text: str,
    marks: Marks,
    removed: Mapping[tuple[int, int], str],
    controls: Mapping[int, Sequence[str]],
    offset: int = 0,
) -> list[Piece]:
    """Cut a text at the ends of all marks and at its controls; `offset` is where it begins in the field."""
    end = offset + len(text)
    inside = {span: tags for span, tags in marks.items() if offset <= span[0] and span[1] <= end}
    gone = {span: kind for span, kind in removed.items() if span[0] < end and span[1] > offset}
    turns = {at: names for at, names in controls.items() if offset <= at <= end}
    cuts = sorted({offset, end, *turns, *(max(offset, min(end, cut)) for span in (*inside, *gone) for cut in span)})
    starts = sorted(inside)
    pieces: list[Piece] = []
    for begin, stop in itertools.pairwise([*cuts, end]):
        pieces += [Piece(name, "", None, name) for name in turns.get(begin, ())]
        if begin == stop:
            continue
        covering = [span for span in starts if span[0] <= begin and stop <= span[1]]
        tags = sorted({tag for span in covering for tag in inside[span]})
        kind = next((kind for span, kind in gone.items() if span[0] <= begin and stop <= span[1]), None)
        pieces.append(Piece(text[begin - offset : stop - offset], " ".join(tags), kind))
    return pieces


def paragraphs_of(reading: Reading, body: str, marks: Marks) -> list[list[Piece]]:
    """Return the paragraphs of a body as pieces; `body` is what was sent."""
    controls = controls_of(reading.body, body)
    removed = {(part.start, part.end): part.kind for part in reading.removed}
    spans = sorted(marks)
    paragraphs, offset, first = [], 0, 0
    for line in reading.body.text.split("\n"):
        if line.strip():
            last = first
            while last < len(spans) and spans[last][0] < offset + len(line):
                last += 1
            here = {span: marks[span] for span in spans[first:last]}
            paragraphs.append(pieces_of(line, here, removed, controls, offset))
            first = last
        offset += len(line) + 1
    return paragraphs
