"""An archive -> a draft of a taxonomy."""

from collections.abc import Iterable
from typing import TypeVar

from classifier.domain.taxonomy import Taxonomy
from classifier.reports.draft.archive import Archive
from classifier.reports.draft.broader import one_word_more, same_articles, versions
from classifier.reports.draft.clusters import Clusters
from classifier.reports.draft.ids import Ids, known_tags, label_of
from classifier.reports.draft.names import Name
from classifier.reports.draft.operations import Aliases, create, merge, move
from classifier.reports.draft.pairs import find_pairs
from classifier.reports.draft.records import AliasOf, Blanket, Kept, Pair, TaxonomyDraft, Under, Used

_Row = TypeVar("_Row", bound=Used)

LEAST = 10  # articles of a tag that is kept
BLANKET = 0.5  # the share of articles from which a tag says nothing
BLANKET_FROM = 20  # articles


def draft_taxonomy(archive: Archive, taxonomy: Taxonomy | None = None, least: int = LEAST) -> TaxonomyDraft:
    """Return a draft of a taxonomy. With a taxonomy, names that it has stay its tags.

    `least` is how many articles a tag must have, with its aliases, to be kept. Names alone give no blanket tags, and no
    evidence for misspellings and abbreviations.
    """
    return _Drafting(archive, taxonomy, least).draft()


class _Drafting:
    """The parts of a draft while it is made."""

    def __init__(self, archive: Archive, taxonomy: Taxonomy | None, least: int) -> None:
        self.archive, self.taxonomy, self.least = archive, taxonomy, least
        names = [Name(text) for text in archive.uses if text.strip()]
        self.n_names = len(names)
        self.tags = known_tags(names, taxonomy)  # the ids of the names that the taxonomy has
        self.pairs = find_pairs(names, archive)
        self.clusters = Clusters(names, self.pairs, archive, self.tags)
        self.versions = list(versions(self.clusters, archive))
        self.blanket = self._blanket()
        blank = {row.name for row in self.blanket}
        self.kept = {
            head: n
            for head, n in self.clusters.n.items()
            if head in self.tags or (n >= least and head not in blank and self.clusters.head_of[head].letters)
        }

    def draft(self) -> TaxonomyDraft:
        keep = self._keep()
        alias, under = self._alias(keep), self._under()
        drop = self._drop({*self.kept, *(row.name for row in (*under, *self.blanket))})
        rows: list[Used] = [*keep, *alias]
        return TaxonomyDraft(
            self.archive.n_articles,
            self.n_names,
            sum(self.archive.uses.values()),
            self.least,
            sum(self.kept.values()) / max(1, sum(self.clusters.n.values())),
            keep,
            alias,
            under,
            drop,
            self.blanket,
            self._questions(),
            [row.operation for row in rows if row.operation],
        )

    def _blanket(self) -> list[Blanket]:
        n = self.archive.n_articles
        if n < BLANKET_FROM:
            return []
        often = ((head, n_head) for head, n_head in self.clusters.n.items() if n_head >= BLANKET * n)
        return _most_used(Blanket(head, n_head, None, n_head / n) for head, n_head in often)

    def _keep(self) -> list[Kept]:
        """Return the tags to keep, the most used first, but every tag behind the one that it is under."""
        ids = Ids(self.tags)
        order = sorted(self.kept, key=lambda head: (-self.kept[head], head))
        labels = {head: label_of(self.clusters.head_of[head], self.archive) for head in order}
        of = {head: ids.of(head, labels[head]) for head in order}
        parents = {pair.name: of[pair.other] for pair in self.versions if pair.sure and pair.other in of}
        rows = [self._kept(head, of[head], labels[head], parents.get(head)) for head in order]
        return sorted(rows, key=lambda row: len(self.clusters.head_of[row.name].words) if row.broader else 0)

    def _kept(self, head: str, tag: str, label: str, broader: str | None) -> Kept:
        if self.taxonomy is None or head not in self.tags:
            days = [self.archive.first.get(name.text, "") for name in self.clusters.members[head]]
            operation = create(tag, label, broader, min(filter(None, days), default=None))
            return Kept(head, self.kept[head], operation, tag, label, broader)
        known = self.taxonomy.tag(tag)
        moved = move(tag, (*known.broader, broader)) if broader and broader not in known.broader else None
        return Kept(head, self.kept[head], moved, tag, known.label, broader)

    def _alias(self, keep: Iterable[Kept]) -> list[AliasOf]:
        """Return each name that is not the head of its cluster, by the first of its pairs, the surest first."""
        ids = {row.name: row.id for row in keep}
        aliases = Aliases({row.id: (row.label, *self._names_of(row.id)) for row in keep})
        rows: dict[str, AliasOf] = {}
        for pair in self.pairs:
            head = self.clusters.head_of[pair.name].text
            for name in (pair.name, pair.other) if pair.sure else ():
                if name != head and name not in rows:
                    operation = self._operation_of_alias(name, pair.rule, ids.get(head), aliases)
                    n = self.archive.uses[name]
                    rows[name] = AliasOf(name, n, operation, head, pair.rule, pair.why, head in self.kept)
        return list(rows.values())

    def _names_of(self, tag: str) -> list[str]:
        known = self.taxonomy.by_id.get(tag) if self.taxonomy else None
        return [alias.text for alias in known.aliases] if known else []

    def _operation_of_alias(self, name: str, rule: str, tag: str | None, aliases: Aliases) -> str | None:
        """Return the operation for another name of a kept tag. Tags of other kinds cannot be merged."""
        known = self.tags.get(name)
        if tag is None:
            return None
        if known is None or self.taxonomy is None or known == tag:
            return aliases.add(tag, label_of(Name(name), self.archive), rule)
        return merge(known, tag) if self.taxonomy.tag(known).kind == self.taxonomy.tag(tag).kind else None

    def _under(self) -> list[Under]:
        """Return the versions of kept tags."""
        n = self.clusters.n
        of_kept = (pair for pair in self.versions if pair.sure and pair.other in self.kept)
        return _most_used(
            Under(pair.name, n[pair.name], None, pair.other, pair.why, pair.name in self.kept) for pair in of_kept
        )

    def _drop(self, spoken_for: set[str]) -> list[Used]:
        return _most_used(Used(head, n) for head, n in self.clusters.n.items() if head not in spoken_for)

    def _questions(self) -> list[Pair]:
        """Return what people decide: pairs that are not sure, of which one at least is kept."""
        head_of = self.clusters.head_of
        asked = [
            pair
            for pair in (*self.pairs, *self.versions)
            if not pair.sure
            and head_of[pair.name] is not head_of[pair.other]
            and {head_of[pair.name].text, head_of[pair.other].text} & self.kept.keys()
        ]
        return [
            *asked,
            *one_word_more(self.kept, self.clusters, self.archive),
            *same_articles(self.kept, self.clusters, self.archive),
        ]


def _most_used(rows: Iterable[_Row]) -> list[_Row]:
    return sorted(rows, key=lambda row: (-row.n, row.name))
