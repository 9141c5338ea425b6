"""The page on which an administrator says which term stands for which tag."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.wordpress.desk import BODY, TITLE, Desk
from tests.wordpress.test_terms import meta, tags, terms

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]
PAGE = "/wp-admin/options-general.php?page=article-tagger-terms"


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name, exact=True))


def press(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def test_an_administrator_says_what_terms_stand_for_and_posts_follow(desk: Desk, sit: Sit) -> None:
    desk.give(post := desk.post(post_status="publish"), "ISIS-K", "Talibans group", "Weather & <b>storms</b>")
    desk.settled()
    page = sit("admin", PAGE)  # terms without a tag come first
    expect(page.locator("tbody tr")).to_have_count(3)  # and the category of posts without one
    press(page, "Taliban: Talibans group")
    expect(page.get_by_role("status")).to_contain_text("Saved: Talibans group")
    assert (meta(desk, "Talibans group"), terms(desk)["Talibans group"]["editor"]) == ("taliban", "cms/admin")
    desk.until(lambda: tags(desk, post) == {"iskp", "taliban"})

    page.get_by_role("link", name="With a tag").click()
    expect(row(page, "ISIS-K")).to_contain_text("Islamic State Khorasan Province")
    expect(row(page, "Talibans group").get_by_role("cell").nth(1)).to_have_text("1")
    page.get_by_label("The tag for ISIS-K").fill("no such tag")
    press(page, "Set: ISIS-K")
    expect(page.get_by_role("status")).to_contain_text("no tag “no such tag”")
    page.get_by_label("The tag for ISIS-K").fill("ttp")
    press(page, "Set: ISIS-K")
    expect(row(page, "ISIS-K")).to_contain_text("Tehrik")
    desk.until(lambda: tags(desk, post) == {"ttp", "taliban"})
    press(page, "Ignore: ISIS-K")
    desk.until(lambda: tags(desk, post) == {"taliban"})
    assert desk.log(post) == []  # nobody took anything off

    page.get_by_role("link", name="Ignored").click()
    press(page, "Match by name again: ISIS-K")
    expect(page.locator("tbody")).to_contain_text("There are none.")
    desk.until(lambda: tags(desk, post) == {"iskp", "taliban"})

    page.get_by_role("link", name="All", exact=True).last.click()
    page.get_by_label("Search terms").fill("storms")
    with page.expect_navigation():
        page.get_by_role("button", name="Search terms").click()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_nobody_else_may_say_so(desk: Desk, sit: Sit) -> None:
    desk.give(desk.post(), "ISIS-K")
    desk.settled()
    page = sit("ana", PAGE, refusals=True)
    expect(page.locator("body")).to_contain_text("not allowed to access this page")
    term = terms(desk)["ISIS-K"]["id"].removeprefix(f"{desk.prefix}t")
    form = {"action": "article_tagger_map", "term": term, "do": "ignore"}
    for who in ("ana", "admin"):  # one has no right, the other no nonce
        page = sit(who, "/wp-admin/", refusals=True)
        assert page.request.post(f"{desk.site.address}/wp-admin/admin-post.php", form=form).status == 403
    assert terms(desk)["ISIS-K"]["by"] == "alias"


def test_the_page_says_when_the_service_is_away(desk: Desk, sit: Sit) -> None:
    desk.service.stop()
    expect(sit("admin", PAGE).locator(".notice-error").first).to_be_visible()


def test_editors_saves_come_before_what_is_sent_in_bulk(desk: Desk) -> None:
    many = [desk.post(f"{TITLE} {n}", BODY) for n in range(4)]
    desk.settled()
    order = """
        require_once ABSPATH . 'wp-admin/includes/admin.php';
        wp_set_current_user( get_user_by( 'login', 'admin' )->ID );
        do_action( 'admin_init' );
        apply_filters( 'handle_bulk_actions-edit-post', 'edit.php', 'article_tagger_suggest', $given['many'] );
        wp_update_post( array( 'ID' => $given['many'][3], 'post_title' => 'Another' ) );
        return ( new Article_Tagger\\Outbox() )->next_due();
    """
    assert desk.site.php(order, {"many": many}) == many[3]
