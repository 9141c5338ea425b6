// The tags of an article beside its text, or in narrow windows in a sheet that comes from below.

import { byId } from "./elements.js";

export const NARROW = "(max-width: 56rem)"; // as in review.css

export class Sheet {
  constructor() {
    this.media = matchMedia(NARROW);
    this.button = byId("sheet");
  }

  /** Whether the tags can be seen. */
  get isVisible() { return !this.media.matches || document.documentElement.classList.contains("sheet-open"); }

  open() { if (!this.isVisible) this.#set(true); }

  close() { this.#set(false); }

  #set(isOpen) {
    document.documentElement.classList.toggle("sheet-open", isOpen);
    this.button.setAttribute("aria-expanded", String(isOpen));
  }

  /** Follow the button and the Escape key. `opened()` runs when the button has opened it. */
  listen(opened) {
    this.button.addEventListener("click", () => {
      if (this.isVisible) this.close();
      else {
        this.open();
        opened();
      }
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || !this.media.matches || !this.isVisible) return;
      this.close();
      this.button.focus();
    });
  }
}
