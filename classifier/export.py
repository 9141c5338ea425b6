"""The names by which pipelines that earlier versions exported look up their steps, now in `classifier.model.export`."""

from classifier.model.export import (  # noqa: F401
    ArticleTransformer,
    Doubts,
    NamedReading,
    NamingVectorizer,
    NamingWeigher,
    TagClassifier,
    WrittenOut,
    _Taxonomy,
    _Vocabulary,
    reading_terms,
    reading_title_terms,
)
