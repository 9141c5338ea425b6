// The keys of the review page.

const ALWAYS = { n: "next", p: "back", z: "undo", "?": "help" };
const ON_ARTICLE = { j: "down", ArrowDown: "down", k: "up", ArrowUp: "up", Enter: "done", "+": "addTag", t: "together", PageDown: "pageDown", PageUp: "pageUp" };
const ON_TAG = { a: "accept", x: "reject", " ": "unsure", w: "why" };
const REPEATED = new Set(["j", "k", "ArrowDown", "ArrowUp", "PageDown", "PageUp"]);

/** What `actionOf` returns for a key that the page takes and does nothing on. */
export const IGNORED = { name: "ignored" };

/**
 * Return the action of a key; null if the key is left to the browser.
 *
 * `onControl` says that a button or link has the focus, `repeat` that the key is held down. `reasons` are the codes to
 * choose from while the page asks why a tag is rejected, else null. `choices` is how many tags the current card lets choose from. `hasArticle` and `hasTag` say what there is to act on.
 */
export function actionOf(key, { repeat = false, onControl = false, reasons = null, choices = 0, hasArticle = false, hasTag = false }) {
  if (onControl && (key === "Enter" || key === " ")) return null;
  if (repeat && !REPEATED.has(key)) return IGNORED;
  const number = /^[1-9]$/.test(key) ? Number(key) : 0;
  if (reasons) {
    if (key === "Escape") return { name: "keepTag" };
    if (key === "Enter") return { name: "rejectFor", reason: null };
    if (number && number <= reasons.length) return { name: "rejectFor", reason: reasons[number - 1] };
  }
  if (number && number <= choices) return { name: "choose", number };
  const keys = { ...(hasArticle && hasTag && ON_TAG), ...(hasArticle && ON_ARTICLE), ...ALWAYS };
  return Object.hasOwn(keys, key) ? { name: keys[key] } : null;
}

/** Listen to keys, except in fields and behind dialogs. `act(action)` runs; `state()` returns what `actionOf` needs. */
export function listenToKeys(state, act) {
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest?.("input, textarea, select, [contenteditable]");
    const combined = event.isComposing || event.ctrlKey || event.altKey || event.metaKey;
    if (event.defaultPrevented || combined || field || document.querySelector("dialog[open]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const onControl = Boolean(event.target.closest?.("button, a, summary, select"));
    const action = actionOf(key, { ...state(), repeat: event.repeat, onControl });
    if (!action) return;
    event.preventDefault();
    if (action !== IGNORED) act(action);
  });
}
