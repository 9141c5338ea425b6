"""Which tags are under another: versions surely; names of one word more and tags on the same articles are asked about."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import combinations

from classifier.reports.draft import sentences as said
from classifier.reports.draft.archive import Archive
from classifier.reports.draft.clusters import Clusters
from classifier.reports.draft.names import Name
from classifier.reports.draft.pairs import NAMES_OF_THEIR_OWN, is_word
from classifier.reports.draft.records import ONE_WORD_MORE, SAME_ARTICLES, VERSION, Pair
from classifier.texts import english

MAX_TAGS = 100  # tags of an article that are compared with each other
SHARED = 0.6  # the share of the articles of either of two tags that have both, from which they may be one topic
_VERSION = re.compile(r"v?\d\w*")
_YEAR = re.compile(r"(?:19|20)\d\d")


def versions(clusters: Clusters, archive: Archive) -> Iterator[Pair]:
    """Yield each tag that is another with a number behind it.

    Sure is a year, a number of several parts (5.10), and any number behind a name.
    """
    heads = {name.letters: head for text, head in clusters.head_of.items() if (name := Name(text)).letters}
    for head in map(clusters.head_of.__getitem__, clusters.members):
        n_words = next((n for n in range(len(head.words), 0, -1) if not _VERSION.fullmatch(head.words[n - 1])), 0)
        parent = heads.get("".join(head.words[:n_words])) if n_words < len(head.words) else None
        if parent is not None and parent.text != head.text:
            number = head.words[n_words:]
            sure = len(number) > 1 or bool(_YEAR.fullmatch(number[0])) or _is_name(parent, archive)
            why = english(said.NUMBERED if sure else said.NUMBERED_WORD, name=parent.text, same=parent.text)
            yield Pair(head.text, parent.text, VERSION, sure, why)


def _is_name(name: Name, archive: Archive) -> bool:
    written = archive.of(name)
    if len(name.words) == 1 and not is_word(name.letters):
        return True
    return written.capitals() > NAMES_OF_THEIR_OWN if written.n_articles else len(name.words) > 1


def one_word_more(kept: Collection[str], clusters: Clusters, archive: Archive) -> list[Pair]:
    """Return each kept tag that is another kept one with a word before or behind it, those that go together most first.

    Where articles write the shorter name they mostly mean the longer one, if most of its places are parts of that.
    """
    heads = {head.words: head for head in map(clusters.head_of.__getitem__, kept)}
    found: list[tuple[float, Pair]] = []
    for head in heads.values():
        for words in {head.words[1:], head.words[:-1]} - {()}:
            parent = heads.get(words)
            if parent is not None and not _VERSION.fullmatch(head.words[-1]):
                n, n_alone = (archive.of(name).forms.total() for name in (head, parent))
                why = english(said.LONGER, n=n, all=n + n_alone, name=parent.text, longer=head.text)
                found.append((n / max(1, n + n_alone), Pair(head.text, parent.text, ONE_WORD_MORE, False, why)))
    return [pair for _, pair in sorted(found, key=lambda row: (-row[0], row[1].name))]


def same_articles(kept: Collection[str], clusters: Clusters, archive: Archive) -> Iterator[Pair]:
    """Yield each two kept tags that mostly stand on the same articles. They are hardly ever one tag."""
    tagged: Mapping[str, frozenset[int]] = {
        head: frozenset().union(*(archive.tagged.get(name.text, frozenset()) for name in clusters.members[head]))
        for head in kept
    }
    of_article: dict[int, list[str]] = {}
    for head, numbers in tagged.items():
        for number in numbers:
            of_article.setdefault(number, []).append(head)
    both = Counter(pair for heads in of_article.values() for pair in combinations(sorted(heads[:MAX_TAGS]), 2))
    for (first, second), n in both.most_common():
        small, large = sorted((first, second), key=lambda head: (clusters.n[head], head))
        n_either = clusters.n[first] + clusters.n[second] - n
        if n >= SHARED * n_either:
            yield Pair(small, large, SAME_ARTICLES, False, english(said.ON_BOTH, n=n, all=n_either))
