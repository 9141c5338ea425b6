"""Which parts of a web page are not its article: menus, sidebars, forms, what stands around the story.

Elements and their roles say it. A guess that would leave next to nothing of a page is not taken.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple, TypeVar

from classifier.text.source_map import Removed

ARTICLE, MAIN, QUOTE, LINES = "article", "main", "quote", "lines"
NAVIGATION, HEADER, FOOTER, SIDEBAR = "navigation", "page header", "page footer", "sidebar"
OUTSIDE = "outside the article"
_OF_ELEMENT = {
    "article": ARTICLE,
    "main": MAIN,
    "nav": NAVIGATION,
    "menu": NAVIGATION,
    "header": HEADER,
    "footer": FOOTER,
    "aside": SIDEBAR,
    "form": "form",
    "search": "form",
    "dialog": "dialog",
    **dict.fromkeys(("blockquote", "figure", "q"), QUOTE),
}
_OF_ROLE = {
    "article": ARTICLE,
    "main": MAIN,
    "banner": HEADER,
    "contentinfo": FOOTER,
    "complementary": SIDEBAR,
    "form": "form",
    "search": "form",
    **dict.fromkeys(("navigation", "menu", "menubar"), NAVIGATION),
    **dict.fromkeys(("dialog", "alertdialog"), "dialog"),
    **dict.fromkeys(("doc-pullquote", "figure"), QUOTE),
}
LEAST_STORY = 200  # characters outside links: what has fewer, and less than a quarter of the page, is no article
MANY_LINKS = 3
MOSTLY_LINKS = 3  # characters in links for each one outside them


class Amounts(NamedTuple):
    """How much of a page was read, or stands in an element: characters, and links."""

    length: int = 0
    prose: int = 0  # characters outside links, without blanks around them
    linked: int = 0
    quoted: int = 0  # of the prose, in quotations and figures
    n_links: int = 0


class Element(NamedTuple):
    """An element that matters for what is the article: its kind, its place in the text, and what stands in it."""

    kind: str
    start: int
    end: int
    amounts: Amounts
    is_closed: bool  # by an end tag
    is_inner: bool  # within another one of its kind


_Part = TypeVar("_Part", Element, Removed)


def kind_of(name: str, attributes: dict[str, str]) -> str:
    """Return what an element is to the page, by its first known role, else by its name, or an empty string."""
    for role in attributes.get("role", "").lower().split():
        if role in _OF_ROLE:
            return _OF_ROLE[role]
    kind = _OF_ELEMENT.get(name, "")
    return QUOTE if kind == SIDEBAR and "quote" in attributes.get("class", "").lower() else kind


def removed_parts(elements: Iterable[Element], page: Amounts) -> list[Removed]:
    """Return the parts of a page that are not its article, in order, unless next to nothing else would be left."""
    ordered = sorted((e for e in elements if e.start < e.end), key=lambda e: (e.start, -e.end))
    stories = [element for element in ordered if element.kind in (ARTICLE, MAIN)]
    boilerplate = outermost(_boilerplate_in(ordered, stories, page))
    n_left = page.prose - sum(element.amounts.prose for element in boilerplate)
    n_text = n_left + page.linked - sum(element.amounts.linked for element in boilerplate)
    if not n_text or n_left < min(LEAST_STORY, page.prose / 4):
        return []
    removed = [Removed(element.start, element.end, element.kind) for element in boilerplate]
    story = _story(stories, boilerplate, n_left)
    return removed if story is None else sorted([*removed, *_around(story, removed, page.length)])


def _boilerplate_in(ordered: Iterable[Element], stories: Sequence[Element], page: Amounts) -> Iterator[Element]:
    largest = max(stories, key=lambda element: element.amounts.prose, default=None)
    for element in ordered:
        if element.kind == LINES:  # which are a menu if they are links and next to nothing else
            (_, prose, linked, _, n_links) = element.amounts
            if n_links >= MANY_LINKS and linked >= MOSTLY_LINKS * prose and prose <= page.prose / 10:
                yield element._replace(kind=NAVIGATION)
        elif element.kind not in (ARTICLE, MAIN) and not _is_text(element, largest, page):
            yield element


def _is_text(element: Element, largest: Element | None, page: Amounts) -> bool:
    """Whether boilerplate by its name holds the article: a form around a page, a menu without end, a quotation aside."""
    n_prose = element.amounts.prose
    if element.kind == SIDEBAR and element.amounts.quoted > n_prose / 2:
        return True
    if not element.is_closed:
        return n_prose > page.prose / 10
    has_story_elsewhere = largest and not _holds(element, largest) and largest.amounts.prose >= LEAST_STORY
    return n_prose > page.prose / 2 and not has_story_elsewhere


def _holds(outer: Element, inner: Element) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def outermost(parts: Iterable[_Part]) -> list[_Part]:
    """Return the parts of a text that stand in no other, in order."""
    outer: list[_Part] = []
    for part in sorted(parts, key=lambda part: (part.start, -part.end)):
        if not outer or part.start >= outer[-1].end:
            outer.append(part)
    return outer


def _story(stories: Sequence[Element], boilerplate: Sequence[Element], n_left: int) -> Element | None:
    starts = [element.start for element in boilerplate]
    before = [0, *accumulate(element.amounts.prose for element in boilerplate)]

    def n_kept(story: Element) -> int:
        first, last = bisect_left(starts, story.start), bisect_left(starts, story.end)
        if any(_holds(element, story) for element in boilerplate[max(0, first - 1) : first + 1]):
            return 0
        return story.amounts.prose - (before[last] - before[first])

    for kind in (ARTICLE, MAIN):
        large = [story for story in stories if story.kind == kind and not story.is_inner and n_kept(story) > n_left / 2]
        if len(large) == 1:
            return large[0]
    return None


def _around(story: Element, removed: Sequence[Removed], length: int) -> Iterator[Removed]:
    edges = [0, *(edge for part in removed for edge in part[:2]), length]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        for part in (Removed(start, min(end, story.start), OUTSIDE), Removed(max(start, story.end), end, OUTSIDE)):
            if part.start < part.end:
                yield part
