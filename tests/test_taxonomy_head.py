"""The published taxonomy: the log of the store beside the models, for workers without a database, promotions and commands."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from classifier.commands import main
from classifier.domain.articles import Article
from classifier.domain.operation_lines import operation_from_text
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.domain.taxonomy_log import Head
from classifier.errors import BadModel, DependentChanges
from classifier.model.retagging import retagged
from classifier.model.tag_model import TagModel
from classifier.serving import serving as serving_module
from classifier.serving.head import begin_anew, head_file, read_head, write_head
from classifier.serving.publisher import Publisher
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.serving.taxonomy import change, publish, take_over, undo
from classifier.store.database.opening import open_store
from classifier.store.store import Store

MERGE = "merge iskp iswap into islamic-state"


def do(registry: Registry, store: Store, *lines: str) -> list[int]:
    return change(registry, store, [operation_from_text(line) for line in lines], "taxonomist").numbers


@pytest.fixture
def serving(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Serving:
    """A worker that looks at the files before each request."""
    monkeypatch.setattr(serving_module, "POLL_SECONDS", 0.0)
    return Serving(registry)


def version(serving: Serving) -> str:
    serving.settled()
    return serving.settled().taxonomy.version


def test_an_empty_log_begins_with_the_taxonomy_of_the_champion(
    registry: Registry, store: Store, taxonomy: Taxonomy
) -> None:
    assert publish(registry, store) == Head(1, taxonomy)
    assert read_head(registry.folder) == Head(1, taxonomy)
    assert registry.taxonomy() == taxonomy


def test_without_a_champion_nothing_is_published(store: Store, tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models")
    assert publish(registry, store) is None
    assert not head_file(registry.folder).exists()


def test_workers_see_a_change_and_its_undo_without_the_database(
    registry: Registry, store: Store, serving: Serving, articles: list[Article]
) -> None:
    publish(registry, store)
    article = next(one for one in articles if "iskp" in (one.tags or ()))
    before = serving.model().suggest(article)
    numbers = do(registry, store, MERGE)
    serving.settled()
    now = serving.settled().suggest(article)
    assert {row["tag"] for row in now.suggestions} >= {"islamic-state"}
    assert "iskp" not in {row["tag"] for row in now.suggestions}
    undo(registry, store, numbers, "taxonomist")
    serving.settled()
    assert serving.settled().suggest(article) == before


@pytest.mark.slow
def test_promoting_and_rolling_back_leave_the_taxonomy(
    registry: Registry, store: Store, serving: Serving, taxonomy: Taxonomy
) -> None:
    older = registry.champion()
    assert older is not None
    do(registry, store, MERGE)
    head = read_head(registry.folder)
    assert head is not None
    newer = registry.save(retagged(registry.load_fitted_champion(), replace(taxonomy, tags=taxonomy.tags[::-1])))
    for act in (
        lambda: registry.promote(newer, "tests", "newer"),
        lambda: registry.roll_back("tests", "back"),
        lambda: registry.promote(newer, "tests", "again"),
    ):
        act()
        assert version(serving) == head.taxonomy.version
        assert read_head(registry.folder) == head
        answer = serving.settled().suggest(Article(title="ISKP claims the attack", body="ISKP said so. " * 5))
        assert answer.taxonomy_version == head.taxonomy.version
        assert "islamic-state" in {row["tag"] for row in answer.suggestions}


def test_a_process_that_was_killed_between_the_log_and_the_file_leaves_it_to_the_next(
    registry: Registry, store: Store
) -> None:
    publisher = Publisher(registry, store)
    publisher.work()
    store.taxonomy.apply([operation_from_text(MERGE)], "killed behind the commit")
    assert read_head(registry.folder) != store.taxonomy.head()
    publisher.work()
    assert read_head(registry.folder) == store.taxonomy.head()
    head_file(registry.folder).write_text("{", encoding="utf-8")
    with pytest.raises(BadModel, match="tags log"):
        registry.load_champion()
    publisher.work()
    assert read_head(registry.folder) == store.taxonomy.head()


def test_a_damaged_file_leaves_the_model_of_before_serving(registry: Registry, store: Store, serving: Serving) -> None:
    do(registry, store, MERGE)
    before = version(serving)
    head_file(registry.folder).write_text("[]", encoding="utf-8")
    assert version(serving) == before
    assert serving.problem is not None
    publish(registry, store)
    assert version(serving) == before
    assert serving.problem is None


def test_the_file_of_another_log_gives_way_to_the_log_of_the_store(registry: Registry, store: Store) -> None:
    do(registry, store, MERGE)
    write_head(registry.folder, Head(7, Taxonomy((Tag("x", "X"),))))
    publish(registry, store)
    assert read_head(registry.folder) == store.taxonomy.head()


def test_training_by_hand_begins_a_taxonomy_anew_which_the_log_takes_over(
    registry: Registry, store: Store, taxonomy: Taxonomy
) -> None:
    begin_anew(registry.folder, taxonomy)
    assert read_head(registry.folder) is None
    do(registry, store, MERGE)
    others = Taxonomy((*taxonomy.tags[:5], Tag("own", "Own", "group")), taxonomy.kinds)
    begin_anew(registry.folder, others)
    assert registry.taxonomy() == others
    head = publish(registry, store)
    assert head is not None
    assert head.n == 3
    assert [tag.id for tag in head.taxonomy.tags if not tag.retired] == [tag.id for tag in others.tags]
    assert store.taxonomy.log().rows[-1].op == "import"


def test_what_follows_labels_goes_on_when_the_taxonomy_changes(
    registry: Registry, store: Store, serving: Serving, articles: list[Article]
) -> None:
    model = serving.model()
    assert isinstance(model, TagModel)
    followed = model.following(articles[:20], model.decisions(articles[:20]), 7)
    serving.replace(model, followed)
    do(registry, store, 'create river-front "River Front" kind=group')
    serving.settled()
    seen = serving.settled()
    assert seen.live_state == 7
    assert followed.followed is not None
    assert seen.followed is not None
    assert seen.followed.moved.tolist() == [*followed.followed.moved.tolist(), 0.0]


def test_answers_are_remembered_by_taxonomy(registry: Registry, store: Store, serving: Serving) -> None:
    tagger, article = Tagger(serving, store), Article(title="ISKP claims the attack", body="ISKP said so. " * 5)
    before = {row["tag"] for row in tagger.suggest(article)["suggestions"]}
    numbers = do(registry, store, MERGE)
    version(serving)
    now = {row["tag"] for row in tagger.suggest(article)["suggestions"]}
    undo(registry, store, numbers, "x")
    version(serving)
    assert {row["tag"] for row in tagger.suggest(article)["suggestions"]} == before
    assert ("iskp" in before, "iskp" in now, "islamic-state" in now) == (True, False, True)


# --- commands ---------------------------------------------------------------------------------------------------


class Command:
    """Runs commands on a folder of models and a database, and returns what they print as JSON."""

    def __init__(self, registry: Registry, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self._where = ["--models", str(registry.folder), "--database", url]
        self._capsys = capsys

    def __call__(self, *arguments: str, code: int = 0) -> tuple[dict[str, object], str]:
        assert main([*arguments, *self._where, "--json"]) == code
        out, error = self._capsys.readouterr()
        return (json.loads(out) if out else {}), error


@pytest.fixture
def command(
    registry: Registry, store: Store, database_url: str, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    yield Command(registry, database_url, capsys)


def test_tags_do_undo_and_log(command: Command, registry: Registry, taxonomy: Taxonomy) -> None:
    done, _ = command("tags", "do", MERGE, 'relabel taliban "The Taliban"', "--note", "one group")
    changes = done["changes"]
    assert isinstance(changes, list)
    assert [(row["n"], row["line"]) for row in changes] == [(2, MERGE), (3, 'relabel taliban "The Taliban"')]
    head = read_head(registry.folder)
    assert head is not None
    assert done["taxonomy_version"] == head.taxonomy.version
    command("tags", "undo", "2")
    assert head.taxonomy.replacement_of("iskp") == "islamic-state"
    log, _ = command("tags", "log")
    assert isinstance(log["changes"], list)
    assert [row["line"] for row in log["changes"]] == [
        "undo 2",
        'relabel taliban "The Taliban"',
        MERGE,
        f"import {len(taxonomy.tags)} tags",
    ]
    command("tags", "undo", "--last")
    assert registry.taxonomy() == taxonomy
    _, error = command("tags", "undo", "--last", code=1)
    assert "There is no change to undo." in error


@pytest.mark.slow
def test_tags_plan_and_propose_change_nothing(command: Command, registry: Registry, store: Store) -> None:
    planned, _ = command("tags", "plan", MERGE)
    assert (planned["based_on"], planned["changes"]) == (1, [MERGE])
    proposed, _ = command("tags", "propose", MERGE, "--note", "one group")
    (kept,) = store.change_sets.list("proposed")
    assert (proposed["change_set"], kept.lines, kept.title) == (kept.id, [MERGE], "one group")
    assert store.taxonomy.last() == 1
    _, error = command("tags", "plan", "merge iskp into gone", code=1)
    assert "The taxonomy has no tag 'gone'." in error
    _, error = command("tags", "plan", code=2)
    assert "Name an operation" in error


def test_tags_do_refuses_what_does_not_fit_and_changes_nothing(command: Command, registry: Registry) -> None:
    _, error = command("tags", "do", MERGE, "merge iskp into taliban", code=1)
    assert "The tag 'iskp' is retired in favour of 'islamic-state'" in error
    head = read_head(registry.folder)
    assert head is not None
    assert head.n == 1


def test_tags_diff_names_what_differs(
    command: Command, registry: Registry, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command("tags", "do", 'relabel taliban "The Taliban"')
    assert main(["tags", "diff", "1", "2", "--database", database_url, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["tags"]
    assert (row["tag"], row["before"]["label"], row["after"]["label"]) == ("taliban", "Taliban", "The Taliban")


def test_tags_apply_with_a_database_is_one_change_and_no_new_version(
    command: Command, registry: Registry, tmp_path: Path
) -> None:
    versions, champion = registry.versions(), registry.champion()
    file = tmp_path / "taxonomy.yaml"
    tags = "- {id: one, label: One group, kind: group}\n- {id: two, label: Two group, kind: group}\n"
    file.write_text(f"kinds: {{group: {{}}}}\ntags:\n{tags}", encoding="utf-8")
    _, error = command("tags", "apply", str(file), code=1)
    assert "'iskp'" in error
    assert 'perhaps you meant: tags do "' in error
    assert '"retire iskp"' in error
    assert (registry.versions(), registry.champion()) == (versions, champion)
    whole = registry.taxonomy()
    assert whole is not None
    file.write_text(as_yaml(replace(whole, tags=(*whole.tags, Tag("one", "One group", "group")))), encoding="utf-8")
    applied, _ = command("tags", "apply", str(file))
    assert (applied["added"], applied["n"]) == (1, 2)
    assert (registry.versions(), registry.champion()) == (versions, champion)
    head = read_head(registry.folder)
    assert head is not None
    assert head.taxonomy.tag("one").created is not None
    assert registry.load_champion().taxonomy.tag("one").label == "One group"


def as_yaml(taxonomy: Taxonomy) -> str:
    """A taxonomy as a file that reads as it. JSON is YAML."""
    tags = [
        {
            **{
                name: value
                for name, value in (taxonomy.json_of(tag.id) or {}).items()
                if name not in ("aliases", "broader")
            },
            "kind": tag.kind,
            "label_is_alias": False,
            "aliases": [
                {
                    "text": alias.text,
                    "case": "exact" if alias.case_exact else "any",
                    "strength": "weak" if alias.weak else "name",
                    **{name: list(getattr(alias, name)) for name in ("needs", "blocked") if getattr(alias, name)},
                    "shared": alias.shared,
                }
                for alias in tag.aliases
            ],
        }
        for tag in taxonomy.tags
    ]
    return json.dumps({"kinds": taxonomy.to_json()["kinds"], "tags": tags})


def test_an_undo_under_a_dependent_change_names_it(registry: Registry, store: Store) -> None:
    do(registry, store, "merge iskp into iswap")
    do(registry, store, "merge iswap into islamic-state")
    with pytest.raises(DependentChanges) as refused:
        undo(registry, store, [2], "x")
    assert refused.value.numbers == [3]
    undo(registry, store, [2, 3], "x")
    head = take_over(registry, store, store.taxonomy.log().taxonomy(), "x")
    assert head is not None
    assert head.n == 5


# --- killed at each write ---------------------------------------------------------------------------------------

_WRITES = ("open", "os.rename", "os.remove", "os.link")


def _apply_and_die(folder: Path, url: str, at: int) -> None:
    """Carry out a merge in this process, and kill it at a write: at a statement, or when a file is opened or renamed."""
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)

    store = open_store(url)
    registry = Registry(folder)
    operations = [operation_from_text(MERGE)]
    event.listen(store.engine, "before_cursor_execute", count)
    event.listen(store.engine, "commit", count)
    sys.addaudithook(lambda name, _: count() if name in _WRITES else None)
    change(registry, store, operations, "x")


@pytest.mark.slow
def test_a_process_that_is_killed_at_any_write_leaves_before_or_after(
    registry: Registry, store: Store, database_url: str
) -> None:
    publish(registry, store)
    before, at, seen = store.taxonomy.head(), 0, set[str]()
    while True:
        at += 1
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                _apply_and_die(registry.folder, database_url, at)
            os._exit(0)
        was_killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        published, head = read_head(registry.folder), store.taxonomy.head()
        assert published is not None
        assert head is not None
        is_after = head.taxonomy.replacement_of("iskp") == "islamic-state"
        assert is_after or head.taxonomy == before.taxonomy  # type: ignore[union-attr]
        assert published.taxonomy in (head.taxonomy, before.taxonomy)  # type: ignore[union-attr]
        assert publish(registry, store) == head == read_head(registry.folder)
        seen.add("after" if is_after else "before")
        if is_after:
            store.taxonomy.undo([store.taxonomy.log().last_to_undo()], "x")
            publish(registry, store)
        if not was_killed:
            break
    assert at > 10
    assert seen == {"before", "after"}


def test_files_of_articles_are_tagged_by_the_taxonomy_of_now(
    registry: Registry, store: Store, articles: list[Article], tmp_path: Path
) -> None:
    do(registry, store, MERGE)
    article = next(one for one in articles if "iskp" in (one.tags or ()))
    (tmp_path / "in.jsonl").write_text(
        json.dumps({"id": "a", "title": article.title, "body": article.body}) + "\n", "utf-8"
    )
    where = ["--models", str(registry.folder), "--articles", str(tmp_path / "in.jsonl")]
    assert main(["suggest", *where, "--output", str(tmp_path / "out.jsonl")]) == 0
    tags = {row["tag"] for row in json.loads((tmp_path / "out.jsonl").read_text("utf-8"))["suggestions"]}
    assert "islamic-state" in tags
    assert not {"iskp", "iswap"} & tags
