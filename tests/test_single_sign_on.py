"""People sign in at the provider of their house: who may come in, and what a provider or somebody in between may try.

The provider runs on a real socket and signs real tokens (`tests/provider.py`).
"""

from __future__ import annotations

import io
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import RSAKey
from lxml import html

from classifier.errors import BadSetting
from classifier.operations.hosts import read_hosts
from classifier.operations.single_sign_on import SingleSignOn, read_rules
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.settings import read_settings, sign_on_of
from classifier.store.database.opening import open_store
from classifier.store.store import Store
from classifier.web import build_app
from classifier.web.guard import provider as provider_module
from classifier.web.guard.limits import TRIES_OF_NAME
from classifier.web.pages.single_sign_on import COOKIE, PATH, SECONDS
from classifier.web.watch import logs
from tests.postgres import database
from tests.provider import CLIENT, OTHER, SECRET, Provider, by_another, by_public_key, providing, signed, unsigned
from tests.test_people import Browser

pytestmark = pytest.mark.sqlite("the provider knows nothing of the database")

PASSWORD = "a lantern behind the harbour"
ANA = {"sub": "1001", "name": "Ana", "email": "ana@house.example", "email_verified": True}
RULES = "groups:desk=editor,groups:it=admin,realm.roles:heads%2C all=taxonomist"
DESK = {"sub": "account-2002", "name": "Ben", "groups": ["all", "desk"]}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing() as running:
        yield running


@pytest.fixture
def new(provider: Provider, store: Store, registry: Registry) -> Callable[[], FlaskClient]:
    """Makes browsers of a service whose house has a provider."""
    store.people.begin("chief", "no password opens this")
    return built(provider, store, registry).test_client


@pytest.fixture
def client(new: Callable[[], FlaskClient]) -> FlaskClient:
    return new()


@pytest.fixture
def chief(client: FlaskClient, store: Store, new: Callable[[], FlaskClient]) -> Browser:
    browser = new()
    secret = store.keys.rotate("chief")
    assert browser.post("/sign-in", data={"name": "chief", "key": secret}).status_code == 303
    return Browser(browser)


def built(provider: Provider, store: Store, registry: Registry) -> Flask:
    """Return one process of a service."""
    return build_app(Tagger(Serving(registry), store), registry, sign_on=sign_on_to(provider))


def sign_on_to(provider: Provider, **others: Any) -> SingleSignOn:
    return SingleSignOn(provider.issuer, CLIENT, SECRET, rules=read_rules(RULES), **others)


def leave(client: FlaskClient, onward: str = "") -> str:
    """Go to the provider, and return the way to it."""
    response = client.get(PATH, query_string={"next": onward} if onward else {})
    assert response.status_code == 303, response.text
    return str(response.headers["Location"])


def follow(client: FlaskClient, back: str) -> Any:
    parts = urlsplit(back)
    return client.get(f"{parts.path}?{parts.query}")


def sign_in(client: FlaskClient, provider: Provider, person: dict[str, Any], onward: str = "") -> Any:
    provider.person = person
    return follow(client, provider.let_in(leave(client, onward)))


def assert_refused(client: FlaskClient, response: Any, said: str) -> None:
    assert response.status_code == 403, response.headers
    assert said in html.fromstring(response.data).xpath("string(//*[@role='alert'])")
    assert "tagger_session=" not in str(response.headers.getlist("Set-Cookie"))
    assert client.get("/review").status_code == 303


NOT_OURS = "could not be verified"


# --- who comes in ---


def test_who_is_invited_by_address_comes_in_with_the_role_of_the_invitation(
    chief: Browser, client: FlaskClient, provider: Provider, store: Store
) -> None:
    chief.once(act="invite", name="Ana Example", role="taxonomist", email=" Ana@House.example ")
    assert "ana@house.example" in chief.page()
    response = sign_in(client, provider, ANA)
    assert (response.status_code, response.headers["Location"]) == (303, "/review")
    assert client.get("/review").status_code == 200
    (ana,) = [key for key in store.keys.list() if key.name == "Ana Example"]
    assert (ana.role, ana.role_rule) == ("taxonomist", None)
    assert store.people.invited() == []


