"""The terms that a CMS sends with its articles -> tags, by the lookup of imports, remembered for each key."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from classifier.domain.operations import ChangeAlias, Merge, Operation, Relabel, Rename
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import TAG_ID, Alias, Taxonomy
from classifier.importers.mapping import Match, TermMap, spelled
from classifier.importers.records import CmsTerm
from classifier.store.cms_terms import IGNORE, PERSON, KeptTerm
from classifier.store.store import Store

FOR_EVER = "9999"  # later than any moment
CMS = "cms"  # `by` of a tag that the CMS named: it made the term for it


@dataclass(frozen=True)
class SentTerm:
    """A term as a CMS sends it. `tag` is the tag that the CMS itself knows it for."""

    id: str
    name: str
    slug: str = ""
    taxonomy: str = ""
    tag: str | None = None


@dataclass(frozen=True)
class Resolved:
    """The terms of a request with their tags.

    `known` has the living tag of each term that stands for one. `explained` has ids that an article may lack from now on
    although nobody removed them, each with the moment until which it was listed for another reason.
    """

    tags: tuple[str, ...] = ()
    known: dict[str, str] = field(default_factory=dict)
    unknown: list[KeptTerm] = field(default_factory=list)
    explained: dict[str, str] = field(default_factory=dict)
    renamed: list[tuple[KeptTerm, KeptTerm]] = field(default_factory=list)


class TermResolver:
    """Resolves the terms of CMSs through the taxonomy that serves."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._map: TermMap | None = None

    def resolve(self, consumer: str, terms: Sequence[SentTerm], taxonomy: Taxonomy) -> Resolved:
        """Return the tags of the terms of a key, and remember what is new."""
        before = self.store.cms_terms.of(consumer, {term.id for term in terms})
        after = {term.id: self._kept(term, before.get(term.id), taxonomy) for term in terms}
        self.store.cms_terms.keep(consumer, (term for term in after.values() if term != before.get(term.term_id)))
        renamed = [(was, after[id_]) for id_, was in before.items() if was.tags and _names(was) != _names(after[id_])]
        return _resolved(list(after.values()), taxonomy, renamed)

    def look_up(self, term: KeptTerm, taxonomy: Taxonomy) -> KeptTerm:
        """Return a term with the tags that its names have in the taxonomy."""
        match = self._match(CmsTerm(term.name, term.slug, term.taxonomy), taxonomy)
        return term.standing_for(match.tags, match.by)

    def _kept(self, sent: SentTerm, before: KeptTerm | None, taxonomy: Taxonomy) -> KeptTerm:
        kept = replace(before or KeptTerm(sent.id, "", "", ""), name=sent.name, slug=sent.slug, taxonomy=sent.taxonomy)
        if before is None and sent.tag is not None and sent.tag in taxonomy.by_id:
            return kept.standing_for((sent.tag,), CMS)
        if not kept.settled:
            return self.look_up(kept, taxonomy)
        return self._followed(kept, taxonomy) if before is not None and _names(before) != _names(kept) else kept

    def _followed(self, renamed: KeptTerm, taxonomy: Taxonomy) -> KeptTerm:
        """Return a renamed term with the tag of its new name, where that is another one and no person said otherwise."""
        found = self.look_up(renamed, taxonomy)
        is_other = set(map(taxonomy.paths.heir, found.tags)) != set(map(taxonomy.paths.heir, renamed.tags))
        return found if found.tags and is_other and renamed.by not in (PERSON, IGNORE) else renamed

    def _match(self, term: CmsTerm, taxonomy: Taxonomy) -> Match:
        if self._map is None or self._map.taxonomy is not taxonomy:
            self._map = TermMap(taxonomy)
        return self._map.match(term)


def _names(term: KeptTerm) -> tuple[str, str]:
    return term.name, term.slug


def _resolved(terms: Sequence[KeptTerm], taxonomy: Taxonomy, renamed: list[tuple[KeptTerm, KeptTerm]]) -> Resolved:
    tags = tuple(dict.fromkeys(tag for term in terms for tag in term.tags))
    one = ((term.term_id, {taxonomy.paths.heir(tag) for tag in term.tags}) for term in terms)
    known = {term_id: heirs.pop() for term_id, heirs in one if len(heirs) == 1}
    # Before terms were sent, a CMS listed the slugs of those without a tag.
    explained = {term.slug: FOR_EVER for term in terms if term.slug and term.slug not in taxonomy.by_id}
    explained |= {tag: at for term in terms for tag, at in term.former}
    return Resolved(tags, known, [term for term in terms if not term.settled], explained, renamed)


def operations_of(was: KeptTerm, now: KeptTerm, taxonomy: Taxonomy) -> list[Operation]:
    """Return what a person may have meant for the taxonomy who renamed the term of one tag in the CMS."""
    tag = taxonomy.by_id.get(taxonomy.paths.heir(was.tags[0])) if len(was.tags) == 1 else None
    if tag is None or tag.retired:
        return []
    operations: list[Operation] = []
    if now.tags != was.tags:
        return [Merge((tag.id,), now.tags[0])] if len(now.tags) == 1 else []
    names = {spell(name) for name in (tag.label, *(alias.text for alias in tag.aliases))}
    if spell(now.name) != spell(was.name) and spell(now.name) not in names:
        is_label = spell(was.name) == spell(tag.label)
        operations.append(Relabel(tag.id, now.name) if is_label else ChangeAlias(tag.id, add=Alias(now.name)))
    if was.slug == tag.id and now.slug != tag.id and TAG_ID.fullmatch(now.slug) and now.slug not in taxonomy.by_id:
        operations.append(Rename(tag.id, now.slug))
    return operations


def entries_of(corrected: Sequence[tuple[str, KeptTerm]]) -> dict[str, tuple[str, ...]]:
    """Return what persons said of terms as the entries of a map, by names and slugs, without those that contradict."""
    said = [(name, term.tags) for _, term in corrected for name in (term.name, term.slug) if name]
    tags_of: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for name, tags in said:
        tags_of[spelled(name)].add(tags)
    return {name: tags for name, tags in said if len(tags_of[spelled(name)]) == 1}
