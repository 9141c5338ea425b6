"""The bytes of a file, plain or packed with gzip. A file that unpacks to too much is refused."""

import gzip
import io
import zlib
from pathlib import Path
from typing import IO, Any

from classifier.errors import BadArticle

_GZIP = b"\x1f\x8b"
# Text packs to a tenth, seldom to a fiftieth. A bomb packs to a thousandth.
MAX_RATIO = 200
_RATIO_COUNTS_FROM = 4 << 20
MAX_UNPACKED = 16 << 30
_CHUNK = 64 << 10


class _Unpacked(io.RawIOBase):
    """The bytes of an open file, unpacked if it is `packed`."""

    def __init__(self, path: Path, file: IO[bytes], packed: bool) -> None:
        self._path, self._file = path, file
        self._bytes: Any = gzip.GzipFile(fileobj=file) if packed else file
        self._packed = packed
        self._n_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            chunk = self._bytes.read(len(buffer))
            self._n_bytes += len(chunk)
            if self._packed:
                self._check_size()
        except (OSError, EOFError, zlib.error) as error:  # EOFError, zlib.error and BadGzipFile: a damaged file
            raise BadArticle(f"Cannot read {self._path}: {_reason(error)}.", "") from None
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def _check_size(self) -> None:
        if self._n_bytes > MAX_UNPACKED:
            raise BadArticle(f"{self._path} unpacks to more than {MAX_UNPACKED >> 30} GB; not read on.", "")
        if self._n_bytes > max(_RATIO_COUNTS_FROM, MAX_RATIO * self._file.tell()):
            raise BadArticle(
                f"{self._path} unpacks to more than {MAX_RATIO} times its size, which no text does; not read on. "
                "If it is sound, unpack it and import that.",
                "",
            )

    def close(self) -> None:
        self._bytes.close()
        self._file.close()
        super().close()


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def open_bytes(path: Path) -> io.BufferedReader:
    """Open a file for reading, unpacking it if it is packed with gzip (by its first bytes, or its name).

    Raises `BadArticle` here or while reading, naming the file: it cannot be read, is damaged, or unpacks to too much.
    """
    try:
        file = path.open("rb")
        packed = file.peek(2)[:2] == _GZIP or path.suffix.lower() == ".gz"
    except OSError as error:
        raise BadArticle(f"Cannot read {path}: {error.strerror}.", "") from None
    return io.BufferedReader(_Unpacked(path, file, packed), _CHUNK)
