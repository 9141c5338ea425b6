"""`evaluate`: measure the champion on articles with known tags."""

import argparse
from pathlib import Path

from classifier.commands.opening import registry_of
from classifier.commands.output import print_result, track, warn_set_aside
from classifier.commands.parser import Commands
from classifier.errors import BadArticle
from classifier.settings import Settings


def register(commands: Commands) -> None:
    """Add `evaluate`."""
    sub = commands.add(
        commands.top,
        "evaluate",
        _evaluate,
        "Measure the champion on articles with known tags.",
        "models json records",
        "evaluate --articles test.jsonl --json",
        next_step="compare two versions on the same articles: `models compare OLD NEW --articles FILE`.",
    )
    sub.add_argument(
        "--articles",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="JSON Lines, plain or .gz: articles with their right tags, which the model was not trained on",
    )


def _evaluate(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.archive import evaluate
    from classifier.domain.articles import read_articles

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
