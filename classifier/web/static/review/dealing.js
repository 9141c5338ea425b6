// Which article comes next: the one that the service deals to this editor, so that nobody else has it.

import { _, ngettext } from "../texts.js";
import { plain } from "./elements.js";
import { Leases } from "./leases.js";
import { say } from "./status.js";

/** Moves `page` from article to article. */
export class Dealing {
  constructor(page) {
    const { outbox } = page;
    this.page = page;
    this.leases = new Leases(page.editor, (id) => outbox.rows(id).some((row) => row.action === "complete"));
    this.nMoves = 0; // the number of the last move to another article
    this.waits = false; // for the service to deal one
    this.dealt = []; // the ids since `start`, in their order: the service's order changes with each decision, the list's does not
    this.start = null; // the article that the editor opened by hand; those before it in the list are passed over
  }

  /** Note that the page moves to another article. */
  move() {
    this.nMoves += 1;
    this.waits = false;
    return this.nMoves;
  }

  /**
   * Show the next article that nobody else has: as the service deals it, or without its answer by the list. Returns whether
   * the page goes on to it, and nobody turned elsewhere while it was dealt.
   */
  async showNext(after, options = {}) {
    const { page } = this;
    const move = this.move();
    this.#goOn(after);
    this.waits = true;
    const dealt = await this.#deal(after);
    if (move !== this.nMoves) { // another article was chosen meanwhile
      if (dealt && dealt !== page.currentId) this.leases.giveBack(dealt);
      return false;
    }
    this.waits = false;
    const id = dealt === undefined ? page.queue.after(after)[0] : dealt;
    if (dealt) {
      this.dealt.push(dealt);
      this.leases.hold(dealt);
    }
    if (id) await page.show(id, { ...options, held: Boolean(dealt), passes: !dealt });
    else page.showEnd();
    return page.currentId === (id ?? undefined);
  }

  /** Go on after an article: a dealt one, from which the later ones may come again, or one that the editor opened. */
  #goOn(after) {
    const index = this.dealt.indexOf(after);
    if (index < 0) this.start = after;
    this.dealt.length = index + 1;
  }

  /** Return the article that the service deals after another one, null if none is free, undefined if it does not say so. */
  async #deal(after) {
    const { queue, outbox } = this.page;
    const asks = queue.isDealt && !queue.problem && !outbox.nFailures && navigator.onLine;
    const dealt = asks ? await this.leases.deal(queue.filters, queue.skipped(this.start, this.dealt)) : undefined;
    if (dealt === undefined && !queue.after(after).length && queue.cursor) await queue.load(true);
    if (dealt === null && queue.after(after).length) await queue.load(); // it does not know yet who has them
    return dealt;
  }

  /** Hold an article for this editor. If somebody else has it, say so; one that the list chose is passed over. */
  async hold(article, passes = false) {
    const { page } = this;
    const { held, others } = await this.leases.take(article.id);
    article.holders = others.map(({ editor }) => editor);
    page.queue.setHolders(article.id, article.holders);
    if (page.article !== article) return;
    if (!held && passes && !page.touched && !article.holders.includes(page.editor)) {
      await page.next();
      say(ngettext("%(names)s has “%(title)s” open. This is the next one.", "%(names)s has “%(title)s” open. This is the next one.",
        article.holders.length, { names: article.holders.join(_(", ")), title: plain(article.headline).slice(0, 60) }));
    } else if (others.length) {
      page.render();
      page.drawQueue();
    }
  }

  /** Hold the article on, as long as it is shown. */
  renew(article) { if (this.leases.isDue) this.hold(article); }

  /** Give back what is held when the page is left, and take it again where the browser shows the same page once more. */
  listen() {
    addEventListener("pagehide", () => this.leases.leave());
    addEventListener("pageshow", (event) => { if (event.persisted && this.page.article) this.hold(this.page.article); });
  }
}