def test_the_account_says_who_it_is_from_then_on_and_not_the_address(
    chief: Browser, new: Callable[[], FlaskClient], provider: Provider, store: Store
) -> None:
    chief.once(act="invite", name="ana", role="editor", email="ana@house.example")
    sign_in(new(), provider, ANA)
    assert sign_in(new(), provider, {"sub": "1001"}).status_code == 303  # the address is not even said
    heir = new()
    assert_refused(heir, sign_in(heir, provider, {**ANA, "sub": "another"}), "linked to another account")
    chief.post(act="email", name="ana", email="ana@house.example")  # an administrator says that it is the same person
    assert sign_in(heir, provider, {**ANA, "sub": "another"}).status_code == 303
    before = new()
    assert_refused(before, sign_in(before, provider, ANA), "linked to another account")
    assert len(store.keys.list()) == 2


def test_somebody_with_a_password_keeps_the_name_when_the_address_is_given(
    chief: Browser, client: FlaskClient, provider: Provider, store: Store
) -> None:
    store.keys.create("Ana", "editor")
    assert_refused(client, sign_in(client, provider, ANA), "Nobody has invited you")  # the name alone proves nothing
    chief.post(act="email", name="Ana", email="ana@house.example")
    assert sign_in(client, provider, ANA).status_code == 303
    assert [key.name for key in store.keys.list()] == ["chief", "Ana"]


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_is_not_verified_lets_nobody_in(
    chief: Browser, client: FlaskClient, provider: Provider, store: Store, verified: Any
) -> None:
    chief.once(act="invite", name="ana", role="admin", email="ana@house.example")
    person = {name: value for name, value in ANA.items() if name != "email_verified"}
    person |= {} if verified is None else {"email_verified": verified}
    assert_refused(client, sign_in(client, provider, person), "Nobody has invited you")
    assert len(store.people.invited()) == 1


def test_who_is_neither_invited_nor_of_a_rule_stays_out(client: FlaskClient, provider: Provider, store: Store) -> None:
    for groups in ([], ["Desk"], "desks", None, {"desk": 1}, [["desk"]], 7):
        response = sign_in(client, provider, {**ANA, "groups": groups})
        assert_refused(client, response, "Nobody has invited you")
        store.counters.give_back("name single sign-on from 127.0.0.1")
    assert [key.name for key in store.keys.list()] == ["chief"]


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"groups": ["desk"]}, "editor"),
        ({"groups": "it"}, "admin"),
        ({"groups": ["it", "desk"]}, "editor"),  # the first rule decides
        ({"realm": {"roles": ["heads, all"]}}, "taxonomist"),
        ({"realm.roles": ["heads, all"]}, "taxonomist"),
    ],
)
@pytest.mark.parametrize("in_token", [True, False], ids=["in the token", "at the endpoint"])
def test_a_rule_lets_people_in_and_gives_their_role(
    client: FlaskClient, provider: Provider, store: Store, claims: dict[str, Any], role: str, in_token: bool
) -> None:
    provider.in_token = in_token
    assert sign_in(client, provider, {"sub": "5", "name": "Cleo", **claims}).status_code == 303
    assert [(key.name, key.role) for key in store.keys.list()][1:] == [("Cleo", role)]


def test_a_role_follows_the_rule_at_each_sign_in_and_no_administrator_changes_it(
    chief: Browser, new: Callable[[], FlaskClient], provider: Provider, store: Store
) -> None:
    first, role = new(), lambda: {key.name: key.role for key in store.keys.list()}["Ben"]
    sign_in(first, provider, DESK)
    assert role() == "editor"
    chief.post(act="email", name="Ben", email="")  # says nothing new
    assert "follows the rule" in chief.page()
    assert "follows a rule" in chief.post(422, act="role", name="Ben", role="admin").text
    assert sign_in(new(), provider, {**DESK, "groups": ["it"]}).status_code == 303
    assert role() == "admin"
    gone = new()
    assert_refused(gone, sign_in(gone, provider, {**DESK, "groups": ["sport"]}), "Your group has no access any more")
    assert first.get("/review").status_code == 303  # whoever lost the right is signed out everywhere


