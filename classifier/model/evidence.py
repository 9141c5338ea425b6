"""The evidence of a tag: where in the text its strongest words and its mentions stand."""

from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np

from classifier.domain.articles import TEXT_FIELDS, Article
from classifier.domain.spelling import fold, spell
from classifier.model.answer import DIGITS, Evidence, Part, Span
from classifier.model.scoring import ScoredArticle
from classifier.model.surface_forms import MAX_SPANS
from classifier.text.mentions import Mention
from classifier.text.reading import Reading

MAX_SLICE = 2_000  # characters of evidence. What is longer has a page of markup in the middle of a name.

ForAndAgainst = tuple[list[Evidence], list[Evidence]]


def mention_parts(mentions: Sequence[Mention], weight: float, reading: Reading, unnamed: str) -> list[Part]:
    """Return the parts of a tag's mentions, which share a weight alike; one part called `unnamed` if there are none."""
    if not mentions:
        return [Part("mention", unnamed, weight, ())]
    groups: dict[str, list[Span]] = defaultdict(list)
    for _, number, _, start, end, _ in mentions:
        groups[fold(reading.text.contents[number][start:end])].append((number, start, end))
    return [
        Part("mention", text, weight * len(spans) / len(mentions), tuple(spans[:MAX_SPANS]))
        for text, spans in groups.items()
    ]


def strongest(
    scored: ScoredArticle, sums: np.ndarray, mentions: Sequence[Part], names: Collection[str], n: int
) -> ForAndAgainst:
    """Return up to `n` pieces of evidence for and against, without common words.

    A name counts together with the words that stand nowhere else. A name of the tag is never evidence against it: if
    its mentions have a negative weight, the text only names it too seldom.
    `sums`: (n_forms,) weights of the surface forms, that of the common words first.
    `mentions`: the parts of the tag's mentions.
    `names`: how the tag's names are spelt (see `spelling.spell`).
    """
    forms = scored.surface_forms
    order = (-np.abs(sums[1:])).argsort(kind="stable")[: 3 * n] + 1
    numbers: dict[str, int] = {}
    weights: dict[str, float] = {}
    for number, weight in zip(order.tolist(), sums[order].tolist(), strict=True):
        if weight:
            text = forms.text(number)
            numbers[text], weights[text] = number, weight
    spans: dict[str, Span] = {}
    names = set(names)
    for part in mentions:
        if not part.spans:
            continue
        # A word that stands nowhere but in the name would only speak for it twice, or against it.
        inner = {
            word: weights[word]
            for word in dict.fromkeys((part.text, *part.text.split()))
            if word in weights and word in numbers and forms.n_times(numbers[word]) <= len(part.spans)
        }
        names.update(map(spell, (part.text, *inner)))
        if part.weight > 0:
            spans[part.text] = part.spans[0]
            weights = {word: weight for word, weight in weights.items() if word not in inner}
            weights[part.text] = weights.get(part.text, 0.0) + part.weight + sum(inner.values())
    pros: list[Evidence] = []
    cons: list[Evidence] = []
    for text, weight in sorted(weights.items(), key=lambda item: (-abs(item[1]), item[0])):
        side = pros if weight > 0 else cons
        if not weight or len(side) == n or (side is cons and spell(text) in names):
            continue
        evidence = evidence_at(spans.get(text) or forms.first(numbers[text]), weight, scored.article, scored.reading)
        if len(evidence.text) <= MAX_SLICE:
            side.append(evidence)
    return pros, cons


def evidence_at(where: Span, weight: float, article: Article, reading: Reading) -> Evidence:
    """Return the evidence of a clean place as a place in what was sent."""
    field, clean_start, clean_end = where
    start, end = reading.source_span(field, clean_start, clean_end)
    sent, plain = article.texts[field], reading.clean[field].text[clean_start:clean_end]
    return Evidence(TEXT_FIELDS[field], start, end, sent[start:end], plain, round(weight, DIGITS))
