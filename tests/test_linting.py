"""The linter: what the archive says of aliases and tags, and the operations that would mend them."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest

from classifier.commands import main
from classifier.domain.articles import Article
from classifier.domain.decisions import Filed
from classifier.domain.operation_lines import operation_from_text
from classifier.domain.taxonomy import Alias, Kind, Tag, Taxonomy
from classifier.reports.desk.records import Rate, rate
from classifier.reports.lint.figures import lint_taxonomy
from classifier.reports.lint.page import as_text
from classifier.reports.lint.records import CASE, CONTEXT, COUNTS, LONGER, AliasRow, LintFinding, LintReport
from classifier.reports.lint.sentences import OF_FINDINGS
from classifier.serving.registry import Registry
from classifier.serving.taxonomy import change, publish
from classifier.store.store import Store
from classifier.texts import retold
from tests.latin import left_in_latin, reading_in

FIRST = date(2022, 1, 1)
NUMBERS = count()


def taxonomy_with(*tags: Tag) -> Taxonomy:
    return Taxonomy(tags, {"theme": Kind(), "place": Kind()})


def tag(tag_id: str, *aliases: Alias | str, kind: str = "theme") -> Tag:
    texts = [Alias(alias) if isinstance(alias, str) else alias for alias in aliases]
    return Tag(tag_id, tag_id.replace("-", " "), kind, aliases=tuple(texts))


def filed(text: str, *tags: str, day: int = 0, closed: bool = True, suggested: Sequence[str] | None = None) -> Filed:
    at = (FIRST + timedelta(days=day)).isoformat()
    scores = None if suggested is None else dict.fromkeys(suggested, 0.9)
    return Filed(
        Article(f"a-{next(NUMBERS)}", "", text, tags=tags, published_at=at), at, suggested=scores, closed=closed
    )


def found(report: LintReport, check: str) -> list[LintFinding]:
    """Return the findings of a check, whose figures are in Arabic for who reads that, but for names and ids."""
    findings = [finding for finding in report.findings if finding.check == check]
    with reading_in("ar"):
        for each in findings:
            names = [
                *re.findall("'([^']+)'", each.figure),
                *(row.tag for row in report.aliases),
                *(row.alias for row in report.aliases),
                *(name for row in report.aliases for name in row.longer_names),
            ]
            assert left_in_latin(f"<p>{retold(each.figure, OF_FINDINGS)}</p>", names) == set(), each.figure
    return findings


def alias_row(report: LintReport, alias: str) -> AliasRow:
    return next(row for row in report.aliases if row.alias == alias)


# --- what an alias does ---


def test_an_alias_is_counted_by_how_it_is_written_and_why_it_does_not_count() -> None:
    turkey = tag("turkey", Alias("Turkey", case_exact=True, blocked=("dinner",)), Alias("Islamic State of Turkey"))
    rows = [
        filed("Talks in Turkey went on.", "turkey", day=1),
        filed("Talks in Turkey, and cold turkey.", day=2),
        filed("A Turkey dinner.", day=3, closed=False),
    ]
    row = alias_row(lint_taxonomy(taxonomy_with(turkey), rows), "Turkey")
    assert {(form.form, form.counts): form.n for form in row.forms} == {
        ("Turkey", COUNTS): 2,
        ("turkey", CASE): 1,
        ("Turkey", CONTEXT): 1,
    }
    assert (row.articles, row.known, row.right, row.places, row.last) == (2, 2, 1, 4, "2022-01-03")
    assert [article.article for article in row.wrong] == [rows[1].article.id]


def test_an_article_of_which_nobody_knows_the_tags_says_nothing_of_an_alias() -> None:
    row = alias_row(lint_taxonomy(taxonomy_with(tag("mali", "Mali")), [filed("Mali.", closed=False)]), "Mali")
    assert (row.articles, row.known) == (1, 0)


def test_an_alias_inside_of_longer_names_of_other_tags_is_shadowed() -> None:
    taxonomy = taxonomy_with(tag("army", "Arakan Army"), tag("state", "Arakan"))
    report = lint_taxonomy(taxonomy, [filed("The Arakan Army came.", day=n) for n in range(6)])
    row = alias_row(report, "Arakan")
    assert (row.places, row.longer, row.longer_names) == (6, 6, ["arakan army"])
    assert [form.counts for form in row.forms] == [LONGER]
    assert [finding.operation for finding in found(report, "shadowed")] == ['alias state -"Arakan"']


def test_an_alias_that_other_names_of_its_tag_outdo_is_made_weak() -> None:
    taxonomy = taxonomy_with(tag("quds", "Quds Force", Alias("Soleimani", needs=("Iran",), needs_within=None)))
    good = [filed("The Quds Force of Iran.", "quds", day=n) for n in range(12)]
    poor = [filed("Soleimani of Iran again.", day=20 + n) for n in range(12)]
    (finding,) = found(lint_taxonomy(taxonomy, good + poor), "rarely right")
    assert finding.figure == "0 of 12 articles that say so have the tag, by its other names 12 of 12"
    policy = json.loads(finding.operation.removeprefix('alias quds +"Soleimani" '))  # type: ignore[union-attr]
    assert policy == {"needs": ["Iran"], "strength": "weak"}
    assert {article.article for article in finding.articles} <= {row.article.id for row in poor}


def test_an_alias_that_is_right_in_its_own_case_gets_it() -> None:
    taxonomy = taxonomy_with(tag("party", "Labour"))
    rows = [filed("Labour won.", "party", day=n) for n in range(8)] + [filed("Hard labour.", day=n) for n in range(40)]
    (finding,) = found(lint_taxonomy(taxonomy, rows), "too common here")
    assert finding.operation == 'alias party +"Labour" {"case": "exact"}'


def test_a_shared_alias_goes_from_the_tag_that_is_hardly_meant() -> None:
    shared = Alias("Congress", shared=True)
    taxonomy = taxonomy_with(tag("india", "India", shared), tag("washington", "Capitol", shared))
    report = lint_taxonomy(taxonomy, [filed("Congress sat.", "washington", day=n) for n in range(12)])
    assert [(f.tag, f.operation) for f in found(report, "shared")] == [("india", 'alias india -"Congress"')]
    assert [row.shared_with for row in report.aliases if row.alias == "Congress"] == [["washington"], ["india"]]


def test_only_a_silence_that_is_no_chance_is_found() -> None:
    taxonomy = taxonomy_with(tag("group", "Old Name", "Rare Name"), tag("over", Alias("Past Name", until="2022-06")))
    old = [filed("Old Name and Past Name.", day=n) for n in range(10)] + [filed("Rare Name.", day=3)]
    report = lint_taxonomy(taxonomy, old + [filed("Nothing.", day=600 + n % 100) for n in range(100)])
    (finding,) = found(report, "silent for a year")
    assert (finding.alias, finding.operation) == ("Old Name", 'alias group -"Old Name"')
    assert (report.today, report.n_last_year) == ((FIRST + timedelta(days=699)).isoformat(), 100)


def test_a_tag_keeps_its_label() -> None:
    taxonomy = taxonomy_with(tag("old-name", "Old name"))
    rows = [filed("Old name.", day=n) for n in range(10)] + [filed("Nothing.", day=600) for _ in range(100)]
    (finding,) = found(lint_taxonomy(taxonomy, rows), "silent for a year")
    assert finding.operation is None


def test_an_alias_of_which_only_the_beginning_counts_is_counted() -> None:
    taxonomy = taxonomy_with(tag("jihadism", Alias("jihadi", whole_word=False)))
    row = alias_row(lint_taxonomy(taxonomy, [filed("Two jihadists and a jihadi.")]), "jihadi")
    assert {form.form: form.n for form in row.forms} == {"jihadists": 1, "jihadi": 1}


def test_retired_tags_are_left_out() -> None:
    retired = Tag("gone", "gone", status="retired", aliases=(Alias("Gone Group"),))
    assert not lint_taxonomy(taxonomy_with(retired, tag("mali", "Mali")), [filed("Gone Group.", "gone")]).findings


# --- what is wrong with tags ---


def test_a_tag_with_examples_that_is_never_suggested_is_found() -> None:
    rows = [filed("Text.", "mali", suggested=["niger"]) for _ in range(10)]
    rows += [filed("Text.", suggested=["niger"]) for _ in range(190)]
    report = lint_taxonomy(taxonomy_with(tag("mali", "Mali"), tag("niger", "Niger")), rows)
    assert [(f.tag, f.n) for f in found(report, "never suggested")] == [("mali", 10)]


@pytest.mark.parametrize(("accepted", "tags"), [(0, ["mali"]), (1, [])])
def test_a_tag_whose_suggestions_nobody_accepts_is_found(accepted: int, tags: list[str]) -> None:
    acceptance: dict[str, Rate] = {"mali": rate([True] * accepted + [False] * 12), "unknown": rate([False] * 12)}
    report = lint_taxonomy(taxonomy_with(tag("mali", "Mali")), [filed("Text.")], acceptance)
    assert [f.tag for f in found(report, "never accepted")] == tags
    assert all(f.operation == "set mali status=muted" for f in found(report, "never accepted"))


def test_a_tag_on_half_of_all_articles_is_too_broad() -> None:
    rows = [filed("Text.", *(["news", "mali"] if n % 2 else ["niger"])) for n in range(40)]
    report = lint_taxonomy(
        taxonomy_with(tag("news"), tag("mali"), tag("niger"), tag("chad")), [*rows, filed("Text.", "chad")]
    )
    assert not found(report, "too broad")
    report = lint_taxonomy(taxonomy_with(tag("news"), tag("mali"), tag("niger")), rows)
    assert {f.tag for f in found(report, "too broad")} == {"news", "mali", "niger"}


def test_a_tag_whose_articles_another_tag_has_too_goes_under_it_if_they_are_of_a_kind() -> None:
    rows = [filed("Text.", "raids", "attacks") for _ in range(6)] + [filed("Text.", "attacks") for _ in range(20)]
    assert [
        f.operation for f in found(lint_taxonomy(taxonomy_with(tag("raids"), tag("attacks")), rows), "overlapping")
    ] == ["move raids under attacks"]
    places = taxonomy_with(tag("raids"), tag("attacks", kind="place"))
    assert [f.operation for f in found(lint_taxonomy(places, rows), "overlapping")] == [None]
    under = taxonomy_with(Tag("raids", "raids", broader="attacks"), tag("attacks"))
    assert not found(lint_taxonomy(under, rows), "overlapping")


def test_tags_with_nearly_the_same_label_are_merged_and_aliases_only_shown() -> None:
    taxonomy = taxonomy_with(
        tag("drone", "drone"), tag("drones", "drones"), tag("a", "Jalal-Abad"), tag("b", "Jalalabad")
    )
    report = lint_taxonomy(taxonomy, [filed("A drone, two drones.", "drones")])
    assert [(f.tag, f.other, f.operation) for f in found(report, "near-duplicate in name")] == [
        ("drone", "drones", "merge drone into drones"),
        ("b", "a", None),
    ]


def test_a_tag_that_is_mostly_named_in_passing_is_treated_with_caution() -> None:
    report = lint_taxonomy(taxonomy_with(tag("oman", "Oman", "Muscat")), [filed("Oman; Muscat.") for _ in range(12)])
    assert [f.operation for f in found(report, "named in passing")] == ["set oman caution=true"]


# --- the command ---

TAXONOMY = """
kinds: {theme: {}}
tags:
  - {id: state, label: State, kind: theme, aliases: [Arakan]}
  - {id: army, label: Army, kind: theme, aliases: [Arakan Army]}
