// Elements of the pages. Text of articles only ever becomes text nodes.

import { _ } from "../texts.js";
import { percent } from "./wording.js";

const SVG = "http://www.w3.org/2000/svg";
const CONTROLS = { "\u061c": "ALM", "\u200e": "LRM", "\u200f": "RLM", "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF",
  "\u202d": "LRO", "\u202e": "RLO", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI" };
const CONTROL = /([\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069])/u;

export const byId = (id) => document.getElementById(id);

/** Return an element. Functions among the properties are listeners, children are nodes or text. */
export function el(name, properties = {}, ...children) {
  const node = ["svg", "rect"].includes(name) ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value === true ? "" : value);
  }
  // Appended singly: a long article has more paragraphs than a call may have arguments.
  for (const child of children.flat(Infinity)) if (child !== null && child !== undefined && child !== false) node.append(child);
  return node;
}

/** Return the visible name of an invisible character that changes the direction of text. */
export const control = (name) =>
  el("span", { class: "control", title: _("an invisible character that turns the text: %(name)s", { name }) }, name);

const splitAtControls = (text) => String(text ?? "").split(CONTROL);

/** Return text of an article or a person as an isolated element, its direction controls made visible. */
export const shown = (text) =>
  el("bdi", {}, splitAtControls(text).map((part) => (CONTROLS[part] ? control(CONTROLS[part]) : part)));

/** Return a text without direction controls, for attributes and messages. */
export const plain = (text) => splitAtControls(text).filter((part) => !CONTROLS[part]).join("");

/** Return a drawing of rectangles on each other, as wide as their parent. Widths are in percent. */
const rectangles = (height, ...widths) => el("svg", { viewBox: `0 0 100 ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" },
  widths.map((attributes) => el("rect", { ...attributes, height })));

/** Return a score as a bar. */
export const bar = (score) => el("span", { class: "bar", role: "img", "aria-label": _("score %(score)s percent", { score: percent(score) }) },
  rectangles(8, { class: "track", width: 100 }, { class: "fill", width: score * 100 }));

export const drawScore = (score) => el("span", { class: "score" }, percent(score), el("small", {}, "%"));

/** Return the weight of a reason as a bar of a width in percent. */
export const weightBar = (width) => rectangles(6, { width });

/** Return a button. */
export const button = (click, properties, ...children) => el("button", { type: "button", click, ...properties }, ...children);
export const smallButton = (click, properties, ...children) => button(click, { class: "small", ...properties }, ...children);

/** Return an error as a notice that screen readers read out. */
export const alertOf = (error) => el("p", { class: "notice bad", role: "alert" }, error.message);
export const loading = () => el("p", { class: "facts" }, _("Loading …"));
