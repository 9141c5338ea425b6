// Why a tag was suggested, and why another was not.

import { _ } from "../texts.js";
import { ask, whyPath } from "./api.js";
import { tagField, tagOptions } from "./combobox.js";
import { alertOf, bar, drawScore, el, loading, plain, shown, smallButton, weightBar } from "./elements.js";
import { signed, thresholdOf } from "./wording.js";

/** Show the explanation of a tag in a box, or hide it. It is fetched once. */
export async function toggleWhy(article, tag, box) {
  box.hidden = !box.hidden;
  if (box.hidden || box.dataset.loaded) return;
  if (await explain(article, tag, box, drawExplanation)) box.dataset.loaded = "yes";
}

/** Fill a box with an explanation, or with the error. Returns whether it was fetched. */
async function explain(article, tag, box, draw) {
  box.replaceChildren(loading());
  try {
    box.replaceChildren(...draw(await ask(whyPath(article.id, tag))));
    return true;
  } catch (error) {
    box.replaceChildren(alertOf(error));
    return false;
  }
}

function drawExplanation(why) {
  const total = { value: signed(why.decision_value), score: (why.score * 100).toFixed(1) };
  return [...drawReasons(_("For"), why.pros, "pro"), ...drawReasons(_("Against"), why.cons, "con"), ...drawPrecedents(why.precedents),
    el("p", { class: "sum" }, _("All parts add up to %(value)s, which is a score of %(score)s%.", total))];
}

function drawReasons(title, reasons, kind) {
  if (!reasons.length) return [];
  const rows = reasons.map((reason) => el("li", {},
    el("span", { class: "word" }, shown(reason.text), reason.n_places > 1 ? el("span", { class: "times" }, ` ×${reason.n_places}`) : null),
    el("span", { class: "weight" }, weightBar(reason.width), signed(reason.weight))));
  return [el("h4", {}, title), el("ul", { class: `reasons ${kind}` }, rows)];
}

function drawPrecedents(titles) {
  if (!titles.length) return [];
  return [el("h4", {}, _("Past articles with this tag that resemble it")),
    el("ul", { class: "precedents" }, titles.map((title) => el("li", {}, shown(title))))];
}

/** Return the field that explains any tag. `add(tag)` puts it on the article. */
export function drawWhyNot(article, { add, leave }) {
  const input = el("input", { id: "why-not", dir: "auto", autocomplete: "off", placeholder: _("Type a tag") });
  const list = el("ul", { id: "why-not-list", hidden: true });
  const result = el("div", { id: "why-not-result", "aria-live": "polite" });
  const choose = (tag) => {
    input.value = tag.label;
    explain(article, tag.id, result, (why) => [el("div", { class: "card band-hidden" },
      el("div", { class: "head" }, el("h3", {}, shown(why.label)), drawScore(why.score)), bar(why.score),
      el("p", { class: "facts" }, why.outcome, " · ", thresholdOf(why)),
      el("div", { class: "answers" }, smallButton(() => add(tag), {}, _("Add %(label)s", { label: plain(tag.label) }))), ...drawExplanation(why))]);
  };
  tagField(input, list, (tags, text) => tagOptions(tags, text, choose), { leave });
  return el("section", { class: "why-not" }, el("h2", {}, _("Why not …?")), el("label", { for: "why-not" }, _("Explain any tag")),
    el("div", { class: "combo" }, input, list), result);
}
