// The progress of a training, kept up to date without loading the page. Without this script the page shows it as it was.

import { _, locale, ngettext, number } from "./texts.js";

{
  const card = document.getElementById("run");
  const seconds = 2;

  const left = ({ minutes_left: about, minutes_at_least: least, doing }) => {
    if (about !== null && about < 1) return _("Less than a minute is left.");
    if (about !== null) return ngettext("About %(n)s minute is left.", "About %(n)s minutes are left.", Math.ceil(about));
    if (least !== null) return ngettext("At least %(n)s minute is left.", "At least %(n)s minutes are left.", Math.floor(least));
    if (!doing || !doing.done) return _("How long it takes depends on the number of articles.");
    const done = _("So far: %(n)s", { n: number(doing.done) });
    return doing.total ? `${done} / ${number(doing.total)}` : done;
  };

  const show = (run) => {
    const items = [...card.querySelectorAll(".steps li")];
    const present = run.steps.length ? run.steps[run.steps.length - 1].name : null;
    items.forEach((item, place) => {
      item.classList.toggle("done", place < run.step - 1);
      if (item.dataset.of === present) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    });
    const doing = run.doing;
    const part = doing && doing.total ? doing.done / doing.total : 0;
    card.querySelector("progress").value = Math.max(0, run.step - 1) + part;
    const name = items.find((item) => item.dataset.of === present);
    const title = name
      ? _("Step %(n)s of %(all)s: %(name)s", { n: run.step, all: run.n_steps, name: name.textContent })
      : _("A training begins");
    const head = card.querySelector("h3");
    if (head.textContent !== title) head.textContent = title;
    const text = left(run);
    const status = card.querySelector("[data-left]");
    if (status.textContent !== text) status.textContent = text;
    const log = card.querySelector("[data-log]");
    log.replaceChildren(...run.log.map((line) => {
      const item = document.createElement("li");
      item.textContent = `${new Date(line.at).toLocaleTimeString(locale)} ${line.text}`;
      return item;
    }));
  };

  const look = async () => {
    try {
      const answer = await fetch(`/v1/runs/${card.dataset.run}`, { headers: { Accept: "application/json" } });
      if (answer.ok) {
        const run = await answer.json();
        if (run.ended_at !== null || (card.dataset.outcome === "waiting" && run.outcome === "running")) {
          location.reload();
          return;
        }
        show(run);
      }
    } catch {
      // The service may be starting anew: look again.
    }
    setTimeout(look, seconds * 1000);
  };

  if (card) setTimeout(look, seconds * 1000);
}

// The slider and the number of a threshold are one value.
for (const input of document.querySelectorAll("[data-follows]"))
  input.addEventListener("input", () => { document.getElementById(input.dataset.follows).value = input.value; });

// A schedule that nobody has set yet begins in the reader's time zone.
for (const select of document.querySelectorAll("select[data-of-reader]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...select.options].some((option) => option.value === zone)) select.value = zone;
}

// A backup that is being made shows up when it is there.
{
  const look = async () => {
    try {
      const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
      const found = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("backups");
      if (found && !("pending" in found.dataset)) {
        location.reload();
        return;
      }
    } catch {
      // The service may be starting anew: look again.
    }
    setTimeout(look, 2000);
  };
  if (document.querySelector("[data-pending]")) setTimeout(look, 2000);
}
