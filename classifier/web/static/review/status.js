// What the page says: that decisions are saved, or wait, or were refused.

import { _, ngettext, nodes } from "../texts.js";
import { byId, el, plain, shown, smallButton } from "./elements.js";
import { storage } from "./storage.js";
import { PAST_TENSE } from "./wording.js";

const SLOW_MS = 400; // until "Saving…" is shown: most answers are quicker, and the words would only flicker

/** Say what has just happened. */
export const say = (text, ...more) => byId("said").replaceChildren(shown(text), ...more);

const waitsForSignIn = (n) => ngettext("Not saved yet: %(n)s decision waits for you to sign in", "Not saved yet: %(n)s decisions wait for you to sign in", n);
const waitsForNetwork = (n) => ngettext("Not saved yet: %(n)s decision waits for the network", "Not saved yet: %(n)s decisions wait for the network", n);

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
    const { nFailures, blocked } = this.outbox;
    const waits = n > 0 && Boolean(nFailures || blocked || !navigator.onLine);
    if (waits) this.#showSaved(blocked ? waitsForSignIn(n) : waitsForNetwork(n), true);
    else if (!n) this.#showSaved(_("Saved"));
    else this.timer ??= setTimeout(() => this.#showSaved(_("Saving…")), SLOW_MS); // further decisions do not put it off
    byId("left").textContent = nLeft === undefined ? "" : ngettext("%(n)s left ·", "%(n)s left ·", nLeft);
    this.#showBlocked(n);
  }

  #showSaved(text, isBad = false) {
    this.timer = clearTimeout(this.timer);
    const line = byId("saved");
    if (line.textContent !== text) line.textContent = text;
    line.classList.toggle("bad", isBad);
  }

  #showBlocked(n) {
    const { blocked, editor } = this.outbox;
    const notice = byId("stopped");
    if (!blocked) notice?.remove();
    if (!blocked || notice) return;
    const address = encodeURIComponent(location.pathname + location.search);
    byId("trouble").append(el("div", { id: "stopped", class: "notice bad" }, el("strong", {}, shown(blocked)), " ",
      n ? [_("Nothing is lost: what is not saved is kept in this browser, and sent once you are signed in."), " "] : "",
      el("a", { href: `/sign-in?next=${address}`, click: () => { this.leaves = true; } }, _("Sign in as %(name)s", { name: editor }))));
  }

  /** Show the decisions that the server refused, each until it is dismissed. */
  showRefusals() {
    for (const [name, entry] of this.outbox.refusals()) {
      if (byId(name)) continue;
      const named = () => (entry.label ? _("“%(label)s” %(done)s", { label: plain(entry.label), done: PAST_TENSE[entry.action] }) : PAST_TENSE[entry.action]);
      const decision = entry.action === "undo" ? _("Taking back a decision") : named();
      const dismiss = () => { storage.remove(name); box.remove(); };
      const box = el("div", { id: name, class: "notice bad refused" }, el("strong", {}, _("Not taken:"), " "), nodes("%(decision)s on “%(title)s”.", { decision, title: shown(entry.title) }), " ",
        shown(entry.detail), " ", smallButton(dismiss, {}, _("Dismiss")));
      byId("trouble").append(box);
    }
  }
}
