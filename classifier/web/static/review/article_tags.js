// The tags of an article: those that are on it, those taken off, and the field that adds another.

import { N_, _, nodes } from "../texts.js";
import { tagField, tagOptions } from "./combobox.js";
import { byId, el, plain, shown, smallButton } from "./elements.js";
import { GIVES, TAKES } from "./standing.js";
import { draftOf } from "./storage.js";
import { folded } from "./tags.js";
import { howGiven, said } from "./wording.js";

const [ACCEPT, REMOVE, ADD] = [N_("Accept %(label)s"), N_("Remove %(label)s"), N_("Add %(label)s")];

/** Return the empty lists and the field of an article. `actions`: add(tag), propose(label, sent), leave(), done(). */
export function drawTagLists(article, editor, state, actions) {
  return el("div", { class: "on-top" }, el("h2", { id: "on-title", class: "kind-title", tabindex: "-1" }, _("On the article")),
    el("ul", { id: "on", class: "on-article" }), el("div", { id: "not-here" }), drawAddField(article, editor, state, actions));
}

/** Show which tags are on an article and which were taken off. `actions`: add(tag), accept(tag), remove(tag). */
export function showTags(article, { tags, latest }, editor, { add, accept, remove }) {
  const row = (tag, note, answers) => el("li", {},
    el("span", {}, el("span", { class: "name" }, shown(article.label(tag))), " ", el("span", { class: "low" }, note)),
    answers.map(([sign, name, about, act]) => smallButton(act, { class: "small quiet", title: name, "aria-label": _(about, { label: plain(article.label(tag)) }) }, sign)));
  const by = (done, name) => nodes("%(done)s by %(name)s", { done, name: name === editor ? _("you") : shown(name) });
  const on = tags.map((tag) => {
    const { origin, known } = article.tagRows.get(tag) ?? {};
    const given = GIVES.has(latest.get(tag)?.action) ? latest.get(tag) : null;
    const how = howGiven(origin, given);
    const note = [given ? by(how, given.editor) : how, known === false ? [" ", _("not in the taxonomy")] : ""];
    return row(tag, note, [...(origin === "left" && !given ? [["✓", _("Accept"), ACCEPT, () => accept(tag)]] : []), ["✕", _("Remove"), REMOVE, () => remove(tag)]]);
  });
  const hadFocus = byId("on").contains(document.activeElement);
  byId("on").replaceChildren(...(on.length ? on : [el("li", { class: "low none" }, _("No tag yet."))]));
  if (hadFocus) byId("on-title").focus();
  const off = [...latest].filter(([tag, { action }]) => TAKES.has(action) && !article.cardTags.includes(tag) && !tags.includes(tag));
  const taken = off.map(([tag, decision]) => row(tag, by(said(decision), decision.editor),
    [["+", _("Add"), ADD, () => add({ id: tag, label: article.label(tag) })]]));
  const wasOpen = Boolean(byId("not-here").querySelector("details[open]"));
  byId("not-here").replaceChildren(...(taken.length ? [el("details", { class: "fold", open: wasOpen }, el("summary", {}, _("Taken off: %(n)s", { n: taken.length })),
    el("ul", { class: "on-article" }, taken))] : []));
}

function drawAddField(article, editor, state, { add, propose, leave, done }) {
  const draft = draftOf(editor, `add/${article.id}`);
  const input = el("input", { id: "add", dir: "auto", autocomplete: "off", placeholder: _("Add a tag: name or alias"), "aria-keyshortcuts": "+" });
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
    const content = [el("span", { class: "propose" }, nodes("Propose “%(name)s” as a new tag", { name: shown(text) }))];
    return [...matches, { content, choose: () => propose(text, clear) }];
  };
  tagField(input, list, options, { leave, enter: done });
  return el("div", { class: "combo" }, el("label", { class: "visually-hidden", for: "add" }, _("Add a tag")), input, el("kbd", { "aria-hidden": "true" }, "+"), list);
}
