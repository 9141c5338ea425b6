"""Files are opened here, plain or packed with gzip, and their format is told by name or else by the first bytes."""

import gzip
import io
import re
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from classifier.domain.progress import Amount
from classifier.errors import BadArticle
from classifier.importers.records import ReadOptions
from classifier.texts import _

_GZIP = b"\x1f\x8b"
# Text packs to a tenth, seldom to a fiftieth. A bomb packs to a thousandth.
MAX_RATIO = 200
_RATIO_COUNTS_FROM = 4 << 20
MAX_UNPACKED = 16 << 30
_CHUNK = 64 << 10
_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".xml": "wxr", ".wxr": "wxr", ".csv": "csv", ".tsv": "csv"}
_ARTICLES = frozenset([".txt", ".html", ".htm"])
_BEGINS_LIKE_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!--|!DOCTYPE|rss\b)")
_BEGINS_LIKE_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{")
_BEGINS_LIKE_A_TABLE = re.compile(rb"[^\n\x00]*\w[^\n\x00]*[,;\t|]")


def format_of(path: Path, options: ReadOptions) -> str:
    """Return wxr, csv, jsonl or folder. Raises `BadArticle` if neither name nor content shows it."""
    if options.format is not None:
        return options.format
    if path.is_dir():
        return "folder"
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix in _ARTICLES:
        raise BadArticle(
            _("%(path)s is one article. Import the folder that it lies in: %(folder)s", path=path, folder=path.parent),
            "",
        )
    return _SUFFIXES.get(suffix) or _by_content(path)


def _by_content(path: Path) -> str:
    if path.exists() and not path.is_file():  # the first bytes of a pipe can be read only once
        raise BadArticle(
            _("%(path)s is a pipe, which does not tell its format. Name it: --format wxr, csv or jsonl", path=path), ""
        )
    with open_bytes(path) as file:
        start = file.peek(4096)[:4096]
    if _BEGINS_LIKE_XML.match(start):
        return "wxr"
    if _BEGINS_LIKE_JSON.match(start):
        return "jsonl"
    if start.lstrip().startswith(b"["):
        raise BadArticle(
            _("%(path)s is one JSON array. Write one object a line: jq -c '.[]' %(name)s", path=path, name=path.name),
            "",
        )
    if start.startswith(b"PK\x03\x04"):
        raise BadArticle(_("%(path)s is a zip archive. Unpack it and import what is in it.", path=path), "")
    if not start.strip() or not _BEGINS_LIKE_A_TABLE.match(start):
        raise BadArticle(_("%(path)s does not tell its format. Name it: --format wxr, csv or jsonl", path=path), "")
    return "csv"


def reads_terms(paths: Iterable[Path], options: ReadOptions) -> bool:
    """Whether any of the files has terms of a CMS, for which a taxonomy is needed."""
    formats = []
    for path in paths:
        with suppress(BadArticle):  # said when the file's turn comes
            formats.append(format_of(path, options))
    return "wxr" in formats or "csv" in formats


class _Unpacked(io.RawIOBase):
    """The bytes of an open file, unpacked if it is `packed`. An `amount` is told how far the file is read."""

    def __init__(self, path: Path, file: IO[bytes], packed: bool, amount: Amount | None) -> None:
        self._path, self._file = path, file
        self._amount, self._told = amount, 0
        self._bytes: Any = gzip.GzipFile(fileobj=file) if packed else file
        self._packed, self._n_bytes = packed, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            chunk = self._bytes.read(len(buffer))
            self._n_bytes += len(chunk)
            if self._amount is not None and self._amount.whole:
                self._amount.done += self._file.tell() - self._told
                self._told = self._file.tell()
            if self._packed:
                self._check_size()
        except (OSError, EOFError, zlib.error) as error:  # EOFError, zlib.error and BadGzipFile: a damaged file
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise BadArticle(_("Cannot read %(path)s: %(reason)s.", path=self._path, reason=reason), "") from None
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def _check_size(self) -> None:
        if self._n_bytes > MAX_UNPACKED:
            raise BadArticle(
                _("%(path)s unpacks to more than %(most)s GB; not read on.", path=self._path, most=MAX_UNPACKED >> 30),
                "",
            )
        if self._n_bytes > max(_RATIO_COUNTS_FROM, MAX_RATIO * self._file.tell()):
            text = _(
                "%(path)s unpacks to more than %(n)s times its size, which no text does; not read on. If it is sound, unpack it and import that.",
                path=self._path,
                n=MAX_RATIO,
            )
            raise BadArticle(text, "")

    def close(self) -> None:
        self._bytes.close()
        self._file.close()
        super().close()


def open_bytes(path: Path, amount: Amount | None = None) -> io.BufferedReader:
    """Open a file for reading, unpacking it if it is packed with gzip (by its first bytes, or its name).

    An `amount` with a whole is told how many bytes of the file are read, packed ones as they are.

    Raises `BadArticle` here or while reading, naming the file: it cannot be read, is damaged, or unpacks to too much.
    """
    try:
        file = path.open("rb")
        packed = file.peek(2)[:2] == _GZIP or path.suffix.lower() == ".gz"
    except OSError as error:
        raise BadArticle(_("Cannot read %(path)s: %(error)s.", path=path, error=error.strerror), "") from None
    return io.BufferedReader(_Unpacked(path, file, packed, amount), _CHUNK)
