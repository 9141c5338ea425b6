// One tag over many articles: each article gets its own decision, in order. All can be undone, also after a reload: the
// decisions over a list are remembered until the tab is closed.

import { Refused, ask, decisionsPath, pagePath, post } from "./review/api.js";
import { tagField, tagOptions } from "./review/combobox.js";
import { bar, byId, drawScore, el, shown } from "./review/elements.js";
import { TabList, uuid } from "./review/storage.js";
import { allTags } from "./review/tags.js";
import { PAST_TENSE, day, nArticles } from "./review/wording.js";
import { _, ngettext } from "./texts.js";

const N_REMEMBERED = 2000; // decisions of four full lists
const NONE = 101; // percent, a score that no article has
const DECIDED = {
  accept: (n) => ngettext("%(n)s article accepted.", "%(n)s articles accepted.", n),
  reject: (n) => ngettext("%(n)s article rejected.", "%(n)s articles rejected.", n),
  undo: (n) => ngettext("%(n)s article taken back.", "%(n)s articles taken back.", n),
};

class Bulk {
  constructor(root) {
    this.root = root;
    this.editor = root.dataset.editor;
    this.tag = root.dataset.tag;
    // The server's fields, and `list`, `tag`, `node`, `tick`, `cell`; `job`: what is to be sent; `action` and `decision`:
    // what was decided, and its id; `gone`: there is nothing left to decide.
    this.rows = [];
    this.memory = new TabList(`bulk ${this.editor}`, N_REMEMBERED);
    this.past = this.memory.read(); // rows that were decided, each with its list
    this.running = false;
  }

  async start() {
    this.root.hidden = false;
    this.listen();
    try {
      const tags = await allTags();
      if (!this.tag) return;
      byId("b-tag").value = tags.label(this.tag);
      await this.list();
    } catch (error) { this.showTrouble(error.message); }
  }

  listen() {
    const input = byId("b-tag");
    input.addEventListener("input", () => { this.tag = ""; this.clear(); }); // a text is no tag before one is chosen
    const choose = (tag) => {
      this.tag = tag.id;
      input.value = tag.label;
      this.list();
    };
    tagField(input, byId("b-tag-list"), (tags, text) => tagOptions(tags, text, choose));
    const form = byId("which");
    for (const [name, value] of new URLSearchParams(location.search)) if (form.elements[name]) form.elements[name].value = value;
    form.addEventListener("submit", (event) => { event.preventDefault(); this.list(); });
    const clicks = { "b-all": () => this.tickFrom(0), "b-none": () => this.tickFrom(NONE), "b-accept": () => this.decide("accept"), "b-reject": () => this.decide("reject"),
      "b-undo": () => this.undo(), "b-again": () => this.run(this.rows.filter((row) => row.job)) };
    for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", act);
    for (const [id, twin] of [["b-score", "b-number"], ["b-number", "b-score"]]) {
      byId(id).addEventListener("input", () => { byId(twin).value = byId(id).value; this.tickFrom(Number(byId(id).value), false); });
    }
    addEventListener("beforeunload", (event) => { if (this.running || this.rows.some((row) => row.job)) event.preventDefault(); });
  }

  /** Remove the list: nothing is decided under the name of another tag. */
  clear() {
    this.wanted = "";
    this.rows = [];
    byId("b-result").hidden = true;
  }

  showTrouble(text) { byId("b-trouble").replaceChildren(text ? el("p", { class: "notice bad" }, text) : ""); }

  showStatus(text) {
    byId("b-status").hidden = !text;
    byId("b-status").textContent = text;
  }

  async list() {
    if (this.running) return;
    this.clear();
    this.showTrouble("");
    this.showStatus("");
    if (!this.tag) { this.showTrouble(_("Choose a tag from the list.")); return; }
    const filters = [...new FormData(byId("which"))].filter(([, value]) => value);
    const query = String(new URLSearchParams([["tag", this.tag], ...filters]));
    const { tag } = this;
    this.wanted = query; // another list may be asked for meanwhile
    history.replaceState(null, "", `/review/bulk?${query}`);
    try {
      const { label, rows } = await ask(`/review/bulk.json?${query}`);
      if (this.wanted === query) this.draw(label, rows, query, tag);
    } catch (error) { if (this.wanted === query) this.showTrouble(error.message); }
  }

  draw(label, rows, list, tag) {
    const open = new Set(rows.map((row) => row.article_id));
    this.remember(this.past.filter((row) => row.list !== list || !open.has(row.article_id))); // open ones wait again
    const past = this.past.filter((row) => row.list === list);
    this.rows = [...rows, ...past].map((row) => ({ ...row, list, tag }));
    byId("b-result").hidden = false;
    byId("b-list").hidden = !this.rows.length;
    byId("b-title").replaceChildren(shown(label), " ",
      el("small", {}, rows.length ? nArticles(rows.length) : _("no open article waits for an answer to this tag")));
    byId("b-rows").replaceChildren(...this.rows.map((row) => this.drawRow(row)));
    for (const row of this.rows.filter(({ decision }) => decision)) {
      row.tick.disabled = true;
      this.showState(row, PAST_TENSE[row.action], "");
    }
    byId("b-undo").hidden = !past.length;
    byId("b-again").hidden = true;
    byId("b-score").value = byId("b-number").value = 100;
    this.tickFrom(NONE);
  }

