"""The smoke test in the newest WordPress that npm offers: python -m tests.wordpress.newest. The package has 158 MB and is kept in var/.

These builds lack what a smoke test does not need (uploads, most translations). Where npm cannot be reached, nothing is tested, and that is said.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from tests.conftest import ROOT

PACKAGE = "@wp-playground/wordpress-builds"
KEPT = ROOT / "var" / "wordpress"
SECONDS = 900


class Unreachable(Exception):
    """npm is not there, or does not answer."""


def npm(*arguments: str, folder: Path | None = None) -> str:
    """Return what npm prints, or raise `Unreachable`."""
    try:
        command = ["npm", *arguments]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise Unreachable(said[0] if said else "it does not answer") from None
    return ran.stdout


def fetched() -> Path:
    """Return the folder of the newest WordPress, fetched if it is not there."""
    version = json.loads(npm("view", PACKAGE, "version", "--json", "--fetch-retries=1"))
    folder = KEPT / version
    if not folder.exists():
        part = KEPT / f"{version}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        name = npm("pack", "--silent", f"{PACKAGE}@{version}", folder=part).strip()
        with tarfile.open(part / name) as packed:
            unpack(packed, part / "site")
        (part / "site").rename(folder)
        shutil.rmtree(part)
    return folder


def unpack(packed: tarfile.TarFile, folder: Path) -> None:
    """Write the newest WordPress of the package to a folder, so that it can be served."""
    members = {member.name: member for member in packed.getmembers()}

    def read(name: str) -> bytes:
        file = packed.extractfile(members[f"package/{name}"])
        assert file is not None, name
        return file.read()

    versions: dict[str, str] = json.loads(read("src/wordpress/wp-versions.json"))
    newest = max(versions, key=lambda name: release(versions[name]))
    with zipfile.ZipFile(io.BytesIO(read(f"src/wordpress/wp-{newest}.zip"))) as site:
        site.extractall(folder)
    styles = f"package/public/wp-{newest}/"  # and scripts
    for name, member in members.items():
        if name.startswith(styles) and member.isfile():
            path = folder / name.removeprefix(styles)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(read(name.removeprefix("package/")))
    shutil.rmtree(folder / "wp-content" / "database")  # of SQLite, for a browser


def release(name: str) -> tuple[int, ...]:
    """Return the numbers of a version such as 6.6-RC3, for comparison; a nightly build is newer than all."""
    return tuple(int(part) for part in name.split("-", maxsplit=1)[0].split(".")) if name[0].isdigit() else (10**6,)


def version_of(folder: Path) -> str:
    """Return the version of a WordPress."""
    text = (folder / "wp-includes" / "version.php").read_text(encoding="utf-8")
    return text.partition("$wp_version = '")[2].partition("'")[0]


def main() -> int:
    """Fetch the newest WordPress and run the smoke test in it."""
    try:
        folder = fetched()
    except Unreachable as error:
        sys.stdout.write(f"SKIPPED: the smoke test in the newest WordPress: npm cannot be reached: {error}\n")
        return 0
    sys.stdout.write(f"The newest WordPress that npm offers: {version_of(folder)}\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "pytest", "--no-cov", "-m", "wordpress", "tests/wordpress/test_smoke.py"]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, "TAGGER_TEST_WORDPRESS": str(folder)}, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
