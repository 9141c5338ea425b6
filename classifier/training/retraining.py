"""Retraining: examples -> checks -> challenger -> contest -> promotion, unattended. One run at a time.

What was proven is what serves: the challenger has not learned from the holdout, and is not fitted again on it unless a
setting asks for it. Whatever comes of a run, it is recorded with its reason.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.examples import Attributed, labels_of
from classifier.domain.progress import Track, untracked
from classifier.domain.snapshots import Snapshot, snapshot_of
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.domain.unreadable import Unreadable
from classifier.errors import BadModel, Busy, NoModel, TaggerError, TooFewExamples
from classifier.model import evaluation
from classifier.model.files import content_digest
from classifier.model.tag_model import TagModel
from classifier.serving.registry import Champion, Registry
from classifier.serving.taxonomy_changes import adopt, dated, history_of
from classifier.serving.traces import try_to_remove_traces
from classifier.store import FAILED, JOB, RUNNING, SKIPPED, Run, Store
from classifier.text.repeated_blocks import Survey, survey
from classifier.training import checks
from classifier.training.checks import BLOCK, CheckSettings, Finding
from classifier.training.comparison import Check, GateSettings, Judged, TagChange, first_contest
from classifier.training.fitting import FitSettings, Fitted, fit
from classifier.training.judging import contest_of, judge, named_tags
from classifier.training.run_facts import confusions, measures_of, moved, strongest_terms

PROMOTED, NOT_PROMOTED = "promoted", "not promoted"
N_DRAWS = 2  # of the folds, before a challenger counts as worse …
DRAWN_AGAIN = ("total", "tag_worse", "calibration", "blind_recall")  # … by one of these checks
TOO_ALIKE = 0.01  # a challenger whose data differ by less from those of a version that was rolled back stays out


@dataclass(frozen=True)
class TrainingSettings:
    """How to retrain.

    holdout, min_holdout, max_holdout: the share of the newest examples that is set aside, and its bounds; refit: whether the
    model that has won is fitted again on all examples; starter_until, close_after_days: see `Store.attributed`;
    keep_versions: see `Registry.sweep`; forget_days: see `Store.forget`, 0 for never; learning_curve: the shares of the examples
    at which a run measures its learning curve.
    """

    fit: FitSettings = field(default_factory=FitSettings)
    gate: GateSettings = field(default_factory=GateSettings)
    checks: CheckSettings = field(default_factory=CheckSettings)
    holdout: float = 0.1
    min_holdout: int = 100
    max_holdout: int = 2_000
    refit: bool = False
    starter_until: int = 1_000
    close_after_days: int = 0
    keep_versions: int = 10
    forget_days: int = 0
    learning_curve: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)


@dataclass
class Result:
    """What came of a run, and all that a report tells of it."""

    outcome: str
    reason: str
    version: str | None = None
    blocked_by: list[dict[str, Any]] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def promoted(self) -> bool:
        """Whether the challenger is champion now."""
        return self.outcome == PROMOTED

    def to_json(self) -> dict[str, Any]:
        """Return the one line that the command prints."""
        return {
            "version": self.version,
            "promoted": self.promoted,
            "reason": self.reason,
            "blocked_by": self.blocked_by,
            "outcome": self.outcome,
            **({"set_aside": aside} if (aside := self.details.get("set_aside")) and aside["n"] else {}),
        }


def retrain(
    store: Store,
    registry: Registry,
    settings: TrainingSettings,
    taxonomy: Taxonomy | None = None,
    *,
    by: str = JOB,
    force: bool = False,
    dry_run: bool = False,
    track: Track = untracked,
) -> tuple[Result, Run | None]:
    """Train a challenger on what the store knows, and promote it if it is proven; return what came of it, and the record.

    Without a taxonomy the champion's is taken, or one of the articles' own tags. In both, a tag that appeared after the others
    has the day of its first sight. `force` trains though nothing is new;
    `dry_run` goes all the way but saves and records nothing.

    Raises:
        Busy: if another process is at it.
        DroppedTags: if the taxonomy lacks tags that the champion has.
        TaggerError: if the run fails; it is recorded as failed.
    """
    with store.runs.alone(JOB):
        if taxonomy is not None:
            taxonomy = adopt(taxonomy, registry)
        if not dry_run:
            store.proposals.keep_promises(registry.taxonomy() or Taxonomy(()))
        retraining = _Retraining(store, registry, settings, taxonomy, by, force, dry_run, track)
        if dry_run:
            return retraining.run(), None
        record = store.runs.begin(JOB)
        try:
            result = retraining.run()
        except BaseException as error:
            reason = str(error) if isinstance(error, TaggerError | OSError) else type(error).__name__
            store.runs.end(record, FAILED, reason, data=retraining.data)
            raise
        else:
            whole = {**result.to_json(), "details": result.details}
            store.runs.end(
                record, result.outcome, result.reason, version=result.version, data=retraining.data, result=whole
            )
        finally:
            _forget(store, registry, settings)
        registry.sweep(settings.keep_versions)
        return result, record


def _forget(store: Store, registry: Registry, settings: TrainingSettings) -> None:
    """Delete what is too old to be kept, and what is left of deleted articles, whatever came of the run."""
    store.runs.sweep(JOB)
    if settings.forget_days:
        store.forget(settings.forget_days)
    try_to_remove_traces(store, registry)  # what has to wait, the service or the next run removes


class _Stop(Exception):
    """The run ends here, with a result."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.reason)
        self.result = result


