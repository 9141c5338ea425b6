// The dialog that corrects the language of an article.

import { _ } from "../texts.js";
import { articlesPath, post } from "./api.js";
import { byId, smallButton } from "./elements.js";
import { say } from "./status.js";

/** The dialog. `changed(article id)` runs when the service has made suggestions anew. */
export class LanguageDialog {
  constructor(editor, changed) {
    Object.assign(this, { editor, changed, article: null });
    byId("l-cancel").addEventListener("click", () => byId("correct-language").close());
    byId("language-form").addEventListener("submit", (event) => { event.preventDefault(); this.#submit(); });
  }

  /** Open it for an article. */
  open(article) {
    this.article = article;
    byId("l-language").value = article.language.code ?? "";
    byId("l-problem").hidden = true;
    byId("correct-language").showModal();
    byId("l-language").focus();
  }

  async #submit() {
    const { article } = this;
    const { value, selectedOptions: [option] } = byId("l-language");
    let before;
    try { before = await this.#put(article.id, value || null); } catch (error) {
      byId("l-problem").textContent = _("Not saved. %(problem)s", { problem: error.message });
      byId("l-problem").hidden = false;
      return;
    }
    byId("correct-language").close();
    await this.changed(article.id);
    say(value ? _("Language: %(name)s. Suggestions were made anew.", { name: option.text }) : _("The language is that of the text or its sender. Suggestions were made anew."),
      " ", smallButton(() => this.#undo(article.id, before), {}, _("Undo")));
  }

  async #undo(id, language) {
    try { await this.#put(id, language); } catch (error) { say(_("Not taken back. %(problem)s", { problem: error.message })); return; }
    await this.changed(id);
    say(_("The language is as it was before."));
  }

  /** Say the language of an article. Returns what editors had said before, null for nothing. */
  async #put(id, language) {
    return (await post(this.editor, `${articlesPath(id)}/language`, { language }, { method: "PUT" })).before;
  }
}
