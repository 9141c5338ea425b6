"""`status`: what serves, what is stored, what is wrong, and what to do next."""

from argparse import Namespace

from classifier.commands.common import print_json, registry_of
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
    champion = report["champion"]
    print(f"serves:  {champion['version'] + ' since ' + champion['at'] if champion else 'nothing'}")
    stored = ", ".join(f"{n} from {source}" for source, n in report["articles"].items()) or "no articles"
    print(f"stored:  {stored}; keys in use: {report['keys']}")
    if report["waiting"]:
        print(f"waiting: {report['waiting']} open articles for suggestions of this model (made while the service runs)")
    if (shadow := report["shadow"]) is not None:
        judged = f"{shadow['n_articles']} articles judged, ends on {shadow['until'][:10]}"
        print(f"shadow:  {shadow['version']} since {shadow['since'][:10]}, {judged}")
    for problem in report["problems"]:
        print(f"wrong:   {problem}")
    print(f"next:    {report['next_step']}")
