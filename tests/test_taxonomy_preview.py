"""The preview of a change of the taxonomy: the operation, not committed. Its numbers are those of afterwards."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from classifier.domain.articles import Article
from classifier.domain.operation_lines import operation_from_text
from classifier.domain.snapshots import CrossValidated, snapshot_of
from classifier.reports.lint.figures import lint_taxonomy
from classifier.reports.preview.figures import preview_of
from classifier.reports.preview.page import lines_of
from classifier.reports.preview.records import Preview, TagCounts
from classifier.serving.registry import Registry
from classifier.serving.taxonomy import change, publish
from classifier.store.log import Draft
from classifier.store.store import Store
from tests.storing import put_article

MERGE = "merge iskp iswap into islamic-state"


def plan(registry: Registry, store: Store, *lines: str) -> Preview:
    publish(registry, store)
    operations = [operation_from_text(line) for line in lines]
    after = store.taxonomy.preview(operations)
    return preview_of(store, registry, after, after.n - len(operations))


def counts(preview: Preview, side: str) -> dict[str, tuple[int, int, int] | None]:
    def of(told: TagCounts | None) -> tuple[int, int, int] | None:
        return None if told is None else (told["positive"], told["negative"], told["unknown"])

    return {row["tag"]: of(row["before"] if side == "before" else row["after"]) for row in preview["tags"]}


@pytest.fixture
def filled(store: Store) -> Store:
    """Three complete articles, and three of a CMS on which editors decided."""
    complete = {"x": ("iskp",), "y": ("iskp", "islamic-state"), "z": ("taliban",)}
    store.import_articles([Article(id=key, body=key, tags=tags) for key, tags in complete.items()], "import")
    for key, tags in {"a": ("iswap",), "b": ("taliban",), "c": ()}.items():
        put_article(store, Article(id=key, body=key, tags=tags, tags_complete=False), "cms")
    for key, action, tag in (("a", "reject", "islamic-state"), ("b", "reject", "iskp"), ("c", "add", "taliban")):
        store.log.decide(key, [Draft(action, tag)], "ed4", lambda *_: {})
    return store


def test_a_merge_is_counted_before_and_after(registry: Registry, filled: Store) -> None:
    preview = plan(registry, filled, MERGE)
    assert counts(preview, "before") == {"iskp": (2, 2, 2), "iswap": (1, 3, 2), "islamic-state": (1, 3, 2)}
    assert counts(preview, "after") == {"iskp": None, "iswap": None, "islamic-state": (3, 1, 2)}
    assert (preview["n_articles"], preview["several"], preview["contradictions"]) == (3, 1, 1)
    assert preview["decisions"] == {"islamic-state": {"reject": 1}, "iskp": {"reject": 1}}
    assert [row["tag"] for row in preview["aliases"]] == ["islamic-state"]
    assert preview["changes"] == [MERGE]
    assert filled.taxonomy.last() == 1


def test_suggestions_that_appear_and_vanish_are_counted_on_the_newest_articles(
    registry: Registry, store: Store, articles: list[Article]
) -> None:
    store.import_articles(articles[:40], "import")
    preview = plan(registry, store, MERGE)
    assert preview["n_judged"] == 40
    assert preview["vanish"].keys() <= {"iskp", "iswap"}
    assert preview["appear"].keys() <= {"islamic-state"}
    assert sum(preview["vanish"].values()) > 0
    assert any("suggestions appear" in line for line in lines_of(preview))


def test_redirects_and_narrower_tags_that_come_along_are_named(registry: Registry, store: Store) -> None:
    publish(registry, store)
    change(registry, store, [operation_from_text("merge iskp into iswap")], "x")
    preview = plan(registry, store, "move taliban under iswap", "merge iswap into islamic-state")
    assert preview["redirects"] == ["iskp"]
    assert preview["moved"] == {"taliban": ["islamic-state"]}


EVERYTHING = [
    (MERGE, 'alias taliban -"Taleban"', 'alias hamas +"Gaza" {case: exact}'),
    ("rename iskp to khorasan", 'relabel taliban "The Taliban"', 'create caliphate "caliphate" kind=group'),
    ("split islamic-state into left right", "merge taliban into haqqani-network", "move hamas under ttp"),
    ("retire iskp", 'alias islamic-state +"ISKP" {case: exact}', "set hamas status=muted"),
]


@pytest.fixture
def judged(registry: Registry, filled: Store, articles: list[Article]) -> Store:
    """Articles of an import and of a CMS, and a champion with cross-validation, which is wrong on some of them."""
    filled.import_articles(articles[:30], "import")
    put_article(filled, Article(id="post", body="On ISKP.", tags=("iskp", "taliban")), "cms", owner="wp")
    validated = {
        article.id: CrossValidated(0, tuple(sorted({"iskp", *(article.tags or ())[number % 2 :]})))
        for number, article in enumerate(articles[:30])
    }
    learned = snapshot_of(articles[:30]).with_validated(validated)
    registry.promote(registry.save(registry.load_fitted_champion(), learned), "tests", "with cross-validation")
    return filled


@pytest.mark.parametrize(
    "lines", [*EVERYTHING[:1], *(pytest.param(lines, marks=pytest.mark.slow) for lines in EVERYTHING[1:])]
)
def test_every_number_of_a_preview_is_the_one_afterwards(
    registry: Registry, judged: Store, lines: tuple[str, ...]
) -> None:
    newest = [article for _, article in judged.live.texts(judged.live.newest(500))]
    suggested = Counter(tag for ranked in registry.load_champion().rank(newest) for tag, _ in ranked)
    publish(registry, judged)
    before = judged.taxonomy.log().taxonomy()
    preview = plan(registry, judged, *lines)
    change(registry, judged, [operation_from_text(line) for line in lines], "x")
    head = judged.taxonomy.log().taxonomy()

    living = [row["tag"] for row in preview["tags"] if row["after"] is not None]
    afterwards = plan(registry, judged, *(f'set {tag} note="again"' for tag in living))
    assert {row["tag"]: row["after"] for row in preview["tags"] if row["after"] is not None} == {
        row["tag"]: row["before"] for row in afterwards["tags"]
    }
    assert any(row["after"] and row["after"]["f1"] for row in preview["tags"])
    assert preview["n_known"] == afterwards["n_known"] == 37
    decided = judged.log.counts_of([row["tag"] for row in preview["tags"]])
    assert preview["decisions"] == decided

    for row in preview["aliases"]:
        had = {alias.text for alias in before.by_id[row["tag"]].aliases} if row["tag"] in before.by_id else set()
        assert {alias.text for alias in head.tag(row["tag"]).aliases} == had - {*row["removed"]} | {*row["added"]}
    for tag, broader in preview["moved"].items():
        assert list(head.tag(tag).broader) == broader

    now = Counter(tag for ranked in registry.load_champion().rank(newest) for tag, _ in ranked)
    assert now == suggested + Counter(preview["appear"]) - Counter(preview["vanish"])
    assert preview["n_judged"] == len(newest)

    filed = [row.through(head) for row in judged.exports.filed_as_written(judged.live.newest(2000))]
    report = lint_taxonomy(head, filed)
    rows = {(row.tag, row.alias): row for row in report.aliases}
    for hit in preview["hits"]:
        if hit["after"] is not None:
            row = rows[hit["tag"], hit["alias"]]
            assert (hit["after"]["articles"], hit["after"]["has_tag"]) == (row.articles, row.right)
            assert hit["after"]["lacks_tag"] == row.known - row.right
            assert hit["shared_with"] == row.shared_with
    found = {(row.check, row.tag, row.alias, row.other, row.figure) for row in report.findings}
    assert {
        (row["check"], row["tag"], row["alias"], row["other"], row["figure"]) for row in preview["findings"]
    } <= found
    assert (
        not {(row["check"], row["tag"], row["alias"], row["other"], row["figure"]) for row in preview["mended"]} & found
    )
    assert preview["n_read"] == report.n_articles == 37
    of_wp = [row["posts"] for row in preview["listed_by"] if row["is_cms"] and row["sender"] == "wp"]
    assert of_wp == [{tag: 1 for tag in ("iskp", "taliban") if tag in {row["tag"] for row in preview["tags"]}}]


@pytest.mark.slow
def test_a_taxonomist_reads_what_a_preview_found(registry: Registry, judged: Store) -> None:
    text = "\n".join(lines_of(plan(registry, judged, *EVERYTHING[0])))
    assert "articles have one of the tags" in text
    assert re.search(r"islamic-state +\d+ have it, \d+ lack it, \d+ unknown, F1 0\.\d\d -> \d+ have it", text)
    assert re.search(
        r'hamas, "Gaza" is added: names it in \d+ articles? \(\d+ have the tag, \d+ lack it\); \d+ new', text
    )
    assert re.search(r"body: …?.*\[Gaza\]", text)
    assert "islamic-state gets from iskp, in the same articles: " in text
    assert "wp lists iskp 1, taliban 1" in text


def test_where_no_cms_has_listed_a_tag_its_posts_are_not_known(registry: Registry, store: Store) -> None:
    store.import_articles([Article(id="x", body="x", tags=("iskp",))], "import")
    assert lines_of(plan(registry, store, MERGE))[-2:] == [
        "import lists iskp 1",
        "No CMS has listed these tags: its terms and posts are not known",
    ]
