"""Doubtful labels of a data report: those that models which have not seen the article contradict."""

import warnings

import numpy as np

from classifier.domain.articles import TEXT_FIELDS, Article
from classifier.domain.examples import POSITIVE, UNKNOWN
from classifier.domain.progress import Track
from classifier.model.protocol import Model
from classifier.reports.data.corpus import Corpus
from classifier.reports.data.records import Found
from classifier.text.boilerplate import blank
from classifier.text.cleaning import clean_body
from classifier.text.fields import BODY
from classifier.text.sentences import lead_end
from classifier.texts import N_
from classifier.training.fitting import Fitted, HeldOut

N_SUSPECTS = 100  # doubtful labels listed
N_WORDS = 5  # words listed for or against a doubtful label
MAX_PAIRS = 2_000_000  # of article and tag, judged at once: cleanlab needs ten times their memory


def suspect_labels(corpus: Corpus, fitted: Fitted, track: Track) -> Found:
    """Find labels that models which have not seen the article contradict, the likeliest errors first."""
    held = fitted.held_out
    suspects = _contradicted(held)
    rows = []
    for row, tag in track(suspects[:N_SUSPECTS], min(len(suspects), N_SUSPECTS), "doubtful labels"):
        article, tag_id = corpus.articles[row], corpus.taxonomy.tags[tag].id
        is_given = bool(held.labels[row, tag] == POSITIVE)
        mentioned, words = _why(fitted.model, article, tag_id, -1 if is_given else 1)
        doubt = N_("given, perhaps wrong") if is_given else N_("perhaps forgotten")
        label = {"tag": tag_id, "given": is_given, "doubt": doubt, "score": round(float(held.scores[row, tag]), 4)}
        rows.append({**corpus.named(row), **label, "named": mentioned, "words": words})
    return Found(rows, len(suspects), [row for row, _ in suspects])


def _contradicted(held: HeldOut) -> list[tuple[int, int]]:
    """Return (article, tag) of labels that confident learning doubts (Northcutt et al. 2021), the likeliest errors first.

    All tags are one problem with two classes: most tags have too few positives for thresholds of their own. Of the first 100
    found, 66, 57 and 70 were labels that had been changed at random (three draws of some 250 among the starter's); tag by tag
    it was 49, 44 and 65, and by the bare score 50, 44 and 65. Many of the others are wrong as well, or arguable.
    """
    chunk = max(1, MAX_PAIRS // max(1, held.labels.shape[1]))
    suspects: list[tuple[float, int, int]] = []
    for first in range(0, len(held.ids), chunk):
        labels, scores = held.labels[first : first + chunk], held.scores[first : first + chunk]
        rows, tags = np.nonzero(labels != UNKNOWN)
        for number, trust in _doubts(labels[rows, tags].astype(np.int64), scores[rows, tags]):
            suspects.append((trust, first + int(rows[number]), int(tags[number])))
    suspects.sort()
    return [(row, tag) for _, row, tag in suspects]


def _doubts(labels: np.ndarray, scores: np.ndarray) -> list[tuple[int, float]]:
    """Return the numbers of doubtful labels and the probability that each is right after all."""
    if len(np.unique(labels)) < 2:
        return []
    # It brings pandas along, which takes a while to load.
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    probabilities = np.column_stack([1.0 - scores, scores])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few positives: it then flags fewer of them
        doubtful = find_label_issues(labels, probabilities, filter_by="confident_learning", n_jobs=1)
    trust = get_label_quality_scores(labels, probabilities)
    return [(int(number), float(trust[number])) for number in np.flatnonzero(doubtful)]


def _why(model: Model, article: Article, tag: str, sign: int) -> tuple[str, list[str]]:
    """Return where a text names a tag and the words that speak for it (1) or against it (-1)."""
    parts = model.explain(article, [tag])[0].parts
    mentions = [part for part in parts if part.kind == "mention" and part.spans]
    fields = {TEXT_FIELDS[field] for part in mentions for field, _, _ in part.spans}
    first = min((start for part in mentions for field, start, _ in part.spans if field == BODY), default=None)
    body = clean_body(article)
    lead = first is not None and first < lead_end(blank(body.text, body.removed))
    above = next((field for field in TEXT_FIELDS[:BODY] if field in fields), None)
    mentioned = above or (N_("first sentence") if lead else N_("below") if mentions else N_("nowhere"))
    strongest = [part.text for part in parts if part.spans and part.weight * sign > 0 and part.kind == "term"]
    return mentioned, strongest[:N_WORDS]
