// Suggestions are grouped by kind, in the order of the kinds.

import assert from "node:assert/strict";
import { test } from "node:test";
import { byKind, groupsOf, headingOf } from "../../classifier/web/static/review/kinds.js";

const row = (tag, kind) => ({ tag, kind });

test("rows are in the order of their kinds and keep their order within one", () => {
  const rows = [row("t", "theme"), row("p", "place"), row("g1", "group"), row("x", "weapon"), row("g2", "group")];
  assert.deepEqual(byKind(rows).map(({ tag }) => tag), ["g1", "g2", "p", "t", "x"]);
  assert.deepEqual(groupsOf(rows).map(([kind, of]) => [kind, of.length]), [["group", 2], ["place", 1], ["theme", 1], ["weapon", 1]]);
});

test("a kind that nobody knows has its own name as its heading", () => {
  assert.deepEqual(["group", "weapon", ""].map(headingOf), ["Groups", "Weapon", "Others"]);
});
