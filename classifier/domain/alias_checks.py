"""Whether an alias is safe to look for, and which aliases are alike."""

from functools import cache, lru_cache
from importlib.resources import files

from classifier.domain.spelling import spell, spelled_words
from classifier.domain.taxonomy import Alias
from classifier.texts import _


def alias_key(alias: Alias) -> str:
    """Return what two aliases share if they clash: the text, or its spelling if its case does not matter."""
    return alias.text if alias.case_exact else _spelling(alias.text)


_spelling = lru_cache(maxsize=50_000)(spell)  # of names, which are asked for again and again


def alias_problems(alias: Alias) -> list[str]:
    """Return why an alias cannot be used. Nothing is wrong with most."""
    words = spelled_words(alias.text)
    letters = sum(map(len, words))
    any_case = len(words) == 1 and not alias.case_exact
    problems = []
    if not words:
        problems.append(_("the alias %(text)s has no word in it", text=repr(alias.text)))
    elif letters < 2:
        problems.append(_("the alias %(text)s is too short to be safe", text=repr(alias.text)))
    elif any_case and letters <= 4 and alias.text.isupper():
        problems.append(
            _("the abbreviation %(text)s is too short to be safe in any case: add `case: exact`", text=repr(alias.text))
        )
    elif any_case and words[0] in common_words():
        problems.append(
            _("the alias %(text)s is too common a word to be safe: add `case: exact`", text=repr(alias.text))
        )
    contexts = (phrase for phrase in (*alias.needs, *alias.blocked) if not spell(phrase))
    return problems + [
        _("the context %(phrase)s of alias %(text)s has no word in it", phrase=repr(phrase), text=repr(alias.text))
        for phrase in contexts
    ]


@cache
def common_words() -> frozenset[str]:
    """Return the words that are in nearly every article. As an alias in any case they would match everywhere."""
    return frozenset((files("classifier.domain") / "common_words.txt").read_text("utf-8").split())
