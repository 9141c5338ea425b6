// Decisions on their way: none is lost, none counts twice, none goes out under another name.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { accept, openBrowser, page, refusal, serve, unreachable } from "./browser.mjs";
import { Outbox } from "../../classifier/web/static/review/outbox.js";

let events;

/** Open the outbox of an editor, as a tab does. What it reports is collected. */
function openOutbox(editor = "ana") {
  return new Outbox(editor, {
    changed: () => {},
    arrived: (article, reply) => events.push(["arrived", article, reply.decisions[0].action]),
    refused: (entry) => events.push(["refused", entry.action, entry.tag]),
  });
}

const accepted = (tag, article = "a") => ({ action: "accept", article, tag, title: "Title", set: "s1" });
const keysOf = (requests) => requests.map((request) => request.headers["Idempotency-Key"]);
const isIdle = async (outbox) => { while (outbox.sending) await new Promise(setImmediate); };

/** Let the pause of an outbox pass. */
async function pass(outbox, milliseconds = 120_000) {
  mock.timers.tick(milliseconds);
  await isIdle(outbox);
}

beforeEach(() => {
  openBrowser();
  events = [];
  mock.timers.enable({ apis: ["setTimeout"] });
});

afterEach(() => mock.timers.reset());

test("decisions are sent in their order, each with a key of its own", async () => {
  const requests = serve(accept);
  const outbox = openOutbox();
  for (const tag of ["x", "y", "z"]) outbox.add(accepted(tag));
  await isIdle(outbox);
  assert.deepEqual(requests.map(({ body }) => body.decisions[0].tag), ["x", "y", "z"]);
  assert.equal(new Set(keysOf(requests)).size, 3);
  assert.deepEqual(outbox.entries(), []);
  assert.deepEqual(events.map(([event]) => event), ["arrived", "arrived", "arrived"]);
});

test("the body names the suggestions, the reason and the note", async () => {
  const requests = serve(accept);
  const outbox = openOutbox();
  outbox.add({ ...accepted("x"), action: "reject", reason: "wrong", note: "see the lead" });
  outbox.add({ action: "complete", article: "a/b", set: "s1" });
  await isIdle(outbox);
  assert.deepEqual(requests.map(({ path, body }) => [path, body]), [
    ["/v1/articles/a/decisions", { suggestion_set_id: "s1", complete: false, decisions: [{ tag: "x", reason: "wrong", note: "see the lead", action: "reject" }] }],
    ["/v1/articles/a%2Fb/decisions", { suggestion_set_id: "s1", complete: true, decisions: [] }],
  ]);
});

test("a decision whose answer is lost is sent again under the same key, before those that follow", async () => {
  const requests = serve(unreachable, accept);
  const outbox = openOutbox();
  outbox.add(accepted("x"));
  outbox.add(accepted("y"));
  await isIdle(outbox);
  assert.equal(outbox.nFailures, 1);
  assert.equal(outbox.entries().length, 2);
  await pass(outbox);
  const [first, again, second] = keysOf(requests);
  assert.equal(first, again);
  assert.notEqual(first, second);
  assert.deepEqual(outbox.entries(), []);
  assert.equal(outbox.nFailures, 0);
});

test("the pause grows with each failure, up to a minute and a quarter", async () => {
  const requests = serve(unreachable);
  const outbox = openOutbox();
  outbox.add(accepted("x"));
  await isIdle(outbox);
  await pass(outbox, 749);
  assert.equal(requests.length, 1); // 0.75 s at least
  await pass(outbox, 501);
  assert.equal(requests.length, 2); // 1.25 s at most
  for (let n = 0; n < 10; n += 1) await pass(outbox, 75_000);
  assert.equal(requests.length, 12);
});

for (const status of [408, 409, 425, 429, 500, 502, 503]) {
  test(`a decision that is answered ${status} waits`, async () => {
    serve(() => refusal(status), accept);
    const outbox = openOutbox();
    outbox.add(accepted("x"));
    await isIdle(outbox);
    assert.equal(outbox.entries().length, 1);
    await pass(outbox);
    assert.deepEqual(events, [["arrived", "a", "accept"]]);
  });
}

test("a refused decision is told, kept to be shown, and does not hold up others", async () => {
  serve(() => refusal(422), accept);
  const outbox = openOutbox();
  outbox.add(accepted("x"));
  outbox.add(accepted("y"));
  await isIdle(outbox);
  assert.deepEqual(events, [["refused", "accept", "x"], ["arrived", "a", "accept"]]);
  const [[name, entry]] = outbox.refusals();
  assert.ok(name.startsWith("tagger.refused.ana."));
  assert.equal(entry.detail, "refused with 422");
});

test("a decision that the server fails on again and again counts as refused", async () => {
  const requests = serve(() => refusal(500));
  const outbox = openOutbox();
  outbox.add(accepted("x"));
  await isIdle(outbox);
  for (let n = 0; n < 10; n += 1) await pass(outbox);
  assert.equal(requests.length, 6);
  assert.deepEqual(events, [["refused", "accept", "x"]]);
});

test("an ended session is renewed once, and the decision sent with the new token", async () => {
  const requests = serve(() => refusal(403), () => page("ana"), accept);
  const outbox = openOutbox();
  outbox.add(accepted("x"));
  await isIdle(outbox);
  assert.equal(requests[2].headers["X-CSRF-Token"], "token of ana");
  assert.deepEqual(events, [["arrived", "a", "accept"]]);
});

test("a decision that is refused with a fresh token, too, is told", async () => {
  serve(() => refusal(403), () => page("ana"), () => refusal(403), () => page("ana"));
  const outbox = openOutbox();
  outbox.add(accepted("x"));
  await isIdle(outbox);
  assert.deepEqual(events, [["refused", "accept", "x"]]);
});

