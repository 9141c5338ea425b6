"""What an administrator does: settings, the health line, the bulk action, and taking the plugin away again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.wordpress.desk import Desk, Service, answering, in_its_place
from tests.wordpress.editors import BlockEditor
from tests.wordpress.test_tags import decide

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]
SETTINGS = "/wp-admin/options-general.php?page=article-tagger"


def health(page: Page) -> str:
    return page.locator("#article-tagger-health").inner_text()


def store(page: Page) -> None:
    with page.expect_navigation(url="**settings-updated=true"):
        page.get_by_role("button", name="Save Changes").click()


# --- settings -------------------------------------------------------------------------------------------------------


def test_fresh_plugin_is_connected_by_address_and_key_alone(desk: Desk, sit: Sit) -> None:
    desk.site.php("delete_option( 'article_tagger' );")
    page = sit("admin", SETTINGS)
    assert "Not connected: there is no address yet." in health(page)
    page.get_by_label("Address of the service").fill(desk.service.address + "/")
    page.get_by_label("Key", exact=True).fill(desk.service.cms_key)
    store(page)
    assert "Connected. The model is " in health(page)
    stored = desk.site.php("return get_option( 'article_tagger' );")
    assert stored == {
        "address": desk.service.address,
        "key": desk.service.cms_key,
        "post_types": ["post"],
        "taxonomies": ["category", "post_tag"],
        "tag_taxonomy": "post_tag",
        "category_taxonomy": "category",
        "shown": 10,
        "auto": False,
        "prefix": "wp-",
        "kinds": [],
        "completes": False,
        "follow": True,
        "slugs": False,
        "archive": True,
        "drafts": False,
    }


def test_plugin_is_connected_without_a_key_while_none_exists(desk: Desk, sit: Sit, tmp_path: Path) -> None:
    service = Service(desk.service.models, f"sqlite:///{tmp_path / 'open.db'}", "", "")
    service.start()
    try:
        desk.set(address=service.address, key="")
        assert "Connected. The model is " in health(sit("admin", SETTINGS))
    finally:
        service.stop()


def test_settings_are_kept_and_shown_again(desk: Desk, sit: Sit) -> None:
    page = sit("admin", SETTINGS)
    page.get_by_role("checkbox", name="Pages").check()
    page.get_by_label("Suggestions shown at most").fill("3")
    page.get_by_label("Add tags of which the service is sure").check()
    store(page)
    expect(page.get_by_role("checkbox", name="Pages")).to_be_checked()
    expect(page.get_by_label("Suggestions shown at most")).to_have_value("3")
    expect(page.get_by_label("Add tags of which the service is sure")).to_be_checked()
    post = desk.post(post_type="page")
    desk.settled()
    assert len(desk.suggested(post)) > 3


def test_key_is_kept_by_an_empty_field_and_forgotten_on_demand(desk: Desk, sit: Sit) -> None:
    page = sit("admin", SETTINGS)
    store(page)
    assert desk.site.php("return get_option( 'article_tagger' )['key'];") == desk.service.cms_key
    page.get_by_label("Forget the key").check()
    store(page)
    assert desk.site.php("return get_option( 'article_tagger' )['key'];") == ""
    assert "Not connected:" in health(page)


@pytest.mark.parametrize(
    "address", ["http://", "http://127.0.0.1:8000/?a=b", "ftp://desk.example", "http://me:secret@desk.example"]
)
def test_what_is_no_address_is_said_and_the_old_one_stays(desk: Desk, sit: Sit, address: str) -> None:
    page = sit("admin", SETTINGS)
    page.get_by_label("Address of the service").evaluate(
        "(field, text) => { field.type = 'text'; field.value = text; }", address
    )
    store(page)
    expect(page.locator("#setting-error-address")).to_contain_text("The address is none")
    assert desk.site.php("return get_option( 'article_tagger' )['address'];") == desk.service.address


def test_editors_may_not_see_or_change_settings(desk: Desk, sit: Sit) -> None:
    page = sit("ana", SETTINGS, refusals=True)
    expect(page.locator("body")).to_contain_text("not allowed to access this page")
    before = desk.site.php("return get_option( 'article_tagger' );")
    form = {"option_page": "article_tagger", "action": "update", "article_tagger[address]": "http://evil.example"}
    assert page.request.post(f"{desk.site.address}/wp-admin/options.php", form=form).status == 403
    assert desk.site.php("return get_option( 'article_tagger' );") == before


def test_settings_without_their_nonce_are_refused(desk: Desk, sit: Sit) -> None:
    page = sit("admin", SETTINGS)
    form = {"option_page": "article_tagger", "action": "update", "article_tagger[address]": "http://evil.example"}
    assert page.request.post(f"{desk.site.address}/wp-admin/options.php", form=form).status == 403
    assert desk.site.php("return get_option( 'article_tagger' )['address'];") == desk.service.address


# --- the health line ------------------------------------------------------------------------------------------------


def test_health_says_what_waits_while_the_service_is_stopped(desk: Desk, sit: Sit) -> None:
    desk.service.stop()
    desk.post()
    desk.until(desk.pause)
    page = sit("admin", SETTINGS)
    assert "Not connected:" in health(page)
    assert "Waiting to be sent: posts: 1, decisions: 0, deletions: 0. Next try in" in health(page)


def test_health_says_when_the_key_is_refused(desk: Desk, sit: Sit) -> None:
    desk.set(key="tagger_wrong_key")
    assert "Send `Authorization: Bearer KEY`" in health(sit("admin", SETTINGS))


def test_health_says_when_something_else_answers(desk: Desk, sit: Sit) -> None:
    with in_its_place(desk.service, answering("200 OK", "<h1>Welcome</h1>", "Content-Type: text/html")):
        assert "status 200 and is not one of the article tagger" in health(sit("admin", SETTINGS))


def test_health_says_when_scheduled_events_do_not_run(desk: Desk, sit: Sit) -> None:
    desk.stop_scheduler()
    desk.later(3600)
    desk.stop_scheduler()
    assert "Scheduled events do not run" in health(sit("admin", SETTINGS))


def test_health_warns_of_an_address_in_the_clear(desk: Desk, sit: Sit) -> None:
    desk.set(address="http://tagger.desk.example")
    page = sit("admin", SETTINGS)
    assert "does not begin with https" in health(page)
    assert "WP_ACCESSIBLE_HOSTS" in health(page)


# --- what is said where people are ---------------------------------------------------------------------------------

LONG_AGO = "$pause = get_option( 'article_tagger_pause' ); update_option( 'article_tagger_pause', array_merge( $pause, array( 'since' => time() - 7300 ) ) );"
SITE_HEALTH = """
    require_once ABSPATH . 'wp-admin/includes/class-wp-site-health.php';
    $tests = WP_Site_Health::get_tests();
    return call_user_func( $tests['direct']['article_tagger']['test'] );
