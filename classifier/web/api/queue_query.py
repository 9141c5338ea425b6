"""The query string of the queue: filters, order, page size and cursor."""

import base64
import json
import re
from dataclasses import replace

from flask import request

from classifier.domain import strict_json
from classifier.errors import BadJSON
from classifier.serving.finding import sought_in
from classifier.serving.tagger import Tagger
from classifier.store.queue import DRAWN, ORDERS, STATES, Wanted
from classifier.texts import _
from classifier.web.api.openapi import Parameter
from classifier.web.problems import bad_parameter

MAX_PAGE = 100
DEFAULT_PAGE = 50
MAX_POSITION = 10**9
MAX_FILTER = 200  # characters of a source or a tag
QUEUE_STATES = ("open", *STATES, "all")
UNKNOWN = "und"  # of BCP 47, for a language that is not known
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LIMIT = re.compile(r"[0-9]{1,10}")

FILTERS = (
    Parameter.choice("order", *ORDERS, default="newest").saying(
        "`newest`: by the articles' own dates. `turns`: the newest and those of which the model doubts most, by turns. "
        "`teach`: those with a score nearest to its threshold, and as every tenth one by lot."
    ),
    Parameter("q", {"type": "string", "maxLength": MAX_FILTER}, "Beginnings of words of title or id, or a tag's name."),
    Parameter("source", {"type": "string"}),
    Parameter(
        "language",
        {"type": "string"},
        "The code of a language in which a model read the text; `und` if it is not known.",
    ),
    Parameter("tag", {"type": "string"}, "Suggested, and not answered yet."),
    Parameter("sample", {"type": "string"}, "Of a sample, and not judged yet, in the order in which they were drawn."),
    Parameter(
        "redecide",
        {"type": "string"},
        "Waiting for another decision instead of this tag, which was split. Newest first.",
    ),
    Parameter("since", {"type": "string", "format": "date"}),
    Parameter("until", {"type": "string", "format": "date"}),
)
PARAMETERS = (
    Parameter.choice("state", *QUEUE_STATES, default="all"),
    *FILTERS,
    Parameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": DEFAULT_PAGE}),
    Parameter("cursor", {"type": "string"}, "`cursor` of the page before."),
)


def choice_of(name: str, choices: tuple[str, ...], default: str) -> str:
    """Return a parameter of the query string that is one of some choices. Raise `ApiProblem` (422) if it is another."""
    value = request.args.get(name, default)
    if value not in choices:
        raise bad_parameter(
            name,
            _(
                "`%(name)s` is one of %(names)s, not %(value)s.",
                name=name,
                names=", ".join(choices),
                value=repr(value[:60]),
            ),
        )
    return value


def number_of(name: str, low: int, high: int, default: int) -> int:
    """Return a parameter of the query string that is a whole number. Raise `ApiProblem` (422) if it is none in the range."""
    value = request.args.get(name, str(default))
    if not _LIMIT.fullmatch(value) or not low <= int(value) <= high:
        raise bad_parameter(
            name,
            _(
                "`%(name)s` is a whole number from %(low)s to %(high)s, not %(value)s.",
                name=name,
                low=low,
                high=high,
                value=repr(value[:60]),
            ),
        )
    return int(value)


def queue_wanted(tagger: Tagger, viewer: str | None, state: str = "all") -> Wanted:
    """Return the articles that a request asks for. `state` holds where it names none."""
    state, order = choice_of("state", QUEUE_STATES, state), choice_of("order", ORDERS, "newest")
    since, until, sample, text = _day("since"), _day("until"), filter_of("sample"), filter_of("q")
    wanted = Wanted(
        None if state == "all" else state, filter_of("source"), filter_of("tag"), since, until, order, viewer
    )
    if language := filter_of("language"):
        wanted = replace(wanted, language="" if language == UNKNOWN else language)
    if text is not None and text.strip():
        wanted = replace(wanted, text=sought_in(text, tagger.taxonomy()))
    redecide = filter_of("redecide")
    if redecide is not None and sample is not None:
        raise bad_parameter("redecide", _("`redecide` and `sample` cannot be asked for together."))
    if redecide is not None:
        return replace(wanted, redecide=redecide, order="newest")
    return wanted if sample is None else replace(wanted, sample=sample, order=DRAWN)


def _day(name: str) -> str | None:
    value = request.args.get(name)
    if value is not None and not _DAY.fullmatch(value):
        raise bad_parameter(
            name, _("`%(name)s` is a day like 2024-06-06, not %(value)s.", name=name, value=repr(value[:60]))
        )
    return value


def filter_of(name: str) -> str | None:
    """Return a text parameter of the query string, None without it. Raise `ApiProblem` (422) if it is too long or has a NUL."""
    value = request.args.get(name)
    if value is not None and ("\x00" in value or len(value) > MAX_FILTER):
        raise bad_parameter(
            name, _("`%(name)s` has at most %(most)s characters, none of them NUL.", name=name, most=MAX_FILTER)
        )
    return value


def page_size() -> int:
    """Return how many articles a page shall have."""
    value = request.args.get("limit", str(DEFAULT_PAGE))
    if not _LIMIT.fullmatch(value) or not 1 <= int(value) <= MAX_PAGE:
        raise bad_parameter(
            "limit", _("`limit` is a number from 1 to %(most)s, not %(value)s.", most=MAX_PAGE, value=repr(value[:60]))
        )
    return int(value)


def cursor_of(end: tuple[object, ...] | None) -> str | None:
    """Return the cursor for the end of a page. None behind the last page."""
    return base64.urlsafe_b64encode(json.dumps(end).encode()).decode() if end else None


def read_cursor(order: str) -> tuple[object, ...] | None:
    """Return the end of the page before, None for the first page. Raise `ApiProblem` (422) for a cursor of another order."""
    cursor = request.args.get("cursor")
    if cursor is None:
        return None
    try:
        end = strict_json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, BadJSON):
        end = None
    match order, end:
        case "newest", [str(dated_at), str(article_id)]:
            return dated_at, article_id
        case "turns", [None | str() as dated_at, a, doubt, b] if _is_end(doubt, b) and (dated_at is None) == (
            a is None
        ):
            if a is None or isinstance(a, str):
                return dated_at, a, _float(doubt), b
        case "teach", [margin, a, lot, b] if _is_end(margin, a) and _is_end(lot, b) and (margin, lot) != (None, None):
            return _float(margin), a, _float(lot), b
        case "drawn", [int(position)] if 0 <= position < MAX_POSITION:
            return (position,)
    raise bad_parameter("cursor", _("`cursor` is not one that this service gave for this order."))


def _is_end(key: object, article_id: object) -> bool:
    """Whether these are the end of a stream of the queue, or say that it has not begun."""
    return (key is None and article_id is None) or (isinstance(key, int | float) and isinstance(article_id, str))


def _float(key: float | None) -> float | None:
    """Return a key of the queue as a float. A database takes no integer of more than 64 bits."""
    return None if key is None else float(key)
