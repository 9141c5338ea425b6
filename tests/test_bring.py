"""An archive that is brought over the pages: each step, the whole way, what is refused, and what survives a restart."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html

from classifier.archive.bring.folder import ArchiveFolder, State
from classifier.archive.bring.jobs import JOBS, READ
from classifier.domain.articles import Article
from classifier.domain.sentences import LOST
from classifier.domain.taxonomy import Taxonomy
from classifier.reports.draft.sheet import Sheet
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.runs import FAILED, JOB
from classifier.store.store import Store
from classifier.web import build_app
from classifier.web.guard.limits import Limits
from classifier.web.texts import NAMES
from tests.archives import export_of
from tests.latin import left_in_latin
from tests.waiting import SECONDS

pytestmark = pytest.mark.sqlite("files are read and tags corrected without the store")

N = 210  # articles that are brought; the gate wants 200
TSV = "Nr\tHeadline\tText\tTopics\n1\tISKP in Kabul\tThe Taliban fought ISKP.\tTaliban;ISKP\n2\tTalks\tTalks in Doha.\tTaliban\n"


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    """A client that is signed in; while no key exists, everybody may do everything."""
    client.post("/sign-in", data={"name": "mia"})
    return client


@pytest.fixture
def folder(registry: Registry) -> ArchiveFolder:
    return ArchiveFolder(registry.folder)


@pytest.fixture(scope="session")
def export(articles: list[Article]) -> bytes:
    """The first articles of the desk as a WordPress export, with spellings of its own."""
    return export_of(articles[:N])


def token(client: FlaskClient) -> str:
    return str(html.fromstring(client.get("/help").text).xpath("//meta[@name='csrf']/@content")[0])


def send(client: FlaskClient, path: str, **fields: Any) -> Any:
    return client.post(f"/archive/{path}", data={"csrf": token(client), **fields})


def upload(client: FlaskClient, *files: tuple[str, bytes]) -> Any:
    """Send files as a browser does. The client's own encoder leaves files open that are larger than half a megabyte."""
    kind = "Content-Disposition: form-data; name"
    parts = [f'--x\r\n{kind}="csrf"\r\n\r\n{token(client)}\r\n'.encode()]
    parts += [f'--x\r\n{kind}="files"; filename="{name}"\r\n\r\n'.encode() + raw + b"\r\n" for name, raw in files]
    body = BytesIO(b"".join(parts) + b"--x--\r\n")
    return client.post("/archive/upload", input_stream=body, content_type="multipart/form-data; boundary=x")


def main(client: FlaskClient, path: str = "") -> str:
    """Return the text of a page."""
    answer = client.get(f"/archive{path}", follow_redirects=True)
    assert answer.status_code == 200
    return " ".join(html.fromstring(answer.text).get_element_by_id("main").text_content().split())


def left_in_english(client: FlaskClient, path: str, names: Iterable[str]) -> set[str]:
    """Return the Latin words of a page in Arabic but for names of the archive."""
    answer = client.get(f"/archive{path}", headers={"Accept-Language": "ar"})
    assert 'lang="ar"' in answer.text
    return left_in_latin(answer.text, [*names, *NAMES.values(), "desk export.xml", "mia"])


def n_articles(client: FlaskClient) -> int:
    """Return how many articles were read, as the page says."""
    return int(html.fromstring(client.get("/archive").text).get_element_by_id("n-articles").text_content())


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < end, "it did not come to its end"
        time.sleep(0.2)


def state_of(folder: ArchiveFolder) -> State:
    state = folder.state()
    assert state is not None
    return state


def until_read(client: FlaskClient, folder: ArchiveFolder, store: Store) -> None:
    """Wait for the end of the reading and of the data report."""
    until(lambda: not store.runs.get(str(state_of(folder).reading)).is_unfinished)
    if store.runs.get(str(state_of(folder).reading)).outcome == "done":
        until(lambda: (run := state_of(folder).reporting) and not store.runs.get(run).is_unfinished)


# --- the whole way ---


