"""Words of which only the beginning counts."""

from collections.abc import Callable
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Beginnings(Generic[_T]):
    """What belongs to the beginnings of words. A word is looked up in time that does not grow with their number."""

    def __init__(self, make: Callable[[], _T]) -> None:
        """Take what makes the value of a new beginning."""
        self._make = make
        self._values: dict[str, _T] = {}
        self._lengths: list[int] = []  # of the beginnings, in rising order
        self._shortest: set[str] = set()  # the first letters of all, as many as the shortest one has

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._values)

    def add(self, beginning: str) -> _T:
        """Return the value of a beginning, a new one if it is new."""
        if beginning not in self._values:
            self._values[beginning] = self._make()
            if len(beginning) not in self._lengths:
                self._lengths = sorted({*self._lengths, len(beginning)})
                self._shortest = {each[: self._lengths[0]] for each in self._values}
            self._shortest.add(beginning[: self._lengths[0]])
        return self._values[beginning]

    def of(self, word: str) -> list[_T]:
        """Return the values of all beginnings of a word, the shortest first."""
        if not self._lengths or word[: self._lengths[0]] not in self._shortest:  # most words
            return []
        beginnings = (word[:n] for n in self._lengths if n <= len(word))
        return [self._values[each] for each in beginnings if each in self._values]
