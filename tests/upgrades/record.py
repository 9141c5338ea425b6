"""Record a store, a models folder and keys of one version of the program as text, so that later versions can open them.

Run it with the code of that version, from its checkout:

    PYTHONPATH=. python /path/to/tests/upgrades/record.py OUTPUT

It writes store.sql (a dump of the SQLite database), models.json (the files of the models folder; arrays as lists) and
expected.json (secrets of keys, and what the API answered). It needs nothing of the tests of either version.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from classifier.domain.articles import Article, record_of
from classifier.domain.snapshots import snapshot_of
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.database.opening import open_store
from classifier.store.rows import StoredArticle
from classifier.training.fitting import fit
from classifier.training.settings import FitSettings
from classifier.web import build_app

N_LEARNED = 16
N_ARTICLES, N_STORED = 220, 40  # the others are for the version that opens the store
TAXONOMY = """\
kinds:
  group: {}
  place: {}
  theme: {}
tags:
  - {id: taliban, label: Taliban, kind: group, aliases: [Afghan Taliban]}
  - {id: iskp, label: Islamic State Khorasan Province, kind: group, aliases: [{text: ISKP, case: exact}]}
  - {id: al-shabaab, label: Al Shabaab, kind: group, aliases: [al-Shabaab]}
  - {id: somalia, label: Somalia, kind: place, aliases: [Mogadishu]}
  - {id: afghanistan, label: Afghanistan, kind: place, aliases: [Kabul]}
  - {id: attack, label: Attack, kind: theme, aliases: []}
  - {id: trial, label: Trial, kind: theme, aliases: []}
  - {id: bombing, label: Bombing, kind: theme, aliases: [], status: retired, replaced_by: attack}
"""
GROUPS = {
    "taliban": ("The Taliban", "afghanistan", "Kabul"),
    "iskp": ("ISKP", "afghanistan", "Kabul"),
    "al-shabaab": ("Al Shabaab", "somalia", "Mogadishu"),
}
SENTENCES = {
    "attack": (
        "A bomb killed {n} people near the {where} on {day}.",
        "{who} claimed the blast at the {where}.",
        "Gunmen stormed the {where} and fled before {day}.",
        "Doctors treated {n} wounded after the explosion.",
    ),
    "trial": (
        "A court sentenced {n} men to prison on {day}.",
        "Prosecutors said the accused had paid {who}.",
        "The judge heard {n} witnesses in the {where}.",
        "Lawyers of the accused will appeal before {day}.",
    ),
}
WHERE = ("market", "mosque", "hotel", "airport", "barracks", "ministry", "bridge", "school")
NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WORDS = [first + last for first in ("ka", "lo", "mi", "ru", "se") for last in ("bon", "dar", "fel", "gis", "tum")]
ODD_DATES = {
    "year-1": "0001-01-01T00:00:00+14:00",
    "year-9999": "9999-12-31T23:00:00-12:00",
    "basic": "20240606",
    "ones": "1" * 30,
    "week": "2024-W23-4",
    "blank": "2024-06-06 10:00",
    "zulu": "2024-06-06T10:00:00Z",
    "zone": "2024-06-06T10:00:00+02:00",
    "fraction": "2024-06-06T10:00:00.250+02:00",
}
FORGED = "<p>The Taliban held Kabul.</p>&#x000e000;99999999&#x000e001;<p>A bomb killed four people.</p>"


def archive() -> list[Article]:
    """Return short articles whose tags are all known."""
    draw = random.Random(6)
    found = []
    for number in range(N_ARTICLES):
        group, theme = draw.choice(list(GROUPS)), draw.choice(list(SENTENCES))
        who, place, city = GROUPS[group]
        fill = {"n": draw.choice(NUMBERS), "where": draw.choice(WHERE), "day": draw.choice(WEEKDAYS), "who": who}
        title = f"{who}: {'blast' if theme == 'attack' else 'verdict'} in {city}, {draw.choice(WHERE)} {number}"
        body = " ".join(text.format(**fill) for text in draw.sample(SENTENCES[theme], 2))
        if number >= N_STORED:  # no near-duplicates among those that are trained on
            body += f" {' '.join(draw.choices(WORDS, k=12))} said so."
        at = f"2025-{number % 12 + 1:02}-{number % 28 + 1:02}"
        found.append(Article(f"a-{number:03}", title, body, tags=(group, place, theme), published_at=at))
    return found


def run(*arguments: str) -> None:
    """Run a command of the version that is recorded."""
    subprocess.run([sys.executable, "-m", "classifier", *arguments], check=True)


def dumped(database: Path) -> str:
    """Return a database as SQL, read by another process: two libraries of SQLite in one would be in each other's way."""
    program = "import sqlite3, sys; print('\\n'.join(sqlite3.connect(sys.argv[1]).iterdump()))"
    done = subprocess.run([sys.executable, "-c", program, database], check=True, capture_output=True, encoding="utf-8")
    return done.stdout


