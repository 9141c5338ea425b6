"""A desk at work: its WordPress, the service beside it, and what the tests ask of both."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import server
from tests.wordpress.site import Site

SECONDS = 60.0
ONE_WORKER = ("--workers", "1", "--threads", "8")
TITLE = "ISKP bombs mosque in Kabul, Taliban say"
TEXT = (
    "ISKP claimed the bombing of a mosque in Kabul on Friday. The Taliban said that they would hunt ISKP in Afghanistan, "
    "and named two of its commanders. Nineteen people were killed when a man blew himself up among the worshippers shortly "
    "after noon, a doctor at the city's largest hospital said. Many of those who were brought in were children. The group "
    "called it revenge for a raid last week, in which three of its members were arrested in a house in the west of the "
    "capital. Shops near the mosque stayed closed for the rest of the day, and guards searched every car on the road."
)
BODY = f"<!-- wp:paragraph -->\n<p>{TEXT}</p>\n<!-- /wp:paragraph -->"


class Service:
    """The service, which can be stopped and started again at the same address."""

    def __init__(
        self,
        models: Path,
        url: str,
        cms_key: str,
        admin_key: str,
        other_key: str = "",
        editor_key: str = "",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.models, self.url = models, url
        self.cms_key, self.admin_key, self.other_key, self.editor_key = cms_key, admin_key, other_key, editor_key
        self.settings, self.port = settings, server.free_port()
        self.running: server.Server | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        if self.running is None:
            self.running = server.start(self.models, self.url, *ONE_WORKER, port=self.port, settings=self.settings)

    def stop(self) -> None:
        if self.running is not None:
            server.stop(self.running)
            self.running = None

    def ask(self, method: str, path: str, sent: Any = None, key: str | None = None) -> Any:
        """Return the answer to whoever has a key; without one to an administrator."""
        assert self.running is not None, "the service is stopped"
        status, answer = self.running.ask(method, path, sent, {"Authorization": f"Bearer {key or self.admin_key}"})
        assert status < 300, answer
        return answer


@dataclass(frozen=True)
class Desk:
    """A WordPress that is connected to a service."""

    site: Site
    service: Service
    prefix: str

    # --- what an administrator does ---

    def set(self, **settings: Any) -> None:
        """Change settings."""
        self.site.php(
            "update_option( 'article_tagger', array_merge( get_option( 'article_tagger', array() ), $given ) );",
            settings,
        )

    # --- what happens to posts ---

    def post(self, title: str = TITLE, body: str = BODY, **fields: Any) -> int:
        """Save a new post, as a program inside WordPress does."""
        given = {"post_title": title, "post_content": body, "post_status": "draft", **fields}
        return int(self.site.php("return wp_insert_post( wp_slash( $given ), true );", given))

    def save(self, post: int, **fields: Any) -> None:
        """Save a post again."""
        self.site.php("wp_update_post( wp_slash( $given ), true );", {"ID": post, **fields})

    def give(self, post: int, *names: str, taxonomy: str = "post_tag") -> None:
        """Set a post's terms by hand, as the form of an editor does: these and no others."""
        given = {"post": post, "names": names, "taxonomy": taxonomy}
        self.site.php("wp_set_post_terms( $given['post'], $given['names'], $given['taxonomy'] );", given)

    def terms(self, post: int, taxonomy: str = "post_tag") -> set[str]:
        """Return the names of a post's terms."""
        code = "return wp_get_object_terms( $given['post'], $given['taxonomy'], array( 'fields' => 'names' ) );"
        return set(self.site.php(code, {"post": post, "taxonomy": taxonomy}))

    def n_terms(self, taxonomy: str = "post_tag") -> int:
        """Return how many terms there are."""
        return int(self.site.sql(f"SELECT COUNT(*) FROM wp_term_taxonomy WHERE taxonomy = '{taxonomy}'")[0][0])

    # --- what the plugin has ---

    def answer(self, post: int) -> dict[str, Any]:
        """Return the answer that is kept of a post."""
        return dict(
            self.site.php(
                "return get_post_meta( $given['post'], '_article_tagger_answer', true ) ?: array();", {"post": post}
            )
        )

    def suggested(self, post: int) -> list[str]:
        """Return the tags of the answer that is kept."""
        return [one["id"] for one in self.answer(post).get("suggestions", [])]

    def waits(self) -> int:
        """Return how many posts and decisions wait to be sent."""
        names = "'_article_tagger_unsent', '_article_tagger_decision'"
        return int(self.site.sql(f"SELECT COUNT(*) FROM wp_postmeta WHERE meta_key IN ({names})")[0][0])

    def deletions(self) -> int:
        """Return how many articles wait to be deleted."""
        return int(
            self.site.sql("SELECT COUNT(*) FROM wp_options WHERE option_name LIKE 'article\\_tagger\\_gone\\_%'")[0][0]
        )

    # --- the service ---

    def log(self, post: int) -> list[tuple[str, str, str | None, str]]:
        """Return what the service has logged of a post: tag, action, reason, editor."""
        rows = self.service.ask("GET", f"/v1/articles/{self.prefix}{post}/decisions")["decisions"]
        return [(row["tag"], row["action"], row["reason"], row["editor"]) for row in rows]

    def article(self, post: int) -> dict[str, Any]:
        """Return a post as the service has it."""
        return dict(self.service.ask("GET", f"/v1/articles/{self.prefix}{post}"))

    def pause(self) -> dict[str, Any]:
        """Return what the plugin knows of the service being away; empty if it is there."""
        return dict(self.site.php("return get_option( 'article_tagger_pause' ) ?: array();"))

    # --- time ---

    def view(self) -> None:
        """View the front page as any reader does: what is scheduled runs behind it."""
        with urllib.request.urlopen(f"{self.site.address}/", timeout=SECONDS) as answer:
            answer.read()

    def until(self, is_so: Callable[[], Any], seconds: float = SECONDS, *, move_clock: bool = True) -> Any:
        """View the front page again and again until something is so.

        WordPress loses an event where two processes change its schedule at once; the sweep of the next minute makes up for
        it, and the clock is moved there after ten seconds.
        """
        began = time.monotonic()
        while not (found := is_so()):
            gone = time.monotonic() - began
            assert gone < seconds, "it did not come to pass"
            if move_clock and gone > 10:
                move_clock = False
                self.later(60)
            self.view()
            time.sleep(0.2)
        return found

    def settled(self) -> None:
        """Wait until nothing waits any more."""
        self.until(lambda: self.waits() == 0)

    def stop_scheduler(self) -> None:
        """Have WordPress begin no scheduled events for five minutes; `later` ends this."""
        self.site.php("set_transient( 'doing_cron', sprintf( '%.22F', microtime( true ) + 300 ) );")

    def later(self, seconds: int) -> None:
        """Let time pass: all that waits for a time waits so much less."""
        code = """
            $by = $given['seconds'];
            foreach ( _get_cron_array() as $at => $events ) {
                if ( is_int( $at ) ) { $moved[ $at - $by ] = $events; }
            }
            _set_cron_array( $moved );
            delete_transient( 'doing_cron' );
            $pause = get_option( 'article_tagger_pause' );
            if ( $pause ) { update_option( 'article_tagger_pause', array_merge( $pause, array( 'until' => $pause['until'] - $by ) ) ); }
            global $wpdb;
            $wpdb->query( "UPDATE $wpdb->postmeta SET meta_value = meta_value - $by WHERE meta_key = '_article_tagger_due'" );
            $held = $wpdb->get_results( "SELECT meta_id, meta_value FROM $wpdb->postmeta WHERE meta_key = '_article_tagger_decision'" );
            foreach ( $held as $row ) {
                $value = maybe_unserialize( $row->meta_value );
                if ( isset( $value['unsaved']['until'] ) ) {
                    $value['unsaved']['until'] -= $by;
                    update_metadata_by_mid( 'post', (int) $row->meta_id, wp_slash( $value ) );
                }
            }
        """
        self.site.php(code, {"seconds": seconds})


@contextmanager
def in_its_place(service: Service, answer: Callable[[socket.socket], None]) -> Iterator[None]:
    """Stop the service, and answer each connection to its address otherwise."""
    service.stop()
    listener = socket.create_server(("127.0.0.1", service.port))
    stopped = threading.Event()

    def accept() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_answered, args=(connection, answer), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(SECONDS)


def _answered(connection: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    with connection, suppress(OSError):  # whoever asked may have gone
        answer(connection)


def answering(status: str, body: Any = None, *headers: str, seconds: float = 0) -> Callable[[socket.socket], None]:
    """Answer every request so, after a while."""
    text = (body if isinstance(body, str) else json.dumps(body)).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(text)}", "Connection: close", *headers, "", ""]

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        time.sleep(seconds)
        connection.sendall("\r\n".join(lines).encode() + text)

    return answer
