"""Saving a post: the article goes to the service behind it, and comes to no harm where the service does."""

from __future__ import annotations

import itertools
import socket
import time

import pytest

from tests.wordpress.desk import BODY, TITLE, Desk, answering, in_its_place
from tests.wordpress.test_tags import shown

pytestmark = pytest.mark.wordpress
PROBLEM = {"type": "x", "title": "x", "status": 500, "detail": "Something broke."}
FOREIGN = {"suggestions": [], "suggestion_set_id": "a-set", "reason": None}


# --- the way there --------------------------------------------------------------------------------------------------


def test_saved_post_is_sent_behind_the_next_page_view_and_its_suggestions_are_kept(desk: Desk) -> None:
    post = desk.post()
    assert desk.waits() == 1
    desk.settled()
    assert "iskp" in desk.suggested(post)
    assert (desk.article(post)["title"], desk.article(post)["body"]) == (TITLE, BODY)


def test_look_at_a_post_has_it_sent_once_the_sending_is_late_but_not_before_its_next_try(desk: Desk) -> None:
    desk.settled()
    post, other = desk.post(), desk.post()
    desk.stop_scheduler()

    def waits_after_a_look() -> int:
        shown(desk, post)
        return desk.waits()

    assert waits_after_a_look() == 2
    desk.later(60)
    desk.stop_scheduler()
    row = f"WHERE post_id = {post} AND meta_key = '_article_tagger_due'"
    due = desk.site.sql(f"SELECT meta_value FROM wp_postmeta {row}")[0][0]
    desk.site.sql(f"UPDATE wp_postmeta SET meta_value = UNIX_TIMESTAMP() + 600 {row}")
    assert waits_after_a_look() == 2
    desk.site.sql(f"UPDATE wp_postmeta SET meta_value = {due} {row}")
    assert waits_after_a_look() == 1
    assert desk.suggested(post) and not desk.answer(other)


def test_manual_excerpt_is_sent_and_none_is_made_of_the_text(desk: Desk) -> None:
    written, none = desk.post(post_excerpt="Two <em>commanders</em> &amp; a \\ doctor"), desk.post(body=BODY * 20)
    desk.settled()
    assert desk.article(written)["standfirst"] == "Two <em>commanders</em> &amp; a \\ doctor"
    assert desk.article(none)["standfirst"] == ""
    desk.save(written, post_excerpt="")
    desk.settled()
    assert desk.article(written)["standfirst"] == ""


def test_older_service_that_does_not_know_standfirsts_gets_the_post_without_one(desk: Desk) -> None:
    unknown = [{"pointer": "/standfirst", "detail": "Extra inputs are not permitted"}]
    refusal = {"type": "/docs#invalid", "title": "Invalid", "status": 422, "detail": "/standfirst", "errors": unknown}
    had_one: list[bool] = []

    def older(connection: socket.socket) -> None:
        while not (request := connection.recv(65536, socket.MSG_PEEK)).endswith(b"}") and not request.startswith(
            b"GET"
        ):
            time.sleep(0.01)
        if not request.startswith(b"PUT"):  # it knows neither terms nor changes
            answering("404 Not Found", {**PROBLEM, "status": 404})(connection)
            return
        had_one.append(b'"standfirst"' in request)
        answer = answering("422 Unprocessable", refusal) if had_one[-1] else answering("200 OK", FOREIGN)
        answer(connection)

    post = desk.post(post_excerpt="Two commanders and a doctor")
    with in_its_place(desk.service, older):
        desk.until(lambda: desk.waits() == 0)
    assert had_one == [True, False]
    assert desk.answer(post)["set"] == FOREIGN["suggestion_set_id"]


def test_article_has_the_number_of_its_post_as_the_import_of_an_export_gives_it(desk: Desk) -> None:
    desk.set(prefix="wp-")
    post = desk.post()
    desk.settled()
    assert desk.service.ask("GET", f"/v1/articles/wp-{post}")["title"] == TITLE


def test_published_post_is_sent_with_its_date_address_and_tags(desk: Desk) -> None:
    post = desk.post(post_status="publish", post_date="2024-06-06 10:00:00", tags_input=["Taliban", "Our own"])
    desk.settled()
    article = desk.article(post)
    assert article["published_at"].startswith("2024-06-06T10:00:00")
    assert article["url"].startswith(desk.site.address)
    assert article["tags"] == ["taliban"]  # what stands for no tag is none
    assert "taliban" not in desk.suggested(post)


@pytest.mark.parametrize(
    "fields",
    [
        {"post_type": "page"},
        {"post_password": "secret"},
        {"post_status": "auto-draft"},
        {"post_status": "trash"},
    ],
)
def test_what_is_not_meant_is_not_sent(desk: Desk, fields: dict[str, str]) -> None:
    desk.post(**fields)
    assert desk.waits() == 0