@pytest.mark.slow
def test_an_archive_is_read_corrected_stored_and_learned(
    admin: FlaskClient, folder: ArchiveFolder, store: Store, registry: Registry, export: bytes, taxonomy: Taxonomy
) -> None:
    answer = upload(admin, ("desk export.xml", export))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/archive")
    assert "desk export.xml" in main(admin)
    until_read(admin, folder, store)
    page = main(admin)
    assert n_articles(admin) == N
    assert "Go on: look at the tags" in page
    assert "What to know" in admin.get("/archive/report").text

    tags = main(admin, "/tags?view=all")
    assert "Leaders & commanders" in tags
    sheet = folder.read("sheet", Sheet)
    assert sheet is not None
    names = [name for row in sheet.rows for name in (row.name, row.label)] + [tag.label for tag in taxonomy.tags]
    for path in ("", "/tags?view=all", "/tags?view=doubtful", "/tags?view=dropped"):
        assert left_in_english(admin, path, names) == set(), path
    assert left_in_english(admin, "/report", [*names, export.decode()]) == set()
    assert send(admin, "settle", least="5").status_code == 303
    assert send(admin, "choose", name="Leaders & commanders", action="merge", value="Leadership").status_code == 303
    assert send(admin, "choose", name="policy", action="drop").status_code == 303
    assert send(admin, "undo").status_code == 303
    assert [choice.action for choice in state_of(folder).choices] == ["merge"]

    again = build_app(Tagger(Serving(registry), store), registry).test_client()  # the service was started anew
    again.post("/sign-in", data={"name": "mia"})
    assert "merged into Leadership" in main(again, "/tags?view=merged&q=leaders")

    assert send(again, "store-all").headers["Location"] == "/archive/result"
    until(lambda: state_of(folder).training is not None)
    run_id = str(state_of(folder).training)
    until(lambda: not store.runs.get(run_id).is_unfinished)
    assert sum(n for source, n in store.count_articles().items() if source == "archive") == N
    stored = store.article("wp-1").article
    assert "News" not in (stored.tags or ())
    result = main(again, "/result")
    assert "What it gets right" in result
    assert "What it would have cost by hand" in result
    assert left_in_english(again, "/result", names) == set()
    assert not folder.articles.exists()
    assert not folder.files.exists()

    version = store.runs.get(run_id).version
    assert version is not None
    if store.runs.get(run_id).outcome != "promoted":
        assert "Let it serve" in result
        assert send(again, "serve").status_code == 303
    champion = registry.champion()
    assert champion is not None
    assert champion.version == version
    assert send(again, "throw-away").headers["Location"] == "/archive"
    assert folder.state() is None
    assert store.article("wp-1").article.title == stored.title


# --- files ---


@pytest.mark.slow
def test_columns_of_a_table_are_named_by_a_person(admin: FlaskClient, folder: ArchiveFolder, store: Store) -> None:
    upload(admin, ("table.tsv", TSV.encode()))
    until_read(admin, folder, store)
    page = main(admin)
    assert "there is no column for `id`" in page
    assert "Headline" in page
    columns = {"column_id": "Nr", "column_title": "Headline", "column_body": "Text", "column_tags": "Topics"}
    assert send(admin, "read", **columns).status_code == 303
    until_read(admin, folder, store)
    assert n_articles(admin) == 2
    assert "Taliban" in main(admin, "/tags?view=all")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"encoding": "klingon"}, "Encoding: there is none called"),
        ({"delimiter": ";;"}, "Character between columns: write one character"),
        ({"tag_separator": "--"}, "Character between tags: write one character"),
        ({"column_title": ["Text", "Headline"]}, "Only the tags may have several columns"),
    ],
)
def test_a_way_of_reading_that_cannot_be_names_its_field(
    admin: FlaskClient, folder: ArchiveFolder, store: Store, fields: dict[str, Any], why: str
) -> None:
    upload(admin, ("table.tsv", TSV.encode()))
    until_read(admin, folder, store)
    answer = send(admin, "read", **fields)
    assert answer.status_code == 422
    assert why in answer.text


@pytest.mark.slow
def test_a_zip_of_texts_is_read_as_its_files(admin: FlaskClient, folder: ArchiveFolder, store: Store) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("2024/kabul.txt", "ISKP in Kabul\nThe Taliban fought ISKP.")
        archive.writestr("2024/doha.html", "<h1>Talks</h1><p>In Doha.</p>")
        archive.writestr("table.tsv", TSV.replace("Nr", "id").replace("Headline", "title"))
    upload(admin, ("all.zip", packed.getvalue()))
    until_read(admin, folder, store)
    assert n_articles(admin) == 4


@pytest.mark.slow
def test_a_hostile_zip_is_refused_with_its_limit_and_nothing_outside_is_written(
    admin: FlaskClient, folder: ArchiveFolder, store: Store
) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.txt", bytes(50 << 20))
    upload(admin, ("bomb.zip", packed.getvalue()))
    until_read(admin, folder, store)
    page = main(admin)
    assert "bomb.zip unpacks to more than 200 times its size" in page
    assert str(folder.path) not in page
    assert send(admin, "throw-away").status_code == 303
    assert not folder.path.exists()


def test_files_over_the_limit_are_refused_with_the_limit(tagger: Tagger, registry: Registry) -> None:
    client = build_app(tagger, registry, allowed=Limits(upload_bytes=1 << 20)).test_client()
    client.post("/sign-in", data={"name": "mia"})
    answer = upload(client, ("large.xml", b"x" * (2 << 20)))
    assert answer.status_code == 413
    assert "The files are over 1 MB together" in answer.text
    assert ArchiveFolder(registry.folder).state() is None
    assert [path for path in registry.folder.iterdir() if path.name.startswith(".arriving")] == []


