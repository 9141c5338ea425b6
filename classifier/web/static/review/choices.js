// Cards that ask which tags an article has where one became several: "A: which?". An answer is a decision on each of them.

import { _, nodes } from "../texts.js";
import { bar, drawScore, el, plain, shown, smallButton } from "./elements.js";
import { GIVES, TAKES } from "./standing.js";
import { capitalized, said } from "./wording.js";

const CAUSES = { split: _("It was split. Which of its parts does the article have?"),
  undone_merge: _("They were one tag when the article got it. Which does it have?") };

/** Return the key of a choice's card. It is the id of no tag. */
export const keyOf = (choice) => `choice:${choice.tag}`;

/** Return the decision on one of a choice's tags, null if it is older than the question. `decisions`: by tag. */
export function answerOn(choice, tag, decisions) {
  const row = decisions.get(tag);
  return row && row.id !== choice.before.get(tag) ? row : null;
}

export const isChosen = (choice, decisions) => choice.between.some(({ tag }) => answerOn(choice, tag, decisions));

/** Return what is inside the card of a choice. `answer(tag)` chooses a tag, or none with null; `unsure()` leaves all open. */
export function drawChoice(choice, { answer, unsure }) {
  const option = (key, shortcut, text, click, about) => smallButton(click,
    { ...about, "aria-keyshortcuts": shortcut, "aria-pressed": "false" }, text, " ", el("kbd", { "aria-hidden": "true" }, key));
  return [el("div", { class: "head" }, el("h3", { id: `label-${keyOf(choice)}` }, nodes("%(label)s: which?", { label: shown(choice.label) })),
    choice.score === null ? null : drawScore(choice.score)),
  choice.score === null ? null : bar(choice.score),
  el("p", { class: "facts" }, CAUSES[choice.cause] ?? ""), el("p", { class: "decided", hidden: true }),
  el("div", { class: "answers" },
    choice.between.map(({ tag, label }, i) => option(i + 1, i + 1, shown(label), () => answer(tag), { "data-choose": tag })),
    option("x", "x", _("None"), () => answer(null), { "data-do": "reject", "aria-label": _("None of %(label)s", { label: plain(choice.label) }) }),
    option("␣", "Space", _("Unsure"), unsure, { "data-do": "unsure", "aria-label": _("Unsure which of %(label)s", { label: plain(choice.label) }) }))];
}

/** Show on its card what was answered. */
export function showChoice(card, choice, decisions) {
  const rows = choice.between.map(({ tag, label }) => ({ label, tag, row: answerOn(choice, tag, decisions) })).filter(({ row }) => row);
  const isAll = (actions) => rows.length === choice.between.length && rows.every(({ row }) => actions.has(row.action));
  const given = new Set(rows.filter(({ row }) => GIVES.has(row.action)).map(({ tag }) => tag));
  const line = card.querySelector(".decided");
  card.dataset.state = given.size ? "add" : "";
  line.hidden = !rows.length;
  line.replaceChildren(...rows.flatMap(({ label, row }, i) => [i ? " · " : "", capitalized(said(row)), ": ", shown(label)]));
  for (const button of card.querySelectorAll("[data-choose]")) button.setAttribute("aria-pressed", String(given.has(button.dataset.choose)));
  card.querySelector("[data-do=reject]").setAttribute("aria-pressed", String(isAll(TAKES)));
  card.querySelector("[data-do=unsure]").setAttribute("aria-pressed", String(isAll(new Set(["unsure"]))));
}
