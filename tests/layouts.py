"""Web pages as news sites build them, around a story that is put into them: what a page saved from a browser looks like.

All texts are made up for the tests. Menus, teasers and footers name groups that the stories do not tell of.
"""

from __future__ import annotations

from collections.abc import Callable

Layout = Callable[[str, str], str]  # a headline and the paragraphs of a story -> a page

MENU = ("Boko Haram", "Al Shabaab", "Hamas", "Haqqani Network", "Iran", "Terror financing")
_TEASERS = (
    "Boko Haram fighters raid a market town and burn the clinic",
    "Al Shabaab shells the airport road as elders meet",
    "Hamas names a new head of its office abroad",
    "Court hears how Haqqani Network couriers moved money",
    "Trial of Boko Haram paymaster opens in the capital",
)
_CONSENT = (
    "We and our partners store cookies on your device. Some are needed for the site to work, others help us to measure how "
    "it is read. You can withdraw your consent at any time under the link at the foot of each page. Partners may rely on "
    "legitimate interest, to which you can object in the settings below. "
)
_LEGAL = (
    "The Harbour Gazette is published by Gazette Media. Reports on Boko Haram, Al Shabaab and Hamas may not be copied "
    "without written permission. The Gazette is not responsible for the content of other sites to which it links. "
)


def _links(names: tuple[str, ...] = MENU, item: str = "li") -> str:
    return "".join(f'<{item}><a href="/topic/{n}">{name}</a></{item}>\n' for n, name in enumerate(names))


def _cards(element: str = "article", more: str = "") -> str:
    return "".join(
        f'<{element} class="card"><a href="/story/{n}"><h3>{teaser}</h3></a>{more}</{element}>\n'
        for n, teaser in enumerate(_TEASERS)
    )


def _page(body: str, attributes: str = "") -> str:
    head = (
        "<title>Boko Haram, Hamas and more | The Harbour Gazette</title><script>var nav = '<nav>Hamas</nav>';</script>"
    )
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n<body{attributes}>\n{body}\n</body>\n</html>\n'


def semantic(headline: str, story: str) -> str:
    """Return a page of elements that say what they are."""
    return _page(f"""
<header><a href="/">The Harbour Gazette</a><nav aria-label="Sections"><ul>{_links()}</ul></nav></header>
<main><article><header><h1>{headline}</h1><p>By Ines Falk</p></header>{story}
<footer>Filed under <a href="/t/hamas">Hamas</a>, <a href="/t/iran">Iran</a></footer></article></main>
<aside><h2>Most read</h2><ol>{_links(_TEASERS)}</ol></aside>
<footer><menu>{_links()}</menu><p>{_LEGAL}</p></footer>""")


def table_layout(headline: str, story: str) -> str:
    """Return a page of the nineties: tables in tables, capitals, fonts, cells and rows without an end."""
    cells = "".join(f'<TR><TD><FONT SIZE=1><A HREF="{n}.htm">{name}</A></FONT>\n' for n, name in enumerate(MENU))
    bar = " | ".join(f'<A HREF="{name}.htm">{name}</A>' for name in MENU)
    return f"""<HTML><HEAD><TITLE>{headline}</TITLE></HEAD><BODY BGCOLOR=#FFFFFF LINK=blue>
<TABLE WIDTH=760 BORDER=0><TR><TD COLSPAN=3><IMG SRC=logo.gif ALT="Hamas > Boko Haram"><BR><CENTER>{bar}</CENTER>
<TR VALIGN=TOP><TD WIDTH=120 BGCOLOR="#EEEEEE"><TABLE>{cells}</TABLE>
<TD><FONT SIZE="+2"><B>{headline}</B></FONT><BR>{story}
<TD WIDTH=160>{"<BR>".join(f"<A HREF=s{n}.htm>{teaser}</A>" for n, teaser in enumerate(_TEASERS))}
<TR><TD COLSPAN=3 ALIGN=CENTER>{bar}</TABLE></BODY></HTML>"""


