"""Files that a form sends, however large: written to disk as they arrive, within limits of size and of silence."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from flask import request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from classifier.texts import _, number
from classifier.web.guard.deadlines import Deadlines
from classifier.web.guard.limits import take_slot
from classifier.web.incoming import incoming
from classifier.web.problems import ApiProblem

MAX_FILES = 20
_FORM_BYTES = 1 << 20  # more than a chunk that the parser reads
_FRAMES = 64 << 10  # bytes around the files
_FREE = 256 << 20  # bytes that stay free on the disk


class Arrived(NamedTuple):
    """A file that was sent: where it lies, and what its sender calls it."""

    path: Path
    name: str


@contextmanager
def uploaded(folder: Path, limit: int) -> Iterator[tuple[dict[str, str], list[Arrived]]]:
    """Read the form of the request, and yield its fields and its files. Those that nobody has taken away are removed.

    Raises:
        ApiProblem: 413 if all files together are over the limit in bytes or there is no room for them, 400 if the form ends or
            breaks before its end, 408 if nothing arrives for long.
    """
    n_bytes = request.content_length or 0
    if n_bytes > limit + _FRAMES:
        raise _too_large(limit)
    if n_bytes + _FREE > shutil.disk_usage(folder).free:
        raise _no_room(n_bytes)
    with tempfile.TemporaryDirectory(prefix=".arriving-", dir=folder) as arriving:
        fields, files = _parsed(Path(arriving), limit)
        take_slot()
        yield fields, files


def _parsed(folder: Path, limit: int) -> tuple[dict[str, str], list[Arrived]]:
    opened: list[IO[bytes]] = []

    def open_next(*_about: object, **_more: object) -> IO[bytes]:
        if len(opened) >= MAX_FILES:
            raise ApiProblem(
                "bad-request",
                _("A form may send %(most)s files. Pack more of them into a zip archive.", most=MAX_FILES),
            )
        opened.append((folder / str(len(opened))).open("w+b"))
        return opened[-1]

    request.max_content_length = limit + _FRAMES
    parser = FormDataParser(open_next, _FORM_BYTES, limit + _FRAMES, max_form_parts=MAX_FILES + 20, silent=False)
    try:
        with _Arriving() as arriving:
            kind, parameters = request.mimetype, request.mimetype_params
            _stream, form, sent = parser.parse(arriving, kind, request.content_length, parameters)  # type: ignore[arg-type]
    except RequestEntityTooLarge:
        raise _too_large(limit) from None
    except OSError:
        raise _no_room(request.content_length or 0) from None
    except (ValueError, HTTPException):
        raise ApiProblem("bad-request", _("The form does not end where its headers say. Send it again.")) from None
    finally:
        for file in opened:
            file.close()
    parts = (part for _, part in sent.items(multi=True))
    files = [Arrived(Path(str(part.stream.name)), part.filename or "") for part in parts]
    return {name: value.replace("\x00", "") for name, value in form.items()}, [file for file in files if file.name]


class _Arriving:
    """The body of the request, which may take as long as it likes as long as something arrives."""

    def __init__(self) -> None:
        self._deadlines: Deadlines = incoming().app.extensions["deadlines"]
        self._connection = incoming().request.environ.get("gunicorn.socket")
        self._n_bytes = 0
        self._read: Callable[[int], bytes] = request.stream.read

    def __enter__(self) -> "_Arriving":
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._deadlines.end(self._connection)

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raise `ApiProblem` if they end before the length that the headers say."""
        if self._connection is not None:
            self._deadlines.begin(self._connection)
        try:
            chunk = self._read(size)
        except HTTPException:
            raise
        except Exception:  # noqa: BLE001 - each server has its own for a broken end
            raise self._broken() from None
        self._n_bytes += len(chunk)
        if not chunk and self._n_bytes < (request.content_length or 0):
            raise self._broken()
        return chunk

    def _broken(self) -> ApiProblem:
        detail = _(
            "The upload stopped, or nothing arrived for %(seconds)s s. Send it again.",
            seconds=format(self._deadlines.seconds, "g"),
        )
        return ApiProblem("too-slow", detail, headers={"Connection": "close"})


def _too_large(limit: int) -> ApiProblem:
    incoming().is_too_large = True
    detail = _(
        "The files are over %(most)s MB together. Pack them, export a part, or ask whoever runs the service.",
        most=number(limit >> 20),
    )
    return ApiProblem("too-large", detail, headers={"Connection": "close"})


def _no_room(n_bytes: int) -> ApiProblem:
    incoming().is_too_large = True
    size = f"{number(n_bytes >> 20)} {_('MB')}" if n_bytes else _("the files")
    return ApiProblem(
        "too-large", _("The disk of the service has no room for %(size)s. Ask whoever runs the service.", size=size)
    )
