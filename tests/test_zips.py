"""Zip archives of articles: what is unpacked, and what a hostile one may not do."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from classifier.errors import BadArticle
from classifier.importers import zips
from classifier.importers.zips import is_zip, unpack

SYMLINK = 0o120777 << 16


def packed(path: Path, files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def refusal(path: Path, target: Path) -> str:
    with pytest.raises(BadArticle) as error:
        list(unpack(path, target))
    return str(error.value)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def test_files_are_unpacked_in_their_folders(tmp_path: Path, target: Path) -> None:
    path = packed(tmp_path / "a.zip", {"desk/one.txt": b"One", "two.html": b"<p>Two</p>", "desk/": b""})
    assert is_zip(path)
    assert {one.relative_to(target).as_posix() for one in unpack(path, target)} == {"desk/one.txt", "two.html"}
    assert (target / "desk" / "one.txt").read_bytes() == b"One"


def test_hidden_files_links_and_what_macos_adds_are_passed_over(tmp_path: Path, target: Path) -> None:
    path = packed(tmp_path / "a.zip", {"__MACOSX/._one.txt": b"x", ".secret": b"x", "one.txt": b"One"})
    link = zipfile.ZipInfo("link.txt")
    link.create_system, link.external_attr = 3, SYMLINK
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert [one.name for one in unpack(path, target)] == ["one.txt"]
    assert sorted(one.name for one in target.rglob("*")) == ["one.txt"]


@pytest.mark.parametrize("name", ["../one.txt", "a/../../one.txt", "/etc/one.txt", "..\\one.txt", "C:\\one.txt"])
def test_a_name_that_leads_out_of_the_archive_is_refused(tmp_path: Path, target: Path, name: str) -> None:
    path = packed(tmp_path / "a.zip", {"first.txt": b"x", name: b"x"})
    assert "leads out of it" in refusal(path, target)
    assert not (tmp_path / "one.txt").exists()


def test_a_bomb_is_not_unpacked_to_its_end(tmp_path: Path, target: Path) -> None:
    path = packed(tmp_path / "a.zip", {"a.txt": bytes(200 << 20)})
    assert "unpacks to more than 200 times its size" in refusal(path, target)
    assert sum(one.stat().st_size for one in target.rglob("*") if one.is_file()) <= 200 * path.stat().st_size


def test_many_small_bombs_count_together(tmp_path: Path, target: Path) -> None:
    path = packed(tmp_path / "a.zip", {f"{n}.txt": bytes(3 << 20) for n in range(40)})
    assert "unpacks to more than" in refusal(path, target)


def test_two_files_of_one_name_are_refused(tmp_path: Path, target: Path) -> None:
    path = packed(tmp_path / "a.zip", {"one.txt": b"1"})
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("one.txt", b"2")
    assert "two files of the name 'one.txt'" in refusal(path, target)


@pytest.mark.parametrize("keep", [4, 40, 100])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, target: Path, keep: int) -> None:
    path = packed(tmp_path / "a.zip", {"one.txt": b"One" * 100})
    path.write_bytes(path.read_bytes()[:keep])
    assert "damaged" in refusal(path, target)


def test_a_damaged_file_in_it_is_refused(tmp_path: Path, target: Path) -> None:
    path = packed(tmp_path / "a.zip", {"one.txt": b"One" * 100}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"OneOne", b"OneTwo", 1))
    assert "CRC" in refusal(path, target)


def test_an_encrypted_file_is_refused(tmp_path: Path, target: Path) -> None:
    path = packed(tmp_path / "a.zip", {"one.txt": b"One"})
    raw = bytearray(path.read_bytes())
    raw[6] |= 1  # of the file
    raw[raw.index(b"PK\x01\x02") + 8] |= 1  # of the list
    path.write_bytes(raw)
    assert "encrypted" in refusal(path, target)


def test_too_many_files_and_too_long_a_list_are_refused(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = packed(tmp_path / "a.zip", {f"{n}.txt": b"x" for n in range(20)})
    monkeypatch.setattr(zips, "MAX_FILES", 10)
    assert "more than 10 files" in refusal(path, target)
    monkeypatch.setattr(zips, "MAX_LIST", 100)
    assert "list of files" in refusal(path, target)
