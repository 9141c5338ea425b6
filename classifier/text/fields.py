"""The text fields of an article as the model reads them: how often their words count, and where a name in them stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Literal, NamedTuple

from classifier.domain.articles import TEXT_FIELDS
from classifier.text.language import language_of_words, primary
from classifier.text.once import once
from classifier.text.sentences import lead_end
from classifier.text.words import Words, split_all, split_words


class TextField(NamedTuple):
    """How the model reads a text field."""

    name: str
    times: int = 1  # how often each of its words counts
    position: Literal["title", "lead", "body"] = "body"  # where a mention in it stands for the mention features


# The first sentence of the body, not a field of its own. A standfirst takes its place.
LEAD = TextField("lead", times=2, position="lead")
_READ_AS = {"title": TextField("title", position="title"), "standfirst": LEAD._replace(name="standfirst")}
FIELDS = tuple(_READ_AS.get(name, TextField(name)) for name in TEXT_FIELDS)
# Numbers of fields. The title also has a view of its own. The body has a format and a lead.
TITLE, STANDFIRST, BODY = map(TEXT_FIELDS.index, ("title", "standfirst", "body"))


@dataclass(frozen=True)
class ReadText:
    """The text fields of an article without boilerplate, and their words, in the order of FIELDS."""

    contents: tuple[str, ...]
    words: tuple[Words, ...]
    lead_end: int  # where the first sentence of the body ends, 0 with a standfirst, which takes the place of the lead
    told: str | None = None  # the language as the sender says, a tag of BCP 47

    @property
    def content(self) -> str:
        """All fields that are not empty, each a paragraph of its own."""
        return "\n".join(chain(self.contents[:1], filter(None, self.contents[1:])))

    @property
    def spelling(self) -> list[str]:
        """The words of all fields."""
        return list(chain.from_iterable(words.spelling for words in self.words))

    @once
    def language(self) -> str | None:
        """The code of the language that the text is written in, None if it cannot be told."""
        return primary(self.told) if self.told else language_of_words(self.first_words, lambda: self.content)

    def first_words(self, n_characters: int) -> list[str]:
        """Return the words in the first characters of all fields."""
        plain = "\n".join([words.plain[:n_characters] for words in self.words if words.plain])
        return plain[:n_characters].replace("'", "").split()

    @once
    def n_lead(self) -> int:
        """The number of words of the body that start in its lead."""
        return self.words[BODY].n_before(self.lead_end)


def read_text(*contents: str) -> ReadText:
    """Split text fields into words once, for everything that asks for them. The last fields may be left out."""
    contents = (*contents, *[""] * (len(FIELDS) - len(contents)))
    return ReadText(contents, tuple(map(split_words, contents)), _lead_end(contents))


def read_texts(texts: Sequence[tuple[str, ...]], told: Sequence[str | None] | None = None) -> list[ReadText]:
    """Split the text fields of articles into words, hashed: many cost less together. `told` are their languages."""
    words = iter(split_all(list(chain.from_iterable(texts))))
    return [
        ReadText(contents, tuple(islice(words, len(contents))), _lead_end(contents), language)
        for contents, language in zip(texts, told or [None] * len(texts), strict=True)
    ]


def _lead_end(contents: tuple[str, ...]) -> int:
    return 0 if contents[STANDFIRST].strip() else lead_end(contents[BODY])
