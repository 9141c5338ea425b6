// One tag over many articles: each article gets a decision of its own, in order, and all can be taken back, also after the
// page was loaded anew: what was decided over a list is remembered with it until the tab is closed.

import { Refused, allTags, ask, bar, combobox, el, percent, renew, shown, tagOptions, uuid, withTags } from "./review.js";

const byId = (id) => document.getElementById(id);
const many = (n, one) => `${n} ${one}${n === 1 ? "" : "s"}`;
const REMEMBERED = 2000; // decisions, four full lists
const DONE = { accept: "accepted", reject: "rejected", undo: "taken back" };

class Bulk {
  constructor(root) {
    this.root = root;
    this.me = root.dataset.editor;
    this.tag = root.dataset.tag;
    // {…row, tag, list, node, tick, cell, job: what is to be sent, action and decision: what was decided, and its id, gone: nothing to decide}
    this.rows = [];
    this.past = this.remembered(); // rows with a decision, and the list that they were of
    this.running = false;
  }

  async start() {
    this.root.hidden = false;
    this.find();
    const form = byId("which");
    for (const [name, value] of new URLSearchParams(location.search)) if (form.elements[name]) form.elements[name].value = value;
    form.addEventListener("submit", (event) => { event.preventDefault(); this.list(); });
    const clicks = { "b-all": () => this.tickFrom(0), "b-none": () => this.tickFrom(101), "b-accept": () => this.decide("accept"), "b-reject": () => this.decide("reject"),
      "b-undo": () => this.undo(), "b-again": () => this.run(this.rows.filter((row) => row.job)) };
    for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", act);
    for (const [id, other] of [["b-score", "b-number"], ["b-number", "b-score"]]) {
      byId(id).addEventListener("input", () => { byId(other).value = byId(id).value; this.tickFrom(Number(byId(id).value), false); });
    }
    addEventListener("beforeunload", (event) => { if (this.running || this.rows.some((row) => row.job)) event.preventDefault(); });
    try {
      const tags = await allTags();
      if (!this.tag) return;
      byId("b-tag").value = tags.label(this.tag);
      await this.list();
    } catch (error) { this.trouble(error.message); }
  }

  find() {
    const input = byId("b-tag");
    input.addEventListener("input", () => { this.tag = ""; this.clear(); }); // what is typed is no tag before one is chosen
    const choose = (tag) => {
      this.tag = tag.id;
      input.value = tag.label;
      this.list();
    };
    combobox(input, byId("b-tag-list"), { label: "Tags", find: (text) => (text ? withTags(input, (tags) => tagOptions(tags, text, choose)) : []) });
  }

  /** Take the list away: nothing is decided under the name of another tag. */
  clear() {
    this.asked = "";
    this.rows = [];
    byId("b-result").hidden = true;
  }

  trouble(text) { byId("b-trouble").replaceChildren(text ? el("p", { class: "notice bad" }, text) : ""); }

  status(text) {
    byId("b-status").hidden = !text;
    byId("b-status").textContent = text;
  }

  async list() {
    if (this.running) return;
    this.clear();
    this.trouble("");
    this.status("");
    if (!this.tag) { this.trouble("Choose a tag from the list."); return; }
    const query = new URLSearchParams({ tag: this.tag });
    for (const [name, value] of new FormData(byId("which"))) if (value) query.set(name, value);
    this.asked = String(query);
    history.replaceState(null, "", `/review/bulk?${query}`);
    try {
      const { label, rows } = await ask(`/review/bulk.json?${query}`);
      if (this.asked === String(query)) this.draw(label, rows, query); // another list may have been asked for meanwhile
    } catch (error) { if (this.asked === String(query)) this.trouble(error.message); }
  }

  draw(label, rows, query) {
    const open = new Set(rows.map((row) => row.article_id));
    const list = String(query);
    this.keep(this.past.filter((row) => row.list !== list || !open.has(row.article_id))); // those wait again
    const past = this.past.filter((row) => row.list === list);
    this.rows = [...rows, ...past].map((row) => ({ ...row, list, tag: query.get("tag") }));
    byId("b-result").hidden = false;
    byId("b-list").hidden = !this.rows.length;
    byId("b-title").replaceChildren(shown(label), " ", el("small", {}, rows.length ? many(rows.length, "article") : "no open article waits for an answer to this tag"));
    byId("b-rows").replaceChildren(...this.rows.map((row) => this.row(row)));
    for (const row of this.rows.filter((one) => one.decision)) {
      row.tick.disabled = true;
      this.tell(row, DONE[row.action], "");
    }
    byId("b-undo").hidden = !past.length;
    byId("b-again").hidden = true;
    byId("b-score").value = byId("b-number").value = 100;
    this.tickFrom(101);
  }

