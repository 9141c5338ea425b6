// What the page says: that decisions are saved, or wait, or were refused.

import { byId, el, plain, shown, smallButton } from "./elements.js";
import { storage } from "./storage.js";
import { PAST_TENSE, plural } from "./wording.js";

const SLOW_MS = 400; // until "Saving…" is shown: most answers are quicker, and the words would only flicker

/** Say what has just happened. */
export const say = (text, ...more) => byId("said").replaceChildren(shown(text), ...more);

/** The state of the outbox, as it is shown. */
export class Status {
  constructor(outbox) {
    this.outbox = outbox;
    this.leaves = false; // the editor follows the link to the sign-in page
  }

  /** Show whether all decisions are saved, and how many articles are left, if that is known. */
  show(nLeft) {
    const n = this.outbox.entries().length;
    byId("saved").setAttribute("aria-busy", String(n > 0)); // at once; the words follow if it takes long
    const text = this.#text(n);
    if (text !== "Saving…") this.#showSaved(text);
    else this.timer ??= setTimeout(() => this.#showSaved(text), SLOW_MS); // further decisions do not put it off
    byId("left").textContent = nLeft === undefined ? "" : `${nLeft} left ·`;
    this.#showBlocked(n);
  }

  #text(n) {
    const { nFailures, blocked } = this.outbox;
    if (!n) return "Saved";
    if (!nFailures && !blocked && navigator.onLine) return "Saving…";
    return `Not saved yet: ${plural(n, "decision")} ${n === 1 ? "waits" : "wait"} for ${blocked ? "you to sign in" : "the network"}`;
  }

  #showSaved(text) {
    this.timer = clearTimeout(this.timer);
    const line = byId("saved");
    if (line.textContent !== text) line.textContent = text;
    line.classList.toggle("bad", text.startsWith("Not"));
  }

  #showBlocked(n) {
    const { blocked, editor } = this.outbox;
    const notice = byId("stopped");
    if (!blocked) notice?.remove();
    if (!blocked || notice) return;
    const address = encodeURIComponent(location.pathname + location.search);
    byId("trouble").append(el("div", { id: "stopped", class: "notice bad" }, el("strong", {}, shown(blocked)), " ",
      n ? "Nothing is lost: what is not saved is kept in this browser, and sent once you are signed in. " : "",
      el("a", { href: `/sign-in?next=${address}`, click: () => { this.leaves = true; } }, `Sign in as ${editor}`)));
  }

  /** Show the decisions that the server refused, each until it is dismissed. */
  showRefusals() {
    for (const [name, entry] of this.outbox.refusals()) {
      if (byId(name)) continue;
      const decision = entry.action === "undo" ? "Taking back a decision" : `${entry.label ? `“${plain(entry.label)}” ` : ""}${PAST_TENSE[entry.action]}`;
      const dismiss = () => { storage.remove(name); box.remove(); };
      const box = el("div", { id: name, class: "notice bad refused" }, el("strong", {}, "Not taken: "), decision, " on “", shown(entry.title), "”. ",
        shown(entry.detail), " ", smallButton(dismiss, {}, "Dismiss"));
      byId("trouble").append(box);
    }
  }
}