def test_a_form_without_a_file_or_with_a_broken_body_is_refused(admin: FlaskClient, folder: ArchiveFolder) -> None:
    answer = admin.post("/archive/upload", data={"csrf": token(admin), "files": (BytesIO(b""), "")})
    assert answer.status_code == 422
    assert "Files: choose at least one." in answer.text
    kind = "multipart/form-data; boundary=x"
    assert admin.post("/archive/upload", data=b"--x\r\nnonsense", content_type=kind).status_code == 400
    assert folder.state() is None


def test_a_file_without_the_token_is_not_kept(admin: FlaskClient, folder: ArchiveFolder) -> None:
    answer = admin.post("/archive/upload", data={"files": (BytesIO(b"<rss>"), "desk.xml")})
    assert answer.status_code == 403
    assert folder.state() is None


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\x.xml", "/etc/passwd.xml", ".hidden", "é" * 300])
def test_the_name_of_a_file_leads_nowhere(folder: ArchiveFolder, tmp_path: Path, name: str) -> None:
    arrived = tmp_path / "arrived"
    arrived.write_bytes(b"x")
    state = folder.add(arrived, name, "mia")
    assert [path.name for path in folder.files.iterdir()] == [state.files[0].name]
    assert not state.files[0].name.startswith(".")


@pytest.mark.slow
def test_nothing_is_lost_where_the_process_was_killed(
    admin: FlaskClient, folder: ArchiveFolder, store: Store, tmp_path: Path
) -> None:
    from tests.test_train_now import silent

    arrived = tmp_path / "arrived"
    arrived.write_bytes(TSV.encode())
    state = folder.add(arrived, "table.tsv", "mia")
    run = store.runs.ask(JOBS[READ], "mia")
    folder.change(state.id, lambda present: State(**vars(present) | {"reading": run.id}))
    assert 'id="progress"' in admin.get("/archive").text
    silent(store, run)
    page = main(admin)
    assert LOST in page
    assert store.runs.get(run.id).outcome == FAILED
    assert "table.tsv" in page
    columns = {"column_id": "Nr", "column_title": "Headline", "column_body": "Text", "column_tags": "Topics"}
    send(admin, "read", **columns)
    until_read(admin, folder, store)
    assert n_articles(admin) == 2


def test_work_is_stopped_and_taken_up_again(
    admin: FlaskClient, folder: ArchiveFolder, store: Store, tmp_path: Path
) -> None:
    arrived = tmp_path / "arrived"
    arrived.write_bytes(TSV.encode())
    state = folder.add(arrived, "table.tsv", "mia")
    run = store.runs.ask(JOBS[READ], "mia")
    folder.change(state.id, lambda present: State(**vars(present) | {"reading": run.id}))
    assert send(admin, "throw-away").status_code == 409
    assert send(admin, "cancel", run=run.id).status_code == 303
    assert "Stopped by mia before it began." in main(admin)
    assert send(admin, "throw-away").status_code == 303


def test_a_training_elsewhere_is_not_stopped_from_here(admin: FlaskClient, store: Store) -> None:
    run = store.runs.ask(JOB, "ben")
    assert send(admin, "cancel", run=run.id).status_code == 303
    assert store.runs.get(run.id).is_unfinished


# --- tags ---


@pytest.mark.slow
def test_a_correction_that_cannot_be_says_why_and_keeps_nothing(
    admin: FlaskClient, folder: ArchiveFolder, store: Store
) -> None:
    upload(
        admin,
        (
            "table.csv",
            TSV.replace("\t", ",").replace("Nr", "id").replace("Headline", "title").replace("Topics", "tags").encode(),
        ),
    )
    until_read(admin, folder, store)
    answer = send(admin, "choose", name="Taliban", action="merge", value="nobody")
    assert answer.status_code == 422
    assert "there is no tag “nobody”" in answer.text
    assert send(admin, "settle", least="many").status_code == 422
    assert state_of(folder).choices == []


@pytest.mark.parametrize("path", ["choose", "undo", "settle", "store-all", "read", "train", "serve", "throw-away"])
def test_without_an_archive_each_form_says_so(admin: FlaskClient, path: str) -> None:
    answer = send(admin, path, name="x", action="keep", least="3")
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text


def test_pages_without_articles_lead_to_the_archive(admin: FlaskClient, store: Store) -> None:
    for page in ("/review", "/models", "/tags", "/data"):
        assert '<a href="/archive">' in admin.get(page).text.partition("<main")[2]
    store.import_articles([Article("a", "Kabul", "Kabul")], "import")
    for page in ("/review", "/models", "/tags", "/data"):
        assert '<a href="/archive">' not in admin.get(page).text.partition("<main")[2]
