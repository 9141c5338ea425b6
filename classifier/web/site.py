"""The map of the site: its sections, their pages, and where in it an address is."""

from typing import NamedTuple

from classifier.texts import N_


class Page(NamedTuple):
    """A page that the navigation leads to. Addresses below its own belong to it, too."""

    address: str
    name: str


class Section(NamedTuple):
    """An entry of the navigation. It leads to its first page, and its pages are listed while one of them is shown.

    With a role only those who have it see the entry.
    """

    name: str
    pages: tuple[Page, ...]
    role: str | None = None


SECTIONS = (
    Section(
        N_("Review"),
        (
            Page("/review", N_("Queue")),
            Page("/review/bulk", N_("One tag, many articles")),
            Page("/review/disagreements", N_("Disagreements")),
        ),
    ),
    Section(
        N_("Tags"),
        (
            Page("/tags", N_("All tags")),
            Page("/tags/proposals", N_("Missed tags")),
            Page("/tags/rising", N_("Rising names")),
            Page("/tags/changes", N_("Changes")),
            Page("/tags/import", N_("Import and export")),
            Page("/tags/basket", N_("Basket")),
        ),
    ),
    Section(
        N_("Models"),
        (
            Page("/models", N_("What serves")),
            Page("/models/compare", N_("Compare")),
            Page("/models/thresholds", N_("Thresholds")),
        ),
    ),
    Section(
        N_("Reports"),
        (
            Page("/report", N_("Desk")),
            Page("/data", N_("Data")),
            Page("/advice", N_("Advice")),
            Page("/runs", N_("Training")),
            Page("/drift", N_("Changes over time")),
        ),
    ),
    Section(N_("Try it"), (Page("/", N_("Try an article")),)),
    Section(
        N_("Administration"),
        (
            Page("/archive", N_("Bring your archive")),
            Page("/admin/people", N_("People and programs")),
            Page("/admin/health", N_("Health")),
            Page("/webhooks", N_("Messages to other programs")),
        ),
        "admin",
    ),
    Section(N_("Help"), (Page("/help", N_("For editors")), Page("/docs", N_("API")))),
)


def sections_for(role: str | None) -> tuple[Section, ...]:
    """Return the sections that somebody with a role sees, None for nobody who is signed in."""
    return tuple(section for section in SECTIONS if section.role in (None, role))


def section_at(path: str) -> tuple[Section | None, Page | None]:
    """Return the section and the page that an address belongs to: the page with the longest address that it begins with."""
    pages = [(page, section) for section in SECTIONS for page in section.pages if _is_below(path, page.address)]
    page, section = max(pages, key=lambda found: len(found[0].address), default=(None, None))
    return section, page


def _is_below(path: str, address: str) -> bool:
    return path == address or (address != "/" and path.startswith(f"{address}/"))
