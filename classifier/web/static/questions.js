// Questions on removals: a tag that the CMS took off many articles at once. The answer is one for all of them.

import { Refused, ask, el, renew, shown } from "./review.js";

const POLL_MS = 60_000;
const DAY_MS = 24 * 3600_000;
const ANSWERS = {
  removed: { button: "The articles no longer carry it", done: "these articles no longer carry it" },
  term_changed: { button: "Its term was renamed, merged or deleted", done: "its term was renamed, merged or deleted, and they carry it still" },
};
const many = (n, name) => `${n} ${name}${n === 1 ? "" : "s"}`;

class Questions {
  constructor(root) {
    this.root = root;
    this.me = root.dataset.editor;
    this.list = [];
    this.dismissed = new Set(); // answered ones that this page shows no more
  }

  async start() {
    await this.load();
    setInterval(() => document.visibilityState === "visible" && this.load(), POLL_MS);
  }

  async load() {
    if (this.sending) return;
    try {
      const { questions } = await ask("/v1/questions?state=all");
      if (JSON.stringify(questions) === JSON.stringify(this.list)) return; // what somebody is about to press stays
      this.list = questions;
      this.draw();
    } catch (error) {
      if (!(error instanceof Refused)) throw error; // the review page says what is wrong
    }
  }

  draw() {
    const recent = (one) => Date.now() - Date.parse(one.answered_at) < DAY_MS;
    const open = this.list.filter((one) => !one.answer && one.waiting);
    const answered = this.list.filter((one) => one.answer && recent(one) && !this.dismissed.has(one.id));
    this.root.replaceChildren(...open.map((one) => this.drawOpen(one)), ...answered.map((one) => this.drawAnswered(one)));
  }

  button(one, answer, text) {
    return el("button", { type: "button", class: "small", "data-answer": answer, click: () => this.answer(one, answer) }, text);
  }

  drawOpen(one) {
    const rest = one.waiting - one.titles.length;
    return el("section", { class: "notice question", id: `question-${one.id}`, "aria-label": `Question on the tag ${one.label}` },
      el("p", {}, el("strong", {}, one.key ? shown(one.key) : "The CMS", " took “", shown(one.label), `” off ${many(one.n_articles, "article")} at once. `),
        "Do these articles no longer carry the tag, or did only its term change there? Until somebody says so, the model learns nothing from it."),
      el("ul", {}, one.titles.map(({ article_id: id, title }) => el("li", {}, el("a", { href: `/review/${encodeURIComponent(id)}` }, title ? shown(title) : "(no title)"))),
        rest > 0 ? el("li", { class: "low" }, `and ${rest} more`) : null),
      el("p", { class: "choices" }, Object.entries(ANSWERS).map(([answer, { button }]) => this.button(one, answer, button))),
      el("p", { class: "problem", role: "alert", hidden: true }));
  }

  drawAnswered(one) {
    const who = one.answered_by === this.me ? "You" : shown(one.answered_by);
    return el("section", { class: "notice question", id: `question-${one.id}`, "aria-label": `Answered question on the tag ${one.label}` },
      el("p", {}, who, " said of “", shown(one.label), `” on ${many(one.n_articles, "article")}: ${ANSWERS[one.answer].done}. `, this.button(one, "undo", "Undo"), " ",
        el("button", { type: "button", class: "small", click: () => { this.dismissed.add(one.id); this.draw(); } }, "Dismiss")),
      el("p", { class: "problem", role: "alert", hidden: true }));
  }

  /** Let the buttons be pressed, or not while an answer is sent. */
  able(can) {
    for (const button of this.root.querySelectorAll("button")) button.disabled = !can;
  }

  /** Send an answer, again with a new token if the page's has ended. */
  async answer(one, answer) {
    if (this.sending) return;
    this.sending = true;
    this.able(false);
    const send = () => ask(`/v1/questions/${one.id}`, { method: "POST", body: { answer } });
    try {
      let changed;
      try { changed = await send(); } catch (error) {
        if (error.status !== 403 || (await renew(this.me)) !== this.me) throw error;
        changed = await send();
      }
      this.list = this.list.map((other) => (other.id === one.id ? changed : other));
      this.draw();
    } catch (error) {
      const problem = document.querySelector(`#question-${one.id} .problem`);
      problem.textContent = `Not taken. ${error.message}`;
      problem.hidden = false;
    } finally {
      this.sending = false;
      this.able(true);
    }
    document.querySelector(`#question-${one.id} button`)?.focus();
  }
}

const root = document.getElementById("questions");
if (root) new Questions(root).start();
