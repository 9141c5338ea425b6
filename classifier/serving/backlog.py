"""The backlog: open articles that the present model has not judged, as after an import or a promotion.

The queue is ordered by what an answer teaches, and the list of a tag has every article for which the tag is suggested. Both
need a judgement of each open article, also of those that nobody has opened. One process of all on a database makes them, at a
rate that leaves the requests their time; whatever ends it, another goes on from there.
"""

import time

from classifier.model.protocol import Model
from classifier.serving.beside import repeat
from classifier.serving.tagger import Tagger
from classifier.store.rows import StoredArticle
from classifier.store.suggestion_sets import judged_by

JOB = "backlog"
POLL_SECONDS = 5.0  # between two looks for articles that wait, of each process
AT_ONCE = 20  # articles of one transaction


class Backlog:
    """Judges the articles that wait, up to `rate` a second, none if it is 0."""

    def __init__(self, tagger: Tagger, rate: int) -> None:
        self.tagger, self.rate = tagger, rate

    def start(self) -> None:
        """Judge what waits from now on, in a thread of its own."""
        if self.rate:
            repeat(JOB, POLL_SECONDS, self.work, "no_backlog")

    def work(self) -> int:
        """Judge all that waits, and return how many articles that were. Raise `Busy` if another process is at it."""
        n = 0
        if not self._waiting(1)[1]:
            return n
        with self.tagger.store.runs.alone(JOB):
            while (batch := self._waiting(AT_ONCE))[1]:
                n += self._judge(*batch)
        return n

    def _waiting(self, at_most: int) -> tuple[Model, list[StoredArticle]]:
        """Return the model that serves now, and some articles that it has not judged."""
        model = self.tagger.serving.model()
        return model, self.tagger.store.suggested.waiting(judged_by(model.version, model.taxonomy.version), at_most)

    def _judge(self, model: Model, waiting: list[StoredArticle]) -> int:
        judged = []
        for article in self.tagger.judge_waiting(model, waiting):
            judged.append(article)
            time.sleep(1.0 / self.rate)
        self.tagger.store.suggested.put(judged_by(model.version, model.taxonomy.version), judged)
        return len(judged)
