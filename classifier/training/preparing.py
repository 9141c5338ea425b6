"""The first steps of a retraining: read the examples, check them, and find what older versions knew of them."""

import hashlib
from collections.abc import Container, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np

from classifier.domain import sentences as said
from classifier.domain.articles import Article
from classifier.domain.examples import Attributed, labels_of, read_through
from classifier.domain.progress import Amount, Track
from classifier.domain.snapshots import Snapshot, snapshot_of
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.domain.unreadable import Unreadable
from classifier.errors import BadModel, Busy, NoModel
from classifier.gate.holding import TAG_WORSE, Held
from classifier.gate.reference import ANCHOR, CHAMPION, Reference, reference_to
from classifier.model.live import Followed
from classifier.model.tag_model import TagModel
from classifier.serving.champion import Champion
from classifier.serving.head import head_file
from classifier.serving.live import Follower
from classifier.serving.registry import Anchor, Registry
from classifier.serving.taxonomy_changes import dated, history_of
from classifier.store.ignored_blocks import IgnoredBlock, texts_of
from classifier.store.queue import STARTER
from classifier.store.runs import CANCELLED, FAILED, JOB, NOT_PROMOTED, PROMOTED, RUNNING, SKIPPED, WAITING
from classifier.store.store import Store
from classifier.text.repeated_blocks import Survey, survey
from classifier.texts import english
from classifier.training import checks
from classifier.training.checks import CheckSettings, Finding
from classifier.training.run_result import Result, ShadowRow
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
    anchor: Anchor | None  # None if there is no other version to compare with
    shadow: ShadowRow | None = None
    ignored: Sequence[IgnoredBlock] = ()  # that somebody has chosen to leave out

    @property
    def ignored_ids(self) -> list[str]:
        """The ids of the ignored blocks, in order."""
        return sorted(each.id for each in self.ignored)

    @property
    def accepted_before(self) -> dict[str, str]:
        """The tags whose labels were accepted before the champion was trained, and the versions that learned them."""
        accepted: dict[str, str] = self.champion.card.get("accepted", {}) if self.champion is not None else {}
        return accepted

    def accepted_since(self, version: str, settings: CheckSettings) -> set[str]:
        """Return the tags whose labels were accepted after a version was trained, or are accepted in this run."""
        return {tag for tag, later in self.accepted_before.items() if later > version} | settings.accepted


def read_inputs(
    store: Store, registry: Registry, settings: TrainingSettings, taxonomy: Taxonomy | None, track: Track
) -> Inputs:
    """Read what a run starts from. Without a taxonomy it is the champion's, or one of the articles' own tags."""
    pointer, champion = registry.last_champion(), None
    with suppress(NoModel, BadModel):
        champion = registry.load_champion()
    learned = registry.snapshot(champion.version) if champion is not None else None
    anchor = registry.anchor(settings.anchor) if champion is not None else None
    if anchor is not None and champion is not None and anchor.version == champion.version:
        anchor = None
    older = [snapshot.articles for snapshot in (learned, anchor and anchor.snapshot) if snapshot is not None]
    how = (settings.starter_until, settings.close_after_days, settings.learn_left)
    # An article that loses its last label stays an example, or nobody would see that the label is gone.
    attributed = store.exports.attributed(*how, known=set().union(*older), amount=(amount := Amount()))
    examples = sorted(track(attributed, amount, "reading the store"), key=lambda example: example.article.id)
    taxonomy = _taxonomy(registry, examples) if taxonomy is None else taxonomy
    snapshot = snapshot_of(example.article for example in examples)
    followed = None
    if settings.live_rates and champion is not None and learned is not None:
        with suppress(Busy):  # where labels change all the time, the record does without
            followed = Follower(champion, learned.articles, store.live).following().followed
    ignored = store.ignored_blocks.list()
    return Inputs(examples, snapshot, taxonomy, pointer, champion, learned, followed, anchor, ignored=ignored)


def _taxonomy(registry: Registry, examples: Sequence[Attributed]) -> Taxonomy:
    present = registry.taxonomy() or Taxonomy(())
    ids = [tag.id for tag in present.tags]
    if ids and present.version != taxonomy_of(ids).version:  # somebody maintains it
        return present if head_file(registry.folder).exists() else dated(present, history_of(registry))
    return taxonomy_of(chain(ids, (tag for example in examples for tag in example.article.tags or ())))


def skip(inputs: Inputs, store: Store, settings: CheckSettings) -> Result | None:
    """Return why a run is skipped: the champion or the last run has seen the same data. None if something is new."""
    champion, digest, version = inputs.champion, inputs.snapshot.digest, inputs.taxonomy.version
    if champion is None:
        return None
    same_data = inputs.learned is not None and inputs.learned.digest == digest
    fitted = "retagged_from" not in champion.card  # a changed taxonomy's new tags have not been learned yet
    same_blocks = champion.card.get("ignored_blocks", []) == inputs.ignored_ids
    if same_data and same_blocks and fitted and champion.fitted.taxonomy.version == version:
        return Result(SKIPPED, english(said.NOTHING_NEW, version=champion.version))
    trained = store.runs.list(JOB, without=(SKIPPED, FAILED, RUNNING, WAITING, CANCELLED))
    last = next((run for run in trained if run.outcome in (PROMOTED, NOT_PROMOTED)), None)
    if last is None or last.data != digest:
        return None
    result = last.result or {}
    details = result.get("details", {})
    if details.get("taxonomy_version") != version or set(details.get("accepted", [])) != settings.accepted:
        return None
    if details.get("ignored_blocks", []) != inputs.ignored_ids:
        return None
    reason = english(said.NOTHING_NEW_SINCE, time=last.started_at[:16], outcome=last.outcome, reason=last.reason)
    return Result(SKIPPED, reason, None, result.get("blocked_by", []), result.get("held", []))


