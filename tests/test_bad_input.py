"""Bad input over HTTP: each is a problem that names the field, never a fault of ours, and the next request is fine."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.domain.strict_json import MAX_DEPTH
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.database.opening import open_store
from classifier.web import build_app
from classifier.web.api.schemas import ProblemOut
from classifier.web.problems import CATALOGUE
from tests.hard import told
from tests.postgres import database

pytestmark = pytest.mark.sqlite("bodies are refused before the store is asked")

GOOD = {"title": "ISKP bomber kills twelve at Kabul mosque", "body": "The bombing was claimed on Friday."}
CALLS = [("POST", "/v1/suggest"), ("PUT", "/v1/articles/a"), ("POST", "/v1/suggest/batch")]
FRENCH = (
    "Le gouvernement a annoncé hier que les forces de sécurité avaient mené une opération dans la province. Selon des "
    "témoins, les combattants se sont retirés dans les montagnes pendant la nuit, et les habitants ont pu rentrer chez eux."
)
GERMAN = (
    "Die Behörden haben am Freitag mitgeteilt, dass bei einem Anschlag in der Hauptstadt mehrere Menschen getötet wurden. "
    "Die Polizei sperrte das Viertel ab, während Helfer bis spät in der Nacht nach weiteren Verletzten suchten."
)
SOMALI = (
    "Saraakiisha ammaanka ayaa sheegay in weerarkii shalay lagu dilay dhowr qof oo rayid ah. Ciidamada dowladda ayaa la "
    "wareegay degmada, sida ay sheegeen dadka deegaanka, waxaana la filayaa in wararka kale ay soo baxaan."
)


@pytest.fixture(scope="module")
def client(models_of_module: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A client of one service that must outlive everything in this file."""
    store = open_store(database(tmp_path_factory.mktemp("bad-input")))
    registry = Registry(models_of_module)
    yield build_app(Tagger(Serving(registry), store), registry).test_client()
    store.close()


@pytest.fixture(autouse=True)
def _next_request_is_fine(client: FlaskClient) -> Iterator[None]:
    yield
    response = client.post("/v1/suggest", json=GOOD)
    assert response.status_code == 200
    assert "iskp" in {row["tag"] for row in response.get_json()["suggestions"]}


def send(client: FlaskClient, method: str, path: str, raw: bytes | str, content_type: str = "application/json") -> Any:
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    return client.open(path, method=method, data=data, content_type=content_type)


def assert_problem(response: Any, slug: str, pointer: str | None = None) -> None:
    assert response.status_code == CATALOGUE[slug].status, response.text
    assert response.content_type == "application/problem+json"
    problem = ProblemOut.model_validate_json(response.data)
    assert problem.type == f"/docs#{slug}"
    assert [pointer] * (pointer is not None) == [e.pointer for e in problem.errors if e.pointer == pointer][:1]


# --- what is no JSON, and what JSON may not hold ---


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"title=ISKP",
        b"{",
        b'{"title": "a"',
        b"{'title': 'a'}",
        b'{"title": "a",}',
        b'{"title": "a"} {"title": "b"}',
        b'{"title": undefined}',
        b'{"title": "line\nbreak"}',
        b'{"title": "\\x41"}',
        b'\xef\xbb\xbf{"title": "a"}',
        b'{"title": "\xff"}',
        b'{"title": "\xed\xa0\x80"}',
        '{"title": "a"}'.encode("utf-16"),
        b"\x00" * 100,
    ],
)
def test_what_is_no_json_in_utf_8_is_refused(client: FlaskClient, method: str, path: str, raw: bytes) -> None:
    assert_problem(send(client, method, path, raw), "not-json")


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("raw", ["null", "[]", '["title"]', '"title"', "1", "true", "-0.5"])
def test_json_that_is_no_object_is_refused(client: FlaskClient, method: str, path: str, raw: str) -> None:
    assert_problem(send(client, method, path, raw), "invalid", "")


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        ('{"title": NaN}', "/title"),
        ('{"title": "a", "body": Infinity}', "/body"),
        ('{"title": "a", "url": -Infinity}', "/url"),
        ('{"title": 1e999}', "/title"),
        ('{"title": "a", "tags": ["b", NaN]}', "/tags/1"),
        ('{"title": "a", "title": "b"}', "/title"),
        ('{"title": "a", "tags": [{"x": 1, "x": 2}]}', "/tags/0/x"),
        ('{"title": "half \\ud83d"}', "/title"),
        ('{"title": "a", "tags": ["\\udfff"]}', "/tags/0"),
        ('{"title": "nul \\u0000"}', "/title"),
        ('{"ti\\u0000tle": "a"}', "/ti\ufffdtle"),
        ('{"\\ud800": "a"}', "/\ufffd"),
        ('{"a/b~c": NaN}', "/a~1b~0c"),
        ('{"title": ' + "9" * 21 + "}", "/title"),
        ('{"title": -' + "9" * 5000 + "}", "/title"),
        ('{"title": ' + "9" * 500_000 + "}", "/title"),
    ],
)
@pytest.mark.parametrize(("method", "path"), CALLS[:2])
def test_what_strict_json_has_not_is_refused_by_its_place(
    client: FlaskClient, method: str, path: str, raw: str, pointer: str
) -> None:
    assert_problem(send(client, method, path, raw), "invalid", pointer)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("depth", [10_000, 100_000])
