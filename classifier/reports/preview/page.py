"""A preview in words, for whoever decides on it."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from classifier.reports.layout import MAX_QUOTED, plain
from classifier.reports.lint.records import COUNTS
from classifier.reports.parts import counted
from classifier.reports.preview.aliases import ADDED, CHANGED, GAINED, LOST, REMOVED
from classifier.reports.preview.records import (
    AliasArticle,
    AliasCounts,
    AliasHits,
    FindingOut,
    PlaceInText,
    Preview,
    TagCounts,
)

N_SHOWN = 20  # rows of a section; JSON has more
N_WITH_ARTICLES = 5  # aliases whose articles are shown
N_NAMED = 8  # names in one line


def lines_of(told: Preview) -> list[str]:
    """Return a preview in words, a line each."""
    sections = (_labels, _aliases, _suggestions, _findings, _senders)
    return [*told["changes"], *(line for section in sections for line in section(told))]


def _labels(told: Preview) -> Iterator[str]:
    yield ""
    yield f"{told['n_articles']} of {counted(told['n_known'], 'article')} have one of the tags"
    for change in told["tags"]:
        sides = (_in_words(change["before"]), _in_words(change["after"]))
        yield (
            f"  {change['tag']:<32} {sides[0]} -> {sides[1]}"
            if sides[0] != sides[1]
            else f"  {change['tag']:<32} {sides[0]}"
        )
    if told["several"]:
        yield f"  {counted(told['several'], 'article')} with several of the merged tags"
    if told["contradictions"]:
        yield f"  {counted(told['contradictions'], 'article')} with one of them and without another by an editor's word"
    for tag, actions in told["decisions"].items():
        yield f"  decisions on {tag}: {_counts(actions)}"
    for tag, broader in told["moved"].items():
        yield f"  {tag} comes under {', '.join(broader) or 'none'}"
    if told["redirects"]:
        yield f"  retired before, and read along with them: {', '.join(told['redirects'])}"


def _in_words(counts: TagCounts | None) -> str:
    if counts is None:
        return "none"
    f1 = f", F1 {counts['f1']:.2f}" if counts["f1"] is not None else ""
    return f"{counts['positive']} have it, {counts['negative']} lack it, {counts['unknown']} unknown{f1}"


# --- aliases ---


def _aliases(told: Preview) -> Iterator[str]:
    if not told["hits"]:
        return
    yield ""
    yield f"Aliases, in the newest {counted(told['n_read'], 'article')}"
    speak, silent = ([row for row in told["hits"] if _says_something(row) is wanted] for wanted in (True, False))
    for number, row in enumerate(speak[:N_SHOWN]):
        yield from _hits(row, with_articles=number < N_WITH_ARTICLES)
    if len(speak) > N_SHOWN:
        yield f"  and {len(speak) - N_SHOWN} more: --json lists them"
    order = sorted(silent, key=_group)
    for (tag, change, from_tag), rows in groupby(order, key=_group):
        yield f"  {_change(change, tag, from_tag)} {_named(rows)}"


def _says_something(row: AliasHits) -> bool:
    """Whether an alias names its tag in other articles than before, or is new and stands anywhere or clashes."""
    places = any((side or _NONE)["places"] for side in (row["before"], row["after"]))
    is_new = row["change"] in (ADDED, CHANGED) and (places or row["shared_with"])
    return bool(row["gained"] or row["lost"] or is_new)


def _group(row: AliasHits) -> tuple[str, str, str]:
    return row["tag"], row["change"], row["from_tag"] or ""


def _change(change: str, tag: str, from_tag: str) -> str:
    if change == ADDED:
        return f"{tag} gets, in no article:"
    if change == REMOVED:
        return f"{tag} loses, in no article:"
    return f"{tag} keeps, as before:" if change == CHANGED else f"{tag} gets from {from_tag}, in the same articles:"


def _named(rows: Iterable[AliasHits]) -> str:
    """Return aliases with the number of their articles, the most used first."""
    side = sorted(((row["after"] or row["before"] or _NONE)["articles"], row["alias"]) for row in rows)[::-1]
    names = ", ".join(f"{plain(alias, MAX_QUOTED)} ({n})" for n, alias in side[:N_NAMED])
    return f"{names} and {len(side) - N_NAMED} more" if len(side) > N_NAMED else names


_NONE: AliasCounts = {"articles": 0, "has_tag": 0, "lacks_tag": 0, "places": {}}


def _hits(row: AliasHits, with_articles: bool) -> Iterator[str]:
    origin = f", from {row['from_tag']}" if row["from_tag"] else ""
    yield f'  {row["tag"]}, "{plain(row["alias"], MAX_QUOTED)}" is {row["change"]}{origin}: {_outcome(row)}'
    silent = {why: n for why, n in (row["after"] or row["before"] or _NONE)["places"].items() if why != COUNTS}
    if silent:
        yield f"    places that do not count: {_counts(silent)}"
    if row["shared_with"]:
        yield f"    also an alias of {', '.join(row['shared_with'])}"
    for article in row["articles"] if with_articles else ():
        yield from _article(article)


def _outcome(row: AliasHits) -> str:
    before, after = row["before"], row["after"]
    if after is None:
        named = before or _NONE
        return f"named it in {_articles(named)}; lost in {row['lost']}"
    parts = [f"names it in {_articles(after)}"]
    parts += [f"{row['gained']} new"] if row["gained"] else []
    parts += [f"lost in {row['lost']}"] if row["lost"] else []
    return "; ".join(parts)


def _articles(counts: AliasCounts) -> str:
    n = counted(counts["articles"], "article")
    return f"{n} ({counts['has_tag']} have the tag, {counts['lacks_tag']} lack it)" if counts["articles"] else n


def _article(article: AliasArticle) -> Iterator[str]:
    has = {True: "has the tag", False: "lacks the tag", None: "not known to have the tag"}[article["has_tag"]]
    title = plain(article["title"], 60)
    yield f"    {article['date']} {article['article_id']} {title}: {article['outcome']}; {has}{_anew(article)}"
    for place in article["places"][:1]:
        yield f"      {_place(place, article['outcome'])}"


def _anew(article: AliasArticle) -> str:
    sides = (("suggested anew", article["appear"]), ("suggested no more", article["vanish"]))
    return "".join(f"; {what}: {_scores(scores)}" for what, scores in sides if scores)


def _scores(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{tag} {score:.2f}" for tag, score in scores.items())


def _place(place: PlaceInText, outcome: str) -> str:
    why = place["after"] or place["before"] or ""
    reason = "" if outcome in (GAINED, LOST) or why == COUNTS else f" ({why})"
    return f"{place['field']}: …{place['left']}[{place['text']}]{place['right']}…{reason}"


# --- suggestions, findings, senders ---


def _suggestions(told: Preview) -> Iterator[str]:
    yield ""
    if not told["n_judged"]:
        yield "No model says what would be suggested"
        return
    appear, vanish = (sum(told["appear"].values()), sum(told["vanish"].values()))
    yield (
        f"On the newest {counted(told['n_judged'], 'article')} {counted(appear, 'suggestion')} appear{'s' if appear == 1 else ''}"
        f"{_in_brackets(told['appear'])} and {vanish} vanish{'es' if vanish == 1 else ''}{_in_brackets(told['vanish'])}"
    )


def _in_brackets(counts: Mapping[str, int]) -> str:
    first = dict(list(counts.items())[:N_NAMED])
    return f" ({_counts(first)}{', …' if len(counts) > len(first) else ''})" if counts else ""


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counts.items())


_FOUND = "The linter would find"


def _findings(told: Preview) -> Iterator[str]:
    for title, findings in ((_FOUND, told["findings"]), ("The linter would find no more", told["mended"])):
        if findings:
            yield ""
            yield title
            mending = title == _FOUND
            yield from (line for finding in findings[:N_SHOWN] for line in _finding(finding, mending))
            if len(findings) > N_SHOWN:
                yield f"  and {len(findings) - N_SHOWN} more: --json lists them"


def _finding(finding: FindingOut, mending: bool) -> Iterator[str]:
    alias = f', "{plain(finding["alias"], MAX_QUOTED)}"' if finding["alias"] is not None else ""
    other = f" and {finding['other']}" if finding["other"] else ""
    yield f"  {finding['check']}: {finding['tag']}{alias}{other}: {plain(finding['figure'], MAX_QUOTED)}"
    if mending and finding["operation"]:
        yield f"    would be mended by: {finding['operation']}"


def _senders(told: Preview) -> Iterator[str]:
    yield ""
    for row in told["listed_by"]:
        yield f"{row['sender']} lists {_counts(row['posts'])}"
    if not any(row["is_cms"] for row in told["listed_by"]):
        yield "No CMS has listed these tags: its terms and posts are not known"