def test_who_was_removed_stays_out_until_an_administrator_says_otherwise(
    chief: Browser, new: Callable[[], FlaskClient], provider: Provider, store: Store
) -> None:
    ben = new()
    sign_in(ben, provider, DESK)
    chief.post(act="remove", name="Ben")
    assert ben.get("/review").status_code == 303
    assert_refused(ben, sign_in(ben, provider, DESK), "An administrator has removed you")
    chief.once(act="invite", name="Benedict", role="reader", email="ben@house.example")
    assert (
        sign_in(ben, provider, {**DESK, "groups": [], "email": "ben@house.example", "email_verified": True}).status_code
        == 303
    )
    assert [key.name for key in store.keys.list() if key.revoked_at is None] == ["chief", "Benedict"]


def test_an_invitation_of_before_the_removal_brings_nobody_back(
    chief: Browser, client: FlaskClient, provider: Provider, store: Store
) -> None:
    store.keys.create("ana", "editor")
    chief.post(act="email", name="ana", email="ana@house.example")
    assert sign_in(client, provider, ANA).status_code == 303
    chief.post(422, act="invite", name="ana again", role="admin", email="ana@house.example")  # the address is taken
    chief.post(act="remove", name="ana")
    assert_refused(client, sign_in(client, provider, ANA), "An administrator has removed you")


def test_two_who_claim_one_name_are_two_people(
    new: Callable[[], FlaskClient], provider: Provider, store: Store
) -> None:
    sign_in(new(), provider, {**DESK, "sub": "1", "name": "Chief"})  # a name that differs by case alone is taken, too
    assert [key.name for key in store.keys.list()] == ["chief"]
    sign_in(new(), provider, {**DESK, "sub": "1", "name": "ben"})
    second = {**DESK, "sub": "2", "name": "Ben", "preferred_username": "BEN", "email": "b@h.example"}
    late = new()
    assert_refused(late, sign_in(late, provider, second), "Somebody else is called Ben here")
    assert sign_in(late, provider, {**second, "email_verified": True}).status_code == 303
    assert [key.name for key in store.keys.list()] == ["chief", "ben", "b@h.example"]


def test_names_are_stored_as_names_are(new: Callable[[], FlaskClient], provider: Provider, store: Store) -> None:
    odd = ["  Zoë\u202e\x00 /  Root\n", "n" * 5000, "\u0301", "", "/", "\x00"]
    for number, name in enumerate(odd):
        browser = new()
        response = sign_in(browser, provider, {**DESK, "sub": f"odd-{number}", "name": name})
        assert response.status_code in (303, 403)
    assert [key.name for key in store.keys.list()][1:] == ["Zoë Root", "n" * 80, "\u0301"]


def test_two_windows_and_two_processes_sign_one_person_in_once(
    client: FlaskClient, provider: Provider, store: Store, registry: Registry
) -> None:
    provider.person = DESK
    browser = client
    ways = [leave(browser, f"/tags/{name}") for name in ("iskp", "hamas")]
    elsewhere = built(provider, store, registry).test_client()  # another process, asked by the same browser
    elsewhere._cookies = browser._cookies
    backs = [follow(elsewhere, provider.let_in(way)) for way in reversed(ways)]
    assert [back.headers["Location"] for back in backs] == ["/tags/hamas", "/tags/iskp"]
    assert [key.name for key in store.keys.list()] == ["chief", "Ben"]


def test_signing_out_ends_the_session_here(client: FlaskClient, provider: Provider) -> None:
    sign_in(client, provider, DESK)
    token = html.fromstring(client.get("/account").data).xpath("//meta[@name='csrf']/@content")[0]
    assert client.post("/sign-out", data={"csrf": token}).headers["Location"] == "/sign-in"
    assert client.get("/review").status_code == 303


def test_the_local_way_stays(client: FlaskClient, provider: Provider, store: Store) -> None:
    page = html.fromstring(client.get("/sign-in?next=/tags/iskp").data)
    (way,) = page.xpath("//a[contains(., 'Sign in with your organisation')]/@href")
    assert way == f"{PATH}?next=%2Ftags%2Fiskp"
    secret = store.keys.create("cleo", "editor")
    assert client.post("/sign-in", data={"name": "cleo", "key": secret}).status_code == 303
    assert provider.asked == []  # nothing is asked before somebody goes there


