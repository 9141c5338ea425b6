"""The first steps of a retraining: read the examples, check them, and hold the newest ones out."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.examples import Attributed, labels_of
from classifier.domain.progress import Track
from classifier.domain.snapshots import Snapshot, snapshot_of
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.domain.unreadable import Unreadable
from classifier.errors import BadModel, Busy, NoModel
from classifier.model.live import Followed
from classifier.model.tag_model import TagModel
from classifier.serving.champion import Champion
from classifier.serving.live import Follower
from classifier.serving.registry import Registry
from classifier.serving.taxonomy_changes import dated, history_of
from classifier.store.queue import STARTER
from classifier.store.runs import FAILED, JOB, RUNNING, SKIPPED
from classifier.store.store import Store
from classifier.text.repeated_blocks import Survey, survey
from classifier.training import checks
from classifier.training.checks import CheckSettings, Finding
from classifier.training.run_result import NOT_PROMOTED, PROMOTED, Result
from classifier.training.settings import TrainingSettings


@dataclass(frozen=True)
class Inputs:
    """What a run starts from."""

    examples: list[Attributed]  # of the store, by id
    snapshot: Snapshot
    taxonomy: Taxonomy
    pointer: Champion | None  # there also for a champion that cannot be loaded
    champion: TagModel | None
    learned: Snapshot | None  # None if the champion has no snapshot
    followed: Followed | None  # by the champion while it served, None if it follows nothing


def read_inputs(
    store: Store, registry: Registry, settings: TrainingSettings, taxonomy: Taxonomy | None, track: Track
) -> Inputs:
    """Read what a run starts from. Without a taxonomy it is the champion's, or one of the articles' own tags."""
    pointer, champion = registry.last_champion(), None
    with suppress(NoModel, BadModel):
        champion = registry.load_champion()
    learned = registry.snapshot(champion.version) if champion is not None else None
    attributed = store.exports.attributed(settings.starter_until, settings.close_after_days)
    examples = sorted(track(attributed, 0, "reading the store"), key=lambda example: example.article.id)
    taxonomy = _taxonomy(registry, examples) if taxonomy is None else taxonomy
    snapshot = snapshot_of(example.article for example in examples)
    followed = None
    if settings.live_rates and champion is not None and learned is not None:
        with suppress(Busy):  # where labels change all the time, the record does without
            followed = Follower(champion, learned.articles, store.live).following().followed
    return Inputs(examples, snapshot, taxonomy, pointer, champion, learned, followed)


def _taxonomy(registry: Registry, examples: Sequence[Attributed]) -> Taxonomy:
    champions = registry.taxonomy() or Taxonomy(())
    ids = [tag.id for tag in champions.tags]
    if ids and champions.version != taxonomy_of(ids).version:  # somebody maintains it
        return dated(champions, history_of(registry))
    return taxonomy_of(chain(ids, (tag for example in examples for tag in example.article.tags or ())))


def skip(inputs: Inputs, store: Store, settings: CheckSettings) -> Result | None:
    """Return why a run is skipped: the champion or the last run has seen the same data. None if something is new."""
    champion, digest, version = inputs.champion, inputs.snapshot.digest, inputs.taxonomy.version
    if champion is None:
        return None
    same_data = inputs.learned is not None and inputs.learned.digest == digest
    fitted = "retagged_from" not in champion.card  # a changed taxonomy's new tags have not been learned yet
    if same_data and fitted and champion.taxonomy.version == version:
        return Result(SKIPPED, f"Nothing is new since {champion.version} was trained.")
    trained = store.runs.list(JOB, without=(SKIPPED, FAILED, RUNNING))
    last = next((run for run in trained if run.outcome in (PROMOTED, NOT_PROMOTED)), None)
    if last is None or last.data != digest:
        return None
    result = last.result or {}
    details = result.get("details", {})
    if details.get("taxonomy_version") != version or set(details.get("accepted", [])) != settings.accepted:
        return None
    reason = f"Nothing is new since {last.started_at[:16]} ({last.outcome}: {last.reason})"
    return Result(SKIPPED, reason, None, result.get("blocked_by", []))


@dataclass(frozen=True)
class Checked:
    """The examples that can be read, without labels that a check leaves out, and what the checks found."""

    examples: list[Attributed]
    snapshot: Snapshot  # what was known before that repair
    blocks: list[str]  # the texts to leave out of all articles
    findings: list[Finding]
    groups: np.ndarray  # (n_examples,), near-duplicates share one
    unreadable: Unreadable  # articles that were set aside, to which later steps add

    @property
    def blocking(self) -> list[Finding]:
        """The findings that block the run."""
        return [finding for finding in self.findings if finding.action == checks.BLOCK]


def check_examples(inputs: Inputs, store: Store, settings: CheckSettings, track: Track) -> Checked:
    """Set aside the examples that cannot be read, and run all checks on the others."""
    examples, snapshot, unreadable = inputs.examples, inputs.snapshot, Unreadable()
    surveyed = _survey(examples, inputs.taxonomy, track)
    if surveyed.unreadable:
        unreadable = surveyed.unreadable
        examples = [example for example in examples if example.article.id not in unreadable.kinds]
        snapshot = snapshot_of(example.article for example in examples)
        surveyed = _survey(examples, inputs.taxonomy, track)
    findings = checks.few_examples(len(examples), settings)
    if inputs.learned is not None and inputs.champion is not None:
        findings += checks.labels_flipped(examples, inputs.learned, inputs.champion.taxonomy, settings)
        findings += checks.tag_rates(examples, inputs.learned, inputs.taxonomy, settings)
    repaired, one_editor = checks.one_editor(examples, inputs.taxonomy, settings)
    ids = [example.article.id for example in examples]
    blocks, repeated = checks.repeated_blocks(surveyed.blocks, ids, settings)
    shown, n_shown = store.log.shown_tags()
    never_shown = checks.never_shown(examples, shown, n_shown, inputs.taxonomy, settings)
    findings = [*findings, *one_editor, *repeated, *never_shown]
    return Checked(repaired, snapshot, blocks, findings, surveyed.groups, unreadable)


def _survey(examples: Sequence[Attributed], taxonomy: Taxonomy, track: Track) -> Survey:
    articles = [example.article for example in examples]
    return survey(articles, labels_of(articles, taxonomy), taxonomy, track)


@dataclass(frozen=True)
class Prepared:
    """Examples that are ready to train on, and which of them are held out."""

    inputs: Inputs
    checked: Checked
    articles: list[Article]
    labels: np.ndarray  # (n_examples, n_tags) int8
    learn: np.ndarray  # rows of the examples, in rising order
    holdout: np.ndarray  # the same
    fair: bool  # whether the champion has learned from none of the holdout

    @property
    def timeless(self) -> frozenset[str]:
        """The ids of the starter articles, whose dates say nothing of the desk's habits."""
        return frozenset(example.article.id for example in self.checked.examples if example.source == STARTER)

    @property
    def passing(self) -> frozenset[tuple[str, str]]:
        """The article id and the tag id of each rejection as a passing mention."""
        return frozenset((example.article.id, tag) for example in self.checked.examples for tag in example.passing)

    @property
    def held_out(self) -> list[Article]:
        """The articles of the holdout."""
        return [self.articles[row] for row in self.holdout]

    @property
    def holdout_labels(self) -> np.ndarray:
        """The labels of the holdout, (n_held_out, n_tags) int8."""
        return np.asarray(self.labels[self.holdout])


