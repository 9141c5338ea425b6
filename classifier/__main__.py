"""Operator commands: `python -m classifier COMMAND`. Each parses, calls one method, and says in one line what came of it.

One line of result on standard output, progress on standard error. Exit codes: 0 done, 1 refused or failed with the
reason, 2 usage, 3 somebody else is at it. Heavy modules are imported by the command that needs them.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.errors import BadArticle, BadSetting, NoModel, TaggerError
from classifier.settings import LIMITS, Settings, read_settings, whole_number

if TYPE_CHECKING:
    from classifier.articles import Article
    from classifier.taxonomy import Taxonomy

RECORD = (
    'An article is one line of JSON: {"id": "a-1", "title": "…", "body": "…", "tags": ["iskp"]}. It may have\n'
    "body_format (text or html), rejected (tags that are wrong), tags_complete (true: every tag not listed is wrong),\n"
    "published_at (ISO 8601) and url; other fields are passed over."
)
N_PARTS = 10  # of an explanation, printed
STARTER = Path(__file__).parent.parent / "training_data"


class _Usage(TaggerError):
    """Options that do not go together."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    try:
        settings = read_settings()
        options = _parser(settings).parse_args(arguments)
        options.run(options, settings)
    except _Usage as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except TaggerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 1
    return 0


Options = argparse.ArgumentParser


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            return whole_number(text, low, high)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