def test_post_that_gets_a_password_while_it_waits_is_not_sent(desk: Desk) -> None:
    desk.service.stop()
    post = desk.post()
    desk.save(post, post_password="secret")
    desk.service.start()
    desk.later(600)
    desk.settled()
    assert desk.answer(post) == {}
    rows = desk.service.ask("GET", "/v1/articles?limit=100")["articles"]
    assert f"{desk.prefix}{post}" not in [row["article_id"] for row in rows]


def test_post_of_twenty_thousand_words_is_sent_whole(desk: Desk) -> None:
    paragraph = BODY.replace(" capital", " capital, ünïcode and all")
    n_words = len(paragraph.split())
    body = "\n\n".join([paragraph] * (20_000 // n_words + 1))
    assert len(body.split()) >= 20_000
    post = desk.post(body=body)
    desk.settled()
    assert desk.article(post)["body"] == body
    assert "iskp" in desk.suggested(post)


@pytest.mark.parametrize(
    "title",
    [
        "<script>alert(1)</script> ISKP",
        "ISKP \"quoted\" & \\backslashed\\ 'name'",
        "\u202eكابول\u202c ISKP 🙂",
        "&lt;b&gt;ISKP&lt;/b&gt; &amp;amp;",
    ],
)
def test_hostile_title_arrives_as_it_reads(desk: Desk, title: str) -> None:
    post = desk.post(title=title)
    desk.settled()
    code = "return html_entity_decode( wp_strip_all_tags( get_post( $given['post'] )->post_title ), ENT_QUOTES | ENT_HTML5 );"
    assert desk.article(post)["title"] == desk.site.php(code, {"post": post})
    assert "ISKP" in desk.article(post)["title"]


def test_tag_under_another_slug_is_known_by_its_name_and_not_suggested(desk: Desk) -> None:
    post = desk.post()
    desk.give(post, "Islamic State Khorasan Province")
    desk.settled()
    assert "iskp" not in desk.suggested(post)
    assert "iskp" in desk.article(post)["tags"]
    assert desk.n_terms() == 1


# --- deleted posts --------------------------------------------------------------------------------------------------


def ids(desk: Desk) -> set[str]:
    """Which articles the service has."""
    return {row["article_id"] for row in desk.service.ask("GET", "/v1/articles?state=all&limit=100")["articles"]}


def delete(desk: Desk, post: int, *, for_good: bool = True) -> None:
    desk.site.php("wp_delete_post( $given['post'], $given['for_good'] );", {"post": post, "for_good": for_good})


def test_post_in_the_trash_keeps_its_article_and_one_deleted_for_good_has_none(desk: Desk) -> None:
    kept, gone = desk.post(), desk.post()
    desk.settled()
    assert {f"{desk.prefix}{kept}", f"{desk.prefix}{gone}"} <= ids(desk)
    for post in (kept, gone):
        delete(desk, post, for_good=False)
    assert desk.deletions() == 0
    delete(desk, gone)
    assert desk.deletions() == 1
    desk.until(lambda: desk.deletions() == 0)
    assert f"{desk.prefix}{gone}" not in ids(desk)
    assert f"{desk.prefix}{kept}" in ids(desk)


def test_posts_deleted_while_the_service_is_stopped_have_no_article_when_it_is_back(desk: Desk) -> None:
    sent = desk.post()
    desk.settled()
    desk.service.stop()
    never_sent = desk.post()
    delete(desk, sent)
    delete(desk, never_sent)
    desk.until(desk.pause)
    assert desk.deletions() == 2
    desk.service.start()
    desk.until(lambda: desk.deletions() == 0, 180)
    assert f"{desk.prefix}{sent}" not in ids(desk)


def test_deletions_do_not_end_at_what_is_no_article_tagger(desk: Desk) -> None:
    post = desk.post()
    desk.settled()
    with in_its_place(desk.service, answering("404 Not Found", "<html>Not here</html>")):
        delete(desk, post)
        desk.until(desk.pause)
        assert desk.deletions() == 1
    desk.service.start()
    desk.until(lambda: desk.deletions() == 0, 180)
    assert f"{desk.prefix}{post}" not in ids(desk)


def test_deleting_what_is_never_sent_asks_for_nothing(desk: Desk) -> None:
    for fields in ({"post_type": "page"}, {"post_status": "auto-draft"}):
        delete(desk, desk.post(**fields))
    assert desk.deletions() == 0


def test_revisions_are_deleted_without_a_word_and_with_their_post_it_is_one(desk: Desk) -> None:
    post = desk.post()
    for n in range(3):
        desk.save(post, post_title=f"{TITLE}, {n}")
    revisions = desk.site.php("return array_keys( wp_get_post_revisions( $given['post'] ) );", {"post": post})
    assert len(revisions) == 3
    delete(desk, revisions[0])
    assert desk.deletions() == 0
    delete(desk, post)
    assert desk.deletions() == 1


def test_media_that_are_chosen_have_no_article_when_they_are_deleted_for_good(desk: Desk) -> None:
    attach = "return wp_insert_attachment( array( 'post_title' => 'A picture', 'post_mime_type' => 'image/png' ) );"
    delete(desk, desk.site.php(attach))
    assert desk.deletions() == 0
    desk.set(post_types=["post", "attachment"])
    picture = desk.site.php(attach)
    article = f"{desk.prefix}{picture}"
    desk.service.ask("PUT", f"/v1/articles/{article}", {"title": TITLE, "body": BODY}, desk.service.cms_key)
    delete(desk, picture)
    desk.until(lambda: desk.deletions() == 0)
    assert article not in ids(desk)


# --- while the service is away --------------------------------------------------------------------------------------


def test_posts_saved_while_the_service_is_stopped_get_suggestions_when_it_is_back(desk: Desk) -> None:
    desk.service.stop()
    posts = [desk.post(title=f"{TITLE}, {n}") for n in range(3)]
    desk.until(desk.pause)
    assert desk.waits() == 3
    desk.service.start()
    desk.until(
        lambda: desk.waits() == 0, 180, move_clock=False
    )  # the pause of 15 seconds, and the sweep of each minute
    assert all("iskp" in desk.suggested(post) for post in posts)


AWAY = {
    "slow": answering("200 OK", FOREIGN, seconds=8),
    "broken": answering("500 Internal Server Error", PROBLEM),
    "a proxy's error": answering("502 Bad Gateway", "<h1>Bad gateway</h1>", "Content-Type: text/html"),
    "another program": answering("200 OK", "<h1>Welcome</h1>", "Content-Type: text/html"),
    "JSON of another program": answering("200 OK", {"hello": "world"}),
    "a redirect": answering("302 Found", "", "Location: http://127.0.0.1:9/"),
    "no key": answering("401 Unauthorized", {**PROBLEM, "status": 401}),
    "half an answer": answering("200 OK", '{"suggestion_set_id": "a-se'),
}


@pytest.mark.parametrize("what", AWAY)
def test_post_waits_while_there_is_something_else_than_the_service(desk: Desk, what: str) -> None:
    with in_its_place(desk.service, AWAY[what]):
        post = desk.post()
        tries = "SELECT COUNT(*) FROM wp_postmeta WHERE meta_key = '_article_tagger_attempts'"
        desk.until(lambda: desk.site.sql(tries) == [["1"]])
        assert desk.waits() == 1
        assert desk.answer(post) == {}
    desk.service.start()
    desk.later(600)
    desk.settled()
    assert "iskp" in desk.suggested(post)
    assert desk.pause() == {}


def test_service_that_asks_for_time_is_left_alone_so_long(desk: Desk) -> None:
    busy = answering("503 Service Unavailable", {**PROBLEM, "status": 503}, "Retry-After: 900")
    with in_its_place(desk.service, busy):
        desk.post()
        pause = desk.until(desk.pause)
        assert int(desk.site.php("return time();")) + 800 < pause["until"] <= int(desk.site.php("return time();")) + 900


def test_pauses_get_longer_while_the_service_stays_away_and_end_at_five_minutes(desk: Desk) -> None:
    desk.service.stop()
    desk.post()
    waits = []
    for n in range(1, 8):
        pause = desk.until(lambda n=n: (found := desk.pause()).get("failures") == n and found)
        waits.append(round((pause["until"] - int(desk.site.php("return time();"))) / 15))
        desk.later(7200)
    assert waits == [1, 2, 4, 8, 16, 20, 20]


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        ("413 Content Too Large", {"type": "/docs#too-large", "detail": "The body is over 2,097,152 bytes."}),
        ("409 Conflict", {"type": "/docs#other-owner", "detail": "The article 'wp-7' belongs to the key 'north'."}),
    ],
)
def test_post_that_is_refused_is_not_sent_again_until_it_is_saved(
    desk: Desk, status: str, refusal: dict[str, str]
) -> None:
    body = {**PROBLEM, "status": int(status[:3]), **refusal}
    with in_its_place(desk.service, answering(status, body)):
        post = desk.post()
        desk.settled()
        problem = "return get_post_meta( $given['post'], '_article_tagger_problem', true );"
        assert refusal["detail"] in desk.site.php(problem, {"post": post})
    desk.service.start()
    desk.later(7200)
    desk.view()
    assert desk.answer(post) == {}
    desk.save(post, post_content=BODY)
    desk.settled()
    assert "iskp" in desk.suggested(post)
    assert desk.site.php(problem, {"post": post}) == ""