"""


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "taxonomy.yaml").write_text(TAXONOMY)
    with gzip.open(tmp_path / "archive.jsonl.gz", "wt") as file:
        for n in range(6):
            file.write(json.dumps({"id": f"a-{n}", "title": "", "body": "The Arakan Army.", "tags": ["army"]}) + "\n")
    return ["--taxonomy", str(tmp_path / "taxonomy.yaml"), "--articles", str(tmp_path / "archive.jsonl.gz")]


def test_the_command_prints_operations_below_their_reasons(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tags", "lint", *files]) == 0
    out = capsys.readouterr().out
    assert "# state, 'Arakan': 6 of 6 places are part of arakan army\nalias state -\"Arakan\"" in out
    assert main(["tags", "lint", *files, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["n_articles"] == 6
    assert {row["alias"] for row in report["aliases"]} == {"State", "Arakan", "Army", "Arakan Army"}


def test_both_commands_read_the_store(files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = ["--database", f"sqlite:///{tmp_path / 'desk.db'}"]
    assert main(["import", files[-1], *store]) == 0
    capsys.readouterr()
    assert main(["tags", "draft", *store, "--models", str(tmp_path / "models"), "--least", "1", "--json"]) == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)["keep"]] == ["army"]
    assert main(["tags", "lint", *store, *files[:2]]) == 0
    assert 'alias state -"Arakan"' in capsys.readouterr().out


def test_the_text_names_no_more_than_the_first_findings_of_a_check() -> None:
    tags = [tag(f"t-{n}", f"Name {chr(97 + n)}") for n in range(25)]
    rows = [filed(f"The Big Name {chr(97 + n)}.", "big") for n in range(25) for _ in range(5)]
    longer = [tag(f"big-{n}", f"Big Name {chr(97 + n)}") for n in range(25)]
    text = as_text(lint_taxonomy(taxonomy_with(*tags, *longer), rows))
    assert "# == shadowed: 25" in text
    assert "# … and 5 more" in text


# --- the taxonomy of now ---


def test_findings_and_drafts_are_of_the_taxonomy_of_now_and_are_applied_as_they_are_printed(
    registry: Registry, store: Store, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.import_articles(
        (Article(f"a-{n}", "", "The Big Arakan Army.", tags=("taliban",)) for n in range(6)), "import"
    )
    operations = ['create state "State" kind=group', 'alias state +"Arakan"', 'create army "Army" kind=group']
    change(registry, store, [operation_from_text(line) for line in [*operations, 'alias army +"Arakan Army"']], "x")
    of_store = ["--database", database_url, "--models", str(registry.folder)]
    assert main(["tags", "lint", *of_store]) == 0
    findings = tmp_path / "lint.txt"
    findings.write_text(capsys.readouterr().out)
    assert 'alias state -"Arakan"' in findings.read_text().splitlines()
    assert main(["tags", "do", "--file", str(findings), *of_store]) == 0
    head = store.taxonomy.head()
    assert head is not None
    assert [alias.text for alias in head.taxonomy.tag("state").aliases] == []


def test_a_draft_is_proposed_beside_the_taxonomy_of_now(
    registry: Registry, store: Store, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(registry, store)
    change(registry, store, [operation_from_text('create maps "Maps" kind=group')], "x")
    names = tmp_path / "names.csv"
    names.write_text("uses,name\n12,data-journalism\n11,datajournalism\n30,maps\n20,Changes\n")
    of_store = ["--database", database_url, "--models", str(registry.folder), "--names", str(names)]
    assert main(["tags", "draft", *of_store, "--propose"]) == 0
    assert "proposed as" in capsys.readouterr().out
    (proposed,) = store.change_sets.list("proposed")
    assert 'create data-journalism "data journalism"' in proposed.lines
    assert not any(line.startswith("create maps") for line in proposed.lines)
    store.taxonomy.apply(proposed.operations, "x", proposed=proposed.id)
    assert main(["tags", "draft", *of_store, "--propose"]) == 0
    assert "nothing to propose" in capsys.readouterr().out
    assert main(["tags", "draft", *of_store, "--propose", "--taxonomy", str(names)]) == 2
