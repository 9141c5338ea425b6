// Who has an article before them: the page is dealt articles that nobody else has, holds the one that it shows, and gives it
// back when it shows another, or is left.

import { articlesPath, post } from "./api.js";

const RENEW_MS = 120_000; // a lease ends by itself after five minutes
const DEAL_MS = 2_000; // without an answer until then the page goes on by its list

/** The lease of this page. `isClosing(id)` says that an article is closed, and the service does not know it yet. */
export class Leases {
  constructor(editor, isClosing) {
    Object.assign(this, { editor, isClosing, article: null, at: 0 });
  }

  /**
   * Return the id of the first article under filters that nobody else has, null if there is none: this editor holds it now.
   * Without an answer return undefined.
   */
  async deal(filters, skip) {
    try {
      return (await post(this.editor, `/v1/queue/deal?${filters}`, { skip }, { timeout: DEAL_MS })).article_id;
    } catch { return undefined; }
  }

  /** Hold an article that was dealt in place of the one before. */
  hold(article) {
    if (this.article !== article) this.leave();
    Object.assign(this, { article, at: Date.now() });
  }

  /** Take an article in place of the one before. Returns {held, others}; without an answer it counts as held. */
  async take(article) {
    this.hold(article);
    try { return await this.#send(article, { method: "PUT" }); } catch { return { held: true, others: [] }; }
  }

  /** Whether it is time to take the article once more. */
  get isDue() { return this.article !== null && Date.now() - this.at > RENEW_MS; }

  /** Give back the article that is held. */
  leave() {
    if (this.article) this.giveBack(this.article);
    this.article = null;
  }

  /** Give an article back, also while the page is being left. Closing one gives it back, too: until then nobody is dealt it. */
  giveBack(article) {
    if (!this.isClosing(article)) this.#send(article, { method: "DELETE", keepalive: true }).catch(() => {}); // it ends by itself
  }

  #send(article, options) { return post(this.editor, `${articlesPath(article)}/lease`, {}, options); }
}
