"""`models …`: list, show, compare, promote, roll back, keep and export model versions."""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

from classifier.commands.opening import registry_of
from classifier.commands.output import (
    print_champion,
    print_json,
    print_result,
    track,
    user_name,
    warn,
    warn_dropped,
    warn_set_aside,
)
from classifier.commands.parser import Commands, whole
from classifier.errors import BadArticle, NoModel, TaggerError
from classifier.settings import Settings


def register(commands: Commands) -> None:
    """Add the group and its commands."""
    within = commands.group("models", "List, show, compare, promote and roll back model versions.")
    commands.add(
        within,
        "list",
        _models_list,
        "List the versions, newest first; the champion has a star.",
        "models json",
        "models list",
    )
    sub = commands.add(within, "show", _models_show, "Show the model card of a version.", "models json", "models show")
    sub.add_argument("version", nargs="?", metavar="VERSION", help="one of `models list` (default: the champion)")
    promote = commands.add(
        within,
        "promote",
        _models_promote,
        "Make a version the champion.",
        "models json",
        "models promote 20240606-120000-0a1b2c3d --why 'fewer false alarms'",
        next_step="a running service changes to it within seconds; `models roll-back` undoes it.",
    )
    promote.add_argument("version", metavar="VERSION", help="one of `models list`")
    back = commands.add(
        within,
        "roll-back",
        _models_roll_back,
        "Make the champion's predecessor the champion again.",
        "models json",
        "models roll-back --why 'too many wrong tags'",
    )
    for sub in (promote, back):
        sub.add_argument(
            "--why", default="by hand", metavar="TEXT", help="the reason, recorded in the history (%(default)s)"
        )
    sub = commands.add(
        within,
        "export",
        _models_export,
        "Write a version as a scikit-learn pipeline, for data scientists. The service never loads one.",
        "models json",
        "models export --output tagger.joblib",
        next_step="`joblib.load(FILE)` in Python; its predict takes articles.",
    )
    sub.add_argument("version", nargs="?", metavar="VERSION", help="one of `models list` (default: the champion)")
    sub.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="a joblib file; loading one runs code, so load only files that you exported yourself",
    )
    sub = commands.add(
        within,
        "history",
        _models_history,
        "Show which version served when, who promoted it, and why.",
        "models json",
        "models history --at 2024-06-06T12:00",
    )
    sub.add_argument(
        "--at", metavar="TIME", help="only the version that served then; ISO 8601, UTC unless it names a zone"
    )
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
        next_step="`models promote NEW` if every check holds.",
    )
    sub.add_argument("champion", metavar="OLD", help="one of `models list`")
    sub.add_argument("challenger", metavar="NEW", help="one of `models list`")
    sub.add_argument(
        "--articles",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="JSON Lines, plain or .gz: articles with their right tags, on which neither was trained",
    )


def _add_keeping(commands: Commands, within: Any) -> None:
    for name, run, text in (
        ("pin", partial(_pin, keep=True), "Protect a version: it is never removed."),
        ("unpin", partial(_pin, keep=False), "Let a pinned version be removed again when it is old."),
    ):
        sub = commands.add(within, name, run, text, "models json", f"models {name} 20240606-120000-0a1b2c3d")
        sub.add_argument("version", metavar="VERSION", help="one of `models list`")
    sub = commands.add(
        within,
        "sweep",
        _models_sweep,
        "Remove old versions, except the champion, its predecessor and pinned ones. `retrain` does so after each run.",
        "models json",
        "models sweep --keep 5",
    )
    sub.add_argument(
        "--keep",
        type=whole(1, 10_000),
        default=commands.settings.keep_versions or 10,
        metavar="N",
        help="how many of the newest versions stay (%(default)s; for `retrain`: TAGGER_KEEP_VERSIONS)",
    )


def _models_list(options: argparse.Namespace, _settings: Settings) -> None:
    registry = registry_of(options)
    rows = registry.table()
    try:
        registry.load_champion()
    except NoModel:
        pass
    except TaggerError as error:
        warn(f"the champion cannot serve: {error}")
    if options.json:
        print_json({"models": rows})
        return
    for row in rows:
        quality = f"micro-F1 {row['micro_f1']:.3f}" if row["micro_f1"] is not None else ""
        print(f"{'*' if row['champion'] else ' '} {row['version']}  {row['n_articles'] or '?':>7} articles  {quality}")
    if not rows:
        print(f"no models in {options.models}; train one: python -m classifier train")


def _models_show(options: argparse.Namespace, _settings: Settings) -> None:
    registry = registry_of(options)
    version = options.version
    if version is None:
        champion = registry.champion()
        if champion is None:
            raise NoModel(f"No champion model in {options.models}. Train one: python -m classifier train")
        version = champion.version
    print(json.dumps(registry.card(version), ensure_ascii=False, indent=None if options.json else 1))


def _models_promote(options: argparse.Namespace, _settings: Settings) -> None:
    registry = registry_of(options)
    before = registry.taxonomy()
    print_champion(registry.promote(options.version, user_name(), options.why), options.json)
    warn_dropped(before, registry.taxonomy())


def _models_roll_back(options: argparse.Namespace, _settings: Settings) -> None:
    registry = registry_of(options)
    before = registry.taxonomy()
    print_champion(registry.roll_back(user_name(), options.why), options.json)
    warn_dropped(before, registry.taxonomy())


def _models_export(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.model.export import export_model

    registry = registry_of(options)
    model = registry.load_champion() if options.version is None else registry.load(options.version)
    export_model(model, options.output)
    result = {"version": model.version, "output": str(options.output)}
    print_result(options, result, f"{model.version} -> {options.output}; read it with joblib.load")


def _models_history(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.serving.champion import champion_at, read_history

    registry = registry_of(options)
    champions, damaged = read_history(registry.folder)
    if damaged:
        lines = ", ".join(map(str, damaged))
        warn(f"{registry.folder / 'history.jsonl'}: cannot be read and left out: line {lines}")
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
    from classifier.training.judging import compare_models

    registry = registry_of(options)
    champion, challenger = registry.load(options.champion), registry.load(options.challenger)
    articles = list(read_articles(options.articles))
    if not articles:
        raise BadArticle(f"There is no article in {', '.join(map(str, options.articles))}.", "")
    compared = compare_models(champion, challenger, articles, track)
    warn_set_aside(compared.unreadable.to_json())
    if options.json:
        print_json(compared.to_json())
        return
    for check in compared.comparison.gate:
        mark = "holds" if check.passed else "WORSE"
        print(f"{mark}  {check.check:<12} {check.tag or '':<32} {check.figure}")


def _pin(options: argparse.Namespace, _settings: Settings, keep: bool) -> None:
    registry = registry_of(options)
    registry.pin(options.version, keep)
    state = "pinned: it is never removed" if keep else "no longer pinned"
    print_result(options, {"pinned": registry.pinned()}, f"{options.version} is {state}")


def _models_sweep(options: argparse.Namespace, _settings: Settings) -> None:
    registry = registry_of(options)
    swept = registry.sweep(options.keep)
    versions = registry.versions()
    result = {"swept": swept, "kept": versions}
    print_result(options, result, f"{len(swept)} versions removed, {len(versions)} kept")
