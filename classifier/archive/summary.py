"""What a dry run says: every addition as a row of CSV, and by tag as one HTML page."""

from __future__ import annotations

import csv
import heapq
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifier.archive.adding import UNREADABLE, Figures, Judged, Plan
from classifier.domain.files import whole_file
from classifier.model.protocol import Model
from classifier.reports.layout import plain, template
from classifier.store import BLIND, COMPLETE, OUT_OF_SCOPE, Scope

N_EXAMPLES = 3  # of a tag, those with the lowest scores: there the mistakes are
COLUMNS = ("article_id", "published_at", "title", "tag", "label", "score")
_FORMULA = tuple("=+-@\t\r")  # what a spreadsheet takes for more than text
_WHY = {
    BLIND: "blind, and not closed yet",
    COMPLETE: "an editor said that their tags are complete",
    UNREADABLE: "they cannot be read",
}


@dataclass
class _Tag:
    """What a run would do with one tag."""

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


class Summary:
    """Gathers what a dry run would add; its memory grows with the tags, not with the articles."""

    def __init__(self, model: Model, plan: Plan) -> None:
        self.model, self.plan = model, plan
        self.figures = Figures()
        self._tags: defaultdict[str, _Tag] = defaultdict(_Tag)
        self._had: Counter[str] = Counter()

    def write_rows(self, found: Iterable[Judged], path: Path) -> None:
        """Write a row of CSV for each tag that would be added."""
        with whole_file(path) as raw:
            text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")  # the mark tells Excel what it is
            rows = csv.writer(text)
            rows.writerow(COLUMNS)
            for one in found:
                self._note(one)
                rows.writerows(self._rows(one))
            text.flush()
            text.detach()

    def _rows(self, one: Judged) -> Iterable[Sequence[Any]]:
        head = (one.additions.article_id, one.published_at or "", _cell(plain(one.title, 200)))
        return ((*head, tag, _cell(self._label(tag)), f"{score:.4f}") for tag, score in one.additions.tags)

    def _note(self, one: Judged) -> None:
        self.figures.note(one)
        if one.passed_over == OUT_OF_SCOPE:
            return
        self._had.update(one.tags)
        for tag, score in one.additions.tags:
            self._tags[tag].add(score, f"{one.additions.article_id} {plain(one.title, 60)}".strip())

    def _label(self, tag: str) -> str:
        return self.model.taxonomy.by_id[tag].label

    def to_json(self) -> dict[str, Any]:
        """Return the summary as plain JSON, the tags that would be added most first."""
        rows = [
            {
                "tag": tag,
                "label": self._label(tag),
                "n": one.n,
                "had": self._had[tag],
                "mean_score": round(one.total / one.n, 4),
                "lowest": [example for _, _, example in sorted(one.lowest, reverse=True)],
            }
            for tag, one in sorted(self._tags.items(), key=lambda pair: (-pair[1].n, pair[0]))
        ]
        return {
            **self.figures.to_json(),
            "tags": rows,
            "plan": self.plan.to_json(),
            "model_version": self.model.version,
            "n_auto_tags": self.model.n_auto_tags,
            "n_model_tags": len(self.model.taxonomy.tags),
        }

    def write_page(self, path: Path) -> None:
        """Write the summary as one HTML page that needs nothing else."""
        report = self.to_json()
        page = template("archive.html", cell=str).render(report=report, headline=headline(report), rows=_shown(report))
        with whole_file(path) as file:
            file.write(page.encode())


def headline(report: dict[str, Any]) -> list[str]:
    """Return in a few lines what a dry run found."""
    band, n_auto = report["plan"]["band"], report["n_auto_tags"]
    lines = [
        f"{report['n_added']} tags would be added to {report['n_tagged']} of {report['n_articles']} articles"
        f"{scope_in_words(Scope.from_json(report['plan']['scope']))}",
        f"by the model {report['model_version']}, from the band {band} on"
        + (f"; {n_auto} of its {report['n_model_tags']} tags are ever sure enough for it" if band == "auto" else ""),
    ]
    if band == "auto" and n_auto < report["n_model_tags"] / 2:
        lines.append("--band suggest adds all that passes its threshold; look at the lowest scores before that")
    return lines + [f"passed over: {n} articles ({_WHY[why]})" for why, n in report["passed_over"].items()]


def scope_in_words(scope: Scope) -> str:
    """Return which articles are meant, if not all."""
    parts = [
        f"published since {scope.since}" if scope.since else "",
        f"published until {scope.until}" if scope.until else "",
        f"from {scope.source}" if scope.source else "",
        f"with {' or '.join(scope.with_tags)}" if scope.with_tags else "",
        f"without {' and '.join(scope.without_tags)}" if scope.without_tags else "",
    ]
    return "".join(f", {part}" for part in parts if part)


def _shown(report: dict[str, Any]) -> list[list[str | int]]:
    return [
        [row["label"], row["n"], row["had"], f"{row['mean_score']:.2f}", "; ".join(row["lowest"])]
        for row in report["tags"]
    ]


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