class _Commands:
    """Builds the commands; what several of them take is written once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.parser = Options(
            prog="python -m classifier",
            description="Suggest topic tags for articles, and show why.",
            epilog="First steps: `train`, then `suggest FILE`, then `serve`. Settings: TAGGER_MODELS, TAGGER_DATABASE_URL, …",
        )
        self.top = self.parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def group(self, name: str, text: str) -> Any:
        group = self.top.add_parser(name, help=text, description=text)
        return group.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(
        self,
        within: Any,
        name: str,
        run: Callable[[argparse.Namespace, Settings], None],
        text: str,
        takes: str = "",
        example: str = "",
    ) -> Options:
        """Add a command; `takes` names its common options (models, database, examples, json), or that it reads records."""
        parts = [f"example: python -m classifier {example}" if example else "", RECORD if "records" in takes else ""]
        sub: Options = within.add_parser(
            name,
            help=text,
            description=text,
            epilog="\n\n".join(filter(None, parts)),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=run)
        if "models" in takes:
            sub.add_argument(
                "--models", type=Path, default=self.settings.models, metavar="DIR", help="model versions (%(default)s)"
            )
        if "database" in takes:
            sub.add_argument(
                "--database", default=self.settings.database_url, metavar="URL", help="the store (%(default)s)"
            )
        if "examples" in takes:
            sub.add_argument(
                "--articles",
                type=Path,
                nargs="+",
                metavar="FILE",
                help="JSON Lines, plain or .gz (the starter articles of training_data/)",
            )
            sub.add_argument(
                "--taxonomy", type=Path, metavar="FILE", help="YAML; without it the tags are those of the articles"
            )
        if "json" in takes:
            sub.add_argument("--json", action="store_true", help="print JSON")
        return sub

    def add_model_commands(self) -> None:
        sub = self.add(
            self.top,
            "train",
            _train,
            "Train a model and make it champion.",
            "models examples json records",
            "train --articles archive.jsonl.gz --taxonomy taxonomy.yaml",
        )
        sub.add_argument(
            "--seed", type=_whole(0, (1 << 32) - 1), default=0, help="of everything that is drawn (%(default)s)"
        )
        sub.add_argument(
            "--fast",
            action="store_true",
            help="plain TF-IDF and cross-fitted thresholds: seconds, less good; names are not heard, and there are no precedents",
        )
        sub = self.add(
            self.top,
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
        sub = self.add(
            self.top,
            "data-report",
            _data_report,
            "Say what to know of articles before training: counts, doubtful labels, copies, repeated blocks, overlaps.",
            "examples json records",
            "data-report --articles archive.jsonl.gz --taxonomy taxonomy.yaml --output report.html",
        )
        sub.add_argument("--output", type=Path, metavar="FILE", help="also write the report as one HTML page")
        sub = self.add(
            self.top,
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
            type=_whole(1, 1_000_000),
            metavar="N",
            help="the N best tags of each article, whatever their scores (with --json of one FILE: `ranking`)",
        )
        sub.add_argument("--why", nargs="+", default=[], metavar="TAG", help="explain these tags of one FILE")

    def add_registry_commands(self) -> None:
        within = self.group("models", "List, show, promote and roll back model versions.")
        self.add(within, "list", _models_list, "List the versions, newest first.", "models json")
        sub = self.add(within, "show", _models_show, "Show the card of a version (the champion's).", "models json")
        sub.add_argument("version", nargs="?", metavar="VERSION", help="one of `models list`")
        promote = self.add(
            within,
            "promote",
            _models_promote,
            "Make a version the champion.",
            "models json",
            "models promote 20240606-120000-0a1b2c3d --why 'fewer false alarms'",
        )
        promote.add_argument("version", metavar="VERSION", help="one of `models list`")
        back = self.add(
            within, "roll-back", _models_roll_back, "Make the champion's predecessor the champion again.", "models json"
        )
        for sub in (promote, back):
            sub.add_argument("--why", default="by hand", metavar="TEXT", help="kept in the history")
        sub = self.add(
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
        self.add(within, "history", _models_history, "Show what served when, by whom, and why.", "models json")

    def add_store_commands(self) -> None:
        sub = self.add(
            self.top,
            "import",
            _import,
            "Store articles; a second run changes nothing.",
            "database json records",
            "import archive.jsonl.gz",
        )
        sub.add_argument("files", type=Path, nargs="+", metavar="FILE", help="JSON Lines, plain or .gz")
        sub.add_argument("--source", default="import", help="what the articles are marked with (%(default)s)")
        within = self.group("tags", "List, check and apply the taxonomy.")
        self.add(within, "list", _tags_list, "List the tags of the champion's taxonomy.", "models json")
        sub = self.add(within, "check", _tags_check, "Check a taxonomy; every problem is named with its line.")
        sub.add_argument("file", type=Path, nargs="?", default=STARTER / "taxonomy.yaml", metavar="FILE")
        sub = self.add(
            within,
            "apply",
            _tags_apply,
            "Give the champion a changed taxonomy, as a new version, at once.",
            "models json",
            "tags apply taxonomy.yaml",
        )
        sub.add_argument("file", type=Path, metavar="FILE", help="YAML, the whole taxonomy: a tag not in it is removed")
        within = self.group("keys", "Create, list and revoke keys.")
        sub = self.add(
            within,
            "create",
            _keys_create,
            "Create a key and print it; it is shown this once.",
            "database",
            "keys create wordpress --role cms",
        )
        sub.add_argument("name")
        sub.add_argument("--role", required=True, choices=("cms", "editor", "admin", "reader"))
        self.add(within, "list", _keys_list, "List the keys.", "database json")
        sub = self.add(within, "revoke", _keys_revoke, "Make a key useless.", "database")
        sub.add_argument("name")

    def add_service_commands(self) -> None:
        self.add(
            self.top,
            "status",
            _status,
            "Say what serves, what is stored, what is wrong, and the next step.",
            "models database json",
        )
        sub = self.add(self.top, "serve", _serve, "Serve the API and the page.", "models database")
        sub.add_argument("--host", default=self.settings.host, help="address to listen on (%(default)s)")
        sub.add_argument("--port", type=_whole(*LIMITS["PORT"]), default=self.settings.port, help="(%(default)s)")
        sub.add_argument(
            "--workers", type=_whole(*LIMITS["WORKERS"]), default=self.settings.workers, help="processes (%(default)s)"
        )
        sub.add_argument(
            "--threads",
            type=_whole(*LIMITS["THREADS"]),
            default=self.settings.threads,
            help="threads of each process; a stalled client holds one (%(default)s)",
        )


def _parser(settings: Settings) -> Options:
    commands = _Commands(settings)
    commands.add_model_commands()
    commands.add_registry_commands()
    commands.add_store_commands()
    commands.add_service_commands()
    return commands.parser


# --- output -----------------------------------------------------------------------------------------------------


def _track(things: Iterable[Any], total: int, what: str) -> Iterable[Any]:
    from tqdm import tqdm

    # In a log, a line every half minute is enough.
    interval = 0.1 if sys.stderr.isatty() else 30.0
    shown: Iterable[Any] = tqdm(things, total=total or None, desc=f"{what:<20}", file=sys.stderr, mininterval=interval)
    return shown


def _print(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _by() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


# --- train, evaluate, suggest -----------------------------------------------------------------------------------


def _train(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.fitting import FitSettings, fit
    from classifier.registry import Registry

    articles, taxonomy = _examples(options)
    if taxonomy is not None:
        _say_unknown_labels(articles, taxonomy)
    fitted = fit(articles, taxonomy, FitSettings(seed=options.seed, fast=options.fast), _track)
    registry = Registry(options.models)
    version = registry.save(fitted.model)
    registry.promote(version, _by(), "trained")
    measured = fitted.card["cross_validation"]
    if options.json:
        _print(
            {
                "version": version,
                "n_articles": fitted.card["n_articles"],
                "n_tags": fitted.card["n_tags"],
                "micro_f1": measured["micro_f1"],
                "macro_f1": measured["macro_f1"],
                "left_out": fitted.card["left_out"],
            }
        )
        return
    few = len(fitted.card["left_out"])
    print(
        f"{version} is champion: {len(articles)} articles, {fitted.card['n_tags']} tags"
        f"{f' ({few} with too few examples are judged by their names alone)' if few else ''}, "
        f"cross-validated micro-F1 {measured['micro_f1']:.3f}, macro-F1 {measured['macro_f1']:.3f}"
    )


def _examples(options: argparse.Namespace) -> tuple[list[Article], Taxonomy | None]:
    """Return the articles and the taxonomy that a command was given, or those of the starter data."""
    from classifier.articles import read_articles
    from classifier.taxonomy import read_taxonomy

    taxonomy_file, files = options.taxonomy, options.articles
    if files is None:
        files = sorted((STARTER / "articles").glob("*.jsonl"))
        taxonomy_file = taxonomy_file or STARTER / "taxonomy.yaml"
    return list(read_articles(files)), read_taxonomy(taxonomy_file) if taxonomy_file else None


def _say_unknown_labels(articles: Iterable[Article], taxonomy: Taxonomy) -> None:
    unknown = Counter(tag for article in articles for tag in article.tags or () if tag not in taxonomy.by_id)
    if unknown:
        commonest = ", ".join(f"{tag} ({n})" for tag, n in unknown.most_common(10))
        more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
        print(f"not in the taxonomy, so not learnt: {commonest}{more}", file=sys.stderr)


def _evaluate(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.archive import evaluate
    from classifier.articles import read_articles
    from classifier.registry import Registry

    model = Registry(options.models).load_champion()
    articles = list(read_articles(options.articles))
    if not articles:
        named = ", ".join(map(str, options.articles))
        raise BadArticle(f"There is no article in {named}. Name a file with one article a line.", "")
    report = evaluate(model, articles, _track)
    if options.json:
        _print(report)
        return
    low, high = report["micro_f1_interval"]
    print(
        f"{model.version}: micro-F1 {report['micro_f1']:.3f} ({low:.3f} to {high:.3f}), macro-F1 {report['macro_f1']:.3f}, "
        f"sample-F1 {report['sample_f1']:.3f}, calibration error {report['calibration_error']:.3f}, "
        f"{report['n_articles']} articles"
    )


def _data_report(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.reports import as_page, as_text, data_report

    articles, taxonomy = _examples(options)
    report = data_report(articles, taxonomy, _track)
    if options.output:
        try:
            options.output.write_text(as_page(report), encoding="utf-8")
        except OSError as error:
            raise BadSetting(f"Cannot write {options.output}: {error.strerror}.") from None
    if options.json:
        _print(report)
    elif options.output:
        n = sum(finding["n"] for finding in report["findings"])
        print(f"{report['n_articles']} articles, {n} findings -> {options.output}")
    else:
        print(as_text(report))


def _suggest(options: argparse.Namespace, _settings: Settings) -> None:
    if (options.file is None) == (options.articles is None):
        raise _Usage("Name either one FILE, or --articles IN with --output OUT.")
    if options.articles is not None:
        if options.output is None:
            raise _Usage("--articles needs --output OUT.")
        if options.why:
            raise _Usage("--why goes with one FILE, not with --articles and --output OUT.")
        _suggest_archive(options)
    else:
        if options.output is not None:
            raise _Usage("--output OUT goes with --articles, not with one FILE.")
        _suggest_text(options)


def _suggest_archive(options: argparse.Namespace) -> None:
    from classifier.archive import write_suggestions
    from classifier.registry import Registry

    folder = Registry(options.models).champion_folder()
    n = write_suggestions(folder, options.articles, options.output, options.top, _track)
    if options.json:
        _print({"n_articles": n, "model_version": folder.name, "output": str(options.output)})
        return
    print(f"{n} articles by {folder.name} -> {options.output}")


def _suggest_text(options: argparse.Namespace) -> None:
    from classifier.articles import article_from_text
    from classifier.registry import Registry
    from classifier.tagger import answer_of, explanations_of

    model = Registry(options.models).load_champion()
    article = article_from_text(_read_text(options.file))
    answer = answer_of(model.suggest(article), model)
    if options.why:
        answer["why"] = explanations_of(article, options.why, model)
    if options.top:
        answer["ranking"] = [
            {"tag": tag, "score": round(score, 6)} for tag, score in model.rank([article], options.top)[0]
        ]
    if options.json:
        _print(answer)
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
        words = ", ".join(dict.fromkeys(e["text"] for e in one["evidence"]))
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


# --- models -----------------------------------------------------------------------------------------------------


def _models_list(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.registry import Registry

    registry = Registry(options.models)
    rows = registry.table()
    try:
        registry.load_champion()
    except NoModel:
        pass
    except TaggerError as error:
        print(f"the champion cannot serve: {error}", file=sys.stderr)
    if options.json:
        _print({"models": rows})
        return
    for row in rows:
        quality = f"micro-F1 {row['micro_f1']:.3f}" if row["micro_f1"] is not None else ""
        print(f"{'*' if row['champion'] else ' '} {row['version']}  {row['n_articles'] or '?':>7} articles  {quality}")
    if not rows:
        print(f"no models in {options.models}; train one: python -m classifier train")


def _models_show(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.registry import Registry

    registry = Registry(options.models)
    version = options.version
    if version is None:
        champion = registry.champion()
        if champion is None:
            raise NoModel(f"No champion model in {options.models}. Train one: python -m classifier train")
        version = champion.version
    print(json.dumps(registry.card(version), ensure_ascii=False, indent=None if options.json else 1))


def _models_promote(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.registry import Registry

    _say_champion(Registry(options.models).promote(options.version, _by(), options.why), options.json)


def _models_roll_back(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.registry import Registry

    _say_champion(Registry(options.models).roll_back(_by(), options.why), options.json)


def _say_champion(champion: Any, as_json: bool) -> None:
    if as_json:
        _print(vars(champion))
    else:
        print(f"{champion.version} is champion; before it: {champion.previous or 'none'}")


def _models_export(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.export import export_model
    from classifier.registry import Registry

    registry = Registry(options.models)
    model = registry.load_champion() if options.version is None else registry.load(options.version)
    try:
        export_model(model, options.output)
    except OSError as error:
        raise BadSetting(f"Cannot write {options.output}: {error.strerror}.") from None
    if options.json:
        _print({"version": model.version, "output": str(options.output)})
    else:
        print(f"{model.version} -> {options.output}; read it with joblib.load")


def _models_history(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.registry import Registry

    registry = Registry(options.models)
    rows, damaged = registry.read_history()
    if damaged:
        lines = ", ".join(map(str, damaged))
        print(f"{registry.folder / 'history.jsonl'}: cannot be read and left out: line {lines}", file=sys.stderr)
    if options.json:
        _print({"history": rows})
        return
    for row in rows:
        print(f"{row['at']}  {row['version']}  by {row['by']}: {row['why']}")


# --- store, taxonomy, keys --------------------------------------------------------------------------------------


def _import(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.importers import import_files
    from classifier.store import open_store

    done = import_files(open_store(options.database), options.files, options.source, _track)
    if options.json:
        _print(vars(done))
    else:
        print(f"{done.new} new, {done.changed} changed, {done.unchanged} unchanged")


def _tags_list(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.registry import Registry

    taxonomy = Registry(options.models).load_champion().taxonomy
    if options.json:
        _print({"taxonomy_version": taxonomy.version, **taxonomy.to_json()})
        return
    for tag in taxonomy.tags:
        state = "" if tag.active else f" [{tag.status}]"
        print(f"{tag.id:<32} {tag.kind:<10} {len(tag.aliases):>3} aliases  {tag.label}{state}")


def _tags_check(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.taxonomy import read_taxonomy

    taxonomy = read_taxonomy(options.file)
    n_aliases = sum(len(tag.aliases) for tag in taxonomy.tags)
    print(f"{options.file} is sound: {len(taxonomy.tags)} tags, {n_aliases} aliases, version {taxonomy.version}")


def _tags_apply(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.model import retagged
    from classifier.registry import Registry
    from classifier.taxonomy import read_taxonomy

    taxonomy = read_taxonomy(options.file)
    registry = Registry(options.models)
    model = registry.load_champion()
    old, new = model.taxonomy.by_id, taxonomy.by_id
    did = {
        "added": len(new.keys() - old.keys()),
        "removed": len(old.keys() - new.keys()),
        "changed": sum(old[tag] != new[tag] for tag in old.keys() & new.keys()),
    }
    version = registry.save(retagged(model, taxonomy))
    champion = registry.promote(version, _by(), f"taxonomy {taxonomy.version} applied")
    if options.json:
        _print({**vars(champion), **did})
        return
    _say_champion(champion, as_json=False)
    print("tags: " + ", ".join(f"{n} {what}" for what, n in did.items()))


def _keys_create(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store import open_store

    print(open_store(options.database).keys.create(options.name, options.role))
    print("Keep it: it cannot be shown again.", file=sys.stderr)


def _keys_list(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store import open_store

    keys = open_store(options.database).keys.list()
    if options.json:
        _print({"keys": [vars(key) for key in keys]})
        return
    for key in keys:
        print(f"{key.name:<32} {key.role:<8} {key.created_at[:10]}{'  revoked' if key.revoked_at else ''}")
    if not keys:
        print("no keys: the service answers to this machine only, and every role is open")


def _keys_revoke(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store import open_store

    open_store(options.database).keys.revoke(options.name)
    print(f"{options.name} is revoked")


# --- status and serve -------------------------------------------------------------------------------------------


def _status(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.registry import Registry
    from classifier.status import status

    found = status(Registry(options.models), options.database)
    if options.json:
        _print(found)
        return
    serves = found["champion"]
    print(f"serves:  {serves['version'] + ' since ' + serves['at'] if serves else 'nothing'}")
    stored = ", ".join(f"{n} from {source}" for source, n in found["articles"].items()) or "no articles"
    print(f"stored:  {stored}; keys in use: {found['keys']}")
    for problem in found["problems"]:
        print(f"wrong:   {problem}")
    print(f"next:    {found['next_step']}")


def _serve(options: argparse.Namespace, settings: Settings) -> None:
    from classifier.store import STARTER as STARTER_SOURCE
    from classifier.store import absolute_url, open_store
    from classifier.web.auth import LOOPBACK

    store = open_store(options.database)
    if not store.keys.in_use() and options.host not in LOOPBACK | {"::1"}:
        raise BadSetting(
            f"Without a key the service listens on this machine only, not on {options.host}. "
            "Make one: python -m classifier keys create NAME --role admin"
        )
    _check_port(options.host, options.port)
    if not store.count_articles() and (starter := sorted((STARTER / "articles").glob("*.jsonl"))):
        from classifier.importers import import_files

        done = import_files(store, starter, STARTER_SOURCE)
        print(f"stored {done.new} starter articles", file=sys.stderr)
    store.close()
    environment = {
        **os.environ,
        # The service runs in another folder (--chdir).
        "TAGGER_MODELS": str(options.models.absolute()),
        "TAGGER_DATABASE_URL": absolute_url(options.database),
        # One article is too small a product to share between cores; threads of numpy would only wait for each other.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    host = f"[{options.host}]" if ":" in options.host else options.host
    print(f"Serving on http://{host}:{options.port} (stop with Ctrl-C)", flush=True)
    os.execve(  # noqa: S606
        sys.executable,
        [
            sys.executable,
            "-m",
            "gunicorn",
            "service:create_app()",
            "--bind",
            f"{host}:{options.port}",
            "--workers",
            str(options.workers),
            "--worker-class",
            "gthread",
            "--threads",
            str(options.threads),
            "--no-control-socket",
            "--chdir",
            str(STARTER.parent),
            "--worker-tmp-dir",
            _worker_folder(),
            "--graceful-timeout",
            "30",
            "--keep-alive",
            "5",
            "--log-level",
            "warning",
        ],
        environment,
    )


def _check_port(host: str, port: int) -> None:
    """Raise `BadSetting` if nothing can listen there: gunicorn would try again and again, and say little."""
    import errno
    import socket

    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise BadSetting(f"Port {port} of {host} is taken. Choose another: --port {port % 65535 + 1}") from None
        raise BadSetting(
            f"The service cannot listen on {host}, port {port}: {error.strerror}. See --host, --port."
        ) from None


def _worker_folder() -> str:
    """Return a folder in memory where there is one: workers touch a file there every second."""
    import tempfile

    memory = "/dev/shm"  # noqa: S108
    return memory if os.access(memory, os.W_OK) else tempfile.gettempdir()


if __name__ == "__main__":
    sys.exit(main())
