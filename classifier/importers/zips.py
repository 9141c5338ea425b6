"""Zip archives of files of articles -> a folder, within limits of number, size and ratio."""

import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from classifier.domain.progress import Amount
from classifier.errors import BadArticle
from classifier.importers.formats import MAX_RATIO, MAX_UNPACKED
from classifier.texts import _, number

MAX_FILES = 200_000
MAX_LIST = 64 << 20  # bytes of the list of files, which is read as a whole
_MAX_NAME = 200
_CHUNK = 64 << 10
_RATIO_COUNTS_FROM = 4 << 20
_SYMLINK, _KIND = 0o120000, 0o170000  # of Unix modes
_ENCRYPTED = 0x1
_END, _LOCATOR, _END_64 = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
_END_SIZE, _LOCATOR_SIZE, _END_64_SIZE, _MAX_COMMENT = 22, 20, 56, 65_535


def is_zip(path: Path) -> bool:
    """Return whether a file begins as a zip archive does."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def unpack(path: Path, folder: Path, amount: Amount | None = None) -> Iterator[Path]:
    """Unpack the files of a zip archive into a folder, and yield each when it is there. An `amount` is told how many bytes are done.

    Hidden files, links and what macOS adds are passed over. Raises `BadArticle`, naming the file and the limit, if it is damaged
    or encrypted, a name leads out of the folder, or it has or unpacks to too much.
    """
    _check_list(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > MAX_FILES:
                raise BadArticle(_("%(path)s has more than %(most)s files.", path=path, most=number(MAX_FILES)), "")
            amount = amount or Amount()
            amount.whole = sum(member.file_size for member in members)
            n_left = min(MAX_UNPACKED, max(_RATIO_COUNTS_FROM, MAX_RATIO * path.stat().st_size))
            for member in members:
                target = _target(path, folder, member)
                if target is not None:
                    n_left -= _copy(path, archive, member, target, n_left)
                    yield target
                amount.done += member.file_size
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, struct.error) as error:
        raise BadArticle(
            _("Cannot read %(path)s: %(error)s.", path=path, error=str(error) or type(error).__name__), ""
        ) from None


def _target(path: Path, folder: Path, member: zipfile.ZipInfo) -> Path | None:
    """Return where a file is unpacked, None if it is passed over."""
    name = PurePosixPath(member.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in member.filename.partition("/")[0][:2]:
        raise BadArticle(
            _(
                "%(path)s has a file whose name leads out of it: %(name)s. Nothing was read.",
                path=path,
                name=repr(member.filename[:80]),
            ),
            "",
        )
    is_link = (member.external_attr >> 16) & _KIND == _SYMLINK
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in name.parts)
    if is_link or hidden or not name.parts:
        return None
    if member.flag_bits & _ENCRYPTED:
        raise BadArticle(_("%(path)s is encrypted. Unpack it, and pack it anew without a password.", path=path), "")
    return folder.joinpath(*(part[-_MAX_NAME:] for part in name.parts))


def _copy(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, most: int) -> int:
    """Unpack a file, and return its size. Raises `BadArticle` above `most` bytes, whatever the list of files says."""
    n_bytes = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        raise BadArticle(
            _("%(path)s has two files of the name %(name)s.", path=path, name=repr(member.filename[:80])), ""
        )
    with archive.open(member) as packed, target.open("wb") as file:
        while chunk := packed.read(_CHUNK):
            n_bytes += len(chunk)
            if n_bytes > most:
                size = f"{MAX_RATIO} times its size, or {MAX_UNPACKED >> 30} GB"
                raise BadArticle(
                    _("%(path)s unpacks to more than %(size)s, which no text does; not read on.", path=path, size=size),
                    "",
                )
            file.write(chunk)
    return n_bytes


def _check_list(path: Path) -> None:
    """Raise `BadArticle` if the list of files is too long to be read as a whole."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_SIZE - _MAX_COMMENT - _LOCATOR_SIZE - _END_64_SIZE))
        tail = file.read()
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end < _END_SIZE:
        raise BadArticle(
            _("%(path)s is a damaged zip archive: its list of files is missing. Upload it again.", path=path), ""
        )
    (n_bytes,) = struct.unpack_from("<L", tail, end + 12)
    locator, end_64 = end - _LOCATOR_SIZE, end - _LOCATOR_SIZE - _END_64_SIZE
    if end_64 >= 0 and tail.startswith(_LOCATOR, locator):
        (n_bytes,) = (
            struct.unpack_from("<Q", tail, end_64 + 40) if tail.startswith(_END_64, end_64) else (MAX_LIST + 1,)
        )
    if n_bytes > MAX_LIST:
        raise BadArticle(
            _("%(path)s has a list of files of more than %(most)s MB; not read.", path=path, most=MAX_LIST >> 20), ""
        )


def remove_unpacked(folder: Path) -> None:
    """Remove a folder with what was unpacked, if there is one."""
    shutil.rmtree(folder, ignore_errors=True)