def test_while_no_key_exists_nobody_is_sent_to_the_provider(
    provider: Provider, registry: Registry, tmp_path: Path
) -> None:
    fresh = open_store(database(tmp_path))
    client = built(provider, fresh, registry).test_client()
    assert "organisation" not in client.get("/sign-in").text
    assert client.get(PATH).headers["Location"] == "/sign-in"
    assert client.get(f"{PATH}/back?code=x&state=y").status_code == 403
    assert provider.asked == []
    fresh.close()


def test_without_a_provider_there_is_no_such_way(store: Store, registry: Registry) -> None:
    store.keys.create("ana", "admin")
    client = build_app(Tagger(Serving(registry), store), registry).test_client()
    assert client.get(PATH).status_code == client.get(f"{PATH}/back").status_code == 404
    assert "organisation" not in client.get("/sign-in").text


def test_the_page_of_people_shows_what_is_fixed(chief: Browser, provider: Provider) -> None:
    page = html.fromstring(chief.client.get("/admin/people").data)
    said = page.xpath("string(//main)")
    assert urlsplit(provider.issuer).netloc in said
    assert "groups: desk" in said and "realm.roles: heads, all" in said
    assert SECRET not in chief.page()
    chief.post(422, act="email", name="chief", email="no address")
    chief.post(422, act="invite", name="ana", role="editor", email="a@b@c")


# --- what others may try ---


@pytest.mark.parametrize(
    "change",
    [
        {"state": "another"},
        {"state": None},
        {"state": "ü" * 100},
        {"code": None},
        {"code": "another"},
        {"iss": "https://evil.example"},
        {"error": "access_denied"},
    ],
    ids=str,
)
def test_a_way_back_that_was_changed_signs_nobody_in(
    client: FlaskClient, provider: Provider, change: dict[str, str | None]
) -> None:
    provider.person = DESK
    back = urlsplit(provider.let_in(leave(client)))
    sent = {name: values[0] for name, values in parse_qs(back.query).items()} | change
    query = urlencode({name: value for name, value in sent.items() if value is not None})
    assert_refused(client, client.get(f"{back.path}?{query}"), NOT_OURS)


def test_a_way_back_works_once_and_in_the_browser_that_asked(
    new: Callable[[], FlaskClient], provider: Provider
) -> None:
    provider.person = DESK
    client, other = new(), new()
    back = provider.let_in(leave(client))
    assert_refused(other, follow(other, back), NOT_OURS)
    cookies = dict(client._cookies or {})
    assert follow(client, back).status_code == 303
    assert_refused(other, follow(other, back), NOT_OURS)
    other._cookies = cookies  # of the time before the way back: the provider takes no code twice
    assert_refused(other, follow(other, back), NOT_OURS)


def test_a_code_of_somebody_else_is_worth_nothing_in_the_own_browser(
    new: Callable[[], FlaskClient], provider: Provider
) -> None:
    """Whoever caught a code puts it into a way back of their own: the verifier and the nonce are others."""
    victim, thief = new(), new()
    provider.person = DESK
    caught = parse_qs(urlsplit(provider.let_in(leave(victim))).query)["code"][0]
    own = urlsplit(provider.let_in(leave(thief)))
    state = parse_qs(own.query)["state"][0]
    assert_refused(thief, thief.get(f"{own.path}?{urlencode({'code': caught, 'state': state})}"), NOT_OURS)


def test_a_cookie_that_was_made_up_or_is_old_proves_nothing(
    client: FlaskClient, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.person = DESK
    back = provider.let_in(leave(client))
    (name,) = [cookie.key for cookie in client._cookies.values() if cookie.key.startswith(COOKIE)]  # type: ignore[union-attr]
    value = client.get_cookie(name, path=PATH).value  # type: ignore[union-attr]
    for changed in ("", "x", value[:-2], f"{value}x", value.partition(".")[0], json.dumps({"state": "s"})):
        client.set_cookie(name, changed, path=PATH)
        assert_refused(client, follow(client, back), NOT_OURS)
    client.set_cookie(name, value, path=PATH)
    real = time.time
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: real() + SECONDS + 5)
    assert_refused(client, follow(client, back), NOT_OURS)


