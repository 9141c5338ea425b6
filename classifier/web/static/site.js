// What all pages share: the colours that a reader chose, times in the reader's zone, and the menu of narrow windows.
"use strict";

(() => {
  const THEME = "tagger.theme"; // "light" or "dark"; without it the colours are those of the system
  const THEMES = ["", "light", "dark"];
  const root = document.documentElement;
  const stored = () => { try { return localStorage.getItem(THEME) ?? ""; } catch { return root.dataset.theme ?? ""; } };
  const apply = (theme) => { if (theme) root.dataset.theme = theme; else delete root.dataset.theme; };

  const store = (theme) => {
    try {
      if (theme) localStorage.setItem(THEME, theme);
      else localStorage.removeItem(THEME);
    } catch { /* it is kept until the page is left */ }
    apply(theme);
  };

  const startTheme = () => {
    const button = document.getElementById("theme");
    if (!button) return;
    const name = () => {
      button.title = button.dataset[stored() || "system"] ?? button.dataset.system;
      button.lastElementChild.textContent = button.title;
    };
    button.hidden = false;
    button.addEventListener("click", () => {
      store(THEMES[(THEMES.indexOf(stored()) + 1) % THEMES.length]);
      name();
    });
    addEventListener("storage", ({ key }) => { if (key === THEME) { apply(stored()); name(); } });
    name();
  };

  const startMenu = () => {
    const button = document.getElementById("menu");
    if (!button) return;
    button.hidden = false;
    const open = (isOpen) => {
      root.classList.toggle("menu-open", isOpen);
      button.setAttribute("aria-expanded", String(isOpen));
    };
    button.addEventListener("click", () => open(!root.classList.contains("menu-open")));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !root.classList.contains("menu-open")) return;
      open(false);
      button.focus();
    });
  };

  // The digits are those of all figures of the pages.
  const long = new Intl.DateTimeFormat(root.lang === "en" ? "en-GB" : `${root.lang}-u-nu-latn`, { dateStyle: "medium", timeStyle: "short" });

  /** Show the times below a node in the reader's zone. A day without a time is left as it is. */
  const localTimes = (node) => {
    for (const time of node.querySelectorAll("time[datetime*=T]")) {
      const date = new Date(time.dateTime);
      if (Number.isNaN(date.getTime())) continue;
      time.title ||= time.textContent;
      time.textContent = long.format(date);
    }
  };

  root.classList.add("js");
  apply(stored());
  addEventListener("DOMContentLoaded", () => {
    startTheme();
    startMenu();
    localTimes(document);
  });
  document.addEventListener("renewed", ({ target }) => localTimes(target));
})();
