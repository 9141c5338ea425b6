"""The live rate: a model that serves follows the labels that arrive, without being trained again."""

import time
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from classifier.domain.articles import Article
from classifier.errors import Busy
from classifier.model.protocol import Model
from classifier.serving.beside import repeat
from classifier.serving.serving import Serving
from classifier.store.live import LiveExample, LiveLabels
from classifier.texts import _

POLL_SECONDS = 1.0
SHARE = 0.1  # of one processor that a process spends on following
AT_ONCE = 10  # texts that are judged between two rests
_ATTEMPTS = 3


class Follower:
    """Lets a model follow the labels of a store, except those of articles that were known at its training.

    The constants follow from the model and the labels alone, so that the number of the labels names the same ones in all
    processes. Each text is judged once: its decision values are kept, eight bytes for each tag.
    """

    def __init__(self, model: Model, learned: Container[str], labels: LiveLabels, share: float = 1.0) -> None:
        """Spend up to this share of one processor."""
        self.model = model
        self._learned, self._labels, self._share = learned, labels, share
        self._decisions: dict[tuple[str, str], np.ndarray] = {}
        self._rested_at = 0.0

    def following(self) -> Model:
        """Return the model once it has followed all labels. Raise `Busy` if they change all the time."""
        for _attempt in range(_ATTEMPTS):
            with self._resting():
                number, examples = self._labels.examples(self._learned)
            self._judge(examples)
            if self._labels.number() == number:
                with self._resting():
                    return self._followed(examples, number)
        raise Busy(_("Labels change faster than a model can follow them."))

    def _followed(self, examples: Sequence[LiveExample], number: int) -> Model:
        decisions = np.array([self._decisions[example.text] for example in examples])
        shape = len(examples), len(self.model.taxonomy.tags)
        return self.model.following([example.article for example in examples], decisions.reshape(shape), number)

    def _judge(self, examples: Sequence[LiveExample]) -> None:
        kept = {example.text: self._decisions.get(example.text) for example in examples}
        self._decisions = {text: decision for text, decision in kept.items() if decision is not None}
        waiting = [text for text, decision in kept.items() if decision is None]
        for begin in range(0, len(waiting), AT_ONCE):
            batch = waiting[begin : begin + AT_ONCE]
            with self._resting():
                self._decisions |= dict.fromkeys(batch, self._unknown)
                for text, article in self._labels.texts([article_id for article_id, _ in batch]):
                    self._decisions[text] = self._decision(article)

    def _decision(self, article: Article) -> np.ndarray:
        try:
            decision: np.ndarray = self.model.decisions([article])[0]
        except Exception:  # noqa: BLE001 - logged as `CannotJudge` where the article is asked for
            return self._unknown
        return decision

    @property
    def _unknown(self) -> np.ndarray:
        return np.full(len(self.model.taxonomy.tags), np.nan)

    @contextmanager
    def _resting(self) -> Iterator[None]:
        """Work once the processor was left to requests for long enough after the work before."""
        time.sleep(max(0.0, self._rested_at - time.monotonic()))
        began = time.thread_time()
        yield
        self._rested_at = time.monotonic() + (time.thread_time() - began) * (1.0 / self._share - 1.0)


class LiveRates:
    """Lets the champion of a process follow the labels of a store, unless it is not known what it learned from."""

    def __init__(self, serving: Serving, labels: LiveLabels, share: float = 1.0) -> None:
        """Spend up to this share of one processor."""
        self.serving, self.labels, self._share = serving, labels, share
        self._versions: tuple[str, str] | None = None
        self._follower: Follower | None = None

    def start(self) -> None:
        """Follow the labels from now on, in a thread of its own."""
        repeat("live rates", POLL_SECONDS, self.follow, "no_live_rates")

    def follow(self) -> None:
        """Follow the labels once, if any have changed or the champion is another one.

        Raises:
            NoModel, BadModel: while nothing serves.
            Busy: if labels change all the time while they are read.
        """
        model = self.serving.model()
        versions = model.version, model.taxonomy.version
        if versions != self._versions:
            learned = self.serving.registry.learned(model.version)
            self._follower = Follower(model, learned, self.labels, self._share) if learned is not None else None
            self._versions = versions
        if self._follower is not None and model.live_state != self.labels.number():
            self.serving.replace(model, self._follower.following())
