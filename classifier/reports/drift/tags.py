"""The tags that are nearest to a new name, and a new tag for it to paste into the taxonomy."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from itertools import count

import yaml

from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Taxonomy, id_for
from classifier.reports.drift.chance import log_likelihood
from classifier.reports.drift.names import name_key
from classifier.reports.drift.records import AliasOfTag, SimilarAlias, TagOfArticles

N_NEAREST = 3
MIN_LIFT = 1.5  # times the share among all articles
ALIKE = 0.5  # of the three-letter pieces that two names have (Dice 1945)
MAX_ID = 60
KIND = "group"
SHORT = 4  # letters of an abbreviation that is safe only in capitals


class Nearest:
    """Counts the tags of an archive, and finds those that are nearest to a name."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._usual: Counter[str] = Counter()
        self._n = 0
        self._tags: dict[str, set[str]] = {}  # of the articles that may be asked for
        self._names = [
            (tag.id, name, _pieces(name))
            for tag in taxonomy.tags
            if not tag.retired
            for name in dict.fromkeys((tag.label, *(alias.text for alias in tag.aliases)))
        ]

    def count(self, tags: set[str]) -> None:
        """Count the tags of an article towards what is usual."""
        self._n += 1
        self._usual.update(tags)

    def note(self, article_id: str, tags: set[str]) -> None:
        """Keep the tags of an article that may be asked for."""
        self._tags[article_id] = tags

    def by_articles(self, article_ids: Iterable[str]) -> list[TagOfArticles]:
        """Return the tags that these articles have more often than usual, the most telling first."""
        ids = list(article_ids)
        n_having = Counter(tag for article_id in ids for tag in self._tags[article_id])
        rows = []
        for tag, n in n_having.items():
            usual = self._usual[tag] / self._n
            if n >= min(2, len(ids)) and n > MIN_LIFT * usual * len(ids):
                weight = log_likelihood(n, len(ids), self._usual[tag] - n, max(1, self._n - len(ids)))
                rows.append((-weight, TagOfArticles(tag, label_of(self._taxonomy, tag), n, len(ids), usual)))
        return [row for _, row in sorted(rows, key=lambda ranked: (ranked[0], ranked[1].tag))[:N_NEAREST]]

    def by_name(self, names: Iterable[str]) -> list[SimilarAlias]:
        """Return the tags with a name that is like one of these, the most similar first."""
        wanted = [_pieces(name) for name in names if len(name) > SHORT]  # abbreviations are alike by chance
        best: dict[str, tuple[float, str]] = {}
        for tag, name, pieces in self._names:
            shared = ((len(pieces & of_name), len(pieces) + len(of_name)) for of_name in wanted)
            likeness = max((2 * n_shared / n for n_shared, n in shared), default=0.0)
            if likeness >= ALIKE:
                best[tag] = max(best.get(tag, (0.0, "")), (likeness, name))
        order = sorted(best, key=lambda tag: (-best[tag][0], tag))[:N_NEAREST]
        return [SimilarAlias(tag, label_of(self._taxonomy, tag), best[tag][1], round(best[tag][0], 3)) for tag in order]

    def spelt_alike(self, names: Iterable[str]) -> AliasOfTag | None:
        """Return the tag and its alias that differ from a name only in spelling, None if there is none."""
        keys = set(map(_spelling_key, names))
        alike = ((tag, name) for tag, name, _ in self._names if _spelling_key(name) in keys)
        tag, name = next(alike, (None, ""))
        return AliasOfTag(tag, label_of(self._taxonomy, tag), name) if tag else None


def label_of(taxonomy: Taxonomy, tag: str) -> str:
    """Return the label of a tag, or its id if the taxonomy does not have it."""
    return taxonomy.by_id[tag].label if tag in taxonomy.by_id else tag


def _spelling_key(name: str) -> str:
    return "".join(name_key(spell(name).split()))


def _pieces(name: str) -> frozenset[str]:
    """Return the pieces of three letters that a name has."""
    text = f"  {' '.join(name_key(spell(name).split()))} "
    return frozenset(text[start : start + 3] for start in range(len(text) - 2))


# --- a new tag ---


def stub(taxonomy: Taxonomy, names: list[str], today: date) -> str:
    """Return a tag whose label is the first of the names and whose aliases are all of them, as `tags check` accepts it."""
    different = {spell(name): name for name in reversed(names)}  # aliases ignore case, accents and hyphens
    tag = {
        "id": _free_id(taxonomy, names[0]),
        "label": names[0],
        "kind": KIND if KIND in taxonomy.kinds else next(iter(taxonomy.kinds), KIND),
        "created": today.isoformat(),
        "aliases": [_alias(name) for name in reversed(different.values())],
    }
    return yaml.safe_dump([tag], sort_keys=False, allow_unicode=True, width=200)


def _free_id(taxonomy: Taxonomy, name: str) -> str:
    base = id_for(name)[:MAX_ID] or "new-tag"
    candidates = (f"{base}-{n}" if n > 1 else base for n in count(1))
    return next(tag_id for tag_id in candidates if tag_id not in taxonomy.by_id)


def _alias(name: str) -> str | dict[str, str]:
    """Return a name as an alias; a single short or common word must match in its exact case."""
    words = spell(name).split()
    if len(words) > 1 or (len(words[0]) > SHORT and not name.isupper()):
        return name
    return {"text": name, "case": "exact"}
