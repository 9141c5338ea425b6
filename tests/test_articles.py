"""Articles: records and files, and plain text made clean with a way back to what was sent."""

from __future__ import annotations

import gzip
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.articles import Article, article_from_record, article_from_text, check_id, read_articles
from classifier.errors import BadArticle
from classifier.text.cleaning import MAX_MARKS, clean_body, normalise
from classifier.text.source_map import CleanText
from tests.hard import size
from tests.test_words import ANY_TEXT, finished

# --- records ----------------------------------------------------------------------------------------------------


def test_record_becomes_an_article() -> None:
    record = {
        "id": "a-1",
        "title": "Raid in Kunar",
        "body": "<p>Two men were held.</p>",
        "body_format": "html",
        "tags": ["iskp", "afghanistan", "iskp"],
        "rejected": ["iran"],
        "tags_complete": False,
        "published_at": "2024-06-06",
        "url": "https://desk.example/a-1",
    }
    assert article_from_record(record) == Article(
        id="a-1",
        title="Raid in Kunar",
        body="<p>Two men were held.</p>",
        body_format="html",
        tags=("iskp", "afghanistan"),
        rejected=("iran",),
        tags_complete=False,
        published_at="2024-06-06",
        url="https://desk.example/a-1",
    )


def test_absent_and_null_fields_are_at_their_defaults() -> None:
    assert article_from_record({"id": "a-1", "title": None, "tags": None, "tags_complete": None}) == Article(id="a-1")


def test_absent_tags_are_not_the_same_as_no_tags() -> None:
    assert article_from_record({"id": "a-1"}).tags is None
    assert article_from_record({"id": "a-1", "tags": []}).tags == ()


def test_fields_that_are_not_ours_are_passed_over() -> None:
    assert article_from_record({"id": "a-1", "author": 7, "source": ["CMS"]}) == Article(id="a-1")


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({"id": 7}, "id"),
        ({"id": "a\nb"}, "id"),
        ({"id": "a\x85"}, "id"),
        ({"title": ["Raid"]}, "title"),
        ({"body": {"text": "Raid"}}, "body"),
        ({"body_format": "markdown"}, "body_format"),
        ({"published_at": "6 June 2024"}, "published_at"),
        ({"published_at": "2024-13-01"}, "published_at"),
        ({"published_at": 20240606}, "published_at"),
        ({"tags": "iskp"}, "tags"),
        ({"tags": ["iskp", 7]}, "tags"),
        ({"tags": [""]}, "tags"),
        ({"rejected": {"iran": True}}, "rejected"),
        ({"tags_complete": "yes"}, "tags_complete"),
        ({"tags": ["iskp", "iran"], "rejected": ["iran"]}, "rejected"),
        ([], ""),
        ("Raid", ""),
    ],
)
def test_bad_record_is_refused_and_the_field_named(record: Any, field: str) -> None:
    with pytest.raises(BadArticle) as refused:
        article_from_record(record)
    assert refused.value.field == field
    assert field in str(refused.value)


@pytest.mark.parametrize("article_id", ["a", "lwj-123", "WP:post_7.html", "x" * 200])
def test_ids_of_the_contract_are_accepted(article_id: str) -> None:
    assert check_id(article_id) == article_id


@pytest.mark.parametrize("article_id", ["", "x" * 201, "a b", "a/b", "é", "a\n", "../a?"])
def test_other_ids_are_refused(article_id: str) -> None:
    with pytest.raises(BadArticle, match="1 to 200") as refused:
        check_id(article_id)
    assert refused.value.field == "id"


# --- files ------------------------------------------------------------------------------------------------------


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_articles_are_read_line_by_line_over_blank_lines(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", '{"id": "a-1", "title": "Éta"}', "", "  ", '{"id": "a-2", "body": ""}', "")
    assert list(read_articles([path])) == [Article(id="a-1", title="Éta"), Article(id="a-2")]


def test_packed_files_are_read_like_plain_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id": "a-1", "title": ""}\n{"id": "a-2", "title": ""}\n'))
    assert [article.id for article in read_articles([path])] == ["a-1", "a-2"]


def test_files_are_read_in_their_order(tmp_path: Path) -> None:
    paths = [written(tmp_path / name, json.dumps({"id": name, "title": ""})) for name in ("b", "a")]
    assert [article.id for article in read_articles(paths)] == ["b", "a"]


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ('{"title": "no id"}', "id", "`id` is missing"),
        ('{"id": "a-2", "tags": "iskp"}', "tags", "`tags` must be a list"),
        ('{"id": "a-2", "id": "a-3"}', "/id", "occurs twice"),
        ('{"id": "a-2"', "", "Not JSON"),
        ("[1]", "", "is a JSON object"),
    ],
)
def test_bad_line_is_named_with_its_file_and_number(tmp_path: Path, line: str, field: str, reason: str) -> None:
    path = written(tmp_path / "a.jsonl", '{"id": "a-1", "title": ""}', "", line)
    with pytest.raises(BadArticle, match=f"a.jsonl, line 3: .*{reason}") as refused:
        list(read_articles([path]))
    assert refused.value.field == field


