"""What has changed in the newest weeks, beyond chance: how often tags are given and suggested, scores, articles without a tag,
aliases that fall to zero or jump; and names that rise and belong to no tag.

`drift_report` returns plain JSON, `drift_page` shows it. A week is seven days; the newest ends today. Of articles only ids,
titles and dates are quoted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np

from classifier.domain.decisions import Filed
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.reports.drift.chance import SPANS, Change, beyond_chance, change, shift
from classifier.reports.drift.rising import RisingNames, Text, Texts
from classifier.reports.drift.tags import Row
from classifier.store import STARTER
from classifier.text.reading import ArticleReader

JUMP = 3.0  # times the rate before, from which on an alias is worth a look
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
N_EXAMPLES = 5  # articles named for an alias


def drift_report(
    read: Callable[[], Iterable[Filed]],
    taxonomy: Taxonomy,
    today: date,
    n_weeks: int = 26,
    reader: ArticleReader | None = None,
) -> dict[str, Any]:
    """Return what has changed in the newest of some weeks, and the names that rise, as plain JSON.

    Args:
        read: reads the archive anew each time it is called; it is called twice, so that no text is kept.
        n_weeks: at least eight: the newest four are compared with at least four before them.
        reader: of the model that serves, which knows the furniture of the site.
    """
    texts, rising, weeks = Texts(taxonomy, reader), RisingNames(taxonomy, today), _Weeks(taxonomy, today, n_weeks)
    unreadable = Unreadable()
    for filed in read():
        with unreadable.setting_aside(filed.article.id):
            rising.look(texts.of(filed))
    rising.settle()
    for filed in read():
        with unreadable.setting_aside(filed.article.id):
            text = texts.of(filed)
            text.check()
            rising.count(text)
            weeks.count(text)
    return {
        "today": today.isoformat(),
        "taxonomy_version": taxonomy.version,
        **weeks.report(),
        "rising": rising.rows(),
        "set_aside": unreadable.to_json(),
    }


class _Weeks:
    """Counts of the desk's own articles by week, the oldest week first."""

    def __init__(self, taxonomy: Taxonomy, today: date, n_weeks: int) -> None:
        self._taxonomy, self._today, self._n = taxonomy, today, n_weeks
        self._seen: Counter[str] = Counter()
        self._articles, self._tagged, self._asked = self._zeros(), self._zeros(), self._zeros()
        self._untagged, self._unsuggested = self._zeros(), self._zeros()
        self._given: defaultdict[str, np.ndarray] = defaultdict(self._zeros)
        self._suggested: defaultdict[str, np.ndarray] = defaultdict(self._zeros)
        self._aliases: defaultdict[tuple[str, str], np.ndarray] = defaultdict(self._zeros)
        self._examples: defaultdict[tuple[str, str], list[tuple[int, Row]]] = defaultdict(list)
        self._best: list[list[float]] = [[] for _ in range(n_weeks)]
        self._models: list[Counter[str]] = [Counter() for _ in range(n_weeks)]
        self._alias_of = {
            (place, spell(alias.text)): alias.text for place, tag in enumerate(taxonomy.tags) for alias in tag.aliases
        }

    def _zeros(self) -> np.ndarray:
        return np.zeros(self._n, dtype=np.int64)

    def count(self, text: Text) -> None:
        """Count an article in its week."""
        kind = self._kind(text)
        self._seen[kind] += 1
        if kind != "counted" or text.day is None:
            return
        week = self._n - 1 - (self._today - text.day).days // 7
        self._articles[week] += 1
        self._count_tags(week, text.filed)
        for tag, alias in self._named(text):
            self._aliases[tag, alias][week] += 1
            named = self._examples[tag, alias]
            if week >= self._n - max(SPANS) and len(named) < N_EXAMPLES * max(SPANS):
                named.append((week, {"article": text.id, "title": text.title, "date": text.day.isoformat()}))

    def _kind(self, text: Text) -> str:
        """Return whether an article is counted, and if not, why."""
        if text.filed.source == STARTER:  # background for names, but no news
            return "starter"
        if text.day is None:
            return "undated"
        if text.day > self._today:
            return "later"
        return "counted" if (self._today - text.day).days < 7 * self._n else "earlier"

    def _count_tags(self, week: int, filed: Filed) -> None:
        given = filed.article.tags or ()
        self._tagged[week] += filed.closed or bool(given)
        for tag in given:
            self._given[tag][week] += 1
        self._untagged[week] += not (given or filed.suggested)
        if filed.suggested is None:
            return
        self._asked[week] += 1
        self._unsuggested[week] += not filed.suggested
        for tag in filed.suggested:
            self._suggested[tag][week] += 1
        if filed.suggested:  # the best of each article only: the scores of one article hang together
            self._best[week].append(max(filed.suggested.values()))
        self._models[week][str(filed.model_version)] += 1

    def _named(self, text: Text) -> set[tuple[str, str]]:
        """Return the tags that an article names and the aliases by which it does."""
        found = set()
        for one in text.mentions:
            name = spell(text.read.contents[one.field][one.start : one.end])
            found.add((self._taxonomy.tags[one.tag].id, self._alias_of.get((one.tag, name), name)))
        return found

    # --- what came of it ---

    def report(self) -> dict[str, Any]:
        """Return the counts and what of them has changed."""
        others = {name: self._seen[name] for name in ("earlier", "undated", "later", "starter")}
        return {
            "articles": {"in_weeks": int(self._articles.sum()), "newest_week": int(self._articles[-1]), **others},
            "weeks": [self._week(number) for number in range(self._n)],
            "untagged": _changed_alone(self._untagged, self._articles),
            "unsuggested": _changed_alone(self._unsuggested, self._asked),
            "scores": self._scores(),
            "given": self._tags(self._given, self._tagged),
            "suggested": self._tags(self._suggested, self._asked),
            **self._watched_aliases(),
        }

    def _week(self, number: int) -> Row:
        last = self._today - timedelta(days=7 * (self._n - 1 - number))
        best = self._best[number]
        return {
            "from": (last - timedelta(days=6)).isoformat(),
            "to": last.isoformat(),
            "articles": int(self._articles[number]),
            "tagged": int(self._tagged[number]),
            "asked": int(self._asked[number]),
            "untagged": int(self._untagged[number]),
            "unsuggested": int(self._unsuggested[number]),
            "scores": [round(float(q), 4) for q in np.quantile(best, QUANTILES)] if best else None,
            "models": sorted(self._models[number]),
        }

    def _scores(self) -> Row:
        """Return whether the best scores of the newest weeks are others than before, and whether another model gave them."""
        found = shift([np.asarray(best, dtype=np.float64) for best in self._best])
        if found is None:
            return {"compared": False, "beyond_chance": False}
        now = set().union(*self._models[-found.span :])
        before = set().union(*self._models[: -found.span])
        return {"compared": True, **found._asdict(), "beyond_chance": found.surely, "new_models": sorted(now - before)}

    def _tags(self, counts: Mapping[str, np.ndarray], of: np.ndarray) -> list[Row]:
        rows = _changed(dict(sorted(counts.items())), of)
        for row in rows:
            row["tag"] = row.pop("name")
            row["label"] = self._label(row["tag"])
        return rows

    def _watched_aliases(self) -> Row:
        """Return the aliases that fell to zero or jumped beyond chance, and of how many."""
        rows = []
        for row in _changed(dict(sorted(self._aliases.items())), self._articles):
            tag, alias = row.pop("name")
            if row["beyond_chance"] and (row["n_now"] == 0 or row["ratio"] >= JUMP):
                named = [one for week, one in self._examples[tag, alias] if week >= self._n - row["span"]]
                what = "jumped" if row["n_now"] else "fell to zero"
                rows.append(
                    {
                        "tag": tag,
                        "label": self._label(tag),
                        "alias": alias,
                        "what": what,
                        **row,
                        "articles": named[:N_EXAMPLES],
                    }
                )
        return {"n_aliases": len(self._aliases), "aliases": rows}

    def _label(self, tag: str) -> str:
        return self._taxonomy.by_id[tag].label if tag in self._taxonomy.by_id else tag


def _changed(counts: Mapping[Any, np.ndarray], of: np.ndarray) -> list[Row]:
    """Return a row for each weekly count and how it has changed, what chance explains least first.

    Which of the changes stand is decided for all of them at once.
    """
    changes = {name: change(events, of) for name, events in counts.items()}
    tested = {name: one for name, one in changes.items() if one is not None}
    stand = dict(zip(tested, beyond_chance([one.p for one in tested.values()]), strict=True))
    rows = [
        {"name": name, **_change_row(changes[name]), "beyond_chance": stand.get(name, False), "weeks": events.tolist()}
        for name, events in counts.items()
    ]
    return sorted(
        rows, key=lambda row: (not row["beyond_chance"], 1.0 if row["p"] is None else row["p"], -sum(row["weeks"]))
    )


def _changed_alone(events: np.ndarray, of: np.ndarray) -> Row:
    (row,) = _changed({"": events}, of)
    return {name: value for name, value in row.items() if name != "name"}


def _change_row(one: Change | None) -> Row:
    if one is None:
        return {**dict.fromkeys(Change._fields), "ratio": None}
    return {**one._asdict(), "ratio": round(one.ratio, 3)}
