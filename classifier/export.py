"""The names by which pipelines that earlier versions exported look up their steps, now in `classifier.model.pipeline_steps`."""

from classifier.model.pipeline_steps import (  # noqa: F401
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
