"""The builder of the command line: groups, commands, and the options that several commands take."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from classifier.errors import TaggerError
from classifier.settings import Settings, whole_number

RECORD = (
    'An article is one line of JSON: {"id": "a-1", "title": "…", "body": "…", "tags": ["iskp"]}. It may have\n'
    "body_format (text or html), rejected (tags that are wrong), tags_complete (true: every tag not listed is wrong),\n"
    "unknown (but for these), published_at and tagged_at (2024-06-06, or with a time 2024-06-06T10:00:00+02:00), and url; other\n"
    "fields are passed over."
)
STARTER = Path(__file__).parent.parent.parent / "training_data"

Options = argparse.ArgumentParser


class Usage(TaggerError):
    """Options that do not go together."""


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from low to high, for `type=` of an option."""

    def read(text: str) -> int:
        try:
            return whole_number(text, low, high)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


class Commands:
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
        """Add a group of commands, to be given to `add` as `within`."""
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
        """Add a command; `takes` names its common options (models, database, examples, dask, json), or that it reads records."""
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
        if "dask" in takes:
            sub.add_argument(
                "--dask", metavar="ADDRESS", help="share out work to a Dask cluster (tcp://HOST:PORT or scheduler file)"
            )
        if "json" in takes:
            sub.add_argument("--json", action="store_true", help="print JSON")
        return sub
