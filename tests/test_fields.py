"""Text fields: one list that reading, digests and the terms of the model follow."""

from __future__ import annotations

import subprocess
import sys

from classifier.domain.articles import TEXT_FIELDS, Article, text_digest
from classifier.text.fields import FIELDS
from tests.conftest import ROOT

# An additional field has to be known before any module reads the list; `url` is an attribute that an article has already.
WITH_A_FIELD = """
from operator import attrgetter
from classifier.domain import articles
from classifier.domain.articles import Article, text_digest

articles.TEXT_FIELDS = ("title", "standfirst", "body", "url")
articles._texts_of = attrgetter(*articles.TEXT_FIELDS)

from collections import Counter
from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.text.reading import ArticleReader
from classifier.text.term_rows import TermRows
from classifier.text.terms import text_terms

article = Article("a", "Raid in Kunar", "Nobody claimed the raid.", url="Boko Haram and anti-terror units")
assert text_digest(article) != text_digest(Article("a", article.title, article.body, url=""))
taxonomy = Taxonomy((Tag("boko-haram", "Boko Haram", "group", aliases=(Alias("Boko Haram"),)),))
reading = ArticleReader(taxonomy).read(article)
(mention,) = reading.mentions
assert article.texts[mention.field][slice(*reading.source_span(mention.field, mention.start, mention.end))] == "Boko Haram"
terms = Counter(text_terms(reading.text))
assert terms["haram"] == terms["anti-terror"] == 1
names = sorted(terms)
found = TermRows(names, []).find([reading.text])
assert {names[row]: n for row, n in zip(found.rows, found.counts)} == terms
"""


def test_the_model_reads_every_text_field() -> None:
    assert tuple(field.name for field in FIELDS) == TEXT_FIELDS


def test_digests_of_earlier_versions_stay() -> None:
    digest = text_digest(Article("a", "Raid", "<p>Nobody claimed it.</p>", "html"))
    assert digest == "a96785353b1a2084b8d4ac3413c7b1e9645ed95dd1127fdb1377f5273f49d699"


def test_an_additional_field_is_hashed_read_and_counted() -> None:
    subprocess.run([sys.executable, "-c", WITH_A_FIELD], check=True, cwd=ROOT)