def hold_out(inputs: Inputs, checked: Checked, settings: TrainingSettings) -> Prepared:
    """Hold the newest examples out, without near-duplicates of those that are learned from."""
    articles = [example.article for example in checked.examples]
    rows = np.arange(len(articles))
    size = min(settings.max_holdout, max(settings.min_holdout, round(settings.holdout * len(articles))))
    newest = np.array(oldest_first(checked.examples, rows)[::-1], dtype=np.int64)
    trained = inputs.learned.trained if inputs.learned is not None else set()
    in_training = np.array([article.id in trained for article in articles], dtype=bool)
    learned = np.isin(checked.groups, checked.groups[in_training])  # from an article or from a near-duplicate
    if inputs.champion is not None and inputs.learned is None:  # it may have learned from all of them
        learned[:] = True
    unlearned = newest[~learned[newest]]
    fair = inputs.champion is None or len(unlearned) >= min(size, settings.min_holdout)
    holdout = np.sort((unlearned if fair else newest)[:size])
    is_copy = np.isin(checked.groups[holdout], checked.groups[np.setdiff1d(rows, holdout)])
    holdout, learn = holdout[~is_copy], np.setdiff1d(rows, holdout[~is_copy])
    return Prepared(inputs, checked, articles, labels_of(articles, inputs.taxonomy), learn, holdout, fair)


def oldest_first(examples: Sequence[Attributed], rows: np.ndarray) -> list[int]:
    """Return rows of examples in the order of their dates."""
    return sorted(rows.tolist(), key=lambda row: (examples[row].at, examples[row].article.id))
