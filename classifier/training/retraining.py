"""Retraining: examples -> checks -> challenger -> comparison -> promotion, unattended. One run at a time.

The challenger that is compared is the one that serves: it learns from all examples, and cross-validation says how good it
is. Every run is recorded with its outcome and the reason.
"""

import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from classifier.domain import sentences as said
from classifier.domain.examples import read_through
from classifier.domain.origins import count_origins
from classifier.domain.progress import Progress
from classifier.domain.snapshots import Snapshot
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.domain.voices import KEY, voices_of
from classifier.errors import Busy, Cancelled, TaggerError, UnknownTag
from classifier.gate.holding import Held, count_runs
from classifier.gate.whole import Check
from classifier.model.files import content_digest
from classifier.serving.champion import rolled_back
from classifier.serving.fixed import read_fixed
from classifier.serving.registry import Registry
from classifier.serving.taxonomy import publish, take_over
from classifier.serving.taxonomy_changes import adopt
from classifier.serving.traces import try_to_remove_traces
from classifier.store.runs import CANCELLED, FAILED, JOB, NOT_PROMOTED, PROMOTED, Run
from classifier.store.store import Store
from classifier.texts import english
from classifier.training.challenger import Challenger, challenge, learning_curve
from classifier.training.older import judged_later
from classifier.training.preparing import Checked, Inputs, Prepared, check_examples, read_inputs, skip
from classifier.training.progress import (
    CHECKING,
    COMPARING,
    LEARNING,
    READING,
    REPORTING,
    SAVING,
    STEPS,
    Watched,
    why_it_failed,
)
from classifier.training.run_result import (
    BlockedBy,
    HeldTag,
    LiveRow,
    Result,
    RunDetails,
    blocked,
    blocked_by,
    confusions,
    languages_of,
    moved,
    reason_of,
)
from classifier.training.settings import TrainingSettings
from classifier.training.shadow import end_if_over, follow_shadow

TOO_ALIKE = 0.01  # a challenger whose data differ by less from those of a version that was rolled back stays out
N_KEYS, N_NAMED = 5, 20  # keys and newest articles of a held tag that a record names
MIN_DIFFERENT = 20  # articles; fewer are too alike in a small store, too


def retrain(
    store: Store,
    registry: Registry,
    settings: TrainingSettings,
    taxonomy: Taxonomy | None = None,
    *,
    by: str = JOB,
    force: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    asked: str | None = None,
) -> tuple[Result, Run | None]:
    """Train a challenger on the store's examples, promote it if it is not worse, and return the result and its record.

    Without a taxonomy the champion's is taken, or one of the articles' own tags. `force` trains though nothing is new.
    `dry_run` runs all steps but saves and records nothing. `asked` is the id of the run that somebody asked for, and that may be
    stopped. Raises `Cancelled` if it was, `Busy` if another process is retraining, `DroppedTags` if
    the taxonomy lacks tags that the champion has, `UnknownTag` if a tag is accepted that it does not have, and `TaggerError` if
    the run fails, which is recorded.
    """
    with store.runs.alone(JOB):
        if taxonomy is not None:
            taxonomy = adopt(taxonomy, registry)
        if not dry_run:
            store.taxonomy.apply_due()
            head = publish(registry, store) if taxonomy is None else take_over(registry, store, taxonomy, by)
            taxonomy = head.taxonomy if head is not None and taxonomy is not None else taxonomy
        _check_accepted(settings, taxonomy or registry.taxonomy())
        begun, progress = time.monotonic(), progress or Progress()
        if dry_run:
            progress.begin(STEPS)
            retraining = _Retraining(store, registry, settings, by, True, progress, begun)
            return retraining.run(retraining.inputs(taxonomy), force=True), None
        store.proposals.keep_promises(registry.taxonomy() or Taxonomy(()))
        record, data = store.runs.begin(JOB, asked), None
        watched = Watched(store, record, progress)
        retraining = _Retraining(store, registry, settings, by, False, watched, begun)
        try:
            with watched:
                inputs = retraining.inputs(taxonomy)
                data = inputs.snapshot.digest
                take_over(registry, store, inputs.taxonomy, by)  # where nobody maintains it, articles bring new tags
                result = retraining.run(inputs, force)
        except BaseException as error:
            if stopped := watched.stopped(error):
                store.runs.end(record, CANCELLED, f"{stopped} {said.CHAMPION_STAYS}", data=data)
                raise Cancelled(f"{stopped} {said.CHAMPION_STAYS}") from None
            store.runs.end(record, FAILED, why_it_failed(error), data=data)
            raise
        else:
            recorded = {**result.to_json(), "details": result.details}
            store.runs.end(record, result.outcome, result.reason, version=result.version, data=data, result=recorded)
            end_if_over(registry, inputs.shadow)
        finally:
            _forget(store, registry, settings)
        registry.sweep(settings.keep_versions)
        return result, record


