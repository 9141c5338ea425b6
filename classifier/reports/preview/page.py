"""A preview in words, for whoever decides on it."""

from classifier.reports.preview.records import Preview, TagCounts


def lines_of(told: Preview) -> list[str]:
    """Return a preview in words, a line each."""
    lines = [*told["changes"], f"{told['n_articles']} articles have one of the tags"]
    for change in told["tags"]:
        sides = (_in_words(change["before"]), _in_words(change["after"]))
        lines.append(f"{change['tag']:<32} {sides[0]} -> {sides[1]}")
    if told["several"]:
        lines.append(f"{told['several']} articles have several of the merged tags")
    if told["contradictions"]:
        lines.append(f"{told['contradictions']} articles have one of them and lack another by an editor's word")
    lines += [f"{row['tag']}: aliases + {row['added']} - {row['removed']}" for row in told["aliases"]]
    lines += [f"{tag} comes under {', '.join(broader) or 'none'}" for tag, broader in told["moved"].items()]
    if told["redirects"]:
        lines.append(f"read along with them: {', '.join(told['redirects'])}")
    appear, vanish = sum(told["appear"].values()), sum(told["vanish"].values())
    lines.append(f"on the newest {told['n_judged']} articles {appear} suggestions appear and {vanish} vanish")
    return lines


def _in_words(counts: TagCounts | None) -> str:
    if counts is None:
        return "none"
    f1 = f", F1 {counts['f1']:.2f}" if counts["f1"] is not None else ""
    return f"{counts['positive']} right, {counts['negative']} wrong, {counts['unknown']} unknown{f1}"
