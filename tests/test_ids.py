"""Ids of articles: `.` and `..` name folders in an address, so nothing is stored under them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from classifier.domain.articles import Article
from classifier.errors import BadArticle
from classifier.importers import import_files
from classifier.store.schema import articles, metadata
from classifier.store.store import Store
from tests.everything import stored_articles
from tests.storing import put_article


def pointers(response: Any) -> list[str]:
    assert response.status_code == 422
    return [error["pointer"] for error in response.get_json()["errors"]]


@pytest.mark.parametrize("article_id", [".", ".."])
def test_an_article_cannot_be_stored_as_a_folder_and_one_that_is_can_be_read_and_deleted(
    client: FlaskClient, store: Store, article_id: str
) -> None:
    path = f"/v1/articles/{article_id}"
    assert pointers(client.put(path, json={"title": "a"})) == ["/id"]
    batch = {"articles": [{"id": article_id, "title": "a"}]}
    assert pointers(client.post("/v1/suggest/batch", json=batch)) == ["/articles/0/id"]
    with pytest.raises(BadArticle):
        put_article(store, Article(article_id, "a"), "cms")
    put_article(store, Article("a", "a"), "cms")
    with store.engine.begin() as connection:
        for table in metadata.tables.values():  # what was stored with it, and would keep its id
            if any(key.column.table is articles for key in table.foreign_keys):
                connection.execute(table.delete())
        connection.execute(articles.update().values(id=article_id))
    assert client.get(path).get_json()["article_id"] == article_id
    assert client.delete(path).status_code == 204


@pytest.mark.parametrize("article_id", ["...", ".a", "..a", "a.", "a" * 200, "." * 200, ".." + "a" * 198, ":", "-"])
def test_other_ids_with_dots_are_ids(client: FlaskClient, article_id: str) -> None:
    assert client.put(f"/v1/articles/{article_id}", json={"title": "a"}).status_code == 200
    assert client.put(f"/v1/articles/{article_id}{'a' * 200}", json={"title": "a"}).status_code == 422


@pytest.mark.parametrize("article_id", [".", ".."])
def test_a_record_with_such_an_id_is_set_aside(store: Store, tmp_path: Path, article_id: str) -> None:
    file = tmp_path / "articles.jsonl"
    records = [{"id": article_id, "title": "A", "body": "A."}, {"id": "b", "title": "B", "body": "B."}]
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    set_aside = []
    import_files(store, [file], "import", set_aside=set_aside.append)
    assert [(one.line, one.field) for one in set_aside] == [(1, "id")]
    assert [one.article.id for one in stored_articles(store)] == ["b"]
