// Questions on removals: a tag that the CMS took off many articles at once. One answer counts for all of them.

import { Refused, ask, pagePath, post } from "./review/api.js";
import { byId, el, shown, smallButton } from "./review/elements.js";
import { nArticles } from "./review/wording.js";
import { _, nodes } from "./texts.js";

const POLL_MS = 60_000;
const DAY_MS = 24 * 3600_000;
const ANSWERS = {
  removed: { label: _("The articles no longer carry it"), meaning: _("these articles no longer carry it") },
  term_changed: { label: _("Its term was renamed, merged or deleted"), meaning: _("its term was renamed, merged or deleted, and they carry it still") },
};

class Questions {
  constructor(root) {
    this.root = root;
    this.editor = root.dataset.editor;
    this.questions = [];
    this.dismissed = new Set(); // ids of answered questions that this page no longer shows
    this.nSent = 0; // answers, so that a list that was asked for before one of them is not taken for the newest
  }

  async start() {
    await this.load();
    setInterval(() => document.visibilityState === "visible" && this.load(), POLL_MS);
  }

  async load() {
    if (this.sending) return;
    const { nSent } = this;
    try {
      const { questions } = await ask("/v1/questions?state=all");
      if (nSent !== this.nSent) return;
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
    return el("section", { class: "notice question", id: `question-${question.id}`, "aria-label": name },
      ...children, el("p", { class: "problem", role: "alert", hidden: true }));
  }

  answerButton(question, answer, label) {
    return smallButton(() => this.answer(question, answer), { "data-answer": answer }, label);
  }

  drawOpen(question) {
    const nMore = question.waiting - question.titles.length;
    const facts = { sender: question.key ? shown(question.key) : _("The CMS"), label: shown(question.label), articles: nArticles(question.n_articles) };
    return this.drawNotice(question, _("Question on the tag %(label)s", question),
      el("p", {}, el("strong", {}, nodes("%(sender)s took “%(label)s” off %(articles)s at once.", facts), " "),
        _("Do these articles no longer carry the tag, or did only its term change there? Until somebody says so, the model learns nothing from it.")),
      el("ul", {}, question.titles.map(({ article_id: id, title }) => el("li", {}, el("a", { href: pagePath(id) }, title ? shown(title) : _("(no title)")))),
        nMore > 0 ? el("li", { class: "low" }, _("and %(n)s more", { n: nMore })) : null),
      el("p", { class: "choices" }, Object.entries(ANSWERS).map(([answer, { label }]) => this.answerButton(question, answer, label))));
  }

  drawAnswered(question) {
    const name = question.answered_by === this.editor ? _("You") : shown(question.answered_by);
    const facts = { name, label: shown(question.label), articles: nArticles(question.n_articles), meaning: ANSWERS[question.answer].meaning };
    const dismiss = () => { this.dismissed.add(question.id); this.draw(); };
    return this.drawNotice(question, _("Answered question on the tag %(label)s", question),
      el("p", {}, nodes("%(name)s said of “%(label)s” on %(articles)s: %(meaning)s.", facts), " ",
        this.answerButton(question, "undo", _("Undo")), " ", smallButton(dismiss, {}, _("Dismiss"))));
  }

  setSending(sending) {
    this.sending = sending;
    for (const button of this.root.querySelectorAll("button")) button.disabled = sending;
  }

  async answer(question, answer) {
    if (this.sending) return;
    this.nSent += 1;
    this.setSending(true);
    try {
      const answered = await post(this.editor, `/v1/questions/${question.id}`, { answer });
      this.questions = this.questions.map((other) => (other.id === question.id ? answered : other));
      this.draw();
    } catch (error) {
      const problem = document.querySelector(`#question-${question.id} .problem`);
      problem.textContent = _("Not taken. %(problem)s", { problem: error.message });
      problem.hidden = false;
    } finally {
      this.setSending(false);
    }
    document.querySelector(`#question-${question.id} button`)?.focus();
  }
}

const root = byId("questions");
if (root) new Questions(root).start();
