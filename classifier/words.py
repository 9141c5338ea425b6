"""Text -> words with their places, in a spelling that forgets case, accents and apostrophes.

Mentions, furniture and terms all read an article through this one function, so that they agree on what a word is.
Folding never changes the length of a text: an offset into the folded text is an offset into the text.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

# Signs that stand inside transliterated names and are left out of a word: Da'esh, Hay'at, al-Shari'a, Qur'an.
_APOSTROPHES = "'’‘ʼʾʿʻ`´"
# A possessive "'s" is a word of its own, so that "ISKP's" is the word "iskp".
_WORD = re.compile(r"[^\W_]+(?:'(?!s\b)[^\W_]+)*")
_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+|[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,63}"
    r"|\b(?:[\w-]{1,63}\.){1,5}(?:com|org|net|info|gov|edu|mil|int|io|tv|co\.uk)\b(?:/\S*)?",
    re.IGNORECASE,
)
_HINTS_OF_ADDRESS = re.compile(r"://|www\.|@|\.(?:com|org|net|info|gov|edu|mil|int|io|tv|co\.uk)\b")


class Words(NamedTuple):
    """The words of one text: `spelling[i]` stands folded for `text[starts[i]:ends[i]]`."""

    spelling: list[str]
    starts: list[int]
    ends: list[int]


class _FoldTable(dict[int, str]):
    """Maps a code point to one folded character; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character in _APOSTROPHES:
            folded = "'"
        else:
            base = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
            folded = next((f for f in (base.lower(), character.lower()) if len(f) == 1), character)
        if len(self) < 10_000:  # a hostile text may walk through all of Unicode
            self[code] = folded
        return folded


_FOLDS = _FoldTable()


def fold(text: str) -> str:
    """Return the text in lower case without accents; the result is exactly as long as the text."""
    return text.lower().replace("`", "'") if text.isascii() else text.translate(_FOLDS)


def split_words(text: str) -> Words:
    """Return the folded words of a text; web and mail addresses hold none."""
    folded = fold(text)
    if _HINTS_OF_ADDRESS.search(folded):
        folded = _ADDRESS.sub(lambda found: " " * len(found[0]), folded)
    spans = [found.span() for found in _WORD.finditer(folded)]
    spelling = [folded[start:end] for start, end in spans]
    if "'" in folded:
        spelling = [word.replace("'", "") for word in spelling]
    return Words(spelling, [start for start, _ in spans], [end for _, end in spans])


def spell(text: str) -> str:
    """Return the words of a name, folded and joined by single blanks: the form in which names are compared."""
    return " ".join(split_words(text).spelling)


# A sentence ends at . ! or ? before white space and a capital, a digit or a quotation mark, or at the end of a line;
# not after an initial or a short abbreviation (U.S., Mr., Gen., No.).
_SENTENCE_END = re.compile(
    r"(?<![\s.][A-Za-z])(?<!\b(?:Mr|Dr|St|No))(?<!\b(?:Mrs|Gen|Col|Sgt|Lt\.))[.!?][\"')\]]*\s+(?=[A-Z0-9\"'(\[])|\n"
)
MAX_LEAD = 600


def lead_end(text: str) -> int:
    """Return where the first sentence of a body ends; a dateline or a short heading does not count as one."""
    for found in _SENTENCE_END.finditer(text, 0, MAX_LEAD):
        if len(text[: found.start()].split()) >= 6:
            return found.start() + 1
    return min(len(text), MAX_LEAD)
