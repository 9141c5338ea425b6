"""Why a tag is suggested or not: the parts of its decision value, its evidence in the text, and what became of it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import chain

import numpy as np

from classifier.domain.articles import TEXT_FIELDS, Article
from classifier.domain.spelling import fold, spell
from classifier.domain.taxonomy import Taxonomy
from classifier.model.answer import DIGITS, Evidence, Part, Span
from classifier.model.scoring import ScoredArticle, Scorer
from classifier.model.surface_forms import MAX_SPANS
from classifier.text.mention_features import SCATTERED
from classifier.text.mentions import Mention
from classifier.text.reading import Reading

MAX_SUMMED = 100_000  # words times tags, whose evidence is summed at once
MAX_SLICE = 2_000  # characters of evidence. What is longer has a page of markup in the middle of a name.

ForAndAgainst = tuple[list[Evidence], list[Evidence]]


def mention_parts(mentions: Sequence[Mention], weight: float, reading: Reading, unnamed: str) -> list[Part]:
    """Return the parts of a tag's mentions, which share a weight alike; one part called `unnamed` if there are none."""
    if not mentions:
        return [Part("mention", unnamed, weight, ())]
    groups: dict[str, list[Span]] = defaultdict(list)
    for _, number, _, start, end, _ in mentions:
        groups[fold(reading.text.contents[number][start:end])].append((number, start, end))
    shares = ((text, spans, weight * len(spans) / len(mentions)) for text, spans in groups.items())
    return [Part("mention", text, share, tuple(spans[:MAX_SPANS])) for text, spans, share in shares]


def heaviest(weights: np.ndarray, n: int) -> list[dict[int, float]]:
    """Return the `n` weights of each row, (n_rows, n), that are farthest from zero, by their columns. None is 0.

    Of equal ones the first count.
    """
    sizes = np.abs(weights)
    n = min(n, sizes.shape[1])
    if not n:
        return [{} for _ in weights]
    least = np.partition(sizes, -n, axis=1)[:, -n, None]  # the others are not sorted: a text has hundreds
    rows, columns = ((sizes >= least) & (sizes > 0.0)).nonzero()
    found: list[dict[int, float]] = [{} for _ in weights]
    for row, column, weight in zip(rows.tolist(), columns.tolist(), weights[rows, columns].tolist(), strict=True):
        found[row][column] = weight
    return [dict(sorted(each.items(), key=lambda item: -abs(item[1]))[:n]) if len(each) > n else each for each in found]


def strongest(
    scored: ScoredArticle,
    weights: dict[str, float],
    forms: Mapping[str, tuple[Span, int]],
    mentions: Sequence[Part],
    names: Collection[str],
    n: int,
) -> ForAndAgainst:
    """Return up to `n` pieces of evidence for and against, from the `weights` of surface forms and the parts of mentions.

    `forms` say where a form stands first, and how often it stands in the text.
    A name counts together with the words that stand nowhere else. A name of the tag is never evidence against it: if
    its mentions have a negative weight, the text only names it too seldom. `names` are spelt as by `spelling.spell`.
    """
    of_forms, weights = weights, weights.copy()
    spans: dict[str, Span] = {}
    named = set[str]()
    for part in mentions:
        if not part.spans:
            continue
        # A word that stands nowhere but in the name would only speak for it twice, or against it.
        inner = {
            word: weights[word]
            for word in dict.fromkeys((part.text, *part.text.split()))
            if word in of_forms and word in weights and forms[word][1] <= len(part.spans)
        }
        named.update(map(_spelt, (part.text, *inner)))
        if part.weight > 0:
            for word in inner:
                del weights[word]
            spans[part.text] = part.spans[0]
            weights[part.text] = weights.get(part.text, 0.0) + part.weight + sum(inner.values())
    pros: list[Evidence] = []
    cons: list[Evidence] = []
    for _, text in sorted((-abs(weight), text) for text, weight in weights.items()):
        weight = weights[text]
        side = pros if weight > 0 else cons
        if not weight or len(side) == n or (side is cons and ((spelt := _spelt(text)) in names or spelt in named)):
            continue
        evidence = evidence_at(spans.get(text) or forms[text][0], weight, scored.article, scored.reading)
        if len(evidence["text"]) <= MAX_SLICE:
            side.append(evidence)
    return pros, cons


def _spelt(folded: str) -> str:
    """Return the spelling of a folded text: a word without any sign is spelt as it is."""
    return folded if folded.isalnum() else spell(folded)


