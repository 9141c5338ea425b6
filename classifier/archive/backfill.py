"""Tagging the past with one tag: the sample that editors judge first, and the run that this allows."""

from __future__ import annotations

import heapq
import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from classifier.archive.adding import Judged, Plan
from classifier.archive.stored import Acceptance, dry_run
from classifier.domain.progress import Track
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import NotFound, NotShown
from classifier.gate.acceptance import OPEN, SHOWN
from classifier.serving.registry import Registry
from classifier.serving.sampling import newest_sample, samples_that_show, state_of, tag_version
from classifier.store.log import Draft
from classifier.store.rows import new_id, now, share_of
from classifier.store.samples import Sample
from classifier.store.store import Store
from classifier.texts import _

MOST_DRAWN = 1_000  # articles of a sample: with a share of 97 %, two of three samples show 95 % by then
MAX_SEED = 2**31 - 1


class Allowed(NamedTuple):
    """A run that may add tags: by which model, what, and why it may."""

    folder: Path
    plan: Plan
    acceptance: Acceptance


def sample_of(
    store: Store, registry: Registry, plan: Plan, by: str, track: Track, seed: int | None = None, n_jobs: int = -1
) -> Sample:
    """Return the sample of what a run would add of one living tag, drawn if there is none that can be judged on.

    A sample stays the same until it is decided, whatever models are trained meanwhile. A new one is drawn if the tag has
    changed since, if a run rests on it already, or if it showed nothing and there is another champion.

    Raises:
        NotFound: if a run would add nothing.
    """
    (tag,) = plan.tags
    sample = newest_sample(store, registry, tag, plan.to_json())
    if sample is not None and sample.run_id is None:
        is_decided = state_of(store, sample).outcome not in (OPEN, SHOWN)
        if not is_decided or sample.model_version == registry.champion_folder().name:
            return sample
    return _draw(store, registry, plan, by, track, seed, n_jobs)


def _draw(store: Store, registry: Registry, plan: Plan, by: str, track: Track, seed: int | None, n_jobs: int) -> Sample:
    folder, drawn_at = registry.champion_folder(), now()
    seed = secrets.randbelow(MAX_SEED) if seed is None else seed
    drawing = _Drawing(seed)
    drawing.take(dry_run(store, folder, plan, track, n_jobs))
    if not drawing.n:
        raise NotFound(_("A run would add %(tags)s to no article: there is nothing to judge.", tags=plan.tags[0]))
    scores = [[thousandth, n] for thousandth, n in sorted(drawing.scores.items(), reverse=True)]
    version = tag_version(plan.tags[0], registry.taxonomy() or Taxonomy(()))
    facts = plan.tags[0], plan.to_json(), version, folder.name, drawing.n, scores, seed, by, drawn_at
    sample = Sample(new_id(), *facts)
    store.samples.keep(sample, drawing.drawn)
    return sample


class _Drawing:
    """Draws articles at random while additions pass by. Its memory does not grow with them."""

    def __init__(self, seed: int) -> None:
        self.seed, self.n = seed, 0
        self.scores: Counter[int] = Counter()
        self._heap: list[tuple[float, str, float]] = []  # those with the smallest lots, the largest first

    def take(self, articles: Iterable[Judged]) -> None:
        for article in articles:
            for _tag, score in article.additions.tags:
                self._note(article.additions.article_id, score)

    def _note(self, article_id: str, score: float) -> None:
        self.n += 1
        self.scores[int(score * 1000 + 1e-6)] += 1
        entry = (-share_of(f"sample {self.seed}", article_id), article_id, score)
        if len(self._heap) < MOST_DRAWN:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    @property
    def drawn(self) -> list[tuple[str, float]]:
        """Ids and scores in a random order."""
        return [(article_id, score) for _, article_id, score in sorted(self._heap, reverse=True)]


def judge_articles(store: Store, sample: Sample, answers: Iterable[tuple[str, str]], editor: str) -> None:
    """Log what an editor decided of articles of a sample: pairs of ids and actions (accept, reject, unsure).

    Raises:
        NotFound: if one is not of the sample. Then nothing is logged.
    """
    answers = list(answers)
    of_sample = {drawn.article_id for drawn in store.samples.drawn(sample)}
    if strangers := [article_id for article_id, _ in answers if article_id not in of_sample]:
        raise NotFound(
            _(
                "The sample %(id)s has no article %(article)s. Nothing was logged.",
                id=sample.id,
                article=repr(strangers[0][:200]),
            )
        )
    for article_id, action in answers:
        store.log.decide(article_id, [Draft(action, sample.tag)], editor, lambda *_: {})


def allowed(store: Store, registry: Registry, plan: Plan, waived_by: str | None = None) -> Allowed:
    """Return the run of a plan for living tags, if samples show that it is right, or somebody does without them.

    It is by the model of the samples, and for the articles that were stored when they were drawn: of these they tell.

    Raises:
        NotShown: if samples do not show it, and for a tag with caution also if somebody would do without.
    """
    if waived_by is not None:
        taxonomy = registry.taxonomy() or Taxonomy(())
        if cautious := [tag for tag in plan.tags if taxonomy.tag(tag).caution]:
            raise NotShown(
                _("The tag %(tag)s has `caution`: editors have to judge a sample of it first.", tag=cautious[0])
            )
        known = (newest_sample(store, registry, tag, plan.to_json()) for tag in plan.tags)
        ids = [sample.id for sample in known if sample is not None]
        return Allowed(registry.champion_folder(), plan, Acceptance(ids, waived_by))
    samples = samples_that_show(store, registry, plan.tags, plan.to_json())
    stored_by = min(sample.at for sample in samples)
    plan = replace(plan, scope=replace(plan.scope, stored_by=stored_by))
    return Allowed(registry.folder / samples[0].model_version, plan, Acceptance([sample.id for sample in samples]))