def div_soup_with_roles(headline: str, story: str) -> str:
    """Return a page of nothing but `div`, with roles."""
    return _page(f"""<div id="root"><div class="css-1a" role="banner"><div><span>The Harbour Gazette</span></div></div>
<div class="css-2b" role='navigation'><div>{_links(item="div")}</div></div>
<div class="css-3c" ROLE=main><div><div class="headline">{headline}</div>{story}</div></div>
<div role="complementary"><div>Also today</div>{_cards("div")}</div>
<div role="search"><div>Search for Hamas, Iran and more</div></div>
<div role="contentinfo"><div>{_LEGAL}</div></div></div>""")


def div_soup(headline: str, story: str) -> str:
    """Return a page of nothing but `div` and lists: no element or role says what it is."""
    return _page(f"""<div id="wrap"><div id="top"><ul class="nav">{_links()}</ul></div>
<div id="content"><div class="entry"><h1>{headline}</h1>{story}</div></div>
<div id="side"><h4>More news</h4><ul>{_links(_TEASERS)}</ul></div>
<div id="bottom"><div>{_links(item="span")}</div></div></div>""")


def live_blog(headline: str, story: str) -> str:
    """Return a live blog: every paragraph of the story is an entry of its own."""
    entries = "".join(
        f'<article id="e{n}"><header><time>{12 + n}:0{n}</time></header>{paragraph}</article>'
        for n, paragraph in enumerate(story.splitlines())
    )
    return _page(f"""<header role="banner"><nav><ul>{_links()}</ul></nav></header>
<main><h1>{headline}</h1><section class="feed">{entries}</section>
<aside class="key-events"><h2>Elsewhere</h2><ul>{_links(_TEASERS)}</ul></aside></main>
<footer><p>{_LEGAL}</p></footer>""")


def live_blog_in_an_article(headline: str, story: str) -> str:
    """Return a live blog whose entries are articles in an article; one entry is longer than all others."""
    first, _, others = story.partition("\n")
    return _page(f"""<nav>{_links(item="span")}</nav><main><article class="live"><h1>{headline}</h1>
<article class="entry">{first}</article><article class="entry">{others}</article></article></main>
<section class="related">{_cards(more="<p>Our reporter has the story, with pictures.</p>")}</section>""")


def main_without_article(headline: str, story: str) -> str:
    """Return a page whose story stands in `main` alone, beside a skip link and share buttons."""
    return _page(f"""<a href="#m">Skip to content</a><div class="ticker">Breaking: Hamas and Iran reject the draft</div>
<main id="m"><h1>{headline}</h1>{story}</main>
<div class="promo"><p>Our podcast on Boko Haram is out now. Listen wherever you like.</p></div>
<footer><ul>{_links()}</ul></footer>""")


def teasers_around(headline: str, story: str) -> str:
    """Return a page on which teasers are articles too, before and behind the story, with summaries of their own."""
    summary = "<p>The full report, a map and a timeline.</p>"
    return _page(f"""<header><h2>The Harbour Gazette</h2></header>
<main><section>{_cards(more=summary)}</section>
<article class="story"><h1>{headline}</h1>{story}</article>
<section><h2>Read on</h2>{_cards(more=summary)}</section></main><footer>{_LEGAL}</footer>""")


def amp(headline: str, story: str) -> str:
    """Return a page as AMP has it: elements of its own, a sidebar that slides in, boilerplate styles."""
    return _page(
        f"""<amp-sidebar id="s" layout="nodisplay"><ul>{_links()}</ul></amp-sidebar>
<header class="bar"><button on="tap:s.toggle">Menu</button><amp-img src="logo.png"></amp-img></header>
<article><h1>{headline}</h1><amp-img src="a.jpg" layout="responsive" alt="Hamas"></amp-img>{story}
<amp-social-share type="system"></amp-social-share><nav><a href="/hamas">Hamas</a></nav></article>
<amp-list src="/more.json"><template type="amp-mustache"><div>Hamas {{{{title}}}}</div></template></amp-list>
<amp-consent><form><p>{_CONSENT}</p></form></amp-consent><footer>{_links(item="span")}</footer>""",
        ' class="amp"',
    )


