"""CPU time of `POST /v1/suggest` in process, by Flask and at the door: `python -m benchmarks.door MODELS TEXTS`.

TEXTS is JSON: bodies of the request. One line of JSON is printed.

The two take turns in several rounds, and the least time of each counts: the machine is noisy.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from werkzeug.test import EnvironBuilder

from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.database.opening import open_store
from classifier.web import build_app
from classifier.web.door import PATH, Door
from classifier.web.watch import logs

N_ROUNDS = 40
N_TEXTS = 20
NEW, BRIEF, SEEN = "new", "new, without evidence", "seen before"


def measure(models: Path, texts: Sequence[dict[str, Any]], n_rounds: int = N_ROUNDS) -> dict[str, Any]:
    """Return the least CPU time of a request in microseconds, for each kind of text and way to the answer."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_store(f"sqlite:///{folder}/tagger.db")) as store,
        Path(os.devnull).open("w", encoding="utf-8") as log,
    ):
        registry = Registry(models)
        app = build_app(Tagger(Serving(registry), store), registry)
        logs.configure(log)
        logs.watch(app)
        door = app.wsgi_app
        assert isinstance(door, Door)
        key = store.keys.create("benchmark", "cms")
        ways = {"flask_us": door.flask, "door_us": door}
        rows = [_row(name, ways, key, texts, n_rounds) for name in (SEEN, NEW, BRIEF)]
    return {"rows": rows, "n_rounds": n_rounds, "n_texts": len(texts)}


def _row(name: str, ways: dict[str, Any], key: str, texts: Sequence[dict[str, Any]], n_rounds: int) -> dict[str, Any]:
    numbers = itertools.count()
    least = dict.fromkeys(ways, float("inf"))
    for _ in range(n_rounds if name == SEEN else n_rounds // 4):
        for way, wsgi in ways.items():
            environs = list(_environs(name, key, texts, numbers))
            began = time.process_time()
            for environ in environs:
                answer = wsgi(environ, _check)
                b"".join(answer)
                answer.close()
            least[way] = min(least[way], 1e6 * (time.process_time() - began) / len(texts))
    return {"name": name, **least}


def _check(status: str, *_: Any) -> None:
    assert status == "200 OK", status


def _environs(name: str, key: str, texts: Sequence[dict[str, Any]], numbers: Iterator[int]) -> Iterator[dict[str, Any]]:
    """Yield requests of texts, of which new ones have a number that no other has."""
    for text in texts:
        title = text["title"] if name == SEEN else f"{text['title']} {next(numbers)}"
        sent = {**text, "title": title, **({"evidence": 0} if name == BRIEF else {})}
        headers = [("Authorization", f"Bearer {key}"), ("Accept", "application/json")]
        builder = EnvironBuilder(PATH, method="POST", json=sent, headers=headers)
        environ = builder.get_environ()
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read())
        yield environ


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())[:N_TEXTS])))
