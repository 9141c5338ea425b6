"""A week of a desk that works in WordPress alone: its report says what its editors did."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import cohen_kappa_score

from classifier.domain.articles import Article
from classifier.store.database.opening import open_store
from classifier.training.fitting import Fitted
from tests.wordpress.desk import Desk, Service
from tests.wordpress.site import Site
from tests.wordpress.test_whole_chain import classifier

pytestmark = pytest.mark.wordpress
N_DAYS, N_A_DAY = 5, 8
SHARES = {"TAGGER_BLIND_SHARE": "0.3", "TAGGER_SECOND_SHARE": "0.3"}
EXTRA = "financing"  # what ben sees in each article that he looks at
WRITE = """
    wp_set_current_user( get_user_by( 'login', 'max' )->ID );
    foreach ( $given['posts'] as $one ) {
        $made[] = wp_insert_post( wp_slash( $one + array( 'post_status' => 'publish' ) ), true );
    }
    return $made;
"""
# What an editor does with the posts of a day: answers all suggestions, takes off what is wrong, gives what is missing by
# the panel and by the form in turn, and says that the tags are complete.
WORK = """
    wp_set_current_user( get_user_by( 'login', $given['editor'] )->ID );
    $ask = function ( string $method, string $path, array $sent = array() ) {
        $request = new WP_REST_Request( $method, "/article-tagger/v1/posts/$path" );
        $request->set_body_params( $sent );
        $answer = rest_do_request( $request );
        if ( 200 !== $answer->get_status() ) { throw new Exception( wp_json_encode( $answer->get_data() ) ); }
        return $answer->get_data();
    };
    foreach ( $given['posts'] as $number => $one ) {
        $post = $one['post'];
        $panel = $ask( 'GET', $post );
        $seen[] = array( $panel['complete'], $panel['message'] );
        foreach ( $panel['suggestions'] as $suggested ) {
            $action = isset( $one['wants'][ $suggested['id'] ] ) ? 'accept' : 'reject';
            $ask( 'POST', "$post/decisions", array( 'action' => $action, 'tag' => $suggested['id'], 'set' => $panel['set'] ) );
        }
        $has = array();
        foreach ( wp_get_object_terms( $post, 'post_tag' ) as $term ) {
            $has[ get_term_meta( $term->term_id, '_article_tagger_tag', true ) ] = $term->term_id;
        }
        foreach ( array_diff_key( $has, $one['wants'] ) as $term ) { wp_remove_object_terms( $post, $term, 'post_tag' ); }
        foreach ( array_diff_key( $one['wants'], $has ) as $tag => $label ) {
            if ( ++$number % 2 ) {
                $ask( 'POST', "$post/decisions", array( 'action' => 'add', 'tag' => $tag, 'set' => $panel['set'] ) );
            } else {
                wp_set_post_terms( $post, array( $label ), 'post_tag', true );
            }
        }
        wp_update_post( array( 'ID' => $post ) );
        $ask( 'POST', "$post/complete" );
    }
    return $seen ?? array();
