"""How pages show an article and its tags: the text in pieces with their evidence, the reasons as bars."""

import itertools
import math
import re
import tomllib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from classifier.domain.articles import Article
from classifier.model.answer import Explanation, Part, Span
from classifier.text.fields import BODY, FIELDS, STANDFIRST, TITLE
from classifier.text.markup import unescaped
from classifier.text.reading import Reading
from classifier.text.source_map import CleanText, Removed
from classifier.texts import _, gettext, number
from classifier.web.texts import label_of

N_REASONS = 6  # listed for a tag, and as many against it
MIN_WEIGHT = 0.005  # of a reason that is listed
MARKED_SHARE = 0.15  # of the strongest reason; weaker ones are listed, not marked
WORDING: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_name("wording.toml").read_text(encoding="utf-8"))
# Invisible characters that turn the direction of the text after them. The pages show them by name.
_NAMES = ["ALM", "LRM", "RLM", "LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"]
_CONTROLS = dict(zip("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", _NAMES, strict=True))
_TURNS = re.compile(f"([{''.join(_CONTROLS)}])")
_NUMBERS = r"&#0*(?:8\d{3}|1564)(?!\d);?|&#[xX]0*(?:20[0-9a-fA-F]{2}|61[cC])(?![0-9a-fA-F]);?"
_CONTROL = re.compile(f"[{''.join(_CONTROLS)}]|&(?:lrm|rlm);|{_NUMBERS}")

_LINE = re.compile(r"[^\n]+")
MAX_CONTROLS = 1000  # shown of one text
MAX_REMOVED = 50  # parts that are listed, and the characters that are shown of each
MAX_SHOWN = 200

Marks = Mapping[tuple[int, int], list[str]]  # the tags with evidence in each span of a field
MarksOfFields = Mapping[int, dict[tuple[int, int], list[str]]]
Controls = Mapping[int, Sequence[str]]  # the names of invisible characters before each place


class _Layer(NamedTuple):
    """A stretch of text that has evidence for a tag, or that was left out and is of this kind."""

    start: int
    end: int
    tag: str = ""
    removed: str = ""


@dataclass(frozen=True)
class Reason:
    """A word or name that speaks for or against a tag. `width` is the percentage of the longest bar."""

    text: str
    weight: float
    n_places: int
    width: int


@dataclass(frozen=True)
class Why:
    """The reasons for and against a tag. `precedents` are titles of past articles."""

    tag: str
    label: str
    pros: list[Reason]
    cons: list[Reason]
    score: float
    threshold: float
    decision_value: float
    outcome: str
    precedents: list[str]


@dataclass(frozen=True)
class Piece:
    """A stretch of text with evidence for the same tags, or the name of an invisible character."""

    text: str
    tags: tuple[str, ...] = ()
    removed: str | None = None
    control: str | None = None


@dataclass(frozen=True)
class LeftOut:
    """The beginning of a part of a body that is not the article."""

    kind: str
    text: str


@dataclass(frozen=True)
class MarkedText:
    """The text of an article as pages show it, and what is not part of the article."""

    title: list[Piece]
    standfirst: list[list[Piece]]
    paragraphs: list[list[Piece]]
    removed: list[LeftOut]
    n_more_removed: int


def rejections() -> list[tuple[str, str]]:
    """Return why editors reject a tag: each reason as the API has it, and in words."""
    return [(reason, gettext(text)) for reason, text in WORDING["rejections"].items()]


def why_of(explanation: Explanation, titles: Mapping[str, str]) -> Why:
    """Return the reasons of an explanation. `titles` are those of its precedents."""
    widest = max((abs(part.weight) for part in explanation.parts), default=1.0) or 1.0

    def reasons(sign: int) -> list[Reason]:
        parts = [part for part in explanation.parts if part.weight * sign > 0 and abs(part.weight) >= MIN_WEIGHT]
        return [
            Reason(_shown(part), part.weight, len(part.spans), max(2, round(100 * abs(part.weight) / widest)))
            for part in parts[:N_REASONS]
        ]

    tag, score, threshold, value, outcome, _, precedents = explanation
    past = [titles.get(article_id) or article_id for article_id, _ in precedents]
    outcome = gettext(WORDING["outcomes"][outcome])
    return Why(tag.id, label_of(tag), reasons(1), reasons(-1), score, threshold, value, outcome, past)


def _shown(part: Part) -> str:
    match part.kind:
        case "prior":
            return _("base rate of this tag (%(rate)s)", rate=part.text)
        case "competing":
            return _("other tags that fit better or worse")
        case "mention" if part.spans:
            if part.weight < 0:
                return _("named too little: %(name)s", name=part.text)
            return _("named: %(name)s", name=part.text)
        case _:
            return part.text


def marks_of(explanations: Iterable[Explanation]) -> MarksOfFields:
    """Return the tags with strong evidence in each span, by field. A word that is part of a name marks the name."""
    marks: dict[int, dict[tuple[int, int], list[str]]] = {field: defaultdict(list) for field in range(len(FIELDS))}
    for explanation in explanations:
        parts = [part for part in explanation.parts if part.weight > 0 and part.spans]
        names = sorted(span for part in parts if part.kind == "mention" for span in part.spans)
        strongest = [part for part in parts[:N_REASONS] if part.weight >= MARKED_SHARE * parts[0].weight]
        for field, start, end in {_name_around(span, names) for part in strongest for span in part.spans}:
            marks[field][start, end].append(explanation.tag.id)
    return marks


