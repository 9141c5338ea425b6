"""Texts of the pages: every one has a complete translation, and a reader gets the language that they chose or their browser asks for."""

from __future__ import annotations

import html as entities
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from babel.messages.catalog import Catalog, Message
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmarks.texts import CALL, ROOT, SCRIPTS, extracted, forms, of_program, of_script, path_of, translations
from classifier.domain.sentences import OF_RUNS
from classifier.texts import MAX_RETOLD, english, gettext, retold
from classifier.web.problems import OF_SCHEMA
from classifier.web.texts import COOKIE, ENGLISH, NAMES, RECORDS_IN_ENGLISH, texts_of_scripts
from tests.latin import left_in_latin, reading_in

PLACE = re.compile(r"%\(\w+\)s")
TAG = re.compile(r"</?\w+[^>]*>")
OTHERS = [code for code in NAMES if code != ENGLISH]
N_ARABIC_FORMS = 6
N_IN_WORDS = {"fr": 1, "ar": 3}  # the first plural forms, which may write their number as a word: "two articles"


@pytest.fixture(scope="module")
def texts() -> Catalog:
    return extracted()


def pairs(texts: Catalog, code: str) -> Iterator[tuple[Message, Message | None]]:
    """Yield each text with its translation."""
    catalog = translations(code)
    for text in texts:
        if text.id:
            found = catalog.get(text.id, text.context)
            yield text, found if found is not None and found.id == text.id else None


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_is_translated_and_no_other(texts: Catalog, code: str) -> None:
    """`python -m benchmarks.texts` adds what is new, for somebody to translate."""
    missing = [text.id for text, found in pairs(texts, code) if found is None or not all(forms(found)) or found.fuzzy]
    assert missing == []
    assert {(m.id, m.context) for m in translations(code)} == {(m.id, m.context) for m in texts}


@pytest.mark.parametrize("code", OTHERS)
def test_translations_have_the_values_and_the_elements_of_their_texts(texts: Catalog, code: str) -> None:
    for text, found in pairs(texts, code):
        assert found is not None
        source = text.id if isinstance(text.id, str) else text.id[1]
        for number, form in enumerate(forms(found)):
            words = {"%(n)s"} if not isinstance(text.id, str) and number < N_IN_WORDS[code] else set()
            assert set(PLACE.findall(source)) - words <= set(PLACE.findall(form)) <= set(PLACE.findall(source)), form
            assert TAG.findall(form) == TAG.findall(source), form


@pytest.mark.parametrize("code", OTHERS)
def test_translations_can_stand_in_attributes(texts: Catalog, code: str) -> None:
    """A straight quotation mark or an angle bracket would end an attribute or begin an element."""
    for text, found in pairs(texts, code):
        assert found is not None
        for form in forms(found):
            assert not set('"<>') & set(TAG.sub("", form)), (text.id, form)


def test_plural_forms_are_those_of_the_language(texts: Catalog) -> None:
    assert {code: translations(code).num_plurals for code in OTHERS} == {"fr": 2, "ar": N_ARABIC_FORMS}
    plural = [found for text, found in pairs(texts, "ar") if not isinstance(text.id, str)]
    assert plural
    assert {len(forms(found)) for found in plural if found} == {N_ARABIC_FORMS}


def test_catalogues_are_as_the_program_writes_them(texts: Catalog) -> None:
    from benchmarks.texts import updated, written

    for code in OTHERS:
        assert path_of(code).read_text("utf-8") == written(updated(code, texts)), "python -m benchmarks.texts"


def test_texts_within_the_calls_of_other_texts_are_found() -> None:
    python = """say(_("no %(what)s", what=_("tag") if x else N_("alias"), n=f"{ngettext('one', 'many', n)}", y=pgettext("c", "d")))"""
    assert sorted(of_program(python), key=str) == sorted(
        [("no %(what)s", None), ("tag", None), ("alias", None), (("one", "many"), None), ("d", "c")], key=str
    )
    script = """say(_("no %(what)s", {what: x ? _("tag") : N_("alias"), n: ngettext("one", "many", n)}), pgettext("c", "d"));"""
    assert sorted(of_script(script), key=str) == sorted(of_program(python), key=str)


# --- texts that nobody has marked ---

LITERAL = re.compile(r"""(?P<quote>["'`])(?P<text>(?:\\.|(?!(?P=quote)).)*)(?P=quote)""")
COMMENT = re.compile(r"(?m)^\s*(?://|/\*|\*).*$|\s//\s.*$")
VALUE = re.compile(r"\$\{(?:[^{}]|\{[^{}]*\})*\}")
SHOWN = re.compile(
    r"""(?:\bsay\(|\balert\(|\bconfirm\(|\b(?:textContent|innerText|title|placeholder) = |[{,]\s*"?(?:title|placeholder|aria-label|alt)"?: )$"""
)
NO_TEXT = re.compile(r"""(?:\b(?:class|rel): |className = |querySelector(?:All)?\(|closest\(|matches\(|import .*)$""")
SENTENCE = re.compile(r"^[A-Z][a-z]+(?: |[:.!?…]$|[:,] )|^[A-Z]?[a-z]+(?: [a-z]+){2,}")