@dataclass
class _Split:
    """Which examples are for learning and which are set aside; rows of the examples, in rising order."""

    learn: np.ndarray
    holdout: np.ndarray
    fair: bool  # whether the champion has learned from none of the holdout


@dataclass
class _Retraining:
    """One run, step by step."""

    store: Store
    registry: Registry
    settings: TrainingSettings
    given: Taxonomy | None
    by: str
    force: bool
    dry_run: bool
    track: Track
    data: str | None = None
    findings: list[Finding] = field(default_factory=list)
    unreadable: Unreadable = field(default_factory=Unreadable)
    split: _Split = field(default_factory=lambda: _Split(np.zeros(0, dtype=int), np.zeros(0, dtype=int), True))

    def run(self) -> Result:
        self.begun = time.monotonic()
        self.pointer, self.champion, self.before = self._champion()
        try:
            return self._run()
        except _Stop as stop:
            stop.result.details |= self._facts()
            return stop.result

    def _run(self) -> Result:
        known = self._examples()
        self.taxonomy = self._taxonomy(known)
        self.snapshot = snapshot_of(one.article for one in known)
        self.data = self.snapshot.digest
        self._stop_if_nothing_is_new()
        found = self._surveyed(known)
        if found.unreadable:
            self.unreadable = found.unreadable
            known = [one for one in known if one.article.id not in self.unreadable.kinds]
            self.snapshot = snapshot_of(one.article for one in known)
            found = self._surveyed(known)
        self.examples, blocks = self._checked(known, found)
        self.articles = [one.article for one in self.examples]
        self.labels = labels_of(self.articles, self.taxonomy)
        self.split = self._split(found)
        return self._decide(*self._challenge(blocks), blocks)

    # --- what there is ---

    def _champion(self) -> tuple[Champion | None, TagModel | None, Snapshot | None]:
        """Return the pointer, the model, and what it learned from; one that cannot be loaded is there to be replaced."""
        pointer = self.registry.last_champion()
        try:
            model = self.registry.load_champion()
        except (NoModel, BadModel):
            return pointer, None, None
        assert pointer is not None
        return pointer, model, self.registry.snapshot(pointer.version)

    def _examples(self) -> list[Attributed]:
        some = self.store.attributed(self.settings.starter_until, self.settings.close_after_days)
        return sorted(self.track(some, 0, "reading the store"), key=lambda one: one.article.id)

    def _taxonomy(self, known: Sequence[Attributed]) -> Taxonomy:
        if self.given is not None:
            return self.given
        own = self.registry.taxonomy() or Taxonomy(())
        ids = [tag.id for tag in own.tags]
        if ids and own.version != taxonomy_of(ids).version:  # somebody keeps it
            return dated(own, history_of(self.registry))
        return taxonomy_of(chain(ids, (tag for one in known for tag in one.article.tags or ())))

    def _stop_if_nothing_is_new(self) -> None:
        """Stop if the champion has learned from these very data, or if the last run has tried them.

        A challenger of the same data has learned from all but the holdout: at best it is as good.
        """
        if self.force or self.dry_run or self.champion is None:
            return
        same = self.before is not None and self.before.digest == self.data
        fitted = "retagged_from" not in self.champion.card  # a changed taxonomy's new tags have not been learned yet
        if same and fitted and self.champion.taxonomy.version == self.taxonomy.version:
            raise _Stop(Result(SKIPPED, f"Nothing is new since {self.champion.version} was trained."))
        trained = self.store.runs.list(JOB, without=(SKIPPED, FAILED, RUNNING))
        last = next((run for run in trained if run.outcome in (PROMOTED, NOT_PROMOTED)), None)
        if last is None or last.data != self.data:
            return
        result = last.result or {}
        if result.get("details", {}).get("taxonomy_version") != self.taxonomy.version:
            return
        accepted = set(result.get("details", {}).get("accepted", []))
        if accepted != self.settings.checks.accepted:
            return
        blocked = result.get("blocked_by", [])
        why = f"Nothing is new since {last.started_at[:16]} ({last.outcome}: {last.reason})"
        raise _Stop(Result(SKIPPED, why, None, blocked))

    # --- checks ---

    def _surveyed(self, known: Sequence[Attributed]) -> Survey:
        articles = [one.article for one in known]
        return survey(articles, labels_of(articles, self.taxonomy), self.taxonomy, self.track)

    def _checked(self, known: list[Attributed], found: Survey) -> tuple[list[Attributed], list[str]]:
        """Return the examples that count and the blocks to leave out; stop if a check blocks."""
        settings, before = self.settings.checks, self.before
        findings = checks.few_examples(len(known), settings)
        if before is not None and self.champion is not None:
            findings += checks.labels_flipped(known, before, self.champion.taxonomy, settings)
            findings += checks.tag_rates(known, before, self.taxonomy, settings)
        kept, one_editor = checks.one_editor(known, self.taxonomy, settings)
        ids = [one.article.id for one in known]
        blocks, repeated = checks.repeated_blocks(found.blocks, ids, settings)
        shown, n_shown = self.store.log.shown_tags()
        never = checks.never_shown(known, shown, n_shown, self.taxonomy, settings)
        self.findings = [*findings, *one_editor, *repeated, *never]
        blocking = [finding for finding in self.findings if finding.action == BLOCK]
        if blocking:
            blocked_by = [{"tag": one.tag, "check": one.check, "figure": one.figure} for one in blocking]
            raise _Stop(Result(NOT_PROMOTED, _why(blocked_by), None, blocked_by))
        return kept, blocks

    def _split(self, found: Survey) -> _Split:
        """Set the newest examples aside, without near-duplicates of those that are learned from."""
        n, settings = len(self.examples), self.settings
        size = min(settings.max_holdout, max(settings.min_holdout, round(settings.holdout * n)))
        newest = np.array(
            sorted(range(n), key=lambda row: (self.examples[row].at, self.examples[row].article.id))[::-1]
        )
        seen = self._seen(found.groups)
        untouched = newest[~seen[newest]]
        fair = self.champion is None or len(untouched) >= min(size, settings.min_holdout)
        holdout = np.sort((untouched if fair else newest)[:size])
        learn = np.setdiff1d(np.arange(n), holdout)
        copied = np.isin(found.groups[holdout], found.groups[learn])
        holdout = holdout[~copied]
        if len(holdout) < settings.min_holdout / 2:
            figure = f"{len(holdout)} articles are left to set aside, without copies of others"
            blocked = [{"tag": None, "check": "holdout", "figure": figure}]
            raise _Stop(Result(NOT_PROMOTED, _why(blocked), None, blocked))
        return _Split(np.setdiff1d(np.arange(n), holdout), holdout, fair)

    def _seen(self, groups: np.ndarray) -> np.ndarray:
        """Return of which examples the champion has learned from them or from a near-duplicate, (n_examples,) bool."""
        if self.champion is not None and self.before is None:  # nobody knows: it may have learned them all
            return np.ones(len(self.articles), dtype=bool)
        trained = self.before.trained if self.before is not None else set()
        own = np.array([article.id in trained for article in self.articles], dtype=bool)
        seen: np.ndarray = np.isin(groups, groups[own])
        return seen

    # --- the challenger and the contest ---

    def _challenge(self, blocks: list[str]) -> tuple[Fitted, list[Check], list[TagChange], dict[str, Judged]]:
        """Return a challenger and its contest; one that is worse is fitted once more with other folds.

        Which articles share a fold moves thresholds and calibration: two models of the same 700 articles differ by .02
        micro-F1 (standard deviation, on a holdout of 100). What is worse by chance is seldom worse twice.
        """
        for draw in range(N_DRAWS):
            self.n_draws = draw + 1
            challenger = self._fit(self.split.learn.tolist(), blocks, draw)
            gate, changes, judged = self._contest(challenger, blocks)
            if not any(one.check in DRAWN_AGAIN and not one.passed for one in gate):
                break
        return challenger, gate, changes, judged

    def _fit(self, rows: Iterable[int], blocks: list[str], draw: int = 0) -> Fitted:
        settings = replace(self.settings.fit, seed=self.settings.fit.seed + draw)
        return fit([self.articles[row] for row in rows], self.taxonomy, settings, self.track, blocks)

    def _contest(self, challenger: Fitted, blocks: list[str]) -> tuple[list[Check], list[TagChange], dict[str, Judged]]:
        labels = self.labels[self.split.holdout]
        blind = np.array([self.examples[row].blind for row in self.split.holdout], dtype=bool)
        mine = self._judge(challenger.model, "judging by the challenger")
        furniture = self._furniture(challenger.model, blocks)
        if self.champion is None:
            named = named_tags(challenger.model, self._held_out(), self.taxonomy)
            checks_ = first_contest(mine, named, labels, self.settings.gate)
            return [*checks_, furniture], [], {"challenger": mine}
        theirs = self._judge(self._opponent(), "judging by the champion")
        taxonomies = self.champion.taxonomy, self.taxonomy
        checks_, changes = contest_of(*taxonomies, theirs, mine, labels, blind, self.settings.gate)
        return [*checks_, furniture], changes, {"champion": theirs, "challenger": mine}

    def _opponent(self) -> TagModel:
        """Return the champion; where it has learned from the holdout, one fitted to what it knew, without the holdout.

        A champion judged on what it has learned by heart could not be beaten by anything.
        """
        champion = self.champion
        assert champion is not None
        if self.split.fair:
            return champion
        rows, known = self.split.learn.tolist(), self.articles
        if self.before is not None:
            rows = [row for row in rows if self.articles[row].id in self.before.trained]
            known = [_as_known(article, self.before) for article in self.articles]
        try:
            fast = bool(champion.card.get("settings", {}).get("fast"))
            settings = replace(self.settings.fit, fast=fast)
            some = [known[row] for row in rows]
            return fit(some, champion.taxonomy, settings, self.track, champion.parameters.blocks).model
        except TooFewExamples:
            return champion

    def _judge(self, model: TagModel, what: str, timed: bool = True) -> Judged:
        return judge(model, self._held_out(), self.taxonomy, self.track, what, self.unreadable, timed)

    def _held_out(self) -> list[Article]:
        return [self.articles[row] for row in self.split.holdout]

    def _furniture(self, model: TagModel, left_out: list[str]) -> Check:
        """Check that no strong term of a tag comes from a block that the tag leans on and that was not left out."""
        leaning = [one for one in self.findings if one.check == "repeated_block"]
        if not leaning or left_out:
            return Check("furniture", True, f"{len(left_out)} repeated blocks left out")
        words = {one.tag: one.quote for one in leaning}
        for tag, terms in strongest_terms(model).items():
            shared = [term for term in terms if tag in words and term in words[tag].casefold().split()]
            if shared:
                return Check("furniture", False, f"{', '.join(shared)} stand in a repeated block", tag)
        return Check("furniture", True, "no strong term comes from a repeated block")

    # --- the end ---

    def _decide(
        self,
        challenger: Fitted,
        gate: list[Check],
        changes: list[TagChange],
        judged: Mapping[str, Judged],
        blocks: list[str],
    ) -> Result:
        gate = [*gate, *self._against_the_past(challenger)]
        blocked_by = [{"tag": one.tag, "check": one.check, "figure": one.figure} for one in gate if not one.passed]
        outcome = NOT_PROMOTED if blocked_by else PROMOTED
        reason = _why(blocked_by) if blocked_by else _won(gate)
        result = Result(
            outcome, reason, None, blocked_by, self._facts() | self._told(challenger, gate, changes, judged)
        )
        if self.dry_run:
            result.outcome, result.reason = NOT_PROMOTED, f"Dry run: nothing is saved. Else: {outcome}. {reason}"
            return result
        held_out = [article.id for article in self._held_out()]
        result.version = self._save(challenger, held_out, result)
        if not blocked_by:
            self._promote(result, blocks)
        return result

    def _against_the_past(self, challenger: Fitted) -> list[Check]:
        """Check that the challenger is neither the champion once more nor what a person has rolled back."""
        digest, found = content_digest(challenger.model), []
        if self.champion is not None and content_digest(self.champion) == digest:
            found.append(Check("nothing_new", False, "it computes the same as the champion"))
        for version in self.registry.rolled_back():
            before = self.registry.snapshot(version)
            if self._was_for_its_taxonomy(version):
                continue
            if version.endswith(digest[:8]) or (before is not None and self._is_like(before)):
                found.append(
                    Check("rolled_back", False, f"it has learned nearly the same as {version}, which was rolled back")
                )
        return found

    def _was_for_its_taxonomy(self, version: str) -> bool:
        """Whether a version was a changed taxonomy on what was learned before, and this run's taxonomy is another one."""
        try:
            card = self.registry.card(version)
        except TaggerError:  # it is gone; its data count
            return False
        return "retagged_from" in card and card.get("taxonomy_version") != self.taxonomy.version

    def _is_like(self, before: Snapshot) -> bool:
        mine, its = self.snapshot.articles, before.articles
        same = sum(key in its and replace(its[key], part="") == replace(known, part="") for key, known in mine.items())
        return len(mine) - same < max(20, TOO_ALIKE * len(mine))

    def _save(self, fitted: Fitted, held_out: Iterable[str], result: Result) -> str:
        snapshot = self.snapshot.holding_out(held_out)
        n_held_out = len(snapshot.articles) - len(snapshot.trained)
        fitted.model.card |= {"data": self.data, "n_held_out": n_held_out, "contest": result.details["gate"]}
        # An article that was deleted and has come again since is no longer one that models may not name.
        self.registry.deleted.follow(self.store.deletions.digests)
        return self.registry.save(fitted.model, snapshot)

    def _promote(self, result: Result, blocks: list[str]) -> None:
        assert result.version is not None
        if self.settings.refit:
            whole = self._fit(range(len(self.articles)), blocks)
            whole.model.card["refitted_from"] = result.version
            result.version = self._save(whole, (), result)
        before = self.pointer.version if self.pointer else None
        try:
            self.registry.promote(result.version, self.by, result.reason, instead_of=before)
        except Busy as error:
            result.outcome, result.reason = NOT_PROMOTED, str(error)
            result.blocked_by = [{"tag": None, "check": "overtaken", "figure": str(error)}]

    def _facts(self) -> dict[str, Any]:
        """Return what is known of the run so far."""
        facts: dict[str, Any] = {
            "champion": self.pointer.version if self.pointer else None,
            "taxonomy_version": self.taxonomy.version,
            "accepted": sorted(self.settings.checks.accepted),
            "findings": [finding.to_json() for finding in self.findings],
            "n_examples": len(self.snapshot.articles),
            "set_aside": self.unreadable.to_json(),
        }
        if len(self.split.learn):
            facts |= {
                "n_learned": len(self.split.learn),
                "n_held_out": len(self.split.holdout),
                "fair": self.split.fair,
            }
        return facts

    def _told(
        self, challenger: Fitted, gate: list[Check], changes: list[TagChange], judged: Mapping[str, Judged]
    ) -> dict[str, Any]:
        labels = self.labels[self.split.holdout]
        own, ids = judged["challenger"], [tag.id for tag in self.taxonomy.tags]
        return {
            "gate": [one.to_json() for one in gate],
            "n_draws": self.n_draws,
            "tags": [change._asdict() for change in changes],
            "measures": {name: measures_of(one, labels, ids) for name, one in judged.items()},
            "cross_validation": challenger.card["cross_validation"],
            "confusions": confusions(own.suggested, labels, self.taxonomy),
            "moved": moved(changes, self.champion, challenger.model, self.before, self.snapshot),
            "learning_curve": self._learning_curve(labels),
            "seconds": round(time.monotonic() - self.begun, 1),
        }

    def _learning_curve(self, labels: np.ndarray) -> list[dict[str, Any]]:
        """Return how good plain models of growing parts of the examples are on the holdout, the oldest examples first."""
        order = sorted(self.split.learn.tolist(), key=lambda row: (self.examples[row].at, self.articles[row].id))
        curve = []
        for share in self.settings.learning_curve:
            rows = order[: round(share * len(order))]
            try:
                plain = replace(self.settings.fit, fast=True)
                model = fit([self.articles[row] for row in rows], self.taxonomy, plain, self.track).model
            except TooFewExamples:
                continue
            judged = self._judge(model, "learning curve", timed=False)
            curve.append({"n": len(rows), "micro_f1": evaluation.micro_f1(judged.suggested, labels)})
        return curve


def _why(blocked_by: Sequence[Mapping[str, Any]]) -> str:
    """Return in one sentence what closed the gate."""
    parts = [f"{one['check']}{' of ' + one['tag'] if one['tag'] else ''} ({one['figure']})" for one in blocked_by[:3]]
    more = f"; and {len(blocked_by) - 3} more" if len(blocked_by) > 3 else ""
    return f"Closed by {'; '.join(parts)}{more}."


def _won(gate: Sequence[Check]) -> str:
    return (
        f"Not worse than the champion: {gate[0].figure}."
        if gate[0].check == "total"
        else f"The first: {gate[0].figure}."
    )


def _as_known(article: Article, before: Snapshot) -> Article:
    """Return an article with what was known of its tags at the time of a snapshot."""
    known = before.articles.get(article.id)
    if known is None:
        return article
    return replace(
        article,
        tags=known.tags,
        rejected=known.rejected,
        unknown=known.unknown,
        tags_complete=known.complete,
        tagged_at=known.at,
    )
