"""Data reports as the pages show them, with chosen findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import cycle
from typing import Any

from classifier.reports.data.records import (
    KINDS,
    Advice,
    Articles,
    CandidateName,
    ConfusedTags,
    Counts,
    CrossValidation,
    DataReport,
    Finding,
    KindCounts,
    LengthCount,
    NamedArticle,
    SharedSequences,
    TagCounts,
    TagErrors,
    TagLacks,
    WordCounts,
    YearCount,
)
from classifier.reports.json_form import to_json
from classifier.store.reports import DATA, KeptReport
from classifier.store.rows import now
from classifier.store.store import Store

LABELS = {"iskp": "Islamic State Khorasan Province", "taliban": "Taliban", "kabul": "Kabul"}
Rows = Sequence[Mapping[str, object]]
ADVICE = Advice(
    [
        TagErrors("iskp", 9, 5, 4, 1, "missed", [NamedArticle("a1", "<b>Bold</b>")], [NamedArticle("a2", "")]),
        TagErrors("taliban", 9, 5, 1, 4, "wrong", [], []),
        TagErrors("kabul", 3, 1, 2, 0, "more", [], []),
    ],
    [CandidateName("iskp", "Zagros Council", 3, 9, 10)],
    [ConfusedTags("iskp", "taliban", 2, [NamedArticle("a1", "Blast")])],
    [TagLacks("kabul", 3, 2)],
    [TagLacks("taliban", 9, 12)],
)


def doubted(article: str, tag: str, *, given: bool, title: str = "") -> dict[str, object]:
    """A doubtful label: one that an article has, or one that it lacks."""
    words = {"doubt": "given, perhaps wrong" if given else "perhaps forgotten", "named": "nowhere", "words": ["mosque"]}
    return {"article": article, "title": title, "tag": tag, "given": given, "score": 0.1 if given else 0.9, **words}


def overlapping(tag: str, other: str, *articles: str) -> dict[str, object]:
    return {"tag": tag, "other": other, "jaccard": 0.8, "within": 1.0, "articles": Articles(9, list(articles))}


def found(**rows: Rows) -> list[Finding]:
    """Return findings of these rows, and of all other kinds that nothing was found."""
    kinds = KINDS.items()
    return [
        Finding(
            name, kind.title, kind.what, kind.next, len(rows.get(name, ())), Articles(0, []), list(rows.get(name, ()))
        )
        for name, kind in kinds
    ]


def report_of(findings: Sequence[Finding], tag_ids: Sequence[str] = tuple(LABELS), **more: Any) -> DataReport:
    tags = [TagCounts(tag, LABELS.get(tag, tag), "place" if tag == "kabul" else "group", 9, 90, 0) for tag in tag_ids]
    words = WordCounts(300.0, [LengthCount(0, 40), LengthCount(400, 59)])
    counts = Counts(tags, [KindCounts("group", 3, 3, 27, 20)], 1.4, [YearCount("2025", 99)], words)
    shared, measured = SharedSequences(1000, 5, 0.005, high=False), CrossValidation(0.8, 0.7, {"group": 0.8})
    return DataReport(
        99, len(tags), "t-1", counts, shared, measured, [], {"n": 0, "articles": []}, list(findings), **more
    )


def full_report(tags: Sequence[str]) -> DataReport:
    """Return a report on these tags with as many rows as it lists: what the page costs depends on nothing else."""
    ids = [f"a{number:07}" for number in range(100)]
    turns = list(zip(ids, cycle(tags), strict=False))
    rows: dict[str, Rows] = {
        "suspect_labels": [
            doubted(each, tag, given=n % 2 == 0, title="A title " * 8) for n, (each, tag) in enumerate(turns)
        ],
        "overlapping_tags": [
            overlapping(tag, other, *ids[:5]) for tag, other in zip(tags[:50], tags[50:100], strict=True)
        ],
        "few_examples": [
            {"tag": tag, "kind": "group", "positives": 3, "negatives": 90, "articles": Articles(5, ids[:5])}
            for tag in tags[:50]
        ],
    }
    listed = [
        {"article": each, "title": "A title " * 8, "share": 0.4, "known": "nothing", "times": 2} for each in ids[:50]
    ]
    rows |= dict.fromkeys(("untagged", "undated", "empty", "shared_sequences", "repeated_ids"), listed)
    errors = [replace(ADVICE.errors[0], tag=tag) for tag in tags[:20]]
    few, names = [TagLacks(tag, 1, 4) for tag in tags[:50]], [replace(ADVICE.names[0], tag=tag) for tag in tags[:12]]
    return report_of(found(**rows), tags, advice=replace(ADVICE, errors=errors, few=few, names=names))


def keep(store: Store, report: DataReport) -> None:
    """Keep a report for the pages, as of now."""
    store.reports.put(KeptReport(DATA, now(), store.log.last(), "t-1", {**to_json(report), "data": "d1"}))