def test_the_cookie_is_for_the_way_back_alone(client: FlaskClient, provider: Provider) -> None:
    client.get(PATH)
    response = client.get(PATH, headers={"Host": "tagger.example.org"})
    (cookie,) = response.headers.getlist("Set-Cookie")
    for part in ("HttpOnly", "SameSite=Lax", f"Path={PATH}", "Secure", f"Max-Age={SECONDS}"):
        assert part in cookie
    assert SECRET not in cookie


LIES: dict[str, dict[str, Any]] = {
    "another nonce": {"changed": {"nonce": "another"}},
    "no nonce": {"changed": {"nonce": None}},
    "the provider says that it knows no nonce": {"changed": {"nonce": "another", "nonce_supported": False}},
    "another issuer": {"changed": {"iss": "https://evil.example"}},
    "for another service": {"changed": {"aud": "another"}},
    "for another service, by this one": {"changed": {"aud": ["another"], "azp": CLIENT}},
    "for two, and made by another": {"changed": {"aud": [CLIENT, "another"], "azp": "another"}},
    "expired": {"changed": {"exp": int(time.time()) - 3600, "iat": int(time.time()) - 7200}},
    "never expires": {"changed": {"exp": None}},
    "not valid yet": {"changed": {"nbf": int(time.time()) + 3600}},
    "of the future": {"changed": {"iat": int(time.time()) + 3600}},
    "nobody": {"changed": {"sub": ""}},
    "a number": {"changed": {"sub": 7}},
    "signed by another key": {"make": by_another},
    "signed by nobody": {"make": unsigned},
    "signed by nobody, as the document allows": {
        "make": unsigned,
        "document": {"id_token_signing_alg_values_supported": ["none", "RS256"]},
    },
    "signed with the public key": {
        "make": by_public_key,
        "document": {"id_token_signing_alg_values_supported": ["HS256", "RS256"]},
    },
    "changed afterwards": {"make": lambda claims: signed({}, claims)[:-20] + "A" * 20},
    "an unknown key": {"make": lambda claims: jwt.encode({"alg": "RS256", "kid": "gone"}, claims, _unknown())},
    "no token": {"make": lambda _: ""},
    "half a token": {"make": lambda claims: signed({}, claims)[:40]},
}


def _unknown() -> RSAKey:
    return RSAKey.generate_key(2048)


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_does_not_prove_it_signs_nobody_in(
    client: FlaskClient, provider: Provider, store: Store, lie: str
) -> None:
    for name, value in LIES[lie].items():
        setattr(provider, name, value)
    assert_refused(client, sign_in(client, provider, DESK), NOT_OURS)
    assert [key.name for key in store.keys.list()] == ["chief"]


def test_clocks_may_differ_a_little(client: FlaskClient, provider: Provider) -> None:
    now = int(time.time())
    provider.changed = {"iat": now + 60, "nbf": now + 60, "exp": now - 60}
    assert sign_in(client, provider, DESK).status_code == 303


def test_the_endpoint_for_claims_speaks_of_the_same_person(client: FlaskClient, provider: Provider) -> None:
    provider.in_token, provider.changed = False, {"sub": "somebody else"}
    assert_refused(client, sign_in(client, provider, DESK), NOT_OURS)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("/tags/iskp?x=1", "/tags/iskp?x=1"),
        ("https://evil.example/", "/review"),
        ("//evil.example/", "/review"),
        ("/\\evil.example", "/review"),
        ("/x\\evil", "/review"),
        ("javascript:alert(1)", "/review"),
        ("/x\r\nSet-Cookie: a=b", "/review"),
        ("/" + "x" * 5000, "/" + "x" * 999),
    ],
)
def test_nobody_is_sent_elsewhere(client: FlaskClient, provider: Provider, asked: str, found: str) -> None:
    assert sign_in(client, provider, DESK, asked).headers["Location"] == found


