"""The champion in memory: workers watch the pointer and the taxonomy, and swap models between requests."""

import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path

from classifier.errors import BadModel, NoModel, TaggerError
from classifier.model.protocol import Model
from classifier.model.tag_model import TagModel
from classifier.serving.champion import pointer_of
from classifier.serving.head import head_file
from classifier.serving.registry import Registry
from classifier.texts import _, retold, written_in

POLL_SECONDS = 1.0


class Serving:
    """The champion in memory. It looks at the pointer at most once a second and swaps between requests.

    A new champion is loaded beside the requests, by a thread of its own: none of them waits for it, and each is answered by
    one model. A champion that cannot be loaded leaves the one before serving, and `problem` says why. `after_change` is called
    with each model that begins to serve.
    """

    after_change: Callable[[Model], None] = staticmethod(lambda _model: None)

    def __init__(self, registry: Registry, long_lived: bool = False) -> None:
        """Serve the champion of a registry. In a `long_lived` process the garbage collector leaves the model alone."""
        self.registry, self._long_lived = registry, long_lived
        self.problem: str | None = None
        self._model: Model | None = None
        self._fitted: TagModel | None = None  # without what the taxonomy of now changes
        self._loaded: _Stats = (None, None)
        self._looked_at = 0.0
        self._lock = threading.Lock()

    def model(self) -> Model:
        """Return the model that serves.

        Raises:
            NoModel: if none was ever promoted.
            BadModel: if the champion cannot be loaded and there is none before it in memory.
        """
        if self._model is None:
            with self._lock:  # whoever comes while the first is being loaded waits for it
                if self._is_due():
                    self._look()
        elif self._is_due() and self._lock.acquire(blocking=False):
            if self._stats() != self._loaded:
                threading.Thread(target=self._look_and_release, name="load the champion", daemon=True).start()
            else:
                self._lock.release()
        if self._model is None:
            if self.problem:
                raise BadModel(retold(self.problem, ()))
            raise NoModel(
                _("No champion model in %(folder)s. Train one: python -m classifier train", folder=self.registry.folder)
            )
        return self._model

    def catch_up(self) -> None:
        """Let the taxonomy that is published now serve, so that people see what they have just changed. Another champion may wait."""
        champion, _ = stats = self._stats()
        if self._model is not None and champion == self._loaded[0] and stats != self._loaded:
            with self._lock:
                self._look()

    def replace(self, model: Model, successor: Model) -> None:
        """Let the same version with other constants serve, unless another champion began to serve meanwhile."""
        with self._lock:
            if self._model is model:
                self._model = successor

    def _is_due(self) -> bool:
        """Return whether it is time to look at the pointer. If so, the next time is a second away."""
        if time.monotonic() - self._looked_at < POLL_SECONDS:
            return False
        self._looked_at = time.monotonic()
        return True

    def settled(self) -> Model:
        """Return the model that serves once nothing is being loaded any more."""
        self.model()
        with self._lock:
            pass
        return self.model()

    def _look_and_release(self) -> None:
        try:
            self._look()
        finally:
            self._lock.release()

    def _look(self) -> None:
        """Load the champion if it is another, or see it through another taxonomy."""
        stats = self._stats()
        if stats != self._loaded or (self._model is None and stats[0] is not None):
            with written_in("en"):  # what `problem` says, whoever asks first
                try:
                    if self._fitted is None or stats[0] != self._loaded[0]:
                        self._fitted = self._load()
                    model = self.registry.as_it_serves(self._fitted)
                    self._model = model.as_followed_by(self._model) if isinstance(self._model, TagModel) else model
                    self.problem = None
                    self.after_change(self._model)
                except NoModel:
                    self._model = self._fitted = None
                except TaggerError as error:
                    self.problem = str(error)
            self._loaded = stats

    def _load(self) -> TagModel:
        """Load the champion. In a long-lived process the garbage collector leaves all its terms alone.

        They are freed without it, when another champion serves. What the processes of a service share stays frozen: the collector
        would write to it, and each process would have it for itself.
        """
        model = self.registry.load_fitted_champion()
        if self._long_lived:
            gc.collect()
            gc.freeze()
        return model

    def _stats(self) -> "_Stats":
        """Return what changes with each champion and with each taxonomy, None for what there is not."""
        return stat_of(pointer_of(self.registry.folder)), stat_of(head_file(self.registry.folder))


_Stat = tuple[int, int, int] | None
_Stats = tuple[_Stat, _Stat]


def stat_of(path: Path) -> _Stat:
    """Return what changes with each version of a file that is replaced, None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
