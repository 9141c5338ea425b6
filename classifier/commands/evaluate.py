"""`evaluate`: measure the champion on articles with known tags."""

from argparse import Namespace

from classifier.archive import evaluate
from classifier.commands.common import print_result, registry_of, track, warn_set_aside
from classifier.domain.articles import read_articles
from classifier.errors import BadArticle
from classifier.settings import Settings


def do_evaluate(options: Namespace, _settings: Settings) -> None:
    model = registry_of(options).load_champion()
    articles = list(read_articles(options.articles))
    if not articles:
        files = ", ".join(map(str, options.articles))
        raise BadArticle(f"There is no article in {files}. Name a file with one article a line.", "")
    report = evaluate(model, articles, track)
    warn_set_aside(report["set_aside"])
    low, high = report["micro_f1_interval"]
    print_result(
        options,
        report,
        f"{model.version}: micro-F1 {report['micro_f1']:.3f} ({low:.3f} to {high:.3f}), macro-F1 {report['macro_f1']:.3f}, "
        f"sample-F1 {report['sample_f1']:.3f}, calibration error {report['calibration_error']:.3f}, "
        f"{report['n_articles']} articles",
    )
