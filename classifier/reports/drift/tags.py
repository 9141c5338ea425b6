"""What a taxonomy has to do with a new name: the tags that are nearest to it, and a tag of its own to paste."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

import yaml

from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Taxonomy, id_for
from classifier.reports.drift.chance import log_likelihood
from classifier.reports.drift.names import name_key

Row = dict[str, Any]
N_NEAREST = 3
MIN_LIFT = 1.5  # times the share among all articles
ALIKE = 0.5  # of the three-letter pieces of two names (Dice 1945)
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

    def by_articles(self, article_ids: Iterable[str]) -> list[Row]:
        """Return the tags that these articles have beyond what is usual, the most telling first."""
        ids = list(article_ids)
        having = Counter(tag for one in ids for tag in self._tags[one])
        rows = []
        for tag, n in having.items():
            usual = self._usual[tag] / self._n
            if n >= min(2, len(ids)) and n > MIN_LIFT * usual * len(ids):
                weight = log_likelihood(n, len(ids), self._usual[tag] - n, max(1, self._n - len(ids)))
                rows.append(
                    (-weight, tag, {"tag": tag, "label": self._label(tag), "n": n, "of": len(ids), "usual": usual})
                )
        return [row for _, _, row in sorted(rows, key=lambda one: one[:2])[:N_NEAREST]]

    def by_name(self, names: Iterable[str]) -> list[Row]:
        """Return the tags with a name that is like one of these, the likest first."""
        wanted = [_pieces(name) for name in names if len(name) > SHORT]  # abbreviations are alike by chance
        best: dict[str, tuple[float, str]] = {}
        for tag, name, pieces in self._names:
            likeness = max((_dice(pieces, one) for one in wanted), default=0.0)
            if likeness >= ALIKE:
                best[tag] = max(best.get(tag, (0.0, "")), (likeness, name))
        order = sorted(best, key=lambda tag: (-best[tag][0], tag))[:N_NEAREST]
        return [
            {"tag": tag, "label": self._label(tag), "alias": best[tag][1], "likeness": round(best[tag][0], 3)}
            for tag in order
        ]

    def spelt_alike(self, names: Iterable[str]) -> Row | None:
        """Return the tag and its alias that differ from a name only in spelling, None if there is none."""
        keys = {"".join(name_key(spell(name).split())) for name in names}
        for tag, name, _ in self._names:
            if "".join(name_key(spell(name).split())) in keys:
                return {"tag": tag, "label": self._label(tag), "alias": name}
        return None

    def _label(self, tag: str) -> str:
        return self._taxonomy.by_id[tag].label if tag in self._taxonomy.by_id else tag


def _pieces(name: str) -> frozenset[str]:
    text = f"  {' '.join(name_key(spell(name).split()))} "
    return frozenset(text[at : at + 3] for at in range(len(text) - 2))


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other))


# --- a tag of its own ---


def stub(taxonomy: Taxonomy, names: list[str], today: date) -> str:
    """Return a tag whose label is the first of the names and whose aliases are all of them, as `tags check` accepts it.

    Raises:
        ValueError: without a name.
    """
    if not names:
        raise ValueError("A tag needs a name.")
    tag = {
        "id": _free_id(taxonomy, names[0]),
        "label": names[0],
        "kind": KIND if KIND in taxonomy.kinds else next(iter(taxonomy.kinds), KIND),
        "created": today.isoformat(),
        "aliases": [_alias(name) for name in _different(names)],
    }
    return yaml.safe_dump([tag], sort_keys=False, allow_unicode=True, width=200)


def _free_id(taxonomy: Taxonomy, name: str) -> str:
    base = id_for(name)[:MAX_ID] or "new-tag"
    taken, n = taxonomy.by_id, 1
    while (tag_id := base if n == 1 else f"{base}-{n}") in taken:
        n += 1
    return tag_id


def _different(names: Iterable[str]) -> list[str]:
    """Return the names that differ in more than case, accents and hyphens, which aliases do not heed."""
    return list({spell(name): name for name in reversed(list(names))}.values())[::-1]


def _alias(name: str) -> Any:
    """Return a name as an alias; a single short or common word must be written just so."""
    words = spell(name).split()
    if len(words) > 1 or (len(words[0]) > SHORT and not name.isupper()):
        return name
    return {"text": name, "case": "exact"}
