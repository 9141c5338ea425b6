"""An OpenID Connect provider on a real socket, which can be made to lie: tokens are really signed, codes work once.

It is not made with Authlib, so that a mistake of one side is not the other's too. `test_single_sign_on_browser.py` signs in at a
certified one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "tagger", "a-secret-of-the-provider"
SIGNING, OTHER = (RSAKey.generate_key(2048, {"kid": kid}) for kid in ("the-key", "another-key"))

Claims = dict[str, Any]


def signed(header: Mapping[str, Any], claims: Claims) -> str:
    return jwt.encode({"alg": "RS256", "kid": SIGNING.kid, **header}, claims, SIGNING)


def unsigned(claims: Claims, algorithm: str = "none") -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": algorithm, "kid": SIGNING.kid}, claims))
    return f"{'.'.join(map(_encoded, parts))}."


def by_another(claims: Claims) -> str:
    """Return a token that another key has signed under the name of the provider's."""
    return jwt.encode({"alg": "RS256", "kid": SIGNING.kid}, claims, OTHER)


def by_public_key(claims: Claims) -> str:
    """Return a token that is signed with the provider's public key as if it were a shared secret."""
    text = unsigned(claims, "HS256").rstrip(".")
    return f"{text}.{_encoded(hmac.digest(SIGNING.as_pem(private=False), text.encode(), 'sha256'))}"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Provider:
    """A provider that runs. `person` signs in next; everything may be changed at any time."""

    issuer: str
    person: Claims = field(default_factory=dict)
    in_token: bool = True  # whether the claims stand in the token, or at the endpoint for them
    changed: Claims = field(default_factory=dict)  # claims of the token that differ from the truth
    make: Callable[[Claims], str] = lambda claims: signed({}, claims)  # how a token is made
    key: RSAKey = field(default_factory=lambda: SIGNING)  # that it publishes
    document: Claims = field(default_factory=dict)  # what differs in the discovery document
    other: Callable[[BaseHTTPRequestHandler], None] | None = None  # what is done instead of answering
    asked: list[str] = field(default_factory=list)  # paths
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    issued: list[str] = field(default_factory=list)  # codes and tokens, which nobody may keep

    def discovery(self) -> Claims:
        ends = {name: f"{self.issuer}/{name}" for name in ("token_endpoint", "userinfo_endpoint", "jwks_uri")}
        ends["authorization_endpoint"] = f"{self.issuer}/authorize"
        return {"issuer": self.issuer, **ends, "id_token_signing_alg_values_supported": ["RS256"], **self.document}

    def let_in(self, url: str) -> str:
        """Do what the provider's page does when the person signs in, and return the way back."""
        asked = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        self.issued.append(code)
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.issuer})}"

    def token(self, form: Mapping[str, str], authorization: str) -> tuple[int, Claims]:
        """Answer a request for a token, as the protocol demands it."""
        name_and_secret = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        if name_and_secret != f"{CLIENT}:{SECRET}":
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            asked is None
            or form.get("redirect_uri") != asked["redirect_uri"]
            or challenge.rstrip(b"=").decode() != asked["code_challenge"]
        ):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        times = {"iat": now, "exp": now + 300}
        claims = {"iss": self.issuer, "aud": CLIENT, **times, "nonce": asked["nonce"], "sub": self.person["sub"]}
        id_token = self.make({**claims, **(self.person if self.in_token else {}), **self.changed})
        answer = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 300}
        self.issued += [id_token, answer["access_token"]]
        return 200, {**answer, "id_token": id_token}


@contextmanager
def providing(port: int = 0) -> Iterator[Provider]:
    """Start a provider, and stop it with the block."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    server.daemon_threads = True
    provider = Provider(f"http://127.0.0.1:{server.server_port}")
    server.provider = provider  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        provider = self._provider()
        if provider.other is not None:
            return provider.other(self)
        path = urlsplit(self.path).path
        if path == "/authorize":
            self.send_response(302)
            self.send_header("Location", provider.let_in(self.path))
            self.end_headers()
            return None
        answers: dict[str, Callable[[], Claims]] = {
            "/.well-known/openid-configuration": provider.discovery,
            "/jwks_uri": lambda: {"keys": [provider.key.as_dict(private=False)]},
            "/userinfo_endpoint": lambda: provider.person,
        }
        return self._answer(*((200, answers[path]()) if path in answers else (404, {})))

    def do_POST(self) -> None:
        provider = self._provider()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if provider.other is not None:
            return provider.other(self)
        form = {name: value[0] for name, value in parse_qs(body).items()}
        return self._answer(*provider.token(form, self.headers.get("Authorization", "")))

    def _provider(self) -> Provider:
        provider: Provider = self.server.provider  # type: ignore[attr-defined]
        provider.asked.append(urlsplit(self.path).path)
        return provider

    def _answer(self, status: int, value: Claims) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
