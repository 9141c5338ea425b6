"""The stored articles that name a tag, and the aliases that are safe to look for."""

from collections.abc import Iterable, Sequence
from itertools import islice

from classifier.domain.alias_checks import alias_problems
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Alias, Taxonomy
from classifier.store.store import Store
from classifier.text.reading import ArticleReader

MOST_READ = 20_000  # articles in which a name is looked for
MOST_TAGGED = 1_000
_BATCH = 200


def safe_aliases(names: Iterable[str]) -> list[Alias]:
    """Return names as aliases, each spelling once. What is not safe in any case counts in its own alone, or not at all."""
    different = {spell(name): name for name in reversed(list(names)) if spell(name)}
    aliases = []
    for name in reversed(different.values()):
        choices = (Alias(name), Alias(name, case_exact=True))
        aliases += [alias for alias in choices if not alias_problems(alias)][:1]
    return aliases


def articles_naming(store: Store, taxonomy: Taxonomy, tag_id: str, known: Sequence[str] = ()) -> list[str]:
    """Return stored articles that name a tag, those that are `known` to first, and then the newest first."""
    longest = {max(spell(alias.text).split(), key=len) for alias in taxonomy.tag(tag_id).aliases if spell(alias.text)}
    candidates = list(dict.fromkeys((*known, *store.naming.having(longest, MOST_READ))))
    reader, position, found = ArticleReader(taxonomy), taxonomy.positions[tag_id], list[str]()
    rest = iter(candidates)
    while (batch := list(islice(rest, _BATCH))) and len(found) < MOST_TAGGED:
        stored = [article for _, article in store.live.texts(batch)]
        for article, reading in zip(stored, reader.read_all(stored), strict=True):
            if any(mention.tag == position and not mention.weak for mention in reading.mentions):
                found.append(article.id)
    place = {article_id: number for number, article_id in enumerate(candidates)}
    return sorted(found, key=place.__getitem__)[:MOST_TAGGED]
