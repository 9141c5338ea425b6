"""A models folder and a store that do not belong together: whose taxonomy counts, and that neither is lost without a word."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from classifier.domain.articles import Article
from classifier.domain.operation_lines import operation_from_text
from classifier.errors import BadModel
from classifier.serving.head import head_file, read_head
from classifier.serving.publisher import Publisher
from classifier.serving.registry import Registry
from classifier.serving.serving import stat_of
from classifier.serving.taxonomy import change, publish, undo
from classifier.store.database.opening import open_store
from classifier.store.schema import taxonomy_changes
from classifier.store.store import Store

THREE = ("merge iskp into iswap", "merge iswap into islamic-state", "merge ttp into taliban")


def do(registry: Registry, store: Store, *lines: str) -> None:
    change(registry, store, [operation_from_text(line) for line in lines], "taxonomist")


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    """A second store, with a log of its own."""
    store = open_store(f"sqlite:///{tmp_path}/other.db")
    yield store
    store.close()


def test_a_folder_that_is_copied_to_a_machine_without_a_store_keeps_its_taxonomy(
    registry: Registry, store: Store, other: Store, tmp_path: Path
) -> None:
    do(registry, store, *THREE)
    copied = Registry(Path(shutil.copytree(registry.folder, tmp_path / "copied")))
    assert copied.taxonomy() == registry.taxonomy()
    named = Article(title="ISKP claims the attack", body="ISKP said so. " * 5)
    assert "islamic-state" in {row["tag"] for row in copied.load_champion().suggest(named).suggestions}
    publish(copied, other)  # a new store there takes it over
    head = other.taxonomy.head()
    assert head is not None
    assert (head.n, head.taxonomy) == (1, registry.taxonomy())
    do(copied, other, "merge hamas into taliban")
    assert copied.load_champion().taxonomy.replacement_of("iskp") == "islamic-state"


def test_a_version_of_before_three_merges_is_seen_through_all_of_them(
    registry: Registry, store: Store, articles: list[Article]
) -> None:
    publish(registry, store)
    plain = registry.load_fitted_champion()
    for line in THREE:
        do(registry, store, line)
    heirs = {"iskp": "islamic-state", "iswap": "islamic-state", "ttp": "taliban"}
    seen = registry.load_champion()
    for article in articles[::20]:
        before = {row["tag"] for row in plain.suggest(article).suggestions}
        assert {row["tag"] for row in seen.suggest(article).suggestions} == {heirs.get(tag, tag) for tag in before}


def test_of_two_services_with_different_stores_on_one_folder_only_the_newer_publishes(
    registry: Registry, store: Store, other: Store
) -> None:
    first, second = Publisher(registry, store), Publisher(registry, other)
    first.work()
    do(registry, store, "merge iskp into iswap")
    first.work()
    second.work()
    do(registry, other, "merge hamas into taliban")
    second.work()
    written, refused = set(), 0
    for publisher in (first, second) * 3:
        try:
            publisher.work()
        except BadModel as error:
            assert "with another database" in str(error)
            refused += 1
        written.add(stat_of(head_file(registry.folder)))
    assert (len(written), refused) == (1, 3)
    assert read_head(registry.folder) == other.taxonomy.head()


def test_a_database_that_was_put_back_takes_over_what_was_published_since(
    registry: Registry, store: Store, database_url: str
) -> None:
    do(registry, store, "merge hamas into taliban")
    before = registry.taxonomy()
    do(registry, store, *THREE, 'create river-front "River Front" kind=group')
    served = registry.taxonomy()
    with store.engine.begin() as connection:  # a backup from before the three
        connection.execute(delete(taxonomy_changes).where(taxonomy_changes.c.n > 2))
    put_back = open_store(database_url)
    assert put_back.taxonomy.log().taxonomy() == before
    Publisher(registry, put_back).work()
    assert registry.taxonomy() == served
    assert read_head(registry.folder) == put_back.taxonomy.head()
    row = put_back.taxonomy.log().rows[-1]
    assert (row.n, row.op) == (3, "import")
    assert put_back.change_sets.get(str(row.change_set)).title == "The database was put back behind what was published"
    undo(registry, put_back, [3], "who wants what the backup had")
    assert registry.taxonomy() == before
    put_back.close()
