"""Which tags name which, and whose aliases are whose, while a taxonomy is changed: looked up, and not searched for."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from classifier.domain.alias_checks import alias_key
from classifier.domain.taxonomy import Alias, Tag, ids_in

ID_FIELDS = ("broader", "replaced_by", "related", "parts", "origin")
INDEXED = frozenset((*ID_FIELDS, "aliases", "status"))

_Key = TypeVar("_Key")


class TagIndex:
    """The tags that name a tag, and the living ones that have an alias, in no order."""

    def __init__(self, tags: Iterable[Tag]) -> None:
        self._namers: dict[str, tuple[str, ...]] = {}
        self._owners: dict[str, tuple[tuple[str, Alias], ...]] = {}
        for tag in tags:
            self.put(tag.id, None, tag)

    def copy(self) -> "TagIndex":
        """Return an index that goes on from here by itself."""
        index = TagIndex(())
        index._namers, index._owners = dict(self._namers), dict(self._owners)
        return index

    def put(self, tag_id: str, before: Tag | None, after: Tag | None) -> None:
        """Note that a tag is another now. None: there was or is none."""
        gone, come = _differences(set(_named_by(before)), set(_named_by(after)))
        for named in gone:
            self._namers[named] = tuple(namer for namer in self._namers[named] if namer != tag_id)
        for named in come:
            self._namers[named] = (*self._namers.get(named, ()), tag_id)
        lost, given = _differences(_living_aliases(before), _living_aliases(after))
        for alias in lost:
            key = alias_key(alias)
            self._owners[key] = tuple(owned for owned in self._owners[key] if owned != (tag_id, alias))
        for alias in given:
            key = alias_key(alias)
            self._owners[key] = (*self._owners.get(key, ()), (tag_id, alias))

    def namers(self, tag_id: str) -> tuple[str, ...]:
        """Return the tags that name a tag in one of ID_FIELDS."""
        return self._namers.get(tag_id, ())

    def owners(self, key: str) -> tuple[tuple[str, Alias], ...]:
        """Return the living tags that have an alias with a key, with the alias."""
        return self._owners.get(key, ())


def _differences(before: set[_Key], after: set[_Key]) -> tuple[set[_Key], set[_Key]]:
    return before - after, after - before


def _named_by(tag: Tag | None) -> Iterator[str]:
    return (tag_id for field in ID_FIELDS if tag is not None for tag_id in ids_in(tag, field))


def _living_aliases(tag: Tag | None) -> set[Alias]:
    return set(tag.aliases) if tag is not None and not tag.retired else set()
