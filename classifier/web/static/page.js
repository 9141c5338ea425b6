// Makes the page quicker to use; everything works without it.
"use strict";

// A page that is made to be printed has a button for it.
for (const print of document.querySelectorAll("[data-print]")) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}

// A tag is picked: only its evidence stays marked.
const result = document.querySelector(".result");
if (result) {
  const all = result.querySelector("button.all");
  const pick = (tag) => {
    result.classList.toggle("picking", Boolean(tag));
    all.hidden = !tag;
    for (const mark of result.querySelectorAll("mark")) {
      mark.classList.toggle("on", mark.dataset.tags.split(" ").includes(tag));
    }
    for (const card of result.querySelectorAll(".card")) {
      const on = card.dataset.tag === tag;
      card.classList.toggle("on", on);
      card.querySelector(".pick").setAttribute("aria-pressed", String(on));
    }
  };
  for (const button of result.querySelectorAll(".pick")) {
    button.addEventListener("click", () =>
      pick(button.getAttribute("aria-pressed") === "true" ? "" : button.dataset.tag));
  }
  all.addEventListener("click", () => pick(""));
}

// A file that is dropped on the form, or a text that is, fills it.
const text = document.getElementById("text");
if (text) {
  const over = (event) => { event.preventDefault(); text.classList.add("over"); };
  const out = () => text.classList.remove("over");
  text.addEventListener("dragover", over);
  text.addEventListener("dragleave", out);
  const chooser = document.querySelector("label.file");
  const said = document.getElementById("file-said");
  const read = async (file) => {
    const isTooLarge = file.size > Number(text.form.dataset.most);
    said.textContent = isTooLarge ? chooser.dataset.tooLarge : file.name;
    if (isTooLarge) return;
    text.value = await file.text();
    document.getElementById("standfirst").value = ""; // of another article
    const html = /\.html?$/i.test(file.name) || file.type === "text/html";
    document.querySelector(`input[name=format][value=${html ? "html" : "text"}]`).checked = true;
    text.focus();
  };
  text.addEventListener("drop", (event) => {
    out();
    const file = event.dataTransfer.files[0];
    if (!file) return;
    event.preventDefault();
    read(file);
  });
  chooser.hidden = false;
  chooser.querySelector("input").addEventListener("change", (event) => {
    if (event.target.files.length) read(event.target.files[0]);
    event.target.value = ""; // so that the same file can be chosen again
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) text.form.requestSubmit();
  });
}

// A link to one call or problem opens it.
const opened = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
if (opened && opened.tagName === "DETAILS") opened.open = true;

// What is shown once, and a list of tags, can be copied with one press.
for (const button of document.querySelectorAll("[data-copy]")) {
  const field = button.parentElement.querySelector("[data-once]");
  button.hidden = !navigator.clipboard;
  field?.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.text ?? field.value);
    button.textContent = button.dataset.copy;
  });
}
