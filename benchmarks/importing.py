"""How fast a WordPress export goes in, and what that costs in memory: `python -m benchmarks.importing [N_POSTS]`.

Writes an export of made-up posts, and imports it in fresh processes: read only, read and stored, and the same again.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from benchmarks.processes import ROOT, run, say, size_mb
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.importers import Outcome, import_files, read_files
from classifier.importers.mapping import TermMap
from classifier.importers.records import ReadOptions
from classifier.store.database.opening import open_store

TAXONOMY = ROOT / "training_data" / "taxonomy.yaml"
N_POSTS = 20_000
N_WORDS = 10_000
WAYS = ("read", "store", "again")
_HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<!-- This is a WordPress eXtended RSS file of made-up posts. -->
<rss version="2.0"
\txmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
\txmlns:content="http://purl.org/rss/1.0/modules/content/"
\txmlns:wfw="http://wellformedweb.org/CommentAPI/"
\txmlns:dc="http://purl.org/dc/elements/1.1/"
\txmlns:wp="http://wordpress.org/export/1.2/"
>
<channel>
\t<title>The Desk</title>
\t<link>https://desk.example</link>
\t<wp:wxr_version>1.2</wp:wxr_version>
"""
_TERM = """\t<wp:tag>
\t\t<wp:term_id>{number}</wp:term_id>
\t\t<wp:tag_slug><![CDATA[{slug}]]></wp:tag_slug>
\t\t<wp:tag_name><![CDATA[{name}]]></wp:tag_name>
\t</wp:tag>
"""
_POST = """\t<item>
\t\t<title><![CDATA[{title}]]></title>
\t\t<link>https://desk.example/{number}/</link>
\t\t<pubDate>Thu, 06 Jun 2024 10:00:00 +0000</pubDate>
\t\t<dc:creator><![CDATA[editor]]></dc:creator>
\t\t<guid isPermaLink="false">https://desk.example/?p={number}</guid>
\t\t<description></description>
\t\t<content:encoded><![CDATA[{body}]]></content:encoded>
\t\t<excerpt:encoded><![CDATA[]]></excerpt:encoded>
\t\t<wp:post_id>{number}</wp:post_id>
\t\t<wp:post_date><![CDATA[2024-06-06 12:00:00]]></wp:post_date>
\t\t<wp:post_date_gmt><![CDATA[2024-06-06 10:00:00]]></wp:post_date_gmt>
\t\t<wp:post_modified><![CDATA[2024-06-06 12:00:00]]></wp:post_modified>
\t\t<wp:post_modified_gmt><![CDATA[2024-06-06 10:00:00]]></wp:post_modified_gmt>
\t\t<wp:comment_status><![CDATA[closed]]></wp:comment_status>
\t\t<wp:ping_status><![CDATA[closed]]></wp:ping_status>
\t\t<wp:post_name><![CDATA[post-{number}]]></wp:post_name>
\t\t<wp:status><![CDATA[publish]]></wp:status>
\t\t<wp:post_parent>0</wp:post_parent>
\t\t<wp:menu_order>0</wp:menu_order>
\t\t<wp:post_type><![CDATA[post]]></wp:post_type>
\t\t<wp:post_password><![CDATA[]]></wp:post_password>
\t\t<wp:is_sticky>0</wp:is_sticky>
\t\t<category domain="category" nicename="news"><![CDATA[News]]></category>
{terms}\t\t<wp:postmeta>
\t\t\t<wp:meta_key><![CDATA[_edit_last]]></wp:meta_key>
\t\t\t<wp:meta_value><![CDATA[1]]></wp:meta_value>
\t\t</wp:postmeta>
\t</item>
"""


def write_export(path: Path, n_posts: int, taxonomy: Taxonomy, seed: int = 0) -> None:
    """Write an export of posts of 300 to 1,200 made-up words, each with two to five of the taxonomy's labels."""
    from benchmarks.synthetic import made_up_words  # with it comes scikit-learn, and that the importing processes lack

    draws = np.random.default_rng(seed)
    words = made_up_words(N_WORDS, draws)
    often = np.minimum(draws.zipf(1.3, 1_000_000), N_WORDS) - 1  # as words are in a language: few of them everywhere
    tags = [(tag.id, tag.label) for tag in taxonomy.tags]
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEAD)
        for number, (slug, name) in enumerate(tags):
            file.write(_TERM.format(number=number, slug=slug, name=name))
        for number in range(1, n_posts + 1):
            at, n_words = int(draws.integers(0, len(often) - 2000)), int(draws.integers(300, 1200))
            text = [words[place] for place in often[at : at + n_words].tolist()]
            chosen = [tags[place] for place in draws.integers(0, len(tags), draws.integers(2, 6)).tolist()]
            file.write(_post(number, text, chosen))
        file.write("</channel>\n</rss>\n")


def _post(number: int, text: list[str], tags: list[tuple[str, str]]) -> str:
    blocks = [" ".join(text[at : at + 60]) for at in range(0, len(text), 60)]
    return _POST.format(
        number=number,
        title=" ".join(text[:9]).capitalize(),
        body="\n\n".join(f"<!-- wp:paragraph -->\n<p>{block}.</p>\n<!-- /wp:paragraph -->" for block in blocks),
        terms="".join(
            f'\t\t<category domain="post_tag" nicename="{slug}"><![CDATA[{name}]]></category>\n' for slug, name in tags
        ),
    )


def imported(path: Path, database: str) -> dict[str, float]:
    """Import an export, without a database only read it; return posts, seconds, and the memory when it began."""
    terms = TermMap(read_taxonomy(TAXONOMY))
    before, began = psutil.Process().memory_info().rss, time.perf_counter()
    outcome = Outcome()
    if database:
        outcome = import_files(open_store(database), [path], "benchmark", terms=terms)
        n_posts = sum(vars(outcome.stored).values())
    else:
        n_posts = sum(1 for _ in read_files([path], outcome, ReadOptions(), terms))
    seconds = time.perf_counter() - began
    return {"n_posts": n_posts, "seconds": seconds, "before_mb": before / 1e6}


def measure(folder: Path, n_posts: int) -> dict[str, dict[str, float]]:
    """Return the figures of each way, every one in a process of its own."""
    path = folder / "export.xml"
    say(f"importing: writing {n_posts} posts")
    write_export(path, n_posts, read_taxonomy(TAXONOMY))
    say(f"importing: {size_mb(folder):.0f} MB")
    found = {}
    for way in WAYS:
        database = "" if way == "read" else f"sqlite:///{folder}/tagger.db"
        say(f"importing: {way}")
        ran = run([sys.executable, "-m", "benchmarks.importing", "--import", str(path), database])
        found[way] = {**ran.figures, "peak_mb": ran.peak_mb}
    return found


def main() -> None:
    """Print a row for each way; `--import FILE DATABASE` is one of its processes."""
    if sys.argv[1:2] == ["--import"]:
        print(json.dumps(imported(Path(sys.argv[2]), sys.argv[3])))
        return
    n_posts = int(sys.argv[1]) if len(sys.argv) > 1 else N_POSTS
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), n_posts)
    print(f"{'way':<8}{'posts':>8}{'seconds':>9}{'posts/s':>9}{'MB before':>11}{'MB peak':>9}")
    for way, row in figures.items():
        figures_of = f"{row['seconds']:>9.1f}{row['n_posts'] / row['seconds']:>9.0f}"
        print(f"{way:<8}{row['n_posts']:>8}{figures_of}{row['before_mb']:>11.0f}{row['peak_mb']:>9.0f}")


if __name__ == "__main__":
    main()
