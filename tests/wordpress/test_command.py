"""The commands of WP-CLI. The real one is not to be had here: a stand-in for its public functions runs them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from classifier.commands import main
from classifier.domain.articles import Article, record_of
from tests.wordpress.desk import BODY, TITLE, Desk
from tests.wordpress.test_archive import marked, publish
from tests.wordpress.test_tags import decide
from tests.wordpress.test_terms import UNSENT, tags

pytestmark = pytest.mark.wordpress
COUNT = "$t = get_term_by( 'slug', $given['slug'], 'post_tag' ); return $t ? $t->count : 0;"
N_POSTS = 130


def wp(desk: Desk, *arguments: str, code: int = 0) -> str:
    """Run a command and return what it prints."""
    ran = desk.site.wp("article-tagger", *arguments)
    assert ran.returncode == code, (ran.stdout, ran.stderr)
    return ran.stdout if code == 0 else ran.stderr


def write(path: Path, rows: Sequence[dict[str, Any]]) -> str:
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text[: len(text) // 2]) + gzip.compress(text[len(text) // 2 :]))  # of several parts
    return str(path)


def test_the_file_of_an_archive_run_is_set_and_taken_off_again(desk: Desk, tmp_path: Path) -> None:
    first, had, kept = posts = publish(desk, 3)
    desk.give(had, "Taliban")
    desk.site.php(UNSENT)
    articles = tmp_path / "archive.jsonl"
    rows = [record_of(Article(f"{desk.prefix}{post}", TITLE, BODY, "html")) for post in posts]
    articles.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    output = tmp_path / "additions.jsonl.gz"
    given = ["--articles", str(articles), "--output", str(output), "--band", "suggest"]
    assert main(["archive", "run", *given, "--models", str(desk.service.models)]) == 0

    said = wp(desk, "import-assignments", str(output), "--dry-run")
    assert "Nothing was changed" in said
    assert (desk.terms(first), marked(desk, first)) == (set(), set())
    said = wp(desk, "import-assignments", str(output))
    assert "1  there before" in said
    assert {"Islamic State Khorasan Province", "Taliban"} <= desk.terms(first)
    assert {"iskp", "taliban"} <= marked(desk, first)
    assert "taliban" not in marked(desk, had)
    assert desk.waits() == 0

    decide(desk, kept, "accept", "iskp")
    desk.settled()
    assert [(tag, action) for tag, action, *_ in desk.log(kept)] == [("iskp", "accept")]
    said = wp(desk, "import-assignments", str(output), "--undo")
    assert "left alone, since an editor has decided" in said
    assert [desk.terms(post) for post in posts] == [set(), {"Taliban"}, {"Islamic State Khorasan Province"}]


def test_an_import_that_was_killed_goes_on_where_it_was(desk: Desk, tmp_path: Path) -> None:
    posts = publish(desk, N_POSTS)
    rows = [
        {"article": f"{desk.prefix}{post}", "tag": tag, "score": 0.9, "run": "r", "at": "2026-11-27T03:43:10+00:00"}
        for post in posts
        for tag in ("iskp", "taliban")
    ]
    file = write(tmp_path / "assignments.jsonl.gz", rows)
    ran = desk.site.wp("article-tagger", "import-assignments", file, kill_after=150)
    assert ran.returncode < 0
    assert 0 < desk.site.php(COUNT, {"slug": "taliban"}) < N_POSTS
    desk.site.php("wp_remove_object_terms( $given['post'], 'taliban', 'post_tag' );", {"post": posts[70]})
    said = wp(desk, "import-assignments", file)
    assert f"{len(rows) - 100 - 1:7d}  set" in said  # those of the first hundred lines were carried out before
    assert [desk.site.php(COUNT, {"slug": slug}) for slug in ("iskp", "taliban")] == [N_POSTS, N_POSTS - 1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"id": "a", "title": "T"}\n', "line 1, does not come from an archive run"),
        ("not json\n", "line 1, does not come from an archive run"),
    ],
)
def test_another_file_is_refused(desk: Desk, tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "a.jsonl").write_text(content, encoding="utf-8")
    assert said in wp(desk, "import-assignments", str(tmp_path / "a.jsonl"), code=1)
    assert "Cannot read" in wp(desk, "import-assignments", str(tmp_path / "missing"), code=1)


def test_lines_of_other_sites_and_of_unknown_tags_are_counted(desk: Desk, tmp_path: Path) -> None:
    (post,) = publish(desk, 1)
    rows = [
        {"article": f"{desk.prefix}{post}", "tag": "no-such-tag", "score": 0.9},
        {"article": f"other-{post}", "tag": "iskp", "score": 0.9},
        {"article": f"{desk.prefix}999999", "tag": "iskp", "score": 0.9},
        {"article": f"{desk.prefix}{post}", "tag": "old-khorasan", "score": 0.9},  # was replaced, at last by iskp
    ]
    said = wp(desk, "import-assignments", write(tmp_path / "a.jsonl.gz", rows))
    assert [line.split()[0] for line in said.splitlines()[:3]] == ["1", "2", "1"]
    assert (desk.terms(post), marked(desk, post)) == ({"Islamic State Khorasan Province"}, {"iskp"})


def test_suggestions_for_posts_that_are_there(desk: Desk) -> None:
    posts = publish(desk, 3)
    assert "suggested: 3. Nothing was changed" in wp(desk, "suggest", "--dry-run")
    assert desk.waits() == 0
    said = wp(desk, "suggest", str(posts[0]), "--wait")
    assert "suggested: 1. Waiting to be sent: 0" in said
    assert "iskp" in desk.suggested(posts[0])
    assert "suggested: 2. Waiting to be sent: 0" in wp(desk, "suggest", "--unanswered", "--wait")
    assert all("iskp" in desk.suggested(post) for post in posts)
    desk.service.stop()
    assert "suggested: 3. Waiting to be sent: 3" in wp(desk, "suggest", "--wait")


def test_terms_are_listed_and_matched(desk: Desk) -> None:
    desk.give(post := desk.post(), "ISIS-K", "Weather")
    desk.settled()
    listed = {row["name"]: row for row in json.loads(wp(desk, "map", "--state=all", "--format=json"))}
    assert (listed["ISIS-K"]["tag"], listed["Weather"]["tag"]) == ("iskp", "")
    term = str(listed["Weather"]["term"])
    assert "stands for: -" in wp(desk, "map", term, "--tag=taliban", "--dry-run")
    wp(desk, "map", term, "--tag=Taliban")
    desk.until(lambda: tags(desk, post) == {"iskp", "taliban"})
    wp(desk, "map", term, "--ignore")
    desk.until(lambda: tags(desk, post) == {"iskp"})
    assert desk.log(post) == []
    assert "has no tag" in wp(desk, "map", term, "--tag=nonsense", code=1)
    assert "Say one of" in wp(desk, "map", term, code=1)


def test_status_says_how_it_is_and_ends_with_1_where_something_is_wrong(desk: Desk) -> None:
    levels = {row["text"]: row["level"] for row in json.loads(wp(desk, "status", "--format=json"))}
    assert any(text.startswith("Connected.") and level == "success" for text, level in levels.items())
    assert any(text.startswith("Archive runs: read up to") for text in levels)
    desk.service.stop()
    ran = desk.site.wp("article-tagger", "status")
    assert (ran.returncode, "Not connected" in ran.stdout) == (1, True)


def test_options_that_no_command_documents_are_refused(desk: Desk) -> None:
    assert "unknown --force parameter" in wp(desk, "suggest", "--force", code=1)
