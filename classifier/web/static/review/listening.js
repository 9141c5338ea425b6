// What keys, buttons and the browser do on the review page.

import { _ } from "../texts.js";
import { byId } from "./elements.js";
import { listenToKeys } from "./keys.js";
import { say } from "./status.js";

/** Let keys, buttons and the browser act on the page. */
export function listen(page) {
  const { cards } = page;
  const showHelp = () => byId("help").showModal();
  // The text scrolls by script: the list of tags, which has the focus, would take these keys for itself.
  const scroll = (pages) => scrollBy(0, pages * innerHeight * 0.8);
  const moves = { undo: () => page.decisions.undo(), back: () => page.back(), next: () => page.next(), done: () => page.done() };
  const actions = { ...moves, help: showHelp, down: () => cards.step(1), up: () => cards.step(-1), together: () => say({ true: _("Done answers the near-duplicates, too."), false: _("Done answers this article only.") }[page.near.toggle()] ?? _("This article has no near-duplicates.")),
    addTag: () => { page.sheet.open(); byId("add").focus(); },
    pageDown: () => scroll(1), pageUp: () => scroll(-1), accept: () => cards.press("accept"), reject: () => cards.press("reject"),
    unsure: () => cards.press("unsure"), why: () => cards.press("why"), keepTag: () => cards.closeReasons(), rejectFor: ({ reason }) => cards.reasons.choose(reason),
    choose: ({ number }) => cards.chooseNumber(number) };
  const state = () => ({ reasons: cards.reasons.codes, choices: cards.choice?.between.length ?? 0, hasArticle: page.isReady, hasTag: Boolean(cards.tag) });
  listenToKeys(state, (action) => {
    if (action.name !== "done") page.touched = true;
    actions[action.name](action);
  });
  page.sheet.listen(() => { if (page.article && !cards.focusFirst(cards.tag)) byId("add").focus(); });
  for (const [id, act] of Object.entries({ ...moves, keys: showHelp })) byId(id).addEventListener("click", act);
  addEventListener("popstate", () => {
    const id = decodeURIComponent(location.pathname.split("/")[2] ?? "");
    if (id) page.show(id, { push: false });
    else page.showFirst({ push: false });
  });
  addEventListener("beforeunload", (event) => { if (page.outbox.entries().length && !page.status.leaves) event.preventDefault(); });
  page.dealing.listen();
  addEventListener("online", () => { page.outbox.nFailures = 0; page.wake(); });
  addEventListener("offline", () => page.showStatus());
  document.addEventListener("visibilitychange", () => page.wake());
  addEventListener("storage", (event) => page.changedElsewhere(event));
}
