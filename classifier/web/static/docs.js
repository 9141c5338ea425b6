// "Try it" in the description of the API: a call is made with the session of this browser, and its answer is shown.

import { _ } from "./texts.js";

const csrf = document.querySelector("meta[name=csrf]")?.content ?? "";

function requestOf(form) {
  const { method, path } = form.dataset;
  const fields = [...form.querySelectorAll("input")].filter(({ value }) => value);
  const of = (where) => fields.filter((field) => field.dataset.in === where);
  const query = new URLSearchParams(of("query").map(({ name, value }) => [name, value]));
  const address = of("path").reduce((text, { name, value }) => text.replace(`{${name}}`, encodeURIComponent(value)), path);
  const body = form.querySelector("textarea")?.value;
  const headers = { Accept: "application/json", ...(body !== undefined && { "Content-Type": "application/json" }), ...(method !== "GET" && csrf && { "X-CSRF-Token": csrf }) };
  return [address + (query.size ? `?${query}` : ""), { method, headers, credentials: "same-origin", ...(body !== undefined && { body }) }];
}

async function send(form) {
  const shown = form.querySelector(".answer");
  shown.hidden = false;
  shown.textContent = "…";
  try {
    const response = await fetch(...requestOf(form));
    const text = await response.text();
    let content = text;
    try { content = JSON.stringify(JSON.parse(text), null, 2); } catch { /* it is no JSON: shown as it is */ }
    shown.textContent = `${response.status} ${response.statusText}\n${content.slice(0, 20_000)}`;
  } catch { shown.textContent = _("The service does not answer."); }
}

for (const form of document.querySelectorAll("form.try")) {
  for (const node of form.querySelectorAll("button, .row .hint")) node.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}
