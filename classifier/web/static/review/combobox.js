// A text field with a list of options (the combobox of ARIA 1.2), and the options of a search for tags.

import { _, nodes } from "../texts.js";
import { el, shown } from "./elements.js";
import { kindName } from "./kinds.js";
import { allTags, loadedTags } from "./tags.js";

/**
 * Make an input and a list a combobox.
 *
 * `find(text)` returns the options {content, disabled, choose}. `leave` runs on Escape while the list is closed, `enter`
 * on Enter in an empty field.
 */
export function combobox(input, list, { label, find, leave, enter = leave }) {
  let options = [];
  let active = -1;
  const isOpen = () => !list.hidden;
  const set = (attributes) => Object.entries(attributes).forEach(([name, value]) => input.setAttribute(name, value));
  set({ role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list", autocapitalize: "none", spellcheck: "false" });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", label);
  const close = () => {
    list.hidden = true;
    active = -1;
    set({ "aria-expanded": "false" });
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (index) => {
    active = index;
    [...list.children].forEach((node, i) => node.setAttribute("aria-selected", String(i === index)));
    const node = list.children[index];
    if (!node) return input.removeAttribute("aria-activedescendant");
    set({ "aria-activedescendant": node.id });
    return node.scrollIntoView({ block: "nearest" });
  };
  const choose = (index) => {
    const option = options[index];
    if (!option || option.disabled) return;
    close();
    option.choose();
  };
  const refresh = () => {
    const text = input.value.trim();
    options = text ? find(text) : [];
    if (!options.length) return close();
    list.replaceChildren(...options.map(({ content, disabled }, i) => el("li", {
      role: "option", id: `${list.id}-${i}`, "aria-selected": "false", "aria-disabled": disabled ? "true" : null,
      pointerdown: (event) => event.preventDefault(), click: () => choose(i),
    }, content)));
    list.hidden = false;
    list.scrollIntoView({ block: "nearest" });
    set({ "aria-expanded": "true" });
    return mark(0);
  };
  const keys = {
    ArrowDown: () => (isOpen() ? mark((active + 1) % options.length) : refresh()),
    ArrowUp: () => (isOpen() ? mark((active - 1 + options.length) % options.length) : refresh()),
    Enter: (event) => {
      if (event.repeat) return; // the Enter that chose an option is held down
      if (isOpen()) choose(active);
      else if (input.value.trim()) refresh();
      else enter?.();
    },
    Escape: () => (isOpen() ? close() : leave?.()),
  };
  input.addEventListener("input", refresh);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key](event);
  });
}

/** Make an input and a list a field that finds tags. `options(tags, text)` returns what it offers, see `tagOptions`. */
export function tagField(input, list, options, { leave, enter } = {}) {
  const find = (text) => {
    if (loadedTags) return options(loadedTags, text);
    allTags().then(() => document.activeElement === input && input.dispatchEvent(new Event("input"))).catch(() => {});
    return [{ content: [_("The tags are loading …")], disabled: true }];
  };
  combobox(input, list, { label: _("Tags"), find, leave, enter });
}

/**
 * Return the tags that match a text as options. Each says which alias matched and what replaces a retired tag.
 * `choose(tag)` gets the replacement of a retired tag, and `isChosen(id)` says which tags the article has.
 */
export function tagOptions(tags, text, choose, isChosen = () => false) {
  return tags.search(text).map(({ tag, alias }) => {
    const current = tags.current(tag);
    const notes = [];
    if (alias) notes.push(el("small", {}, nodes("also %(alias)s", { alias: shown(alias) })));
    if (tag.status === "retired") notes.push(el("small", { class: "retired" }, current ? _("retired: use %(label)s", { label: current.label }) : _("retired, and nothing replaces it")));
    if (tag.status === "muted") notes.push(el("small", {}, _("muted: never suggested")));
    if (current && isChosen(current.id)) notes.push(el("small", {}, _("on the article")));
    const content = [el("span", {}, tag.label), el("span", { class: "kind" }, kindName(tag.kind)), ...notes];
    return { content, disabled: !current, choose: () => choose(current) };
  });
}
