"""The report on the terms of an import: terms without a tag, terms on nearly every article, and unused terms."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NotRequired

from typing_extensions import TypedDict

from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import BadArticle
from classifier.importers.mapping import TermMap
from classifier.importers.records import ArticleRecord, CmsTerm, place_of, shown

FURNITURE_SHARE = 0.9
FURNITURE_FROM = 20  # articles
N_NEAREST = 3
_MIN_LIKENESS = 0.4  # up to it the names share only a word that says little: News and Amaq News Agency
MAX_TERMS = 200_000  # different terms; a file with more has them in the wrong column, or is hostile


class NearTag(TypedDict):
    """A tag whose name is like a term."""

    tag: str
    label: str
    likeness: float


class TermRow(TypedDict):
    """A term of articles. With tags it has `tags` and `by`, without a tag `why` and `nearest`."""

    term: str
    n_articles: int
    slug: NotRequired[str]
    tags: NotRequired[list[str]]
    by: NotRequired[str]
    why: NotRequired[str]
    nearest: NotRequired[list[NearTag]]


class TermReport(TypedDict):
    """The report as plain JSON (docs/importing.md), the most frequent terms first."""

    taxonomy_version: str
    n_articles: int
    n_untagged: int
    n_terms: int
    mapped: list[TermRow]
    unmapped: list[TermRow]
    dropped: list[TermRow]
    furniture: list[TermRow]
    never_used: list[str]
    lists_passed_over: dict[str, int]
    map_entries_without_a_term: list[str]


class TermCounts:
    """Counts the terms of articles, and gathers the terms that the CMS lists."""

    def __init__(self) -> None:
        self.n_articles = self.n_untagged = 0
        self.counts: Counter[CmsTerm] = Counter()
        self.other_lists: Counter[str] = Counter()
        self.listed: dict[CmsTerm, None] = {}

    def note(self, record: ArticleRecord, tags: Sequence[str] | None, path: Path) -> None:
        """Count the terms of an article, mapped to `tags`. Raises `BadArticle` if there are too many different ones."""
        if record.terms is not None:
            self.n_articles += 1
            self.n_untagged += not tags
            self.counts.update(dict.fromkeys(record.terms, 1))
            self.other_lists.update(record.other_lists)
            if len(self.counts) > MAX_TERMS:
                reason = f"more than {MAX_TERMS} different tags; not read on. Is it the column of the tags?"
                raise BadArticle(f"{place_of(str(path), record.line)}: {reason}", "tags")

    def report(self, terms: TermMap) -> TermReport:
        """Return the report on all articles so far."""
        mapped, unmapped, dropped = list[TermRow](), list[TermRow](), list[TermRow]()
        nearest = NearestTags(terms.taxonomy)
        for term, n in sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0].name)):
            match = terms.match(term)
            row: TermRow = {"term": term.name, "slug": term.slug, "n_articles": n}
            if match.tags:
                mapped.append({**row, "tags": list(match.tags), "by": match.by})
            elif match.by == "dropped":
                dropped.append(row)
            else:
                unmapped.append({**row, "why": match.by, "nearest": nearest(term)})
        least = math.ceil(FURNITURE_SHARE * self.n_articles) if self.n_articles >= FURNITURE_FROM else math.inf
        often = [(term, n) for term, n in self.counts.most_common() if n >= least and terms.match(term).by != "dropped"]
        furniture: list[TermRow] = [{"term": term.name, "n_articles": n} for term, n in often]
        return {
            "taxonomy_version": terms.taxonomy.version,
            "n_articles": self.n_articles,
            "n_untagged": self.n_untagged,
            "n_terms": len(self.counts),
            "mapped": mapped,
            "unmapped": unmapped,
            "dropped": dropped,
            "furniture": furniture,
            "never_used": sorted({term.name for term in self.listed if term not in self.counts}),
            "lists_passed_over": dict(self.other_lists.most_common()),
            "map_entries_without_a_term": terms.unused(),
        }


class NearestTags:
    """Finds the tags whose names are most like a term, by their common trigrams (Dice coefficient)."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy, self._tags = taxonomy, taxonomy.by_id
        self._names: list[tuple[str, int]] = []  # tag, number of trigrams
        self._with: defaultdict[str, list[int]] = defaultdict(list)
        for tag in taxonomy.tags:
            if tag.retired:
                continue
            for name in {spell(name) for name in (tag.id, tag.label, *(alias.text for alias in tag.aliases))} - {""}:
                for trigram in (trigrams := _trigrams(name)):
                    self._with[trigram].append(len(self._names))
                self._names.append((tag.id, len(trigrams)))

    def __call__(self, term: CmsTerm) -> list[NearTag]:
        """Return the few tags that are most like a term, the most like it first."""
        likeness: dict[str, float] = {}
        for name in {spell(term.name), spell(term.slug)} - {""}:
            trigrams = _trigrams(name)
            common = Counter(row for trigram in trigrams for row in self._with.get(trigram, ()))
            for row, n in common.items():
                tag, n_trigrams = self._names[row]
                likeness[tag] = max(likeness.get(tag, 0.0), 2 * n / (len(trigrams) + n_trigrams))
        best = sorted(likeness.items(), key=lambda pair: (-pair[1], pair[0]))[:N_NEAREST]
        near = [(self._tags[tag], round(value, 2)) for tag, value in best if value > _MIN_LIKENESS]
        return [{"tag": tag.id, "label": tag.label, "likeness": likeness} for tag, likeness in near]


