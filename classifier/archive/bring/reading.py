"""The first step of bringing an archive: files -> articles, counts of what is in them, and a draft of a taxonomy."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from classifier.archive.bring.folder import ArchiveFolder, HowRead, State
from classifier.domain.articles import Article, read_articles, record_of
from classifier.domain.files import PRIVATE, make_private_folder, whole_file
from classifier.domain.progress import Amount
from classifier.domain.sentences import READ, REPORTED
from classifier.domain.starter import STARTER
from classifier.domain.taxonomy import Tag, Taxonomy, taxonomy_of
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.errors import BadArticle, BadImport
from classifier.importers import Outcome, read_files
from classifier.importers.folders import amount_of
from classifier.importers.formats import format_of
from classifier.importers.lines import names_of
from classifier.importers.records import ReadOptions, SetAside, shown
from classifier.importers.tables import header_of
from classifier.importers.zips import is_zip, remove_unpacked, unpack
from classifier.reports.draft.archive import read_archive
from classifier.reports.draft.correcting import Corrected
from classifier.reports.draft.figures import draft_taxonomy
from classifier.reports.draft.sheet import Sheet, sheet_of
from classifier.serving.registry import Registry
from classifier.serving.taxonomy import publish
from classifier.store.queue import STARTER as STARTER_SOURCE
from classifier.store.store import Store
from classifier.texts import _, english
from classifier.training.progress import Watched

N_ASIDE = 50  # records set aside that are kept
N_FIELDS = 200
_TABLES = (".xml", ".wxr", ".csv", ".tsv", ".jsonl", ".ndjson", ".gz")
_TEXTS = (".txt", ".html", ".htm")


@dataclass(frozen=True)
class Aside:
    """A record that cannot be read: the file and the line, its field, and why."""

    place: str
    field: str
    reason: str


@dataclass(frozen=True)
class ReadSoFar:
    """What is in the files. `fields` are the columns of tables and the fields of JSON Lines, for a person to say which is which.

    `lists` are lists of terms that were not read, with their articles. `failures` say which files were not read to their end.
    """

    formats: dict[str, str] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)
    n_articles: int = 0
    n_untagged: int = 0
    n_terms: int = 0
    first: str | None = None
    last: str | None = None
    n_aside: int = 0
    aside: list[Aside] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)
    lists: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def options_of(how: HowRead) -> ReadOptions:
    """Return how files are read as the importers take it."""
    return ReadOptions(
        encoding=how.encoding,
        columns={name: tuple(names) for name, names in how.columns.items()} or None,
        delimiter=how.delimiter or None,
        tag_separator=how.tag_separator or None,
        date_format=how.date_format or None,
        body_format=how.body_format,
        tags_complete=not how.incomplete,
        domains=frozenset(how.domains),
    )


def read_archive_files(folder: ArchiveFolder, state: State, taxonomy: Taxonomy, progress: Watched) -> tuple[str, Any]:
    """Read the files of an archive and draft a taxonomy beside the one of now. Return what was read in words and figures.

    Raises `BadImport` if no article can be read.
    """
    progress.step("unpacking")
    remove_unpacked(folder.unpacked)
    sources = list(_sources(folder, state, progress))
    progress.step("reading")
    reading = _Reading(folder, state, sources)
    reading.read(progress)
    folder.write(state.id, "reading", reading.so_far())
    if not reading.n_articles:
        why = reading.so_far().failures or [_("The files have no article that can be read.")]
        raise BadImport(" ".join(why), reading.outcome)
    progress.step("drafting")
    archive = read_archive(lambda: progress(read_articles([folder.articles]), reading.n_articles, "reading the texts"))
    sheet = sheet_of(draft_taxonomy(archive, taxonomy), archive, taxonomy)
    progress.step("saving")
    folder.write(state.id, "sheet", sheet)
    figures = {"n_articles": reading.n_articles, "n_terms": len(sheet.rows)}
    return english(READ, n=reading.n_articles, tags=len(sheet.rows)), figures


def taxonomy_now(registry: Registry, store: Store, by: str) -> Taxonomy:
    """Return the taxonomy of now. Where there is none and the starter articles are stored, theirs becomes the first."""
    head = publish(registry, store)
    if head is None and STARTER_SOURCE in store.count_articles():
        store.taxonomy.import_first(read_taxonomy(STARTER / "taxonomy.yaml"), by)
        head = publish(registry, store)
    return head.taxonomy if head is not None else taxonomy_of([])


def report_on(
    folder: ArchiveFolder, state: State, sheet: Sheet, taxonomy: Taxonomy, progress: Watched
) -> tuple[str, Any]:
    """Make the data report on the articles, with the tags as the draft maps them. Return what it found."""
    from classifier.reports.data.figures import data_report  # it fits a model

    progress.step("looking")
    corrected = Corrected(sheet, state.choices, taxonomy, state.least)
    tags = Taxonomy(tuple(Tag(row.id, row.label) for row in {row.id: row for row in corrected.kept}.values()))
    map_ = corrected.map()

    def mapped(article: Article) -> Article:
        ids = (tag for name in article.tags or () for tag in map_.get(name, ()))
        return replace(article, tags=tuple(dict.fromkeys(ids)) if article.tags is not None else None)

    report = data_report([mapped(article) for article in read_articles([folder.articles])], tags, progress)
    progress.step("saving")
    folder.write(state.id, "report", report)
    n_findings = sum(finding.n for finding in report.findings)
    return english(REPORTED, n=n_findings, articles=report.n_articles), {"n_findings": n_findings}


class _Reading:
    """The files while they are read into records."""

    def __init__(self, folder: ArchiveFolder, state: State, sources: list[Path]) -> None:
        self.folder, self.state, self.sources = folder, state, sources
        self.outcome, self.options = Outcome(), options_of(state.how)
        self.n_articles = self.n_untagged = 0
        self.terms: Counter[str] = Counter()
        self.days: list[str] = []
        self.aside: list[Aside] = []

    def read(self, progress: Watched) -> None:
        """Write the articles of all files as records."""
        amount = amount_of(self.sources)
        options = replace(self.options, amount=amount)
        articles: Iterable[Article] = read_files(self.sources, self.outcome, options, None, self._set_aside)
        with whole_file(self.folder.articles, PRIVATE) as lines:
            for article in progress(articles, amount, "reading the files"):
                self._count(article)
                lines.write(orjson.dumps(record_of(article)) + b"\n")

    def _count(self, article: Article) -> None:
        self.n_articles += 1
        self.n_untagged += not article.tags
        self.terms.update(article.tags or ())
        if article.published_at:
            day = article.published_at[:10]
            self.days = [min(day, *self.days), max(day, *self.days)] if self.days else [day, day]

    def _set_aside(self, record: SetAside) -> None:
        if len(self.aside) < N_ASIDE:
            reason = shown(self.folder.plain(record.reason), 500)
            self.aside.append(Aside(shown(self.folder.plain(record.place), 200), record.field, reason))

    def so_far(self) -> ReadSoFar:
        """Return the counts."""
        outcome, formats = self.outcome, dict[str, str]()
        for source in self.sources:
            with suppress(BadArticle):
                formats[self.folder.plain(str(source))] = format_of(source, self.options)
        return ReadSoFar(
            formats=formats,
            fields=self._fields(),
            n_articles=self.n_articles,
            n_untagged=self.n_untagged,
            n_terms=len(self.terms),
            first=self.days[0] if self.days else None,
            last=self.days[1] if self.days else None,
            n_aside=outcome.n_set_aside,
            aside=self.aside,
            left_out=dict(outcome.left_out.most_common(N_FIELDS)),
            ignored=dict(outcome.ignored.most_common(N_FIELDS)),
            lists=dict(outcome.other_lists.most_common(N_FIELDS)),
            failures=[shown(self.folder.plain(failure), 1000) for failure in outcome.failures[:N_ASIDE]],
        )

    def _fields(self) -> list[str]:
        names: dict[str, None] = {}
        for source in self.sources:
            with suppress(BadArticle):
                kind = format_of(source, self.options)
                if kind in ("csv", "jsonl"):
                    names |= dict.fromkeys((header_of if kind == "csv" else names_of)(source, self.options))
        return [name[:200] for name in names][:N_FIELDS]


def _sources(folder: ArchiveFolder, state: State, progress: Watched) -> Iterator[Path]:
    """Yield what is read: tables, exports and JSON Lines one by one, single texts as the folder that they lie in."""
    has_texts = False
    for number, upload in enumerate(state.files):
        path = folder.files / upload.name
        if is_zip(path):
            target = folder.unpacked / str(number)
            make_private_folder(target)
            yield from _of_zip(list(progress(unpack(path, target, amount := Amount()), amount, "unpacking")), target)
        elif path.suffix.lower() in _TEXTS:
            has_texts = True
        else:
            yield path
    if has_texts:
        yield folder.files


def _of_zip(unpacked: list[Path], target: Path) -> Iterator[Path]:
    yield from sorted(path for path in unpacked if path.suffix.lower() in _TABLES)
    if any(path.suffix.lower() in _TEXTS for path in unpacked):
        yield target