def test_deep_nesting_is_refused(client: FlaskClient, depth: int, opening: str, closing: str) -> None:
    for raw in (opening * depth + "1" + closing * depth, '{"title": ' + opening * depth + "1" + closing * depth + "}"):
        assert_problem(send(client, "POST", "/v1/suggest", raw), "invalid")


def test_deep_nesting_that_never_ends_is_refused(client: FlaskClient) -> None:
    assert send(client, "POST", "/v1/suggest", "[" * 500_000).status_code in {400, 422}


def test_nesting_over_the_limit_is_refused_with_the_limit_named(client: FlaskClient) -> None:
    raw = '{"title": ' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}"
    response = send(client, "POST", "/v1/suggest", raw)
    assert_problem(response, "invalid", "/title" + "/0" * (MAX_DEPTH - 1))
    assert str(MAX_DEPTH) in response.get_json()["detail"]


# --- fields ---


@pytest.mark.parametrize(("method", "path"), CALLS[:2])
@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"title": None}, "/title"),
        ({"title": 7}, "/title"),
        ({"title": True}, "/title"),
        ({"title": ["a"]}, "/title"),
        ({"body": {}}, "/body"),
        ({"body": 0.5}, "/body"),
        ({"body_format": "markdown"}, "/body_format"),
        ({"body_format": ""}, "/body_format"),
        ({"body_format": None}, "/body_format"),
        ({"published_at": "yesterday"}, "/published_at"),
        ({"published_at": "2024-13-01"}, "/published_at"),
        ({"published_at": ""}, "/published_at"),
        ({"published_at": 1717632000}, "/published_at"),
        ({"url": 1}, "/url"),
        ({"url": "x" * 2001}, "/url"),
        ({"tags": "iskp"}, "/tags"),
        ({"tags": {"iskp": True}}, "/tags"),
        ({"tags": ["iskp", 1]}, "/tags/1"),
        ({"tags": ["iskp", None]}, "/tags/1"),
        ({"tags": [""]}, "/tags/0"),
        ({"tags": ["x" * 201]}, "/tags/0"),
        ({"tags": ["x"] * 501}, "/tags"),
        ({"Title": "a"}, "/Title"),
        ({"text": "a"}, "/text"),
        ({"id": "a"}, "/id"),
        ({"model_version": "1"}, "/model_version"),
        ({"a/b~c": 1}, "/a~1b~0c"),
        ({"x" * 10_000: 1}, "/" + "x" * 80),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_field_is_named(
    client: FlaskClient, method: str, path: str, change: dict[str, Any], pointer: str
) -> None:
    assert_problem(send(client, method, path, json.dumps({**GOOD, **change})), "invalid", pointer)


def test_what_is_refused_is_not_stored(client: FlaskClient) -> None:
    for sent in ({"title": 7}, {"title": "a", "published_at": "yesterday"}, {"title": "a", "tags": [1]}):
        assert client.put("/v1/articles/refused", json=sent).status_code == 422
    assert client.get("/v1/articles/refused").status_code == 404