def unmarked(script: str) -> Iterator[str]:
    """Yield what a script shows in English, whatever the reader's language is.

    Those are literals that are said or shown as they are, and all others that read as a sentence.
    """
    code = COMMENT.sub("", script)
    for literal in LITERAL.finditer(CALL.sub("marked(", code)):
        before, text = literal.string[: literal.start()].rpartition("\n")[2], VALUE.sub("", literal["text"])
        if (SHOWN.search(before) and re.search(r"[A-Za-z]{2}", text)) or (
            SENTENCE.search(text) and not NO_TEXT.search(before)
        ):
            yield literal["text"]


@pytest.mark.parametrize("path", sorted(ROOT.glob(SCRIPTS)), ids=lambda path: path.name)
def test_scripts_show_no_text_that_is_not_marked(path: Path) -> None:
    assert list(unmarked(path.read_text("utf-8"))) == []


def test_what_a_script_shows_unmarked_is_found() -> None:
    script = """
      // A comment is no text.
      say(`Accepted: ${label}.`); say(_("Undone."));
      node.textContent = "saved"; node.className = "card is open now";
      el("button", { class: "badge good", title: "Mark it" }, _("Go"), "Nothing is left to do"); ask("GET", "/v1/tags");
    """
    assert list(unmarked(script)) == ["Accepted: ${label}.", "saved", "Mark it", "Nothing is left to do"]


# --- records ---


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("of", RECORDS_IN_ENGLISH)
def test_a_sentence_of_a_record_is_said_again_in_the_language_of_the_reader(code: str, of: str) -> None:
    for message in (messages := RECORDS_IN_ENGLISH[of]):
        values = {name: f"{number}.5" for number, name in enumerate(re.findall(r"%\((\w+)\)s", message))}
        kept = english(message, **values)
        with reading_in(code):
            assert retold(kept, messages) == gettext(message, **values)
        assert retold(kept, messages) == kept


