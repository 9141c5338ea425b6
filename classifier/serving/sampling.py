"""Where the sample of a backfill stands: what was judged of it, what that shows, and what to do next."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Any, NamedTuple

from classifier.domain.resolving import resolve
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import BadSetting, NotShown
from classifier.gate.acceptance import BELOW, OPEN, PERCENT_RIGHT, SHOWN, SPENT, Judged
from classifier.serving.registry import Registry
from classifier.store.samples import Drawn, Sample
from classifier.store.store import Store
from classifier.texts import N_, _

ENOUGH_FOR_SCORE = 60  # judgements after which no score is looked for any more
LEAST_FOR_SCORE = 18  # judgements above a score, before it is proposed: if all are right, the next one is with 95 %
# What of a tag has no influence on which articles get it.
_IN_WORDS = ("note", "labels", "notes", "related", "matches", "uri", "created", "retired_at")


class Proposal(NamedTuple):
    """A higher least score: how many additions have it, and the judgements of these."""

    least_score: float
    n_population: int
    n_right: int
    n_wrong: int


@dataclass(frozen=True)
class SampleState:
    """A sample with its articles. Judgements count up to the first article that nobody has judged.

    So nobody can choose which articles count: not by skipping some, and not by judging others first.
    """

    sample: Sample
    drawn: Sequence[Drawn]

    @cached_property
    def counted(self) -> list[Drawn]:
        """The articles whose judgements count."""
        return list(takewhile(lambda drawn: drawn.is_right is not None, self.drawn))

    @cached_property
    def judged(self) -> Judged:
        """The number of judgements that count."""
        n_right = sum(bool(drawn.is_right) for drawn in self.counted)
        return Judged(self.sample.n_population, len(self.drawn), n_right, len(self.counted) - n_right)

    @cached_property
    def outcome(self) -> str:
        """What is shown by now."""
        return self.judged.outcome

    def next(self, n: int) -> list[Drawn]:
        """Return the next articles to judge, none where they would tell nothing more."""
        is_wanted = self.outcome == OPEN or self.looks_for_score
        return [drawn for drawn in self.drawn if drawn.is_right is None][:n] if is_wanted else []

    @property
    def looks_for_score(self) -> bool:
        """Whether too few are right, and more judgements may tell from which score on enough are."""
        is_short = self.judged.n < min(self.judged.n_drawn, ENOUGH_FOR_SCORE)
        return is_short and self.outcome in (BELOW, SPENT) and self.proposal() is None

    def proposal(self) -> Proposal | None:
        """Return the lowest score from which on enough seems right, None if there is none. A new sample has to show it.

        Of so many judgements the next one is right with (right + 1) / (n + 2), by Laplace's rule of succession.
        """
        of_sample = float(self.sample.plan.get("least_score", 0.0))
        for hundredth in range(int(of_sample * 100) + 1, 100):
            least = hundredth / 100
            right = [bool(drawn.is_right) for drawn in self.counted if drawn.score >= least]
            if len(right) < LEAST_FOR_SCORE:
                return None
            if (sum(right) + 1) * 100 >= PERCENT_RIGHT * (len(right) + 2):
                n_population = sum(n for thousandth, n in self.sample.scores if thousandth >= hundredth * 10)
                return Proposal(least, n_population, sum(right), len(right) - sum(right))
        return None

    def to_json(self) -> dict[str, object]:
        """Return where the sample stands, as plain JSON."""
        judged = self.judged
        proposal = self.proposal() if self.outcome in (BELOW, SPENT) else None
        return {
            "id": self.sample.id,
            "tag": self.sample.tag,
            "model_version": self.sample.model_version,
            "at": self.sample.at,
            "n_population": judged.n_population,
            "n_drawn": judged.n_drawn,
            "n_right": judged.n_right,
            "n_wrong": judged.n_wrong,
            "outcome": self.outcome,
            "share_shown": round(judged.share_shown, 4),
            "n_more": judged.n_more if self.outcome == OPEN else None,
            "proposal": proposal._asdict() if proposal is not None else None,
            "text": self.in_words(),
        }

    def in_words(self) -> str:
        """Return where the sample stands, for people."""
        judged = self.judged
        counts = _("%(right)s of %(n)s judged are right", right=judged.n_right, n=judged.n)
        facts = {"counts": counts, "percent": PERCENT_RIGHT, "all": judged.n_population, "more": judged.n_more}
        if self.outcome == SHOWN:
            return _("%(counts)s: at least %(percent)s % of the %(all)s are, with 95 % confidence.", **facts)
        if self.outcome == OPEN:
            per_mille = int(judged.share_shown * 1000)  # rounded down: what is shown, and not more
            so_far = _("that shows %(share)s %", share=per_mille / 10) if judged.n else _("nothing is shown yet")
            text = N_("%(counts)s: %(so_far)s. %(more)s more right ones in a row would show %(percent)s %.")
            return _(text, **facts, so_far=so_far)
        surely = _("fewer than %(percent)s % of all are, surely", percent=PERCENT_RIGHT)
        verdict = surely if self.outcome == BELOW else _("what is left to judge cannot show more")
        return f"{counts}{_(':')} {verdict}. {self._advice()}"

    def _advice(self) -> str:
        if self.looks_for_score:
            return _("Judge more of them to learn from which score on enough are right.")
        if (proposal := self.proposal()) is None:
            return _(
                "No score parts the right from the wrong ones: look at the names of the tag, or let a model learn from this."
            )
        n, score = proposal.n_right + proposal.n_wrong, f"{proposal.least_score:.2f}"
        return _(
            "From a score of %(score)s on, %(counts)s, and %(n)s articles would get it: draw a new sample from these.",
            score=score,
            counts=_("%(right)s of %(n)s judged are right", right=proposal.n_right, n=n),
            n=proposal.n_population,
        )


def state_of(store: Store, sample: Sample) -> SampleState:
    """Return where a sample stands."""
    return SampleState(sample, store.samples.drawn(sample))


def living_tags(ids: Sequence[str], taxonomy: Taxonomy) -> tuple[str, ...]:
    """Return the living tags in the place of some ids, each once.

    Raises:
        UnknownTag: if the taxonomy lacks one.
        BadSetting: if one was retired, or split into several.
    """
    tags = []
    for tag_id in ids:
        taxonomy.tag(tag_id)
        living = resolve(tag_id, taxonomy)
        if len(living) != 1:
            instead = (
                f"split into {' and '.join(living)}: name the one you mean" if living else "retired without an heir"
            )
            raise BadSetting(_("The tag %(tag)s was %(instead)s.", tag=tag_id, instead=instead))
        tags.append(living[0])
    return tuple(dict.fromkeys(tags))


def tag_version(tag_id: str, taxonomy: Taxonomy) -> str:
    """Return a digest of what of a living tag, and of those that speak for it, says which articles get it."""
    of_tags = [taxonomy.json_of(written) or {} for written in taxonomy.paths.written_as(tag_id)]
    kept = [{name: value for name, value in tag.items() if name not in _IN_WORDS} for tag in of_tags]
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def newest_sample(store: Store, registry: Registry, tag: str, plan: Mapping[str, Any]) -> Sample | None:
    """Return the newest sample of what a plan would add of a living tag, None if there is none that still holds.

    It holds while the tag is as it was, and its model is there: a run adds what that model would.
    """
    version, versions = tag_version(tag, registry.taxonomy() or Taxonomy(())), registry.versions()
    for sample in store.samples.of_tag(tag):
        is_same = {**sample.plan, "tags": None} == {**plan, "tags": None}
        if is_same and sample.tag_version == version and sample.model_version in versions:
            return sample
    return None


def samples_that_show(store: Store, registry: Registry, tags: Sequence[str], plan: Mapping[str, Any]) -> list[Sample]:
    """Return for each tag the sample that shows that a run may add it.

    Raises:
        NotShown: if one shows nothing yet, or shows the contrary; or if they are of different models.
    """
    found = [(tag, newest_sample(store, registry, tag, plan)) for tag in tags]
    for tag, sample in found:
        state = state_of(store, sample) if sample is not None else None
        if state is None or state.outcome != SHOWN:
            so_far = f"sample {state.sample.id}: {state.in_words()}" if state is not None else "nobody drew a sample"
            raise NotShown(
                _(
                    "Nobody has shown that what this run would add of %(tag)s is right: %(counts)s. Draw one, or go on with it: archive sample --tag %(tag)s, with the options of the run; or run with --without-sample, which is recorded.",
                    tag=tag,
                    counts=so_far,
                )
            )
    samples = [sample for _, sample in found if sample is not None]
    if len({sample.model_version for sample in samples}) > 1:
        raise NotShown(_("The samples of these tags are of different models. Run for one tag after the other."))
    return samples
