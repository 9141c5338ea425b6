"""The peers' own Python environments: two, because Annif pins other versions than LibMultiLabel can use."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from threading import Lock

from benchmarks.processes import ROOT, Failed, say

FOLDER = ROOT / ".venv-peers"
PEERS = Path(__file__).parent / "peers"
REQUIREMENTS = {"linear": PEERS / "requirements.txt", "annif": PEERS / "requirements-annif.txt"}
INSTALLING = Lock()  # systems that run at once may share an environment
OWN = "own"  # the environment that runs this


def python_of(name: str) -> str:
    """Return the Python of an environment, installed on first use.

    Raises:
        Failed: if it cannot be installed; with what the installer said.
    """
    with INSTALLING:
        python, problem = _found(name)
    if problem:
        raise Failed(problem)
    return python


@cache
def _found(name: str) -> tuple[str, str]:
    """Return the Python of an environment, or why there is none: tried once in a run."""
    if name == OWN:
        return sys.executable, ""
    try:
        return _installed(name), ""
    except Failed as error:
        return "", str(error)


def _installed(name: str) -> str:
    folder, requirements = FOLDER / name, REQUIREMENTS[name]
    python = str(folder / "bin" / "python")
    installed = folder / ".installed"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if not (installed.is_file() and installed.read_text() == digest):
        say(f"installing {requirements.name} into {folder.relative_to(ROOT)}")
        shutil.rmtree(folder, ignore_errors=True)
        _call([sys.executable, "-m", "venv", str(folder)])
        _call([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", str(requirements)])
        if name == "annif":
            say(f"sentence splitter of Annif: {_call([python, str(PEERS / 'annif_words.py')])}")
        installed.write_text(digest)
    return python


def _call(command: list[str]) -> str:
    """Run an installer and return the last line that it printed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise Failed(f"cannot be installed: {said[-1] if said else command}")
    printed = done.stdout.strip().splitlines()
    return printed[-1] if printed else ""