def test_an_error_that_ended_a_run_is_said_again_with_its_reasons() -> None:
    inner = english("The file has more than %(most)s MB.", most=5)
    kept = english(
        "No record of %(path)s could be read. %(place)s: %(reason)s", path="a.txt", place="a.txt", reason=inner
    )
    with reading_in("fr"):
        assert retold(kept, OF_RUNS) == "Aucun enregistrement de a.txt n’a pu être lu. a.txt : Le fichier dépasse 5 Mo."
    with reading_in("ar"):
        assert left_in_latin(f"<p>{retold(kept, OF_RUNS)}</p>", ["a.txt"]) == set()
        long = "a, b, c: " * (MAX_RETOLD // 9)
        assert retold(long, OF_RUNS) == long


def test_an_error_is_in_the_language_that_the_request_asks_for(client: FlaskClient) -> None:
    """Without one it is English, as the contract has it. Titles are English in any language."""
    asked = {"french": {"Accept-Language": "fr"}, "nothing": {}}
    answers = {name: client.get("/v1/articles/none", headers=headers).get_json() for name, headers in asked.items()}
    assert answers["french"]["detail"] == "Il n’y a pas d’article 'none'."
    assert answers["nothing"]["detail"] == "There is no article 'none'."
    assert answers["french"]["title"] == answers["nothing"]["title"] == "Not found"


@pytest.mark.parametrize(
    ("method", "path", "body", "french", "english_text"),
    [
        (
            "POST",
            "/v1/tags/change-sets",
            b'{"ops": [{"op": "x"}]}',
            "Une opération a",
            "An operation has",
        ),
        ("POST", "/v1/suggest", b'{"title": "t", "title": "u"}', "figure deux fois", "occurs twice in one object"),
        ("POST", "/v1/suggest", b'{"title": 1}', "doit être un texte", "Input should be a valid string"),
        ("GET", "/v1/articles?limit=none", None, "est un nombre de 1 à", "is a number from 1 to"),
        ("GET", "/nowhere", None, "n’existe pas sur ce serveur", "was not found on the server"),
    ],
)
def test_an_error_of_each_layer_is_said_in_french(
    client: FlaskClient, method: str, path: str, body: bytes | None, french: str, english_text: str
) -> None:
    for language, expected in (("fr", french), ("en", english_text), ("", english_text)):
        headers = {"Accept-Language": language} if language else {}
        answer = client.open(path, method=method, data=body, content_type="application/json", headers=headers)
        assert answer.status_code in (400, 404, 422)
        assert expected in answer.get_json()["detail"], answer.get_json()


class Everything(BaseModel):
    """Fields that can be wrong in each of the ways that schemas of requests know."""

    model_config = ConfigDict(strict=True, extra="forbid")
    missing: str
    text: str
    long: str = Field(max_length=2)
    short: str = Field(min_length=2)
    like: str = Field(pattern="^a$")
    flag: bool
    whole: int
    number: float
    many: list[str]
    few: list[int] = Field(max_length=2)
    some: list[int] = Field(min_length=2)
    least: int = Field(ge=2)
    most: int = Field(le=2)
    one: Literal["a", "b"]
    inner: Everything | None = None
    table: dict[str, int]


def test_what_a_schema_says_of_a_field_is_translated_from_the_words_of_pydantic() -> None:
    wrong: dict[str, object] = {
        **{"text": 1, "long": "abc", "short": "a", "like": "b", "flag": 1, "whole": "1", "number": "1", "many": 1},
        **{"few": [1, 2, 3], "some": [1], "least": 1, "most": 3, "one": "c", "inner": 1, "table": 1, "unknown": 1},
    }
    with pytest.raises(ValidationError) as caught:
        Everything.model_validate(wrong)
    said = {line["type"]: line for line in caught.value.errors()}
    assert set(said) == set(OF_SCHEMA)
    for kind, line in said.items():
        assert english(OF_SCHEMA[kind], **line.get("ctx", {})) == line["msg"]


# --- the reader's language ---


def language_of(client: FlaskClient, **headers: str) -> tuple[str, str | None]:
    page = html.fromstring(client.get("/help", headers=headers).text)
    return page.get("lang"), page.get("dir")


@pytest.mark.parametrize(
    ("accepted", "shown"),
    [
        ("", ("en", None)),
        ("fr", ("fr", None)),
        ("fr-CA,fr;q=0.9,en;q=0.8", ("fr", None)),
        ("ar-YE", ("ar", "rtl")),
        ("de-DE,de;q=0.9", ("en", None)),
        ("de,fr;q=0.5,en;q=0.3", ("fr", None)),
        ("en-GB,en;q=0.9,fr;q=0.8", ("en", None)),
        ("*", ("en", None)),
        ("\x7f;;;q=x", ("en", None)),
    ],
)
def test_the_browser_tells_the_language(client: FlaskClient, accepted: str, shown: tuple[str, str | None]) -> None:
    assert language_of(client, **{"Accept-Language": accepted}) == shown


def test_the_chosen_language_is_kept_and_leads_back_to_the_page(client: FlaskClient) -> None:
    answer = client.post("/language", data={"language": "ar"}, headers={"Referer": "http://localhost/tags?q=kabul#x"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/tags?q=kabul")
    assert language_of(client, **{"Accept-Language": "fr"}) == ("ar", "rtl")
    client.post("/language", data={"language": "en"})
    assert language_of(client, **{"Accept-Language": "fr"}) == ("en", None)


@pytest.mark.parametrize(
    "page", ["https://elsewhere.example/x", "http://localhost//elsewhere.example", "", "javascript:x"]
)
def test_choosing_a_language_leads_to_no_other_site(client: FlaskClient, page: str) -> None:
    answer = client.post("/language", data={"language": "fr"}, headers={"Referer": page})
    assert answer.headers["Location"] == "/"


def test_a_language_that_there_is_not_is_not_kept(client: FlaskClient) -> None:
    assert "Set-Cookie" not in client.post("/language", data={"language": "tlh"}).headers
    client.set_cookie(COOKIE, "../../etc/passwd")
    assert language_of(client) == ("en", None)


def test_pages_say_that_they_depend_on_the_language_and_the_api_is_english(client: FlaskClient) -> None:
    assert {"Accept-Language", "Cookie"} <= set(client.get("/help").vary)
    answer = client.get("/v1/articles/none", headers={"Accept-Language": "ar"})
    assert answer.get_json()["title"] == "Not found"


def test_english_pages_bring_no_texts_for_scripts_and_others_bring_all(client: FlaskClient, texts: Catalog) -> None:
    assert 'id="texts"' not in client.get("/help").text
    page = html.fromstring(client.get("/help", headers={"Accept-Language": "ar"}).text)
    brought = json.loads(page.get_element_by_id("texts").text)
    wanted = {
        m.id if isinstance(m.id, str) else m.id[0] for m in texts if any(".js" in name for name, _ in m.locations)
    }
    assert {key.split("\x04")[-1] for key in brought["texts"]} == wanted
    assert brought["plurals"][:4] + brought["plurals"][11] + brought["plurals"][100] == "012345"


def test_texts_of_scripts_cannot_end_their_element(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "fr"}):
        app.preprocess_request()
        assert "<" not in texts_of_scripts()


@pytest.mark.parametrize("code", OTHERS)
def test_a_value_in_a_translated_text_is_escaped(app: Flask, code: str) -> None:
    with app.test_request_context(headers={"Accept-Language": code}):
        app.preprocess_request()
        shown = app.jinja_env.from_string("{{ _('named: %(name)s', name=name) }}").render(name="<b>Kabul & Co</b>")
    assert "&lt;b&gt;Kabul &amp; Co&lt;/b&gt;" in shown
    assert "<b>" not in shown
    assert entities.unescape(shown) != "named: <b>Kabul & Co</b>"
