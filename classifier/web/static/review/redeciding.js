// The articles that wait for another decision, since a tag was split or a merge into it was taken back.

import { nodes } from "../texts.js";
import { ask } from "./api.js";
import { keyOf } from "./choices.js";
import { byId, el, shown } from "./elements.js";

/** Return what is said above the articles that wait for a choice instead of a tag. */
const question = ({ tag, parts, labels }) => [
  nodes("%(tag)s is more than one tag now.", { tag: el("a", { href: `/tags/tag?id=${encodeURIComponent(tag)}` }, shown(labels[tag])) }), " ",
  el("strong", {}, nodes("Which of them does this article have: %(tags)s?", { tags: parts.map((part, i) => [i ? ", " : "", shown(labels[part])]) }))].flat(Infinity);

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
      line.replaceChildren(...question(await ask(`/v1/tags/${encodeURIComponent(this.tag)}/redecide?limit=1`)));
    } catch (error) { line.replaceChildren(error.message); }
  }
}
