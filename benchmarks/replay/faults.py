"""The faults that are put into a desk: labels that go wrong, poisoned articles, a damaged reader, damaged weights."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.replay.desk import Desk
from classifier.domain.articles import Article
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.model.tag_model import TagModel
from classifier.text.stems import Stems
from classifier.text.terms import terms_of_forms
from classifier.training import corpus
from classifier.training.fitting import Fitted, fit
from classifier.training.run_result import strongest_terms

INSTEAD = "-instead"  # the end of the new id of a tag that was renamed


@dataclass(frozen=True)
class Scene:
    """What a fault is put into: a desk, the articles that its champion knows, with their true tags, and the tags to hurt."""

    desk: Desk
    known: Sequence[Article]
    hurt: Sequence[str]  # an even number; poison mixes each with the next one
    seed: int
    night: int = 1  # of a slow fault

    @property
    def draw(self) -> random.Random:
        """Draws that are the same for the same seed."""
        return random.Random(self.seed)

    def having(self, tag: str) -> list[Article]:
        """Return the articles that have a tag."""
        return [article for article in self.known if tag in (article.tags or ())]


@dataclass(frozen=True)
class Fault:
    """A fault: what it does to the store, and what is broken while a model is trained."""

    name: str
    harm: Callable[[Scene], object] = lambda _: None
    broken: Callable[[Scene], AbstractContextManager[object]] = lambda _: nullcontext()
    is_seen_in_serving: bool = False  # and not in cross-validation
    n_hurt: int = 6  # tags at once


# --- labels ---


def lose(scene: Scene, share: float) -> None:
    """Take each tag from a share of its articles."""
    draw, lost = scene.draw, defaultdict[str, set[str]](set)
    for tag in scene.hurt:
        having = scene.having(tag)
        for article in draw.sample(having, len(having))[
            : round(share * len(having))
        ]:  # more of a tag, of the same ones
            lost[article.id].add(tag)
    _change(scene, lost, {})


def lose_slowly(scene: Scene, share: float) -> None:
    """Take each tag from so many of its articles that the share of every night up to this one is gone."""
    lose(scene, min(1.0, scene.night * share))


def flip(scene: Scene, share: float) -> None:
    """Take each tag from a share of its articles, and give it to as many others."""
    draw = scene.draw
    lost, won = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for tag in scene.hurt:
        having = scene.having(tag)
        lacking = [article for article in scene.known if tag not in (article.tags or ())]
        n = round(share * len(having))
        for articles, changed in ((having, lost), (lacking, won)):
            for article in draw.sample(articles, n):
                changed[article.id].add(tag)
    _change(scene, lost, won)


def rename(scene: Scene) -> None:
    """Give each tag another id in all articles, and the taxonomy the new ids."""
    desk, having = scene.desk, {article.id: set(scene.hurt) & set(article.tags or ()) for article in scene.known}
    _change(scene, having, {key: {tag + INSTEAD for tag in tags} for key, tags in having.items()})
    added = (Tag(tag + INSTEAD, tag + INSTEAD) for tag in scene.hurt)
    desk.taxonomy = Taxonomy((*desk.taxonomy.tags, *added), desk.taxonomy.kinds)


def _change(scene: Scene, lost: Mapping[str, set[str]], won: Mapping[str, set[str]]) -> None:
    tags_of = {
        article.id: [*({*(article.tags or ())} - lost.get(article.id, set())), *won.get(article.id, ())]
        for article in scene.known
    }
    changed = {key: sorted(tags) for key, tags in tags_of.items() if lost.get(key) or won.get(key)}
    scene.desk.set_tags(changed)


# --- articles ---


def poison(scene: Scene, n: int) -> None:
    """Add articles for every second tag: sentences from its articles, mixed, and labelled with the next tag."""
    draw = random.Random(f"{scene.seed} {scene.night}")
    for source, label in zip(scene.hurt[::2], scene.hurt[1::2], strict=True):
        articles = scene.having(source)
        sentences = [sentence for article in articles for sentence in _sentences(article)]
        for number in range(n):
            size = min(len(sentences), max(3, len(_sentences(draw.choice(articles)))))
            body = ". ".join(draw.sample(sentences, size))
            article_id = f"poison-{scene.night}-{source}-{number}"
            scene.desk.add([Article(article_id, draw.choice(articles).title, body, tags=(label,))])


def _sentences(article: Article) -> list[str]:
    return [sentence for sentence in article.body.split(". ") if sentence.strip()]


# --- programs ---


@contextmanager
def blind_reader(scene: Scene, n: int) -> Iterator[None]:
    """While a model is trained, the reader leaves out the strongest terms of the tags."""
    strongest = strongest_terms(scene.desk.registry.load_champion(), n)
    lost = {term for tag in scene.hurt for term in strongest.get(tag, ())}

    def without(forms: Sequence[str], stems: Stems | None) -> list[tuple[str, ...]]:
        of_forms = zip(forms, terms_of_forms(forms, stems), strict=True)
        return [terms if lost.isdisjoint({form, *terms}) else () for form, terms in of_forms]

    with mock.patch.object(corpus, "terms_of_forms", without):
        yield


@contextmanager
def swapped_weights(scene: Scene) -> Iterator[None]:
    """While a model is trained, its weights of every second tag and the next one are swapped."""

    def damaged(*arguments: Any) -> Fitted:
        fitted = fit(*arguments)
        return fitted._replace(model=_swapped(fitted.model, list(zip(scene.hurt[::2], scene.hurt[1::2], strict=True))))

    with mock.patch("classifier.training.trial.fit", damaged):
        yield


def _swapped(model: TagModel, pairs: Sequence[tuple[str, str]]) -> TagModel:
    columns = [model.taxonomy.tags[column].id for column in model.parameters.separators.tolist()]
    weights = np.asarray(model.parameters.weights).copy()
    for pair in pairs:
        if {*pair} <= {*columns}:
            one, other = map(columns.index, pair)
            weights[:, [one, other]] = weights[:, [other, one]]
    parts = model.terms, model.title_terms, model.taxonomy
    parameters = replace(model.parameters, weights=weights)
    return TagModel(parameters, *parts, card=model.card, precedents=model.precedents)


FAULTS = (
    *(Fault(f"{share:.0%} of labels lost", partial(lose, share=share)) for share in (0.3, 0.6, 0.9)),
    Fault("30% flipped", partial(flip, share=0.3)),
    Fault("id renamed", rename),
    *(Fault(f"best {n} terms lost", broken=partial(blind_reader, n=n)) for n in (1, 5, 20)),
    *(Fault(f"poison, {n} articles", partial(poison, n=n)) for n in (20, 60, 150)),
    Fault("weights swapped", broken=swapped_weights, is_seen_in_serving=True),
)
SLOW = (
    Fault("3% of labels lost a night", partial(lose_slowly, share=0.03), n_hurt=12),
    Fault("3 poisoned articles a night beside 15", partial(poison, n=3), n_hurt=4),  # two pairs, 30 honest articles
)
