"""Articles -> the corpus to fit on: TF-IDF, mention features, near-duplicates. One pass, which keeps no text."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, count, repeat
from typing import NamedTuple

import numpy as np
from rensa import RMinHash
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer

from classifier.domain.articles import Article
from classifier.domain.progress import Track
from classifier.domain.sentences import NO_WORDS
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.errors import TooFewExamples
from classifier.model.scoring import TITLE_WEIGHT
from classifier.parallel.processes import LARGE, map_chunks_in_copies
from classifier.text.duplicates import NearDuplicates, signature_of
from classifier.text.fields import read_text
from classifier.text.language import ENGLISH
from classifier.text.mention_features import MentionFeatures
from classifier.text.reading import ArticleReader
from classifier.text.stems import BEGINNINGS, ENGLISH_STEMS, Stems
from classifier.text.terms import terms_of_forms
from classifier.training.forms import FormCounter, FormCounts, Forms

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
    articles: Sequence[Article],
    taxonomy: Taxonomy,
    track: Track,
    plain: bool = False,
    blocks: Sequence[str] = (),
    n_jobs: int = 1,
) -> Corpus:
    """Read articles; terms that stand in one only are left out. Raises `TooFewExamples` if no term is left.

    A plain reading takes words alone: no stems and compounds, mentions, language and near-duplicates.
    """
    reader, reading = ArticleReader(taxonomy, blocks), _Reading()

    def added() -> Iterator[None]:
        for batch in _read(articles, reader, plain, n_jobs):
            reading.add(batch)
            yield from repeat(None, len(batch.is_read))

    for _ in track(added(), len(articles), "reading articles"):
        pass
    forms = reading.forms
    strong_names = [[tag.label, *(alias.text for alias in tag.aliases if not alias.weak)] for tag in taxonomy.tags]
    forms.add(FormCounter(plain).count([read_text(", ".join(names)) for names in strong_names]))
    language, stems = _language_and_stems(reading.languages)
    names, *counted = forms.counts()
    terms, of_forms = _numbered(terms_of_forms(names, None if plain else stems))
    fitted = [
        _View(counts @ of_forms, terms, reading.n_read, weight)
        for counts, weight in zip(counted, (1.0, TITLE_WEIGHT), strict=True)
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
        MentionFeatures(*map(np.concatenate, zip(reader.mention_features([]), *reading.named, strict=True))),
        reading.groups(plain),
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


class _Batch(NamedTuple):
    """What is kept of a batch of articles: nothing of their texts but words."""

    is_read: list[bool]
    forms: FormCounts  # of those that can be read, as the rest
    named: MentionFeatures
    signatures: list[RMinHash]  # none of a plain reading
    languages: list[str | None]
    unreadable: list[tuple[str, str]]  # id and kind of error


class _BatchReader:
    """Reads batches of articles, in any process."""

    def __init__(self, reader: ArticleReader, plain: bool) -> None:
        self._reader, self._plain = reader, plain
        self._counter = FormCounter(plain)

    def __call__(self, batch: Sequence[Article]) -> _Batch:
        unreadable = Unreadable()
        if self._plain:
            texts = unreadable.each(self._reader.read_texts, batch)
            named = self._reader.mention_features([])
        else:
            readings = unreadable.each(self._reader.read_all, batch)
            texts = [reading.text if reading is not None else None for reading in readings]
            named = self._reader.mention_features([reading for reading in readings if reading is not None])
        read = [text for text in texts if text is not None]
        return _Batch(
            [text is not None for text in texts],
            self._counter.count(read),
            named,
            [] if self._plain else [signature_of(text.spelling) for text in read],
            [None if self._plain else text.language for text in read],
            list(unreadable.kinds.items()),
        )


class _Reading:
    """Collects what batches of articles have, in their order."""

    def __init__(self) -> None:
        self.named: list[MentionFeatures] = []
        self._duplicates = NearDuplicates()
        self.forms = Forms()
        self.n_read = 0  # of those that can be read
        self.languages: list[str | None] = []  # of these
        self.rows: list[int] = []
        self.unreadable = Unreadable()
        self._n_articles = 0

    def add(self, batch: _Batch) -> None:
        self.rows += (self._n_articles + np.flatnonzero(batch.is_read)).tolist()
        self._n_articles += len(batch.is_read)
        self.named.append(batch.named._replace(articles=batch.named.articles + self.n_read))
        for signature in batch.signatures:
            self._duplicates.add_signature(signature)
        self.languages += batch.languages
        self.forms.add(batch.forms)
        self.unreadable.kinds |= batch.unreadable
        self.n_read += len(batch.languages)

    def groups(self, plain: bool) -> np.ndarray:
        """Return the groups of near-duplicates, (n_articles,) int32."""
        return np.arange(self.n_read, dtype=np.int32) if plain else self._duplicates.groups()


def _read(articles: Sequence[Article], reader: ArticleReader, plain: bool, n_jobs: int) -> Iterator[_Batch]:
    """Yield what batches of articles have. Of much text copies of this process read, too."""
    is_much = sum(len(article.body) for article in articles) >= LARGE
    batches = (articles[first : first + BATCH] for first in range(0, len(articles), BATCH))
    return map_chunks_in_copies(_BatchReader(reader, plain), lambda: batches, n_jobs if is_much else 1)


def _numbered(of_forms: Sequence[tuple[str, ...]]) -> tuple[list[str], sparse.csr_matrix]:
    """Return the terms of surface forms, and which of them each form gives, (n_forms, n_terms) CSR."""
    each = list(chain.from_iterable(of_forms))
    terms = list(dict.fromkeys(each))
    number = dict(zip(terms, count(), strict=False))
    columns, ends = [number[term] for term in each], [0, *accumulate(map(len, of_forms))]
    matrix = sparse.csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(of_forms), len(terms)))
    return terms, matrix


class _View:
    """TF-IDF with the logarithm of counts, times a weight, over the terms of one view that two articles have.

    X: (n_articles, n_terms) float64 CSR, of the first texts; names: (n_tags, n_terms), of the others.
    """

    def __init__(self, counts: sparse.csr_matrix, terms: list[str], n_articles: int, weight: float) -> None:
        """Take the counts of all terms, (n_texts, len(terms)) CSR."""
        of_articles = counts.indices[: counts.indptr[n_articles]]
        frequent = np.flatnonzero(np.bincount(of_articles, minlength=len(terms)) >= 2).tolist()
        columns = sorted(frequent, key=terms.__getitem__)
        self.terms = [terms[column] for column in columns]
        counted = counts[:, columns].tocsc().tocsr()  # with the terms of each text in order, in linear time
        self.X, self.names = counted[:n_articles], counted[n_articles:]
        self.idf = np.zeros(0, dtype=np.float32)
        if self.terms:
            fitted = TfidfTransformer(sublinear_tf=True).fit(self.X)
            self.idf = fitted.idf_.astype(np.float32)
            self.X, self.names = (weight * fitted.transform(part) for part in (self.X, self.names))
