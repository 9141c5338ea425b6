"""Exported pipelines of earlier versions still find the classes and functions that their pickles name."""

from __future__ import annotations

import pickle

import pytest

from classifier.domain.taxonomy import Alias, Kind, Tag

STEPS = [
    *("ArticleTransformer", "NamingVectorizer", "NamingWeigher", "WrittenOut", "Doubts", "TagClassifier"),
    *("NamedReading", "_Vocabulary", "_Taxonomy", "reading_terms", "reading_title_terms"),
]


@pytest.mark.parametrize("name", [f"classifier.export {step}" for step in STEPS])
def test_a_step_of_an_earlier_pipeline_is_found_under_its_name(name: str) -> None:
    module, step = name.split()
    assert pickle.loads(f"c{module}\n{step}\n.".encode()).__name__ == step


@pytest.mark.parametrize(
    "entry", [Tag("iskp", "ISKP", aliases=(Alias("IS-K", case_exact=True),)), Kind(exclusive=True)]
)
def test_tags_and_kinds_of_an_earlier_pipeline_are_those_of_today(entry: Tag | Kind) -> None:
    pickled = pickle.dumps(entry, protocol=0)
    assert b"classifier.domain.taxonomy" in pickled
    assert pickle.loads(pickled.replace(b"classifier.domain.taxonomy", b"classifier.taxonomy")) == entry
