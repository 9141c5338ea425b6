// Figures and words as editors read them.

import { _, locale, ngettext } from "../texts.js";

export const PAST_TENSE = { accept: _("accepted"), reject: _("rejected"), add: _("added"), remove: _("removed"), unsure: _("left open"),
  complete: _("closed the article"), reopen: _("opened the article again"), undo: _("taken back") };

// How a tag came onto an article on which no editor has decided.
const WITHOUT_DECISION = { added: _("added in the CMS"), blind: _("added in the CMS before suggestions were shown"),
  left: _("suggested and left standing"), imported: _("imported") };

/** Return in words what a decision says. */
export const said = ({ action, in_bulk: inBulk }) => (inBulk ? _("%(done)s over a list", { done: PAST_TENSE[action] }) : PAST_TENSE[action]);

/** Return in words how a tag came onto an article, without who gave it; `decision` is the one that gave it, if any did. */
export const howGiven = (origin, decision) => (decision
  ? origin === "blind" ? _("%(done)s before suggestions were shown", { done: said(decision) }) : said(decision)
  : WITHOUT_DECISION[origin] ?? "");

/** Return in words what closing an article means. `nOthers`: tags that are not on it; `nOpen`: shown ones without an answer. */
export function closingInWords(nOthers, nOpen) {
  const others = nOthers === undefined ? _("Done: all other tags of the taxonomy become a no")
    : ngettext("Done: %(n)s tag of the taxonomy becomes a no", "Done: %(n)s tags of the taxonomy become a no", nOthers);
  return nOpen ? ngettext("%(others)s, %(n)s of them shown here", "%(others)s, %(n)s of them shown here", nOpen, { others }) : others;
}

// A sign stays on its side of a number, also in a line that runs from right to left.
const isolated = (number) => (globalThis.document?.documentElement.dir === "rtl" ? `\u2066${number}\u2069` : number);

export const percent = (score) => (score >= 0.995 ? isolated("99+") : String(Math.round(score * 100)));
export const thresholdOf = ({ threshold }) => _("threshold %(percent)s%", { percent: percent(threshold) });
export const signed = (value) => isolated(`${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`);
export const day = (time) => String(time ?? "").slice(0, 10);
export const nArticles = (n) => ngettext("%(n)s article", "%(n)s articles", n);
export const nDecisions = (n) => ngettext("%(n)s decision", "%(n)s decisions", n);
export const capitalized = (text) => text[0].toLocaleUpperCase(locale) + text.slice(1);
