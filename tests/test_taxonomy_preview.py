"""The preview of a change of the taxonomy: the operation, not committed. Its numbers are those of afterwards."""

from __future__ import annotations

import pytest

from classifier.domain.articles import Article
from classifier.domain.operation_lines import operation_from_text
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


@pytest.mark.parametrize(
    "lines",
    [
        (MERGE,),
        ("rename iskp to khorasan", 'relabel taliban "The Taliban"'),
        ("split islamic-state into left right", "merge taliban into haqqani-network"),
        ("retire iskp", 'create new "New group" kind=group'),
    ],
)
def test_the_numbers_of_a_preview_are_those_afterwards(
    registry: Registry, filled: Store, lines: tuple[str, ...]
) -> None:
    preview = plan(registry, filled, *lines)
    change(registry, filled, [operation_from_text(line) for line in lines], "x")
    tags = [tag for tag, told in counts(preview, "after").items() if told is not None]
    afterwards = plan(registry, filled, *(f'set {tag} note="again"' for tag in tags))
    assert counts(afterwards, "before") == {tag: counts(preview, "after")[tag] for tag in tags}


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
