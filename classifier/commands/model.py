"""`train`, `evaluate`, `data-report`, `suggest`: a model is made, measured and used."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.commands.output import by_whom, listed, print_json, say_dropped, say_set_aside, shared_by, track
from classifier.commands.parser import STARTER, Commands, Usage, whole
from classifier.errors import BadArticle
from classifier.settings import Settings

if TYPE_CHECKING:
    from classifier.domain.articles import Article
    from classifier.domain.taxonomy import Taxonomy

N_PARTS = 10  # of an explanation, printed


def register(commands: Commands) -> None:
    """Add the commands of this module, in the order of the help."""
    _add_train(commands)
    _add_evaluate(commands)
    _add_data_report(commands)
    _add_suggest(commands)


def _add_train(commands: Commands) -> None:
    sub = commands.add(
        commands.top,
        "train",
        _train,
        "Train a model and make it champion.",
        "models examples dask json records",
        "train --articles archive.jsonl.gz --taxonomy taxonomy.yaml",
    )
    sub.add_argument(
        "--seed", type=whole(0, (1 << 32) - 1), default=0, help="of everything that is drawn (%(default)s)"
    )
    sub.add_argument(
        "--fast",
        action="store_true",
        help="plain TF-IDF and cross-fitted thresholds: seconds, less good; names are not heard, and there are no precedents",
    )


def _train(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.domain.snapshots import snapshot_of
    from classifier.serving.registry import Registry
    from classifier.training.fitting import FitSettings, fit

    articles, taxonomy = _examples(options)
    if taxonomy is not None:
        _say_unknown_labels(articles, taxonomy)
    with shared_by(options.dask):
        fitted = fit(articles, taxonomy, FitSettings(seed=options.seed, fast=options.fast), track)
    say_set_aside(fitted.card["set_aside"])
    learned = frozenset(fitted.held_out.ids)
    registry = Registry(options.models)
    before = registry.taxonomy()
    version = registry.save(fitted.model, snapshot_of(one for one in articles if one.id in learned))
    registry.promote(version, by_whom(), "trained")
    _say_changed_tags(before, fitted.model.taxonomy)
    measured = fitted.card["cross_validation"]
    if options.json:
        print_json(
            {
                "version": version,
                "n_articles": fitted.card["n_articles"],
                "n_tags": fitted.card["n_tags"],
                "micro_f1": measured["micro_f1"],
                "macro_f1": measured["macro_f1"],
                "left_out": fitted.card["left_out"],
                "set_aside": fitted.card["set_aside"],
            }
        )
        return
    few = len(fitted.card["left_out"])
    print(
        f"{version} is champion: {fitted.card['n_articles']} articles, {fitted.card['n_tags']} tags"
        f"{f' ({few} with too few examples are judged by their names alone)' if few else ''}, "
        f"cross-validated micro-F1 {measured['micro_f1']:.3f}, macro-F1 {measured['macro_f1']:.3f}"
    )


def _say_changed_tags(before: Taxonomy | None, after: Taxonomy) -> None:
    """Say what another taxonomy than the champion's means for the labels: `train` takes the files at their word."""
    say_dropped(before, after)
    new = [tag.id for tag in after.tags if before is not None and tag.id not in before.by_id and not tag.created]
    if new:
        print(f"new, without `created`: every article without them counts as wrong for {listed(new)}", file=sys.stderr)


def _examples(options: argparse.Namespace) -> tuple[list[Article], Taxonomy | None]:
    """Return the articles and the taxonomy that a command was given, or those of the starter data."""
    from classifier.domain.articles import read_articles
    from classifier.domain.taxonomy_yaml import read_taxonomy

    taxonomy_file, files = options.taxonomy, options.articles
    if files is None:
        files = sorted((STARTER / "articles").glob("*.jsonl"))
        taxonomy_file = taxonomy_file or STARTER / "taxonomy.yaml"
    return list(read_articles(files)), read_taxonomy(taxonomy_file) if taxonomy_file else None


def _say_unknown_labels(articles: Iterable[Article], taxonomy: Taxonomy) -> None:
    unknown = Counter(tag for article in articles for tag in article.tags or () if tag not in taxonomy.by_id)
    if unknown:
        counts = [f"{tag} ({n})" for tag, n in unknown.most_common()]
        print(f"not in the taxonomy, so not learnt: {listed(counts)}", file=sys.stderr)


def _add_evaluate(commands: Commands) -> None:
    sub = commands.add(
        commands.top,
        "evaluate",
        _evaluate,
        "Measure the champion on articles with known tags.",
        "models json records",
        "evaluate --articles test.jsonl --json",
    )
    sub.add_argument(
        "--articles",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="JSON Lines, plain or .gz: articles with their right tags, which the model has not learnt from",
    )


