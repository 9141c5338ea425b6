// Makes the pages of the taxonomy quicker to use. Everything works without it.

import { kindName } from "./review/kinds.js";
import { _, ngettext } from "./texts.js";

// A field that names a tag offers tags as one types.
const asked = new Map();
const offer = async (field) => {
  const text = field.value.split(",").at(-1).trim();
  if (!text) return;
  if (!asked.has(text)) {
    const reply = await fetch(`/tags/names?q=${encodeURIComponent(text)}`, { headers: { Accept: "application/json" } });
    if (!reply.ok) return;
    asked.set(text, (await reply.json()).tags);
  }
  if (field.value.split(",").at(-1).trim() !== text) return;
  const options = asked.get(text).map(({ id, label, kind }) => {
    const option = document.createElement("option");
    option.value = label;
    option.label = `${label} (${kindName(kind)}, ${id})`;
    return option;
  });
  field.list.replaceChildren(...options);
};
for (const field of document.querySelectorAll("input[data-names]")) {
  let timer;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => offer(field).catch(() => {}), 120);
  });
}

// A part that takes seconds to count comes after the page.
for (const part of document.querySelectorAll("[data-load]")) {
  const waiting = part.querySelector(".loading");
  const link = waiting.firstElementChild;
  waiting.textContent = _("Counting …");
  fetch(part.dataset.load, { headers: { Accept: "text/html" } })
    .then(async (reply) => {
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      const counted = page.getElementById(part.dataset.part);
      const problem = page.querySelector(".notice.bad");
      if (!reply.ok || !counted) throw new Error(problem?.textContent);
      part.replaceChildren(...counted.childNodes);
      if (problem && !part.contains(problem)) part.prepend(problem);
    })
    .catch(() => waiting.replaceChildren(_("It could not be counted just now."), " ", link));
}

// The number of ticked tags stands on the button. Shift ticks all between two.
const list = document.getElementById("ticked");
if (list?.querySelector(".act")) {
  const boxes = [...list.querySelectorAll("input[name=tag]")];
  const bar = list.querySelector(".act");
  const title = list.querySelector(".act legend");
  const count = () => {
    const n = boxes.filter((box) => box.checked).length;
    title.textContent = ngettext("With %(n)s ticked tag", "With %(n)s ticked tags", n);
    bar.hidden = !n;
  };
  let last = null;
  for (const box of boxes) {
    box.addEventListener("click", (event) => {
      if (event.shiftKey && last) {
        const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
        for (const each of boxes.slice(from, to + 1)) each.checked = box.checked;
      }
      last = box;
      count();
    });
  }
  addEventListener("pageshow", count);
  count();
}

// A time to come is one of the reader's clock. Enter in it schedules, and does not apply at once.
for (const when of document.querySelectorAll("[data-when]")) {
  const { form } = when;
  form.querySelector("[data-clock]").textContent = `(${Intl.DateTimeFormat().resolvedOptions().timeZone})`;
  const now = new Date();
  when.min = new Date(now - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  when.addEventListener("input", () => {
    form.elements.zone.value = when.value ? -new Date(when.value).getTimezoneOffset() : "";
  });
  when.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    form.requestSubmit(form.querySelector("[formaction$=schedule]"));
  });
}

// "/" leads to the search.
addEventListener("keydown", (event) => {
  const search = document.getElementById("q");
  if (event.key !== "/" || !search || event.target.matches("input, textarea, select")) return;
  event.preventDefault();
  search.select();
});
