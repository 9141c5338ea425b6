"""`evaluate`: measure the champion on articles with known tags."""

import statistics
from argparse import Namespace
from collections.abc import Sequence

from classifier.archive import evaluate
from classifier.commands.common import print_result, registry_of, warn_set_aside
from classifier.domain.articles import Article, read_articles
from classifier.domain.progress import within
from classifier.domain.starter import starter_ids
from classifier.domain.taxonomy import taxonomy_of
from classifier.errors import BadArticle
from classifier.settings import Settings

MEASURES = ("micro_f1", "macro_f1", "calibration_error")


def do_evaluate(options: Namespace, _settings: Settings) -> None:
    options.progress.step("reading")
    articles = list(read_articles(options.articles))
    if not articles:
        files = ", ".join(map(str, options.articles))
        raise BadArticle(f"There is no article in {files}. Name a file with one article a line.", "")
    if options.rolling:
        _evaluate_rolling(options, articles)
    else:
        _evaluate_champion(options, articles)


def _evaluate_champion(options: Namespace, articles: Sequence[Article]) -> None:
    model = registry_of(options).load_champion()
    report = evaluate(model, articles, options.progress)
    warn_set_aside(report["set_aside"])
    low, high = report["micro_f1_interval"]
    total = (
        f"{model.version}: micro-F1 {report['micro_f1']:.3f} ({low:.3f} to {high:.3f}), macro-F1 {report['macro_f1']:.3f}, "
        f"sample-F1 {report['sample_f1']:.3f}, calibration error {report['calibration_error']:.3f}, "
        f"{report['n_articles']} articles"
    )
    of_kinds = [
        f"{row['kind']}: {row['n_suggested']} suggestions, calibration error {row['calibration_error']:.3f}"
        for row in report["reliability_of_kinds"]
    ]
    print_result(options, report, "\n".join([total, *of_kinds]))


def _evaluate_rolling(options: Namespace, articles: Sequence[Article]) -> None:
    # Without this option, `evaluate` imports nothing that fits models.
    from classifier.training.fitting import fit
    from classifier.training.rolling import ORIGINS, rolling_origins

    taxonomy = registry_of(options).taxonomy() or taxonomy_of(tag for article in articles for tag in article.tags or ())
    origins, progress = [], options.progress
    for date, past, later in progress(rolling_origins(articles, starter_ids(articles)), len(ORIGINS), "evaluating"):
        report = evaluate(
            fit(past, taxonomy, track=progress).model, later, within(progress, f"from {date[:10]}: %(what)s")
        )
        origins.append({"from": date, "n_learned": len(past), **report})
    means = {name: statistics.fmean(origin[name] for origin in origins) for name in MEASURES}
    lines = [
        f"from {origin['from'][:10]}: {origin['n_learned']} articles learned, the next {origin['n_articles']} judged: "
        f"micro-F1 {origin['micro_f1']:.3f}, macro-F1 {origin['macro_f1']:.3f}"
        for origin in origins
    ]
    mean = f"mean: micro-F1 {means['micro_f1']:.3f}, macro-F1 {means['macro_f1']:.3f}"
    print_result(options, {**means, "origins": origins}, "\n".join([*lines, mean]))