  drawRow(row) {
    row.tick = el("input", { type: "checkbox", id: `tick-${row.article_id}`, change: () => this.count() });
    row.cell = el("td", { class: "said" });
    row.node = el("tr", {}, el("td", {}, row.tick),
      el("td", {}, el("label", { for: row.tick.id }, row.title ? shown(row.title) : _("(no title)")), " ",
        el("small", {}, day(row.published_at), " ", el("a", { href: pagePath(row.article_id), "aria-label": _("Read %(title)s", { title: row.title }) }, _("read")))),
      el("td", { class: `band-${row.band}` }, drawScore(row.score), bar(row.score)), row.cell);
    return row.node;
  }

  get open() { return this.rows.filter((row) => !row.decision && !row.gone); }

  get ticked() { return this.open.filter((row) => row.tick.checked); }

  /** Tick the articles with a score, in percent, of at least so much. */
  tickFrom(score, showsScore = true) {
    for (const row of this.open) row.tick.checked = Math.round(row.score * 100) >= score;
    if (showsScore && score <= 100) byId("b-score").value = byId("b-number").value = score;
    this.count();
  }

  count() {
    const n = this.ticked.length;
    for (const [id, text] of [["b-accept", _("Accept %(n)s", { n })], ["b-reject", _("Reject %(n)s", { n })]]) {
      byId(id).textContent = text;
      byId(id).disabled = !n || this.running;
    }
  }

  decide(action) {
    const reason = byId("b-reason").value;
    const rows = this.ticked;
    for (const row of rows) {
      const decision = { tag: row.tag, action, ...(action === "reject" && reason && { reason }) };
      row.job = { key: uuid(), action, body: { suggestion_set_id: row.suggestion_set_id, complete: false, in_bulk: true, decisions: [decision] } };
    }
    return this.run(rows);
  }

  undo() {
    const rows = this.rows.filter((row) => row.decision).reverse();
    for (const row of rows) row.job = { key: uuid(), action: "undo", body: { complete: false, decisions: [{ action: "undo", decision_id: row.decision }] } };
    return this.run(rows);
  }

  /** Send the jobs of some rows, one after another. A job that fails stays, with its key, to be tried again. */
  async run(rows) {
    if (this.running || !rows.length) return;
    this.running = byId("b-tag").disabled = true; // the jobs are of this tag
    this.showTrouble("");
    this.count();
    const progress = byId("b-progress");
    Object.assign(progress, { hidden: false, max: rows.length, value: 0 });
    const { action } = rows[0].job;
    for (const row of rows) {
      await this.send(row);
      progress.value += 1;
      this.showStatus(_("%(n)s of %(all)s …", { n: progress.value, all: rows.length }));
    }
    this.running = byId("b-tag").disabled = false;
    progress.hidden = true;
    const failed = rows.filter((row) => row.job || row.gone);
    const failures = failed.length ? ` ${ngettext("%(n)s failed, see the list.", "%(n)s failed, see the list.", failed.length)}` : "";
    this.showStatus(DECIDED[action](rows.length - failed.length) + failures);
    byId("b-undo").hidden = !this.rows.some((row) => row.decision);
    byId("b-again").hidden = !this.rows.some((row) => row.job);
    this.count();
  }

  async send(row) {
    const { key, action, body } = row.job;
    const isUndo = action === "undo";
    try {
      const reply = await post(this.editor, decisionsPath(row.article_id), body, { headers: { "Idempotency-Key": key } });
      this.finish(row, { action, decision: isUndo ? null : reply.decisions[0].id });
      this.showState(row, isUndo ? "" : PAST_TENSE[action], "");
      row.tick.disabled = !isUndo;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (isUndo && (error.status === 404 || error.status === 422)) this.finish(row, { decision: null, gone: true }); // somebody else undid it
      this.showState(row, _("failed: %(problem)s", { problem: error.message }), "failed");
    }
  }

  /** End the job of a row, and remember its decision if it has one. */
  finish(row, outcome) {
    Object.assign(row, outcome, { job: null });
    const { node, tick, cell, job, ...fields } = row;
    const others = this.past.filter((other) => other.list !== row.list || other.article_id !== row.article_id);
    this.remember([...others, ...(row.decision ? [fields] : [])].slice(-N_REMEMBERED));
  }

  remember(past) {
    this.past = past;
    this.memory.write(past);
  }

  showState(row, text, style) {
    row.cell.textContent = text;
    row.node.className = style;
  }
}

const root = byId("bulk");
if (root) new Bulk(root).start();
