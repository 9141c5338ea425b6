"""The last answers of a model, remembered."""

import hashlib
import threading
from collections import OrderedDict
from contextlib import nullcontext

import orjson

from classifier.domain.articles import Article
from classifier.model.answer import N_EVIDENCE, Answer
from classifier.model.protocol import Model

MAX_BYTES = 32 << 20  # of answers that a process remembers
ENTRY_BYTES = 400  # of a remembered answer besides its JSON: its key, its place in the table
LONG = 50_000  # characters of a text that takes so long that others need not wait for it, and that is not remembered


class Answers:
    """The last answers, by model and taxonomy version, live state and digest of the text: an article is saved and opened many times.

    They are kept as JSON, so that their length is what they take of the memory, and only up to `max_bytes` of it.
    Texts are not kept, nor what was said of long ones.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes, self.n_bytes = max_bytes, 0
        self._answers: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def answer(self, article: Article, model: Model, n_evidence: int = N_EVIDENCE) -> Answer:
        """Return the answer to an article, with up to `n_evidence` places for and against each suggestion.

        Threads take turns: side by side they would hand Python's one lock to each other at every call of numpy, and each
        wait five milliseconds to get it back. A long text takes no turn.
        """
        seen_as = model.version, model.taxonomy.version, str(model.live_state), str(n_evidence)
        text = "\0".join((*seen_as, article.language or "", article.body_format, *article.texts))
        if len(text) > LONG:
            return model.suggest(article, n_evidence)
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if remembered := self._remembered(key):
            return remembered
        with self._turn:
            if remembered := self._remembered(key):
                return remembered
            answer = model.suggest(article, n_evidence)
        # Copied: what orjson returns holds up to twice as much memory as its length says.
        self._remember(key, memoryview(orjson.dumps(answer)).tobytes())
        return answer

    def brief(self, article: Article, model: Model) -> Answer:
        """Return the answer to an article without evidence; nothing is remembered.

        It takes a turn among the answers, so that a request waits for one article at most; a long text takes none.
        """
        with nullcontext() if sum(map(len, article.texts)) > LONG else self._turn:
            return model.suggest(article, n_evidence=0)

    def _remembered(self, key: bytes) -> Answer | None:
        with self._lock:
            if key not in self._answers:
                return None
            self._answers.move_to_end(key)
            content = self._answers[key]
        return Answer(**orjson.loads(content))

    def _remember(self, key: bytes, content: bytes) -> None:
        with self._lock:
            if key not in self._answers:
                self._answers[key] = content
                self.n_bytes += len(content) + ENTRY_BYTES
            while self.n_bytes > self.max_bytes:
                _, oldest = self._answers.popitem(last=False)
                self.n_bytes -= len(oldest) + ENTRY_BYTES
