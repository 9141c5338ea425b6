"""Names that are surely one, joined, and the name that stands for each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from classifier.reports.draft.archive import Archive
from classifier.reports.draft.names import Name
from classifier.reports.draft.pairs import ranked
from classifier.reports.draft.records import Pair


class Clusters:
    """Names that are one tag, by the name that stands for them: one that is a tag already, else the most used."""

    def __init__(self, names: Sequence[Name], pairs: Sequence[Pair], archive: Archive, tags: Mapping[str, str]) -> None:
        """Join the names of sure pairs, and names that are one tag of a taxonomy already: `tags` has their ids."""
        self._archive = archive
        self._parents: dict[str, str] = {}
        first_of: dict[str, str] = {}
        for text, tag in tags.items():
            self._parents[text] = first_of.setdefault(tag, text)
        for pair in pairs:
            if pair.sure:
                self._parents[self._root(pair.name)] = self._root(pair.other)
        joined: defaultdict[str, list[Name]] = defaultdict(list)
        for name in names:
            joined[self._root(name.text)].append(name)
        self.members: dict[str, list[Name]] = {}
        self.head_of: dict[str, Name] = {}
        for cluster in joined.values():
            members = ranked(cluster, archive)
            head = next((name for name in members if name.text in tags), members[0])
            self.members[head.text] = [head, *(name for name in members if name is not head)]
            self.head_of |= {name.text: head for name in members}
        self.n = {head: self._count(members) for head, members in self.members.items()}

    def _root(self, name: str) -> str:
        while (parent := self._parents.get(name, name)) != name:
            self._parents[name] = self._parents.get(parent, parent)  # halves the path (Tarjan and van Leeuwen 1984)
            name = parent
        return name

    def _count(self, members: Sequence[Name]) -> int:
        """Return how many articles have any of some names; from names alone, the sum of their uses."""
        tagged: Mapping[str, frozenset[int]] = self._archive.tagged
        if not tagged:
            return sum(self._archive.uses[name.text] for name in members)
        return len(frozenset().union(*(tagged.get(name.text, frozenset()) for name in members)))
