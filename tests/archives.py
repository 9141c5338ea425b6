"""Archives as a desk brings them: the starter articles as a WordPress export, with the desk's own spellings of its tags."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from classifier.domain.articles import Article
from tests.test_wxr import FOOT, HEAD, item

SPELLINGS = {  # of the starter tags, as a desk with a past writes them: the first for two of three articles
    "islamic-state": ("ISIS", "Islamic State (ISIS)"),
    "al-shabaab": ("Shabaab", "al-Shabab"),
    "boko-haram": ("Boko Haram", "boko-haram"),
    "attack": ("Attacks", "attack"),
    "leadership": ("Leaders & commanders", "Leaders & commanders"),
    "trial": ("In court", "In Court"),
}
EVERYWHERE = "News"  # on every article


def export_of(articles: Iterable[Article], spellings: dict[str, tuple[str, str]] | None = None) -> bytes:
    """Return articles as a WordPress export, their tags in the spellings of a desk."""
    names = SPELLINGS if spellings is None else spellings
    items = (_item(number, article, names) for number, article in enumerate(articles, start=1))
    return (HEAD + "".join(items) + FOOT).encode()


def _item(number: int, article: Article, names: dict[str, tuple[str, str]]) -> str:
    tags = [names.get(tag, (tag, tag))[number % 3 == 0] for tag in article.tags or ()]
    terms = "".join(f'<category domain="post_tag" nicename="t"><![CDATA[{escape(tag)}]]></category>' for tag in tags)
    terms += f'<category domain="category" nicename="news"><![CDATA[{EVERYWHERE}]]></category>'
    day = (article.published_at or "2024-06-06")[:10]
    fields = {"title": f"<![CDATA[{article.title}]]>", "body": article.body, "gmt": f"{day} 10:00:00"}
    return item(number, terms=terms, **fields)
