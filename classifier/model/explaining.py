"""Why a tag is suggested or not: the parts of its decision value, its evidence, and what became of it."""

from collections.abc import Collection, Sequence

from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Taxonomy
from classifier.model.answer import Part
from classifier.model.evidence import ForAndAgainst, mention_parts, strongest
from classifier.model.scoring import ScoredArticle, Scorer
from classifier.text.mention_features import SCATTERED

MAX_SUMMED = 100_000  # words times tags, whose evidence is summed at once


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
        entries, *_ = scored.scored.terms.entries
        n_tags = max(1, MAX_SUMMED // max(1, len(entries)))
        evidence = []
        for begin in range(0, len(tags), n_tags):
            batch = tags[begin : begin + n_tags]
            sums = scored.surface_forms.sums(self._scorer.term_weights(batch, scored.scored))
            for tag, weights in zip(batch, sums, strict=True):
                evidence.append(strongest(scored, weights, self._mention_parts(tag, scored), self._names(tag), n))
        return evidence

    def parts(self, tag: int, scored: ScoredArticle) -> list[Part]:
        """Return the parts of a tag's decision value, the heaviest first."""
        scorer, p = self._scorer, self._scorer.parameters
        prior, competing = float(scorer.stack.prior[tag]), 0.0
        parts = self._mention_parts(tag, scored)
        if tag in scorer.column:
            column = scorer.column[tag]
            prior += float(scorer.stack.slope[column] * p.intercepts[column])
            competing = float(scorer.stack.competing(scored.scored.classifier)[0, column])
            parts += scored.surface_forms.parts(scorer.term_weights([tag], scored.scored))
        parts.append(Part("prior", f"{int(p.n_positive[tag])} examples", prior, ()))
        if competing:
            parts.append(Part("competing", "the other tags", competing, ()))
        return sorted(parts, key=lambda part: (-abs(part.weight), part.text))

    def outcome(self, tag: int, decision: float, suggested: Collection[int]) -> str:
        """Return what became of a tag, one of OUTCOMES."""
        if tag in suggested:
            return "suggested"
        entry = self._taxonomy.tags[tag]
        if not entry.active:
            return entry.status
        if decision < self._scorer.parameters.thresholds[tag]:
            return "below_threshold"
        rivals = next((members for members in self._taxonomy.exclusive_kinds if tag in members), [])
        return "text" if set(suggested).isdisjoint(rivals) else "another_of_its_kind"

    def _mention_parts(self, tag: int, scored: ScoredArticle) -> list[Part]:
        weight = float(self._scorer.stack.mention_weight[tag] * scored.scored.mentions[0, tag])
        unnamed = "its words are scattered" if scored.category(tag) == SCATTERED else "not named"
        return mention_parts(scored.reading.mentions_of.get(tag, ()), weight, scored.reading, unnamed)

    def _names(self, tag: int) -> frozenset[str]:
        """Return how the names of a tag are spelt."""
        names = self._names_of.get(tag)
        if names is None:
            entry = self._taxonomy.tags[tag]
            names = frozenset(map(spell, (entry.label, *(alias.text for alias in entry.aliases))))
            self._names_of[tag] = names
        return names
