"""A desk with spellings of its own, from its export to a retraining after merges: both sides mean the same tags throughout."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.importers.mapping import TermMap
from classifier.importers.records import CmsTerm
from tests.conftest import STARTER
from tests.wordpress.desk import Desk
from tests.wordpress.test_feed import SETS, follow, undo
from tests.wordpress.test_whole_chain import EXPORT, PUBLISH, archive, chain, classifier

pytestmark = pytest.mark.wordpress
__all__ = ["chain"]
OWN = {"financing": "Money trail"}  # no alias: an administrator has to say what it is
SAVE_ALL = """
    foreach ( get_posts( array( 'numberposts' => -1, 'fields' => 'ids' ) ) as $post ) { wp_update_post( array( 'ID' => $post ) ); }
"""
TERMS = """
    foreach ( get_posts( array( 'numberposts' => -1, 'fields' => 'ids' ) ) as $post ) {
        $found[ $post ] = wp_get_object_terms( $post, 'post_tag', array( 'fields' => 'names' ) );
    }
    return $found;
"""
MERGE_TERMS = """
    $into = get_term_by( 'name', $given['into'], 'post_tag' )->term_id;
    wp_delete_term( get_term_by( 'name', $given['term'], 'post_tag' )->term_id, 'post_tag', array( 'default' => $into, 'force_default' => true ) );
"""


def spellings(taxonomy: Taxonomy) -> dict[str, str]:
    """Return what the desk calls each tag: its last alias that means this tag alone, or else its label."""
    terms = TermMap(taxonomy)

    def names(tag: Any) -> Iterator[str]:
        yield from (alias.text for alias in reversed(tag.aliases) if terms.match(CmsTerm(alias.text)).tags == (tag.id,))
        yield tag.label

    return {tag.id: next(names(tag)) for tag in taxonomy.tags} | OWN


def publish(desk: Desk, file: Path, name_of: dict[str, str]) -> int:
    """Publish the archive with the desk's names for the tags, and return how many posts it has."""
    posts = [
        {
            "title": one.title,
            "body": one.body,
            "date": f"{(one.published_at or '')[:10]} 09:00:00",
            "tags": [name_of[tag] for tag in one.tags or ()],
        }
        for one in archive()
    ]
    file.write_text(json.dumps(posts), encoding="utf-8")
    assert desk.site.php(PUBLISH, {"file": str(file)}) == len(posts)
    return len(posts)


def pairs(taxonomy: Taxonomy, counts: dict[str, int]) -> tuple[str, str, str, str]:
    """Return four tags of one kind that several posts have, the rarest first."""
    themes = [tag.id for tag in taxonomy.tags if tag.kind == "group" and counts[tag.id] >= 3 and tag.id not in OWN]
    one, other, third, heir, *_ = sorted(themes, key=lambda tag: counts[tag])
    return one, other, third, heir


def test_both_sides_mean_the_same_tags(chain: Desk, tmp_path: Path) -> None:
    service, where = chain.service, ("--models", str(chain.service.models), "--database", chain.service.url)
    taxonomy = read_taxonomy(STARTER / "taxonomy.yaml")
    name_of = spellings(taxonomy)
    known = {name: tag for tag, name in name_of.items()}
    export = tmp_path / "desk.xml"
    n_posts = publish(chain, tmp_path / "posts.json", name_of)

    # The archive is exported, imported and learned; then the site is connected.
    chain.site.php(EXPORT, {"file": str(export)})
    classifier("import", str(export), "--taxonomy", str(STARTER / "taxonomy.yaml"), *where, "--json")
    assert json.loads(classifier("retrain", "--taxonomy", str(STARTER / "taxonomy.yaml"), *where, "--json"))["promoted"]
    service.start()
    chain.set(address=service.address, key=service.cms_key, prefix=chain.prefix)
    follow(chain)
    term = next(
        row
        for row in service.ask("GET", "/v1/terms?limit=500", key=service.cms_key)["terms"]
        if row["name"] in OWN.values()
    )
    service.ask("PUT", f"/v1/terms/{term['id']}", {"tags": ["financing"], "editor": "admin"}, service.cms_key)

    def check(read_as: Callable[[str], str]) -> dict[str, list[str]]:
        """Check all posts against the service, and return their terms."""
        found: dict[str, list[str]] = chain.site.php(TERMS)
        for post, names in found.items():
            article = chain.article(int(post))
            assert len(set(names)) == len(names)
            assert set(article["tags"]) == {read_as(known[name]) for name in names}, article["title"]
            assert (article["unknown_tags"], chain.log(int(post))) == ([], [])
        return found

    def save_all() -> None:
        chain.site.php(SAVE_ALL)
        chain.until(lambda: chain.waits() == 0, 300)

    save_all()
    save_all()
    before = check(str)
    one, other, third, heir = pairs(
        taxonomy, {tag: sum(name in names for names in before.values()) for tag, name in name_of.items()}
    )

    # A person merges two terms in WordPress: nothing is removed, and it is proposed.
    chain.site.php(MERGE_TERMS, {"term": name_of[one], "into": name_of[other]})
    save_all()
    between = check(str)
    proposed = service.ask("GET", f"{SETS}?state=proposed")["change_sets"]
    assert [each["lines"] for each in proposed] == [[f"merge {one} into {other}"]]

    # A taxonomist merges two tags at the service: WordPress follows.
    set_id = service.ask("POST", SETS, {"ops": [{"op": "merge", "tags": [third], "into": heir}]})["id"]
    based_on = service.ask("GET", f"{SETS}/{set_id}/preview")["based_on"]
    service.ask("POST", f"{SETS}/{set_id}/apply", {"based_on": based_on})
    follow(chain)
    save_all()
    assert not any(name_of[third] in names for names in check(lambda tag: heir if tag == third else tag).values())
    run = json.loads(classifier("retrain", *where, "--json"))
    assert "turned" not in run["reason"], run["reason"]
    examples = tmp_path / "examples.jsonl"
    classifier("export", "examples", *where[2:], "--output", str(examples))
    rows = [json.loads(line) for line in examples.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == n_posts and not any(row.get("rejected") for row in rows)

    # The undo restores both sides.
    undo(service, set_id)
    follow(chain)
    save_all()
    assert check(str) == between
