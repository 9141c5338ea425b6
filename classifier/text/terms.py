"""The terms of a text, which TF-IDF counts: the one definition that training, serving and evidence follow.

A text is written in surface forms: its words, and its compounds, two words joined by a hyphen. A word gives two terms, itself
(digits folded to 0) and its stem. A compound is its own term. The words of a field count as often as FIELDS says, those of
the first sentence as often as LEAD says. The title has a view of its own besides.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from classifier.text.fields import BODY, FIELDS, LEAD, TITLE, ReadText
from classifier.text.hashing import HashedWords
from classifier.text.stems import ENGLISH_STEMS, Stems
from classifier.text.words import Words, hashed_all

_TO_ZERO = str.maketrans("123456789", "000000000")
STEM_MARK = "~"  # "attack~" is the stem of attack, attacks, attacked; "attack" is the word
MAX_WORD = 40  # longer "words" are codes and addresses; cutting them keeps a one-megabyte word harmless
N_CACHED = 200_000  # words whose terms are kept in memory

_TIMES = np.array([field.times for field in FIELDS], dtype=np.float64)

Compound = tuple[str, int, int, int]  # the compound, its field, and where it starts and ends there


def terms_of_word(word: str, stems: Stems = ENGLISH_STEMS) -> tuple[str, ...]:
    """Return the terms of one folded word: itself and its stem, none for a single character."""
    return _terms_of_short_word(word[:MAX_WORD], stems)  # cut before it is cached


@lru_cache(maxsize=N_CACHED)
def _terms_of_short_word(word: str, stems: Stems) -> tuple[str, ...]:
    return terms_of_words([word], stems)[0]


def terms_of_words(words: Sequence[str], stems: Stems | None = ENGLISH_STEMS) -> list[tuple[str, ...]]:
    """Return the terms of each of some folded words, which costs less than one by one. Without stems a word gives itself alone."""
    return [
        terms if all(terms) else terms[:1] if terms[0] else ()
        for terms in zip(*term_and_stem(words, stems), strict=True)
    ]


def term_and_stem(words: Sequence[str], stems: Stems | None) -> tuple[list[str], list[str]]:
    """Return each of some folded words as a term, and its stem as one; empty texts where there is none.

    No word has a blank. A single character is no term.
    """
    if not words:
        return [], []
    short = [word[:MAX_WORD] for word in words]
    terms = [word if len(word) > 1 else "" for word in " ".join(short).translate(_TO_ZERO).split(" ")]
    if stems is None:
        return terms, [""] * len(terms)
    each = zip(terms, stems.of(short), map(stems.has_stem, short), strict=True)
    return terms, [stem + STEM_MARK if term and has_stem else "" for term, stem, has_stem in each]


def terms_of_form(form: str, stems: Stems = ENGLISH_STEMS) -> tuple[str, ...]:
    """Return the terms of a surface form."""
    return (form,) if "-" in form else terms_of_word(form, stems)


def terms_of_forms(forms: Sequence[str], stems: Stems | None) -> list[tuple[str, ...]]:
    """Return the terms of each of some surface forms, as `terms_of_words` does."""
    of_words = zip(forms, terms_of_words(forms, stems), strict=True)
    return [(form,) if "-" in form else terms for form, terms in of_words]


class TextWords(NamedTuple):
    """The words of some texts, field after field, (n_words,) each."""

    fields: list[Words]  # the fields of all texts
    hashed: HashedWords
    texts: np.ndarray  # int64, the number of the text that a word stands in
    times: np.ndarray  # float64, how often it counts
    in_title: np.ndarray  # bool

    def spelling(self, numbers: Sequence[int] | np.ndarray) -> list[str]:
        """Return some words by their numbers."""
        places = np.asarray(numbers, dtype=np.int64)
        fields = np.searchsorted(self.hashed.edges, places, side="right") - 1
        begins = np.array(self.hashed.begins)[fields]
        spans = ((self.hashed.starts if is_start else self.hashed.ends)[places] - begins for is_start in (True, False))
        each = zip(fields.tolist(), *(offsets.tolist() for offsets in spans), strict=True)
        return [self.fields[field].spelt(start, end) for field, start, end in each]


def words_of_texts(texts: Sequence[ReadText]) -> TextWords:
    """Return the words of all fields of some texts, and how often each counts."""
    n_fields = len(FIELDS)
    fields = [of_field for text in texts for of_field in text.words]
    hashed = hashed_all(fields)
    edges, field_of = np.array(hashed.edges), np.arange(len(fields)) % n_fields
    n_words = edges[1:] - edges[:-1]  # of each field of each text
    times = _TIMES.take(field_of).repeat(n_words)
    leads = [begin + text.lead_end for begin, text in zip(hashed.begins[BODY::n_fields], texts, strict=False)]
    for first, last in zip(hashed.edges[BODY::n_fields], hashed.starts.searchsorted(leads).tolist(), strict=False):
        times[first:last] = LEAD.times
    text_of = np.arange(len(texts)).repeat(edges[n_fields::n_fields] - edges[:-1:n_fields])
    return TextWords(fields, hashed, text_of, times, (field_of == TITLE).repeat(n_words))


def text_forms(text: ReadText) -> list[str]:
    """Return the surface forms of all fields, each as often as it counts."""
    words = [
        word for field, of_field in zip(FIELDS, text.words, strict=True) for word in of_field.spelling * field.times
    ]
    words += text.words[BODY].spelling[: text.n_lead] * (LEAD.times - FIELDS[BODY].times)
    return words + [compound for compound, *_ in compounds_in(text)]


def title_forms(text: ReadText) -> list[str]:
    """Return the surface forms of the title."""
    compounds = compounds_of(text.contents[TITLE], text.words[TITLE])
    return text.words[TITLE].spelling + [compound for compound, *_ in compounds]


def text_terms(text: ReadText, stems: Stems = ENGLISH_STEMS) -> list[str]:
    """Return the terms of all fields, each as often as it counts."""
    return [term for form in text_forms(text) for term in terms_of_form(form, stems)]


def title_terms(text: ReadText, stems: Stems = ENGLISH_STEMS) -> list[str]:
    """Return the terms of the title."""
    return [term for form in title_forms(text) for term in terms_of_form(form, stems)]


def compounds_in(text: ReadText) -> list[Compound]:
    """Return the compounds of all fields, each as often as it counts."""
    compounds = []
    for number, content in enumerate(text.contents):
        if "-" in content:
            times = FIELDS[number].times
            for compound, start, second, end in compounds_of(content, text.words[number]):
                in_lead = number == BODY and second < text.lead_end
                compounds += [(compound, number, start, end)] * (LEAD.times if in_lead else times)
    return compounds


def compounds_of(content: str, words: Words) -> Iterator[tuple[str, int, int, int]]:
    """Yield (compound, where it starts, where its second word starts, where it ends) for words joined by a hyphen."""
    plain = words.plain
    hyphen = content.find("-", 1)
    while 0 <= hyphen < len(content) - 1:
        if plain[hyphen - 1] != " " and plain[hyphen + 1] != " ":
            start, end = plain.rfind(" ", 0, hyphen) + 1, plain.find(" ", hyphen + 1)
            end = len(plain) if end < 0 else end
            compound = plain[start:end].replace("'", "").replace(" ", "-")  # a blank stands for the hyphen
            yield compound[: 2 * MAX_WORD].translate(_TO_ZERO), start, hyphen + 1, end
        hyphen = content.find("-", hyphen + 1)
