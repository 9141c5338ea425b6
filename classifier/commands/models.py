"""`models …`: list, show, compare, promote, roll back, keep and export model versions."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from classifier.commands.output import by_whom, print_json, say_champion, say_dropped, say_set_aside, track
from classifier.commands.parser import Commands, whole
from classifier.errors import BadArticle, NoModel, TaggerError
from classifier.settings import Settings


def register(commands: Commands) -> None:
    """Add the group and its commands."""
    within = commands.group("models", "List, show, promote and roll back model versions.")
    commands.add(within, "list", _models_list, "List the versions, newest first.", "models json")
    sub = commands.add(within, "show", _models_show, "Show the card of a version (the champion's).", "models json")
    sub.add_argument("version", nargs="?", metavar="VERSION", help="one of `models list`")
    promote = commands.add(
        within,
        "promote",
        _models_promote,
        "Make a version the champion.",
        "models json",
        "models promote 20240606-120000-0a1b2c3d --why 'fewer false alarms'",
    )
    promote.add_argument("version", metavar="VERSION", help="one of `models list`")
    back = commands.add(
        within, "roll-back", _models_roll_back, "Make the champion's predecessor the champion again.", "models json"
    )
    for sub in (promote, back):
        sub.add_argument("--why", default="by hand", metavar="TEXT", help="kept in the history")
    sub = commands.add(
        within,
        "export",
        _models_export,
        "Write a version (the champion) as a scikit-learn pipeline, for data people; the service never loads one.",
        "models json",
        "models export --output tagger.joblib",
    )
    sub.add_argument("version", nargs="?", metavar="VERSION", help="one of `models list`")
    sub.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="a joblib file; loading one runs code: only load what you exported yourself",
    )
    sub = commands.add(
        within,
        "history",
        _models_history,
        "Show what served when, by whom, and why.",
        "models json",
        "models history --at 2024-06-06T12:00",
    )
    sub.add_argument("--at", metavar="TIME", help="only what served then; ISO 8601, UTC where it names no zone")
    _add_compare(commands, within)
    _add_keeping(commands, within)


def _add_compare(commands: Commands, within: Any) -> None:
    sub = commands.add(
        within,
        "compare",
        _models_compare,
        "Compare two versions on articles with known tags, as the gate of `retrain` does.",
        "models json records",
        "models compare OLD NEW --articles test.jsonl",
    )
    sub.add_argument("champion", metavar="OLD", help="one of `models list`")
    sub.add_argument("challenger", metavar="NEW", help="one of `models list`")
    sub.add_argument(
        "--articles",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="JSON Lines, plain or .gz: articles with their right tags, from which neither has learned",
    )


def _add_keeping(commands: Commands, within: Any) -> None:
    for name, run, text in (
        ("pin", _models_pin, "Keep a version for good: it is never swept."),
        ("unpin", _models_unpin, "Let a version be swept again."),
    ):
        sub = commands.add(within, name, run, text, "models json")
        sub.add_argument("version", metavar="VERSION", help="one of `models list`")
    sub = commands.add(
        within,
        "sweep",
        _models_sweep,
        "Remove old versions; the champion, its predecessor and pinned ones stay. `retrain` does this after each run.",
        "models json",
    )
    sub.add_argument(
        "--keep",
        type=whole(1, 10_000),
        default=commands.settings.keep_versions or 10,
        metavar="N",
        help="of the newest versions (%(default)s; for `retrain`: TAGGER_KEEP_VERSIONS)",
    )


def _models_list(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.serving.registry import Registry

    registry = Registry(options.models)
    rows = registry.table()
    try:
        registry.load_champion()
    except NoModel:
        pass
    except TaggerError as error:
        print(f"the champion cannot serve: {error}", file=sys.stderr)
    if options.json:
        print_json({"models": rows})
        return
    for row in rows:
        quality = f"micro-F1 {row['micro_f1']:.3f}" if row["micro_f1"] is not None else ""
        print(f"{'*' if row['champion'] else ' '} {row['version']}  {row['n_articles'] or '?':>7} articles  {quality}")
    if not rows:
        print(f"no models in {options.models}; train one: python -m classifier train")


def _models_show(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.serving.registry import Registry

    registry = Registry(options.models)
    version = options.version
    if version is None:
        champion = registry.champion()
        if champion is None:
            raise NoModel(f"No champion model in {options.models}. Train one: python -m classifier train")
        version = champion.version
    print(json.dumps(registry.card(version), ensure_ascii=False, indent=None if options.json else 1))


def _models_promote(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.serving.registry import Registry

    registry = Registry(options.models)
    before = registry.taxonomy()
    say_champion(registry.promote(options.version, by_whom(), options.why), options.json)
    say_dropped(before, registry.taxonomy())


def _models_roll_back(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.serving.registry import Registry

    registry = Registry(options.models)
    before = registry.taxonomy()
    say_champion(registry.roll_back(by_whom(), options.why), options.json)
    say_dropped(before, registry.taxonomy())


def _models_export(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.model.export import export_model
    from classifier.serving.registry import Registry

    registry = Registry(options.models)
    model = registry.load_champion() if options.version is None else registry.load(options.version)
    export_model(model, options.output)
    if options.json:
        print_json({"version": model.version, "output": str(options.output)})
    else:
        print(f"{model.version} -> {options.output}; read it with joblib.load")


def _models_history(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.serving.champion import champion_at, read_history
    from classifier.serving.registry import Registry

    registry = Registry(options.models)
    champions, damaged = read_history(registry.folder)
    if damaged:
        lines = ", ".join(map(str, damaged))
        print(f"{registry.folder / 'history.jsonl'}: cannot be read and left out: line {lines}", file=sys.stderr)
    if options.at is not None:
        champion = champion_at(champions, options.at)
        champions = [champion] if champion else []
    if options.json:
        print_json({"history": [vars(champion) for champion in champions]})
        return
    for champion in champions:
        print(f"{champion.at}  {champion.action:<9}  {champion.version}  by {champion.by}: {champion.why}")
    if not champions:
        print(f"nothing served{f' at {options.at}' if options.at else ''}")


def _models_compare(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.domain.articles import read_articles
    from classifier.serving.registry import Registry
    from classifier.training.judging import compare_models

    registry = Registry(options.models)
    champion, challenger = registry.load(options.champion), registry.load(options.challenger)
    articles = list(read_articles(options.articles))
    if not articles:
        raise BadArticle(f"There is no article in {', '.join(map(str, options.articles))}.", "")
    compared = compare_models(champion, challenger, articles, track)
    say_set_aside(compared.unreadable.to_json())
    if options.json:
        print_json(compared.to_json())
        return
    for check in compared.comparison.gate:
        mark = "holds" if check.passed else "WORSE"
        print(f"{mark}  {check.check:<12} {check.tag or '':<32} {check.figure}")


def _models_pin(options: argparse.Namespace, _settings: Settings) -> None:
    _pin(options, keep=True)


def _models_unpin(options: argparse.Namespace, _settings: Settings) -> None:
    _pin(options, keep=False)


def _pin(options: argparse.Namespace, keep: bool) -> None:
    from classifier.serving.registry import Registry

    registry = Registry(options.models)
    registry.pin(options.version, keep)
    if options.json:
        print_json({"pinned": registry.pinned()})
    else:
        print(f"{options.version} is {'kept for good' if keep else 'swept when its time comes'}")


def _models_sweep(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.serving.registry import Registry

    registry = Registry(options.models)
    swept = registry.sweep(options.keep)
    if options.json:
        print_json({"swept": swept, "kept": registry.versions()})
    else:
        print(f"{len(swept)} versions removed, {len(registry.versions())} kept")
