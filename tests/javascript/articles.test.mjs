// What the page knows of an article, and the texts it makes of it.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { openBrowser, serve } from "./browser.mjs";
import { Article, Articles } from "../../classifier/web/static/review/articles.js";
import { plain } from "../../classifier/web/static/review/elements.js";
import { TabList, draftOf, storage, uuid } from "../../classifier/web/static/review/storage.js";
import { nDecisions, percent, signed } from "../../classifier/web/static/review/wording.js";

const row = (id, editor, action, tag = null, undoes = null) => ({ id, editor, action, tag, undoes });

function openArticle() {
  return new Article("a", {
    title: [{ text: "ISKP " }, { text: "bombs mosque" }], labels: { y: "Why" }, tags: [{ tag: "z", label: "Zed", by: "cms" }],
    suggestions: [{ tag: "x", label: "Ex" }], mentioned: [{ tag: "m", label: "Em" }, { tag: "x", label: "Ex" }],
    decisions: [row("1", "ben", "accept", "x")], standing: { n_rows: 1 },
  });
}

beforeEach(() => openBrowser());

test("tags of an article have their labels, and each has one card", () => {
  const article = openArticle();
  assert.deepEqual(["x", "y", "z", "m", "unknown"].map((tag) => article.label(tag)), ["Ex", "Why", "Zed", "Em", "unknown"]);
  assert.deepEqual(article.cardTags, ["x", "m"]);
  assert.equal(article.headline, "ISKP bombs mosque");
  assert.equal(new Article("b").headline, "(no title)");
});

test("an older answer does not replace what stands", () => {
  const article = openArticle();
  const newer = { n_rows: 3 };
  article.setStanding(newer);
  article.setStanding({ n_rows: 2 });
  article.setStanding(undefined);
  assert.equal(article.standing, newer);
});

test("a row is added once, and decisions of others are news", () => {
  const article = openArticle();
  const rows = [row("1", "ben", "accept", "x"), row("2", "ben", "undo", "x", "1"), row("3", "ana", "add", "z"), row("4", "eve", "complete")];
  const added = article.addRows(rows);
  assert.deepEqual(added.map(({ id }) => id), ["2", "3", "4"]);
  assert.deepEqual(article.addRows(rows), []);
  assert.deepEqual(article.addNews(added, "ana"), ["ben decided here too: took back “accepted Ex”", "eve decided here too: closed the article"]);
  for (let n = 0; n < 9; n += 1) article.addNews([row(`n${n}`, "eve", "accept", `t${n}`)], "ana");
  assert.deepEqual(article.news.length, 5);
});

test("an article that was dropped on its way is fetched anew, and what comes late is not kept", async () => {
  const articles = new Articles({ rows: () => [], editor: "ana" }, () => false);
  const answers = [];
  serve(() => new Promise((resolve) => answers.push((state) => resolve(Response.json({ state })))));
  const late = articles.load("a");
  articles.drop("a");
  const anew = articles.load("a");
  assert.notEqual(anew, late);
  answers[1]("closed");
  assert.equal((await anew).state, "closed");
  answers[0]("started");
  assert.equal((await late).state, "started");
  assert.equal(articles.get("a").state, "closed");
  assert.equal((await articles.load("a")).state, "closed");
});

test("direction controls are left out of plain texts", () => {
  assert.equal(plain("\u202egnp.exe \u200eé 😀"), "gnp.exe é 😀");
  assert.equal(plain(null), "");
});

test("figures are written as editors read them", () => {
  assert.deepEqual([0, 0.994, 0.995, 1].map(percent), ["0", "99", "99+", "99+"]);
  assert.deepEqual([-1.5, 0, 2].map(signed), ["−1.50", "+0.00", "+2.00"]);
  assert.deepEqual([0, 1, 2].map((n) => nDecisions(n)), ["0 decisions", "1 decision", "2 decisions"]);
});

test("ids are random UUIDs of version 4", () => {
  assert.match(uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(uuid(), uuid());
});

test("drafts are kept until they are emptied", () => {
  const draft = draftOf("ana", "add/a");
  draft.set("Hamas");
  assert.equal(draftOf("ana", "add/a").get(), "Hamas");
  assert.equal(draftOf("ben", "add/a").get(), "");
  draft.set("");
  assert.deepEqual(storage.names("tagger.draft."), []);
});

for (const full of [false, true]) {
  test(`a list of a tab keeps its last items${full ? ", in memory where the storage is full" : ""}`, () => {
    openBrowser({ full });
    const list = new TabList("list", 2);
    assert.deepEqual(list.read(), []);
    list.write([1, 2, 3]);
    assert.deepEqual(list.read(), full ? [1, 2, 3] : [2, 3]);
  });
}
