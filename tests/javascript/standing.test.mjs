// What waits in the outbox, laid over the server's answer. The table of cases is read by tests/test_standing_cases.py too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { NOTHING, isRepeated, nextOpen, stateBefore, withWaiting } from "../../classifier/web/static/review/standing.js";

const { cases } = JSON.parse(readFileSync(new URL("../data/standing.json", import.meta.url)));
const rowOf = ([id, editor, action, tag, undoes = null, before]) => ({ id, editor, action, tag, undoes, before });

/** Return the server's answer, whose decisions the table has by their ids. */
function answerOf({ standing, log }) {
  const rows = new Map(log.map(rowOf).map((row) => [row.id, row]));
  const rowsOf = (ids) => Object.values(ids).map((id) => rows.get(id));
  return { ...standing, decisions: rowsOf(standing.decisions), own: rowsOf(standing.own), n_rows: log.length };
}

/** Return what waits, with what stood before each decision, as the page notes it when an editor decides. */
function waitingOf({ waiting, log }, answer) {
  const rows = [];
  const logged = new Map(log.map(rowOf).map((row) => [row.id, row]));
  const stood = (id) => (id ? logged.get(id) : null);
  for (const row of waiting.map(rowOf)) {
    const undone = rows.find(({ id }) => id === row.undoes);
    if (row.action !== "undo") row.before = stateBefore(withWaiting(answer, rows, "ana"), row.tag);
    else if (undone) row.before = undone.before;
    else if (row.tag) row.before = { row: stood(row.before.row), own: stood(row.before.own) };
    rows.push(row);
  }
  return rows;
}

describe("what stands is shown as the server will answer it", () => {
  for (const example of cases) {
    test(example.name, () => {
      const answer = answerOf(example);
      const { tags, latest, mine, closings } = withWaiting(answer, waitingOf(example, answer), "ana");
      const idsOf = (decisions) => Object.fromEntries([...decisions].map(([tag, row]) => [tag, row.id]));
      const { state } = example;
      assert.deepEqual({ tags: tags.sort(), decisions: idsOf(latest), own: idsOf(mine), closed_by: [...closings].sort() },
        { ...state, tags: [...state.tags].sort() }); // in which order tags stand is the server's to say
    });
  }
});

test("the newest decision stands last", () => {
  const rows = [["a", "ana", "accept", "x"], ["b", "ana", "accept", "y"], ["c", "ana", "reject", "x"]].map(rowOf);
  assert.deepEqual([...withWaiting(NOTHING, rows, "ana").latest.keys()], ["y", "x"]);
});

test("an answer is not changed by what is laid over it", () => {
  const answer = { ...NOTHING, tags: ["x"], listed: ["x"] };
  withWaiting(answer, [rowOf(["a", "ana", "remove", "x"])], "ana");
  assert.deepEqual(answer, { ...NOTHING, tags: ["x"], listed: ["x"] });
});

test("a decision is repeated if it says the same, and a rejection only without news", () => {
  const rejected = { action: "reject", reason: "wrong" };
  assert.ok(isRepeated({ action: "accept", reason: null }, "add"));
  assert.ok(isRepeated(rejected, "reject", { reason: "wrong" }));
  assert.ok(!isRepeated(undefined, "accept"));
  assert.ok(!isRepeated({ action: "accept", reason: null }, "reject"));
  assert.ok(!isRepeated(rejected, "reject"));
  assert.ok(!isRepeated(rejected, "reject", { reason: "wrong", note: "see the headline" }));
});

test("the next open tag comes after the current one, round the end", () => {
  const tags = ["a", "b", "c"];
  assert.equal(nextOpen(tags, "a", new Set(["a", "c"])), "c");
  assert.equal(nextOpen(tags, "c", new Set(["a", "c"])), "a");
  assert.equal(nextOpen(tags, "b", new Set(["b"])), "b");
  assert.equal(nextOpen(tags, "b", new Set()), undefined);
});
