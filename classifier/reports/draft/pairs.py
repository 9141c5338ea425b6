"""Pairs of tags that may be one. Each rule says which are surely one and why; what it is not sure of, people decide.

Every rule looks names up under a key, so that all take time in proportion to the number of names.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import combinations

from classifier.domain.alias_checks import common_words
from classifier.reports.draft import sentences as said
from classifier.reports.draft.archive import Archive
from classifier.reports.draft.names import (
    MAX_LETTERS,
    SHORT,
    Name,
    deletions,
    one_edit_apart,
    plural_words,
)
from classifier.reports.draft.records import BRITISH, INITIALS, MISSPELLING, PLURAL, SAME_LETTERS, WRITTEN_AS_BOTH, Pair
from classifier.text.language import ENGLISH
from classifier.text.lists import word_list
from classifier.texts import english

MAX_ALIKE = 20  # names that share a key; more are a series, such as numbered parts
NAMES_OF_THEIR_OWN = 0.5  # the share of capitals above which a word is a name, which has no plural
MIN_MISSPELT = 7  # letters of a name that may be a misspelling
MIN_MISSPELT_WORD = 5
WELL_WRITTEN = 3  # articles that write what a single word is a misspelling of
MIN_UNKNOWN_PLURAL = 5  # letters of a word that no dictionary knows and that may have a plural
EXPLAINED_OFTEN = 5  # or so many of them
EXPLAINED = 0.25  # the share of an abbreviation's articles that must say which words it stands for
TIMES_OTHER = 2  # how many times as often as any other words
# Words that mean something else with an s: arms, customs, Mars. simplemma has news and politics as words of their own.
_OTHER_WITH_S = word_list("en_other_with_s.txt")


def find_pairs(names: Sequence[Name], archive: Archive) -> list[Pair]:
    """Return the pairs of names that may be one, the surest first: at most one of two names, by the first rule that fits."""
    found: dict[frozenset[str], Pair] = {}
    for rule in (_same_letters, _written_as_both, _british, _plurals, _initials, _misspellings):
        for pair in rule(names, archive):
            found.setdefault(frozenset((pair.name, pair.other)), pair)
    pairs = list(found.values())
    return [pair for pair in pairs if pair.sure] + [pair for pair in pairs if not pair.sure]


def _alike(names: Iterable[tuple[object, Name]], archive: Archive) -> Iterator[tuple[Name, list[Name]]]:
    """Yield for each key with several names the most used of them, and the others."""
    by_key: defaultdict[object, list[Name]] = defaultdict(list)
    for key, name in names:
        if name.letters:
            by_key[key].append(name)
    for alike in by_key.values():
        if len(alike) > 1:
            first, *others = ranked(alike, archive)
            yield first, others


def ranked(names: Iterable[Name], archive: Archive) -> list[Name]:
    """Return names by their uses, the most used first; of equally used ones that which articles write most."""
    return sorted(
        names, key=lambda name: (-archive.uses[name.text], -archive.of(name).n_articles, -len(name.text), name.text)
    )


# --- same letters ---


def _same_letters(names: Sequence[Name], archive: Archive) -> Iterator[Pair]:
    for first, others in _alike((((name.letters, name.numbers), name) for name in names), archive):
        for other in others:
            doubt = _doubt_of_letters(first, other, archive)
            yield Pair(other.text, first.text, SAME_LETTERS, not doubt, doubt or said.SAME)


def _doubt_of_letters(name: Name, other: Name, archive: Archive) -> str:
    """Return why two names with the same letters may not be one, or "" if they are."""
    if name.normal == other.normal:
        is_common = name.normal in ENGLISH.words_in_capitals | common_words()
        return said.WORD_IN_CAPITALS if is_common else ""
    if name.is_acronym != other.is_acronym:
        plain = other if name.is_acronym else name
        return "" if _is_in_capitals(plain, archive) else said.ABBREVIATION_OR_WORD
    if len(name.letters) <= SHORT and name.plain_of_code != other.plain_of_code:
        return said.SHORT_WITH_SIGN
    joined, parted = (name, other) if len(name.words) < len(other.words) else (other, name)
    if len(parted.words) > len(joined.words) and _is_name_of_words(joined, parted, archive):
        return said.NAME_WITH_NOUN
    return ""


def _is_in_capitals(name: Name, archive: Archive) -> bool:
    forms = archive.of(name).forms
    return sum(n for form, n in forms.items() if form.isupper()) > forms.total() / 2 or name.text.isupper()


def _is_name_of_words(joined: Name, parted: Name, archive: Archive) -> bool:
    """Whether texts write a word that no dictionary knows, and the same letters as a name with a plain noun: Linux server."""
    forms = archive.of(parted).forms
    with_noun = sum(n for form, n in forms.items() if form[:1].isupper() and " " in form and form.split()[-1].islower())
    is_other = with_noun > forms.total() / 2 and archive.of(joined).n_articles > 1
    return is_other and not any(map(is_word, joined.words))


# --- written as both ---


def _written_as_both(names: Sequence[Name], archive: Archive) -> Iterator[Pair]:
    by_letters = {(name.letters, name.numbers): name for name in reversed(ranked(names, archive))}
    both = [(name, [Name(part) for part in name.in_parentheses]) for name in names if name.in_parentheses]
    meanings: defaultdict[str, set[str]] = defaultdict(set)
    for _, (full, short) in both:
        meanings[short.letters].add(full.plural_key)
    for name, parts in both:
        is_sure = len(meanings[parts[1].letters]) == 1
        for part in parts if is_sure else parts[:1]:
            other = by_letters.get((part.letters, name.numbers))
            if other is not None and other is not name:
                large, small = ranked((name, other), archive)
                yield Pair(small.text, large.text, WRITTEN_AS_BOTH, True, english(said.HAS_BOTH, name=repr(name.text)))


# --- British and American ---


def _british(names: Sequence[Name], archive: Archive) -> Iterator[Pair]:
    for first, others in _alike((((name.american, name.numbers), name) for name in names), archive):
        for other in others:
            if other.letters != first.letters:
                yield Pair(other.text, first.text, BRITISH, True, said.S_OR_Z)


# --- plurals ---


def _plurals(names: Sequence[Name], archive: Archive) -> Iterator[Pair]:
    for first, others in _alike((((name.plural_key, name.numbers), name) for name in names), archive):
        for other in others[:MAX_ALIKE]:
            words = plural_words(first, other) if first.letters != other.letters else None
            if words:
                doubt = _doubt_of_plurals(words, first, other, archive)
                yield Pair(other.text, first.text, PLURAL, not doubt, doubt or said.ONE_OR_MANY)


def _doubt_of_plurals(words: list[tuple[str, str]], name: Name, other: Name, archive: Archive) -> str:
    """Return why two names that differ in plurals may not be one, or "" if they are."""
    written = archive.of(name), archive.of(other)
    are_plain = all(form.n_articles and form.capitals() <= NAMES_OF_THEIR_OWN for form in written)
    if len(name.words) == len(other.words) == 1:
        if _is_plural_of_abbreviation(*words[0], archive):
            return ""
        if any(form.capitals() > NAMES_OF_THEIR_OWN for form in written):
            return said.IS_NAME
        if len(words[0][1]) <= SHORT and not are_plain:
            return said.SHORT_WORD
    if any(singular in _OTHER_WITH_S for _, singular in words):
        return said.OTHER_WITH_S
    for plural, singular in words:
        if singular_of(plural) != singular and not (are_plain and len(singular) >= MIN_UNKNOWN_PLURAL):
            return english(said.NO_PLURAL, word=repr(plural))
    return ""


def _is_plural_of_abbreviation(plural: str, singular: str, archive: Archive) -> bool:
    """Whether texts write them as VPNs and VPN."""
    forms, plurals = (archive.of(Name(word)).forms for word in (singular, plural))
    return 2 * forms[singular.upper()] > forms.total() and 2 * plurals[f"{singular.upper()}s"] > plurals.total()


# --- initials ---


def _initials(names: Sequence[Name], archive: Archive) -> Iterator[Pair]:
    short = {name.letters: name for name in reversed(ranked(names, archive)) if len(name.words) == 1}
    phrases: defaultdict[str, list[Name]] = defaultdict(list)
    for name in names:
        for letters in name.initials & short.keys():
            if letters not in name.words:
                phrases[letters].append(name)
    for letters, of_letters in phrases.items():
        yield from _pairs_of_initials(short[letters], of_letters, archive)


def _pairs_of_initials(short: Name, phrases: list[Name], archive: Archive) -> Iterator[Pair]:
    """Yield the pairs of an abbreviation. Sure is the one that its articles say more often than any other words."""
    defined = archive.definitions.get(short.letters, Counter())
    times = Counter(defined)
    for phrase in phrases:
        times[phrase.plural_key] += archive.n_both(short.text, phrase.text)
    most_said = times.most_common(2)
    enough = min(EXPLAINED * archive.uses[short.text], EXPLAINED_OFTEN)
    for phrase in phrases:
        n = times[phrase.plural_key]
        other = max((n for words, n in most_said if words != phrase.plural_key), default=0)
        small, large = sorted((short, phrase), key=lambda name: (archive.uses[name.text], name.text))
        why = said.EXPLAINED
        if n < enough or n <= TIMES_OTHER * other:
            why = said.EXPLAINED_OTHERWISE
        elif len(short.letters) < SHORT and not defined[phrase.plural_key]:
            why = said.EXPLAINED_BY_CHANCE
        elif _is_plain(short, archive):
            why = said.EXPLAINED_BUT_WORD
        if n:
            counts = {"n": n, "all": archive.uses[short.text], "others": other}
            yield Pair(small.text, large.text, INITIALS, why is said.EXPLAINED, english(why, **counts))


def _is_plain(name: Name, archive: Archive) -> bool:
    """Whether texts mostly write a name without a capital."""
    forms = archive.of(name).forms
    return 2 * sum(n for form, n in forms.items() if form.islower()) > forms.total()


# --- misspellings ---


def _misspellings(names: Sequence[Name], archive: Archive) -> Iterator[Pair]:
    if not archive.has_texts:  # names alone cannot tell a misspelling from another name
        return
    by_deletion: defaultdict[str, list[Name]] = defaultdict(list)
    for name in names:
        if MIN_MISSPELT <= len(name.letters) <= MAX_LETTERS:
            for letters in deletions(name.letters):
                by_deletion[letters].append(name)
    rights: defaultdict[Name, set[Name]] = defaultdict(set)
    for alike in by_deletion.values():
        if 1 < len(alike) <= MAX_ALIKE:
            for right, wrong in combinations(ranked(alike, archive), 2):
                if _is_misspelling(right, wrong, archive):
                    rights[wrong].add(right)
    for wrong, near in rights.items():
        yield from _pairs_of_misspelling(wrong, ranked(near, archive), archive)


def _is_misspelling(right: Name, wrong: Name, archive: Archive) -> bool:
    """Whether a name that no article writes is one letter away from one that articles write."""
    if right.numbers != wrong.numbers or right.signs != wrong.signs or archive.of(wrong).n_articles:
        return False
    return archive.of(right).n_articles > 0 and one_edit_apart(right.letters, wrong.letters)


def _pairs_of_misspelling(wrong: Name, near: Sequence[Name], archive: Archive) -> Iterator[Pair]:
    best = max(near, key=lambda right: archive.of(right).n_articles)
    for right in near:
        n = archive.of(right).n_articles
        doubt = _doubt_of_misspelling(right, wrong)
        if not doubt and len(wrong.words) == 1 and (n < WELL_WRITTEN or archive.uses[right.text] == 1):
            doubt = said.RARE_TOO
        elif not doubt and right.plural_key != best.plural_key:
            doubt = english(said.AS_NEAR, name=best.text)
        why = english(said.NOBODY_WRITES_BUT if doubt else said.NOBODY_WRITES, n=n, doubt=doubt)
        yield Pair(wrong.text, right.text, MISSPELLING, not doubt, why)


def _doubt_of_misspelling(right: Name, wrong: Name) -> str:
    if wrong.letters[0] != right.letters[0]:
        return said.OTHER_FIRST_LETTER
    if wrong.letters.startswith(right.letters) or right.letters.startswith(wrong.letters):
        return said.GOES_ON
    changed = [word for word in wrong.words if word not in right.words]
    if all(map(is_word, changed)):
        return said.MADE_OF_WORDS
    if any(len(word) < MIN_MISSPELT_WORD for word in changed):
        return said.SHORT_DIFFERENCE
    return ""


@lru_cache(maxsize=100_000)
def is_word(word: str) -> bool:
    """Whether a dictionary of English has a word."""
    import simplemma  # its word list takes 0.4 s to load

    return bool(simplemma.is_known(word, lang=ENGLISH.code))


@lru_cache(maxsize=100_000)
def singular_of(word: str) -> str:
    """Return the dictionary form of an English word, or the word itself."""
    import simplemma

    return str(simplemma.lemmatize(word, lang=ENGLISH.code))