def test_what_stands_before_a_bad_line_is_read(tmp_path: Path) -> None:
    articles = read_articles([written(tmp_path / "a.jsonl", '{"id": "a-1", "title": ""}', "{")])
    assert next(articles).id == "a-1"


def test_missing_file_is_reported_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(BadArticle, match=r"none\.jsonl: No such file"):
        list(read_articles([tmp_path / "none.jsonl"]))


# --- one text ---------------------------------------------------------------------------------------------------


def test_first_line_is_the_title_and_all_the_rest_the_body_untouched() -> None:
    article = article_from_text("Raid in Kunar\r\n\n Two men\r\nwere held.\n", "a-1")
    assert article == Article(id="a-1", title="Raid in Kunar\r", body="\n Two men\r\nwere held.\n")


def test_text_of_one_line_is_a_title_without_a_body() -> None:
    assert article_from_text("Raid in Kunar") == Article(title="Raid in Kunar")


# --- clean text and the way back --------------------------------------------------------------------------------

# Pieces that cleaning changes, joined in every order with ordinary text between them.
ODD_PIECES = st.sampled_from(
    [
        "&amp;",
        "&lt;b&gt;",
        "&nbsp;",
        "&#8217;",
        "&#769;",
        "&#x1F600;",
        "&#0;",
        "&#xD800;",
        "&#x110000;",
        "&fjlig;",
        "&bogus;",
        "&amp",
        "&",
        "e\u0301",
        "\u0344",
        "\u0958\u0301",
        "\u1100\u1161\u11a8",
        "\u0301\u0323" * 4,
        "a\u0301\u200b\u0301\u200b\u0301\u200b\u0301\u200b\u0301",
        "soft\u00adhyphen",
        "\ufb03",
        "\r\n",
        "\r",
        "\n",
        "\u2028",
        "\u201cquoted\u201d",
        "\u2026",
        "\ufeff",
        "\ud800",
        "\x00",
        "\U0001f600",
        "ISKP",
    ]
)
ODD_TEXT = st.lists(ODD_PIECES | ANY_TEXT, max_size=12).map("".join)


def spans(clean: CleanText) -> list[tuple[int, int]]:
    return [clean.source.span(i, i + 1) for i in range(len(clean.text))]


def assert_leads_back(clean: CleanText, source: str) -> None:
    """Hold the three promises of a source map: inside and not empty, in order, and exact where nothing was changed."""
    found = spans(clean)
    assert all(0 <= start < end <= len(source) for start, end in found)
    assert [start for start, _ in found] == sorted(start for start, _ in found)
    assert [end for _, end in found] == sorted(end for _, end in found)
    exact = [
        (character, source[start:end])
        for character, (start, end) in zip(clean.text, found, strict=True)
        if end - start == 1 and character.isascii() and character.isalnum() and source[start].isascii()
    ]
    assert [character for character, _ in exact] == [sent for _, sent in exact]


@given(ODD_TEXT)
def test_every_clean_character_leads_back_to_what_was_sent(text: str) -> None:
    assert_leads_back(clean_body(Article(body=text)), text)


@given(ODD_TEXT)
def test_clean_text_is_in_composed_form(text: str) -> None:
    assert unicodedata.is_normalized("NFC", normalise(text).text)


@given(ODD_TEXT)
def test_titles_are_cleaned_like_bodies(text: str) -> None:
    title, body = normalise(text), clean_body(Article(body=text))
    assert (title.text, spans(title)) == (body.text, spans(body))


@given(st.text(st.characters(max_codepoint=126, exclude_characters="&\r\x0b\x0c")))
def test_plain_ascii_text_stays_as_it_is(text: str) -> None:
    clean = normalise(text)
    assert (clean.text, spans(clean)) == (text, [(i, i + 1) for i in range(len(text))])


