"""`suggest`: tags for one text, or for a file of articles."""

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from classifier.archive import write_suggestions
from classifier.commands.common import print_json, print_result, registry_of, warn_set_aside
from classifier.commands.parser import Usage
from classifier.domain.articles import article_from_text
from classifier.domain.unreadable import Unreadable
from classifier.errors import BadArticle
from classifier.serving.views import answer_json, explanations_of
from classifier.settings import Settings

N_PARTS = 10  # of an explanation, printed


def do_suggest(options: Namespace, _settings: Settings) -> None:
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


def _suggest_archive(options: Namespace) -> None:
    folder = registry_of(options).champion_folder()
    unreadable = Unreadable()
    n = write_suggestions(
        folder, options.articles, options.output, options.top, options.progress, unreadable=unreadable
    )
    set_aside = unreadable.to_json()
    warn_set_aside(set_aside)
    result = {"n_articles": n, "model_version": folder.name, "output": str(options.output), "set_aside": set_aside}
    print_result(options, result, f"{n} articles by {folder.name} -> {options.output}")


def _suggest_text(options: Namespace) -> None:
    model = registry_of(options).load_champion()
    article = article_from_text(_read_text(options.file))
    answer: dict[str, Any] = {**answer_json(model.suggest(article))}
    if options.why:
        answer["why"] = explanations_of(article, options.why, model)
    if options.top:
        ranking = model.rank([article], options.top)[0]
        answer["ranking"] = [{"tag": tag, "score": round(score, 6)} for tag, score in ranking]
    if options.json:
        print_json(answer)
        return
    if options.top:
        for row in answer["ranking"]:
            print(f"{row['score']:5.2f}  {row['tag']}")
    else:
        _print_suggestions(answer)
    for explained in answer.get("why", ()):
        _print_explanation(explained)


def _print_suggestions(answer: dict[str, Any]) -> None:
    for suggestion in answer["suggestions"]:
        words = ", ".join(dict.fromkeys(evidence["plain"] for evidence in suggestion["evidence"]))
        print(f"{suggestion['score']:5.2f}  {suggestion['tag']:<28} {suggestion['band']:<8} {words}")
    if answer["mentioned"]:
        print("only mentioned: " + ", ".join(mentioned["tag"] for mentioned in answer["mentioned"]))
    if answer["reason"]:
        print(f"no suggestions: {answer['reason']}")


def _print_explanation(explained: dict[str, Any]) -> None:
    scores = f"score {explained['score']:.2f}, threshold {explained['threshold']:.2f}"
    print(f"{explained['tag']}: {scores}; its strongest parts:")
    for part in sorted(explained["parts"], key=lambda part: -abs(part["weight"]))[:N_PARTS]:
        print(f"  {part['weight']:+.3f}  {part['kind']:<10} {part['text']}")


def _read_text(path: Path) -> str:
    """Return a text unchanged: offsets count characters, so newlines are not translated."""
    try:
        raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        return raw.decode("utf-8")
    except OSError as error:
        raise BadArticle(f"Cannot read {path}: {error.strerror}.", "") from None
    except UnicodeDecodeError as error:
        raise BadArticle(f"{path} is not UTF-8 (byte {error.start}).", "body") from None
