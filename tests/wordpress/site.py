"""A real WordPress on loopback in a folder of its own: Debian's files, MariaDB, PHP's own server."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.server import free_port

HERE = Path(__file__).parent
PLUGIN = ROOT / "integrations" / "wordpress" / "article-tagger"
WORDPRESS = Path(os.environ.get("TAGGER_TEST_WORDPRESS", "/usr/share/wordpress"))  # Debian's, or the folder of another
NEEDED = ("mariadbd", "mariadb", "mariadb-admin", "mariadb-dump", "mariadb-install-db", "php")
SECONDS = 60.0
PASSWORD = "only for the tests"
USERS = {"ana": "editor", "ben": "editor", "max": "author", "admin": "administrator"}

CONFIG = """<?php
define( 'DB_NAME', 'wp' );
define( 'DB_USER', 'wp' );
define( 'DB_PASSWORD', 'wp' );
define( 'DB_HOST', 'localhost:{socket}' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
define( 'WP_HOME', '{address}' );
define( 'WP_SITEURL', '{address}' );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );
define( 'WP_ACCESSIBLE_HOSTS', '127.0.0.1,localhost' );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
define( 'FS_METHOD', 'direct' );
define( 'WP_DEBUG', true );
define( 'WP_DEBUG_DISPLAY', false );
define( 'WP_DEBUG_LOG', '{log}' );
{keys}
$table_prefix = 'wp_';
if ( ! defined( 'ABSPATH' ) ) {{
	define( 'ABSPATH', __DIR__ . '/' );
}}
require_once ABSPATH . 'wp-settings.php';
"""
KEYS = (
    "AUTH_KEY",
    "SECURE_AUTH_KEY",
    "LOGGED_IN_KEY",
    "NONCE_KEY",
    "AUTH_SALT",
    "SECURE_AUTH_SALT",
    "LOGGED_IN_SALT",
    "NONCE_SALT",
)
INSTALL = """
wp_install( 'The Desk', 'admin', 'admin@desk.example', false, '', $given['password'], 'en_US' );
update_option( 'permalink_structure', '/%postname%/' );
update_option( 'show_avatars', 0 );
update_option( 'timezone_string', 'UTC' );
foreach ( $given['users'] as $login => $role ) {
	$id = username_exists( $login ) ?: wp_insert_user( array( 'user_login' => $login, 'user_pass' => $given['password'], 'user_email' => "$login@desk.example", 'role' => $role ) );
	update_user_meta( $id, 'wp_persisted_preferences', array( 'core/edit-post' => array( 'welcomeGuide' => false ), '_modified' => gmdate( 'c' ) ) );
}
foreach ( array( 1, 2, 3 ) as $id ) {
	wp_delete_post( $id, true );
}
"""


@dataclass(frozen=True)
class Site:
    """A WordPress that runs."""

    folder: Path
    port: int

    @property
    def address(self) -> str:
        """The address of its front page."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def root(self) -> Path:
        """Where WordPress is."""
        return self.folder / "site"

    @property
    def log(self) -> Path:
        """Where WordPress writes what PHP complains of."""
        return self.folder / "debug.log"

    def php(
        self, code: str, given: Mapping[str, Any] | None = None, *, installing: bool = False, uri: str = "/"
    ) -> Any:
        """Run PHP code inside the site and return what it returns; `given` is its array $given.

        Of a network it is the site whose address begins with `uri`.
        """
        config = {"host": f"127.0.0.1:{self.port}", "given": given or {}, "installing": installing, "uri": uri}
        command = ["php", str(HERE / "php.php"), str(self.root), json.dumps(config)]
        ran = subprocess.run(command, input=code, capture_output=True, text=True, timeout=SECONDS, check=False)
        _, mark, answer = ran.stdout.rpartition("\x1e")
        assert ran.returncode == 0 and mark, (
            f"PHP failed:\n{ran.stdout}\n{ran.stderr}\n{self.log.read_text() if self.log.exists() else ''}"
        )
        return json.loads(answer)

    def wp(self, *arguments: str, kill_after: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command of WP-CLI, of which there is a stand-in. It dies after so many additions of terms."""
        config = json.dumps({"host": f"127.0.0.1:{self.port}"})
        command = ["php", str(HERE / "wp_cli.php"), str(self.root), config, *arguments]
        environment = {**os.environ, "TESTS_KILL_AFTER": str(kill_after or "")}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)

    def sql(self, statement: str) -> list[list[str]]:
        """Run SQL and return the rows."""
        command = [*_client(self.folder), "-N", "-B", "wp", "-e", statement]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
        return [line.split("\t") for line in ran.stdout.splitlines()]

    def complaints(self) -> list[str]:
        """Return what PHP has complained of in the plugin, and forget it."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        self.log.unlink(missing_ok=True)
        return [
            line
            for line in text.splitlines()
            if re.search(r"plugins/article-tagger|Fatal|WordPress database error", line)
        ]

    def dump(self) -> None:
        """Keep the database as it is now. A request may store options while it is brought back: these are replaced."""
        command = ["mariadb-dump", *_client(self.folder)[1:], "--replace", "wp"]
        with (self.folder / "dump.sql").open("wb") as file:
            subprocess.run(command, stdout=file, timeout=SECONDS, check=True)

    def restore(self) -> None:
        """Bring the database back to where it was kept."""
        with (self.folder / "dump.sql").open("rb") as file:
            subprocess.run([*_client(self.folder), "wp"], stdin=file, timeout=SECONDS, check=True)


def missing() -> list[str]:
    """Return which of the commands and files that a site needs are not there."""
    found = [name for name in NEEDED if shutil.which(name) is None and not Path("/usr/sbin", name).exists()]
    return found + [str(path) for path in (WORDPRESS / "wp-load.php",) if not path.exists()]


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """Install a WordPress with the plugin (not activated) and serve it; all ends with the context."""
    assert not missing(), f"not installed: {', '.join(missing())} (as root: .ci/install)"
    site = Site(folder, free_port())
    folder.chmod(0o755)  # mysql must get to its files
    with _mariadb(folder):
        _copy(site)
        site.php(INSTALL, {"password": PASSWORD, "users": USERS}, installing=True)
        with _php_server(site):
            yield site


def _copy(site: Site) -> None:
    """Copy WordPress, with a configuration of its own, and the plugin."""
    shutil.copytree(WORDPRESS, site.root)  # follows links: Debian's has many
    content = site.root / "wp-content"
    keys = "\n".join(f"define( '{name}', '{os.urandom(24).hex()}' );" for name in KEYS)
    values = {"socket": site.folder / "run" / "m.sock", "address": site.address, "log": site.log, "keys": keys}
    (site.root / "wp-config.php").write_text(CONFIG.format(**values), encoding="utf-8")
    (content / "mu-plugins").mkdir(exist_ok=True)
    shutil.copy(HERE / "quiet.php", content / "mu-plugins")
    shutil.copytree(PLUGIN, content / "plugins" / PLUGIN.name)


def _client(folder: Path) -> list[str]:
    return ["mariadb", "--no-defaults", "-S", str(folder / "run" / "m.sock"), "-uroot"]


@contextmanager
def _mariadb(folder: Path) -> Iterator[None]:
    """Run a MariaDB with an empty database wp."""
    as_root = os.geteuid() == 0
    user = ["--user=mysql"] if as_root else []
    for name in ("db", "run"):
        (folder / name).mkdir()
        if as_root:
            owner = pwd.getpwnam("mysql")
            os.chown(folder / name, owner.pw_uid, owner.pw_gid)
    where = [f"--datadir={folder}/db"]
    install = [
        "mariadb-install-db",
        "--no-defaults",
        *user,
        *where,
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
    ]
    subprocess.run(install, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=SECONDS, check=True)
    fast = [
        "--skip-networking",
        "--skip-log-bin",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=64M",
    ]
    files = [f"--socket={folder}/run/m.sock", f"--pid-file={folder}/run/m.pid"]
    command = [shutil.which("mariadbd") or "/usr/sbin/mariadbd", "--no-defaults", *user, *where, *files, *fast]
    with (folder / "db.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(
            lambda: (
                subprocess.run(
                    ["mariadb-admin", *_client(folder)[1:], "ping"], capture_output=True, check=False
                ).returncode
                == 0
            )
        )
        make = "CREATE DATABASE wp CHARACTER SET utf8mb4; CREATE USER wp@localhost IDENTIFIED BY 'wp'; GRANT ALL ON wp.* TO wp@localhost"
        subprocess.run([*_client(folder), "-e", make], timeout=SECONDS, check=True)
        yield
    finally:
        process.terminate()
        process.wait(SECONDS)


@contextmanager
def _php_server(site: Site) -> Iterator[None]:
    """Serve the site by PHP's own server, several requests at a time."""
    command = [
        "php",
        "-d",
        "opcache.enable_cli=1",
        "-S",
        f"127.0.0.1:{site.port}",
        "-t",
        str(site.root),
        str(HERE / "router.php"),
    ]
    with (site.folder / "php.log").open("wb") as log:
        environment = {**os.environ, "PHP_CLI_SERVER_WORKERS": "5"}
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait(lambda: _answers(site.port))
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # its workers too: they outlive their parent
        process.wait(SECONDS)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait(is_there: Any) -> None:
    until = time.monotonic() + SECONDS
    while not is_there():
        assert time.monotonic() < until, "it did not start; see the logs beside it"
        time.sleep(0.05)