def _check_accepted(settings: TrainingSettings, taxonomy: Taxonomy | None) -> None:
    unknown = sorted(settings.checks.accepted - taxonomy.by_id.keys()) if taxonomy is not None else []
    if unknown:
        names = ", ".join(repr(tag[:80]) for tag in unknown)
        raise UnknownTag(f"--accept-changes: the taxonomy has no tag {names}. See: python -m classifier tags list")


def _forget(store: Store, registry: Registry, settings: TrainingSettings) -> None:
    """Delete what is too old to be kept, and what is left of deleted articles, even after a run that failed."""
    store.runs.sweep(JOB)
    if settings.forget_days:
        store.forget(settings.forget_days)
    try_to_remove_traces(store, registry)  # what has to wait, the service or the next run removes


@dataclass(frozen=True)
class _Retraining:
    """One run: where it reads and saves, and how."""

    store: Store
    registry: Registry
    settings: TrainingSettings
    by: str
    dry_run: bool
    track: Progress | Watched
    begun: float  # time.monotonic()

    def inputs(self, taxonomy: Taxonomy | None) -> Inputs:
        """Read what the run starts from, and let the version in shadow judge what has arrived before anything is learned."""
        self.track.step(READING)
        inputs = read_inputs(self.store, self.registry, self.settings, taxonomy, self.track)
        return replace(inputs, shadow=follow_shadow(self.store, self.registry, inputs, self.dry_run, self.track))

    def run(self, inputs: Inputs, force: bool) -> Result:
        """Run the steps in their order; the first that blocks the run ends it."""
        settings = self.settings
        skipped = None if force else skip(inputs, self.store, settings.checks)
        if skipped is not None:
            return replace(skipped, details=_details(inputs, settings))
        self.track.step(CHECKING)
        self.track.say(english(said.TO_LEARN_FROM, n=f"{len(inputs.examples):,}"))
        checked = check_examples(inputs, self.store, settings.checks, self.track)
        self.track.say(english(said.CHECKED, n=len(checked.findings), held=len(checked.held)))
        if checked.blocking:
            return blocked(blocked_by(checked.blocking), _details(inputs, settings, checked))
        prepared = Prepared(inputs, checked)
        self.track.step(LEARNING)
        challenger = challenge(prepared, settings, self.track, lambda: self.track.step(COMPARING))
        return self._decide(prepared, challenger)

    def _decide(self, prepared: Prepared, challenger: Challenger) -> Result:
        """Return the result of a comparison; unless it is a dry run, save the challenger and promote it if nothing blocks it."""
        gate = [*challenger.gate, *self._against_the_past(prepared, challenger)]
        causes = blocked_by(check for check in gate if not check.passed)
        outcome = NOT_PROMOTED if causes else PROMOTED
        tags = prepared.inputs.taxonomy.tags
        held = [BlockedBy(tag=tags[each.tag].id, check=each.check, figure=each.figure) for each in challenger.held]
        reason = reason_of(causes, gate, held)
        self.track.step(REPORTING)
        result = Result(outcome, reason, None, causes, held, self._compared(prepared, challenger, gate))
        if self.dry_run:
            return replace(result, outcome=NOT_PROMOTED, reason=f"Dry run: nothing is saved. Else: {outcome}. {reason}")
        if (champion := prepared.inputs.champion) is not None and challenger.older.stand_in is not None:
            self.registry.add_validated(champion.version, challenger.older.stand_in)
        self.track.step(SAVING)
        result = replace(result, version=self._save(prepared, challenger, gate))
        return result if causes else self._promote(prepared, result)

    def _against_the_past(self, prepared: Prepared, challenger: Challenger) -> list[Check]:
        """Return failed checks if the champion is fixed, or the challenger is it once more or like one that was rolled back."""
        champion, digest = prepared.inputs.champion, content_digest(challenger.fitted.model)
        checks = []
        if champion is not None and content_digest(champion) == digest:
            checks.append(Check("nothing_new", False, said.THE_SAME))
        if champion is not None and (fixed := read_fixed(self.registry.folder)) is not None:
            checks.append(Check("fixed", False, english(said.FIXED, name=fixed.by, day=fixed.at[:10], why=fixed.why)))
        for version in rolled_back(self.registry.history()):
            learned, card = self.registry.snapshot(version), {}
            with suppress(TaggerError):  # where the version is gone, its data count
                card = self.registry.card(version)
            if "retagged_from" in card and card.get("taxonomy_version") != prepared.inputs.taxonomy.version:
                continue  # it was an older model with a changed taxonomy, and this run's taxonomy is another one
            if version.endswith(digest[:8]) or (learned is not None and _is_like(challenger.snapshot, learned)):
                figure = english(said.LIKE_ROLLED_BACK, version=version)
                checks.append(Check("rolled_back", False, figure))
        return checks

    def _save(self, prepared: Prepared, challenger: Challenger, gate: Iterable[Check]) -> str:
        taxonomy, champion, model = prepared.inputs.taxonomy, prepared.inputs.champion, challenger.fitted.model
        model.card |= {
            "data": prepared.inputs.snapshot.digest,
            "held": count_runs((each.to_json(taxonomy) for each in challenger.held), champion.card if champion else {}),
            "hold_next": {taxonomy.tags[each.tag].id: each.figure for each in challenger.late},
            "ignored_blocks": prepared.inputs.ignored_ids,
            "accepted": prepared.inputs.accepted_before | dict.fromkeys(self.settings.checks.accepted, _now()),
            "contest": [check.to_json() for check in gate],
        }
        # An article that was deleted and has come again since is no longer one that models may not name.
        self.registry.deleted.follow(self.store.deletions.digests)
        return self.registry.save(model, challenger.snapshot)

    def _promote(self, prepared: Prepared, result: Result) -> Result:
        assert result.version is not None
        pointer = prepared.inputs.pointer
        before = pointer.version if pointer else None
        try:
            self.registry.promote(str(result.version), self.by, result.reason, instead_of=before)
        except Busy as error:
            overtaken = BlockedBy(tag=None, check="overtaken", figure=str(error))
            return replace(result, outcome=NOT_PROMOTED, reason=str(error), blocked_by=[overtaken])
        return result

    def _compared(self, prepared: Prepared, challenger: Challenger, gate: Iterable[Check]) -> RunDetails:
        inputs, model, measured = prepared.inputs, challenger.fitted.model, challenger.measured
        active = [tag for tag in inputs.taxonomy.tags if tag.active]
        tag_ids, last = [tag.id for tag in active], measured["challenger"]
        return _details(inputs, self.settings, prepared.checked) | RunDetails(
            n_learned=len(challenger.fitted.held_out.ids),
            n_reference=len(last.labels),
            anchor=inputs.anchor.version if inputs.anchor else None,
            stand_in=challenger.older.stand_in is not None,
            gate=[check.to_json() for check in gate],
            held=[_held_tag(each, prepared) for each in challenger.held],
            n_fits=challenger.n_fits,
            later=judged_later(prepared, self.track),
            tags=[change._asdict() for change in challenger.changes],
            measures={name: each.measures(tag_ids) for name, each in measured.items()},
            cross_validation=challenger.fitted.card["cross_validation"],
            languages=languages_of(challenger.fitted.card["languages"], challenger.languages),
            confusions=confusions(last.suggested, last.labels, active),
            moved=moved(challenger.changes, inputs.champion, model, inputs.learned, prepared.checked.snapshot),
            learning_curve=learning_curve(prepared, self.settings, self.track),
            seconds=round(time.monotonic() - self.begun, 1),
        )


