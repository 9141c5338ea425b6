"""The headers that every answer has: what browsers may do with it, the id of its request, what is left of a rate."""

from flask import Flask, Response

from classifier.web.incoming import REQUEST_ID, incoming
from classifier.web.problems import noted

_FIXED = (
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),  # for browsers that do not know frame-ancestors
    # Not no-referrer: with that, browsers send the service's own forms with the origin "null".
    ("Referrer-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_SECURE = ("Strict-Transport-Security", "max-age=31536000")
_UNKEPT = ("Cache-Control", "no-store")
_KEPT = ("text/css", "text/javascript")


def added_headers(response: Response) -> list[tuple[str, str]]:
    """Return the headers that an answer to the present request still lacks."""
    request = incoming()
    headers = [(REQUEST_ID, request.request_id), *request.rate_headers.items(), *_FIXED]
    if request.request.is_secure:
        headers.append(_SECURE)
    if response.mimetype not in _KEPT:
        headers.append(_UNKEPT)
    present = {name.lower() for name, _ in response.headers}  # `in response.headers` reads all of them each time
    return [header for header in headers if header[0].lower() not in present]


def install(app: Flask) -> None:
    """Let Flask note each answer and add its headers. The door does both itself."""

    @app.after_request
    def _(response: Response) -> Response:
        response = noted(response)
        response.headers.extend(added_headers(response))
        return response
