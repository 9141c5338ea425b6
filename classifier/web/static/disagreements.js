// Disagreements are settled where they are listed: one more decision on the tag, which can be undone.

import { Refused, decisionsPath, post } from "./review/api.js";
import { byId, plain } from "./review/elements.js";
import { uuid } from "./review/storage.js";
import { _ } from "./texts.js";

const ANSWERS = { yes: { action: "add", outcome: _("Settled: it belongs.") }, no: { action: "reject", outcome: _("Settled: it does not belong.") } };

class Dispute {
  constructor(card, editor) {
    this.card = card;
    this.editor = editor;
    this.decision = null; // the id of the decision that settled it
    this.key = null; // of the request on its way: if it fails, the same request is sent again
    this.buttons = Object.fromEntries([...card.querySelectorAll("[data-answer]")].map((button) => [button.dataset.answer, button]));
    card.querySelector(".settle").hidden = false;
    for (const [answer, button] of Object.entries(this.buttons)) button.addEventListener("click", () => this.answer(answer));
  }

  async answer(answer) {
    if (this.isSending) return;
    this.isSending = true;
    if (this.asked !== answer) Object.assign(this, { asked: answer, key: uuid() });
    const { article, tag } = this.card.dataset;
    const decision = answer === "undo" ? { action: "undo", decision_id: this.decision } : { tag, action: ANSWERS[answer].action };
    try {
      const reply = await post(this.editor, decisionsPath(article), { complete: false, decisions: [decision] }, { headers: { "Idempotency-Key": this.key } });
      this.decision = answer === "undo" ? null : reply.decisions[0].id;
      this.asked = null;
      this.show(answer === "undo" ? "" : ANSWERS[answer].outcome);
      this.buttons[answer === "undo" ? "yes" : "undo"].focus();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.show(_("Not saved. %(problem)s", { problem: error.message }), true);
    } finally { this.isSending = false; }
  }

  show(outcome, hasFailed = false) {
    const isSettled = Boolean(this.decision);
    this.card.classList.toggle("is-settled", isSettled);
    this.buttons.yes.hidden = this.buttons.no.hidden = isSettled;
    this.buttons.undo.hidden = !isSettled;
    const line = this.card.querySelector(".outcome");
    line.textContent = outcome;
    line.classList.toggle("failed", hasFailed);
    byId("d-status").textContent = outcome && `${plain(this.card.dataset.label)}: ${outcome}`;
  }
}

const list = byId("disputes");
for (const card of list?.querySelectorAll(".dispute") ?? []) new Dispute(card, list.dataset.editor);
