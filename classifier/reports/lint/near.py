"""The tags and names that findings on some tags depend on, so that a preview does not compare all names of a large taxonomy."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.text.language import ENGLISH

LENGTHS = 4  # letters by which names that may be one differ in length at most: "proxies" and "proxy", an edit

ENDS = 3  # letters


def near_tags(taxonomy: Taxonomy, touched: Collection[str]) -> set[str]:
    """Return some tags with all that have a name within one of theirs, or around one: no others share or cover their names."""
    spelt = {tag.id: {spell(alias.text) for alias in tag.aliases} for tag in taxonomy.tags if not tag.retired}
    theirs = {name for tag in touched for name in spelt.get(tag, ())}
    within = {part for name in theirs for part in _parts(name)}
    near = (tag for tag, names in spelt.items() if not within.isdisjoint(names) or _is_around(theirs, names))
    return {*near, *touched}


def _is_around(theirs: Collection[str], names: Iterable[str]) -> bool:
    return any(part in theirs for name in names for part in _parts(name))


def _parts(name: str) -> Iterable[str]:
    words = name.split()
    return (" ".join(words[a:b]) for a in range(len(words)) for b in range(a + 1, len(words) + 1))


def near_names(owners: Mapping[str, Tag], touched: Collection[str]) -> list[str]:
    """Return the names that may be one with a name of some tags by the rules of drafts, these among them.

    They begin with the same letter, are about as long and begin or end alike, or one may be the initials of the other, or
    explains them.
    """
    letters = {text: spell(text).replace(" ", "") for text in owners}
    by_shape: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    by_initials: defaultdict[str, list[str]] = defaultdict(list)
    explained = [text for text in owners if "(" in text]
    for text, of_text in letters.items():
        by_shape[of_text[:1], len(of_text)].append(text)
        for initials in _initials(text):
            by_initials[initials].append(text)
    near: dict[str, None] = {}
    for text in (text for text, tag in owners.items() if tag.id in touched):
        size, first = len(letters[text]), letters[text][:1]
        about_as_long = (name for n in range(size - LENGTHS, size + LENGTHS + 1) for name in by_shape[first, n])
        near |= dict.fromkeys(name for name in about_as_long if _begin_or_end_alike(letters[name], letters[text]))
        near |= dict.fromkeys(by_initials[letters[text]])
        for initials in _initials(text):
            near |= dict.fromkeys((*_with_letters(by_shape, initials, letters), *by_initials[initials]))
        near |= dict.fromkeys((text, *explained))
    return list(near)


def _begin_or_end_alike(letters: str, others: str) -> bool:
    """Whether two names that differ in one place, or in plurals, may be those: an edit of seven letters leaves one of the ends."""
    return letters[:ENDS] == others[:ENDS] or letters[-ENDS:] == others[-ENDS:]


def _with_letters(
    by_shape: Mapping[tuple[str, int], list[str]], wanted: str, letters: Mapping[str, str]
) -> Iterable[str]:
    """Return the names with given letters."""
    return (text for text in by_shape.get((wanted[:1], len(wanted)), ()) if letters[text] == wanted)


def _initials(text: str) -> set[str]:
    words = spell(text).split()
    large = [word for word in words if word not in ENGLISH.small_words]
    return {"".join(word[0] for word in part) for part in (words, large) if len(part) > 1}
