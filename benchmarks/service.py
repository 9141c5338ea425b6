"""Requests a second and latency of the service, beside a no-op under the same server and Annif's REST service.

All servers stay up; the endpoints take turns in several rounds, and medians are told: the machine is noisy.
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.client import MARK
from benchmarks.environments import PEERS, python_of
from benchmarks.noop import PARSES
from benchmarks.processes import Failed, run, say
from benchmarks.servers import ONE_THREAD, Served, annif_served, noop_served, served
from benchmarks.synthetic import cut_to, saved, starter_articles, starter_model

N_TAGS = 220
N_ROUNDS = 5
SECONDS = 2.0
LOADS = ((1, True), (4, True), (8, True), (4, False))  # clients, and whether they keep their connections
TEXT_BYTES = 4096
N_TEXTS = 400
N_SEEN = 40  # texts that are sent again and again, for a row of its own
CLIENT = Path(__file__).parent / "client.py"
NOOP, ANNIF = "no-op Flask endpoint, parses the JSON", "Annif"
NOOP_READS = "no-op Flask endpoint, reads the body"
OURS, SEEN = f"article tagger, {N_TAGS} tags", f"article tagger, {N_TAGS} tags, texts seen before"
BRIEF = f"article tagger, {N_TAGS} tags, without evidence"
STARTER = "article tagger, starter"
Taken = dict[tuple[str, tuple[int, bool]], list[dict[str, float]]]  # by endpoint and load, a round each
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Endpoint:
    """Where to send which requests, the files of a folder."""

    name: str
    server: Served
    requests: Path


def measure(folder: Path, *, with_annif: bool, n_rounds: int = N_ROUNDS, seconds: float = SECONDS) -> dict[str, Any]:
    """Return the figures of every endpoint at every number of clients."""
    say("service: fitting the starter model")
    starter = starter_model()
    saved(starter, folder / "starter")
    saved(cut_to(starter, N_TAGS), folder / "cut")
    problems: dict[str, str] = {}
    with ExitStack() as servers:
        endpoints = _our_endpoints(servers, folder, len(starter.taxonomy.tags))
        if with_annif:
            try:
                endpoints.append(_annif_endpoint(servers, folder))
            except Failed as error:
                say(f"service: Annif: {error}")
                problems[ANNIF] = str(error)
        _check(endpoints[1], JSON, _has_evidence)
        rows = _rounds(endpoints, n_rounds, seconds)
    return {
        "in_process": in_process(folder),
        "rows": rows,
        "problems": problems,
        "n_rounds": n_rounds,
        "article_bytes": TEXT_BYTES,
        "n_texts": N_TEXTS,
    }


def _our_endpoints(servers: ExitStack, folder: Path, n_starter_tags: int) -> list[Endpoint]:
    payloads = [json.dumps({"title": title, "body": body}).encode() for title, body in _texts()]
    requests = _requests(folder / "ours.http", "/v1/suggest", JSON, payloads)
    seen = _requests(
        folder / "seen.http",
        "/v1/suggest",
        JSON,
        [payload.replace(MARK, b"7" * len(MARK)) for payload in payloads[:N_SEEN]],
    )
    say("service: starting the servers")
    parsed = _requests(folder / "parsed.http", PARSES, JSON, payloads)
    brief = _requests(folder / "brief.http", "/v1/suggest", JSON, [b'{"evidence": 0, ' + each[1:] for each in payloads])
    ours = servers.enter_context(served(folder / "cut", folder / "cut.db"))
    starter = servers.enter_context(served(folder / "starter", folder / "starter.db"))
    noop = servers.enter_context(noop_served(ours.process.cmdline(), folder / "noop.log"))
    return [
        Endpoint(NOOP, noop, parsed),
        Endpoint(OURS, ours, requests),
        Endpoint(SEEN, ours, seen),
        Endpoint(BRIEF, ours, brief),
        Endpoint(NOOP_READS, noop, requests),
        Endpoint(f"{STARTER} ({n_starter_tags} tags)", starter, requests),
    ]


def in_process(folder: Path) -> dict[str, Any]:
    """Return what a request costs without a server, with the model in the folder `cut`."""
    say("service: in process")
    texts = folder / "texts.json"
    texts.write_text(json.dumps([{"title": title, "body": body} for title, body in _texts()]))
    return run([sys.executable, "-m", "benchmarks.door", str(folder / "cut"), str(texts)], ONE_THREAD).figures


def _rounds(endpoints: Sequence[Endpoint], n_rounds: int, seconds: float) -> list[dict[str, Any]]:
    taken: Taken = {}
    for number in range(n_rounds):
        say(f"service: round {number + 1} of {n_rounds}")
        for load in LOADS:
            for endpoint in endpoints:
                taken.setdefault((endpoint.name, load), []).append(_measured(endpoint, *load, seconds))
    return [_row(taken, name, load) for name, load in taken]


def _measured(endpoint: Endpoint, n_clients: int, is_kept: bool, seconds: float) -> dict[str, float]:
    """Return the figures of the client, and the CPU time of the server for each request in microseconds."""
    command = [sys.executable, "-I", str(CLIENT), str(endpoint.server.port), str(n_clients), str(seconds)]
    before = endpoint.server.cpu_seconds()
    figures = run([*command, str(endpoint.requests), *([] if is_kept else ["--new-connections"])]).figures
    return {**figures, "cpu_us": 1e6 * (endpoint.server.cpu_seconds() - before) / figures["n_sent"]}


def _row(taken: Taken, name: str, load: tuple[int, bool]) -> dict[str, Any]:
    """Return the medians of an endpoint; what compares two of them is the median of comparisons within a round."""
    own, noop, ours = taken[name, load], taken[NOOP, load], taken[OURS, load]
    rate = "requests_per_second"
    return {
        "name": name,
        "clients": load[0],
        "keeps_connections": load[1],
        "cpu_ratio_to_noop": statistics.median(b["cpu_us"] / a["cpu_us"] for a, b in zip(own, noop, strict=True)),
        **{key: statistics.median(figures[key] for figures in own) for key in own[0]},
        "ratio_to_noop": statistics.median(a[rate] / b[rate] for a, b in zip(own, noop, strict=True)),
        "p50_above_noop_ms": statistics.median(a["p50_ms"] - b["p50_ms"] for a, b in zip(own, noop, strict=True)),
        "ours_to_this": statistics.median(b[rate] / a[rate] for a, b in zip(own, ours, strict=True)),
    }


def _annif_endpoint(servers: ExitStack, folder: Path) -> Endpoint:
    """Train Annif's tfidf on the starter articles with the same tags and serve it as its documentation does.

    Raises:
        Failed: if it cannot be installed, trained or started.
    """
    python = python_of("annif")
    tags = {tag["id"] for tag in json.loads(next((folder / "cut").glob("*/taxonomy.json")).read_text())["tags"]}
    workdir = folder / "annif"
    workdir.mkdir()
    train = workdir / "train.jsonl"
    with train.open("w", encoding="utf-8") as lines:
        for article in starter_articles():
            own = [tag for tag in article.tags or () if tag in tags]
            record = {"id": article.id, "title": article.title, "body": article.body, "tags": own}
            lines.write(json.dumps(record) + "\n" if own else "")
    say("service: training Annif")
    program = str(PEERS / "annif_project.py")
    run([python, program, str(train), str(train), str(workdir), "--step", "train", "--variant", "tfidf"])
    payloads = [urlencode({"text": f"{title}\n{body}", "limit": 10}).encode() for title, body in _texts()]
    requests = _requests(folder / "annif.http", "/v1/projects/bench/suggest", FORM, payloads)
    server = servers.enter_context(annif_served(python, workdir / "model", workdir / "annif.log"))
    endpoint = Endpoint(ANNIF, server, requests)
    _check(endpoint, FORM, lambda answer: answer["results"])
    return endpoint


# --- requests ---------------------------------------------------------------------------------------------------


def _texts() -> list[tuple[str, str]]:
    """Return texts of four kilobytes, title and body, out of the starter articles; the client numbers both anew."""
    articles = sorted(starter_articles(), key=lambda article: article.id)
    running = "\n\n".join(article.body for article in articles).encode()
    step = len(running) // N_TEXTS
    texts = []
    for number in range(N_TEXTS):
        title = f"{articles[number * len(articles) // N_TEXTS].title} {MARK.decode()}"
        start = number * step
        room = TEXT_BYTES - len(title.encode()) - len(MARK) - 1
        body = running[start : start + room].decode(errors="ignore")
        texts.append((title, f"{MARK.decode()} {body}"))
    return texts


def _requests(folder: Path, target: str, content_type: str, payloads: Sequence[bytes]) -> Path:
    folder.mkdir()
    head = f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\nAccept: application/json\r\n"
    for number, payload in enumerate(payloads):
        whole = f"{head}Content-Length: {len(payload)}\r\n\r\n".encode() + payload
        (folder / f"{number:03d}").write_bytes(whole)
    return folder


def _check(endpoint: Endpoint, content_type: str, holds: Callable[[dict[str, Any]], Any]) -> None:
    """Raise `Failed` unless most answers hold what they should: else something other than suggesting would be measured."""
    n = 0
    for file in sorted(endpoint.requests.iterdir()):
        head, _, payload = file.read_bytes().partition(b"\r\n\r\n")
        connection = http.client.HTTPConnection("127.0.0.1", endpoint.server.port, timeout=30)
        connection.request("POST", head.split()[1].decode(), payload, {"Content-Type": content_type})
        n += bool(holds(json.load(connection.getresponse())))
        connection.close()
    n_sent = len(list(endpoint.requests.iterdir()))
    if n < n_sent / 2:
        raise Failed(f"{endpoint.name}: only {n} of {n_sent} answers are as they should be")


def _has_evidence(answer: dict[str, Any]) -> bool:
    return any(one["evidence"] for one in answer["suggestions"])
