"""What somebody looks for in the articles: words of titles and ids, and the tags that the text names."""

from collections.abc import Iterator

from classifier.domain.spelling import searchable
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.store.searching import Sought, sought

MIN_LETTERS = 3  # of the beginning of a tag's name that finds the tag


def sought_in(text: str, taxonomy: Taxonomy) -> Sought:
    """Return what a text looks for. A tag is found by its id, and by the whole or the beginning of its label or an alias."""
    words = searchable(text)
    named = [tag.id for tag in taxonomy.tags if words and _is_named(tag, words)]
    return sought(text, tuple(dict.fromkeys(id_ for tag in named for id_ in taxonomy.paths.written_as(tag))))


def _is_named(tag: Tag, words: str) -> bool:
    names = map(searchable, _names(tag))
    return any(name == words or (len(words) > MIN_LETTERS and name.startswith(words)) for name in names)


def _names(tag: Tag) -> Iterator[str]:
    yield from (tag.id, tag.label)
    yield from (alias.text for alias in tag.aliases)
