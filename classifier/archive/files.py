"""Archive runs over files, without a store: they write a record of what would be added to each article.

The records are written beside the output until they are complete. Every few chunks they are made durable, and a journal
notes how far they are. A run that was killed is resumed at the journal, and its output is the same, byte for byte. A packed
output is a series of packed parts, which every program that unpacks reads as one.
"""

import fcntl
import gzip
import json
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, repeat
from pathlib import Path
from typing import IO, NamedTuple, TypedDict

import orjson

from classifier.archive.adding import Figures, Judged, Plan, judge
from classifier.archive.batches import chunked
from classifier.archive.suggesting import Fault
from classifier.domain.articles import Article, article_of_line, placed_lines
from classifier.domain.dates import in_utc
from classifier.domain.decisions import Standing
from classifier.domain.files import sync_folder, whole_file
from classifier.domain.progress import Track
from classifier.errors import BadArticle, BadSetting, Busy, NotFound
from classifier.parallel.processes import map_chunks, worth_sharing
from classifier.store.assignments import OUT_OF_SCOPE, Candidate, Scope

STRETCH = 4  # chunks between two entries of the journal


class Wrote(NamedTuple):
    """The output of a run over files, its model and its figures."""

    output: Path
    model_version: str
    figures: Figures


class _Input(TypedDict):
    """A file that is read, as it was when the run began."""

    path: str
    size: int
    mtime_ns: int


@dataclass
class _Journal:
    """The model, inputs and plan of a run, and how far it is: lines of input, bytes of output."""

    folder: str
    inputs: list[_Input]
    plan: dict[str, object]
    n_lines: int = 0
    n_bytes: int = 0
    figures: dict[str, object] = field(default_factory=Figures().to_json)

    def write(self, path: Path) -> None:
        with whole_file(path) as file:
            file.write(json.dumps(vars(self)).encode() + b"\n")


def run_files(folder: Path, files: Sequence[Path], output: Path, plan: Plan, track: Track, n_jobs: int = -1) -> Wrote:
    """Write a record for each article of JSON Lines files, with what would be added to it by the model of a folder.

    Raises:
        BadArticle: naming file, line and field. What was written so far stays beside the output.
        BadSetting: if a run to this output has begun before, or it cannot be written.
        Busy: if another process writes to this output.
    """
    if plan.scope.source:
        raise BadSetting("Articles of files have no source; a run over a store can be confined to one.")
    if any(path.exists() and output.exists() and path.samefile(output) for path in files):
        raise BadSetting(f"{output} is a file that is read. Name another one to write.")
    names, inputs = _names(output), [_input(path) for path in files]
    with _alone(names.part):
        if names.journal.exists():
            raise BadSetting(
                f"A run to {output} has begun before and is not whole. Take it up: python -m classifier archive resume "
                f"--output {output}; or remove {names.journal} and begin again."
            )
        journal = _Journal(str(folder.absolute()), inputs, plan.to_json())
        journal.write(names.journal)
        return _Writing(names, journal, n_jobs).finish(track)


def resume_files(output: Path, track: Track, n_jobs: int = -1) -> Wrote:
    """Continue a run to an output where it stopped, with its own model and plan.

    Raises:
        NotFound: if there is no such run, or its model or an input is not there any more.
        BadArticle, Busy: as `run_files`.
    """
    names = _names(output)
    if not names.journal.exists():
        raise NotFound(f"There is nothing to resume: no run to {output} ended too early.")
    journal = _Journal(**json.loads(names.journal.read_bytes()))
    if not names.part.exists():  # the output was complete and in place, and only the journal was left
        names.journal.unlink()
        return Wrote(names.output, Path(journal.folder).name, Figures.from_json(journal.figures))
    with _alone(names.part):
        journal = _Journal(**json.loads(names.journal.read_bytes()))
        if not Path(journal.folder).is_dir():
            raise NotFound(f"The model {journal.folder} is not there any more. Remove {names.journal} and begin again.")
        for file in journal.inputs:
            if _input(Path(file["path"])) != file:
                raise NotFound(f"{file['path']} has changed since. Remove {names.journal} and begin again.")
        return _Writing(names, journal, n_jobs).finish(track)


class _Names(NamedTuple):
    """The output of a run, and the files beside it until it is complete."""

    output: Path
    part: Path
    journal: Path


