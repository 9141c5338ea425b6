"""The panel as people use it, and the two editors around it."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.wordpress.desk import Desk
from tests.wordpress.site import PASSWORD

MINUTE = 60_000


@dataclass(frozen=True)
class Panel:
    """The suggestions on a page, in whichever editor."""

    page: Page

    @property
    def root(self) -> Locator:
        return self.page.locator(".article-tagger")

    def card(self, tag: str) -> Locator:
        return self.root.locator(f"[data-tag='{tag}']")

    def tags(self) -> list[str]:
        return [str(one.get_attribute("data-tag")) for one in self.root.locator("[data-tag]").all()]

    def says(self, text: str) -> None:
        expect(self.root.locator(".article-tagger-message")).to_contain_text(text, timeout=MINUTE)

    def shows(self, tag: str) -> Locator:
        expect(self.card(tag)).to_be_visible(timeout=MINUTE)
        return self.card(tag)

    def lacks(self, tag: str) -> None:
        expect(self.card(tag)).to_have_count(0, timeout=MINUTE)

    def narrow(self, width: int, height: int) -> None:
        """Look at the page on a phone."""
        self.page.set_viewport_size({"width": width, "height": height})

    def accept(self, tag: str) -> None:
        self.shows(tag).get_by_role("button", name="Accept").click()
        self.lacks(tag)

    def keep(self, tag: str) -> None:
        self.shows(tag).get_by_role("button", name="Keep").click()
        self.lacks(tag)

    def reject(self, tag: str, reason: str = "No reason") -> None:
        self.shows(tag).get_by_role("button", name="Reject").click()
        self.card(tag).get_by_role("button", name=reason, exact=True).click()
        self.lacks(tag)

    def add(self, words: str, label: str) -> None:
        self.root.get_by_label("Add another tag").fill(words)
        self.root.get_by_role("button", name=f"Add {label}", exact=True).click()
        expect(self.root.get_by_label("Add another tag")).to_have_value("")


class BlockEditor(Panel):
    """The block editor of a post."""

    @staticmethod
    def path(post: int | None) -> str:
        return f"/wp-admin/post.php?post={post}&action=edit" if post else "/wp-admin/post-new.php"

    def ready(self) -> BlockEditor:
        self.page.wait_for_selector(".edit-post-layout")
        self.page.evaluate("wp.data.dispatch('core/edit-post').openGeneralSidebar('edit-post/document')")
        expect(self.root).to_be_visible()
        return self

    def narrow(self, width: int, height: int) -> None:
        """Look at the page on a phone, where the editor closes its settings by itself, and open them again."""
        super().narrow(width, height)
        self.page.wait_for_function("!wp.data.select('core/edit-post').isEditorSidebarOpened()")
        self.ready()

    def entitle(self, title: str) -> None:
        canvas = "iframe[name=editor-canvas]"  # newer versions write in a frame
        page = self.page.frame_locator(canvas) if self.page.locator(canvas).count() else self.page
        page.get_by_role("textbox", name="Add title").fill(title)

    def write(self, title: str, text: str) -> None:
        self.entitle(title)
        self.page.evaluate(
            "text => wp.data.dispatch('core/block-editor').insertBlocks(wp.blocks.createBlock('core/paragraph', {content: text}))",
            text,
        )
        self.ready()  # the block that is written in has its own settings

    def save(self) -> int:
        """Save the draft and return its number."""
        self.page.get_by_role("button", name="Save draft").click()
        expect(self.page.locator(".editor-post-saved-state.is-saved")).to_be_visible()
        return int(self.page.evaluate("wp.data.select('core/editor').getCurrentPostId()"))

    def is_dirty(self) -> bool:
        return bool(self.page.evaluate("wp.data.select('core/editor').isEditedPostDirty()"))

    def type_tag(self, name: str) -> None:
        """Set a tag by hand."""
        n_tags = "wp.data.select('core/editor').getEditedPostAttribute('tags').length"
        before = self.page.evaluate(n_tags)
        self.open("Tags").get_by_label("Add New Tag").fill(name)
        self.page.keyboard.press("Enter")
        self.page.wait_for_function(f"{n_tags} === {before + 1}")  # WordPress makes the term first

    def open(self, title: str) -> Locator:
        button = self.page.get_by_role("button", name=title, exact=True)
        if button.get_attribute("aria-expanded") == "false":
            button.click()
        return self.page.locator(".components-panel__body", has=button)

    def tokens(self) -> Locator:
        """The tags in the form."""
        return self.open("Tags").locator(".components-form-token-field__token-text > span[aria-hidden=true]")


class ClassicEditor(Panel):
    """The classic editor of a post."""

    path = BlockEditor.path

    def write(self, title: str, text: str) -> None:
        self.page.fill("#title", title)
        self.page.click("#content-html")
        self.page.fill("#content", text)

    def save(self) -> int:
        """Save the draft and return its number."""
        self.page.click("#save-post")
        expect(self.page.locator("#message")).to_be_visible()
        return int(self.page.input_value("#post_ID"))

    def type_tag(self, name: str) -> None:
        """Set a tag by hand."""
        self.page.fill("#new-tag-post_tag", name)
        self.page.click("#post_tag .tagadd")

    def tokens(self) -> Locator:
        """The tags in the form."""
        return self.page.locator("#post_tag .tagchecklist li")


def sign_in(context: BrowserContext, address: str, name: str) -> None:
    """Sign somebody in. WordPress's page moves the cursor while one types, so that it is not typed into."""
    form = {"log": name, "pwd": PASSWORD, "testcookie": "1"}
    context.request.get(f"{address}/wp-login.php")
    answer = context.request.post(f"{address}/wp-login.php", form=form)
    assert answer.url.startswith(f"{address}/wp-admin/"), answer.url


def use_classic(desk: Desk) -> None:
    """Have the site use the classic editor."""
    desk.site.php("update_option( 'tests_classic_editor', 1 );")