def test_attempts_that_fail_are_counted_and_those_that_succeed_are_not(
    new: Callable[[], FlaskClient], provider: Provider
) -> None:
    for number in range(TRIES_OF_NAME + 3):
        assert sign_in(new(), provider, {**DESK, "sub": f"{number}", "name": f"n{number}"}).status_code == 303
    client = new()
    statuses = [sign_in(client, provider, {"sub": "x"}).status_code for _ in range(TRIES_OF_NAME + 1)]
    assert statuses == [403] * TRIES_OF_NAME + [429]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the service logs."""
    file = io.StringIO()
    logs.configure(file)
    yield file
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.getLogger().handlers.clear()


def test_nothing_that_the_provider_issued_is_stored_logged_or_shown(
    client: FlaskClient, provider: Provider, store: Store, written: io.StringIO
) -> None:
    logs.watch(client.application)
    pages = [sign_in(client, provider, {**DESK, "groups": groups}) for groups in (["desk"], ["sport"])]
    provider.make = by_another
    pages.append(sign_in(client, provider, DESK))
    with store.engine.connect() as connection:
        rows = " ".join(
            str(tuple(row))
            for name in ("keys", "sessions", "events")
            for row in connection.exec_driver_sql(f"SELECT * FROM {name}")
        )
    everything = rows + written.getvalue() + " ".join(page.text + str(page.headers) for page in pages)
    assert len(provider.issued) == 9
    assert [secret for secret in (*provider.issued, SECRET, DESK["sub"]) if secret in everything] == []
    assert "single_sign_on_refused" in written.getvalue()
    assert "BadSignatureError" in written.getvalue()


# --- a provider that is away ---


def assert_away(client: FlaskClient, response: Any) -> None:
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    page = html.fromstring(response.data)
    assert "does not answer" in page.xpath("string(//*[@role='alert'])")
    assert page.xpath("//form[@action='/sign-in']//input[@name='key']")  # the local way
    assert client.get("/health/live").status_code == 200


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a test can bear."""
    for name, seconds in (("RETRY_SECONDS", 0.0), ("ANSWER_SECONDS", 0.5)):
        monkeypatch.setattr(provider_module, name, seconds)


def drip(request: BaseHTTPRequestHandler) -> None:
    """Begin an answer that never comes to an end."""
    request.send_response(200)
    request.send_header("Content-Length", "100000")
    request.end_headers()
    with suppress(OSError):
        while True:
            request.wfile.write(b" ")
            time.sleep(0.02)


def flood(request: BaseHTTPRequestHandler) -> None:
    """Answer with more than anybody needs."""
    request.send_response(200)
    request.end_headers()
    with suppress(OSError):
        for _ in range(64):
            request.wfile.write(b" " * (1 << 20))


def answer(status: int, body: bytes = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def write(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return write


FAILURES: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {
    "500": answer(500),
    "no JSON": answer(200, b"<html>"),
    "a list": answer(200, b"[]"),
    "nothing in it": answer(200, b"{}"),
    "deep": answer(200, b"[" * 100_000),
    "a redirect": answer(302, Location="https://evil.example/"),
    "without end": drip,
    "endless": flood,
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("failure", "at"),
    [
        *((failure, "on the way there") for failure in FAILURES),
        *((failure, "on the way back") for failure in FAILURES if failure != "nothing in it"),
    ],
)
def test_a_provider_that_fails_is_said_and_the_local_way_is_there(
    client: FlaskClient, provider: Provider, quick: None, failure: str, at: str
) -> None:
    provider.person = DESK
    back = provider.let_in(leave(client)) if at == "on the way back" else ""
    provider.other = FAILURES[failure]
    assert_away(client, follow(client, back) if back else client.get(PATH))
    provider.other = None
    assert sign_in(client, provider, DESK).status_code == 303  # as soon as it is back


def test_a_provider_that_is_down_does_not_hinder_the_start(store: Store, registry: Registry, quick: None) -> None:
    with providing() as provider:
        port = urlsplit(provider.issuer).port or 0
    store.keys.create("ana", "admin")
    client = built(provider, store, registry).test_client()
    assert_away(client, client.get(PATH))
    with providing(port) as again:
        assert sign_in(client, again, DESK).status_code == 303


@pytest.mark.slow
def test_a_provider_that_hangs_is_asked_by_one_at_a_time_and_then_left_alone(
    client: FlaskClient, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_module, "STEP_SECONDS", 0.5)
    over = threading.Event()
    provider.other = lambda _: over.wait(60) and None
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(client.application.test_client().get(PATH).status_code))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    over.set()
    assert answers == [503] * 20
    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "https://evil.example/token"},
        {"jwks_uri": "https://evil.example/keys"},
        {"authorization_endpoint": "https://evil.example/authorize"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": "http://127.0.0.1:1/token"},
        {"jwks_uri": None},
    ],
    ids=str,
)
def test_nobody_is_asked_but_the_provider(client: FlaskClient, provider: Provider, document: dict[str, Any]) -> None:
    provider.document = document
    assert_away(client, client.get(PATH))
    assert provider.asked == ["/.well-known/openid-configuration"]


