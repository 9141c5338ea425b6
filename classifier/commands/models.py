"""`models …`: list, show, compare, promote, roll back, keep and export model versions."""

import json
from argparse import Namespace

from classifier.commands.common import (
    print_champion,
    print_result,
    print_rows,
    registry_of,
    store_of,
    warn,
    warn_dropped,
    warn_set_aside,
)
from classifier.commands.parser import user_name
from classifier.domain.articles import read_articles
from classifier.errors import BadArticle, NoModel, TaggerError
from classifier.serving.champion import champion_at, read_history
from classifier.serving.shadow import begin_shadow, end_shadow
from classifier.settings import Settings


def do_list(options: Namespace, _settings: Settings) -> None:
    registry = registry_of(options)
    rows = registry.table()
    try:
        registry.load_champion()
    except NoModel:
        pass
    except TaggerError as error:
        warn(f"the champion cannot serve: {error}")
    lines = []
    for row in rows:
        quality = f"micro-F1 {row['micro_f1']:.3f}" if row["micro_f1"] is not None else ""
        star = "*" if row["champion"] else " "
        shadow = "  in shadow" if row["shadow"] else ""
        lines.append(f"{star} {row['version']}  {row['n_articles'] or '?':>7} articles  {quality}{shadow}")
    nothing = f"no models in {options.models}; train one: python -m classifier train"
    print_result(options, {"models": rows}, "\n".join(lines) or nothing)


def do_show(options: Namespace, _settings: Settings) -> None:
    registry = registry_of(options)
    version = options.version
    if version is None:
        champion = registry.champion()
        if champion is None:
            raise NoModel(f"No champion model in {options.models}. Train one: python -m classifier train")
        version = champion.version
    print(json.dumps(registry.card(version), ensure_ascii=False, indent=None if options.json else 1))


def do_promote(options: Namespace, _settings: Settings) -> None:
    registry = registry_of(options)
    before = registry.taxonomy()
    print_champion(options, registry.promote(options.version, user_name(), options.why))
    warn_dropped(before, registry.taxonomy())


def do_roll_back(options: Namespace, _settings: Settings) -> None:
    registry = registry_of(options)
    before = registry.taxonomy()
    print_champion(options, registry.roll_back(user_name(), options.why))
    warn_dropped(before, registry.taxonomy())


def do_export(options: Namespace, _settings: Settings) -> None:
    from classifier.model.export import export_model

    registry = registry_of(options)
    options.progress.step("reading")
    model = registry.load_fitted_champion() if options.version is None else registry.load(options.version)
    options.progress.step("writing")
    export_model(model, options.output)
    result = {"version": model.version, "output": str(options.output)}
    print_result(options, result, f"{model.version} -> {options.output}; read it with joblib.load")


def do_history(options: Namespace, _settings: Settings) -> None:
    registry = registry_of(options)
    champions, damaged = read_history(registry.folder)
    if damaged:
        warn(f"{registry.folder / 'history.jsonl'}: cannot be read and left out: line {', '.join(map(str, damaged))}")
    if options.at is not None:
        champion = champion_at(champions, options.at)
        champions = [champion] if champion else []
    lines = (f"{row.at}  {row.action:<9}  {row.version}  by {row.by}: {row.why}" for row in champions)
    print_rows(options, "history", champions, lines, f"nothing served{f' at {options.at}' if options.at else ''}")


def do_compare(options: Namespace, _settings: Settings) -> None:
    from classifier.text.language import name_of
    from classifier.training.judging import compare_models

    registry = registry_of(options)
    champion, challenger = registry.load(options.champion), registry.load(options.challenger)
    options.progress.step("reading")
    articles = list(read_articles(options.articles))
    if not articles:
        raise BadArticle(f"There is no article in {', '.join(map(str, options.articles))}.", "")
    compared = compare_models(champion, challenger, articles, options.progress)
    warn_set_aside(compared.unreadable.to_json())
    lines = (
        f"{'holds' if check.passed else 'WORSE'}  {check.check:<12} {check.tag or '':<32} {check.figure}"
        for check in compared.gate
    )
    of_languages = (change.figure(name_of(change.language)) for change in compared.languages)
    print_result(options, compared.to_json(), "\n".join([*lines, *of_languages]))


def do_score(options: Namespace, _settings: Settings) -> None:
    from classifier.reports.sheets import keep_sheets

    sheets = keep_sheets(store_of(options), registry_of(options), options.versions, options.progress)
    rows = [{"version": sheet.version, "n_articles": len(sheet.rows), "since": sheet.since} for sheet in sheets]
    lines = (f"{row['version']}  {row['n_articles']} articles since {row['since'] or 'no date'}" for row in rows)
    print_result(options, {"sheets": rows}, "\n".join(lines))


def do_pin(options: Namespace, _settings: Settings) -> None:
    registry = registry_of(options)
    registry.pin(options.version, options.keep)
    state = "pinned: it is never removed" if options.keep else "no longer pinned"
    print_result(options, {"pinned": registry.pinned()}, f"{options.version} is {state}")


def do_shadow(options: Namespace, _settings: Settings) -> None:
    registry = registry_of(options)
    if options.end:
        with registry.locked():
            end_shadow(registry.folder)
        print_result(options, {"shadow": None}, "no version is in shadow")
        return
    shadow = begin_shadow(registry, options.version, user_name())
    text = f"{shadow.version} is in shadow until {shadow.until[:10]}: `retrain` compares it, and nobody sees its suggestions"
    print_result(options, {"shadow": vars(shadow) | {"until": shadow.until}}, text)


def do_sweep(options: Namespace, _settings: Settings) -> None:
    registry = registry_of(options)
    swept, versions = registry.sweep(options.keep), registry.versions()
    result = {"swept": swept, "kept": versions}
    print_result(options, result, f"{len(swept)} versions removed, {len(versions)} kept")