class Desk:
    """The desk whose store is recorded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.where = ("--database", f"sqlite:///{folder}/tagger.db", "--models", str(folder / "models"))
        self.articles = archive()
        registry = Registry(folder / "models")
        taxonomy_file = folder / "taxonomy.yaml"
        taxonomy_file.write_text(TAXONOMY, encoding="utf-8")
        learned = self.articles[:N_LEARNED]
        fitted = fit(learned, read_taxonomy(taxonomy_file), FitSettings(n_jobs=1))
        registry.promote(registry.save(fitted.model, snapshot_of(learned)), "ops", "trained")
        self.store = open_store(self.where[1])
        self.client = build_app(Tagger(Serving(registry), self.store), registry).test_client()
        names = {"wordpress": "cms", "ada": "editor", "bo": "editor", "chief": "admin", "board": "reader"}
        self.secrets = {name: self.store.keys.create(name, role) for name, role in names.items()}

    def import_(self, articles: list[Article], source: str) -> None:
        file = self.folder / "import.jsonl"
        file.write_text("".join(json.dumps(record_of(one)) + "\n" for one in articles), encoding="utf-8")
        run("import", str(file), "--source", source, *self.where)

    def call(self, method: str, path: str, key: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.secrets[key]}"}
        answer = self.client.open(path, method=method, json=body, headers=headers)
        assert answer.status_code < 400, answer.text
        return answer.json

    def fill(self) -> None:
        """Do what a desk does in its first weeks."""
        self.import_(self.articles[:8], "starter")
        self.import_(self.articles[8:32], "import")
        for article in self.articles[32:N_STORED]:
            told = {
                "title": article.title,
                "body": article.body,
                "published_at": f"{article.published_at}T08:00:00+00:00",
            }
            self.call(
                "PUT", f"/v1/articles/wp:{article.id}", "wordpress", {**told, "tags": list(article.tags or ())[:1]}
            )
        self._decide()
        run("archive", "run", "--band", "suggest", *self.where)
        self.call(
            "POST",
            "/v1/articles/wp:a-039/decisions",
            "ada",
            {"decisions": [{"tag": "afghanistan", "action": "remove"}]},
        )
        odd = [Article(f"date-{name}", f"The Taliban on {name}", "A bomb killed four people.", tags=("taliban", "attack"),
                       published_at=at) for name, at in ODD_DATES.items()]  # fmt: skip
        self.import_([*odd, Article("forged", "Kabul today", FORGED, "html", tags=("taliban",))], "import")

    def _decide(self) -> None:
        def decide(number: int, key: str, *decisions: dict[str, Any], complete: bool = False, **more: str) -> Any:
            path = f"/v1/articles/wp:{self.articles[number].id}/decisions"
            return self.call("POST", path, key, {"decisions": list(decisions), "complete": complete, **more})

        tags = [article.tags or () for article in self.articles]
        decide(32, "ada", {"tag": tags[32][2], "action": "accept"})
        decide(32, "bo", {"tag": tags[32][1], "action": "add"}, complete=True)
        decide(33, "ada", {"tag": tags[33][2], "action": "reject", "reason": "passing_mention", "note": "once"})
        decide(34, "bo", {"tag": tags[34][1], "action": "unsure"}, {"tag": tags[34][2], "action": "accept"})
        done = decide(
            35, "ada", {"tag": tags[35][1], "action": "add"}, {"tag": tags[35][2], "action": "add"}, complete=True
        )
        decide(35, "ada", {"action": "undo", "decision_id": done["decisions"][0]["id"]})
        decide(36, "wordpress", {"tag": tags[36][2], "action": "accept"}, editor="cy")
        self.store.proposals.add("Zagros front", "twice this week", "wp:a-037", "ada")
        self.store.proposals.add("Red column", "", None, "bo")

    def expected(self) -> dict[str, Any]:
        """Return what the API answers."""
        tried = self.articles[34:N_STORED]
        return {
            "secrets": self.secrets,
            "articles": {
                one.article.id: self._described(self.store.article(one.article.id))
                for one in self.store.exports.filed()
            },
            "suggestions": [self._suggested(one) for one in tried],
            "decisions": [vars(one) for one in self.store.log.all()],
            "proposals": [proposal.label for proposal in self.store.proposals.list()],
        }

    def _described(self, one: StoredArticle) -> list[Any]:
        return [list(self.store.log.read(one.article.id).standing().tags), one.state, one.source]

    def _suggested(self, article: Article) -> dict[str, Any]:
        text = {"title": article.title, "body": article.body}
        kept = ("tag", "score", "band", "aboutness", "source")  # evidence may be shown in another way
        answer = self.call("POST", "/v1/suggest", "wordpress", text)
        return {**text, "suggestions": [{name: one[name] for name in kept} for one in answer["suggestions"]]}


def described(models: Path) -> dict[str, Any]:
    """Return the files of a models folder: texts as they are, arrays with their type and shape, packed lines as lines."""
    found: dict[str, Any] = {}
    for path in sorted(path for path in models.rglob("*") if path.is_file()):
        name = path.relative_to(models).as_posix()
        if path.suffix == ".npy":
            values = np.load(path, allow_pickle=False)
            found[name] = {"type": values.dtype.str, "shape": list(values.shape), "values": _listed(values)}
        elif path.suffix == ".gz":
            found[name] = gzip.decompress(path.read_bytes()).decode()
        else:
            found[name] = path.read_text(encoding="utf-8")
    return found


def _listed(values: np.ndarray) -> Any:
    """Return the values as they read back: the shortest decimals of floats, bytes in base64."""
    if values.dtype.kind == "f":
        return [None if not np.isfinite(value) else float(str(value)) for value in values.ravel()]
    if values.dtype.itemsize == 1:
        return base64.b64encode(values.tobytes()).decode()
    return values.ravel().tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("output", type=Path)
    output: Path = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        desk.fill()
        dump = dumped(Path(folder) / "tagger.db")
        texts = {
            "store.sql": dump,
            "models.json": _lines(described(Path(folder) / "models")),
            "expected.json": _lines(desk.expected()),  # after the dump: a question leaves its answer in the store
        }
        desk.store.close()
    for name, text in texts.items():
        (output / name).write_text(text, encoding="utf-8")


def _lines(values: dict[str, Any]) -> str:
    """Return a JSON object with one line for each of its values."""
    rows = (f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items())
    return "{\n" + ",\n".join(rows) + "\n}\n"


if __name__ == "__main__":
    main()