def _trigrams(name: str) -> set[str]:
    padded = f" {name} "
    return {padded[start : start + 3] for start in range(len(padded) - 2)}


def report_text(report: TermReport, n_rows: int | None = None) -> str:
    """Return the report as text, with at most `n_rows` lines of each list."""
    n_mapped, n_unmapped = len(report["mapped"]), len(report["unmapped"])
    lines = [
        f"terms: {report['n_terms']} on {report['n_articles']} articles; {n_mapped} mapped to tags, "
        f"{n_unmapped} not mapped, {len(report['dropped'])} dropped by the map (taxonomy {report['taxonomy_version']})"
    ]
    if report["n_untagged"]:
        hint = "training takes it that no tag fits them. Where they were never tagged, import with --incomplete"
        lines.append(f"without any tag: {report['n_untagged']} articles; {hint}")
    lists = {
        "not mapped, and so not stored (--map FILE with lines `term: tag-id`, or `term:` to drop it):": [
            f"{_counted(row)}  {_why(row)}".rstrip() for row in report["unmapped"]
        ],
        "on nearly every article, and so saying nothing (drop it in the map):": map(_counted, report["furniture"]),
        "in the map, and on no article:": [f"  {shown(term)}" for term in report["map_entries_without_a_term"]],
        "in the list of the site, and on no article:": [f"  {shown(term)}" for term in report["never_used"]],
        "lists of terms that were passed over (--domains), with their articles:": [
            f"{n:7}  {shown(name)}" for name, n in report["lists_passed_over"].items()
        ],
        "mapped:": [f"{_counted(row)} -> {', '.join(row['tags'])} (by {row['by']})" for row in report["mapped"]],
        "dropped by the map:": map(_counted, report["dropped"]),
    }
    for title, rows in ((title, list(rows)) for title, rows in lists.items()):
        if rows:
            lines += ["", title, *rows[:n_rows]]
        if n_rows is not None and len(rows) > n_rows:
            lines.append(f"  … and {len(rows) - n_rows} more: --report FILE has them all")
    return "\n".join(lines) + "\n"


def _counted(row: TermRow) -> str:
    return f"{row['n_articles']:7}  {shown(row['term'])}"


def _why(row: TermRow) -> str:
    if row["why"] == "retired":
        return "(the tag is retired)"
    nearest = ", ".join(near["tag"] for near in row["nearest"])
    if row["why"] == "ambiguous":
        return f"(several tags are called so: {nearest})"
    return f"(perhaps {nearest})" if nearest else ""
