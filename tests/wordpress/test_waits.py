"""Nobody waits: a save takes as long as without the plugin, and what an editor saves is answered during a bulk run."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable

import pytest

from benchmarks.wordpress import AGAIN, SILENT, STOPPED, WITHOUT, Editor, in_state
from tests.wordpress.desk import BODY, TITLE, Desk

pytestmark = pytest.mark.wordpress
N_BULK, N_EDITS = 500, 9
N_ROUNDS, N_SAVES = 2, 4
STATES = (WITHOUT, AGAIN, STOPPED, SILENT)
REQUEST = 5_000.0  # ms: how long the plugin waits for an answer to a request
SUGGEST_ALL = """
    define( 'WP_IMPORTING', true ); // as posts that are there already
    for ( $n = 0; $n < $given['n']; $n++ ) {
        $posts[] = wp_insert_post( wp_slash( array( 'post_title' => "$given[title], $n", 'post_content' => $given['body'], 'post_status' => 'draft' ) ) );
    }
    foreach ( $posts as $post ) { ( new Article_Tagger\\Outbox() )->mark( $post, true ); }
"""


def test_editors_get_suggestions_during_a_bulk_run(desk: Desk, say: Callable[[str], None]) -> None:
    desk.site.php(SUGGEST_ALL, {"n": N_BULK, "title": TITLE, "body": BODY})
    assert desk.waits() == N_BULK
    took = []
    for number in range(N_EDITS):
        post = desk.post(title=f"{TITLE}, number {number} of an editor")
        began = time.monotonic()
        kept = f"SELECT COUNT(*) FROM wp_postmeta WHERE post_id = {post} AND meta_key = '_article_tagger_answer'"
        desk.until(lambda kept=kept: desk.site.sql(kept) != [["0"]])
        took.append(time.monotonic() - began)
        assert desk.waits() > 0, "the bulk run was over"
    assert "iskp" in desk.suggested(post)
    middle = statistics.median(took)
    say(
        f"suggestions for an editor during a bulk run of {N_BULK} posts: median {middle:.1f} s, longest {max(took):.1f} s"
    )
    assert middle < 20  # 5 seconds where nothing else computes


def test_saving_takes_no_longer_while_the_service_is_stopped_or_hangs(desk: Desk, say: Callable[[str], None]) -> None:
    post, editor, draws = desk.post(), Editor(desk.site), random.Random(1)
    took: dict[str, list[float]] = {state: [] for state in STATES}
    desk.service.stop()
    for _ in range(N_ROUNDS):
        for state in draws.sample(STATES, len(STATES)):
            with in_state(state, desk):
                editor.save(post, 0)  # warms up
                took[state] += [editor.save(post, draws.randrange(10**9)) for _ in range(N_SAVES)]
    medians = {state: statistics.median(times) for state, times in took.items()}
    without = statistics.median(took[WITHOUT] + took[AGAIN])
    say("saving a post: " + ", ".join(f"{state} {middle:.0f} ms" for state, middle in medians.items()))
    for state in (STOPPED, SILENT):
        assert medians[state] < 3 * without  # where something else computes; `make bench` measures closely
        assert max(took[state]) < max(took[WITHOUT] + took[AGAIN]) + REQUEST / 2
