"""What the data report looks for: each kind of finding, what it says, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple

from classifier.text.shingles import SHINGLE

FEW_POSITIVES = 5
FEW_NEGATIVES = 20
OVERLAP, WITHIN = 0.6, 0.95
COPIED = 0.3  # of the five-word sequences of an article


class Kind(NamedTuple):
    """A kind of finding: what it says, what to do about it, and its columns (key, heading)."""

    title: str
    what: str
    next: str
    columns: tuple[tuple[str, str], ...]


_ARTICLES = ("articles", "articles")
KINDS = {
    "suspect_labels": Kind(
        "Labels that are likely wrong",
        "Cross-validation, by models that have not seen the article, contradicts the label (confident learning, pooled over "
        "all tags); the likeliest errors first. The words are those of the final model, which has seen the article and its label.",
        "Read the articles and mend their tags, from the top; where most of the list is right after all, stop.",
        (
            ("article", "article"),
            ("title", "title"),
            ("tag", "tag"),
            ("doubt", "doubt"),
            ("score", "score"),
            ("named", "named in the text"),
            ("words", "strongest words"),
        ),
    ),
    "exclusive_conflicts": Kind(
        "More than one tag of an exclusive kind",
        "Of these kinds an article is given one tag at most, and the model is never right about the others.",
        "Keep the one that fits best, or make the kind not exclusive in the taxonomy.",
        (("article", "article"), ("title", "title"), ("kind", "kind"), ("tags", "tags")),
    ),
    "unknown_tags": Kind(
        "Tags that the taxonomy does not have",
        "They stand on articles and are not learnt.",
        "Add the tag to the taxonomy, or replace it by one of the nearest.",
        (("tag", "tag"), ("nearest", "nearest in the taxonomy"), _ARTICLES),
    ),
    "duplicates_differ": Kind(
        "Near-duplicates with different tags",
        "The same story in nearly the same words, tagged in different ways: one of them is likely wrong.",
        "Give all copies the same tags, or keep one of them.",
        (("title", "title of the first"), ("tags", "tags that not all have"), _ARTICLES),
    ),
    "near_duplicates": Kind(
        "Near-duplicates",
        f"Articles that have four fifths of their {SHINGLE}-word sequences in common. They are kept in one fold, and count more than once.",
        "Keep the fullest of each group, unless each was published as a story of its own.",
        (("title", "title of the first"), _ARTICLES),
    ),
    "repeated_blocks": Kind(
        "Repeated blocks",
        "Lines or sentences that stand in many stories: author notes, link lists, boilerplate. Tags lean on a block if it stands "
        "in most of their articles and seldom elsewhere; the weight is what the block adds to the decision value of one of them.",
        "Take the block out of the export of the archive, above all where tags lean on it. What is marked as left out already "
        "is recognised as furniture and harms nothing.",
        (("text", "block"), ("left_out", "left out already"), ("leaning", "tags that lean on it"), _ARTICLES),
    ),
    "shared_sequences": Kind(
        "Articles written from templates",
        f"Of these articles {COPIED:.0%} or more of all {SHINGLE}-word sequences stand in another story too. Copies teach a model the template.",
        "Reword them, or leave them out; if they are a series, see what its stories share under repeated blocks.",
        (("article", "article"), ("title", "title"), ("share", "share")),
    ),
    "few_examples": Kind(
        "Tags with too few examples",
        f"Fewer than {FEW_POSITIVES} articles with the tag, or fewer than {FEW_NEGATIVES} known to be without. Such a tag lives on its aliases; "
        "with less than two positives no words are learnt for it.",
        "Tag more articles, or join the tag with a broader one; see that its aliases are complete.",
        (("tag", "tag"), ("kind", "kind"), ("positives", "with"), ("negatives", "without"), _ARTICLES),
    ),
    "overlapping_tags": Kind(
        "Tags that overlap",
        f"Two tags that mostly stand on the same articles (Jaccard index of {OVERLAP} or more), or one that nearly always comes "
        f"with the other ({WITHIN:.0%}). A model cannot tell them apart by words.",
        "Write into their notes when to give the one without the other, or join them. A tag inside its broader tag should be "
        "given alone where that is the rule of the desk.",
        (("tag", "tag"), ("other", "other tag"), ("jaccard", "Jaccard"), ("within", "share with the other"), _ARTICLES),
    ),
    "untagged": Kind(
        "Articles without any tag",
        "With complete tags they say that no tag fits, and a model learns from that.",
        "Right for what is off topic. If nobody has tagged them yet, set `tags_complete` to false or leave them out.",
        (("article", "article"), ("title", "title"), ("known", "what is known")),
    ),
    "undated": Kind(
        "Articles without a date",
        "They cannot be put in order for a holdout, and a new tag counts as wrong for them although it did not exist yet.",
        "Add `published_at` in the export of the archive.",
        (("article", "article"), ("title", "title")),
    ),
    "repeated_ids": Kind(
        "Ids that stand twice",
        "Training refuses them. This report reads the first of each.",
        "Give each article its own id, or remove the copy.",
        (("article", "article"), ("times", "times")),
    ),
    "empty": Kind(
        "Articles without words",
        "There is nothing to learn from a text without words.",
        "Look at the export: is the body in another field?",
        (("article", "article"), ("title", "title")),
    ),
}