def test_a_document_does_not_change_how_the_provider_is_asked(client: FlaskClient, provider: Provider) -> None:
    provider.document = {"verify": False, "sign_on": None, "proxies": {"http": "http://127.0.0.1:1"}, "scope": "all"}
    assert sign_in(client, provider, DESK).status_code == 303


def test_the_document_is_fetched_once(client: FlaskClient, provider: Provider) -> None:
    for _ in range(3):
        assert sign_in(client, provider, DESK).status_code == 303
    assert provider.asked.count("/.well-known/openid-configuration") == 1
    assert provider.asked.count("/jwks_uri") == 1


def test_a_new_key_of_the_provider_is_fetched(client: FlaskClient, provider: Provider) -> None:
    assert sign_in(client, provider, DESK).status_code == 303
    provider.make, provider.key = (lambda claims: jwt.encode({"alg": "RS256", "kid": OTHER.kid}, claims, OTHER)), OTHER
    assert sign_in(client, provider, DESK).status_code == 303


def test_further_hosts_of_the_provider_are_those_that_are_listed() -> None:
    sign_on = SingleSignOn("https://id.example.org", "c", "s", hosts=read_hosts(["keys.example.net"]))
    for url in ("https://id.example.org/token", "https://keys.example.net/keys"):
        assert sign_on.may_be_asked(url)
    for url in (
        "http://id.example.org/token",
        "https://id.example.org:8443/",
        "https://evil.example.net/",
        "https://id.example.org@evil.example/",
        "https://a@id.example.org/",
        "http://keys.example.net/",
        "https://keys.example.net:22/",
        "https://[",
        None,
    ):
        assert not sign_on.may_be_asked(url), url


def test_settings_are_whole_or_refused(tmp_path: Path) -> None:
    assert sign_on_of(read_settings({})) is None
    (tmp_path / "secret").write_text("from a file\n")
    given = {"TAGGER_OIDC_ISSUER": "https://login.example.org/realm", "TAGGER_OIDC_CLIENT": "tagger"}
    given |= {"TAGGER_OIDC_ROLES": RULES, "TAGGER_OIDC_SECRET_FILE": str(tmp_path / "secret")}
    found = sign_on_of(read_settings(given))
    assert found is not None
    assert (found.secret, found.host, len(found.rules)) == ("from a file", "login.example.org", 3)
    assert "from a file" not in repr(found)
    for missing in ("TAGGER_OIDC_CLIENT", "TAGGER_OIDC_SECRET_FILE"):
        with pytest.raises(BadSetting, match=missing):
            sign_on_of(read_settings({name: value for name, value in given.items() if name != missing}))
    with pytest.raises(BadSetting, match="cannot be read"):
        sign_on_of(read_settings({**given, "TAGGER_OIDC_SECRET_FILE": str(tmp_path / "none")}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ISSUER", "http://login.example.org"),
        ("ISSUER", "login.example.org"),
        ("ISSUER", "https://login.example.org/?x=1"),
        ("ISSUER", "https://name@login.example.org"),
        ("ROLES", "groups=editor"),
        ("ROLES", "groups:desk=cms"),
        ("ROLES", ":desk=editor"),
        ("ROLES", "groups:desk"),
        ("HOSTS", "https://x.example"),
    ],
)
def test_a_setting_that_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"TAGGER_OIDC_{name}"):
        read_settings({f"TAGGER_OIDC_{name}": value})
