"""The spelling in which names are compared, without case, accents, vowel signs and apostrophes, in every script.

Folding never changes the length of a text: an offset into the folded text is an offset into the text.
"""

import re
import unicodedata

import numpy as np

# Signs that stand inside transliterated names and are left out of a word: Da'esh, Hay'at, al-Shari'a, Qur'an.
_APOSTROPHES = "'’‘ʼʾʿʻ`´"
# What stands in a word and is no letter of it, in a folded text: a combining mark, or the line that stretches Arabic words.
_MARK = "\u0640"
# An apostrophe that is not inside a word. A possessive "'s" is a word of its own, so that "ISKP's" is the word "iskp".
# And one that stands for the vowel of a short word before another vowel, in French and Italian: l'Ukraine, d'Aqmi, dell'Iran.
_ELIDED = (
    r"(?:(?<=[cdjlmnst]')(?<![^\W_].')|(?<=\bqu')|(?<=\bun')|(?<=\ball')|(?<=\b(?:dall|dell|nell|sull)')|(?<=\bjusqu')"
    r"|(?<=\b(?:lorsqu|puisqu|quoiqu)'))(?=[aeiouyh\u00e6\u0153])"
)
_LOOSE_APOSTROPHE = re.compile(rf"'(?:(?<=[\W_]')|(?<=^')|(?![^\W_])|(?=s\b)|{_ELIDED})")
_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+|[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,63}"
    r"|\b(?:[\w-]{1,63}\.){1,5}(?:com|org|net|info|gov|edu|mil|int|io|tv|co\.uk)\b(?:/\S*)?",
    re.IGNORECASE,
)
# What every address holds one of. A dot comes first in its pattern: it is what the search looks for. Behind most there is a blank.
_HINT_OF_DOMAIN = re.compile(r"\.(?=\S)(?:(?<=www\.)|com|org|net|info|gov|edu|mil|int|io|tv|co\.uk)", re.IGNORECASE)
# Three searches, each for one character, take half the time of one for all.
_HINTS = (_HINT_OF_DOMAIN, re.compile("@"), re.compile("://"))
_SPACE = re.compile(r"\s|\Z")
_SEARCHED = re.compile(r"[^\W_]+")


# Letters that are written for one another and that Unicode does not take apart.
_ALIKE = {"ى": "ي", "ی": "ي", "ة": "ه", "ہ": "ه", "ک": "ك", "ٱ": "ا"}  # of Arabic, Persian and Urdu
_ALIKE |= dict(zip("ɓɗƙƴłøđħıŋß", "bdkylodhins", strict=True))
_N_VOWELS = 7  # of an Ethiopic letter, which is written for each vowel in a way of its own, in their order
_LONG = 3  # the vowel that is read as the first one after these two letters
_READ_AS = {"ሐ": "ሀ", "ኀ": "ሀ", "ሠ": "ሰ", "ዐ": "አ", "ፀ": "ጸ"}  # Amharic letters of one sound, with the first vowel
for _letter, _other in _READ_AS.items():
    _ALIKE |= {chr(ord(_letter) + vowel): chr(ord(_other) + vowel) for vowel in range(_N_VOWELS)}
for _letter in ("ሀ", "ሐ", "ኀ", "አ", "ዐ"):
    _ALIKE[chr(ord(_letter) + _LONG)] = _READ_AS.get(_letter, _letter)