  row(row) {
    row.tick = el("input", { type: "checkbox", id: `tick-${row.article_id}`, change: () => this.count() });
    row.cell = el("td", { class: "said" });
    row.node = el("tr", {}, el("td", {}, row.tick),
      el("td", {}, el("label", { for: row.tick.id }, row.title ? shown(row.title) : "(no title)"), " ",
        el("small", {}, (row.published_at ?? "").slice(0, 10), " ", el("a", { href: `/review/${encodeURIComponent(row.article_id)}`, "aria-label": `Read ${row.title}` }, "read"))),
      el("td", { class: `band-${row.band}` }, el("span", { class: "score" }, percent(row.score), el("small", {}, "%")), bar(row.score)), row.cell);
    return row.node;
  }

  open() { return this.rows.filter((row) => !row.decision && !row.gone); }

  tickFrom(share, both = true) {
    for (const row of this.open()) row.tick.checked = Math.round(row.score * 100) >= share;
    if (both && share <= 100) byId("b-score").value = byId("b-number").value = share;
    this.count();
  }

  count() {
    const n = this.open().filter((row) => row.tick.checked).length;
    for (const [id, text] of [["b-accept", "Accept"], ["b-reject", "Reject"]]) {
      byId(id).textContent = `${text} ${n}`;
      byId(id).disabled = !n || this.running;
    }
  }

  decide(action) {
    const reason = byId("b-reason").value;
    const rows = this.open().filter((row) => row.tick.checked);
    for (const row of rows) {
      const decision = { tag: row.tag, action, ...(action === "reject" && reason && { reason }) };
      row.job = { key: uuid(), action, body: { suggestion_set_id: row.suggestion_set_id, complete: false, decisions: [decision] } };
    }
    return this.run(rows);
  }

  undo() {
    const rows = this.rows.filter((row) => row.decision).reverse();
    for (const row of rows) row.job = { key: uuid(), action: "undo", body: { complete: false, decisions: [{ action: "undo", decision_id: row.decision }] } };
    return this.run(rows);
  }

  /** Send the jobs of some rows, one after another; what fails keeps its job and its key, to be tried again. */
  async run(rows) {
    if (this.running || !rows.length) return;
    this.running = byId("b-tag").disabled = true; // what is under way is of this tag
    this.trouble("");
    this.count();
    const progress = byId("b-progress");
    Object.assign(progress, { hidden: false, max: rows.length, value: 0 });
    const { action } = rows[0].job;
    for (const row of rows) {
      await this.send(row);
      progress.value += 1;
      this.status(`${progress.value} of ${rows.length} …`);
    }
    this.running = byId("b-tag").disabled = false;
    progress.hidden = true;
    const failed = rows.filter((row) => row.job || row.gone);
    this.status(`${many(rows.length - failed.length, "article")} ${DONE[action]}.${failed.length ? ` ${failed.length} failed, see the list.` : ""}`);
    byId("b-undo").hidden = !this.rows.some((row) => row.decision);
    byId("b-again").hidden = !this.rows.some((row) => row.job);
    this.count();
  }

  async send(row, again = true) {
    const { key, action, body } = row.job;
    try {
      const reply = await ask(`/v1/articles/${encodeURIComponent(row.article_id)}/decisions`, { method: "POST", body, headers: { "Idempotency-Key": key } });
      row.decision = action === "undo" ? null : reply.decisions[0].id;
      row.action = action;
      row.job = null;
      this.remember(row);
      this.tell(row, action === "undo" ? "" : DONE[action], "");
      row.tick.disabled = action !== "undo";
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 403 && again && (await renew(this.me).catch(() => "")) === this.me) return this.send(row, false);
      if (action === "undo" && (error.status === 404 || error.status === 422)) this.forget(row); // somebody was there before
      this.tell(row, `failed: ${error.message}`, "failed");
    }
    return undefined;
  }

  forget(row) {
    row.job = row.decision = null;
    row.gone = true;
    this.remember(row);
  }

  remembered() {
    try {
      const past = JSON.parse(sessionStorage.getItem(`bulk ${this.me}`));
      return Array.isArray(past) ? past : [];
    } catch { return []; }
  }

  /** Remember what was decided of a row, or nothing where it was taken back. */
  remember({ node, tick, cell, job, ...row }) {
    const others = this.past.filter((one) => one.list !== row.list || one.article_id !== row.article_id);
    this.keep([...others, ...(row.decision ? [row] : [])].slice(-REMEMBERED));
  }

  keep(past) {
    this.past = past;
    try { sessionStorage.setItem(`bulk ${this.me}`, JSON.stringify(past)); } catch { /* full, or not allowed */ }
  }

  tell(row, text, state) {
    row.cell.textContent = text;
    row.node.className = state;
  }
}

const root = byId("bulk");
if (root) new Bulk(root).start();
