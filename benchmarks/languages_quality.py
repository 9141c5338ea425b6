"""How good models are in each language, and whether words of other languages are read as English names.

`python -m benchmarks.languages_quality [PART …]` prints a Markdown table for each part. F1 is the weighted F1 of the tag with the highest score, the metric of the
MasakhaNEWS paper (Adelani et al. 2023). The test part is judged once, and nothing is chosen on it.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
from sklearn.metrics import f1_score

from benchmarks.corpora import records
from benchmarks.run import DATA
from classifier.domain.articles import Article
from classifier.domain.examples import labels_of
from classifier.domain.progress import untracked
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.model.evaluation import micro_f1
from classifier.model.tag_model import TagModel
from classifier.text.fields import read_text
from classifier.text.mentions import MentionFinder
from classifier.training.fitting import fit
from classifier.training.judging import Judged, judge
from classifier.training.settings import FitSettings

STARTER = Path(__file__).parent.parent / "training_data" / "taxonomy.yaml"
# The F1 that each language must reach, and which parts it is trained on: the train part of four languages is a few-shot part.
LANGUAGES = {"som": 78.5, "hau": 88.5, "swa": 80.5, "fra": 88.5, "amh": 91.0, "ara": 96.5}
ALONE = ("som", "ara")  # languages with a train part of full size
ONE_MODEL = ("som", "hau", "swa", "fra", "amh", "ara")
MOST_LOST = 0.5  # points of mean micro-F1 that one model of all languages may lose, and of a single language
MOST_LOST_OF_ONE = 3.0

Table = list[list[str]]


def articles_of(data: Path, language: str, *parts: str) -> list[Article]:
    """Return the articles of some parts of a language."""
    rows = (row for part in parts for row in records(data / f"{language}-{part}.jsonl.gz"))
    return [Article(str(r["id"]), str(r["title"]), str(r["body"]), tags=tuple(map(str, r["tags"]))) for r in rows]  # type: ignore[call-overload]


def train_part(data: Path, language: str) -> list[Article]:
    """Return what a model of a language learns from."""
    return articles_of(data, language, *(("train",) if language in ALONE else ("train", "dev")))


def f1_by_language(data: Path) -> Table:
    """Return a row for each language: articles, cross-validated micro-F1, F1 on the test part, and what is asked for."""
    rows = [["language", "train", "test", "stem", "micro-F1, cross-validation", "F1 on test", "asked for"]]
    for language, least in LANGUAGES.items():
        train, test = train_part(data, language), articles_of(data, language, "test")
        fitted = fit(train, settings=FitSettings(n_jobs=1))
        judged = judge(fitted.model, test, fitted.model.taxonomy, untracked, "")
        value, cv = weighted_f1(fitted.model, judged, test), 100 * fitted.card["cross_validation"]["micro_f1"]
        stem = fitted.model.parameters.stem
        rows.append([language, str(len(train)), str(len(test)), stem, f"{cv:.1f}", f"{value:.1f}", f"{least:.1f}"])
    return rows


def weighted_f1(model: TagModel, judged: Judged, articles: Sequence[Article]) -> float:
    """Return the weighted F1 of the best tag of each article, in points."""
    ids = np.array([tag.id for tag in model.taxonomy.tags], dtype=object)
    expected = [(article.tags or ("",))[0] for article in articles]
    return 100 * float(f1_score(expected, list(ids[judged.scores.argmax(axis=1)]), average="weighted"))


def one_model(data: Path) -> Table:
    """Return micro-F1 of a model of all languages beside a model for each, on the test parts."""
    train = {language: train_part(data, language) for language in ONE_MODEL}
    together = fit([each for part in train.values() for each in part], settings=FitSettings(n_jobs=1)).model
    rows, alone_all, together_all = [["language", "alone", "together", "change"]], list[float](), list[float]()
    for language, part in train.items():
        test = articles_of(data, language, "test")
        alone = fit(part, settings=FitSettings(n_jobs=1)).model
        values = [_micro_f1(model, test) for model in (alone, together)]
        alone_all.append(values[0])
        together_all.append(values[1])
        rows.append([language, *(f"{value:.1f}" for value in values), f"{values[1] - values[0]:+.1f}"])
    means = fmean(alone_all), fmean(together_all)
    asked = f"{means[1] - means[0]:+.2f} (at least {-MOST_LOST}; none below {-MOST_LOST_OF_ONE})"
    return [*rows, ["mean", *(f"{mean:.2f}" for mean in means), asked]]


def _micro_f1(model: TagModel, test: Sequence[Article]) -> float:
    judged = judge(model, test, model.taxonomy, untracked, "")
    return 100 * micro_f1(judged.suggested, labels_of(test, model.taxonomy))


def false_friends(data: Path) -> Table:
    """Return which aliases of themes the starter taxonomy finds in other languages, as it is and if every alias counted."""
    taxonomy = read_taxonomy(STARTER)
    everywhere = replace(taxonomy, kinds={name: replace(kind, named=True) for name, kind in taxonomy.kinds.items()})
    rows = [["language", "articles", "with a theme by its name", "if English names counted", "most frequent of those"]]
    for language in LANGUAGES:
        articles = [each for part in ("train", "test") for each in articles_of(data, language, part)]
        now, before = (list(_themes(MentionFinder(each), articles, taxonomy.tags)) for each in (taxonomy, everywhere))
        words = Counter(word for found in before for word in found).most_common(4)
        most = ", ".join(f"{word} ({n})" for word, n in words)
        rows.append([language, str(len(articles)), str(sum(map(bool, now))), str(sum(map(bool, before))), most])
    return rows


def _themes(finder: MentionFinder, articles: Sequence[Article], tags: Sequence[object]) -> Iterator[set[str]]:
    """Yield for each article by which words it names themes."""
    for article in articles:
        fields = (article.title, "", article.body)
        mentions = finder.find(read_text(*fields))
        themes = (each for each in mentions if getattr(tags[each.tag], "kind", "") == "theme")
        yield {fields[each.field][each.start : each.end].casefold() for each in themes}


PARTS: dict[str, tuple[str, Callable[[Path], Table]]] = {
    "f1": ("F1 by language", f1_by_language),
    "one-model": ("One model of six languages beside six models: micro-F1 on the test parts", one_model),
    "false-friends": ("Names of themes in texts of other languages", false_friends),
}


def main() -> None:
    """Print the tables of the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[], help="which tables (default: all)")
    parser.add_argument("--data", type=Path, default=DATA / "languages")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"there is no {options.data}; name the folder of the languages: --data DIR")
    for part in options.parts or PARTS:
        title, table = PARTS[part]
        sys.stdout.write(f"\n## {title}\n\n{markdown(table(options.data))}")
        sys.stdout.flush()


def markdown(rows: Table) -> str:
    """Return a table whose first row is its head."""
    head, *others = (f"| {' | '.join(row)} |\n" for row in rows)
    return "".join([head, f"|{'---|' * len(rows[0])}\n", *others])


if __name__ == "__main__":
    main()
