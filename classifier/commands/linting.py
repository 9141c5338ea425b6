"""`tags lint`: what the archive says is wrong with a taxonomy."""

from argparse import Namespace
from collections.abc import Iterator

from classifier.commands.common import print_result, registry_of, store_of, taxonomy_of, warn_set_aside
from classifier.commands.parser import Usage
from classifier.domain.articles import read_articles
from classifier.domain.decisions import Filed
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.reports.desk.records import Rate
from classifier.reports.json_form import to_json
from classifier.reports.kept import make_desk_report
from classifier.reports.lint.figures import lint_taxonomy
from classifier.reports.lint.kept import keep_lint
from classifier.reports.lint.page import as_text
from classifier.serving.registry import Registry
from classifier.settings import Settings
from classifier.store.queue import STARTER
from classifier.store.rows import now
from classifier.store.store import Store


def do_lint(options: Namespace, _settings: Settings) -> None:
    if options.keep and (options.articles or options.taxonomy):
        raise Usage("--keep is for the taxonomy and the articles of the store.")
    store = None if options.articles else store_of(options)
    taxonomy = read_taxonomy(options.taxonomy) if options.taxonomy else _taxonomy(registry_of(options), store)
    if store is None:
        report = lint_taxonomy(taxonomy, _of_files(options))
    else:
        made_at, last = now(), store.log.last()
        report = lint_taxonomy(taxonomy, _of_store(options, store, taxonomy), _acceptance(store, taxonomy))
        if options.keep:
            keep_lint(store, report, made_at, last)
    warn_set_aside(report.set_aside)
    kept = f"{len(report.findings)} findings in {report.n_articles} articles -> the pages of the service"
    print_result(options, to_json(report), kept if options.keep else as_text(report))


def _taxonomy(registry: Registry, store: Store | None) -> Taxonomy:
    """Return the taxonomy of now, or raise `NoModel`."""
    return taxonomy_of(registry, store) or registry.load_champion().taxonomy


def _of_files(options: Namespace) -> Iterator[Filed]:
    for article in options.progress(read_articles(options.articles), 0, "checking"):
        yield Filed(article, article.published_at, closed=article.tags is not None and article.tags_complete)


def _of_store(options: Namespace, store: Store, taxonomy: Taxonomy) -> Iterator[Filed]:
    total = sum(store.count_articles().values())
    rows = options.progress(store.exports.filed_as_written(), total, "checking")
    return (row.through(taxonomy) for row in rows if row.source != STARTER)


def _acceptance(store: Store, taxonomy: Taxonomy) -> dict[str, Rate]:
    return {row.tag: row.acceptance for row in make_desk_report(store, taxonomy).tags}