def _evaluate(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.archive import evaluate
    from classifier.domain.articles import read_articles
    from classifier.serving.registry import Registry

    model = Registry(options.models).load_champion()
    articles = list(read_articles(options.articles))
    if not articles:
        named = ", ".join(map(str, options.articles))
        raise BadArticle(f"There is no article in {named}. Name a file with one article a line.", "")
    report = evaluate(model, articles, track)
    say_set_aside(report["set_aside"])
    if options.json:
        print_json(report)
        return
    low, high = report["micro_f1_interval"]
    print(
        f"{model.version}: micro-F1 {report['micro_f1']:.3f} ({low:.3f} to {high:.3f}), macro-F1 {report['macro_f1']:.3f}, "
        f"sample-F1 {report['sample_f1']:.3f}, calibration error {report['calibration_error']:.3f}, "
        f"{report['n_articles']} articles"
    )


def _add_data_report(commands: Commands) -> None:
    sub = commands.add(
        commands.top,
        "data-report",
        _data_report,
        "Say what to know of articles before training: counts, doubtful labels, copies, repeated blocks, overlaps.",
        "examples json records",
        "data-report --articles archive.jsonl.gz --taxonomy taxonomy.yaml --output report.html",
    )
    sub.add_argument("--output", type=Path, metavar="FILE", help="also write the report as one HTML page")


def _data_report(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.domain.files import whole_file
    from classifier.reports.data.figures import data_report
    from classifier.reports.data.page import as_page, as_text
    from classifier.reports.json_form import to_json

    articles, taxonomy = _examples(options)
    report = data_report(articles, taxonomy, track)
    say_set_aside(report.set_aside)
    if options.output:
        with whole_file(options.output) as page:
            page.write(as_page(report).encode())
    if options.json:
        print_json(to_json(report))
    elif options.output:
        n = sum(finding.n for finding in report.findings)
        print(f"{report.n_articles} articles, {n} findings -> {options.output}")
    else:
        print(as_text(report))


def _add_suggest(commands: Commands) -> None:
    sub = commands.add(
        commands.top,
        "suggest",
        _suggest,
        "Suggest tags for one text, or for a file of articles.",
        "models json",
        "suggest article.txt",
    )
    sub.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE",
        help="one text; its first line is the title; - reads standard input",
    )
    sub.add_argument("--articles", type=Path, nargs="+", metavar="IN", help="JSON Lines, plain or .gz")
    sub.add_argument("--output", type=Path, metavar="OUT", help="suggestion records, one a line")
    sub.add_argument(
        "--top",
        type=whole(1, 1_000_000),
        metavar="N",
        help="the N best tags of each article, whatever their scores (with --json of one FILE: `ranking`)",
    )
    sub.add_argument("--why", nargs="+", default=[], metavar="TAG", help="explain these tags of one FILE")


def _suggest(options: argparse.Namespace, _settings: Settings) -> None:
    if (options.file is None) == (options.articles is None):
        raise Usage("Name either one FILE, or --articles IN with --output OUT.")
    if options.articles is not None:
        if options.output is None:
            raise Usage("--articles needs --output OUT.")
        if options.why:
            raise Usage("--why goes with one FILE, not with --articles and --output OUT.")
        _suggest_archive(options)
    else:
        if options.output is not None:
            raise Usage("--output OUT goes with --articles, not with one FILE.")
        _suggest_text(options)


def _suggest_archive(options: argparse.Namespace) -> None:
    from classifier.archive import write_suggestions
    from classifier.domain.unreadable import Unreadable
    from classifier.serving.registry import Registry

    folder = Registry(options.models).champion_folder()
    unreadable = Unreadable()
    n = write_suggestions(folder, options.articles, options.output, options.top, track, unreadable=unreadable)
    say_set_aside(unreadable.to_json())
    if options.json:
        told = {"n_articles": n, "model_version": folder.name, "output": str(options.output)}
        print_json({**told, "set_aside": unreadable.to_json()})
        return
    print(f"{n} articles by {folder.name} -> {options.output}")


def _suggest_text(options: argparse.Namespace) -> None:
    from classifier.domain.articles import article_from_text
    from classifier.serving.answers import answer_json, explanations_of
    from classifier.serving.registry import Registry

    model = Registry(options.models).load_champion()
    article = article_from_text(_read_text(options.file))
    answer = answer_json(model.suggest(article))
    if options.why:
        answer["why"] = explanations_of(article, options.why, model)
    if options.top:
        answer["ranking"] = [
            {"tag": tag, "score": round(score, 6)} for tag, score in model.rank([article], options.top)[0]
        ]
    if options.json:
        print_json(answer)
        return
    if options.top:
        for one in answer["ranking"]:
            print(f"{one['score']:5.2f}  {one['tag']}")
    else:
        _show_suggestions(answer)
    for told in answer.get("why", ()):
        print(f"{told['tag']}: score {told['score']:.2f}, threshold {told['threshold']:.2f}; its strongest parts:")
        for part in sorted(told["parts"], key=lambda part: -abs(part["weight"]))[:N_PARTS]:
            print(f"  {part['weight']:+.3f}  {part['kind']:<10} {part['text']}")


def _show_suggestions(answer: dict[str, Any]) -> None:
    for one in answer["suggestions"]:
        words = ", ".join(dict.fromkeys(e["plain"] for e in one["evidence"]))
        print(f"{one['score']:5.2f}  {one['tag']:<28} {one['band']:<8} {words}")
    if answer["mentioned"]:
        print("only mentioned: " + ", ".join(m["tag"] for m in answer["mentioned"]))
    if answer["reason"]:
        print(f"no suggestions: {answer['reason']}")


def _read_text(path: Path) -> str:
    """Return a text as it is: offsets count characters, so newlines are not translated."""
    try:
        raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        return raw.decode("utf-8")
    except OSError as error:
        raise BadArticle(f"Cannot read {path}: {error.strerror}.", "") from None
    except UnicodeDecodeError as error:
        raise BadArticle(f"{path} is not UTF-8 (byte {error.start}).", "body") from None
