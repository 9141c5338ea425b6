// The articles that wait for another decision, since a tag was split or a merge into it was taken back.

import { ask } from "./api.js";
import { keyOf } from "./choices.js";
import { byId, el, shown } from "./elements.js";
import { allTags } from "./tags.js";

/** Return what is said above the articles that wait for a choice instead of a tag. */
const question = (tags, tag, parts) => [el("a", { href: `/tags/tag?id=${encodeURIComponent(tag)}` }, shown(tags.label(tag))), " is more than one tag now. ",
  el("strong", {}, "Which of them does this article have: ", parts.map((part, i) => [i ? (i === parts.length - 1 ? " or " : ", ") : "", shown(tags.label(part))]), "?")];

export class Redeciding {
  constructor() { this.tag = ""; }

  /** The key of the card that asks. */
  get card() { return this.tag ? keyOf(this) : null; }

  /** Say between which tags is to be chosen, if the queue is of such articles. */
  async show() {
    const line = byId("redeciding");
    line.hidden = !this.tag;
    if (!this.tag) return;
    try {
      const [tags, { parts }] = await Promise.all([allTags(), ask(`/v1/tags/${encodeURIComponent(this.tag)}/redecide?limit=1`)]);
      line.replaceChildren(...question(tags, this.tag, parts));
    } catch (error) { line.replaceChildren(error.message); }
  }
}
