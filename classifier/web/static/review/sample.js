// The sample of a tag that is judged article by article, before an archive run adds the tag: what the judgements show by now.

import { nodes } from "../texts.js";
import { ask } from "./api.js";
import { byId, el, shown } from "./elements.js";

export class Sample {
  constructor() {
    this.id = "";
    this.tag = null; // that is judged, once it is known
  }

  /** Show where the sample stands, if one is judged. */
  async show() {
    const line = byId("sample");
    line.hidden = !this.id;
    if (!this.id) return;
    try {
      const { tag, label, text } = await ask(`/v1/samples/${encodeURIComponent(this.id)}`);
      this.tag = tag;
      line.replaceChildren(el("strong", {}, nodes("Does “%(label)s” belong here?", { label: shown(label) }), " "), text);
    } catch (error) { line.replaceChildren(error.message); }
  }
}
