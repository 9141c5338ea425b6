"""Dates of articles: what is taken, how it is kept, and when an article counts as dated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.articles import Article, article_from_record
from classifier.domain.dates import DAYS_AHEAD, dated_at, in_utc, normal_date
from classifier.errors import BadArticle
from classifier.store.store import Store
from tests.storing import put_article

NOW = "2024-06-06T10:00:00.000001+00:00"
AHEAD = (datetime.now(UTC) + timedelta(days=200)).isoformat(timespec="seconds")


@pytest.mark.parametrize(
    ("sent", "kept", "utc"),
    [
        ("2024-06-06", "2024-06-06", "2024-06-06"),
        ("2024-06-06T10:00:00+02:00", "2024-06-06T10:00:00+02:00", "2024-06-06T08:00:00+00:00"),
        ("2024-06-06T10:00:00Z", "2024-06-06T10:00:00+00:00", "2024-06-06T10:00:00+00:00"),
        ("2024-06-06T10:00:00", "2024-06-06T10:00:00+00:00", "2024-06-06T10:00:00+00:00"),
        ("2024-06-06 10:00:00", "2024-06-06T10:00:00+00:00", "2024-06-06T10:00:00+00:00"),
        ("2024-06-06T10:00", "2024-06-06T10:00:00+00:00", "2024-06-06T10:00:00+00:00"),
        ("2024-06-06T10:00-0530", "2024-06-06T10:00:00-05:30", "2024-06-06T15:30:00+00:00"),
        ("2024-06-06T10:00:00.25+02", "2024-06-06T10:00:00.250000+02:00", "2024-06-06T08:00:00.250000+00:00"),
        ("2024-06-06T10:00:00.000000000Z", "2024-06-06T10:00:00+00:00", "2024-06-06T10:00:00+00:00"),
        ("1900-01-01", "1900-01-01", "1900-01-01"),
    ],
)
def test_dates_are_kept_in_one_form_and_sorted_in_another(sent: str, kept: str, utc: str) -> None:
    assert normal_date(sent, "published_at") == kept
    assert normal_date(kept, "published_at") == kept
    assert in_utc(kept) == utc


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "yesterday",
        "20240606",
        "1" * 30,
        "2024-W23-4",
        "2024-158",
        "2024",
        "2024-06",
        "2024-13-01",
        "2024-06-31",
        "2024-06-06T",
        "2024-06-06T10",
        "2024-06-06T10.5",
        "2024-06-06T10:00.5",
        "2024-06-06T100000",
        "2024-06-06T24:00:01",
        "2024-06-06T10:00:00+24:00",
        "2024-06-06T10:00:00 Europe/Paris",
        "2024-06-06\n",
        " 2024-06-06",
        "٢٠٢٤-٠٦-٠٦",
        "1899-12-31",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:00:00-12:00",
        (datetime.now(UTC) + timedelta(days=DAYS_AHEAD + 2)).date().isoformat(),
    ],
)
def test_other_dates_are_refused_by_the_api_and_in_records_and_the_field_is_named(
    client: FlaskClient, sent: str
) -> None:
    for path, method in (("/v1/articles/a", "PUT"), ("/v1/suggest", "POST")):
        answer = client.open(path, method=method, json={"title": "Raid", "published_at": sent})
        assert answer.status_code == 422 and "published_at" in answer.text
    for field in ("published_at", "tagged_at"):
        with pytest.raises(BadArticle, match=field):
            article_from_record({"id": "a", "title": "Raid", field: sent})


@given(st.datetimes(datetime(1900, 1, 2), datetime(2024, 1, 1), timezones=st.timezones()))
def test_dates_sort_as_text_in_the_order_of_time(at: datetime) -> None:
    fixed = datetime(2000, 1, 1, tzinfo=UTC)
    offset = at.utcoffset() or timedelta()
    sent = (at if not offset.seconds % 60 else at.astimezone(UTC)).isoformat()  # zones once had seconds
    assert (in_utc(normal_date(sent, "f")) < in_utc(fixed.isoformat())) == (at < fixed)


def test_an_article_without_a_date_or_with_one_ahead_counts_as_dated_at_its_arrival() -> None:
    arrived = "2024-06-05T00:00:00.000000+00:00"
    assert dated_at(None, arrived, NOW) == arrived
    assert dated_at("2024-06-06T12:00:00+01:00", arrived, NOW) == arrived
    assert dated_at("2024-06-07", arrived, NOW) == arrived
    assert dated_at("2024-06-06T12:00:00+02:00", arrived, NOW) == "2024-06-06T10:00:00+00:00"
    assert dated_at("2024-06-06", arrived, NOW) == "2024-06-06"


def test_a_scheduled_post_is_returned_as_it_was_sent_and_is_not_the_newest(store: Store) -> None:
    tags = {"tags": ("iskp",), "tags_complete": True}
    put_article(store, Article("scheduled", "A", published_at=AHEAD, **tags), "cms")  # type: ignore[arg-type]
    put_article(store, Article("later", "B", published_at=None, **tags), "cms")  # type: ignore[arg-type]
    stored = store.article("scheduled")
    assert stored.article.published_at == AHEAD
    examples = {one.article.id: one for one in store.exports.attributed()}
    filed = {one.article.id: one for one in store.exports.filed()}
    assert examples["scheduled"].at == stored.created_at < examples["later"].at
    assert examples["scheduled"].article.tagged_at == stored.created_at
    assert filed["scheduled"].at == stored.created_at


def test_a_post_that_appeared_counts_as_dated_when_it_appeared(store: Store) -> None:
    put_article(store, Article("post", "A draft"), "cms")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    put_article(store, Article("post", "A post", tags=("iskp",), published_at=now), "cms")
    (example,) = store.exports.attributed()
    assert example.at == now


def test_days_of_the_queue_are_days_in_utc(client: FlaskClient) -> None:
    for name, at in (("a", "2024-06-06T23:00:00-05:00"), ("b", "2024-06-07T01:00:00+02:00"), ("c", "2024-06-07")):
        assert client.put(f"/v1/articles/{name}", json={"title": name, "published_at": at}).status_code == 200
    listed = (client.get("/v1/articles?since=2024-06-07&until=2024-06-07").json or {})["articles"]
    assert {one["article_id"] for one in listed} == {"a", "c"}