def evidence_at(where: Span, weight: float, article: Article, reading: Reading) -> Evidence:
    """Return the evidence of a clean place as a place in what was sent."""
    field, clean_start, clean_end = where
    start, end = reading.source_span(field, clean_start, clean_end)
    name, plain = TEXT_FIELDS[field], reading.clean[field].text[clean_start:clean_end]
    sent: str = getattr(article, name)
    return {
        "field": name,
        "start": start,
        "end": end,
        "text": sent[start:end],
        "plain": plain,
        "weight": round(weight, DIGITS),
    }


class Explainer:
    """Takes the decision values of articles apart."""

    def __init__(self, scorer: Scorer, taxonomy: Taxonomy) -> None:
        self._scorer = scorer
        self._taxonomy = taxonomy
        self._names_of: dict[int, frozenset[str]] = {}

    def evidence(self, tags: Sequence[int], scored: ScoredArticle, n: int) -> list[ForAndAgainst]:
        """Return up to `n` pieces of evidence for each of some tags, and against it."""
        if not n or not tags:
            return [([], []) for _ in tags]
        surface = scored.surface_forms
        n_tags = max(1, MAX_SUMMED // max(1, len(surface.rows)))
        evidence = []
        for begin in range(0, len(tags), n_tags):
            batch = tags[begin : begin + n_tags]
            heavy = heaviest(surface.sums(self._scorer.term_weights(batch, scored.scored, surface.rows)), 3 * n)
            numbers = list({*chain.from_iterable(heavy)})
            forms = surface.forms(numbers)
            text_of = dict(zip(numbers, forms, strict=True))
            for tag, weights in zip(batch, heavy, strict=True):
                of_tag = {text_of[number]: weight for number, weight in weights.items()}
                evidence.append(strongest(scored, of_tag, forms, self._mention_parts(tag, scored), self._names(tag), n))
        return evidence

    def parts(self, tag: int, scored: ScoredArticle) -> list[Part]:
        """Return the parts of a tag's decision value, the heaviest first."""
        scorer, p = self._scorer, self._scorer.parameters
        prior, competing = float(scorer.stack.prior[tag]) + self._not_named(tag), 0.0
        parts = self._mention_parts(tag, scored)
        if tag in scorer.column:
            column = scorer.column[tag]
            prior += float(scorer.stack.slope[column] * p.intercepts[column])
            competing = float(scorer.stack.competing(scored.scored.classifier)[0, column])
            parts += scored.surface_forms.parts(scorer.term_weights([tag], scored.scored))
        parts.append(Part("prior", f"{int(p.n_positive[tag])} examples", prior, ()))
        if recency := float(scorer.stack.recency[tag]):
            often = "more" if recency > 0.0 else "less"  # the weight of an offset is never negative
            parts.append(Part("recency", f"used {often} often lately", recency, ()))
        if competing:
            parts.append(Part("competing", "the other tags", competing, ()))
        return sorted(parts, key=lambda part: (-abs(part.weight), part.text))

    def outcome(self, tag: int, passed: bool, suggested: Collection[int]) -> str:
        """Return what became of a tag, as an `Explanation` names it. `passed` says whether it reaches its threshold."""
        if tag in suggested:
            return "suggested"
        entry = self._taxonomy.tags[tag]
        if not entry.active:
            return entry.status
        if not passed:
            return "below_threshold"
        rivals = next((members for members in self._taxonomy.exclusive_kinds if tag in members), [])
        return "text" if set(suggested).isdisjoint(rivals) else "another_of_its_kind"

    def _mention_parts(self, tag: int, scored: ScoredArticle) -> list[Part]:
        weight = float(self._scorer.stack.mention_weight[tag] * scored.scored.mentions[0, tag]) - self._not_named(tag)
        unnamed = "its words are scattered" if scored.category(tag) == SCATTERED else "not named"
        return mention_parts(scored.reading.mentions_of.get(tag, ()), weight, scored.reading, unnamed)

    def _not_named(self, tag: int) -> float:
        """Return what the mentions of a tag that is not named add. It is a part of the prior in a language that was not learned.

        There a name is all that speaks for a tag, and so it never speaks against it.
        """
        scorer = self._scorer
        return float(scorer.stack.mention_weight[tag] * scorer.unnamed[tag]) if scorer.is_of_names else 0.0

    def _names(self, tag: int) -> frozenset[str]:
        if tag not in self._names_of:
            entry = self._taxonomy.tags[tag]
            self._names_of[tag] = frozenset(map(spell, (entry.label, *(alias.text for alias in entry.aliases))))
        return self._names_of[tag]
