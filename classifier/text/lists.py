"""The word lists of languages, which are files of the package."""

from importlib.resources import files


def word_list(name: str) -> frozenset[str]:
    """Return the words of a file in `word_lists`, one a line."""
    return frozenset((files("classifier.text") / "word_lists" / name).read_text("utf-8").split())
