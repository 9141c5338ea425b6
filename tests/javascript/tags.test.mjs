// The search for tags: no case, no accents, beginnings before middles, names before aliases.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Tags, folded, typos } from "../../classifier/web/static/review/tags.js";

const tag = (id, label, aliases = [], more = {}) => ({ id, label, aliases: aliases.map((text) => ({ text })), status: "active", ...more });
const search = (text, ...tags) => new Tags(tags).search(text).map((match) => match.tag.id);

test("texts are compared without case, accents, apostrophes and punctuation", () => {
  assert.equal(folded("  Jabhat al-Nuṣra  "), "jabhat al nusra");
  assert.equal(folded("Straße, Łódź, ISIL’s"), "strasse lodz isils");
  assert.equal(folded("日本 2024"), "日本 2024");
  assert.equal(folded("…"), "");
});

test("matches are ranked", () => {
  const tags = [tag("middle", "Foohamas"), tag("alias-start", "B", ["Hamas wing"]), tag("second-word", "The Hamas"),
    tag("start", "Hamas brigades"), tag("alias", "C", ["Hamas"]), tag("whole", "Hamas"), tag("alias-middle", "D", ["Xhamas"]), tag("other", "Other")];
  assert.deepEqual(search("hamas", ...tags), ["whole", "alias", "start", "second-word", "alias-start", "middle", "alias-middle"]);
});

test("a retired tag comes after one that matches as well, and before worse ones", () => {
  const tags = [tag("old", "Hamas", [], { status: "retired" }), tag("new", "Hamas"), tag("longer", "Hamas brigades")];
  assert.deepEqual(search("hamas", ...tags), ["new", "old", "longer"]);
});

test("a match by an alias says which, a match by name says none", () => {
  const tags = new Tags([tag("iskp", "Islamic State Khorasan", ["IS-K", "ISKP"])]);
  assert.equal(tags.search("is k")[0].alias, "IS-K");
  assert.equal(tags.search("khora")[0].alias, null);
});

test("nothing is found for a text without letters, and at most twelve tags", () => {
  assert.deepEqual(search("--", tag("a", "A")), []);
  assert.equal(search("tag", ...Array.from({ length: 20 }, (_, n) => tag(`t${n}`, `Tag ${n}`))).length, 12);
});

test("a retired tag stands for its replacement, or for none", () => {
  const tags = new Tags([tag("new", "New"), tag("old", "Old", [], { status: "retired", replacement: "new" }), tag("gone", "Gone", [], { status: "retired" })]);
  assert.deepEqual(tags.all.map((each) => tags.current(each)?.id ?? null), ["new", "new", null]);
});

test("typing errors are counted: wrong, missing, added and swapped letters, up to one more than asked", () => {
  assert.deepEqual([["haram", "haram"], ["harm", "haram"], ["harram", "haram"], ["harem", "haram"], ["ahram", "haram"]].map(([a, b]) => typos(a, b, 2)), [0, 1, 1, 1, 1]);
  assert.equal(typos("abcdef", "uvwxyz", 2), 3);
  assert.equal(typos("", "ab", 2), 2);
});

test("a text with typing errors finds a tag only where nothing matches", () => {
  const tags = [tag("boko-haram", "Boko Haram"), tag("boko", "Bokoro"), tag("taliban", "Taliban", ["Taleban"]), tag("mali", "Mali")];
  assert.deepEqual(search("boko harm", ...tags), ["boko-haram"]);
  assert.deepEqual(search("bkoo ha", ...tags), ["boko-haram"]);
  assert.deepEqual(search("boko", ...tags), ["boko", "boko-haram"]);
  assert.deepEqual(search("talibna", ...tags), ["taliban"]);
  assert.deepEqual(search("mla", ...tags), []); // too short to be nearly anything
  assert.deepEqual(search("hezbollah", ...tags), []);
});

test("tags that closing an article makes a no are the active ones that it lacks", () => {
  const tags = new Tags([tag("a", "A"), tag("b", "B"), tag("old", "Old", [], { status: "retired" }), tag("mute", "Mute", [], { status: "muted" })]);
  assert.equal(tags.nWithout(["a", "unknown"]), 1);
});