def test_what_is_saved_while_a_sending_is_under_way_is_sent_too(desk: Desk) -> None:
    answers = itertools.chain([answering("200 OK", FOREIGN, seconds=4)], itertools.repeat(AWAY["a proxy's error"]))

    def one_after_the_other(connection: socket.socket) -> None:
        next(answers)(connection)

    with in_its_place(desk.service, one_after_the_other):
        post = desk.post()
        desk.view()  # the sending begins
        desk.save(post, post_title=f"{TITLE}, at last")
        desk.until(lambda: desk.answer(post).get("set") == "a-set")
        assert desk.waits() == 1
    desk.service.start()
    desk.later(600)
    desk.settled()
    assert desk.article(post)["title"] == f"{TITLE}, at last"


def test_one_post_that_the_service_breaks_on_does_not_hold_up_the_others(desk: Desk) -> None:
    desk.service.stop()
    posts = [desk.post(), desk.post(title=f"{TITLE}, again")]
    desk.until(desk.pause)
    with in_its_place(desk.service, answering("500 Internal Server Error", PROBLEM)):
        desk.later(600)
        tried = "SELECT post_id FROM wp_postmeta WHERE meta_key = '_article_tagger_attempts' ORDER BY post_id"
        desk.until(lambda: desk.site.sql(tried) == [[str(post)] for post in posts])


