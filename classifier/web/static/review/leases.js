// Who has an article before them: this page says that its editor does, and hears whether somebody else has it.

import { articlesPath, ask, post } from "./api.js";

const RENEW_MS = 120_000; // a lease ends by itself after five minutes

export class Leases {
  constructor(editor) {
    this.editor = editor;
    this.article = null;
  }

  /** Hold an article in place of the one before. Returns {held, others}; without an answer it counts as held. */
  async take(article) {
    if (this.article && this.article !== article) this.#giveBack(this.article);
    Object.assign(this, { article, at: Date.now() });
    try {
      return await post(this.editor, `${articlesPath(article)}/lease`, {}, {}, "PUT");
    } catch { return { held: true, others: [] }; }
  }

  /** Hold the article on, as long as it is shown. */
  renew() {
    if (this.article && Date.now() - this.at > RENEW_MS) this.take(this.article);
  }

  #giveBack(article) {
    post(this.editor, `${articlesPath(article)}/lease`, {}, {}, "DELETE").catch(() => {}); // it ends by itself
  }
}
