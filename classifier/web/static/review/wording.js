// Figures and words as editors read them.

export const PAST_TENSE = { accept: "accepted", reject: "rejected", add: "added", remove: "removed", unsure: "left open",
  complete: "closed the article", reopen: "opened the article again", undo: "taken back" };

export const percent = (score) => (score >= 0.995 ? "99+" : String(Math.round(score * 100)));
export const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
export const day = (time) => String(time ?? "").slice(0, 10);
export const plural = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;
export const capitalized = (text) => text[0].toUpperCase() + text.slice(1);