@pytest.mark.parametrize("sent", [{}, {"tags": ["iskp"]}, {"body_format": "html"}])
@pytest.mark.parametrize(("method", "path"), CALLS[:2])
def test_missing_title_and_body_are_both_named(
    client: FlaskClient, method: str, path: str, sent: dict[str, Any]
) -> None:
    response = send(client, method, path, json.dumps(sent))
    assert_problem(response, "invalid", "")
    assert "`title` and `body` are missing" in response.get_json()["detail"]


def test_every_wrong_field_is_named_at_once(client: FlaskClient) -> None:
    response = client.post("/v1/suggest", json={"title": 1, "body": 2, "tags": [3], "colour": 4})
    assert {e["pointer"] for e in response.get_json()["errors"]} == {"/title", "/body", "/tags/0", "/colour"}


@pytest.mark.parametrize("why", ["iskp", [1], [None], [""], ["iskp"] * 21, {"tag": "iskp"}, None])
def test_a_wrong_why_is_named(client: FlaskClient, why: Any) -> None:
    response = client.post("/v1/suggest", json={**GOOD, "why": why})
    assert response.status_code == 422
    assert response.get_json()["errors"][0]["pointer"].startswith("/why")


def test_what_is_wrong_is_told_without_repeating_the_text_of_the_article(client: FlaskClient) -> None:
    secret = "the embargoed paragraph"
    response = client.put("/v1/articles/a", json={"title": {"secret": secret}, "body": [secret]})
    assert response.status_code == 422
    assert secret not in response.text


def test_of_many_errors_the_first_are_listed_and_how_many_more_there_are(client: FlaskClient) -> None:
    unknown = {f"{'x' * 500}{number}": 1 for number in range(3000)}
    answer = client.put("/v1/articles/a", json={"title": "a", **unknown})
    assert_problem(answer, "invalid")
    assert len(answer.get_json()["errors"]) == 50
    assert "2,950 more errors are not listed" in answer.get_json()["detail"]
    assert len(answer.data) < 20_000


def test_the_detail_of_one_error_is_short(client: FlaskClient) -> None:
    answer = client.put("/v1/articles/a", json={"title": "a", "published_at": "9" * 100_000})
    assert answer.status_code == 422
    assert len(answer.data) < 2000


# --- size and kind of the body ---


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_body_of_three_megabytes_is_refused(client: FlaskClient, method: str, path: str) -> None:
    response = send(client, method, path, json.dumps({"title": "a", "body": "b" * 3_000_000}))
    assert_problem(response, "too-large")
    assert response.headers["Connection"] == "close"


def test_a_body_just_under_the_limit_is_taken_and_one_byte_more_is_not(client: FlaskClient) -> None:
    limit, around = 2 * 1024 * 1024, len('{"body": ""}')
    raw = '{"body": "' + "b c. " * ((limit - around) // 5)
    fits = raw + "x" * (limit - len(raw) - 2) + '"}'
    assert len(fits) == limit
    assert send(client, "POST", "/v1/suggest", fits).status_code == 200
    assert_problem(send(client, "POST", "/v1/suggest", fits + " "), "too-large")


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/html",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/xml",
        "json",
    ],
)
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_another_content_type_is_refused(client: FlaskClient, method: str, path: str, content_type: str) -> None:
    assert_problem(send(client, method, path, json.dumps(GOOD), content_type), "not-json-type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json;"])
def test_the_json_type_with_parameters_is_taken(client: FlaskClient, content_type: str) -> None:
    assert send(client, "POST", "/v1/suggest", json.dumps(GOOD), content_type).status_code == 200


# --- addresses ---


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "article_id", ["a%20b", "%C3%A4", "a%00", "a%0A", "x" * 201, "%22", "a%3Cscript%3E", "%FF", "a,b", "a;b"]
)
def test_a_bad_id_in_the_path_is_named(client: FlaskClient, method: str, article_id: str) -> None:
    response = client.open(f"/v1/articles/{article_id}", method=method, json=GOOD if method == "PUT" else None)
    assert_problem(response, "invalid", "/id")


