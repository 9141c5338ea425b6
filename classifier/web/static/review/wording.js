// Figures and words as editors read them.

export const PAST_TENSE = { accept: "accepted", reject: "rejected", add: "added", remove: "removed", unsure: "left open",
  complete: "closed the article", reopen: "opened the article again", undo: "taken back" };

// How a tag came onto an article on which no editor has decided.
const WITHOUT_DECISION = { added: "added in the CMS", blind: "added in the CMS before suggestions were shown",
  left: "suggested and left standing", imported: "imported" };

/** Return in words what a decision says. */
export const said = ({ action, in_bulk: inBulk }) => `${PAST_TENSE[action]}${inBulk ? " over a list" : ""}`;

/** Return in words how a tag came onto an article, without who gave it; `decision` is the one that gave it, if any did. */
export const howGiven = (origin, decision) => (decision
  ? `${said(decision)}${origin === "blind" ? " before suggestions were shown" : ""}` : WITHOUT_DECISION[origin] ?? "");

/** Return in words what closing an article means. `nOthers`: tags that are not on it; `nOpen`: shown ones without an answer. */
export function closingInWords(nOthers, nOpen) {
  const others = nOthers === undefined ? "all other tags" : plural(nOthers, "tag");
  const open = nOpen ? `, ${nOpen} of them shown here` : "";
  return `Done: ${others} of the taxonomy ${nOthers === 1 ? "becomes" : "become"} a no${open}`;
}

export const percent = (score) => (score >= 0.995 ? "99+" : String(Math.round(score * 100)));
export const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
export const day = (time) => String(time ?? "").slice(0, 10);
export const plural = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;
export const capitalized = (text) => text[0].toUpperCase() + text.slice(1);