def _name_around(span: Span, names: Sequence[Span]) -> Span:
    """Return the name that a span is in, of sorted ones that do not overlap, or the span itself."""
    field, start, end = span
    index = bisect_right(names, (field, start, math.inf)) - 1
    return names[index] if index >= 0 and names[index][0] == field and names[index][2] >= end else span


def controls_of(clean: CleanText, source: str) -> Controls:
    """Return the names of the direction controls of a text, by their offsets in its clean text.

    After the first `MAX_CONTROLS`, only the number of the others is returned, at the last offset.
    """
    controls: dict[int, list[str]] = defaultdict(list)
    if clean.source.starts is None:  # nothing was left out
        return controls
    matches = [(match.start(), _CONTROLS.get(unescaped(match[0]))) for match in _CONTROL.finditer(source)]
    named = [(start, name) for start, name in matches if name]
    # All offsets are looked up together: numpy copies the whole array for a number of another type.
    starts = np.array([start for start, _ in named[: MAX_CONTROLS + 1]], dtype=clean.source.starts.dtype)
    offsets = clean.source.starts.searchsorted(starts).tolist()
    for offset, (__, name) in zip(offsets, named[:MAX_CONTROLS], strict=False):
        controls[offset].append(name)
    if len(named) > MAX_CONTROLS:
        controls[offsets[-1]].append(gettext("%(n)s more", n=number(len(named) - MAX_CONTROLS)))
    return controls


def marked_text(article: Article, reading: Reading, marks: MarksOfFields) -> MarkedText:
    """Return the text of an article as it was read, cut where evidence begins and ends."""
    title = pieces_of(reading.title.text, marks[TITLE], controls_of(reading.title, article.title))
    standfirst = paragraphs_of(reading.standfirst, article.standfirst, marks[STANDFIRST])
    body = paragraphs_of(reading.body, article.body, marks[BODY], reading.removed)
    return MarkedText(title, standfirst, body, *left_out(reading))


def left_out(reading: Reading) -> tuple[list[LeftOut], int]:
    """Return the first parts that were left out of a body, and the number of the others."""
    text, parts = reading.body.text, reading.removed
    shown = [
        LeftOut(gettext(part.kind), text[part.start : min(part.end, part.start + MAX_SHOWN)])
        for part in parts[:MAX_REMOVED]
    ]
    return shown, len(parts) - len(shown)


def parts_of(text: str) -> list[Piece]:
    """Cut a text at its direction controls, and name these."""
    parts = [part for part in _TURNS.split(text) if part]
    return [Piece("", control=_CONTROLS[part]) if part in _CONTROLS else Piece(part) for part in parts]


def pieces_of(text: str, marks: Marks, controls: Controls) -> list[Piece]:
    """Cut a text of one line where marks begin or end, and at its controls."""
    return _cut(text, [(0, len(text))], _layers(text, marks), controls)[0]


def paragraphs_of(clean: CleanText, source: str, marks: Marks, removed: Iterable[Removed] = ()) -> list[list[Piece]]:
    """Return the paragraphs of a text as pieces. `source` is what was sent."""
    lines = [line.span() for line in _LINE.finditer(clean.text) if not line[0].isspace()]
    layers = [
        *_layers(clean.text, marks),
        *(_Layer(part.start, part.end, removed=gettext(part.kind)) for part in removed),
    ]
    return _cut(clean.text, lines, layers, controls_of(clean, source))


def _layers(text: str, marks: Marks) -> list[_Layer]:
    """Return the marks of each tag. Marks that overlap, touch or belong to one name are merged."""
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
    """Whether the word at `start` continues the name before it: "al-Qaeda", "Boko Haram"."""
    between = text[before[1]] if start == before[1] + 1 else ""
    return between in ("-", "'") or (between == " " and text[before[0]].isupper() and text[start].isupper())


def _cut(
    text: str, lines: Sequence[tuple[int, int]], layers: Iterable[_Layer], controls: Controls
) -> list[list[Piece]]:
    """Cut the lines of a text where layers begin and end, and at controls. The layers of one tag must not touch."""
    begins: dict[int, list[_Layer]] = defaultdict(list)
    ends: dict[int, list[_Layer]] = defaultdict(list)
    for layer in layers:
        begins[layer.start].append(layer)
        ends[layer.end].append(layer)
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
            paragraphs[-1] += [Piece("", control=name) for name in controls.get(begin, ())]
        is_inside &= begin not in last
        for layer in ends.get(begin, ()):
            tags.discard(layer.tag)
            kind = None if layer.removed else kind
        for layer in begins.get(begin, ()):
            tags.add(layer.tag)
            kind = layer.removed or kind
        if is_inside:
            paragraphs[-1].append(Piece(text[begin:stop], tuple(sorted(tags - {""})), kind))
    return paragraphs
