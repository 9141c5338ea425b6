"""The data report as text for a terminal, and as a page in the reader's language."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np

from classifier.domain.sentences import NOT_CHECKED
from classifier.reports.data.cards import OVER_TIME, cards, explained, in_percent
from classifier.reports.data.mending import Mending, labels_of_tags
from classifier.reports.data.records import (
    FEW_POSITIVES,
    KINDS,
    Articles,
    DataReport,
    Finding,
    LeaningTag,
    Row,
    Share,
    SharePart,
    WordChange,
)
from classifier.reports.layout import template, without_commands
from classifier.reports.parts import (
    DatedArticle,
    Linked,
    Table,
    article_link,
    counted,
    isolated,
    joined,
    linked,
    linking,
    row_lines,
)
from classifier.text.shingles import SHINGLE
from classifier.texts import N_, _, field_name, gettext, in_html, kind_name, ngettext, number, percent, retold

N_OPEN = 12  # rows of a finding that the page shows at once
N_COMMON = 16  # tags in the plot
_NAMES = frozenset(
    ("tag", "other", "nearest", "tags", "instead", "words", "text")
)  # columns whose texts are no sentences
_SAID = frozenset(("doubt", "named", "known"))  # columns whose texts are of this program


class _Name(str):
    """A name or a quotation, whose direction may be another than that of the page."""

    __slots__ = ()


class _Cells:
    """The values of rows in words: for a page as HTML, in which names keep their direction to themselves."""

    def __init__(
        self, translate: Callable[..., str], name: Callable[[str], str], join: Callable[[Iterable[str]], str]
    ) -> None:
        self._translate, self._name, self._join = translate, name, join

    def __call__(self, value: object) -> str:
        """Return a value of a row as words."""
        say = self._translate
        if isinstance(shown := _linked(value), Linked):
            return str(shown)
        if isinstance(value, LeaningTag):
            facts = {"tag": self._name(value.tag), "share": percent(value.share)}
            if value.weight is None:
                return say(N_("%(tag)s (%(share)s of its articles)"), **facts)
            return say(
                N_("%(tag)s (%(share)s of its articles, weight %(weight)s)"), **facts, weight=f"{value.weight:+.2f}"
            )
        if isinstance(value, Share):
            return self._share(value)
        if isinstance(value, WordChange):
            before, after = in_percent(value.before), in_percent(value.after)
            return say(
                N_("%(word)s (%(before)s to %(after)s)"), word=self._name(value.word), before=before, after=after
            )
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        if isinstance(value, float):
            return f"{value:.2f}"
        if isinstance(value, int):
            return number(value)
        if isinstance(value, list):
            return self._join(map(self, value))
        if isinstance(value, _Name):
            return self._name(value)
        return value if isinstance(value, str) else str(value)

    def _share(self, value: Share) -> str:
        facts = {"share": in_percent(value.n / max(1, value.of)), "n": number(value.n), "all": number(value.of)}
        if isinstance(value, SharePart):
            return self._translate(N_("%(share)s from %(day)s on (%(n)s of %(all)s)"), **facts, day=value.start)
        return self._translate(N_("%(share)s (%(n)s of %(all)s)"), **facts)


def _linked(value: object) -> object:
    """Return values that name articles as words that lead to them, and other values as they are."""
    if isinstance(value, Articles):
        after = " …" if value.n > len(value.ids) else ""
        return linked(((article, "") for article in value.ids), f"{value.n}: ", ", ", after)
    if isinstance(value, DatedArticle):
        return linked([(value.article, value.title)], f"{value.date} ")
    return value


_in_text = _Cells(gettext, str, ", ".join)
_on_page = _Cells(in_html(gettext), isolated, joined)


def _table(finding: Finding, here: str | None = None) -> Table:
    """Return the rows of a finding. In the service the title of an article stands for it."""
    kind = KINDS[finding.finding].in_words()
    columns = kind.columns
    if here and {"article", "title"} <= columns.keys():
        columns = {name: heading for name, heading in columns.items() if name != "article"}
    rows = [[_value(row, name, here) for name in columns] for row in finding.rows]
    return Table(finding.finding, kind.title, kind.what, list(columns.values()), rows)


def _value(row: Row, name: str, here: str | None) -> object:
    if here and "article" in row and name in ("article", "title"):
        return linked([(str(row["article"]), str(row.get("title", "")))])
    value = row[name]
    if name == "kind":
        return kind_name(str(value))
    if name in _SAID:
        return field_name(str(value))
    if name in _NAMES or name in ("article", "title"):
        return [_Name(each) for each in value] if isinstance(value, list) else _Name(value)
    return _linked(value)


def _headline(report: DataReport) -> list[str]:
    counts, shared = report.counts, report.shared_sequences
    lines = [
        _(
            "%(articles)s, %(tags)s, %(mean)s tags per article, median length %(words)s words",
            articles=ngettext("%(n)s article", "%(n)s articles", report.n_articles),
            tags=ngettext("%(n)s tag", "%(n)s tags", report.n_tags),
            mean=f"{counts.tags_per_article:.2f}",
            words=f"{counts.words.median:.0f}",
        )
    ]
    sequences = {"share": percent(shared.share, 2), "n": number(shared.n), "words": SHINGLE}
    text = N_("%(share)s of the %(n)s different %(words)s-word sequences occur in two stories or more")
    if shared.high:
        text = N_(
            "%(share)s of the %(n)s different %(words)s-word sequences occur in two stories or more: too many; see the articles "
            "written from templates and the repeated blocks"
        )
    lines.append(gettext(text, **sequences))
    if measured := report.cross_validation:
        kinds = _(", ").join(f"{kind_name(kind)} {value:.3f}" for kind, value in measured.kinds.items())
        figures = {"micro": f"{measured.micro_f1:.3f}", "macro": f"{measured.macro_f1:.3f}", "kinds": kinds}
        lines.append(_("cross-validated micro-F1 %(micro)s, macro-F1 %(macro)s (%(kinds)s)", **figures))
    for check in report.not_checked:
        reason = retold(check.reason, NOT_CHECKED)
        lines.append(_("not checked: %(check)s: %(reason)s", check=gettext(check.check), reason=reason))
    return lines


def as_text(report: DataReport) -> str:
    """Return a data report as text for a terminal."""
    lines = _headline(report)
    for kind in report.counts.kinds:
        lines.append(
            f"  {kind.kind:<12} {kind.used:>4} of {kind.tags:>4} tags in use, given {kind.given:>6} times, on {kind.articles:>6} articles"
        )
    for finding in report.findings:
        if finding.n:
            articles = counted(finding.articles.n, "article")
            lines += ["", f"{finding.title}: {finding.n} ({articles})", f"  {finding.next}"]
            lines += row_lines(_table(finding), len(finding.rows), _in_text)
            lines += [f"  … and {finding.n - len(finding.rows)} more"] if finding.n > len(finding.rows) else []
    nothing = [finding.title.lower() for finding in report.findings if not finding.n]
    return "\n".join([*lines, "", f"nothing found: {'; '.join(nothing) or '-'}"])


def as_page(report: DataReport, here: str | None = None, desk: Mending | None = None, by_command: bool = True) -> str:
    """Return a data report as one HTML page.

    `here` is the address of the page in the service, and `desk` what it adds there. Without it, `by_command` says whether the
    page tells by which command it was made.
    """
    counts = report.counts
    tags = sorted(counts.tags, key=lambda tag: (-tag.positives, tag.tag))
    n_most = max([1, *(tag.positives for tag in tags)])
    kinds = {name: kind.in_words() for name, kind in KINDS.items()}
    shown = linking(here, _on_page)

    def words(value: object) -> str:
        return shown(_linked(value))

    def articles(ids: Sequence[str]) -> str:
        return shown(linked(((article, "") for article in ids), between=_(", ")))

    def link(row: Row) -> str:
        return article_link(here, str(row["article"]), str(row["title"]))

    return template("data.html", cell=words, link=link, articles=articles, name=isolated, said=field_name).render(
        report=report,
        here=here,
        by_command=by_command,
        desk=desk,
        labels=desk.labels if desk is not None else labels_of_tags(report),
        kinds={tag.tag: tag.kind for tag in report.counts.tags},
        headline=[without_commands(line) if here else line for line in _headline(report)],
        findings=[
            (finding, kinds[finding.finding], _table(finding, here), cards(finding, words))
            if finding.finding in OVER_TIME
            else (finding, kinds[finding.finding], _table(finding, here), [])
            for finding in report.findings
            if finding.n
        ],
        nothing=[kinds[finding.finding].title for finding in report.findings if not finding.n],
        explained=explained,
        tags=tags,
        heights=[float(np.log1p(tag.positives) / np.log1p(n_most)) for tag in tags],
        most=n_most,
        few=FEW_POSITIVES,
        n_open=N_OPEN,
        years=[(year.year or _("no date"), year.articles) for year in counts.years],
        lengths=_lengths(report),
        common=[(tag.tag, tag.positives) for tag in tags[:N_COMMON]],
        kind_rows=[[kind_name(row.kind), row.tags, row.used, row.given, row.articles] for row in counts.kinds],
        tag_rows=[[_Name(row.tag), kind_name(row.kind), row.positives, row.negatives, row.unknown] for row in tags],
    )


def _lengths(report: DataReport) -> list[tuple[str, int]]:
    """Return the articles by number of words: (words, articles)."""
    bins, rows = report.counts.words.bins, []
    for bin_, after in pairwise(bins):
        first, last = bin_.from_, after.from_ - 1
        rows.append((_("%(low)s to %(high)s", low=first, high=last) if last > first else str(first), bin_.articles))
    return [*rows, (_("%(n)s and more", n=bins[-1].from_), bins[-1].articles)]