@pytest.mark.parametrize(
    ("source", "clean", "where"),
    [
        ("caf\u00e9", "café", [(0, 1), (1, 2), (2, 3), (3, 4)]),
        ("Shaba\u0304b", "Shabāb", [(0, 1), (1, 2), (2, 3), (3, 4), (4, 6), (6, 7)]),
        ("a\u00adb", "ab", [(0, 1), (2, 3)]),
        ("\ufb03x", "ffix", [(0, 1), (0, 1), (0, 1), (1, 2)]),
        ("a\r\nb\rc", "a\nb\nc", [(0, 1), (1, 3), (3, 4), (4, 5), (5, 6)]),
        ("a&amp;b", "a&b", [(0, 1), (1, 6), (6, 7)]),
        ("a&#x2019;s", "a's", [(0, 1), (1, 9), (9, 10)]),
        ("e&#769;x", "éx", [(0, 7), (7, 8)]),
        ("&nbsp;&shy;x", " x", [(0, 6), (11, 12)]),
        ("a\u2026b", "a...b", [(0, 1), (1, 2), (1, 2), (1, 2), (2, 3)]),
        ("t\u0344", "\u1e97\u0301", [(0, 2), (0, 2)]),
        ("\u1100\u1161\u11a8", "\uac01", [(0, 3)]),
        ("", "", []),
    ],
    ids=[
        "composed",
        "decomposed",
        "soft hyphen",
        "ligature",
        "line ends",
        "entity",
        "numeric entity",
        "mark as entity",
        "invisible entity",
        "ellipsis",
        "recomposed at the same length",
        "hangul",
        "empty",
    ],
)
def test_clean_characters_have_their_exact_spans(source: str, clean: str, where: list[tuple[int, int]]) -> None:
    found = normalise(source)
    assert (found.text, spans(found)) == (clean, where)


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("‘a’ ‚b‛", "'a' 'b'"),
        ("“a” „b‟ «c»", '"a" "b" "c"'),
        ("al‑Qaeda al‐Qaeda −3", "al-Qaeda al-Qaeda -3"),
        ("a–b―c", "a—b—c"),
        ("a\u00a0b\u2009c\u3000d", "a b c d"),
        ("a\u2028b\u2029c\u0085d", "a\nb\nc\nd"),
        ("IS\u200bKP \u200eISKP\u202c \ufeffISKP", "ISKP ISKP ISKP"),
        ("&quot;a&quot; &mdash; b", '"a" — b'),
        ("&ldquo;a&rdquo;", '"a"'),
        ("AT&T, R&D; &bogus; &amp", "AT&T, R&D; &bogus; &amp"),
        ("&amp;lt;", "&lt;"),
        ("a&#0;b&#xD800;c&#x110000;d&#150;e", "a b c d e"),
    ],
)
def test_typography_becomes_plain(odd: str, plain: str) -> None:
    assert normalise(odd).text == plain


def test_longer_span_runs_from_its_first_to_its_last_character() -> None:
    source = "The &ldquo;Shaba\u0304b&rdquo; said"
    clean = normalise(source)
    start = clean.text.index("Shabāb")
    begin, end = clean.source.span(start, start + len("Shabāb"))
    assert source[begin:end] == "Shaba\u0304b"


# --- hostile text -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "marks",
    [
        "\u0301" * 1_000_000,
        "\u0301\u0323" * 500_000,
        "\u0301\u200b\u0323\u200b" * 250_000,
        "&#769;&#803;" * 160_000,
    ],
    ids=["one mark", "alternating", "invisible characters between", "as entities"],
)
def test_endless_run_of_marks_is_cut_to_a_few(marks: str) -> None:
    clean = finished(normalise, f"a{marks}b")
    assert len(clean.text) <= MAX_MARKS + 2
    assert clean.source.span(len(clean.text) - 1, len(clean.text)) == (len(marks) + 1, len(marks) + 2)


def test_page_of_ligatures_is_written_out() -> None:
    clean = finished(normalise, "\ufb03" * 600_000)
    assert clean.text == "ffi" * 600_000
    assert clean.source.span(1_799_999, 1_800_000) == (599_999, 600_000)


@pytest.mark.parametrize(("piece", "clean"), [("<", "<"), ("&amp;", "&"), ("\u1161", "\u1161")])
def test_many_copies_of_one_sign_are_cleaned_without_hanging(piece: str, clean: str) -> None:
    n = size(200_000, 2_000_000) // len(piece.encode())
    assert finished(normalise, piece * n).text == clean * n
