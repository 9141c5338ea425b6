"""The OpenID Connect provider of the house: its discovery document, the way to it, and what its tokens say of a person.

Authlib does the protocol: the authorization code flow with PKCE, state and nonce, and the checks of the ID token (signature,
issuer, audience, times, nonce). Tokens live as long as the request that fetched them. Only the hosts of the provider are asked,
for a limited time, and no redirect is followed.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import FlaskOAuth2App
from authlib.integrations.requests_client import OAuth2Session
from joserfc.errors import JoseError
from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter

from classifier.operations.single_sign_on import SingleSignOn, claim_of
from classifier.store.identities import Identity

KEPT_SECONDS = 3600.0  # for which a discovery document and keys are used
RETRY_SECONDS = 5.0  # after a failure, for which the provider is not asked for its document again
STEP_SECONDS, ANSWER_SECONDS = 5.0, 10.0  # for a connection or a part of an answer, and for the whole of it
MAX_BYTES = 1 << 20  # of an answer
SKEW_SECONDS = 120  # by which the clocks of the provider and of this machine may differ
AT_ONCE = 8  # threads of a process that talk to the provider
SCOPE = "openid email profile"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
# With the provider's public keys. `none` and those with a shared secret prove nothing.
ALGORITHMS = frozenset(
    ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
)


class ProviderAway(Exception):
    """The provider does not answer, or not as a provider does."""


class Untrusted(Exception):
    """What came back proves nothing: it is no answer to the question, is too old, or was made by somebody else."""


class Asked(NamedTuple):
    """The way to the provider, and what has to be known when the person comes back."""

    url: str
    state: str
    nonce: str
    verifier: str


class Provider:
    """The provider of a service. Its document is fetched when it is needed first."""

    def __init__(self, sign_on: SingleSignOn) -> None:
        self.sign_on = sign_on
        self._lock = threading.Lock()
        self._at_work = threading.BoundedSemaphore(AT_ONCE)
        self._app: Any = None
        self._until = 0.0  # of the monotonic clock: for which the app, or its absence, is kept

    def way(self, back: str) -> Asked:
        """Return the way to the provider, which sends the person back to an address. Raise `ProviderAway`."""
        with self._talking() as app:
            made = app.create_authorization_url(back)
            return Asked(made["url"], made["state"], made["nonce"], made["code_verifier"])

    def person(
        self, code: str, asked: Mapping[str, str], back: str, issuer: str | None
    ) -> tuple[Identity, dict[str, Any]]:
        """Return who a code stands for, and the claims on the person. `issuer` is who sent the code, if that was said.

        Raises:
            ProviderAway: if the provider does not answer.
            Untrusted: if it does not take the code, or if its token does not prove who this is.
        """
        with self._talking() as app:
            expected = app.server_metadata["issuer"]
            if issuer is not None and issuer != expected:
                raise Untrusted("other issuer")
            token = app.fetch_access_token(back, code=code, code_verifier=asked["verifier"])
            if "id_token" not in token:
                raise Untrusted("no ID token")
            proofs = {"iss": {"essential": True, "value": expected}}
            proofs["aud"] = {"essential": True, "value": self.sign_on.client_id}
            found = app.parse_id_token(token, asked["nonce"], claims_options=proofs, leeway=SKEW_SECONDS)
            claims = self._completed(app, token, dict(found))
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise Untrusted("no subject")
        return _identity(expected, claims), claims

    def _completed(self, app: Any, token: Any, claims: dict[str, Any]) -> dict[str, Any]:
        """Return the claims of a token, with those of the provider's endpoint that it lacks."""
        wanted = ("email", "name", *(rule.claim for rule in self.sign_on.rules))
        endpoint = app.server_metadata.get("userinfo_endpoint")
        if all(claim_of(claims, name) is not None for name in wanted) or not self.sign_on.may_be_asked(endpoint):
            return claims
        more = app.userinfo(token=token)
        if more.get("sub") != claims["sub"]:
            raise Untrusted("claims of somebody else")
        return {**more, **claims}

    @contextmanager
    def _talking(self) -> Iterator[Any]:
        """Yield the client with the provider's document. What fails becomes one of the two exceptions."""
        if not self._at_work.acquire(blocking=False):
            raise ProviderAway
        try:
            yield self._client()
        except (OAuthError, JoseError) as error:
            claim = getattr(error, "claim", None) or getattr(error, "error", "")
            raise Untrusted(f"{type(error).__name__} {claim}".strip()) from None
        except (RequestException, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
            structlog.get_logger().warning("provider_away", issuer=self.sign_on.issuer, exc_info=error)
            raise ProviderAway from None
        finally:
            self._at_work.release()

    def _client(self) -> Any:
        with self._lock:
            if time.monotonic() >= self._until:
                self._app, self._until = None, time.monotonic() + RETRY_SECONDS
                self._app = self._discovered()
                self._until = time.monotonic() + KEPT_SECONDS
            if self._app is None:
                raise ProviderAway
            return self._app

    def _discovered(self) -> Any:
        """Return a client that knows the provider's document. Raises something if it is none of this issuer."""
        sign_on = self.sign_on
        app = FlaskOAuth2App(
            None,  # what has to be known when somebody comes back is in a cookie of the service's own
            client_id=sign_on.client_id,
            client_secret=sign_on.secret,
            server_metadata_url=f"{sign_on.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"sign_on": sign_on},
        )
        app.client_cls = _Session
        document = app.load_server_metadata()
        if document["issuer"].rstrip("/") != sign_on.issuer.rstrip("/"):
            raise ValueError("another issuer")
        if not all(sign_on.may_be_asked(document[name]) for name in _ENDPOINTS):
            raise ValueError("an endpoint on another host")
        known = {name: document[name] for name in ("issuer", *_ENDPOINTS, "userinfo_endpoint") if name in document}
        algorithms = set(document.get("id_token_signing_alg_values_supported", ["RS256"])) & ALGORITHMS
        # Authlib hands all of it to the sessions that it makes, as their options.
        app.server_metadata = known | {"id_token_signing_alg_values_supported": sorted(algorithms), "_loaded_at": 1}
        methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        method = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
        app.client_kwargs |= {"scope": SCOPE, "code_challenge_method": "S256", "token_endpoint_auth_method": method}
        return app


class _Session(OAuth2Session):  # type: ignore[misc]  # Authlib has no types
    """A session that reaches the provider alone."""

    def __init__(self, *arguments: Any, sign_on: SingleSignOn, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for scheme in ("https://", "http://"):
            self.mount(scheme, _ToProvider(sign_on))


class _ToProvider(HTTPAdapter):
    """Sends requests to the provider, and reads its answers within limits of time and size."""

    def __init__(self, sign_on: SingleSignOn) -> None:
        super().__init__()
        self._sign_on = sign_on

    def send(self, request: PreparedRequest, *_: Any, **options: Any) -> Response:
        if not self._sign_on.may_be_asked(request.url):
            raise RequestException("not the provider")
        until = time.monotonic() + ANSWER_SECONDS
        sent = {name: options[name] for name in ("verify", "cert", "proxies") if name in options}
        response = super().send(request, stream=True, timeout=STEP_SECONDS, **sent)
        if response.is_redirect:
            raise RequestException("a redirect")
        body = b""
        while part := response.raw.read1(1 << 16, decode_content=True):
            body += part
            if len(body) > MAX_BYTES or time.monotonic() > until:
                raise RequestException("too long")
        response._content, response._content_consumed = body, True
        response.raw.release_conn()
        return response


def _identity(issuer: str, claims: Mapping[str, Any]) -> Identity:
    texts = (claims.get(name) for name in ("name", "preferred_username"))
    names = tuple(text for text in texts if isinstance(text, str))
    email, is_verified = claims.get("email"), claims.get("email_verified")
    verified = email.strip().lower() if isinstance(email, str) and is_verified is True else None
    return Identity(issuer, str(claims["sub"]), names, verified or None)
