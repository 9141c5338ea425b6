"""The standfirst, a summary between headline and body: it is read, stored, judged and shown as a field of its own."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import inspect

from classifier.commands import main
from classifier.domain.articles import Article, article_from_record, record_of, text_digest
from classifier.domain.taxonomy import Taxonomy
from classifier.importers import Outcome, read_files
from classifier.importers.records import ReadOptions
from classifier.model.tag_model import TagModel
from classifier.serving.answers import Answers
from classifier.serving.tagger import Tagger
from classifier.serving.views import explanations_of
from classifier.store.store import Store
from classifier.text.fields import STANDFIRST, TITLE
from classifier.text.mention_features import IN_TITLE, LEAD, ONCE
from classifier.text.reading import ArticleReader
from classifier.text.terms import text_terms
from classifier.training.fitting import Fitted
from classifier.web.pages.showing import marked_text, marks_of
from tests.storing import put_article
from tests.test_wxr import export, item

RAID = Article(
    "raid-1",
    "Night raid in the east",
    "Soldiers came at midnight and searched the whole valley. Nobody was hurt, a district official said later.",
    standfirst="ISKP says that two of its men were taken",
)
MARKUP = replace(
    RAID, body=f"<p>{RAID.body}</p>", standfirst="<p><b>IS&#75;P</b> &amp; the Taliban</p>", body_format="html"
)
SENT = {"title": RAID.title, "standfirst": RAID.standfirst, "body": RAID.body}


@pytest.fixture(scope="module")
def reader(taxonomy: Taxonomy) -> ArticleReader:
    return ArticleReader(taxonomy)


@pytest.fixture
def model(fitted: Fitted) -> TagModel:
    return fitted.model


# --- records and reading ---


def test_record_leads_back_and_is_that_of_earlier_versions_without_a_standfirst() -> None:
    assert article_from_record(record_of(RAID)) == RAID
    assert list(record_of(RAID))[:4] == ["id", "title", "standfirst", "body"]
    assert "standfirst" not in record_of(replace(RAID, standfirst=""))


def test_digest_tells_a_standfirst_from_the_same_words_elsewhere() -> None:
    moved = replace(RAID, standfirst="", body=f"{RAID.standfirst}{RAID.body}")
    assert len({text_digest(RAID), text_digest(replace(RAID, standfirst="")), text_digest(moved)}) == 3


def test_answers_with_and_without_it_are_remembered_apart(model: TagModel) -> None:
    answers = Answers()
    without = answers.answer(replace(RAID, standfirst=""), model)
    assert [row["tag"] for row in answers.answer(RAID, model).suggestions] != [
        row["tag"] for row in without.suggestions
    ]


def test_it_is_read_in_the_format_of_the_body(reader: ArticleReader) -> None:
    reading = reader.read(MARKUP)
    assert reading.standfirst.text == "ISKP & the Taliban\n"
    (first, second) = (mention for mention in reading.mentions if mention.field == STANDFIRST)
    places = [reading.source_span(STANDFIRST, mention.start, mention.end) for mention in (first, second)]
    assert [MARKUP.standfirst[slice(*place)] for place in places] == ["IS&#75;P", "Taliban"]
    as_text = reader.read(replace(MARKUP, body_format="text"))
    assert "<b>" in as_text.standfirst.text


def test_a_name_in_it_counts_as_in_the_lead_and_stands_before_the_body(reader: ArticleReader) -> None:
    far = " ".join(["The officials said nothing more about it."] * 20) + " ISKP denied it."
    articles = [
        replace(RAID, standfirst="", body=f"{RAID.body} {far}"),
        replace(RAID, body=RAID.body),
        replace(RAID, body=f"{RAID.body} {far}"),
        replace(RAID, title="Raid on ISKP"),
    ]
    named = reader.mention_features(reader.read_all(articles))
    rows = [int(row) for row in (named.articles.searchsorted(range(len(articles))))]
    assert named.categories[rows].tolist() == [ONCE, LEAD, LEAD, IN_TITLE]
    lateness = [named.shared[row].tolist() for row in rows]
    assert lateness[0] != lateness[2]
    fields = [mention.field for mention in reader.read(articles[3]).mentions]
    assert fields == [TITLE, STANDFIRST]


def test_its_words_are_terms_of_the_text_and_an_article_without_one_has_no_others(reader: ArticleReader) -> None:
    with_it, without = (Counter(text_terms(reader.read(one).text)) for one in (RAID, replace(RAID, standfirst="")))
    assert {with_it[word] for word in ("iskp", "men", "taken")} == {2}
    assert (with_it["midnight"], without["midnight"]) == (1, 2)  # it takes the place of the body's first sentence
    assert reader.read(replace(RAID, standfirst="")).text.content == f"{RAID.title}\n{RAID.body}"


# --- the model's answer ---


@pytest.mark.parametrize("article", [RAID, MARKUP], ids=["text", "html"])
def test_evidence_and_explanations_lead_to_places_in_it(model: TagModel, article: Article) -> None:
    answer = model.suggest(article)
    (iskp,) = (row for row in answer.suggestions if row["tag"] == "iskp")
    assert (iskp["aboutness"], iskp["source"]) == ("main", "model+alias")
    places = [place for place in iskp["evidence"] if place["field"] == "standfirst"]
    assert "ISKP" in [place["plain"] for place in places]
    assert all(article.standfirst[place["start"] : place["end"]] == place["text"] for place in places)
    (why,) = explanations_of(article, ["iskp"], model)
    assert sum(part["weight"] for part in why["parts"]) == pytest.approx(why["decision_value"], abs=1e-6)
    assert {"standfirst"} <= {place["field"] for part in why["parts"] for place in part["places"]}


def test_its_evidence_is_marked_on_pages(model: TagModel) -> None:
    reading = model.reader.read(MARKUP)
    text = marked_text(MARKUP, reading, marks_of(model.explain(MARKUP, ["iskp"], reading)))
    ((marked, *_),) = text.standfirst
    assert (marked.text, marked.tags) == ("ISKP", ("iskp",))
    assert "".join(piece.text for line in text.standfirst for piece in line) == "ISKP & the Taliban"


# --- the store ---


def test_it_is_stored_changed_and_taken_away(store: Store) -> None:
    assert [put_article(store, one, "cms") for one in (RAID, RAID, replace(RAID, standfirst=""))] == [
        "new",
        "unchanged",
        "changed",
    ]
    assert store.article(RAID.id).article.standfirst == ""


def test_an_import_without_it_keeps_it_unless_the_format_is_another(store: Store) -> None:
    store.import_articles([RAID], "import")
    store.import_articles([replace(RAID, standfirst="", title="Another title")], "import")
    assert store.article(RAID.id).article == replace(RAID, title="Another title")
    store.import_articles([replace(MARKUP, standfirst="")], "import")
    assert store.article(RAID.id).article == replace(MARKUP, standfirst="")


def test_an_older_version_can_still_write_articles(store: Store) -> None:
    (column,) = (one for one in inspect(store.engine).get_columns("articles") if one["name"] == "standfirst")
    assert not column["nullable"]
    assert "''" in str(column["default"])


def test_exported_examples_have_it(store: Store, database_url: str, tmp_path: Path) -> None:
    store.import_articles([replace(RAID, tags=("iskp",))], "import")
    output = tmp_path / "examples.jsonl"
    assert main(["export", "examples", "--database", database_url, "--output", str(output)]) == 0
    assert json.loads(output.read_text("utf-8"))["standfirst"] == RAID.standfirst


# --- importers ---


def imported(path: Path, content: str | bytes, options: ReadOptions | None = None) -> Article:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (article,) = read_files([path], Outcome(), options or ReadOptions(), None, lambda aside: None)
    return article


def test_tables_have_a_column_for_it(tmp_path: Path) -> None:
    table = "id,standfirst,title,body\nraid-1,Two were taken,Raid,Soldiers came.\n"
    assert imported(tmp_path / "a.csv", table).standfirst == "Two were taken"
    columns = {"id": ("id",), "title": ("title",), "standfirst": ("Vorspann",)}
    named = imported(tmp_path / "b.csv", table.replace("standfirst", "Vorspann"), ReadOptions(columns=columns))
    assert named.standfirst == "Two were taken"


def test_lines_have_a_field_for_it(tmp_path: Path) -> None:
    record = {"id": "raid-1", "headline": "Raid", "summary": "Two were taken"}
    columns = {"title": ("headline",), "standfirst": ("summary",)}
    assert (
        imported(tmp_path / "a.jsonl", json.dumps(record), ReadOptions(columns=columns)).standfirst == "Two were taken"
    )


@pytest.mark.parametrize(("excerpt", "standfirst"), [("<em>Nine</em> dead.\n", "<em>Nine</em> dead."), ("", "")])
def test_excerpts_of_a_wordpress_export_are_standfirsts(tmp_path: Path, excerpt: str, standfirst: str) -> None:
    article = imported(tmp_path / "site.xml", export(item(excerpt=excerpt)))
    assert (article.standfirst, article.body_format) == (standfirst, "html")


# --- HTTP and pages ---


def test_api_takes_it_stores_it_and_returns_it(client: FlaskClient, tagger: Tagger) -> None:
    alone = client.post("/v1/suggest", json=SENT).get_json()
    assert "iskp" in [row["tag"] for row in alone["suggestions"]]
    (batched,) = client.post("/v1/suggest/batch", json={"articles": [{"id": "a", **SENT}]}).get_json()["results"]
    assert batched["suggestions"] == alone["suggestions"]
    stored = client.put("/v1/articles/a", json=SENT).get_json()
    assert stored["suggestions"] == alone["suggestions"]
    assert client.get("/v1/articles/a").get_json().items() >= SENT.items()
    assert client.put("/v1/articles/a", json={**SENT, "standfirst": ""}).status_code == 200
    assert tagger.store.article("a").article.standfirst == ""


@pytest.mark.parametrize("wrong", [None, 1, ["ISKP"]])
def test_api_names_it_where_it_is_no_text(client: FlaskClient, wrong: Any) -> None:
    response = client.post("/v1/suggest", json={**SENT, "standfirst": wrong})
    assert (response.status_code, response.get_json()["errors"][0]["pointer"]) == (422, "/standfirst")


def test_review_page_gets_it_with_its_marks(client: FlaskClient) -> None:
    client.put("/v1/articles/a", json=SENT)
    ((first, *_),) = client.get("/review/articles/a").get_json()["standfirst"]
    assert first["text"] == "ISKP"
    assert "iskp" in first["tags"]


def test_page_to_try_an_article_has_a_field_for_it(client: FlaskClient) -> None:
    page = client.post("/", data={"text": f"{RAID.title}\n{RAID.body}", "standfirst": "ISKP <i>was</i> there"}).text
    assert re.search(r'<p class="standfirst"[^>]*><mark data-tags="[^"]*iskp[^"]*">ISKP</mark> &lt;i&gt;', page)
    assert 'value="ISKP &lt;i&gt;was&lt;/i&gt; there"' in page
