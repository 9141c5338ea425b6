"""A copy of a site, for trying things out: it sends nothing to the service of the site beside it before an administrator says so."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page

from tests.wordpress.desk import TEXT, TITLE, Desk, in_its_place
from tests.wordpress.editors import BlockEditor, ClassicEditor, use_classic
from tests.wordpress.test_administration import SETTINGS, health, store
from tests.wordpress.test_saving import delete, ids
from tests.wordpress.test_tags import decide

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]


def move(desk: Desk, home: str) -> None:
    """Give the site another address, and replace the old one in the database as those who copy sites do."""
    old, new = (address.partition("://")[2] for address in (desk.site.address, home))
    desk.site.sql(f"UPDATE wp_options SET option_value = REPLACE(option_value, '{old}', '{new}')")
    desk.site.php("update_option( 'tests_home', $given['home'] );", {"home": home})


def sweep(desk: Desk) -> None:
    """Send all that is due, here and now."""
    desk.site.php("do_action( 'article_tagger_sweep' );")


def remembered(desk: Desk) -> str:
    """Which site the plugin remembers."""
    return bytes.fromhex(desk.site.php("return (string) get_option( 'article_tagger_site' );")).decode()


@contextmanager
def listening(desk: Desk) -> Iterator[list[str]]:
    """Listen in the service's place, and say what was asked for."""
    asked: list[str] = []

    def answer(connection: socket.socket) -> None:
        asked.append(connection.recv(65536).partition(b"\r\n")[0].decode())

    with in_its_place(desk.service, answer):
        yield asked
    desk.service.start()


@pytest.fixture
def sent(desk: Desk) -> int:
    """A post that the site has sent before it was copied."""
    post = desk.post()
    desk.settled()
    return post


@pytest.fixture
def copy(desk: Desk, sent: int) -> Desk:
    """The desk's site after its copying into a folder of the same host."""
    move(desk, f"{desk.site.address}/staging")
    return desk


# --- which site it is -----------------------------------------------------------------------------------------------


def test_fresh_installation_remembers_its_address_with_its_first_sending(desk: Desk) -> None:
    assert remembered(desk) == ""
    desk.post()
    desk.settled()
    assert remembered(desk) == desk.site.address.removeprefix("http://")


def test_saving_the_settings_page_remembers_the_address(desk: Desk, sit: Sit) -> None:
    store(sit("admin", SETTINGS))
    assert remembered(desk) == desk.site.address.removeprefix("http://")


def test_site_that_moves_to_https_is_no_copy(desk: Desk, sent: int) -> None:
    move(desk, desk.site.address.replace("http://", "https://"))
    desk.save(sent, post_title=f"{TITLE}, again")
    sweep(desk)
    assert desk.waits() == 0
    assert desk.article(sent)["title"] == f"{TITLE}, again"


def test_plugin_for_several_languages_makes_no_copy_of_a_site(desk: Desk, sent: int) -> None:
    desk.save(sent, post_title=f"{TITLE}, again")
    desk.site.php(
        "add_filter( 'home_url', fn( $url ) => \"$url/fr\" ); do_action( 'article_tagger_sweep' ); return home_url();"
    )
    assert desk.article(sent)["title"] == f"{TITLE}, again"


# --- what a copy does not do ----------------------------------------------------------------------------------------


def test_copy_sends_no_posts_and_no_decisions_and_deletes_nothing(copy: Desk, sent: int) -> None:
    gone = copy.post(title="Only on the copy")
    with listening(copy) as asked:
        copy.save(sent, post_title="Tried out")
        assert decide(copy, sent, "accept", "iskp")[0] == 200
        delete(copy, gone)
        sweep(copy)
    assert asked == []
    assert (copy.waits(), copy.deletions(), copy.pause()) == (2, 0, {})
    assert copy.article(sent)["title"] == TITLE


def test_article_outlives_its_post_that_is_deleted_on_a_copy_also_when_the_copy_may_send(
    copy: Desk, sent: int, sit: Sit
) -> None:
    delete(copy, sent)
    store(sit("admin", SETTINGS))
    sweep(copy)
    assert f"{copy.prefix}{sent}" in ids(copy)


def test_nothing_is_asked_for_a_person_at_a_copy(copy: Desk, sit: Sit) -> None:
    search = """
        delete_transient( 'article_tagger_tags' );
        wp_set_current_user( get_user_by( 'login', 'ana' )->ID );
        $request = new WP_REST_Request( 'GET', '/article-tagger/v1/tags' );
        $request->set_query_params( array( 'words' => 'taliban' ) );
        return rest_do_request( $request )->get_data();
    """
    with listening(copy) as asked:
        assert copy.site.php(search) == {"tags": []}
        sit("admin", SETTINGS)
    assert asked == []


# --- what people see, and what they do about it ---------------------------------------------------------------------


def test_health_says_what_the_site_is_a_copy_of_and_saving_the_settings_sends_what_waits(
    copy: Desk, sent: int, sit: Sit
) -> None:
    copy.save(sent, post_title="Tried out")
    decide(copy, sent, "accept", "iskp")
    page = sit("admin", SETTINGS)
    original = copy.site.address.removeprefix("http://")
    assert f"This site was copied from {original}. Nothing is sent. Save these settings if" in health(page)
    store(page)
    assert "Connected. The model is " in health(page)
    copy.settled()
    assert copy.article(sent)["title"] == "Tried out"
    assert copy.log(sent) == [("iskp", "accept", None, "cms/ana")]


def test_settings_that_a_program_writes_do_not_let_a_copy_send(copy: Desk, sent: int) -> None:
    copy.set(shown=5)
    copy.save(sent, post_title="Tried out")
    sweep(copy)
    assert copy.article(sent)["title"] == TITLE


def test_block_editor_of_a_copy_says_that_nothing_is_sent(copy: Desk, sit: Sit) -> None:
    editor = BlockEditor(sit("ana", BlockEditor.path(copy.post()))).ready()
    editor.says("This site was copied from another one, and nothing is sent")


def test_classic_editor_of_a_copy_says_that_nothing_is_sent(copy: Desk, sit: Sit) -> None:
    use_classic(copy)
    editor = ClassicEditor(sit("ana", ClassicEditor.path(None)))
    editor.write(TITLE, TEXT)
    editor.save()
    editor.says("This site was copied from another one, and nothing is sent")
