"""Files -> articles in the store: WordPress exports, CSV, JSON Lines, and folders of text or HTML.

A record that cannot be imported is set aside with its file, line and reason. All others are stored.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from classifier.domain.articles import Article, check_id, checked
from classifier.domain.progress import Track
from classifier.errors import BadArticle, BadImport
from classifier.importers.folders import amount_of, read_folder
from classifier.importers.formats import format_of
from classifier.importers.lines import read_lines
from classifier.importers.mapping import TermMap
from classifier.importers.records import (
    MAX_TERM,
    ArticleRecord,
    CmsTerm,
    LeftOut,
    ReadOptions,
    Record,
    SetAside,
    place_of,
    shown,
)
from classifier.importers.tables import read_rows
from classifier.importers.term_report import TermCounts, TermReport
from classifier.importers.wxr import read_posts
from classifier.store.store import Imported, Store
from classifier.texts import _

_Reader = Callable[[Path, ReadOptions], Iterator[Record]]
_READERS: Mapping[str, _Reader] = {"wxr": read_posts, "csv": read_rows, "jsonl": read_lines, "folder": read_folder}
_DEFAULTS = ReadOptions()
MAX_IGNORED = 100  # fields that are named


@dataclass
class Outcome:
    """The result of an import: counts of records, what was set aside or left out, and a report on the terms."""

    stored: Imported = field(default_factory=Imported)
    n_set_aside: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)  # records with each field that is not read
    other_lists: Counter[str] = field(default_factory=Counter)  # articles with terms of each list that is not read
    failures: list[str] = field(
        default_factory=list
    )  # files not read to their end, or of which no record could be read
    terms: TermReport | None = None  # None if no terms were mapped


def import_files(
    store: Store,
    files: Sequence[Path],
    source: str,
    track: Track | None = None,
    options: ReadOptions = _DEFAULTS,
    terms: TermMap | None = None,
    set_aside: Callable[[SetAside], None] | None = None,
) -> Outcome:
    """Store the articles of files under a source. A second import of the same files changes nothing.

    `terms` maps the terms of a CMS to tags; without it they are stored as they are. `set_aside` is called with each
    record that cannot be imported.
    Raises `BadImport` if a file could not be read to its end. What could be read of it and of the others is stored.
    """
    outcome = Outcome()
    amount = amount_of(files) if track is not None else None
    articles: Iterable[Article] = read_files(files, outcome, replace(options, amount=amount), terms, set_aside)
    if track is not None and amount is not None:
        articles = track(articles, amount, "importing")
    outcome.stored = stored = store.import_articles(articles, source)
    if outcome.failures:
        text = _(
            "%(failures)s What could be read is stored (%(new)s new, %(changed)s changed, %(unchanged)s unchanged). Mend the file and import again: what is stored stays as it is.",
            failures="\n".join(outcome.failures),
            new=stored.new,
            changed=stored.changed,
            unchanged=stored.unchanged,
        )
        raise BadImport(text, outcome)
    return outcome


def read_files(
    files: Sequence[Path],
    outcome: Outcome,
    options: ReadOptions = _DEFAULTS,
    terms: TermMap | None = None,
    set_aside: Callable[[SetAside], None] | None = None,
) -> Iterator[Article]:
    """Yield the articles of files, each with a unique id. The outcome is complete when all are read."""
    return _Import(outcome, options, terms, set_aside or (lambda _: None)).articles(files)


@dataclass
class _Import:
    """The files of an import being read into an outcome."""

    outcome: Outcome
    options: ReadOptions
    terms: TermMap | None
    set_aside: Callable[[SetAside], None]
    counts: TermCounts = field(default_factory=TermCounts)
    positions: dict[str, tuple[str, int | None]] = field(default_factory=dict)  # article id -> file and line

    def articles(self, files: Sequence[Path]) -> Iterator[Article]:
        for path in files:
            n_articles, first_aside = 0, None
            try:
                for record in _READERS[format_of(path, self.options)](path, self.options):
                    result = self._checked(record, path) if isinstance(record, ArticleRecord) else record
                    if isinstance(result, Article):
                        n_articles += 1
                        yield result
                    elif isinstance(result, SetAside):
                        first_aside = first_aside or result
                        self.outcome.n_set_aside += 1
                        self.set_aside(result)
                    elif isinstance(result, LeftOut):
                        self.outcome.left_out[shown(result.reason)] += 1
                    else:
                        self.counts.listed[result] = None
            except BadArticle as error:
                self.outcome.failures.append(str(error))
            if first_aside is not None and not n_articles:
                aside = {"place": first_aside.place, "reason": first_aside.reason}
                self.outcome.failures.append(
                    _("No record of %(path)s could be read. %(place)s: %(reason)s", path=path, **aside)
                )
        self.outcome.other_lists = self.counts.other_lists
        if self.terms is not None and (self.counts.n_articles or self.counts.listed):
            self.outcome.terms = self.counts.report(self.terms)

    def _checked(self, record: ArticleRecord, path: Path) -> Article | SetAside:
        """Return an article in the form that is stored, and count it, or say why it cannot be stored."""
        position = (record.file or str(path), record.line)
        try:
            long = next((term.name for term in record.terms or () if len(term.name) > MAX_TERM), None)
            if long is not None:
                text = _(
                    "A tag of more than %(most)s characters: %(tag)s… Are these the tags, and is it their separator?",
                    most=MAX_TERM,
                    tag=repr(long[:60]),
                )
                raise BadArticle(text, "tags")
            article = record.article
            if record.terms is not None or record.rejected:
                tags = self._tags_of(record.terms) if record.terms is not None else None
                article = replace(article, tags=tags, rejected=self._tags_of(record.rejected))
            article = checked(article)
            check_id(article.id)
            if not article.title.strip() and not article.body.strip():
                raise BadArticle(_("Title and body are empty."), "title")
            first = self.positions.setdefault(article.id, position)
            if first != position:
                raise BadArticle(
                    _("The id %(id)s stands in %(place)s too.", id=repr(article.id), place=place_of(*first)), "id"
                )
        except BadArticle as error:
            return SetAside(*position, str(error), error.field, record.article.id[:200])
        ignored = self.outcome.ignored
        ignored.update(name for name in map(shown, record.ignored) if len(ignored) < MAX_IGNORED or name in ignored)
        self.counts.note(record, article.tags, path)
        return article

    def _tags_of(self, terms: Sequence[CmsTerm]) -> tuple[str, ...]:
        return self.terms.tags_of(terms) if self.terms else tuple(dict.fromkeys(term.name for term in terms))