def _names(output: Path) -> _Names:
    output = output.absolute()
    return _Names(output, output.with_name(f".{output.name}.part"), output.with_name(f".{output.name}.journal"))


def _input(path: Path) -> _Input:
    try:
        status = path.stat()
    except OSError as error:
        raise BadArticle(f"Cannot read {path}: {error.strerror}.", "") from None
    return {"path": str(path.absolute()), "size": status.st_size, "mtime_ns": status.st_mtime_ns}


@contextmanager
def _alone(part: Path) -> Iterator[None]:
    """Keep other processes from writing to the same output. The lock ends with its process."""
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        lock = part.open("ab")
    except OSError as error:
        raise BadSetting(f"Cannot write {part}: {error.strerror}.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"Another process is writing {part}; this one did nothing.") from None
        yield


class _Writing:
    """A run over files, from its present position to its end."""

    def __init__(self, names: _Names, journal: _Journal, n_jobs: int) -> None:
        self.names, self.journal, self.n_jobs = names, journal, n_jobs
        self.files = [Path(file["path"]) for file in journal.inputs]
        self.plan = Plan.from_json(journal.plan)
        self.figures = Figures.from_json(journal.figures)

    def finish(self, track: Track) -> Wrote:
        total = sum(1 for _ in placed_lines(self.files)) - self.journal.n_lines
        with self.names.part.open("r+b") as out:
            out.truncate(self.journal.n_bytes)
            out.seek(self.journal.n_bytes)
            for _ in track(self._written(out), total, "adding tags"):
                pass
            out.flush()
            os.fsync(out.fileno())
        self.names.part.replace(self.names.output)
        sync_folder(self.names.output.parent)
        self.names.journal.unlink()
        return Wrote(self.names.output, Path(self.journal.folder).name, self.figures)

    def _written(self, out: IO[bytes]) -> Iterator[None]:
        """Write stretch after stretch, each with an entry in the journal. Yield once for each line of input."""
        lines = islice(placed_lines(self.files), self.journal.n_lines, None)
        work = partial(_judged_lines, Path(self.journal.folder), self.plan)
        chunks = map_chunks(work, chunked(lines), self.n_jobs if worth_sharing(self.files) else 1)
        while n_lines := (yield from self._stretch(chunks, out)):
            out.flush()
            os.fsync(out.fileno())
            self.journal.n_lines += n_lines
            self.journal.n_bytes, self.journal.figures = out.tell(), self.figures.to_json()
            self.journal.write(self.names.journal)

    def _stretch(self, chunks: Iterator[list[Judged] | Fault], out: IO[bytes]) -> Generator[None, None, int]:
        """Write some chunks, yield once for each line of input, and return how many lines those were."""
        n_lines, is_packed = 0, self.names.output.suffix == ".gz"
        # Without the time and the name of the file, the same content is the same bytes.
        with gzip.GzipFile("", "wb", fileobj=out, mtime=0) if is_packed else nullcontext(out) as records:
            for chunk in islice(chunks, STRETCH):
                if isinstance(chunk, Fault):
                    raise BadArticle(chunk.message, chunk.field)
                for article in chunk:
                    self.figures.note(article)
                records.writelines(map(_record, (article for article in chunk if article.passed_over != OUT_OF_SCOPE)))
                n_lines += len(chunk)
                yield from repeat(None, len(chunk))
        return n_lines


def _record(article: Judged) -> bytes:
    ranked = [{"tag": tag, "score": score} for tag, score in article.additions.tags]
    return orjson.dumps({"id": article.additions.article_id, "suggestions": ranked}, option=orjson.OPT_APPEND_NEWLINE)


def _judged_lines(folder: Path, plan: Plan, placed: list[tuple[str, bytes]]) -> list[Judged] | Fault:
    """Return what would be added to the articles of some lines, or the fault of the first bad line."""
    try:
        candidates = [_candidate(article_of_line(position, line), plan.scope) for position, line in placed]
    except BadArticle as error:
        return Fault(str(error), error.field)
    return judge(folder, plan, candidates)


def _candidate(article: Article, scope: Scope) -> Candidate:
    standing = Standing(article.tags or (), article.rejected, article.unknown)
    in_scope = scope.holds(in_utc(article.published_at) if article.published_at else None, standing.tags)
    return Candidate(article, standing, passed_over=None if in_scope else OUT_OF_SCOPE)
