"""The output of a dry run: every addition as a row of CSV, and a summary by tag as an HTML page."""

import csv
import heapq
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from classifier.archive.adding import UNREADABLE, Figures, Judged, Plan
from classifier.archive.spread import Spread
from classifier.domain.files import whole_file
from classifier.domain.spreadsheets import guarded
from classifier.model.protocol import Model
from classifier.reports.layout import plain, template
from classifier.store.assignments import BLIND, COMPLETE, OUT_OF_SCOPE, Scope

N_EXAMPLES = 3  # articles of a tag with the lowest scores: mistakes are most likely there
TAG_KEYS = ("tag", "label", "n", "had", "mean_score", "lowest")
COLUMNS = ("article_id", "published_at", "title", "tag", "label", "score")
_WHY = {
    BLIND: "blind, and not closed yet",
    COMPLETE: "an editor said that their tags are complete",
    UNREADABLE: "they cannot be read",
}


@dataclass
class _Tag:
    """Counts and examples of a tag."""

    n: int = 0
    total: float = 0.0
    lowest: list[tuple[float, int, str]] = field(default_factory=list)  # a heap of the highest of the lowest scores

    def add(self, score: float, example: str) -> None:
        self.n += 1
        self.total += score
        entry = (-score, -self.n, example)
        if len(self.lowest) < N_EXAMPLES:
            heapq.heappush(self.lowest, entry)
        else:
            heapq.heappushpop(self.lowest, entry)

    @property
    def examples(self) -> list[str]:
        """The examples, the lowest score first."""
        return [example for _, _, example in sorted(self.lowest, reverse=True)]


class Summary:
    """Gathers what a run would add. Its memory grows with the tags, not with the articles."""

    def __init__(self, model: Model, plan: Plan) -> None:
        self.model, self.plan = model, plan
        self.figures = Figures()
        self._tags: defaultdict[str, _Tag] = defaultdict(_Tag)
        self._had: Counter[str] = Counter()
        self.spreads = [Spread(tag) for tag in plan.tags]

    def count(self, articles: Iterable[Judged]) -> None:
        """Count what would be added, without writing it anywhere."""
        for article in articles:
            self._note(article)

    def write_rows(self, articles: Iterable[Judged], path: Path) -> None:
        """Write a row of CSV for each tag that would be added."""
        with whole_file(path) as raw:
            text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")  # the byte order mark is for Excel
            rows = csv.writer(text)
            rows.writerow(COLUMNS)
            for article in articles:
                self._note(article)
                rows.writerows(self._rows(article))
            text.flush()
            text.detach()

    def _rows(self, article: Judged) -> Iterable[Sequence[str]]:
        head = (article.additions.article_id, article.published_at or "", guarded(plain(article.title, 200)))
        return ((*head, tag, guarded(self._label(tag)), f"{score:.4f}") for tag, score in article.additions.tags)

    def _note(self, article: Judged) -> None:
        self.figures.note(article)
        if article.passed_over == OUT_OF_SCOPE:
            return
        self._had.update(article.tags)
        for spread in self.spreads:
            spread.note(article)
        for tag, score in article.additions.tags:
            self._tags[tag].add(score, f"{article.additions.article_id} {plain(article.title, 60)}".strip())

    def _label(self, tag: str) -> str:
        return self.model.taxonomy.by_id[tag].label

    def _ranked(self) -> Iterator[tuple[str, str, int, int, float, list[str]]]:
        """Yield what `TAG_KEYS` name of each tag, those with the most additions first."""
        for tag, counts in sorted(self._tags.items(), key=lambda pair: (-pair[1].n, pair[0])):
            yield tag, self._label(tag), counts.n, self._had[tag], round(counts.total / counts.n, 4), counts.examples

    def to_json(self) -> dict[str, object]:
        """Return the summary as plain JSON, the tags with the most additions first."""
        return {
            **self.figures.to_json(),
            "tags": [dict(zip(TAG_KEYS, row, strict=True)) for row in self._ranked()],
            "plan": self.plan.to_json(),
            **({"spread": [spread.to_json() for spread in self.spreads]} if self.spreads else {}),
            "model_version": self.model.version,
            "n_auto_tags": self.model.n_auto_tags,
            "n_model_tags": len(self.model.taxonomy.tags),
        }

    def write_page(self, path: Path) -> None:
        """Write the summary as an HTML page without other files."""
        rows = [(label, n, had, f"{mean:.2f}", "; ".join(low)) for _, label, n, had, mean, low in self._ranked()]
        page = template("archive.html", cell=str).render(
            report=self.figures, headline=self.headline(), rows=rows, spreads=self.spreads
        )
        with whole_file(path) as file:
            file.write(page.encode())

    def headline(self) -> list[str]:
        """Return the result of a dry run in a few lines."""
        figures, band, n_tags = self.figures, self.plan.band, len(self.model.taxonomy.tags)
        sure = f"; {self.model.n_auto_tags} of its {n_tags} tags are ever sure enough for it" if band == "auto" else ""
        added = f"{figures.n_added} tags would be added to {figures.n_tagged} of {figures.n_articles} articles"
        by = f"by the model {self.model.version}, from the band {band} on{sure}"
        if self.plan.least_score:
            by += f", with a score of {self.plan.least_score:.2f} or more"
        lines = [f"{added}{scope_in_words(self.plan.scope)}", by]
        if band == "auto" and not self.plan.tags and self.model.n_auto_tags < n_tags / 2:
            lines.append("--band suggest adds all that passes its threshold; look at the lowest scores before that")
        return lines + [f"passed over: {n} articles ({_WHY[reason]})" for reason, n in figures.passed_over.items()]


def scope_in_words(scope: Scope) -> str:
    """Return the conditions of a scope, each after a comma."""
    parts = [
        f"published since {scope.since}" if scope.since else "",
        f"published until {scope.until}" if scope.until else "",
        f"from {scope.source}" if scope.source else "",
        f"with {' or '.join(scope.with_tags)}" if scope.with_tags else "",
        f"without {' and '.join(scope.without_tags)}" if scope.without_tags else "",
    ]
    return "".join(f", {part}" for part in parts if part)
