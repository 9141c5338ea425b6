// The progress of a run, kept up to date without loading the page. Without this script the page shows it as it was.
"use strict";

{
  const SECONDS = 2;
  const TYPING_MS = 10_000; // after a field was changed the page is not loaded anew: what is in the fields would be lost
  const card = document.querySelector("[data-run]");
  const parts = card ? [...card.querySelectorAll("[data-live]")] : [];
  const shown = new Map(parts.map((part) => [part, part.innerHTML]));

  const renew = (part, newer) => {
    if (part instanceof HTMLProgressElement) part.value = newer.value;
    if (newer.innerHTML === shown.get(part)) return; // a screen reader says what changes
    shown.set(part, newer.innerHTML);
    part.innerHTML = newer.innerHTML;
    part.dispatchEvent(new Event("renewed", { bubbles: true }));
  };

  let changedAt = -TYPING_MS;
  addEventListener("input", () => { changedAt = performance.now(); });

  const look = async () => {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.ok) {
        const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-run]");
        if (next?.dataset.run !== card.dataset.run) {
          if (performance.now() - changedAt > TYPING_MS) {
            location.reload();
            return;
          }
        } else for (const part of parts) renew(part, next.querySelector(`[data-live=${part.dataset.live}]`));
      }
    } catch {
      // The service may be starting anew: look again.
    }
    setTimeout(look, SECONDS * 1000);
  };

  if (card) setTimeout(look, SECONDS * 1000);
}
