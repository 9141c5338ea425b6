"""Measure quality, cost and speed beside peers, all in one run: `python -m benchmarks.run`.

Prints Markdown tables. Times are of this machine and noisy; the ratios within a run are what to read. The peers live in
`.venv-peers`, installed on first use; one that is missing has a row that says why. The JSON has the keys `machine`,
`corpora` (by name: `systems`, `rates`, `train_counts`, …), `service`, `loading`, `taxonomy`, `wordpress` and `scale`, each only if it was measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import loading, quality, scale, service, tables, taxonomy
from benchmarks.corpora import Corpus, find_corpora
from benchmarks.processes import ROOT, Failed, say
from benchmarks.systems import PEER_SYSTEMS, chosen, our_systems

DATA = Path(os.environ.get("TAGGER_EVAL_DATA", ROOT.parent / "shared" / "data"))
PARTS = ("quality", "service", "loading", "taxonomy", "wordpress", "scale")
DEFAULT_PARTS = ("quality", "service", "loading", "taxonomy", "wordpress")  # scale takes long: only by name
LIBRARIES = ("numpy", "scipy", "scikit-learn", "flask", "gunicorn")


def main() -> None:
    """Run the parts that are asked for and print their tables."""
    options = _parser().parse_args()
    parts = options.only or DEFAULT_PARTS
    corpora = find_corpora([DATA, *options.data], options.corpora)
    if not corpora and "quality" in parts:
        sys.exit(f"no corpora in {DATA}; each is a folder with train.jsonl.gz and test.jsonl.gz (--data DIR)")
    figures: dict[str, Any] = {"machine": machine()}
    for part in parts:
        with tempfile.TemporaryDirectory() as folder:
            _measure(part, figures, corpora, Path(folder), options)
        _write(figures, options.json, options.output)
    print(markdown(figures))
    if options.plots:
        from benchmarks.plots import draw

        for path in draw(figures, options.plots):
            say(f"drawn: {path}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        default=[],
        metavar="DIR",
        help=f"further corpora, or folders of them, beside {DATA}",
    )
    parser.add_argument("--corpora", nargs="+", metavar="NAME", help="only these corpora")
    peers = ", ".join(peer.key for peer in PEER_SYSTEMS)
    parser.add_argument("--peers", nargs="*", metavar="NAME", help=f"only peers that begin so, or none; of {peers}")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="only these parts (all but scale)")
    parser.add_argument("--scale-articles", type=int, default=scale.N_ARTICLES, metavar="N", help="(%(default)s)")
    parser.add_argument("--rounds", type=int, default=service.N_ROUNDS, help="of the service (%(default)s)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="also write the tables to this file")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to this file")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="draw PNG files into this folder")
    return parser


def machine() -> dict[str, Any]:
    """Return what was measured on, and with."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "libraries": {name: version(name) for name in LIBRARIES},
        "date": time.strftime("%Y-%m-%d"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")


def _measure(
    part: str, figures: dict[str, Any], corpora: Sequence[Corpus], folder: Path, options: argparse.Namespace
) -> None:
    """Add the figures of a part; one that fails says why and does not stop the others."""
    try:
        if part == "quality":
            figures["corpora"] = {}
            for corpus in corpora:
                systems = chosen(options.peers)
                figures["corpora"][corpus.name] = quality.measure(corpus, systems, folder / corpus.name)
        elif part == "service":
            with_annif = any(system.key.startswith("annif") for system in chosen(options.peers))
            figures["service"] = service.measure(folder, with_annif=with_annif, n_rounds=options.rounds)
        elif part == "loading":
            figures["loading"] = loading.measure(folder)
        elif part == "taxonomy":
            figures["taxonomy"] = taxonomy.measure(folder)
        elif part == "wordpress":
            from benchmarks import wordpress

            figures["wordpress"] = wordpress.measure(folder)
        else:
            with_fast = len(our_systems()) > 1
            figures["scale"] = scale.measure(corpora, folder, options.scale_articles, with_fast=with_fast)
    except Failed as error:
        say(f"{part}: {error}")
        figures.setdefault("problems", {})[part] = str(error)


def markdown(figures: dict[str, Any]) -> str:
    """Return all tables."""
    found = [machine_line(figures)]
    for corpus in figures.get("corpora", {}).values():
        found += tables.quality_tables(corpus)
    if "service" in figures:
        found.append(tables.service_table(figures["service"]))
    if "loading" in figures:
        found.append(tables.loading_table(figures["loading"]))
    if "taxonomy" in figures:
        found.append(tables.taxonomy_table(figures["taxonomy"]))
    if "wordpress" in figures:
        from benchmarks.wordpress import wordpress_table

        found.append(wordpress_table(figures["wordpress"]))
    if "scale" in figures:
        found.append(tables.scale_table(figures["scale"]))
    found += [f"Not measured: {part}: {problem}" for part, problem in figures.get("problems", {}).items()]
    return "\n\n".join(found)


def machine_line(figures: dict[str, Any]) -> str:
    """Return what the figures were measured on, and with which versions."""
    on = figures["machine"]
    systems = [row for corpus in figures.get("corpora", {}).values() for row in corpus["systems"]]
    peers = {
        name: number for row in systems for name, number in row.get("versions", {}).items() if name not in LIBRARIES
    }
    libraries = ", ".join(f"{name} {number}" for name, number in (on["libraries"] | peers).items())
    return (
        f"{on['cores']} cores ({on['processor']}), {on['memory_gb']} GB, {on['system']}, Python {on['python']}, {libraries}, "
        f"{on['date']}"
    )


def _write(figures: dict[str, Any], json_file: Path | None, output: Path | None) -> None:
    """Write what there is so far: a long run that breaks leaves its figures."""
    if json_file:
        json_file.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if output:
        output.write_text(markdown(figures) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
