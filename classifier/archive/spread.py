"""Where a tag would go: how many articles would get it by score and by year, with examples."""

from __future__ import annotations

from collections import Counter, defaultdict

from classifier.archive.adding import Judged
from classifier.store.rows import share_of

N_EXAMPLES = 3  # articles of each band of scores


class Spread:
    """Counts the additions of a tag by tenths of their scores and by years. Its memory does not grow with them."""

    def __init__(self, tag: str) -> None:
        self.tag, self.n = tag, 0
        self.by_year: Counter[str] = Counter()
        self._by_tenth: Counter[int] = Counter()
        self._examples: defaultdict[int, list[tuple[float, str, float]]] = defaultdict(list)

    def note(self, article: Judged) -> None:
        """Count an article if it would get the tag."""
        for tag, score in article.additions.tags:
            if tag == self.tag:
                self.n += 1
                self.by_year[article.published_at[:4] if article.published_at else "no date"] += 1
                self._note_score(article.additions.article_id, score)

    def _note_score(self, article_id: str, score: float) -> None:
        tenth = min(int(score * 10 + 1e-6), 9)
        self._by_tenth[tenth] += 1
        example = (share_of("example", article_id), article_id, score)  # any, but always the same
        self._examples[tenth] = sorted([*self._examples[tenth], example])[:N_EXAMPLES]

    def to_json(self) -> dict[str, object]:
        """Return the counts as plain JSON, the highest scores and the newest years first."""
        by_score = [
            {"from": tenth / 10, "to": (tenth + 1) / 10, "n": n, "examples": self._examples_of(tenth)}
            for tenth, n in self._tenths()
        ]
        return {"tag": self.tag, "n": self.n, "by_score": by_score, "by_year": dict(self.year_rows())}

    def _tenths(self) -> list[tuple[int, int]]:
        return sorted(self._by_tenth.items(), reverse=True)

    def _examples_of(self, tenth: int) -> list[dict[str, object]]:
        return [{"id": article_id, "score": round(score, 4)} for _, article_id, score in self._examples[tenth]]

    def score_rows(self) -> list[tuple[str, int, str]]:
        """Return a band of scores, how many articles are in it, and a few of them, the highest scores first."""
        return [
            (
                f"{tenth / 10:.1f} to {(tenth + 1) / 10:.1f}",
                n,
                ", ".join(f"{article_id} ({score:.2f})" for _, article_id, score in self._examples[tenth]),
            )
            for tenth, n in self._tenths()
        ]

    def year_rows(self) -> list[tuple[str, int]]:
        """Return years and how many articles are of each, the newest first."""
        return sorted(self.by_year.items(), reverse=True)

    def lines(self) -> list[str]:
        """Return the counts for a terminal."""
        lines = [f"{self.tag}: {self.n} articles would get it"]
        lines += [f"  score {band}  {n:>7}  such as {examples}" for band, n, examples in self.score_rows()]
        return [*lines, f"  by year: {', '.join(f'{year}: {n}' for year, n in self.year_rows())}"] if self.n else lines
