// Questions on removals: a tag that the CMS took off many articles at once. One answer counts for all of them.

import { Refused, ask, pagePath, post } from "./review/api.js";
import { byId, el, shown, smallButton } from "./review/elements.js";
import { plural } from "./review/wording.js";

const POLL_MS = 60_000;
const DAY_MS = 24 * 3600_000;
const ANSWERS = {
  removed: { label: "The articles no longer carry it", meaning: "these articles no longer carry it" },
  term_changed: { label: "Its term was renamed, merged or deleted", meaning: "its term was renamed, merged or deleted, and they carry it still" },
};

class Questions {
  constructor(root) {
    this.root = root;
    this.editor = root.dataset.editor;
    this.questions = [];
    this.dismissed = new Set(); // ids of answered questions that this page no longer shows
  }

  async start() {
    await this.load();
    setInterval(() => document.visibilityState === "visible" && this.load(), POLL_MS);
  }

  async load() {
    if (this.sending) return;
    try {
      const { questions } = await ask("/v1/questions?state=all");
      if (JSON.stringify(questions) === JSON.stringify(this.questions)) return; // a button that is about to be pressed stays
      this.questions = questions;
      this.draw();
    } catch (error) {
      if (!(error instanceof Refused)) throw error; // the review page says what is wrong
    }
  }

  draw() {
    const isShown = ({ id, answered_at: time }) => Date.now() - Date.parse(time) < DAY_MS && !this.dismissed.has(id);
    const open = this.questions.filter(({ answer, waiting }) => !answer && waiting);
    const answered = this.questions.filter((question) => question.answer && isShown(question));
    this.root.replaceChildren(...open.map((question) => this.drawOpen(question)), ...answered.map((question) => this.drawAnswered(question)));
  }

  drawNotice(question, name, ...children) {
    return el("section", { class: "notice question", id: `question-${question.id}`, "aria-label": `${name} on the tag ${question.label}` },
      ...children, el("p", { class: "problem", role: "alert", hidden: true }));
  }

  answerButton(question, answer, label) {
    return smallButton(() => this.answer(question, answer), { "data-answer": answer }, label);
  }

  drawOpen(question) {
    const nMore = question.waiting - question.titles.length;
    return this.drawNotice(question, "Question",
      el("p", {}, el("strong", {}, question.key ? shown(question.key) : "The CMS", " took “", shown(question.label), `” off ${plural(question.n_articles, "article")} at once. `),
        "Do these articles no longer carry the tag, or did only its term change there? Until somebody says so, the model learns nothing from it."),
      el("ul", {}, question.titles.map(({ article_id: id, title }) => el("li", {}, el("a", { href: pagePath(id) }, title ? shown(title) : "(no title)"))),
        nMore > 0 ? el("li", { class: "low" }, `and ${nMore} more`) : null),
      el("p", { class: "choices" }, Object.entries(ANSWERS).map(([answer, { label }]) => this.answerButton(question, answer, label))));
  }

  drawAnswered(question) {
    const editor = question.answered_by === this.editor ? "You" : shown(question.answered_by);
    const dismiss = () => { this.dismissed.add(question.id); this.draw(); };
    return this.drawNotice(question, "Answered question",
      el("p", {}, editor, " said of “", shown(question.label), `” on ${plural(question.n_articles, "article")}: ${ANSWERS[question.answer].meaning}. `,
        this.answerButton(question, "undo", "Undo"), " ", smallButton(dismiss, {}, "Dismiss")));
  }

  setSending(sending) {
    this.sending = sending;
    for (const button of this.root.querySelectorAll("button")) button.disabled = sending;
  }

  async answer(question, answer) {
    if (this.sending) return;
    this.setSending(true);
    try {
      const answered = await post(this.editor, `/v1/questions/${question.id}`, { answer });
      this.questions = this.questions.map((other) => (other.id === question.id ? answered : other));
      this.draw();
    } catch (error) {
      const problem = document.querySelector(`#question-${question.id} .problem`);
      problem.textContent = `Not taken. ${error.message}`;
      problem.hidden = false;
    } finally {
      this.setSending(false);
    }
    document.querySelector(`#question-${question.id} button`)?.focus();
  }
}

const root = byId("questions");
if (root) new Questions(root).start();