for (const [editor, message] of [["ben", /^ben is signed in/], ["", /^Your session is over/]]) {
  test(`nothing is sent while ${editor || "nobody"} is signed in`, async () => {
    serve(() => refusal(401), () => page(editor), accept);
    const outbox = openOutbox();
    outbox.add(accepted("x"));
    await isIdle(outbox);
    assert.match(outbox.blocked, message);
    await pass(outbox);
    assert.equal(outbox.entries().length, 1);
    assert.deepEqual(events, []);
  });
}

test("what waits is found again by another page of the editor, and by no other editor", async () => {
  serve(unreachable);
  const outbox = openOutbox();
  outbox.add(accepted("x"));
  outbox.add(accepted("y"));
  await isIdle(outbox);
  assert.deepEqual(openOutbox().rows("a").map((row) => row.tag), ["x", "y"]);
  assert.deepEqual(openOutbox("ben").entries(), []);
});

test("order is kept although the clock goes back", async () => {
  serve(unreachable);
  const outbox = openOutbox();
  const now = mock.method(Date, "now", () => 2000);
  outbox.add(accepted("x"));
  now.mock.mockImplementation(() => 1000);
  outbox.add(accepted("y"));
  openOutbox().add(accepted("z"));
  now.mock.restore();
  await isIdle(outbox);
  assert.deepEqual(outbox.entries().map((entry) => entry.tag), ["x", "y", "z"]);
});

test("only one tab sends at a time, and a claim that was left behind expires", async () => {
  const requests = serve(accept);
  localStorage.setItem("tagger.claim.ana", JSON.stringify({ id: "other tab", at: Date.now() }));
  const outbox = openOutbox();
  outbox.add(accepted("x"));
  await isIdle(outbox);
  assert.equal(requests.length, 0);
  localStorage.setItem("tagger.claim.ana", JSON.stringify({ id: "other tab", at: Date.now() - 60_000 }));
  await pass(outbox);
  assert.equal(requests.length, 1);
  assert.equal(localStorage.getItem("tagger.claim.ana"), null);
});

test("where the browser has locks, a lock is held while sending", async () => {
  const names = [];
  navigator.locks = { request: (name, work) => { names.push(name); return work(); } };
  serve(accept);
  const outbox = openOutbox();
  outbox.add(accepted("x"));
  await isIdle(outbox);
  assert.deepEqual(names, ["tagger-outbox-ana"]);
});

test("an undo names the decision as the server does", async () => {
  const requests = serve(accept);
  const outbox = openOutbox();
  const key = outbox.add(accepted("x"));
  await isIdle(outbox);
  outbox.add({ action: "undo", article: "a", undoes: key, tag: "x" });
  await isIdle(outbox);
  assert.deepEqual(requests[1].body.decisions, [{ decision_id: outbox.decisionId(key), action: "undo" }]);
});

test("the undo of a decision that was refused is not sent", async () => {
  const requests = serve(() => refusal(422), accept);
  const outbox = openOutbox();
  const key = outbox.add(accepted("x"));
  outbox.add({ action: "undo", article: "a", undoes: key, tag: "x" });
  await isIdle(outbox);
  assert.equal(requests.length, 1);
  assert.deepEqual(outbox.entries(), []);
});

test("what waits is shown as rows of the log, under the server's ids once it has arrived", async () => {
  serve(unreachable, accept, unreachable);
  const outbox = openOutbox();
  const key = outbox.add(accepted("x"));
  await isIdle(outbox);
  const [{ id, action, tag, editor, undoes }] = outbox.rows("a");
  assert.deepEqual({ id, action, tag, editor, undoes }, { id: `local:${key}`, action: "accept", tag: "x", editor: "ana", undoes: null });
  assert.deepEqual(outbox.rows("b"), []);
  outbox.add({ action: "undo", article: "a", undoes: key, tag: "x", before: { row: null, own: { id: `local:${key}` } } });
  assert.equal(outbox.rows("a")[1].undoes, `local:${key}`);
  await pass(outbox);
  const [undo] = outbox.rows("a");
  assert.equal(undo.undoes, outbox.decisionId(key));
  assert.equal(undo.before.own.id, outbox.decisionId(key));
});

test("entries of an earlier version of the page are sent", async () => {
  const requests = serve(accept);
  const entry = { action: "undo", article: "a", title: "Title", undoes: "k1", tag: "x", decision_id: "d9", key: "k2", at: "2026-01-01T00:00:00Z" };
  localStorage.setItem("tagger.outbox.ana.001760000000000-k2", JSON.stringify(entry));
  const outbox = openOutbox();
  await outbox.send();
  assert.equal(requests[0].headers["Idempotency-Key"], "k2");
  assert.deepEqual(requests[0].body.decisions, [{ decision_id: "d9", action: "undo" }]);
});

test("old answers are forgotten, the newest are kept for undos", () => {
  for (let n = 0; n < 520; n += 1) localStorage.setItem(`tagger.result.ana.k${n}`, JSON.stringify({ at: n, rows: [{ id: `d${n}`, action: "accept" }] }));
  const outbox = openOutbox();
  outbox.tidy();
  assert.equal(outbox.decisionId("k19"), undefined);
  assert.equal(outbox.decisionId("k20"), "d20");
});

test("decisions are sent although the browser stores nothing", async () => {
  openBrowser({ full: true });
  serve(unreachable, accept);
  const outbox = openOutbox();
  outbox.add(accepted("x"));
  await isIdle(outbox);
  assert.equal(outbox.entries().length, 1);
  await pass(outbox);
  assert.deepEqual(outbox.entries(), []);
  assert.deepEqual(events, [["arrived", "a", "accept"]]);
});
