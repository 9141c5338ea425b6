"""A fuzzer of articles: `python -m tests.fuzz MODEL CORPUS --seconds 600`, in .venv-fuzz (`make test-hard`).

Atheris changes texts and HTML towards code that no text has reached yet. Each is read, judged and explained, and what is
promised of slices must hold; now and then the time for a text that is repeated must grow with it and no faster. What reached
new code stays in CORPUS; a text that broke something is written beside it as `broken-…`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["classifier"]):
    from classifier.model.files import load_model
    from tests.fuzzing import MAX_BYTES, PIECES, check, seeds


def _dictionary() -> str:
    """Return the pieces as libFuzzer reads them."""
    return "\n".join('"' + "".join(f"\\x{byte:02x}" for byte in piece.encode()) + '"' for piece in PIECES)


def main(arguments: list[str]) -> None:
    """Fuzz for some seconds; libFuzzer ends the process, with exit code 0 if nothing broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("model", type=Path, help="the folder of a model version")
    parser.add_argument("corpus", type=Path, help="a folder that is made, and may be used again")
    parser.add_argument("--seconds", type=int, default=600)
    options = parser.parse_args(arguments)
    options.corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (options.corpus / f"seed-{number}").write_bytes(seed)
    dictionary = options.corpus.parent / "pieces.dict"
    dictionary.write_text(_dictionary(), encoding="ascii")
    model = load_model(options.model)
    settings = [
        f"-dict={dictionary}",
        f"-artifact_prefix={options.corpus.parent}/broken-",
        f"-max_total_time={options.seconds}",
        f"-max_len={MAX_BYTES}",
        "-timeout=120",
        "-rss_limit_mb=4096",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], str(options.corpus), *settings], lambda data: check(model, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
