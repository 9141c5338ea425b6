"""`status`: what serves, what is stored, what is wrong, and what to do next."""

from argparse import Namespace
from collections.abc import Iterator

from classifier.commands.common import minute, print_json, registry_of
from classifier.errors import TaggerError
from classifier.operations.status import Status, status
from classifier.settings import Settings


def do_status(options: Namespace, settings: Settings) -> None:
    report = status(registry_of(options), options.database, settings.retrain_hours)
    if options.json:
        print_json(report)
    else:
        _print_status(report)
    if n := len(report["problems"]):
        raise TaggerError(f"{n} problem{'s' if n > 1 else ''} found, listed above.")


def _print_status(report: Status) -> None:
    for line in (*_facts(report), *(f"Wrong: {problem}" for problem in report["problems"])):
        print(line)
    print(f"Next: {report['next_step']}")


def _facts(report: Status) -> Iterator[str]:
    champion, shadow, n_stored = report["champion"], report["shadow"], sum(report["articles"].values())
    yield f"Model {champion['version']} serves since {minute(champion['at'])}." if champion else "No model serves."
    sources = ", ".join(f"{n:,} from {source}" for source, n in report["articles"].items())
    yield f"{n_stored:,} article{_s(n_stored)} in the store: {sources}." if n_stored else "No article is stored."
    if (n := report["keys"]) == 0:
        yield "No key can be used."
    else:
        yield f"{n:,} key{_s(n)} can be used."
    if n := report["waiting"]:
        yield f"{n:,} open article{_s(n)} without suggestions of this model. They are made while the service runs."
    if shadow is not None:
        judged = f"It has judged {shadow['n_articles']:,} article{_s(shadow['n_articles'])}"
        yield f"Version {shadow['version']} is in shadow since {minute(shadow['since'])}. {judged}, and ends on {shadow['until'][:10]}."


def _s(n: int) -> str:
    return "s" * (n != 1)
