"""The map of the site: its sections, their pages, and where in it an address is."""

from typing import NamedTuple


class Page(NamedTuple):
    """A page that the navigation leads to. Addresses below its own belong to it, too."""

    address: str
    name: str


class Section(NamedTuple):
    """An entry of the navigation. It leads to its first page, and its pages are listed while one of them is shown."""

    name: str
    pages: tuple[Page, ...]


SECTIONS = (
    Section(
        "Review",
        (
            Page("/review", "Queue"),
            Page("/review/bulk", "One tag, many articles"),
            Page("/review/disagreements", "Disagreements"),
        ),
    ),
    Section(
        "Tags",
        (
            Page("/tags", "All tags"),
            Page("/tags/proposals", "Missed tags"),
            Page("/tags/rising", "Rising names"),
            Page("/tags/changes", "Changes"),
            Page("/tags/import", "Import and export"),
            Page("/tags/basket", "Basket"),
        ),
    ),
    Section(
        "Reports",
        (
            Page("/report", "Desk"),
            Page("/data", "Data"),
            Page("/runs", "Training"),
            Page("/drift", "Changes over time"),
        ),
    ),
    Section("Try it", (Page("/", "Try an article"),)),
    Section("Help", (Page("/help", "For editors"), Page("/docs", "API"))),
)


def section_at(path: str) -> tuple[Section | None, Page | None]:
    """Return the section and the page that an address belongs to: the page with the longest address that it begins with."""
    pages = [(page, section) for section in SECTIONS for page in section.pages if _is_below(path, page.address)]
    page, section = max(pages, key=lambda found: len(found[0].address), default=(None, None))
    return section, page


def _is_below(path: str, address: str) -> bool:
    return path == address or (address != "/" and path.startswith(f"{address}/"))
