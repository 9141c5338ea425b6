"""Articles -> the corpus to fit on: TF-IDF, mention features, near-duplicates. One pass, which keeps no text."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer

from classifier.domain.articles import Article
from classifier.domain.progress import Track
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.errors import TooFewExamples
from classifier.model.scoring import TITLE_WEIGHT
from classifier.text.duplicates import NearDuplicates
from classifier.text.fields import ReadText, read_text
from classifier.text.language import ENGLISH
from classifier.text.mention_features import MentionFeatures
from classifier.text.reading import ArticleReader
from classifier.text.stems import BEGINNINGS, ENGLISH_STEMS, Stems
from classifier.text.terms import terms_of_form, text_forms, text_words, title_forms, title_words

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
    reading = _Reading(ArticleReader(taxonomy, blocks), plain)
    text_of, title_of = (text_words, title_words) if plain else (text_forms, title_forms)
    views = _Counts(text_of), _Counts(title_of)
    strong_names = [[tag.label, *(alias.text for alias in tag.aliases if not alias.weak)] for tag in taxonomy.tags]
    titles = (read_text(", ".join(names)) for names in strong_names)
    for text in chain(reading.texts(track(articles, len(articles), "reading articles")), titles):
        for counts in views:
            counts.add(text)
    language, stems = _language_and_stems(reading.languages)
    n_terms_of_form = 1 if plain else None  # the word alone, without its stem

    def terms_of(form: str) -> tuple[str, ...]:
        return terms_of_form(form, stems)[:n_terms_of_form]

    n = reading.n_read
    fitted = [_View(counts, n, weight, terms_of) for counts, weight in zip(views, (1.0, TITLE_WEIGHT), strict=True)]
    if not fitted[0].terms:
        raise TooFewExamples("No word stands in two articles. Are the bodies empty?")
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

    def texts(self, articles: Iterable[Article]) -> Iterator[ReadText]:
        """Yield the texts of the articles that can be read."""
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
                yield text
            self.n_read += len(texts)

    def _read(self, batch: Sequence[Article]) -> list[ReadText | None]:
        if self._plain:
            return self.unreadable.each(lambda articles: map(self._reader.read_text, articles), batch)
        readings = self.unreadable.each(self._reader.read_all, batch)
        named = self._reader.mention_features([reading for reading in readings if reading is not None])
        self.named.append(named._replace(articles=named.articles + self.n_read))
        return [reading.text if reading is not None else None for reading in readings]

    def groups(self) -> np.ndarray:
        """Return the groups of near-duplicates, (n_articles,) int32."""
        return np.arange(self.n_read, dtype=np.int32) if self._plain else self._duplicates.groups()


class _Counts:
    """Counts the surface forms of texts, which are many times fewer than their terms."""

    def __init__(self, forms_of: Callable[[ReadText], list[str]]) -> None:
        self.forms_of = forms_of
        self.number: defaultdict[str, int] = defaultdict()
        self.number.default_factory = self.number.__len__
        self._columns, self._begins = array("i"), [0]

    def add(self, text: ReadText) -> None:
        """Count the next text."""
        self._columns.extend(map(self.number.__getitem__, self.forms_of(text)))
        self._begins.append(len(self._columns))

    def matrix(self) -> sparse.csr_matrix:
        """Return (n_texts, n_forms) float64 CSR."""
        shape = (len(self._begins) - 1, len(self.number))
        columns = np.frombuffer(self._columns, dtype=np.int32)
        counted = sparse.csr_matrix((np.ones(len(columns)), columns, self._begins), shape=shape)
        counted.sum_duplicates()
        return counted


class _View:
    """TF-IDF with the logarithm of counts, times a weight, over the terms of one view that two articles have.

    X: (n_articles, n_terms) float64 CSR, of the first texts; names: (n_tags, n_terms), of the others.
    """

    def __init__(
        self, counts: _Counts, n_articles: int, weight: float, terms_of: Callable[[str], tuple[str, ...]]
    ) -> None:
        terms: dict[str, int] = {}
        forms = enumerate(counts.number)
        pairs = [(row, terms.setdefault(t, len(terms))) for row, form in forms for t in terms_of(form)]
        rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        of_forms = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(counts.number), len(terms)))
        n_terms = (counts.matrix() @ of_forms).tocsr()
        frequent = np.flatnonzero(np.bincount(n_terms[:n_articles].indices, minlength=len(terms)) >= 2)
        names = np.array(list(terms), dtype=object)[frequent]
        order = np.argsort(names)
        self.terms: list[str] = names[order].tolist()
        counted = n_terms[:, frequent[order]]
        counted.sort_indices()
        self.X, self.names = counted[:n_articles], counted[n_articles:]
        self.idf = np.zeros(0, dtype=np.float32)
        if self.terms:
            fitted = TfidfTransformer(sublinear_tf=True).fit(self.X)
            self.idf = fitted.idf_.astype(np.float32)
            self.X, self.names = (weight * fitted.transform(part) for part in (self.X, self.names))
