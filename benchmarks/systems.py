"""The systems that are compared: ours and the peers, each a program with the same three steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from benchmarks.environments import OWN, PEERS, python_of
from classifier.training.settings import FitSettings

OURS, FAST, LIVE = "tagger", "tagger-fast", "tagger-live"
THRESHOLDING, FASTTEXT = "libmultilabel-thresholding", "fasttext"


@dataclass(frozen=True)
class System:
    """A program with the steps train, suggest and latency (see peers/harness.py)."""

    key: str
    name: str
    environment: str
    program: Path
    variant: str = ""
    probabilities: bool = False  # whether its scores mean probabilities
    live: bool = False  # whether it can be told labels between trainings (`learn`)

    def command(self, train: Path, test: Path, workdir: Path, step: str, *more: str) -> list[str]:
        """Return the command of a step."""
        variant = ["--variant", self.variant] if self.variant else []
        paths = [str(train), str(test), str(workdir)]
        return [python_of(self.environment), str(self.program), *paths, "--step", step, *variant, *more]


_OURS = Path(__file__).parent / "ours.py"
_LIBMULTILABEL = PEERS / "libmultilabel_linear.py"
PEER_SYSTEMS = (
    System("sklearn", "scikit-learn OneVsRest(LinearSVC)", "linear", PEERS / "sklearn_svm.py"),
    System("libmultilabel-1vsrest", "LibMultiLabel 1vsrest", "linear", _LIBMULTILABEL, "1vsrest"),
    System(THRESHOLDING, "LibMultiLabel thresholding", "linear", _LIBMULTILABEL, "thresholding"),
    System("libmultilabel-cost", "LibMultiLabel cost-sensitive", "linear", _LIBMULTILABEL, "cost_sensitive"),
    System(FASTTEXT, "fastText one-vs-all, 50 epochs", "linear", PEERS / "fasttext_ova.py", probabilities=True),
    System("omikuji-parabel", "Omikuji Parabel", "linear", PEERS / "omikuji_trees.py", "parabel"),
    System("omikuji-bonsai", "Omikuji Bonsai", "linear", PEERS / "omikuji_trees.py", "bonsai"),
    System("annif-tfidf", "Annif tfidf", "annif", PEERS / "annif_project.py", "tfidf"),
    System("annif-omikuji", "Annif omikuji", "annif", PEERS / "annif_project.py", "omikuji"),
)


LIVE_SYSTEM = System(LIVE, "article tagger, live rate", OWN, _OURS, "live", probabilities=True, live=True)


def our_systems() -> list[System]:
    """Return our rows: the defaults, and the fast fit where there is one."""
    ours = [System(OURS, "article tagger", OWN, _OURS, "default", probabilities=True)]
    if "fast" in {field.name for field in fields(FitSettings)}:
        ours.append(System(FAST, "article tagger, --fast", OWN, _OURS, "fast", probabilities=True))
    return ours


SYSTEMS = {system.key: system for system in (*our_systems(), LIVE_SYSTEM, *PEER_SYSTEMS)}


def chosen(peers: Sequence[str] | None) -> list[System]:
    """Return our systems and the peers whose key starts with one of the names; all of them for None."""
    if peers is None:
        return [*our_systems(), *PEER_SYSTEMS]
    names = tuple(name for name in peers if name != "none")
    return [*our_systems(), *(peer for peer in PEER_SYSTEMS if names and peer.key.startswith(names))]
