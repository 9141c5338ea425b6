"""What is copied in a corpus: one pass over its texts finds near-duplicates, repeated blocks and tags that lean on them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.examples import POSITIVE
from classifier.domain.progress import Track
from classifier.model.protocol import Model
from classifier.reports.data.corpus import N_ROWS, Corpus
from classifier.reports.data.records import Found, LeaningTag, SharedSequences
from classifier.reports.layout import MAX_QUOTED, plain
from classifier.text.cleaning import clean_body
from classifier.text.fields import BODY
from classifier.text.reading import ArticleReader
from classifier.text.repeated_blocks import CopyFinder, LeaningRule, Occurrences, Shared, long_blocks, number_of
from classifier.text.shingles import SHINGLE

MIN_BLOCK_WORDS = 4
MANY_SHARED = 0.05  # a larger share of five-word sequences that two stories share: the texts come from templates
MIN_REPEATS = 3  # stories that a repeated block stands in, and at least one in FEW_STORIES of all
FEW_STORIES = 500
LEANING = LeaningRule(MIN_REPEATS, min_share=0.5, times_elsewhere=2.0)


@dataclass(frozen=True)
class Copies:
    """What is copied in a corpus: numbers, and no text."""

    n_words: np.ndarray  # (n_articles,)
    stories: np.ndarray  # (n_articles,) near-duplicates are one story
    sequences: SharedSequences
    copied: np.ndarray  # (n_articles,) the share of an article's sequences that another story has too
    blocks: Shared


def find_copies(corpus: Corpus, track: Track) -> Copies:
    """Read every text once, and return what the checks need of it."""
    reader, finder = ArticleReader(corpus.taxonomy), CopyFinder()
    numbers, sequences = _Sequences(), Occurrences()
    n_words = np.zeros(len(corpus.articles), dtype=np.int64)
    for row, article in enumerate(track(corpus.articles, len(corpus.articles), "reading for copies")):
        words = reader.read_text(article).spelling
        n_words[row] = len(words)
        finder.add(words, list(long_blocks(article, MIN_BLOCK_WORDS)))
        sequences.add(row, numbers.of(words))
    stories = finder.stories()
    shared = Shared(sequences, stories)  # not kept: of 30,000 articles it is hundreds of megabytes
    return Copies(n_words, stories, _summary(shared), _share_of_each(shared), finder.blocks(stories))


class _Sequences:
    """Numbers runs of five words, (n_runs,) uint64: the same run has the same number in every text."""

    def __init__(self) -> None:
        self._number: defaultdict[str, int] = defaultdict()
        self._number.default_factory = self._number.__len__

    def of(self, words: Sequence[str]) -> np.ndarray:
        """Return the numbers of the different runs of a text; of none where it is shorter."""
        if len(words) < SHINGLE:
            return np.zeros(0, dtype=np.uint64)
        numbers = np.fromiter(map(self._number.__getitem__, words), np.uint64, len(words))
        # A polynomial over mixed word numbers, modulo 2^64 (Knuth's multiplicative hashing).
        mixed = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        run = np.zeros(len(words) - SHINGLE + 1, dtype=np.uint64)
        for offset in range(SHINGLE):
            run = run * np.uint64(0xBF58476D1CE4E5B9) + mixed[offset : offset + len(run)]
        return np.unique(run)


def _summary(shared: Shared) -> SharedSequences:
    """Return how many different sequences there are, and which share of them two stories have in common."""
    n, n_shared = len(shared.numbers), int((shared.n_stories >= 2).sum())
    share = n_shared / n if n else 0.0
    return SharedSequences(n, n_shared, share, high=share > MANY_SHARED)


def _share_of_each(shared: Shared) -> np.ndarray:
    """Return for each article the share of its sequences that another story has too, (n_articles,)."""
    n = np.bincount(shared.rows, minlength=shared.n_articles)
    n_shared = np.bincount(shared.rows[shared.is_shared], minlength=shared.n_articles)
    shares: np.ndarray = n_shared / np.maximum(1, n)
    return shares


# --- repeated blocks, and the tags that lean on them ---


def repeated_blocks(corpus: Corpus, copies: Copies, model: Model | None, track: Track) -> Found:
    """Find blocks of many stories; blocks that stand in just the same articles are one finding."""
    groups = _groups(copies)
    reader = model.reader if model else ArticleReader(corpus.taxonomy)
    rows = []
    for having, blocks in track(groups[:N_ROWS], min(len(groups), N_ROWS), "repeated blocks"):
        article, numbers = corpus.articles[having[0]], copies.blocks.numbers[blocks]
        spans, removed = _spans(article, numbers), reader.read(article).removed
        start, end = max(spans, key=lambda span: (span[1] - span[0], -span[0]))
        rows.append(
            {
                "text": plain(clean_body(article).text[start:end], MAX_QUOTED),
                "left_out": all(any(part.start <= s and e <= part.end for part in removed) for s, e in spans),
                "leaning": _leaning(corpus, having, numbers, model),
                "articles": corpus.refs(having),
                "folded": _folded(article, numbers),
            }
        )
    return Found(rows, len(groups), sorted({int(row) for having, _ in groups for row in having}))


def repeated_texts(corpus: Corpus, copies: Copies) -> list[str]:
    """Return the folded texts of the repeated blocks, in order."""
    repeated = copies.blocks.repeated(MIN_REPEATS, FEW_STORIES)
    wanted = set(copies.blocks.numbers[repeated].tolist())
    rows = sorted({int(copies.blocks.having(block)[0]) for block in repeated})
    blocks = (block.folded for row in rows for block in long_blocks(corpus.articles[row], MIN_BLOCK_WORDS))
    return sorted({folded for folded in blocks if number_of(folded) in wanted})


def _groups(copies: Copies) -> list[tuple[np.ndarray, list[int]]]:
    """Return the blocks that stand in just the same articles, with these articles, those of most articles first."""
    blocks_in: defaultdict[bytes, list[int]] = defaultdict(list)
    for block in copies.blocks.repeated(MIN_REPEATS, FEW_STORIES):
        blocks_in[copies.blocks.having(block).tobytes()].append(block)
    groups = [(copies.blocks.having(blocks[0]), blocks) for blocks in blocks_in.values()]
    return sorted(groups, key=lambda group: (-len(group[0]), group[0].tolist(), group[1]))


def _folded(article: Article, numbers: np.ndarray) -> list[str]:
    """Return the folded texts of blocks that an article has, in order."""
    wanted = set(numbers.tolist())
    folded = {block.folded for block in long_blocks(article, MIN_BLOCK_WORDS)}
    return sorted(text for text in folded if number_of(text) in wanted)


def _spans(article: Article, numbers: np.ndarray) -> list[tuple[int, int]]:
    """Return the places of blocks in the clean body; a sentence of a line that is there too is left out."""
    wanted = set(numbers.tolist())
    blocks = long_blocks(article, MIN_BLOCK_WORDS)
    starts_and_ends = sorted({(start, -end) for folded, start, end in blocks if number_of(folded) in wanted})
    spans: list[tuple[int, int]] = []
    for start, minus_end in starts_and_ends:
        if not spans or -minus_end > spans[-1][1]:
            spans.append((start, -minus_end))
    return spans


def _leaning(corpus: Corpus, having: np.ndarray, blocks: np.ndarray, model: Model | None) -> list[LeaningTag]:
    """Return the tags of which many articles have the blocks and few others do."""
    n_both = np.asarray(corpus.positives[having].sum(axis=0)).ravel()
    n_others = np.maximum(1, len(corpus.articles) - corpus.n_positive)
    share, elsewhere = n_both / np.maximum(1, corpus.n_positive), (len(having) - n_both) / n_others
    leaning = np.flatnonzero(LEANING.holds(n_both, share, elsewhere)).tolist()
    rows = []
    for tag in sorted(leaning, key=lambda tag: (-share[tag], corpus.taxonomy.tags[tag].id)):
        first = next(int(row) for row in having if corpus.labels[row, tag] == POSITIVE)
        tag_id = corpus.taxonomy.tags[tag].id
        weight = None if model is None else _weight(model, corpus.articles[first], tag_id, blocks)
        rows.append(LeaningTag(tag_id, float(share[tag]), weight))
    return rows


def _weight(model: Model, article: Article, tag: str, blocks: np.ndarray) -> float:
    """Return what blocks add to the decision value of a tag on an article: each part gives its share that stands there."""
    spans = _spans(article, blocks)
    total = 0.0
    for part in model.explain(article, [tag])[0].parts:
        inside = sum(
            field == BODY and any(start <= s and e <= end for start, end in spans) for field, s, e in part.spans
        )
        total += part.weight * inside / max(1, len(part.spans))
    return round(total, 4)