"""


def test_administrators_are_told_on_the_dashboard_after_an_hour(desk: Desk, sit: Sit) -> None:
    assert desk.site.php(SITE_HEALTH)["status"] == "good"
    desk.service.stop()
    desk.post()
    desk.until(desk.pause)
    notices = sit("admin", "/wp-admin/").locator(".article-tagger-notice")
    expect(notices).to_have_count(0)
    desk.site.php(LONG_AGO)
    expect(sit("admin", "/wp-admin/").locator(".article-tagger-notice")).to_contain_text(
        "has not been reached for 2 hours"
    )
    expect(sit("ana", "/wp-admin/").locator(".article-tagger-notice")).to_have_count(0)
    assert desk.site.php(SITE_HEALTH)["status"] == "critical"


def test_key_that_is_not_accepted_is_said_in_the_panel_and_on_the_dashboard(desk: Desk, sit: Sit) -> None:
    desk.set(key="tagger_wrong")
    post = desk.post()
    desk.until(desk.pause)
    expect(sit("admin", "/wp-admin/").locator(".article-tagger-notice")).to_contain_text("does not accept the key")
    page = sit("ana", f"/wp-admin/post.php?post={post}&action=edit")
    BlockEditor(page).ready().says("does not accept the key")


def test_key_of_another_role_is_said_and_holds_up_only_what_it_may_not_do(desk: Desk, sit: Sit) -> None:
    desk.set(key=desk.service.editor_key)
    post, other = desk.post(), desk.post()
    desk.until(lambda: desk.suggested(post) and desk.suggested(other))
    decide(desk, post, "accept", "iskp")
    refused = "return (bool) get_option( 'article_tagger_refused' );"
    desk.until(lambda: desk.site.php(refused))
    assert desk.pause() == {}
    expect(sit("admin", "/wp-admin/").locator(".article-tagger-notice")).to_contain_text("needs the role cms")
    assert "The key has the role editor" in health(sit("admin", SETTINGS))
    desk.set(key=desk.service.cms_key)
    desk.later(7200)
    desk.settled()
    assert desk.log(post) == [("iskp", "accept", None, "cms/ana")]
    assert desk.site.php(refused) is False


# --- the bulk action ------------------------------------------------------------------------------------------------


def test_bulk_action_has_suggestions_made_for_the_selected_posts_only(desk: Desk, sit: Sit) -> None:
    desk.set(address="")
    posts = [desk.post(title=f"ISKP strikes, {n}") for n in range(3)]
    desk.site.php(
        "global $wpdb; $wpdb->query( \"DELETE FROM $wpdb->postmeta WHERE meta_key LIKE '\\_article\\_tagger%'\" );"
    )
    desk.set(address=desk.service.address)
    page = sit("ana", "/wp-admin/edit.php")
    for post in posts[:2]:
        page.check(f"#cb-select-{post}")
    page.select_option("#bulk-action-selector-top", label="Suggest tags")
    page.click("#doaction")
    expect(page.locator(".notice-success")).to_contain_text("Suggestions are on their way for 2 posts")
    desk.settled()
    assert [bool(desk.suggested(post)) for post in posts] == [True, True, False]


def test_bulk_action_leaves_out_posts_that_one_may_not_edit(desk: Desk, sit: Sit) -> None:
    post = desk.post(post_author=desk.site.php("return get_user_by( 'login', 'ana' )->ID;"), post_status="publish")
    desk.settled()
    page = sit("max", "/wp-admin/edit.php")
    nonce = page.input_value("#_wpnonce")
    url = f"{desk.site.address}/wp-admin/edit.php?post_type=post&action=article_tagger_suggest&post[]={post}&_wpnonce="
    page.goto(url + nonce)
    expect(page.locator(".notice-success")).to_contain_text("for 0 posts")
    assert page.request.get(url + "wrong").status == 403
    assert desk.waits() == 0


def test_export_of_the_site_has_the_tags_and_nothing_of_the_plugin(desk: Desk) -> None:
    post = desk.post()
    desk.settled()
    decide(desk, post, "accept", "iskp")
    code = "require_once ABSPATH . 'wp-admin/includes/export.php'; ob_start(); export_wp( array( 'content' => 'all' ) ); return ob_get_clean();"
    export = desk.site.php(code)
    assert 'nicename="iskp"' in export
    assert "article_tagger" not in export


# --- taking it away -------------------------------------------------------------------------------------------------


def test_uninstalled_plugin_leaves_its_tags_and_nothing_else(desk: Desk) -> None:
    desk.set(auto=True)
    desk.site.php("wp_insert_term( 'Afghanistan', 'post_tag' );")
    post = desk.post()
    desk.give(post, "By hand")
    desk.settled()
    decide(desk, post, "accept", "iskp")
    decide(desk, post, "reject", "taliban")
    desk.settled()
    decide(desk, post, "add", "ttp")
    desk.settled()
    desk.service.stop()
    decide(desk, post, "reject", "attack")
    desk.until(desk.pause)
    desk.site.php("wp_delete_post( $given['post'], true );", {"post": desk.post()})
    tags = {"By hand", "Afghanistan", "Islamic State Khorasan Province", "Tehrik-i-Taliban Pakistan"}
    assert desk.terms(post) == tags
    assert traces(desk) > 5
    plugin = "article-tagger/article-tagger.php"
    desk.site.php("deactivate_plugins( $given['plugin'] );", {"plugin": plugin})
    assert desk.site.sql(
        "SELECT option_value LIKE '%article\\_tagger%' FROM wp_options WHERE option_name = 'cron'"
    ) == [["0"]]
    desk.site.php("uninstall_plugin( $given['plugin'] );", {"plugin": plugin})
    assert traces(desk) == 0
    assert desk.terms(post) == tags


def traces(desk: Desk) -> int:
    """How many rows of the database name the plugin, its list of active plugins and the people's settings aside."""
    like = "LIKE '%article\\_tagger%'"
    counted = [
        f"SELECT COUNT(*) FROM wp_options WHERE option_name {like} OR option_name = 'cron' AND option_value {like}",
        f"SELECT COUNT(*) FROM wp_postmeta WHERE meta_key {like}",
        f"SELECT COUNT(*) FROM wp_termmeta WHERE meta_key {like}",
        f"SELECT COUNT(*) FROM wp_usermeta WHERE meta_key {like}",
    ]
    return sum(int(desk.site.sql(statement)[0][0]) for statement in counted)
