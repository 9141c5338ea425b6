"""Forms of the pages, read as strictly as the JSON of the API."""

from urllib.parse import parse_qs

from flask import request

from classifier.web.bodies import read_body
from classifier.web.problems import ApiProblem

SMALL = 64 * 1024  # bytes of a form without an article


def read_form(limit: int = SMALL) -> dict[str, str]:
    """Return the fields of a form, each once.

    Raises:
        ApiProblem: if the body is no form, too large, or not UTF-8.
    """
    if request.mimetype != "application/x-www-form-urlencoded":
        raise ApiProblem("not-json-type", "The page sends `application/x-www-form-urlencoded`.")
    try:
        fields = parse_qs(read_body(limit).decode("utf-8"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise ApiProblem("bad-request", "The form is not UTF-8, or has too many fields.") from None
    return {name: values[-1].replace("\x00", "") for name, values in fields.items()}
