"""`webhooks …`: what whoever runs the service does about programs that are told what happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from classifier.commands import main
from classifier.store.store import Store
from classifier.store.webhooks import KINDS
from tests.receiver import Got, answers, receiving
from tests.test_webhooks import decide, hours_pass

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command, and return its exit code and what it printed."""
    monkeypatch.setenv("TAGGER_DATABASE_URL", database_url)
    monkeypatch.setenv("TAGGER_WEBHOOK_HOSTS", "127.0.0.1,cms.example.org")

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["webhooks", *arguments])
        return code, *capsys.readouterr()

    return run


def as_json(run: Run, *arguments: str) -> Any:
    code, out, err = run(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_a_webhook_is_added_listed_paused_resumed_and_removed(run: Run) -> None:
    code, out, err = run("add", "https://cms.example.org/hook", "--kinds", "decision,taxonomy_changed", "--by", "ada")
    hook_id, secret = out.split()
    assert code == 0 and secret.startswith("whsec_") and "cannot be shown again" in err
    (listed,) = as_json(run, "list")["webhooks"]
    assert (listed["id"], listed["kinds"]) == (hook_id, ["decision", "taxonomy_changed"])
    assert (listed["state"], listed["by"]) == ("active", "ada")
    assert secret not in "".join(run("list")[1:])
    assert "https://cms.example.org/hook" in run("list")[1]
    assert run("pause", hook_id)[0] == 0
    assert as_json(run, "list")["webhooks"][0]["state"] == "paused"
    assert run("resume", hook_id)[0] == 0
    assert as_json(run, "list")["webhooks"][0]["state"] == "active"
    assert run("remove", hook_id)[0] == 0
    assert run("list")[1] == "no webhooks: nobody is told what happens\n"
    for command in ("pause", "resume", "remove", "test"):
        assert run(command, hook_id) == (1, "", f"error: There is no webhook '{hook_id}'.\n")


def test_without_kinds_a_webhook_is_told_everything(run: Run) -> None:
    assert as_json(run, "add", "https://cms.example.org/hook")["kinds"] == list(KINDS)


def test_a_host_that_is_not_listed_and_an_unknown_kind_are_refused(run: Run) -> None:
    code, out, err = run("add", "https://evil.example/hook")
    assert (code, out) == (1, "") and "evil.example" in err
    code, out, err = run("add", "https://cms.example.org/hook", "--kinds", "decisions")
    assert (code, out) == (1, "") and "'decisions'" in err and "suggestions_ready" in err


def test_a_test_message_is_sent_at_once_and_the_answer_told(run: Run) -> None:
    with receiving() as receiver:
        hook_id = as_json(run, "add", receiver.url)["id"]
        message_id = as_json(run, "test", hook_id)["message_id"]
        assert [(got.id, got.message["type"]) for got in receiver.got] == [(message_id, "test")]
        receiver.answer = answers(401)
        assert run("test", hook_id) == (1, "", "error: The test message was not taken: it answered 401.\n")


@pytest.mark.slow
def test_what_was_given_up_is_listed_sent_again_and_dropped(run: Run, store: Store) -> None:
    from classifier.operations.deliverer import Deliverer
    from tests.receiver import HERE

    def refuses(got: Got, connection: Any) -> None:
        answers(500)(got, connection)

    with receiving() as receiver:
        hook_id = as_json(run, "add", receiver.url, "--kinds", "decision")["id"]
        receiver.answer = refuses
        decide(store, "a", "iskp")
        decide(store, "b", "iskp")
        while len(as_json(run, "failed")["failed"]) < 2:
            Deliverer(store, HERE).work()
            hours_pass(store, 5)
        first, second = as_json(run, "failed", "--webhook", hook_id)["failed"]
        assert (first["article_id"], first["error"], first["kind"]) == ("a", "it answered 500", "decision")
        assert "it answered 500" in run("failed")[1]
        assert as_json(run, "failed", "--webhook", "other")["failed"] == []
        assert run("resend")[0] == 1 and run("resend", str(first["n"]), "--all")[0] == 1
        assert as_json(run, "resend", str(first["n"])) == {"n": 1}
        assert run("drop", str(second["n"]))[1] == "1 message will never be sent\n"
        assert run("failed")[1] == "no message was given up\n"
        receiver.answer = answers(200)
        receiver.got.clear()
        Deliverer(store, HERE).work()
        assert [message["data"]["article_id"] for message in receiver.messages] == ["a"]
