"""Writes the lists of stop words of the package, from the file of stopwords-iso: `python -m benchmarks.stop_words FILE`."""

import json
import sys
from importlib.resources import files
from pathlib import Path

from classifier.domain.spelling import spelled_words
from classifier.text.language import ENGLISH, LANGUAGES

FOLDER = Path(str(files("classifier.text") / "word_lists" / "stop_words"))


def main(source: str) -> None:
    """Write a list for each language that has a record, but for English, which has its own."""
    lists = json.loads(Path(source).read_text("utf-8"))
    for code in sorted((LANGUAGES.keys() & lists.keys()) - {ENGLISH.code}):
        words = {word for entry in lists[code] for word in spelled_words(entry)}
        (FOLDER / f"{code}.txt").write_text("".join(f"{word}\n" for word in sorted(words)), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
