"""By which names a text may name a tag: its aliases in their languages, and its labels in other languages."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from classifier.domain.alias_checks import alias_key, alias_problems
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Alias, Kind, Tag, Taxonomy

MAIN_LANGUAGE = "en"  # of kinds that say nothing else, in a taxonomy that says which kinds are named
NAMED_BEFORE = frozenset(("group", "place", "person"))  # the kinds that were named before taxonomies could say so

_spelling = lru_cache(maxsize=50_000)(spell)  # of names, which are asked for again and again


def primary(language: str) -> str:
    """Return the first part of a language as BCP 47 writes it: `pt` of `pt-BR`."""
    return language.partition("-")[0]


def named_kinds(kinds: Mapping[str, Kind]) -> frozenset[str]:
    """Return the kinds whose tags have names that are the same in every language, such as groups, places and persons."""
    named = frozenset(name for name, kind in kinds.items() if kind.named)
    return named or NAMED_BEFORE & kinds.keys()


def language_of_kind(name: str, kinds: Mapping[str, Kind]) -> str | None:
    """Return the language of aliases of a kind that name none, None if they count in texts of any language.

    A taxonomy in which no kind is named is of an earlier version, or of one language.
    """
    kind = kinds.get(name, Kind())
    if kind.named:
        return None
    return kind.lang or (MAIN_LANGUAGE if any(other.named for other in kinds.values()) else None)


class Names:
    """The names of the tags of a taxonomy."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._kinds = taxonomy.kinds
        self._languages = {tag.kind: language_of_kind(tag.kind, taxonomy.kinds) for tag in taxonomy.tags}
        living = [tag for tag in taxonomy.tags if not tag.retired] if any(t.labels for t in taxonomy.tags) else []
        self._taken = _owners(living)

    def of(self, tag: Tag) -> tuple[Alias, ...]:
        """Return the aliases of a tag, each with its language, and the labels in other languages that are names too."""
        language = self._languages[tag.kind]
        aliases = tag.aliases
        if language is not None:
            aliases = tuple(alias if alias.lang else replace(alias, lang=language) for alias in aliases)
        if not tag.labels or not self._kinds.get(tag.kind, Kind()).label_is_alias:
            return aliases
        return (*aliases, *(alias for alias in map(_of_label, tag.labels) if self._is_new(alias, tag, aliases)))

    def _is_new(self, alias: Alias, tag: Tag, aliases: Collection[Alias]) -> bool:
        """Whether a label may be a name: it is safe, and neither a name of the tag already nor one of another tag."""
        key = _spelling(alias.text)
        heard = {None, alias.lang}
        has = any(other.lang in heard and _spelling(other.text) == key for other in aliases)
        return not has and not alias_problems(alias) and self._taken.get(alias_key(alias), {tag.id}) == {tag.id}


def _of_label(label: tuple[str, str]) -> Alias:
    language, text = label
    return Alias(text, lang=primary(language))


def _owners(tags: Iterable[Tag]) -> dict[str, set[str]]:
    owners: dict[str, set[str]] = {}
    for tag in tags:
        for alias in (*tag.aliases, *map(_of_label, tag.labels)):
            owners.setdefault(alias_key(alias), set()).add(tag.id)
    return owners
