"""Statements with blank nodes, grouped by the URI to which they belong, and with the same labels for the same content."""

from collections import defaultdict
from collections.abc import Iterable
from hashlib import sha256

N_ROUNDS = 12  # so far content tells blank nodes apart
REST = "_:"  # of what no URI leads to


def grouped(triples: Iterable[tuple[str, str, str]]) -> dict[str, set[str]]:
    """Return statements by their URI, those of blank nodes by the first URI that leads to them.

    Blank nodes are labelled by what is said of them, as in colour refinement, so that a file has the same labels each time that
    it is read. Only nodes that are alike in all that is around them have their labels by chance.
    """
    triples = list(triples)
    labels = _labels([triple for triple in triples if triple[0].startswith("_:") or triple[2].startswith("_:")])
    by_subject: dict[str, list[str]] = defaultdict(list)
    blanks_of: dict[str, list[str]] = defaultdict(list)
    for start, predicate, end in triples:
        subject, value = labels.get(start, start), labels.get(end, end)
        is_blank = subject.startswith("_:")
        by_subject[subject].append(f"{subject} {predicate} {value}" if is_blank else f"{predicate} {value}")
        if value.startswith("_:"):
            blanks_of[subject].append(value)
    groups: dict[str, set[str]] = {}
    passed = set[str]()
    for subject in sorted(by_subject, key=lambda subject: (subject.startswith("_:"), subject)):
        if subject in passed:
            continue
        own = groups.setdefault(REST if subject.startswith("_:") else subject[1:-1], set())
        waiting = [subject]
        while waiting:
            each = waiting.pop()
            if each not in passed:
                passed.add(each)
                own.update(by_subject.get(each, ()))
                waiting += [blank for blank in blanks_of.get(each, ()) if blank not in passed]
    return groups


def _labels(triples: list[tuple[str, str, str]]) -> dict[str, str]:
    """Return a label for each blank node."""
    colours = {term: "" for triple in triples for term in (triple[0], triple[2]) if term.startswith("_:")}
    n_colours = 0
    for _ in range(N_ROUNDS):
        around: dict[str, list[str]] = {blank: [] for blank in colours}
        for subject, predicate, value in triples:
            if subject in around:
                around[subject].append(f"> {predicate} {colours.get(value, value)}")
            if value in around:
                around[value].append(f"< {colours.get(subject, subject)} {predicate}")
        colours = {
            blank: sha256("\n".join([colours[blank], *sorted(said)]).encode()).hexdigest()[:20]
            for blank, said in around.items()
        }
        if (n := len(set(colours.values()))) == n_colours:
            break
        n_colours = n
    taken: dict[str, int] = defaultdict(int)
    labels = {}
    for blank, colour in colours.items():
        labels[blank] = f"_:b{colour}" + (f"x{taken[colour]}" if taken[colour] else "")
        taken[colour] += 1
    return labels
