// The tags of an article: those that are on it, those taken off, and the field that adds another.

import { tagField, tagOptions } from "./combobox.js";
import { byId, el, plain, shown, smallButton } from "./elements.js";
import { GIVES, TAKES } from "./standing.js";
import { draftOf } from "./storage.js";
import { folded } from "./tags.js";
import { howGiven, said } from "./wording.js";

/** Return the empty lists and the field of an article. `actions`: add(tag), propose(label, sent), leave(), done(). */
export function drawTagLists(article, editor, state, actions) {
  return [el("h2", { id: "on-title", tabindex: "-1" }, "On the article"), el("ul", { id: "on", class: "on-article" }),
    el("h2", { id: "add-title" }, "Add a tag ", el("kbd", {}, "+")), drawAddField(article, editor, state, actions),
    el("div", { id: "not-here" })];
}

/** Show which tags are on an article and which were taken off. `actions`: add(tag), accept(tag), remove(tag). */
export function showTags(article, { tags, latest }, editor, { add, accept, remove }) {
  const row = (tag, note, answers) => el("li", {}, el("span", { class: "name" }, shown(article.label(tag))), " ",
    el("span", { class: "low" }, note),
    el("span", { class: "acts" },
      Object.entries(answers).map(([name, act]) => smallButton(act, { "aria-label": `${name} ${plain(article.label(tag))}` }, name))));
  const on = tags.map((tag) => {
    const { origin, known } = article.tagRows.get(tag) ?? {};
    const given = GIVES.has(latest.get(tag)?.action) ? latest.get(tag) : null;
    const by = given ? [" by ", given.editor === editor ? "you" : shown(given.editor)] : [];
    const note = [howGiven(origin, given), ...by, known === false ? " not in the taxonomy" : ""];
    return row(tag, note, { ...(origin === "left" && !given && { Accept: () => accept(tag) }), Remove: () => remove(tag) });
  });
  const hadFocus = byId("on").contains(document.activeElement);
  byId("on").replaceChildren(...(on.length ? on : [el("li", { class: "low none" }, "No tag yet.")]));
  if (hadFocus) byId("on-title").focus();
  const off = [...latest].filter(([tag, { action }]) => TAKES.has(action) && !article.cardTags.includes(tag) && !tags.includes(tag));
  const taken = off.map(([tag, decision]) => row(tag,
    [`${said(decision)} by `, decision.editor === editor ? "you" : shown(decision.editor)],
    { Add: () => add({ id: tag, label: article.label(tag) }) }));
  byId("not-here").replaceChildren(...(taken.length ? [el("h2", {}, "Taken off"), el("ul", { class: "on-article" }, taken)] : []));
}

function drawAddField(article, editor, state, { add, propose, leave, done }) {
  const draft = draftOf(editor, `add/${article.id}`);
  const input = el("input", { id: "add", autocomplete: "off", placeholder: "Name, alias or id", "aria-keyshortcuts": "+" });
  const list = el("ul", { id: "add-list", hidden: true });
  input.value = draft.get();
  input.addEventListener("input", () => draft.set(input.value));
  const clear = () => {
    input.value = "";
    draft.clear();
  };
  const options = (tags, text) => {
    const chosen = state().tags;
    const matches = tagOptions(tags, text, (tag) => { clear(); add(tag); }, (id) => chosen.includes(id));
    if (tags.all.some((tag) => folded(tag.label) === folded(text))) return matches;
    const content = [el("span", { class: "propose" }, "Propose “", shown(text), "” as a new tag")];
    return [...matches, { content, choose: () => propose(text, clear) }];
  };
  tagField(input, list, options, { leave, enter: done });
  return el("div", { class: "combo" }, el("label", { class: "visually-hidden", for: "add" }, "Add a tag"), input, list);
}
