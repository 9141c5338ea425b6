"""What the data report looks for: each kind of finding, what it says, and what to do about it."""

from typing import NamedTuple

from classifier.text.shingles import SHINGLE

FEW_POSITIVES = 5
FEW_NEGATIVES = 20
OVERLAP, WITHIN = 0.6, 0.95
COPIED = 0.3  # of the five-word sequences of an article


class FindingKind(NamedTuple):
    """A kind of finding: what it says, what to do about it, and the headings of its columns by field."""

    title: str
    what: str
    next: str
    columns: dict[str, str]


def _columns(*fields: str, **headings: str) -> dict[str, str]:
    """Return the columns of fields whose names are their headings, and of fields that have another one."""
    return {field: headings.get(field, field) for field in fields}


KINDS = {
    "suspect_labels": FindingKind(
        "Labels that are likely wrong",
        "Models that have not seen the article contradict the label in cross-validation (confident learning, pooled over all "
        "tags). The likeliest errors come first. The words are those of the final model, which has seen the article and its label.",
        "Read the articles from the top and correct their tags. Stop when most of the labels turn out to be right.",
        _columns(
            *("article", "title", "tag", "doubt", "score", "named", "words"),
            named="named in the text",
            words="strongest words",
        ),
    ),
    "exclusive_conflicts": FindingKind(
        "More than one tag of an exclusive kind",
        "An article can have only one tag of an exclusive kind. The model never suggests a second one.",
        "Keep the tag that fits best, or make the kind not exclusive in the taxonomy.",
        _columns("article", "title", "kind", "tags"),
    ),
    "unknown_tags": FindingKind(
        "Tags that the taxonomy does not have",
        "Articles have these tags, but no model learns them.",
        "Add the tag to the taxonomy, or replace it by one of the nearest.",
        _columns("tag", "nearest", "articles", nearest="nearest in the taxonomy"),
    ),
    "duplicates_differ": FindingKind(
        "Near-duplicates with different tags",
        "The same story in nearly the same words has different tags. One of the copies is likely wrong.",
        "Give all copies the same tags, or keep one of them.",
        _columns("title", "tags", "articles", title="title of the first", tags="tags that not all have"),
    ),
    "near_duplicates": FindingKind(
        "Near-duplicates",
        f"Articles that share four fifths of their {SHINGLE}-word sequences. They stay in one fold, and count more than once.",
        "Keep the fullest of each group, unless each was published as a story of its own.",
        _columns("title", "articles", title="title of the first"),
    ),
    "repeated_blocks": FindingKind(
        "Repeated blocks",
        "Lines or sentences that occur in many stories: author notes, link lists, boilerplate. A tag leans on a block if most of "
        "its articles have the block and few others do. The weight is what the block adds to the tag's decision value in one of them.",
        "Remove the block when you export the archive, above all if tags lean on it. A block that is left out already is "
        "recognised as boilerplate and does no harm.",
        _columns(
            "text",
            "left_out",
            "leaning",
            "articles",
            text="block",
            left_out="left out already",
            leaning="tags that lean on it",
        ),
    ),
    "shared_sequences": FindingKind(
        "Articles written from templates",
        f"{COPIED:.0%} or more of the {SHINGLE}-word sequences of these articles occur in another story too. Copies teach a model "
        "the template.",
        "Reword them, or leave them out. If they are a series, look for what they share under repeated blocks.",
        _columns("article", "title", "share"),
    ),
    "few_examples": FindingKind(
        "Tags with too few examples",
        f"Fewer than {FEW_POSITIVES} articles have the tag, or fewer than {FEW_NEGATIVES} are known to be without it. Such a tag depends on "
        "its aliases. A tag with fewer than two positives learns no words.",
        "Tag more articles, or merge the tag with a broader one. Check that its aliases are complete.",
        _columns("tag", "kind", "positives", "negatives", "articles", positives="with", negatives="without"),
    ),
    "overlapping_tags": FindingKind(
        "Tags that overlap",
        f"Two tags that mostly occur on the same articles (Jaccard index of {OVERLAP} or more), or a tag that nearly always comes with "
        f"the other ({WITHIN:.0%}). A model cannot tell them apart by words.",
        "Write in their notes when to give one without the other, or merge them. If your desk gives a tag without its broader tag, "
        "do so in all articles.",
        _columns(
            "tag",
            "other",
            "jaccard",
            "within",
            "articles",
            other="other tag",
            jaccard="Jaccard",
            within="share with the other",
        ),
    ),
    "untagged": FindingKind(
        "Articles without any tag",
        "If its tags are complete, such an article says that no tag fits, and a model learns from that.",
        "This is right for articles that are off topic. If nobody has tagged them yet, set `tags_complete` to false or leave them out.",
        _columns("article", "title", "known", known="what is known"),
    ),
    "undated": FindingKind(
        "Articles without a date",
        "They have no place in time, so they cannot be held out as the newest. A newer tag counts as wrong for them, although it did "
        "not exist yet.",
        "Add `published_at` when you export the archive.",
        _columns("article", "title"),
    ),
    "repeated_ids": FindingKind(
        "Ids that occur more than once",
        "Training refuses them. This report reads the first article of each.",
        "Give each article its own id, or remove the copy.",
        _columns("article", "times"),
    ),
    "empty": FindingKind(
        "Articles without words",
        "A model cannot learn from a text without words.",
        "Check the export: is the body in another field?",
        _columns("article", "title"),
    ),
}