@pytest.mark.parametrize("path", ["a/b", "a%2Fb", "..", "../suggest", "a/../b", "", "/", "%2e%2e%2f%2e%2e"])
def test_an_id_that_leads_elsewhere_is_not_found_or_refused(client: FlaskClient, path: str) -> None:
    response = client.put(f"/v1/articles/{path}", json=GOOD)
    assert response.status_code in {200, 404, 405, 308, 422}
    assert client.get("/v1/tags").status_code == 200


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1.5", "ten", "", " 5", "1e1", "٣", "9" * 5000, "0x10", "NaN"])
def test_a_bad_limit_is_named(client: FlaskClient, limit: str) -> None:
    assert_problem(client.get("/v1/articles", query_string={"limit": limit}), "invalid", "/limit")


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "not a cursor",
        "ä",
        "=",
        "\x00",
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b"[" * 3000).decode(),
        base64.urlsafe_b64encode(b"9" * 6000).decode(),
        encoded(None),
        encoded(5),
        encoded(True),
        encoded("ab"),
        encoded([]),
        encoded(["2024"]),
        encoded(["2024", 1]),
        encoded(["2024", None]),
        encoded(["2024", "a", "b"]),
        encoded({"at": "2024", "id": "a"}),
        encoded(["2024", "\ud800"]),
        encoded(["\ud800", "a"]),
        encoded(["\x00", "a"]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_bad_cursor_is_named(client: FlaskClient, cursor: str) -> None:
    assert_problem(client.get("/v1/articles", query_string={"cursor": cursor}), "invalid", "/cursor")


@pytest.mark.parametrize(
    "key", [2**63, -(2**63) - 1, 10**19, 1e308, -1e308, 5e-324, True, "NaN", "Infinity", "-Infinity", 10**30]
)
def test_a_cursor_may_have_any_number(client: FlaskClient, key: float | str) -> None:
    raw = json.dumps([key, "a", None, None]).replace('"NaN"', "NaN").replace('Infinity"', "Infinity")
    cursor = base64.urlsafe_b64encode(raw.replace('"-', "-").replace('"I', "I").encode())
    client.put("/v1/articles/a", json={"title": "ISKP bomber kills twelve at Kabul mosque"})
    for end in (cursor, base64.urlsafe_b64encode(json.dumps([0.5, "a", key, "a"]).encode())):
        answer = client.get("/v1/articles", query_string={"order": "teach", "cursor": end})
        assert answer.status_code in {200, 422}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=60)
    | st.text(max_size=30).map(lambda text: base64.urlsafe_b64encode(json.dumps([text, text]).encode()))
)
def test_no_cursor_is_a_fault(client: FlaskClient, cursor: bytes) -> None:
    assert client.get("/v1/articles", query_string={"cursor": cursor}).status_code in {200, 422}


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["title", "standfirst", "body", "body_format", "published_at", "url", "tags", "why", "odd"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("html"),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=6,
        ),
    )
)
def test_no_object_is_a_fault(client: FlaskClient, sent: dict[str, Any]) -> None:
    for method, path in CALLS[:2]:
        response = send(client, method, path, json.dumps(sent))
        assert response.status_code in {200, 422}
        assert response.status_code == 200 or response.get_json()["errors"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200), st.text(max_size=400), st.sampled_from(["text", "html"]))
def test_no_text_is_a_fault(client: FlaskClient, title: str, body: str, body_format: str) -> None:
    raw = json.dumps({"title": title, "body": body, "body_format": body_format})
    assert send(client, "POST", "/v1/suggest", raw).status_code in {200, 422}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Accept", "text/html;q=\ufffd"),
        ("Accept", "\x7f" * 5000),
        ("Authorization", "Bearer " + "x" * 8000),
        ("Content-Encoding", "gzip"),
        ("Host", "localhost:99999"),
        ("If-None-Match", '"*"'),
        ("Range", "bytes=0-1"),
    ],
)
def test_odd_headers_are_no_fault(client: FlaskClient, name: str, value: str) -> None:
    response = client.post("/v1/suggest", json=GOOD, headers={name: value.encode("utf-8").decode("latin-1")})
    assert response.status_code < 500