def _details(inputs: Inputs, settings: TrainingSettings, checked: Checked | None = None) -> RunDetails:
    """Return the details of every run, also of one that ends before a challenger is trained."""
    findings, snapshot = (checked.findings, checked.snapshot) if checked is not None else ([], inputs.snapshot)
    return {
        "champion": inputs.pointer.version if inputs.pointer else None,
        "taxonomy_version": inputs.taxonomy.version,
        "accepted": sorted(settings.checks.accepted),
        "ignored_blocks": inputs.ignored_ids,
        "findings": [finding._asdict() for finding in findings],
        "n_examples": len(snapshot.articles),
        "origins": count_origins(example.origins for example in inputs.examples),
        "set_aside": (checked.unreadable if checked is not None else Unreadable()).to_json(),
        "live": _live_row(inputs),
        "shadow": inputs.shadow,
    }


def _live_row(inputs: Inputs) -> LiveRow | None:
    if inputs.champion is None or inputs.followed is None:
        return None
    tags = inputs.champion.taxonomy.tags
    moved = [(tags[tag].id, round(move, 4)) for tag, move in inputs.followed.most_moved()]
    return LiveRow(state=inputs.followed.number, n_articles=inputs.followed.n_articles, moved=moved)


def _now() -> str:
    """Return the time as it begins the names of versions, so that both can be compared."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}"


def _held_tag(held: Held, prepared: Prepared) -> HeldTag:
    """Return a held tag, with the keys that gave or rejected it on articles that the older version did not know."""
    tag, known = prepared.inputs.taxonomy.tags[held.tag].id, set(held.reference.rows.tolist())
    newest = [row for row in prepared.oldest_first[::-1] if row not in known]
    examples = [prepared.examples[row] for row in newest]
    read = [(each, read_through(each.article, prepared.inputs.taxonomy)) for each in examples]
    examples = [each for each, article in read if tag in (*(article.tags or ()), *article.rejected)]
    keys = Counter(voices_of(each.said_by.get(tag), each.owner).get(KEY, "") for each in examples)
    row = held.to_json(prepared.inputs.taxonomy)
    return HeldTag(
        **row, keys=dict(keys.most_common(N_KEYS)), articles=[each.article.id for each in examples[:N_NAMED]]
    )


def _is_like(snapshot: Snapshot, other: Snapshot) -> bool:
    """Whether two snapshots differ in so few articles that a model of the one is like a model of the other."""
    now, before = ({key: labels.facts for key, labels in each.articles.items()} for each in (snapshot, other))
    n_changed = sum(before.get(key) != facts for key, facts in now.items())
    return n_changed < max(MIN_DIFFERENT, TOO_ALIKE * len(now))
