"""The tags as a table (CSV), for a spreadsheet: one row a tag, several values in a cell with a bar between them.

    id,label,label@fr,kind,broader,aliases,status,replaced_by,wikidata,iptc,articles

A column that a file lacks leaves its field as it is, and an empty cell empties it. `articles` is only written. An alias has its
policy behind it, as in operations: `ISIS {case: exact} | Daesh`. Other fields of a tag are not in the table.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from classifier.domain.alias_checks import alias_problems
from classifier.domain.exchange.planning import Plan
from classifier.domain.operations import Operation
from classifier.domain.spelling import spell
from classifier.domain.spreadsheets import Row, guarded, rows_of
from classifier.domain.tag_fields import RELATIONS, check_language, from_plain
from classifier.domain.taxonomy import TAG_ID, Alias, Kind, Tag, Taxonomy, id_for
from classifier.domain.taxonomy_yaml import policy_of, read_alias
from classifier.errors import BadTaxonomy
from classifier.texts import _

BAR = " | "
LABEL_IN = "label@"
_CODES = {"wikidata": "http://www.wikidata.org/entity/", "iptc": "http://cv.iptc.org/newscodes/mediatopic/"}
_COLUMNS = ("id", "label", "kind", "broader", "aliases", "status", "replaced_by", *_CODES, "articles")
_ALIAS = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^|{"][^|{]*)\s*(\{(?:"(?:[^"\\]|\\.)*"|[^"}])*\})?\s*(?:\||$)')
_NEEDS_QUOTES = re.compile(r'[|{"\\]|^\s|\s$')
_CODE = re.compile(r"[^\x00-\x20<>\"{}|^`\\]+")
N_PROBLEMS = 100


def table_of(taxonomy: Taxonomy, n_articles: Mapping[str, int] | None = None) -> str:
    """Return the tags as CSV. `n_articles` are the articles of each tag; without it the column is empty."""
    languages = sorted({language for tag in taxonomy.tags for language, _ in tag.labels})
    file = io.StringIO(newline="")
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow([*_COLUMNS[:2], *(LABEL_IN + language for language in languages), *_COLUMNS[2:]])
    for tag in taxonomy.tags:
        labels, n = dict(tag.labels), "" if n_articles is None else str(n_articles.get(tag.id, 0))
        named = [tag.id, tag.label, *(labels.get(language, "") for language in languages)]
        cells = [*named, tag.kind, BAR.join(tag.broader), BAR.join(map(alias_cell, tag.aliases))]
        codes = (BAR.join(_codes(tag, start)) for start in _CODES.values())
        rows.writerow(map(guarded, [*cells, tag.status, tag.replaced_by or "", *codes, n]))
    return file.getvalue()


def _codes(tag: Tag, start: str) -> list[str]:
    return [uri.removeprefix(start) for relation, uri in tag.matches if relation == "exact" and uri.startswith(start)]


def alias_cell(alias: Alias) -> str:
    """Return an alias as a cell shows it, with its policy if it has one."""
    text = json.dumps(alias.text, ensure_ascii=False) if _NEEDS_QUOTES.search(alias.text) else alias.text
    policy = policy_of(alias)
    return f"{text} {json.dumps(policy, ensure_ascii=False)}" if policy else text


def aliases_of(cell: str) -> tuple[Alias, ...]:
    """Return the aliases of a cell. Raise `ValueError` with what is wrong with it."""
    aliases, at = [], 0
    while at < len(cell):
        match = _ALIAS.match(cell, at)
        if match is None:
            raise ValueError(
                _(
                    "%(cell)s is no alias like: text {case: exact}, or %(quoted)s",
                    cell=repr(cell[at : at + 80]),
                    quoted='"text"',
                )
            )
        text = str(json.loads(match[1], strict=False)) if match[1].startswith('"') else match[1].strip()
        aliases.append(_safe(text) if match[2] is None else read_alias(text, match[2]))
        at = match.end()
    return tuple(dict.fromkeys(aliases))


def _safe(text: str) -> Alias:
    """Return an alias whose case counts if it would not be safe otherwise."""
    alias = Alias(text)
    return replace(alias, case_exact=True) if alias_problems(alias) else alias


def operations_of_table(text: str, name: str, plan: Callable[[Any], Plan]) -> Sequence[Operation]:
    """Return the operations that make a taxonomy have the tags of a table as it has them.

    Args:
        text: CSV with one row of headings.
        name: of the file, for errors.
        plan: makes the plan from what it shall report to.

    Raises:
        BadTaxonomy: with every problem, each with its line and column.
    """
    table = _Table(name)
    made = plan(table.report)
    tags = table.tags(text, made)
    if not table.problems:
        made.bring(tags)
    table.raise_problems()
    return made.operations


class _Table:
    def __init__(self, name: str) -> None:
        self.name, self.problems, self.lines = name, list[str](), dict[str, int]()

    def report(self, tag: str, field: str, problem: str) -> None:
        column = {"matches": _("wikidata or iptc"), "labels": "label@…"}.get(field, field)
        self.problems.append(
            _(
                "line %(line)s, column %(column)s: %(problem)s",
                line=self.lines.get(tag, 1),
                column=column,
                problem=problem,
            )
        )

    def raise_problems(self) -> None:
        if self.problems:
            more = [_("and %(n)s more", n=len(self.problems) - N_PROBLEMS)] if len(self.problems) > N_PROBLEMS else []
            raise BadTaxonomy(self.name, self.problems[:N_PROBLEMS] + more)

    def tags(self, text: str, plan: Plan) -> list[Tag]:
        """Return the tags of the rows, each with what the taxonomy has of it besides."""
        found: dict[str, Tag] = {}
        try:
            for row in rows_of(text):
                if isinstance(row, Row):
                    tag = self._tag(row, plan)
                    if tag is not None:
                        found[tag.id] = tag
                else:
                    self._check_columns(row)
                    if self.problems:
                        return []
        except csv.Error as error:
            self.problems.append(str(error))
        if not found and not self.problems:
            self.problems.append(_("has no tags"))
        return list(found.values())

    def _check_columns(self, columns: Iterable[str]) -> None:
        passed = set[str]()
        for column in columns:
            if column in passed:
                self.problems.append(_("line 1: the column %(column)s stands twice", column=repr(column[:40])))
            elif column not in _COLUMNS and not column.startswith(LABEL_IN):
                self.problems.append(
                    _(
                        "line 1: unknown column %(column)s; known are %(names)s, label@fr",
                        column=repr(column[:40]),
                        names=", ".join(_COLUMNS),
                    )
                )
            passed.add(column)
        if not passed & {"id", "label"}:
            self.problems.append(_("line 1: the first line names the columns, `id` or `label` among them"))

    def _tag(self, row: Row, plan: Plan) -> Tag | None:
        cells = row.cells
        tag_id = cells.get("id") or id_for(cells.get("label", ""))
        if not TAG_ID.fullmatch(tag_id):
            self._problem(row, "id", _("the id %(tag)s must be of a-z, 0-9 and hyphens", tag=repr(tag_id[:80])))
            return None
        if tag_id in self.lines:
            self._problem(
                row, "id", _("the id %(tag)s stands in line %(line)s too", tag=repr(tag_id), line=self.lines[tag_id])
            )
            return None
        self.lines[tag_id] = row.line
        before = plan.editor.tags.get(tag_id)
        tag = before or Tag(tag_id, cells.get("label") or tag_id.replace("-", " "), self._kind(plan))
        for column, cell in cells.items():
            try:
                tag = replace(tag, **_values(column, cell, tag))
            except ValueError as error:
                self._problem(row, column, str(error))
        if before is None and not tag.retired and plan.editor.kinds.get(tag.kind, Kind()).label_is_alias:
            alias, spelled = _safe(tag.label), {spell(alias.text) for alias in tag.aliases}
            if not alias_problems(alias) and spell(tag.label) not in spelled:
                tag = replace(tag, aliases=(alias, *tag.aliases))
        return tag

    def _problem(self, row: Row, column: str, problem: str) -> None:
        self.problems.append(
            _("line %(line)s, column %(column)s: %(problem)s", line=row.line, column=column, problem=problem)
        )

    @staticmethod
    def _kind(plan: Plan) -> str:
        return "theme" if "theme" in plan.editor.kinds or not plan.editor.kinds else next(iter(plan.editor.kinds))


def _values(column: str, cell: str, tag: Tag) -> dict[str, Any]:
    """Return the values of fields that a cell gives."""
    if column in ("id", "articles") or (column in ("label", "kind", "status") and not cell):
        return {}
    if column == "status" and cell not in ("active", "muted", "retired"):
        raise ValueError(_("%(cell)s is not active, muted or retired", cell=repr(cell[:40])))
    if column.startswith(LABEL_IN):
        language = check_language(column.removeprefix(LABEL_IN))
        labels = {**dict(tag.labels), language: cell}
        return {"labels": tuple(sorted((each, text) for each, text in labels.items() if text))}
    if column == "aliases":
        aliases = aliases_of(cell)
        for alias in aliases:
            if problems := alias_problems(alias):
                raise ValueError("; ".join(problems))
        return {"aliases": aliases}
    if column == "broader":
        return {"broader": tuple(dict.fromkeys(_listed(cell)))}
    if column == "replaced_by":
        return {"replaced_by": cell or None}
    return {"matches": _matches(tag, _CODES[column], _listed(cell))} if column in _CODES else {column: cell}


def _listed(cell: str) -> list[str]:
    return [part for part in re.split(r"[|\s]+", cell) if part]


def _matches(tag: Tag, start: str, codes: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the matches of a tag with other exact ones that begin alike."""
    for code in codes:
        if not _CODE.fullmatch(code):
            raise ValueError(_("%(code)s is neither a code nor a URI", code=repr(code[:80])))
    given = [("exact", code if "://" in code else start + code.rpartition(":")[2]) for code in codes]
    others = [pair for pair in tag.matches if not (pair[0] == "exact" and pair[1].startswith(start))]
    if set(pairs := [*others, *given]) == set(tag.matches):
        return tag.matches
    uris = {relation: [uri for each, uri in pairs if each == relation] for relation in RELATIONS}
    matches: tuple[tuple[str, str], ...] = from_plain("matches", {key: value for key, value in uris.items() if value})
    return matches
