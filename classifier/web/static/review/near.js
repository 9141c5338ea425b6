// Near-duplicates of an article, as wire updates of it: Done can answer them together with it, and one undo takes that back.

import { _, ngettext } from "../texts.js";
import { articlesPath, ask, pagePath } from "./api.js";
import { byId, el, shown } from "./elements.js";

export class Near {
  constructor() {
    this.article = null; // the id of the article that the rows are of
    this.rows = [];
  }

  /** The ids of the articles that are answered together with the one that is shown. */
  get chosen() { return byId("together")?.checked ? this.rows.map((row) => row.article_id) : []; }

  /** Answer them together, or each for itself. Returns what is the case now, null where there is none. */
  toggle() {
    const box = byId("together");
    if (!box) return null;
    box.checked = !box.checked;
    box.dispatchEvent(new Event("change"));
    return box.checked;
  }

  /** Show the near-duplicates of an article. `changed()` runs when they are chosen or not. Without an answer none are shown. */
  async show(article, changed) {
    this.article = article;
    this.rows = [];
    let rows = [];
    try { ({ articles: rows } = await ask(`${articlesPath(article)}/near`)); } catch { return; }
    if (this.article !== article) return;
    this.rows = rows.filter((row) => !row.held_by.length);
    byId("near")?.replaceChildren(...(this.rows.length ? [this.#draw(changed)] : []));
  }

  #draw(changed) {
    const n = this.rows.length;
    return el("div", { class: "notice near" },
      el("label", {}, el("input", { type: "checkbox", id: "together", "aria-keyshortcuts": "t", change: changed }), " ",
        el("strong", {}, ngettext("Answer %(n)s near-duplicate together", "Answer %(n)s near-duplicates together", n), " "), el("kbd", { "aria-hidden": "true" }, "t")),
      el("details", { class: "fold" }, el("summary", {}, _("Done gives them your answers to this article, and closes them. Which?")),
        el("ul", {}, this.rows.map((row) => el("li", {}, el("a", { href: pagePath(row.article_id) }, shown(row.title || row.beginning || row.article_id)), " ",
          el("small", {}, _("%(percent)s% the same", { percent: Math.round(row.similarity * 100) })))))));
  }
}
