// The dialog that proposes a new tag.

import { _ } from "../texts.js";
import { post } from "./api.js";
import { byId, plain } from "./elements.js";
import { draftOf } from "./storage.js";

/** The dialog. `closed(label)` runs when a proposal was sent. */
export class ProposalDialog {
  constructor(editor, closed) {
    this.editor = editor;
    this.closed = closed;
    byId("p-cancel").addEventListener("click", () => byId("propose").close());
    byId("p-note").addEventListener("input", () => this.draft.set(byId("p-note").value));
    byId("propose-form").addEventListener("submit", (event) => { event.preventDefault(); this.#send(); });
  }

  /** Open it for a tag that an article needs. `sent` runs when the proposal was sent. */
  open(article, label, sent) {
    Object.assign(this, { article, sent, draft: draftOf(this.editor, `propose/${article.id}`) });
    byId("p-label").value = label;
    byId("p-note").value = this.draft.get();
    byId("p-problem").hidden = true;
    byId("propose").showModal();
    byId("p-note").focus();
  }

  async #send() {
    const { article, draft, sent } = this;
    const label = byId("p-label").value.trim();
    const note = byId("p-note").value.trim();
    try {
      await post(this.editor, "/review/proposals", { label, note, article_id: article.id });
    } catch (error) {
      byId("p-problem").textContent = _("Not sent, and nothing is lost. %(problem)s", { problem: error.message });
      byId("p-problem").hidden = false;
      return;
    }
    draft.clear();
    sent();
    byId("propose").close();
    this.closed(plain(label));
  }
}
