"""The newest articles, read through the taxonomies of before and after in one pass: hits of aliases, and findings of the linter."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from classifier.domain.decisions import Filed
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.reports.desk.records import Rate
from classifier.reports.lint.figures import BATCH, Linter
from classifier.reports.lint.near import near_tags
from classifier.reports.lint.records import LintFinding
from classifier.reports.preview.aliases import AliasPass, changed_aliases, words_of
from classifier.reports.preview.records import FindingOut
from classifier.text.reading import ArticleReader, Reading

Sides = tuple[Taxonomy, Taxonomy]


class Newest(NamedTuple):
    """What the newest articles say of a change."""

    n_read: int
    hits: AliasPass
    findings: list[FindingOut]  # only afterwards
    mended: list[FindingOut]  # only before


def read_newest(filed: Iterable[Filed], tags: Sequence[str], sides: Sides, acceptance: Mapping[str, Rate]) -> Newest:
    """Return what articles say of a change.

    Args:
        filed: the articles, the newest first, with the ids of their tags as they were written.
        tags: that the change touches.
        sides: the taxonomies before and after it.
        acceptance: of the suggestions of each tag.
    """
    changed = changed_aliases(tags, *sides)
    near = near_tags(sides[0], tags) | near_tags(sides[1], tags)
    linters, unreadable = (Linter(sides[0], tags, near), Linter(sides[1], tags, near)), Unreadable()
    hits = AliasPass(changed, (linters[0].aliases, linters[1].aliases), sides)
    labels = {frozenset(spell(side.by_id[tag].label).split()) for side in sides for tag in tags if tag in side.by_id}
    reader = _PairReader(sides, [*words_of(changed), *labels], unreadable)
    rest = iter(filed)
    while batch := list(islice(rest, BATCH)):
        pairs = [
            (row, readings) for row, readings in zip(batch, reader.read(batch), strict=True) if readings is not None
        ]
        bare = [
            linter.finder.find_all([readings[side].text for _, readings in pairs])
            for side, linter in enumerate(linters)
        ]
        for number, (row, readings) in enumerate(pairs):
            through = row.through(sides[0]), row.through(sides[1])
            names = bare[0][number], bare[1][number]
            counted = [linter.count(through[side], readings[side], names[side]) for side, linter in enumerate(linters)]
            hits.count(readings, (counted[0][1], counted[1][1]), through[1], counted[1][0])
    findings = [_keyed(linter.report(acceptance, None, unreadable).findings) for linter in linters]
    return Newest(
        linters[0].n_articles,
        hits,
        [row for key, row in findings[1].items() if key not in findings[0]],
        [row for key, row in findings[0].items() if key not in findings[1]],
    )


class _PairReader:
    """Reads articles through two taxonomies, those without any changed name only once."""

    def __init__(self, sides: Sides, names: Sequence[frozenset[str]], unreadable: Unreadable) -> None:
        self._readers = [ArticleReader(taxonomy) for taxonomy in sides]
        self._names, self._unreadable = names, unreadable
        before, after = ([tag.id for tag in taxonomy.tags] for taxonomy in sides)
        self._same_places = before == after[: len(before)]  # else a mention of one side is of another tag on the other

    def read(self, filed: Sequence[Filed]) -> list[tuple[Reading, Reading] | None]:
        articles = [row.article for row in filed]
        before = self._unreadable.each(self._readers[0].read_all, articles)
        again = [number for number, reading in enumerate(before) if reading is not None and self._may_differ(reading)]
        read = self._unreadable.each(self._readers[1].read_all, [articles[number] for number in again])
        after = dict(enumerate(before)) | dict(zip(again, read, strict=True))
        pairs = zip(before, after.values(), strict=True)
        return [(first, last) if first is not None and last is not None else None for first, last in pairs]

    def _may_differ(self, reading: Reading) -> bool:
        """Whether the text has the words of a changed name, in what is read of it or in boilerplate."""
        if not self._same_places:
            return True
        text = " ".join(field.text for field in reading.clean)
        words = set(spell(text).split())
        return any(name <= words for name in self._names)


def _keyed(findings: Iterable[LintFinding]) -> dict[tuple[str, str, str | None, str | None], FindingOut]:
    return {
        (row.check, row.tag, row.alias, row.other): {
            "check": row.check,
            "tag": row.tag,
            "alias": row.alias,
            "other": row.other,
            "figure": row.figure,
            "operation": row.operation,
        }
        for row in findings
    }
