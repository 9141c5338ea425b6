"""The aliases of a taxonomy by their spelling, without conditions, so that places where they do not count are found too."""

from collections import defaultdict
from collections.abc import Container
from typing import NamedTuple

from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.text.mentions import MentionFinder


class Owner(NamedTuple):
    """An alias of a tag, by their places in the taxonomy."""

    tag: int
    alias: int


class AliasNames:
    """The spellings of all aliases of tags that are not retired, and a finder of them."""

    def __init__(self, taxonomy: Taxonomy, only: Container[str] | None = None) -> None:
        """Take the taxonomy whose aliases they are, and the tags whose aliases are wanted, None for all."""
        owners: defaultdict[tuple[str, bool], list[Owner]] = defaultdict(list)
        for number, tag in enumerate(taxonomy.tags):
            is_wanted = not tag.retired and (only is None or tag.id in only)
            for place, alias in enumerate(tag.aliases if is_wanted else ()):
                owners[spell(alias.text), alias.whole_word].append(Owner(number, place))
        owners.pop(("", True), None)
        owners.pop(("", False), None)
        self.spellings = [spelling for spelling, _ in owners]
        self.owners = list(owners.values())
        aliases = (Alias(spelling, whole_word=whole) for spelling, whole in owners)
        self.finder = MentionFinder(
            Taxonomy(tuple(Tag(str(n), alias.text, aliases=(alias,)) for n, alias in enumerate(aliases)))
        )
        self.within = self._within()
        self._by_name = {
            (owner.tag, spelling): owner
            for spelling, of in zip(self.spellings, self.owners, strict=True)
            for owner in of
        }
        self._tags_of: defaultdict[str, set[int]] = defaultdict(set)
        for spelling, of in zip(self.spellings, self.owners, strict=True):
            self._tags_of[spelling].update(owner.tag for owner in of)
        self._beginnings = [(owner, spelling) for (spelling, whole), of in owners.items() if not whole for owner in of]

    def _within(self) -> list[list[int]]:
        """Return for each spelling the others that are a part of its words, by number."""
        numbers = {spelling: number for number, spelling in enumerate(self.spellings)}
        within = []
        for number, spelling in enumerate(self.spellings):
            words = spelling.split()
            parts = {" ".join(words[a:b]) for a in range(len(words)) for b in range(a + 1, len(words) + 1)}
            within.append(sorted(numbers[part] for part in parts & numbers.keys() if numbers[part] != number))
        return within

    def owner(self, tag: int, surface: str) -> Owner | None:
        """Return the alias by which a place of a text names a tag."""
        spelling = spell(surface)
        found = self._by_name.get((tag, spelling))
        beginnings = (owner for owner, begin in self._beginnings if owner.tag == tag and spelling.startswith(begin))
        return found or next(beginnings, None)

    def sharing(self, owner: Owner, alias: Alias) -> list[int]:
        """Return the other tags, by number, that have an alias of the same spelling."""
        return sorted(self._tags_of[spell(alias.text)] - {owner.tag})
