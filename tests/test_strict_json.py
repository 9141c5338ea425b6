"""Strict JSON: what is refused, and the place that the refusal names."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain import strict_json
from classifier.domain.strict_json import MAX_DEPTH, MAX_DIGITS, loads
from classifier.errors import BadJSON

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
)
KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


@given(VALUES, st.booleans())
def test_ordinary_json_is_read_as_python_reads_it(value: object, ascii_only: bool) -> None:
    assert loads(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary())
def test_any_bytes_are_read_or_refused_with_a_reason(raw: bytes) -> None:
    try:
        value = loads(raw)
    except BadJSON as error:
        assert str(error)
    else:
        assert value == json.loads(raw)


PIECES = [
    "{",
    "}",
    '"a"',
    '"b"',
    '"a\\":"',
    '"\\u0000"',
    ":",
    " :",
    ",",
    "[",
    "]",
    " ",
    "1",
    "null",
    "true",
    '"\\ud83d"',
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
    | st.lists(st.sampled_from(PIECES[2:6])).map(
        lambda keys: "{" + ",".join(f'{key}{":" if key != PIECES[2] else " :"}""' for key in keys) + "}"
    )
)
def test_the_short_way_for_plain_records_says_what_the_long_one_says(text: str) -> None:
    found = strict_json._plain_record(text.encode())
    assert found is None or found == strict_json._checked(text.encode())


def test_plain_records_take_the_short_way() -> None:
    assert (
        strict_json._plain_record(b'{"id": "a", "tags": ["x", "y"], "url" : null, "n": 0, "complete": true}')
        is not None
    )


@given(st.integers() | st.integers(2**63 - 2, 2**64 + 2) | st.sampled_from([10**19, 10**20, -(10**19), -(2**63)]))
def test_integers_are_read_or_refused_the_short_way_as_the_long_one(n: int) -> None:
    raw = b'{"n": %d}' % n
    found = strict_json._plain_record(raw)
    assert (found is not None) == (-(2**63) <= n < 2**64)
    assert found is None or found == strict_json._checked(raw) == {"n": n}


@pytest.mark.parametrize(
    ("raw", "pointer", "reason"),
    [
        (b'{"title": "a", "title": "b"}', "/title", "occurs twice"),
        (b'{"title" : "a", "title": "b", "url": "c\\":"}', "/title", "occurs twice"),
        (b'{"articles": [{}, {"id": "a", "id": "b"}]}', "/articles/1/id", "occurs twice"),
        (b'{"score": NaN}', "/score", "NaN is not a JSON number"),
        (b'{"score": [1, Infinity]}', "/score/1", "Infinity is not"),
        (b'{"score": -Infinity}', "/score", "-Infinity is not"),
        (b'{"score": 1e999}', "/score", "out of range"),
        (b'{"score": -1e999}', "/score", "out of range"),
        (b'{"body": "a\\u0000b"}', "/body", "NUL"),
        (b'{"tags": ["iskp", "\\ud83d"]}', "/tags/1", "surrogate"),
        (b'{"\\u0000": 1}', "/\ufffd", "key holds NUL"),
        (b'{"\\udc00": 1}', "/\ufffd", "surrogate"),
        (b'{"a/b": {"c~d": NaN}}', "/a~1b/c~0d", "NaN"),
        (b"NaN", "", "NaN"),
    ],
)
def test_what_breaks_the_rules_is_refused_with_its_place(raw: bytes, pointer: str, reason: str) -> None:
    with pytest.raises(BadJSON, match=reason) as refused:
        loads(raw)
    assert refused.value.pointer == pointer


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "Not JSON"),
        (b"{", "line 1, column 2"),
        (b'{"a": 1}\n{"b": 2}', "line 2, column 1"),
        (b"{'a': 1}", "Not JSON"),
        (b'{"a": 1,}', "Not JSON"),
        (b'"a\nb"', "Not JSON"),
        (b'"caf\xe9"', r"Not UTF-8 \(byte 4\)"),
        (b"\xff\xfe{\x00}\x00", "Not UTF-8"),
    ],
)
def test_what_is_no_json_at_all_has_no_place(raw: bytes, reason: str) -> None:
    with pytest.raises(BadJSON, match=reason) as refused:
        loads(raw)
    assert refused.value.pointer is None


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def test_depth_up_to_the_limit_is_read() -> None:
    assert json.dumps(loads(nested(MAX_DEPTH))).encode() == nested(MAX_DEPTH)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 500, 200_000])
def test_deeper_nesting_is_refused(depth: int) -> None:
    with pytest.raises(BadJSON, match=f"nested deeper than {MAX_DEPTH} levels"):
        loads(nested(depth))


def test_integers_up_to_the_limit_are_read() -> None:
    assert loads(b"9" * MAX_DIGITS) == int("9" * MAX_DIGITS)


@pytest.mark.parametrize("n_digits", [MAX_DIGITS + 1, 2_000_000])
def test_longer_integers_are_refused_without_being_computed(n_digits: int) -> None:
    with pytest.raises(BadJSON, match=f"integer of {n_digits} digits is out of range"):
        loads(b"9" * n_digits)


def test_long_key_is_shown_in_part() -> None:
    key = b'"' + b"k" * 10_000 + b'"'
    with pytest.raises(BadJSON) as refused:
        loads(b"{" + key + b":1," + key + b":2}")
    assert len(str(refused.value)) < 200
