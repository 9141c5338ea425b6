"""Articles -> the corpus to fit on: TF-IDF, mention features, near-duplicates. One pass, which keeps no text."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer

from classifier.domain.articles import Article
from classifier.domain.progress import Track
from classifier.domain.sentences import NO_WORDS
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.errors import TooFewExamples
from classifier.model.scoring import TITLE_WEIGHT
from classifier.text.duplicates import NearDuplicates
from classifier.text.fields import TITLE, ReadText, read_text
from classifier.text.language import ENGLISH
from classifier.text.mention_features import MentionFeatures
from classifier.text.reading import ArticleReader
from classifier.text.stems import BEGINNINGS, ENGLISH_STEMS, Stems
from classifier.text.terms import compounds_in, terms_of_form, words_of_texts

BATCH = 256
ENGLISH_FROM = 0.6  # the share of English articles from which on an archive is English, and has English stems


class Corpus(NamedTuple):
    """What fitting knows of its articles."""

    X: sparse.csr_matrix  # (n_articles, n_terms + n_title_terms) float64 CSR: TF-IDF, of the title times TITLE_WEIGHT
    names: sparse.csr_matrix  # (n_tags, the same), the tags' own names as texts
    terms: list[str]
    title_terms: list[str]
    idf: np.ndarray  # (n_terms,) float32
    title_idf: np.ndarray  # (n_title_terms,) float32
    named: MentionFeatures
    groups: np.ndarray  # (n_articles,) int32, near-duplicates share one
    language: str | None  # "en" or None
    rows: np.ndarray  # (n_articles,) which of the articles these are, without those that could not be read
    unreadable: Unreadable
    stem: str  # the name of the stems of its terms
    languages: list[str | None]  # of each article, None where none can be told


def read_corpus(
    articles: Sequence[Article], taxonomy: Taxonomy, track: Track, plain: bool = False, blocks: Sequence[str] = ()
) -> Corpus:
    """Read articles; terms that stand in one only are left out. Raises `TooFewExamples` if no term is left.

    A plain reading takes words alone: no stems and compounds, mentions, language and near-duplicates.
    """
    reading, forms = _Reading(ArticleReader(taxonomy, blocks), plain), _Forms(plain)
    for texts in reading.texts(track(articles, len(articles), "reading articles")):
        forms.add(texts)
    strong_names = [[tag.label, *(alias.text for alias in tag.aliases if not alias.weak)] for tag in taxonomy.tags]
    forms.add([read_text(", ".join(names)) for names in strong_names])
    language, stems = _language_and_stems(reading.languages)
    n_terms_of_form = 1 if plain else None  # the word alone, without its stem

    def terms_of(form: str) -> tuple[str, ...]:
        return terms_of_form(form, stems)[:n_terms_of_form]

    terms, terms_of_forms = _terms(forms.names, terms_of)
    fitted = [
        _View(counts @ terms_of_forms, terms, reading.n_read, weight)
        for counts, weight in zip(forms.counts(), (1.0, TITLE_WEIGHT), strict=True)
    ]
    if not fitted[0].terms:
        raise TooFewExamples(NO_WORDS)
    return Corpus(
        sparse.hstack([view.X for view in fitted]).tocsr(),
        sparse.hstack([view.names for view in fitted]).tocsr(),
        fitted[0].terms,
        fitted[1].terms,
        fitted[0].idf,
        fitted[1].idf,
        MentionFeatures(*map(np.concatenate, zip(*reading.named, strict=True))),
        reading.groups(),
        language,
        np.array(reading.rows, dtype=np.int64),
        reading.unreadable,
        stems.name,
        reading.languages,
    )


def _language_and_stems(languages: Sequence[str | None]) -> tuple[str | None, Stems]:
    """Return "en" for an archive that is mostly English, else None, and its stems: English ones, too, if nothing can be told."""
    told = [language for language in languages if language is not None]
    if told.count(ENGLISH.code) < ENGLISH_FROM * len(told):
        return None, BEGINNINGS
    return ENGLISH.code if told else None, ENGLISH_STEMS


class _Reading:
    """Reads articles once, batch by batch, and collects everything but their terms."""

    def __init__(self, reader: ArticleReader, plain: bool) -> None:
        self._reader = reader
        self._plain = plain
        self.named = [self._reader.mention_features([])]
        self._duplicates = NearDuplicates()
        self.n_read = 0  # of those that can be read
        self.languages: list[str | None] = []  # of these
        self.rows: list[int] = []
        self.unreadable = Unreadable()

    def texts(self, articles: Iterable[Article]) -> Iterator[list[ReadText]]:
        """Yield the texts of the articles that can be read, batch by batch."""
        remaining, n_articles = iter(articles), 0
        while batch := list(islice(remaining, BATCH)):
            readings = self._read(batch)
            self.rows += [row for row, text in enumerate(readings, start=n_articles) if text is not None]
            n_articles += len(batch)
            texts = [text for text in readings if text is not None]
            for text in texts:
                if not self._plain:
                    self._duplicates.add(text.spelling)
                self.languages.append(None if self._plain else text.language)
            yield texts
            self.n_read += len(texts)

    def _read(self, batch: Sequence[Article]) -> list[ReadText | None]:
        if self._plain:
            return self.unreadable.each(self._reader.read_texts, batch)
        readings = self.unreadable.each(self._reader.read_all, batch)
        named = self._reader.mention_features([reading for reading in readings if reading is not None])
        self.named.append(named._replace(articles=named.articles + self.n_read))
        return [reading.text if reading is not None else None for reading in readings]

    def groups(self) -> np.ndarray:
        """Return the groups of near-duplicates, (n_articles,) int32."""
        return np.arange(self.n_read, dtype=np.int32) if self._plain else self._duplicates.groups()


class _Forms:
    """Counts the surface forms of texts, which are many times fewer than their terms: in all fields, and in titles."""

    def __init__(self, plain: bool) -> None:
        """Count words and compounds, of a plain reading words alone."""
        self.names = [""]  # no form has the number 0
        self._plain = plain
        self._number: dict[int | str, int] = {}  # of words by their hashes, of compounds by themselves
        self._in_text: list[sparse.csr_matrix] = []
        self._in_title: list[sparse.csr_matrix] = []

    def add(self, texts: Sequence[ReadText]) -> None:
        """Count the next texts."""
        words = words_of_texts(texts)
        hashes, first, of_word = np.unique(words.hashed.of_word, return_index=True, return_inverse=True)
        numbers = [
            self._number.get(hash_) or self._new(hash_, words.word(place))
            for hash_, place in zip(hashes.tolist(), first.tolist(), strict=True)
        ]
        text_of, times, in_title = words.texts, words.times, words.in_title
        forms = np.array(numbers, dtype=np.int32)[of_word]
        if not self._plain and (joined := list(_compounds(texts))):
            text_of = np.append(text_of, [number for number, _, _ in joined])
            forms = np.append(forms, [self._number.get(name) or self._new(name, name) for _, name, _ in joined])
            times = np.append(times, np.ones(len(joined)))
            in_title = np.append(in_title, [field == TITLE for _, _, field in joined])
        shape = len(texts), len(self.names)
        self._in_text.append(sparse.coo_matrix((times, (text_of, forms)), shape=shape).tocsr())
        ones = np.ones(np.count_nonzero(in_title))
        self._in_title.append(sparse.coo_matrix((ones, (text_of[in_title], forms[in_title])), shape=shape).tocsr())

    def _new(self, key: int | str, name: str) -> int:
        self.names.append(name)
        self._number[key] = number = len(self.names) - 1
        return number

    def counts(self) -> Iterator[sparse.csr_matrix]:
        """Yield how often forms stand in texts, and in their titles, (n_texts, n_forms) float64 CSR each."""
        for parts in (self._in_text, self._in_title):
            for part in parts:
                part.resize(part.shape[0], len(self.names))
            yield sparse.vstack(parts, format="csr")


def _compounds(texts: Sequence[ReadText]) -> Iterator[tuple[int, str, int]]:
    """Yield the number of the text of each compound, the compound, and its field."""
    for number, text in enumerate(texts):
        if text.has_hyphen:
            yield from ((number, compound, field) for compound, field, *_ in compounds_in(text))


def _terms(forms: Sequence[str], terms_of: Callable[[str], tuple[str, ...]]) -> tuple[np.ndarray, sparse.csr_matrix]:
    """Return the terms of surface forms, (n_terms,) objects, and which of them each form gives, (n_forms, n_terms) CSR."""
    number: dict[str, int] = {}
    pairs = [(row, number.setdefault(t, len(number))) for row, form in enumerate(forms) for t in terms_of(form)]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    shape = len(forms), len(number)
    return np.array(list(number), dtype=object), sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)


class _View:
    """TF-IDF with the logarithm of counts, times a weight, over the terms of one view that two articles have.

    X: (n_articles, n_terms) float64 CSR, of the first texts; names: (n_tags, n_terms), of the others.
    """

    def __init__(self, counts: sparse.csr_matrix, terms: np.ndarray, n_articles: int, weight: float) -> None:
        """Take the counts of all terms, (n_texts, len(terms)) CSR."""
        frequent = np.flatnonzero(np.bincount(counts[:n_articles].indices, minlength=len(terms)) >= 2)
        order = np.argsort(terms[frequent])
        self.terms: list[str] = terms[frequent][order].tolist()
        counted = counts[:, frequent[order]]
        counted.sort_indices()
        self.X, self.names = counted[:n_articles], counted[n_articles:]
        self.idf = np.zeros(0, dtype=np.float32)
        if self.terms:
            fitted = TfidfTransformer(sublinear_tf=True).fit(self.X)
            self.idf = fitted.idf_.astype(np.float32)
            self.X, self.names = (weight * fitted.transform(part) for part in (self.X, self.names))