def test_article_that_was_deleted_at_the_service_is_sent_again_with_its_decision(desk: Desk) -> None:
    post = desk.post()
    desk.settled()
    desk.service.running.ask(
        "DELETE", f"/v1/articles/{desk.prefix}{post}", None, {"Authorization": f"Bearer {desk.service.admin_key}"}
    )
    code = """
        wp_set_current_user( get_user_by( 'login', 'ana' )->ID );
        $request = new WP_REST_Request( 'POST', "/article-tagger/v1/posts/{$given['post']}/decisions" );
        $request->set_body_params( array( 'action' => 'reject', 'tag' => 'iskp' ) );
        return rest_do_request( $request )->get_status();
    """
    assert desk.site.php(code, {"post": post}) == 200
    desk.settled()
    assert desk.log(post) == [("iskp", "reject", None, "cms/ana")]


# --- a database with several writers --------------------------------------------------------------------------------

# The database refuses the first $given['refused'] statements that write a mark, as when a sending of the same post ends.
MARK = """
    $post = $given['post'];
    $left = $given['refused'];
    add_filter( 'query', function ( $query ) use ( &$left, $given ) {
        $writes = preg_match( '/^(INSERT|UPDATE|DELETE)/', ltrim( $query ) ) && str_contains( $query, '_article_tagger_unsent' );
        return $writes && $left-- > 0 ? "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = $given[number], MESSAGE_TEXT = 'refused'" : $query;
    } );
    ( new Article_Tagger\\Outbox() )->mark( $post );
    return ( new Article_Tagger\\Outbox() )->token( $post );
"""


@pytest.mark.parametrize("is_marked", [True, False], ids=["marked", "not marked"])
@pytest.mark.parametrize("number", [1205, 1213], ids=["lock wait", "deadlock"])
def test_mark_is_kept_where_the_database_asks_to_write_again(desk: Desk, number: int, is_marked: bool) -> None:
    desk.service.stop()
    post = desk.post()
    desk.until(desk.pause)
    desk.site.sql("DELETE FROM wp_options WHERE option_name = 'article_tagger_pause'")
    where = f"post_id = {post} AND meta_key = '_article_tagger_unsent'"
    if not is_marked:
        desk.site.sql(f"DELETE FROM wp_postmeta WHERE {where}")
    before = desk.site.sql(f"SELECT meta_value FROM wp_postmeta WHERE {where}")
    token = desk.site.php(MARK, {"post": post, "refused": 3, "number": number})
    assert [[token]] == desk.site.sql(f"SELECT meta_value FROM wp_postmeta WHERE {where}") != before
    assert desk.site.complaints() == []


def test_what_is_written_is_not_written_again_where_a_hook_behind_it_fails(desk: Desk) -> None:
    desk.service.stop()
    post = desk.post()
    code = """
        add_action( 'added_post_meta', function () {
            global $wpdb;
            $wpdb->query( "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'refused'" );
        } );
        ( new Article_Tagger\\Outbox() )->decide( $given['post'], array( 'action' => 'accept', 'tag' => 'iskp' ), array( 'editor' => 'ana' ) );
        return count( ( new Article_Tagger\\Outbox() )->decisions( $given['post'] ) );
    """
    assert desk.site.php(code, {"post": post}) == 1
    assert [line for line in desk.site.complaints() if "refused" in line]


def test_writing_that_is_refused_again_and_again_is_logged(desk: Desk) -> None:
    desk.service.stop()
    post = desk.post()
    desk.site.php(MARK, {"post": post, "refused": 100, "number": 1213})
    assert len([line for line in desk.site.complaints() if "refused" in line]) == 1