def related_inside(headline: str, story: str) -> str:
    """Return a page whose article has related links and a form for letters in its middle."""
    first, _, others = story.partition("\n")
    related = (
        f'<aside class="related"><h3>Related</h3><figure><img src="t.jpg"></figure><ul>{_links(_TEASERS)}</ul></aside>'
    )
    letter = '<form action="/letters"><label>Get our letter on Hamas and Iran</label><input name="m"></form>'
    return _page(f"""<nav><ul>{_links()}</ul></nav>
<article><h1>{headline}</h1>{first}{related}{letter}{others}</article>""")


def cookie_form(headline: str, story: str) -> str:
    """Return a page that begins with a long form of consent, longer than the story."""
    return _page(f"""<div role="dialog" aria-modal="true"><h2>Your privacy</h2><p>{_CONSENT * 6}</p></div>
<form id="consent"><fieldset><legend>Partners</legend><p>{_CONSENT * 3}</p>
<label><input type="checkbox">Hamas Analytics</label></fieldset></form>
<div class="page"><header><a href="/">Gazette</a></header><article><h1>{headline}</h1>{story}</article></div>""")


def wordpress_theme(headline: str, story: str) -> str:
    """Return a page as a theme of WordPress makes it, block comments left in."""
    return _page(
        f"""<div id="page" class="hfeed site"><a class="skip-link" href="#primary">Skip to content</a>
<header id="masthead" class="site-header"><p class="site-title">The Harbour Gazette</p>
<nav id="site-navigation" class="main-navigation"><ul id="primary-menu">{_links()}</ul></nav></header>
<div id="primary"><main id="main" class="site-main">
<article id="post-7" class="post-7 post type-post"><header class="entry-header"><h1 class="entry-title">{headline}</h1></header>
<div class="entry-content"><!-- wp:group -->{story}<!-- /wp:group --></div>
<footer class="entry-footer"><span class="tags-links">Tagged {_links(item="span")}</span></footer></article>
<nav class="post-navigation"><a href="/older">{_TEASERS[0]}</a><a href="/newer">{_TEASERS[1]}</a></nav>
<div id="comments"><h2>2 thoughts</h2><ol><li><article class="comment"><footer>Tom says</footer><p>What of Hamas?</p></article>
<li><article class="comment"><p>And of Iran?</p></article></ol><form id="respond"><p>Leave a reply</p></form></div>
</main></div><aside id="secondary" class="widget-area"><section class="widget"><h2>Recent</h2><ul>{_links(_TEASERS)}</ul></section>
</aside><footer id="colophon"><div>{_LEGAL}</div></footer></div>""",
        ' class="post-template-default single"',
    )


def footer_menus(headline: str, story: str) -> str:
    """Return a page with a fat footer of menus, and a story in a `div`."""
    columns = "".join(f"<div><h5>{name}</h5><ul>{_links(_TEASERS)}</ul></div>" for name in MENU)
    return _page(f"""<header><div>Harbour Gazette</div><div>{_links(item="span")}</div></header>
<div class="story"><h1>{headline}</h1>{story}</div>
<footer><div class="columns">{columns}</div><p>{_LEGAL}</p></footer>""")


def form_around_all(headline: str, story: str) -> str:
    """Return a page as ASP.NET makes it: one form is around everything."""
    return _page(f"""<form method="post" action="story.aspx" id="aspnetForm"><input type="hidden" name="__VIEWSTATE" value="a>b">
<div id="ctl00_menu"><menu>{_links()}</menu></div>
<div id="ctl00_body"><h1>{headline}</h1>{story}</div>
<footer><p>{_LEGAL}</p></footer></form>""")


def menu_without_end(headline: str, story: str) -> str:
    """Return a page whose header and navigation are never closed: by their elements everything stands in them."""
    return f"""<html><body><header><nav><ul>{_links()}</ul><div class="story"><h1>{headline}</h1>{story}</div>"""


LAYOUTS: dict[str, Layout] = {
    layout.__name__.replace("_", " "): layout
    for layout in (
        semantic,
        table_layout,
        div_soup_with_roles,
        div_soup,
        live_blog,
        live_blog_in_an_article,
        main_without_article,
        teasers_around,
        amp,
        related_inside,
        cookie_form,
        wordpress_theme,
        footer_menus,
        form_around_all,
        menu_without_end,
    )
}
