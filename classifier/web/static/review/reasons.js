// The box on a card that asks why a tag is rejected.

import { _ } from "../texts.js";
import { el, plain, smallButton } from "./elements.js";

/** The box that is open, if one is. `reasons` are pairs of a code and its text. */
export class RejectionReasons {
  constructor(reasons) {
    this.reasons = reasons;
    this.choose = null; // rejects with a reason's code or null; null while no box is open
  }

  /** The codes to choose from while a box is open, else null. */
  get codes() { return this.choose && this.reasons.map(([code]) => code); }

  text(code) { return this.reasons.find(([other]) => other === code)?.[1] ?? code; }

  /** Open the box of a card. `reject(fields)` gets the reason and the note that were given. */
  open(card, label, draft, reject) {
    const box = card.querySelector(".because");
    const note = el("input", { id: `note-${card.dataset.tag}`, dir: "auto", maxlength: 1000, autocomplete: "off" });
    this.choose = (reason) => {
      const text = note.value.trim();
      draft.clear();
      this.close(card);
      reject({ ...(reason && { reason }), ...(text && { note: text }) });
    };
    note.value = draft.get();
    note.addEventListener("input", () => draft.set(note.value));
    const group = this.#draw(plain(label), note);
    note.addEventListener("keydown", (event) => {
      if (!["Enter", "Escape"].includes(event.key) || event.isComposing) return;
      event.preventDefault();
      event.stopPropagation();
      group.focus();
    });
    box.replaceChildren(group);
    box.hidden = false;
    group.focus();
  }

  #draw(label, note) {
    const choice = (key, text, reason) =>
      smallButton(() => this.choose(reason), {}, el("kbd", { "aria-hidden": "true" }, key), " ", text);
    const keys = this.reasons.map(([, text], i) => `${i + 1}: ${text}`).join(_(", "));
    return el("div", { role: "group", tabindex: "-1", class: "because-group",
      "aria-label": _("Why is %(label)s rejected? %(keys)s. Enter: no reason. Escape: leave it.", { label, keys }) },
    el("p", { class: "facts" }, _("Why? A digit, or Enter for no reason")),
    el("div", { class: "choices" }, this.reasons.map(([code, text], i) => choice(i + 1, text, code)), choice("↵", _("no reason"), null)),
    el("label", { for: note.id }, _("Note")), note, el("p", { class: "facts" }, _("Enter in the note goes back to the reasons.")));
  }

  close(card) {
    const box = card.querySelector(".because");
    if (!box || box.hidden) return;
    box.hidden = true;
    box.replaceChildren();
    this.choose = null;
  }
}
