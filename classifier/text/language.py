"""The languages of articles: what is known of each, and in which one a text is written."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from classifier.text.boilerplate_patterns import NOTHING, BoilerplatePatterns
from classifier.text.detector import DETECTOR
from classifier.text.english import BOILERPLATE
from classifier.text.lists import word_list
from classifier.text.once import once
from classifier.text.words import split_words

# With so many different small words of English and this share of its common words a text is English, and nothing else is asked.
# Of 1,856 articles of the starter six have too few, briefs all of them. Of texts of 40 words in the languages into which Debian
# is translated, 1 in 6,000 has enough: most of these quote English.
ENOUGH_SMALL, ENOUGH_COMMON = 3, 0.2
# Characters of a text that are searched for these words: only the more where the fewer have not enough of them.
FEW_SAMPLED, MAX_SAMPLED = 300, 2000
MAX_DETECTED = 1000  # characters of a text that the detector reads
MIN_WORDS = 8  # fewer words are of no known language
# What the detector calls by a name of its own: no language at all, and dialects that are written as a larger language.
_READ_AS = {"zxx": None, "arz": "ar", "ary": "ar", "pcm": "en", "nn": "no", "nb": "no"}


@dataclass(frozen=True, eq=False)
class Language:
    """What is known of a language: a record of data. A text of a language without a record is read by the same rules."""

    code: str  # of ISO 639-1, or 639-3 where there is none
    name: str  # in English, for pages
    right_to_left: bool = False
    boilerplate: BoilerplatePatterns = NOTHING
    small_words: frozenset[str] = frozenset()  # which hold its sentences together, and few other languages have
    short_words: frozenset[str] = frozenset()  # which are as common, and other languages have too
    words_in_capitals: frozenset[str] = frozenset()  # which cannot be told from aliases in a text in capitals

    @once
    def common_words(self) -> frozenset[str]:
        """The small words and the short ones."""
        return self.small_words | self.short_words

    @once
    def stop_words(self) -> frozenset[str]:
        """The common words of the language, folded; none where no list is known."""
        name = f"stop_words/{self.code}.txt"
        return self.small_words or (
            word_list(name) if (files("classifier.text") / "word_lists" / name).is_file() else frozenset()
        )


ENGLISH = Language(
    code="en",
    name="English",
    boilerplate=BOILERPLATE,
    small_words=word_list("en_small_words.txt"),
    short_words=word_list("en_short_words.txt"),
    words_in_capitals=word_list("en_words_in_capitals.txt"),
)


def _recorded() -> Mapping[str, Language]:
    records = tomllib.loads((files("classifier.text") / "languages.toml").read_text("utf-8"))
    others = {code: _language(code, **record) for code, record in records.items()}
    return MappingProxyType(dict(sorted({ENGLISH.code: ENGLISH, **others}.items())))


def _language(code: str, boilerplate: Mapping[str, Any] | None = None, **record: Any) -> Language:
    patterns = dict(boilerplate or {})
    starts = frozenset(patterns.pop("starts", ()))
    compiled = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in patterns.items()}
    return Language(code, boilerplate=BoilerplatePatterns(starts, **compiled), **record)


LANGUAGES = _recorded()


def name_of(code: str) -> str:
    """Return the name of a language for people: its code where it has no record."""
    return LANGUAGES[code].name if code in LANGUAGES else code


def primary(tag: str) -> str:
    """Return the code of a language tag as BCP 47 writes them: `fr` of `fr-CA`."""
    return re.split("[-_]", tag.strip().lower(), maxsplit=1)[0]


def language_of(text: str, told: str | None = None) -> str | None:
    """Return the code of the language of a text, None for one of few words or of no language that can be told.

    What the caller says (`told`, a tag of BCP 47) wins. A text with enough small words of English is English. Only for others
    the detector is loaded (`text.detector`).
    """
    return primary(told) if told else language_of_words(lambda n: split_words(text[:n]).spelling, lambda: text)


def language_of_words(words_in: Callable[[int], Sequence[str]], text: Callable[[], str]) -> str | None:
    """Return the same as `language_of`, from functions that return the words in the first characters of a text, and the text."""
    words = words_in(FEW_SAMPLED)
    if has_enough_words(words) and has_small_words(words):
        return ENGLISH.code
    words = words_in(MAX_SAMPLED)
    if not has_enough_words(words):
        return None
    return ENGLISH.code if has_small_words(words) else detected(text())


def has_enough_words(words: Sequence[str]) -> bool:
    """Whether there are enough words to tell their language."""
    return len(words) >= MIN_WORDS


def has_small_words(words: Sequence[str], language: Language = ENGLISH) -> bool:
    """Whether words of a text are those of a language, by its small words and the share of its common words among them."""
    n_small = len(language.small_words.intersection(words))
    return n_small >= ENOUGH_SMALL and sum(map(language.common_words.__contains__, words)) >= ENOUGH_COMMON * len(words)


def detected(text: str) -> str | None:
    """Return the code of the language that a text looks like, None for none."""
    code = DETECTOR.code_of(text[:MAX_DETECTED])
    return _READ_AS.get(code, code)
