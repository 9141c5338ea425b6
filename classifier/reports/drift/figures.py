"""What has changed in the newest weeks, beyond chance: rates of tags, scores, articles without a tag, aliases.

A week is seven days; the newest ends today. Names that rise and belong to no tag are in the report too. Of articles only ids,
titles and dates are quoted.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import TypeVar

import numpy as np

from classifier.domain.decisions import Filed
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.reports.chance import beyond_chance
from classifier.reports.drift.chance import SPANS, Change, change, shift
from classifier.reports.drift.records import (
    AliasChange,
    ArticleCounts,
    DriftReport,
    RateChange,
    ScoreShift,
    ScoresNotCompared,
    TagChange,
    WeekCounts,
)
from classifier.reports.drift.rising import RisingNames, Text, Texts
from classifier.reports.drift.tags import label_of
from classifier.reports.parts import DatedArticle
from classifier.store.queue import STARTER
from classifier.text.reading import ArticleReader

JUMP = 3.0  # times the rate before; an alias that jumps less is not listed
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
N_EXAMPLES = 5  # articles named for an alias
_Name = TypeVar("_Name", str, tuple[str, str])


def drift_report(
    read: Callable[[], Iterable[Filed]],
    taxonomy: Taxonomy,
    today: date,
    n_weeks: int = 26,
    reader: ArticleReader | None = None,
) -> DriftReport:
    """Return what has changed in the newest weeks, and the names that rise.

    Args:
        read: reads the archive anew each time it is called; it is called twice, so that no text is kept.
        n_weeks: at least eight: the newest four are compared with at least four before them.
        reader: of the model that serves, which knows the boilerplate of the site.
    """
    texts, rising, weeks = Texts(taxonomy, reader), RisingNames(taxonomy, today), _Weeks(taxonomy, today, n_weeks)
    unreadable = Unreadable()
    for filed in read():
        with unreadable.setting_aside(filed.article.id):
            rising.collect(texts.of(filed))
    rising.settle()
    for filed in read():
        with unreadable.setting_aside(filed.article.id):
            text = texts.of(filed)
            text.check()
            rising.count(text)
            weeks.count(text)
    given, suggested = weeks.tags(weeks.given, weeks.tagged), weeks.tags(weeks.suggested, weeks.asked)
    return DriftReport(
        today=today.isoformat(),
        taxonomy_version=taxonomy.version,
        articles=weeks.article_counts(),
        weeks=[weeks.week(number) for number in range(n_weeks)],
        untagged=_changed({"": weeks.untagged}, weeks.articles)[0][1],
        unsuggested=_changed({"": weeks.unsuggested}, weeks.asked)[0][1],
        scores=weeks.score_shift(),
        given=given,
        suggested=suggested,
        n_aliases=len(weeks.aliases),
        aliases=weeks.changed_aliases(),
        rising=rising.rows(),
        set_aside=unreadable.to_json(),
    )


class _Weeks:
    """Counts of the desk's own articles by week, (n_weeks,) int64 each, the oldest week first."""

    def __init__(self, taxonomy: Taxonomy, today: date, n_weeks: int) -> None:
        self._taxonomy, self._today, self._n_weeks = taxonomy, today, n_weeks
        self._kinds: Counter[str] = Counter()
        self.articles, self.tagged, self.asked = self._zeros(), self._zeros(), self._zeros()
        self.untagged, self.unsuggested = self._zeros(), self._zeros()
        self.given: defaultdict[str, np.ndarray] = defaultdict(self._zeros)
        self.suggested: defaultdict[str, np.ndarray] = defaultdict(self._zeros)
        self.aliases: defaultdict[tuple[str, str], np.ndarray] = defaultdict(self._zeros)
        self._examples: defaultdict[tuple[str, str], list[tuple[int, DatedArticle]]] = defaultdict(list)
        self._best_scores: list[list[float]] = [[] for _ in range(n_weeks)]
        self._models: list[set[str]] = [set() for _ in range(n_weeks)]
        self._alias_of = {
            (number, spell(alias.text)): alias.text for number, tag in enumerate(taxonomy.tags) for alias in tag.aliases
        }

    def _zeros(self) -> np.ndarray:
        return np.zeros(self._n_weeks, dtype=np.int64)

    def count(self, text: Text) -> None:
        """Count an article in its week."""
        kind = self._kind(text)
        self._kinds[kind] += 1
        if kind != "counted" or text.day is None:
            return
        week = self._n_weeks - 1 - (self._today - text.day).days // 7
        self.articles[week] += 1
        self._count_tags(week, text.filed)
        for tag, alias in self._named(text):
            self.aliases[tag, alias][week] += 1
            examples = self._examples[tag, alias]
            if week >= self._n_weeks - max(SPANS) and len(examples) < N_EXAMPLES * max(SPANS):
                examples.append((week, DatedArticle(text.id, text.title, text.day.isoformat())))

    def _kind(self, text: Text) -> str:
        """Return whether an article is counted, and if not, why."""
        if text.filed.source == STARTER:  # background for names, but no news
            return "starter"
        if text.day is None:
            return "undated"
        if text.day > self._today:
            return "later"
        return "counted" if (self._today - text.day).days < 7 * self._n_weeks else "earlier"

    def _count_tags(self, week: int, filed: Filed) -> None:
        tags = filed.article.tags or ()
        self.tagged[week] += filed.closed or bool(tags)
        for tag in tags:
            self.given[tag][week] += 1
        self.untagged[week] += not (tags or filed.suggested)
        if filed.suggested is None:
            return
        self.asked[week] += 1
        self.unsuggested[week] += not filed.suggested
        for tag in filed.suggested:
            self.suggested[tag][week] += 1
        if filed.suggested:  # the best of each article only: the scores of one article depend on each other
            self._best_scores[week].append(max(filed.suggested.values()))
        self._models[week].add(str(filed.model_version))

    def _named(self, text: Text) -> set[tuple[str, str]]:
        """Return the tags that an article names and the aliases by which it does."""
        names = set()
        for mention in text.mentions:
            name = spell(text.read.contents[mention.field][mention.start : mention.end])
            names.add((self._taxonomy.tags[mention.tag].id, self._alias_of.get((mention.tag, name), name)))
        return names

    # --- the report ---

    def article_counts(self) -> ArticleCounts:
        """Return how many articles are counted, and how many are not."""
        not_counted = {kind: self._kinds[kind] for kind in ("earlier", "undated", "later", "starter")}
        return ArticleCounts(int(self.articles.sum()), int(self.articles[-1]), **not_counted)

    def week(self, number: int) -> WeekCounts:
        """Return the counts of a week."""
        last = self._today - timedelta(days=7 * (self._n_weeks - 1 - number))
        best = self._best_scores[number]
        return WeekCounts(
            from_=(last - timedelta(days=6)).isoformat(),
            to=last.isoformat(),
            articles=int(self.articles[number]),
            tagged=int(self.tagged[number]),
            asked=int(self.asked[number]),
            untagged=int(self.untagged[number]),
            unsuggested=int(self.unsuggested[number]),
            scores=[round(float(quantile), 4) for quantile in np.quantile(best, QUANTILES)] if best else None,
            models=sorted(self._models[number]),
        )

    def score_shift(self) -> ScoreShift | ScoresNotCompared:
        """Return whether the best scores of the newest weeks differ from those before, and which models are new."""
        shifted = shift([np.asarray(best, dtype=np.float64) for best in self._best_scores])
        if shifted is None:
            return ScoresNotCompared()
        now, before = (
            set().union(*models) for models in (self._models[-shifted.span :], self._models[: -shifted.span])
        )
        return ScoreShift(
            compared=True, **shifted._asdict(), beyond_chance=shifted.surely, new_models=sorted(now - before)
        )

    def tags(self, counts: Mapping[str, np.ndarray], of: np.ndarray) -> list[TagChange]:
        """Return how the rate of each tag has changed."""
        changes = _changed(dict(sorted(counts.items())), of)
        return [TagChange(**vars(changed), tag=tag, label=label_of(self._taxonomy, tag)) for tag, changed in changes]

    def changed_aliases(self) -> list[AliasChange]:
        """Return the aliases that fell to zero or jumped, beyond chance."""
        rows = []
        for (tag, alias), changed in _changed(dict(sorted(self.aliases.items())), self.articles):
            if changed.beyond_chance and (changed.n_now == 0 or (changed.ratio or 0.0) >= JUMP):
                first = self._n_weeks - (changed.span or 0)
                examples = [article for week, article in self._examples[tag, alias] if week >= first][:N_EXAMPLES]
                what = "jumped" if changed.n_now else "fell to zero"
                label = label_of(self._taxonomy, tag)
                rows.append(
                    AliasChange(tag=tag, label=label, alias=alias, what=what, **vars(changed), articles=examples)
                )
        return rows


def _changed(counts: Mapping[_Name, np.ndarray], of: np.ndarray) -> list[tuple[_Name, RateChange]]:
    """Return how each weekly count has changed, those first that chance explains least.

    Which of the changes are beyond chance is decided for all of them together.
    """
    changes = {name: change(events, of) for name, events in counts.items()}
    tested = {name: tested.p for name, tested in changes.items() if tested is not None}
    significant = dict(zip(tested, beyond_chance(list(tested.values())), strict=True))
    rows = [(name, _rate_change(changes[name], significant.get(name, False), counts[name])) for name in counts]
    return sorted(
        rows, key=lambda row: (not row[1].beyond_chance, 1.0 if row[1].p is None else row[1].p, -sum(row[1].weeks))
    )


def _rate_change(changed: Change | None, is_significant: bool, events: np.ndarray) -> RateChange:
    if changed is None:
        return RateChange(None, None, None, None, None, None, None, is_significant, events.tolist())
    return RateChange(*changed, round(changed.ratio, 3), is_significant, events.tolist())
