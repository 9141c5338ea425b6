// Which key does what, and which keys the page leaves to the browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { IGNORED, actionOf } from "../../classifier/web/static/review/keys.js";

const ON_TAG = { hasArticle: true, hasTag: true };
const nameOf = (key, state) => actionOf(key, state)?.name ?? null;

test("every key has its action while a card is current", () => {
  const actions = { a: "accept", x: "reject", " ": "unsure", w: "why", j: "down", k: "up", ArrowDown: "down", ArrowUp: "up", Enter: "done",
    "+": "addTag", PageDown: "pageDown", PageUp: "pageUp", n: "next", p: "back", z: "undo", "?": "help" };
  for (const [key, name] of Object.entries(actions)) assert.equal(nameOf(key, ON_TAG), name, key);
});

test("other keys are left to the browser, those named like parts of an object too", () => {
  for (const key of ["b", "1", "Tab", "F5", "Escape", "constructor", "toString"]) assert.equal(actionOf(key, ON_TAG), null, key);
});

test("without a card no key answers, and without an article only moves and undo act", () => {
  assert.equal(nameOf("a", { hasArticle: true }), null);
  assert.equal(nameOf("Enter", { hasArticle: true }), "done");
  for (const key of ["a", "x", "Enter", "j", "+"]) assert.equal(nameOf(key, { hasTag: true }), null, key);
  for (const key of ["n", "p", "z", "?"]) assert.notEqual(nameOf(key, {}), null, key);
});

test("a key that is held down moves, and decides nothing a second time", () => {
  const held = { ...ON_TAG, repeat: true };
  for (const key of ["j", "k", "PageDown"]) assert.equal(nameOf(key, held), nameOf(key, ON_TAG), key);
  for (const key of ["a", "x", "Enter", "n", "z"]) assert.equal(actionOf(key, held), IGNORED, key);
});

test("a button that has the focus is pressed by Enter and space", () => {
  for (const key of ["Enter", " "]) assert.equal(actionOf(key, { ...ON_TAG, onControl: true }), null);
  assert.equal(nameOf("a", { ...ON_TAG, onControl: true }), "accept");
});

test("on a card with choices digits choose as many as there are, and reasons come first", () => {
  assert.deepEqual(actionOf("2", { ...ON_TAG, choices: 2 }), { name: "choose", number: 2 });
  assert.equal(actionOf("3", { ...ON_TAG, choices: 2 }), null);
  assert.equal(nameOf("1", { ...ON_TAG, choices: 2, reasons: ["wrong"] }), "rejectFor");
  assert.equal(actionOf("1", { ...ON_TAG, choices: 2, repeat: true }), IGNORED);
});

test("while the page asks why, digits choose a reason and Enter none", () => {
  const asking = { ...ON_TAG, reasons: ["wrong", "too_general"] };
  assert.deepEqual(actionOf("2", asking), { name: "rejectFor", reason: "too_general" });
  assert.deepEqual(actionOf("Enter", asking), { name: "rejectFor", reason: null });
  assert.deepEqual(actionOf("Escape", asking), { name: "keepTag" });
  assert.equal(actionOf("3", asking), null);
  assert.equal(nameOf("j", asking), "down");
});