@dataclass(frozen=True)
class Checked:
    """The examples that can be read, without labels that a check leaves out, and what the checks found."""

    examples: list[Attributed]
    snapshot: Snapshot  # what was known before that repair
    blocks: list[str]  # the texts to leave out of all articles
    findings: list[Finding]
    unreadable: Unreadable  # articles that were set aside, to which later steps add
    references: list[Reference]  # what the champion and the anchor knew of the examples
    held: list[Held]  # tags whose labels turned

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
    read = [replace(each, article=read_through(each.article, inputs.taxonomy)) for each in examples]
    findings = checks.few_examples(len(examples), settings)
    if inputs.learned is not None:
        findings += checks.tag_rates(read, inputs.learned, inputs.taxonomy, settings)
    repaired, one_editor = checks.one_editor(examples, inputs.taxonomy, settings)
    ids = [example.article.id for example in examples]
    blocks, repeated = checks.repeated_blocks(surveyed.blocks, ids, settings)
    blocks = sorted({*blocks, *texts_of(inputs.ignored)})
    shown, n_shown = store.log.shown_tags()
    never_shown = checks.never_shown(read, shown, n_shown, inputs.taxonomy, settings)
    references = _references(inputs, repaired, settings)
    flipped, held = checks.labels_flipped(references, ids, inputs.taxonomy, settings)
    held += _seen_late(inputs, references, {each.tag for each in held})
    findings = [*findings, *flipped, *one_editor, *repeated, *never_shown]
    return Checked(repaired, snapshot, blocks, findings, unreadable, references, held)


def _seen_late(inputs: Inputs, references: Iterable[Reference], held: Container[int]) -> list[Held]:
    """Return the tags that got worse in the second fit of the champion. Its snapshot has the labels that they keep."""
    figures = inputs.champion.card.get("hold_next", {}) if inputs.champion is not None else {}
    return [
        Held(column, TAG_WORSE, f"{figures[tag.id]}. {said.LAST_RUN}", reference)
        for reference in references
        if reference.name == CHAMPION
        for column, tag in enumerate(inputs.taxonomy.tags)
        if tag.id in figures and tag.active and column not in reference.settled and column not in held
    ]


def _references(inputs: Inputs, examples: Sequence[Attributed], settings: CheckSettings) -> list[Reference]:
    older = []
    if inputs.champion is not None and inputs.learned is not None:
        older.append((CHAMPION, inputs.champion.version, inputs.learned))
    if inputs.anchor is not None:
        older.append((ANCHOR, inputs.anchor.version, inputs.anchor.snapshot))
    return [
        reference_to(name, version, snapshot, examples, inputs.taxonomy, inputs.accepted_since(version, settings))
        for name, version, snapshot in older
    ]


def _survey(examples: Sequence[Attributed], taxonomy: Taxonomy, track: Track) -> Survey:
    articles = [example.article for example in examples]
    return survey(articles, labels_of(articles, taxonomy), taxonomy, track)


@dataclass(frozen=True)
class Prepared:
    """Examples that are ready to train on."""

    inputs: Inputs
    checked: Checked

    @property
    def examples(self) -> list[Attributed]:
        """The examples, in the order of their ids."""
        return self.checked.examples

    @cached_property
    def articles(self) -> list[Article]:
        """The articles of the examples."""
        return [example.article for example in self.examples]

    @cached_property
    def labels(self) -> np.ndarray:
        """The labels of the examples, (n_examples, n_tags) int8."""
        return labels_of(self.articles, self.inputs.taxonomy)

    @property
    def timeless(self) -> frozenset[str]:
        """The ids of the starter articles, whose dates say nothing of the desk's habits."""
        return frozenset(example.article.id for example in self.examples if example.source == STARTER)

    @cached_property
    def mixed(self) -> list[int]:
        """The rows of the examples in an order that has nothing to do with dates or ids, and is the same in every run."""
        digests = [hashlib.sha256(article.id.encode()).digest() for article in self.articles]
        return sorted(range(len(digests)), key=digests.__getitem__)

    @property
    def passing(self) -> frozenset[tuple[str, str]]:
        """The article id and the tag id of each rejection as a passing mention."""
        return frozenset((example.article.id, tag) for example in self.examples for tag in example.passing)

    @property
    def oldest_first(self) -> list[int]:
        """The rows of the examples in the order of their dates."""
        return sorted(range(len(self.examples)), key=lambda row: (self.examples[row].at, self.articles[row].id))
