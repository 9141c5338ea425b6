"""The whole chain, once: an archive in WordPress, its export, import, retraining, the plugin, an editor, and what was learned."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from classifier.domain.articles import Article, read_articles
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.serving.registry import Registry
from classifier.store.database.opening import open_store
from tests.conftest import ROOT, STARTER
from tests.wordpress.desk import BODY, TITLE, Desk, Service
from tests.wordpress.editors import BlockEditor
from tests.wordpress.site import Site

pytestmark = pytest.mark.wordpress
N_POSTS = 300
ADDED = "financing"  # what the editor adds; the text says nothing of it

PUBLISH = """
define( 'WP_IMPORTING', true );
$terms = array();
foreach ( json_decode( file_get_contents( $given['file'] ), true ) as $one ) {
	$post = wp_insert_post( wp_slash( array( 'post_title' => $one['title'], 'post_content' => $one['body'], 'post_status' => 'publish', 'post_date' => $one['date'] ) ), true );
	wp_set_post_terms( $post, $one['tags'], 'post_tag' );
}
return (int) wp_count_posts()->publish;
"""
EXPORT = """
require_once ABSPATH . 'wp-admin/includes/export.php';
ob_start();
export_wp( array( 'content' => 'post' ) );
file_put_contents( $given['file'], ob_get_clean() );
"""


@pytest.fixture
def chain(site: Site, signed_in: dict[str, Path], tmp_path: Path) -> Iterator[Desk]:
    """A site that is not connected yet, and a service that has nothing yet."""
    site.restore()
    url = f"sqlite:///{tmp_path}/tagger.db"
    with closing(open_store(url)) as store:
        keys = {role: store.keys.create(role, role) for role in ("cms", "admin")}
    service = Service(tmp_path / "models", url, keys["cms"], keys["admin"])
    yield Desk(site, service, "wp-")
    service.stop()


def classifier(*arguments: str, **settings: str) -> str:
    """Run a command as an operator does, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "classifier", *arguments],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def archive() -> list[Article]:
    """Return articles of a desk that covers South Asia and the Islamic State, the newest last."""
    files = [STARTER / "articles" / f"{name}.jsonl" for name in ("islamic-state", "south-asia", "themes")]
    dated = sorted(read_articles(files), key=lambda one: (one.published_at or "", one.id))
    return dated[-N_POSTS:]


def test_an_archive_is_learned_and_an_answer_too(chain: Desk, sit: Callable[..., Page], tmp_path: Path) -> None:
    service, where = chain.service, ("--models", str(chain.service.models), "--database", chain.service.url)
    taxonomy = ("--taxonomy", str(STARTER / "taxonomy.yaml"))

    # WordPress has an archive, with the tags' names as its terms; it is exported and imported.
    assert publish(chain, tmp_path) == N_POSTS
    export = tmp_path / "desk.xml"
    chain.site.php(EXPORT, {"file": str(export)})
    done = json.loads(classifier("import", str(export), *taxonomy, *where, "--json"))
    assert (done["new"], done["set_aside"]) == (N_POSTS, 0)

    # It is learned, and served.
    first = json.loads(classifier("retrain", *taxonomy, *where, "--json"))
    assert first["promoted"], first
    service.start()
    chain.set(address=service.address, key=service.cms_key, prefix=chain.prefix)

    # An editor writes, gets suggestions, and answers.
    editor = BlockEditor(sit("ana", BlockEditor.path(None))).ready()
    editor.write(TITLE, BODY)
    post = editor.save()
    chain.until(lambda: chain.suggested(post))
    editor.accept("iskp")
    editor.reject("taliban", "Only a passing mention")
    editor.add(label_of(ADDED), label_of(ADDED))
    expect(editor.tokens()).to_have_count(2)
    chain.settled()
    assert {(tag, action) for tag, action, *_ in chain.log(post)} == {
        ("iskp", "accept"),
        ("taliban", "reject"),
        (ADDED, "add"),
    }
    before = score(chain, post)

    # The next run has learned it.
    second = json.loads(classifier("retrain", *where, "--json"))
    assert second["version"] != first["version"]
    assert second["promoted"], second
    snapshot = Registry(service.models).snapshot(second["version"])
    assert snapshot is not None
    known = snapshot.articles[f"wp-{post}"]
    assert (set(known.tags), known.rejected, known.complete) == ({"iskp", ADDED}, ("taliban",), False)
    assert f"wp-{post}" in snapshot.trained
    chain.until(lambda: service.ask("GET", "/v1/model")["version"] == second["version"], move_clock=False)
    assert score(chain, post) > before


def publish(desk: Desk, folder: Path) -> int:
    labels = {tag.id: tag.label for tag in read_taxonomy(STARTER / "taxonomy.yaml").tags}
    posts = [
        {
            "title": one.title,
            "body": one.body,
            "date": f"{(one.published_at or '')[:10]} 09:00:00",
            "tags": [labels[tag] for tag in one.tags or ()],
        }
        for one in archive()
    ]
    file = folder / "posts.json"
    file.write_text(json.dumps(posts), encoding="utf-8")
    return int(desk.site.php(PUBLISH, {"file": str(file)}))


def label_of(tag: str) -> str:
    return next(one.label for one in read_taxonomy(STARTER / "taxonomy.yaml").tags if one.id == tag)


def score(desk: Desk, post: int) -> float:
    """Return what the model that serves makes of the added tag on the text of the post."""
    text: dict[str, Any] = desk.article(post)
    asked = {"title": text["title"], "body": text["body"], "body_format": text["body_format"], "why": [ADDED]}
    return float(desk.service.ask("POST", "/v1/suggest", asked)["why"][0]["decision_value"])
