"""Scripts and styles under addresses that name their version, so that browsers keep them and never mix two versions."""

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, send_from_directory

_YEAR_SECONDS = 365 * 24 * 3600


def install(app: Flask) -> None:
    """Serve the static files below `/static/v-VERSION/` too, where templates look for them: `url_for("versioned", …)`.

    A module imports others by relative addresses, so all modules of a page have its version. The files of another version
    are not found. Browsers keep a file for a year without asking again.
    """
    folder = Path(app.root_path) / "static"
    digest = hashlib.sha256()  # of the names and contents of all files
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes())
    current = digest.hexdigest()[:16]

    def versioned(version: str, filename: str) -> Response:
        if version != current:
            abort(404)
        response = send_from_directory(folder, filename, max_age=_YEAR_SECONDS)
        response.cache_control.immutable = True
        return response

    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "versioned":
            values["version"] = current

    app.add_url_rule("/static/v-<version>/<path:filename>", "versioned", versioned)
    app.url_defaults(add_version)
    app.jinja_env.globals["review_modules"] = sorted(path.name for path in folder.glob("review/*.js"))
