"""The builder of the command line: groups, commands, and the options that several commands take."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from classifier.errors import TaggerError
from classifier.settings import Settings, whole_number

RECORD = """\
An article is one line of JSON: {"id": "a-1", "title": "…", "body": "…", "tags": ["iskp"]}. Optional fields:
  body_format   text or html
  rejected      tags that are known to be wrong
  tags_complete true (the default): every tag that is not listed is wrong; false: it is unknown
  unknown       tags of which nothing is known, although tags_complete is true
  published_at  2024-06-06, or with a time 2024-06-06T10:00:00+02:00; tagged_at has the same form
  url           where the article is published
Other fields are ignored."""
STARTER = Path(__file__).parent.parent.parent / "training_data"
SCRIPT = "article-tagger"
PROGRAM = SCRIPT if Path(sys.argv[0]).stem == SCRIPT else "python -m classifier"  # as the user called it

Options = argparse.ArgumentParser
Run = Callable[[argparse.Namespace, Settings], None]


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
    """Builds the commands, and adds the options that several of them take."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.parser = Options(
            prog=PROGRAM,
            description="Suggest topic tags for news articles, and show why.",
            epilog=f"First steps: `{PROGRAM} train`, then `suggest FILE`, then `serve`. `COMMAND --help` explains a command. "
            "Settings are environment variables: TAGGER_MODELS, TAGGER_DATABASE_URL, … (docs/operations.md).",
        )
        self.top = self.parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def group(self, name: str, text: str) -> Any:
        """Add a group of commands, to be passed to `add` as `within`."""
        group = self.top.add_parser(name, help=text, description=text)
        return group.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(
        self,
        within: Any,
        name: str,
        run: Run,
        text: str,
        takes: str = "",
        example: str = "",
        notes: str = "",
        next_step: str = "",
    ) -> Options:
        """Add a command.

        Args:
            takes: its common options (models, database, examples, dask, json); `records` explains article records.
            example: its arguments in an example; notes: what else the help says; next_step: what to do afterwards.
        """
        parts = (
            f"example:\n  {PROGRAM} {example}" if example else "",
            notes,
            RECORD if "records" in takes else "",
            f"Next: {next_step}" if next_step else "",
        )
        sub: Options = within.add_parser(
            name,
            help=text,
            description=text,
            epilog="\n\n".join(filter(None, parts)),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=run)
        self._add_common(sub, takes)
        return sub

    def _add_common(self, sub: Options, takes: str) -> None:
        if "models" in takes:
            folder = self.settings.models
            sub.add_argument(
                "--models", type=Path, default=folder, metavar="DIR", help="folder of model versions (%(default)s)"
            )
        if "database" in takes:
            url = self.settings.database_url
            sub.add_argument("--database", default=url, metavar="URL", help="database of the store (%(default)s)")
        if "examples" in takes:
            sub.add_argument(
                "--articles",
                type=Path,
                nargs="+",
                metavar="FILE",
                help="JSON Lines, plain or .gz (default: the starter articles of training_data/)",
            )
            sub.add_argument(
                "--taxonomy", type=Path, metavar="FILE", help="YAML; without it the tags are those of the articles"
            )
        if "dask" in takes:
            text = "share the work with a Dask cluster (tcp://HOST:PORT or a scheduler file)"
            sub.add_argument("--dask", metavar="ADDRESS", help=text)
        if "json" in takes:
            sub.add_argument("--json", action="store_true", help="print the result as JSON")