# --- articles that are right and say little ---


@pytest.mark.parametrize(
    "sent",
    [
        {"title": ""},
        {"body": ""},
        {"title": "", "body": ""},
        {"title": "  ", "body": "\n\n\t"},
        {"title": "…", "body": "— ! ? 🙂🙂"},
        {"title": "The", "body": "and of the to it in a"},
        {"body": "<p></p><script>ISKP</script><!-- ISKP -->", "body_format": "html"},
        {"body": "\u200b\u200b\ufeff"},
    ],
    ids=str,
)
def test_an_empty_or_stop_word_only_article_has_no_suggestions_and_says_so(
    client: FlaskClient, sent: dict[str, str]
) -> None:
    for response in (client.post("/v1/suggest", json=sent), client.put("/v1/articles/a", json=sent)):
        assert response.status_code == 200
        assert response.get_json()["suggestions"] == []
        assert response.get_json()["reason"] == "empty"


@pytest.mark.parametrize("body", [FRENCH, GERMAN, SOMALI], ids=["French", "German", "Somali"])
def test_an_article_in_another_language_has_no_suggestions_and_says_so(client: FlaskClient, body: str) -> None:
    for body_format, sent in (("text", body), ("html", f"<p>{body}</p>")):
        answer = client.post("/v1/suggest", json={"title": "", "body": sent, "body_format": body_format}).get_json()
        assert answer["suggestions"] == []
        assert answer["reason"] == "language"


@pytest.mark.parametrize("body", [FRENCH, GERMAN, SOMALI], ids=["French", "German", "Somali"])
def test_an_article_in_another_language_gets_at_most_the_tag_that_it_names(client: FlaskClient, body: str) -> None:
    sent = {"title": "ISKP", "body": f"{body} ISKP. {body}"}
    answer = client.post("/v1/suggest", json=sent).get_json()
    assert {row["tag"] for row in answer["suggestions"]} <= {"iskp"}
    assert {"iskp"} <= {row["tag"] for row in (*answer["suggestions"], *answer["mentioned"])}


@pytest.mark.parametrize(
    "body",
    [
        "a" * 1_000_000,
        "\u0301" * 100_000,
        "e" + "\u0301" * 100_000,
        "ISKP " * 20_000,
        "&amp;" * 100_000,
        "<" * 200_000,
        "<div>" * 100_000,
        "<p>" + "&" * 200_000,
        "<a href='" + "x" * 500_000,
        "<!--" * 50_000,
        "🙂" * 100_000,
        "\r" * 500_000,
        "A.B.C." * 50_000,
        "Tags: " * 50_000,
        "-" * 300_000,
    ],
    ids=lambda body: repr(body[:8]),
)
def test_monotonous_texts_are_answered(client: FlaskClient, body: str) -> None:
    for body_format in ("text", "html"):
        raw = json.dumps({"title": "x", "body": body, "body_format": body_format}, ensure_ascii=False)
        assert send(client, "POST", "/v1/suggest", raw).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a million combining marks", "e" + "\u0301" * 1_000_000),
        ("a million marks of two kinds", "\u0301\u0323" * 500_000),
        ("a word of a megabyte", "a" * 1_000_000),
        ("600,000 ligatures of three letters", "\ufb03" * 600_000),
        ("690,000 ligatures of eighteen letters", "\ufdfa" * 690_000),
        ("a megabyte of names", "Islamic State of " * 60_000),
        ("a megabyte of hyphens between letters", "a-" * 500_000),
    ],
)
def test_slow_texts_are_quick(client: FlaskClient, name: str, body: str) -> None:
    seconds = {}
    for body_format in ("text", "html"):
        raw = json.dumps({"title": "x", "body": body, "body_format": body_format}, ensure_ascii=False)
        begun = time.monotonic()
        assert send(client, "POST", "/v1/suggest", raw).status_code == 200
        seconds[body_format] = time.monotonic() - begun
    told(f"slow text: {name}", "1", 0, ", ".join(f"{1000 * s:.0f} ms as {form}" for form, s in seconds.items()))