class _FoldTable(dict[int, str]):
    """Maps a code point to one folded character. It is filled as characters occur."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character in _APOSTROPHES:
            folded = "'"
        elif unicodedata.category(character).startswith("M"):
            folded = _MARK
        else:
            base = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
            folded = next((f for f in (base.lower(), character.lower()) if len(f) == 1), character)
            folded = _ALIKE.get(folded, folded)
        if len(self) < 10_000:  # a hostile text may walk through all of Unicode
            self[code] = folded
        return folded


_FOLDS = _FoldTable()
CODES = ("utf-32-le", "surrogatepass")  # four bytes for each code point


def fold(text: str) -> str:
    """Return the text in lower case without accents. Its length is that of the text."""
    return text.lower().replace("`", "'") if text.isascii() else text.translate(_FOLDS)


def searchable(*texts: str) -> str:
    """Return the folded words of texts, each behind a blank, as a search compares them."""
    return "".join(f" {word}" for text in texts for word in _SEARCHED.findall(fold(text)))


def _word_character(code: int) -> str:
    """Return a folded character of a word, a blank for a character that is in no word."""
    folded = _FOLDS[code]
    return folded if folded.isalnum() or folded == "'" else " "


_ASCII_WORDS = str.maketrans({code: _word_character(code) for code in range(128)})
# The same for all code points, filled as they occur: 0 is a code point that has not occurred yet.
_ALL_WORDS = np.zeros(0x110000, dtype=np.uint32)


def _in_words(text: str) -> str:
    if text.isascii():
        return text.translate(_ASCII_WORDS)
    codes = np.frombuffer(text.encode(*CODES), dtype=np.uint32)
    plain = _ALL_WORDS[codes]
    if not plain.all():
        for code in different(codes[plain == 0]):
            _ALL_WORDS[code] = ord(_word_character(code))
        plain = _ALL_WORDS[codes]
    return plain.tobytes().decode(*CODES)


def different(codes: np.ndarray) -> list[int]:
    """Return the distinct numbers in order. `numpy.unique` would import masked arrays, which takes seven milliseconds."""
    codes = np.sort(codes)
    is_new = np.ones(len(codes), dtype=bool)
    np.not_equal(codes[1:], codes[:-1], out=is_new[1:])
    distinct: list[int] = codes[is_new].tolist()
    return distinct


def plain_words(text: str) -> str:
    """Return the folded text with a blank for each character of an address or of no word.

    Words keep inner apostrophes, and have an apostrophe for each mark.
    """
    if "@" in text or "://" in text or _HINT_OF_DOMAIN.search(text):
        text = _without_addresses(text)
    plain = _in_words(text)
    if _MARK in plain:
        return _with_marks(plain)
    return _LOOSE_APOSTROPHE.sub(" ", plain) if "'" in plain else plain


def _with_marks(plain: str) -> str:
    """Return a text with apostrophes for the marks in its words, which it is spelt without, and blanks for other marks."""
    codes = np.frombuffer(plain.encode(*CODES), dtype=np.uint32)
    is_letter = codes != ord(_MARK)
    spelt = _LOOSE_APOSTROPHE.sub(" ", plain.replace(_MARK, ""))
    letters = np.frombuffer((" " + spelt).encode(*CODES), dtype=np.uint32)
    # Each letter itself, and before a mark the last one, a blank where there is none.
    before = letters[np.cumsum(is_letter)]
    is_loose = is_letter | (before == ord(" "))
    marked: str = np.where(is_loose, before, np.uint32(ord("'"))).tobytes().decode(*CODES)
    return marked


def _blanks(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _without_addresses(text: str) -> str:
    """Return the text with blanks for its addresses. The slow pattern is tried only around a hint."""
    pieces, position = [], 0
    for hint in sorted(hint.start() for pattern in _HINTS for hint in pattern.finditer(text)):
        if hint < position:
            continue
        start, end = hint, _SPACE.search(text, hint).start()  # type: ignore[union-attr]
        while start > position and not text[start - 1].isspace():
            start -= 1
        pieces += [text[position:start], _ADDRESS.sub(_blanks, text[start:end])]
        position = end
    return "".join([*pieces, text[position:]])


def spelled_words(text: str) -> list[str]:
    """Return the words of a text, folded and without apostrophes."""
    return plain_words(text).replace("'", "").split()


def spell(text: str) -> str:
    """Return the words of a name, folded and joined by single blanks: the form in which names are compared."""
    return " ".join(spelled_words(text))
