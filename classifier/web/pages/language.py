"""The language that a reader chooses for the pages, kept in a cookie."""

from urllib.parse import urlsplit

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from classifier.web.bodies import read_form
from classifier.web.texts import COOKIE, NAMES

_YEAR_SECONDS = 365 * 24 * 3600
blueprint = Blueprint("language", __name__)


@blueprint.post("/language")
def choose() -> Response:
    """Keep the reader's language, and lead back to the page on which it was chosen."""
    code, page = read_form().get("language", ""), urlsplit(request.referrer or "")
    is_ours = page.netloc == request.host and page.path.startswith("/") and not page.path.startswith("//")
    back = page._replace(scheme="", netloc="", fragment="").geturl() if is_ours else "/"
    response = redirect(back, 303)
    if code in NAMES:
        response.set_cookie(COOKIE, code, max_age=_YEAR_SECONDS, httponly=True, samesite="Lax", path="/")
    return response