"""
SWEEP = "do_action( 'article_tagger_sweep' ); return ( new Article_Tagger\\Outbox() )->counts();"


@dataclass
class Post:
    """A post with the tags that each editor wants, and who has said that its tags are complete."""

    id: int
    article: Article
    wanted: dict[str, set[str]]
    blind: bool = False
    n_editors: int = 1
    done_by: tuple[str, ...] = ()

    @property
    def is_closed(self) -> bool:
        return len(self.done_by) >= self.n_editors


@pytest.fixture
def week(site: Site, signed_in: dict[str, Path], models: Path, tmp_path: Path) -> Iterator[Desk]:
    """A site that is connected to a service with blind articles and second opinions, and without articles."""
    site.restore()
    url = f"sqlite:///{tmp_path}/tagger.db"
    with closing(open_store(url)) as store:
        keys = {role: store.keys.create(role, role) for role in ("cms", "admin")}
    service = Service(models, url, keys["cms"], keys["admin"], settings=SHARES)
    service.start()
    desk = Desk(site, service, "wp-")
    desk.set(address=service.address, key=service.cms_key, prefix="wp-")
    site.complaints()
    yield desk
    service.stop()
    assert site.complaints() == []


def test_report_of_a_week_says_what_the_editors_did(
    week: Desk, articles: list[Article], fitted: Fitted, say: Callable[[str], None]
) -> None:
    tags = fitted.model.taxonomy.tags
    labels = {tag.id: tag.label for tag in tags if not tag.retired and tag.kind != "category"}
    to_write = iter([one for one in articles if labels.keys() & set(one.tags or ())])
    posts: list[Post] = []
    for day in range(N_DAYS):
        today = write(week, list(islice(to_write, N_A_DAY)), labels)
        posts += today
        # On the last day somebody goes home early.
        work(week, "ana", today if day < N_DAYS - 1 else today[1:], labels)
        work(week, "ben", [post for post in today if post.n_editors == 2 and day < N_DAYS - 1], labels)

    where = ("--models", str(week.service.models), "--database", week.service.url)
    report = json.loads(classifier("desk-report", *where, "--json"))
    assert report["articles"] == {
        "known": len(posts),
        "decided": sum(bool(post.done_by) for post in posts),
        "closed": sum(post.is_closed for post in posts),
    }
    assert blind_recall(week, posts) == tuple(report["recall"][name] for name in ("articles", "open", "given", "found"))
    pairs = [post for post in posts if len(post.done_by) == 2]
    agreed = report["agreement"]
    n_tags = sum(agreed["overall"][name] for name in ("both", "one", "neither")) // len(pairs)
    both, one, kappa = agreement(pairs, n_tags)
    assert (agreed["articles"], agreed["editors"]) == (len(pairs), ["cms/ana", "cms/ben"])
    assert (agreed["overall"]["both"], agreed["overall"]["one"]) == (both, one)
    assert agreed["overall"]["kappa"] == pytest.approx(kappa)
    assert min(report["recall"]["given"] - report["recall"]["found"], report["recall"]["found"], both, one) > 0
    recall, overall = report["recall"], agreed["overall"]
    say(
        f"a week in WordPress: {len(posts)} posts, {report['articles']['closed']} closed, blind recall {recall['found']} of "
        f"{recall['given']} on {recall['articles']}, kappa {overall['kappa']:.3f} on {agreed['articles']}"
    )


def write(desk: Desk, articles: list[Article], labels: dict[str, str]) -> list[Post]:
    """Publish posts, have them sent, and return them with what their editors want."""
    sent = [{"post_title": one.title, "post_content": one.body} for one in articles]
    made = [
        Post(number, one, wanted(one, labels))
        for number, one in zip(desk.site.php(WRITE, {"posts": sent}), articles, strict=True)
    ]
    sweep(desk)
    for post in made:
        row = desk.article(post.id)
        post.blind, post.n_editors = row["blind"], row["n_editors"]
    return made


def wanted(article: Article, labels: dict[str, str]) -> dict[str, set[str]]:
    """Return what ana sees in an article, and ben: he never sees the last of several tags, and always one of his own."""
    tags = [tag for tag in article.tags or () if tag in labels]
    return {"ana": set(tags), "ben": {*tags[: max(1, len(tags) - 1)], EXTRA}}


def work(desk: Desk, editor: str, posts: list[Post], labels: dict[str, str]) -> None:
    """Have an editor work on posts, and what comes of it sent."""
    given: list[dict[str, Any]] = [
        {"post": post.id, "wants": {tag: labels[tag] for tag in sorted(post.wanted[editor])}} for post in posts
    ]
    seen = desk.site.php(WORK, {"editor": editor, "posts": given})
    asked = [is_complete is False and "A second opinion is asked for" in message for is_complete, message in seen]
    assert asked == [editor == "ben"] * len(posts)
    for post in posts:
        post.done_by = (*post.done_by, editor)
    sweep(desk)


def sweep(desk: Desk) -> None:
    while desk.site.php(SWEEP) != [0, 0, 0]:
        pass


def blind_recall(desk: Desk, posts: list[Post]) -> tuple[int, int, int, int]:
    """Return on how many closed blind articles how many tags were given, and how many of them the model would suggest."""
    blind = [post for post in posts if post.blind]
    closed = [post for post in blind if post.is_closed]
    given = [(post, post.wanted[post.done_by[-1]]) for post in closed]
    found = sum(len(tags & suggested(desk, post)) for post, tags in given)
    return len(closed), len(blind) - len(closed), sum(len(tags) for _, tags in given), found


def suggested(desk: Desk, post: Post) -> set[str]:
    """Return what the model suggests for the text of a post."""
    row = desk.article(post.id)
    text = {name: row[name] for name in ("title", "body", "body_format")}
    return {one["tag"] for one in desk.service.ask("POST", "/v1/suggest", text)["suggestions"]}


def agreement(pairs: list[Post], n_tags: int) -> tuple[int, int, float]:
    """Return how many tags both editors gave, how many one of them, and Cohen's kappa over all tags."""
    ana, ben, both, one = [], [], 0, 0
    for post in pairs:
        first, second = post.wanted["ana"], post.wanted["ben"]
        both, one = both + len(first & second), one + len(first ^ second)
        rows = [(tag in first, tag in second) for tag in first | second]
        rows += [(False, False)] * (n_tags - len(rows))
        ana, ben = ana + [row[0] for row in rows], ben + [row[1] for row in rows]
    return both, one, float(cohen_kappa_score(ana, ben))
