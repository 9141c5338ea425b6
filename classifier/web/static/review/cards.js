// The cards of an article: a card for each suggested or mentioned tag, to be answered one after another.

import { _, ngettext, nodes } from "../texts.js";
import { drawChoice, isChosen, keyOf, showChoice } from "./choices.js";
import { bar, byId, drawScore, el, plain, shown, smallButton } from "./elements.js";
import { toggleWhy } from "./explanations.js";
import { groupsOf, headingOf } from "./kinds.js";
import { RejectionReasons } from "./reasons.js";
import { GIVES, TAKES, nextOpen } from "./standing.js";
import { say } from "./status.js";
import { draftOf } from "./storage.js";
import { loadedTags } from "./tags.js";
import { markWords } from "./text.js";
import { capitalized, said, thresholdOf } from "./wording.js";

const SOURCES = { model: _("words"), alias: _("name"), "model+alias": _("words and name") };
const [HEADING_PX, MARGIN_PX] = [36, 12]; // that stay free above and below the current card
const PRESSED_BY = { accept: GIVES, reject: TAKES, unsure: new Set(["unsure"]) };

/** Scroll a list so that a node of it is in view. The window stays where it is. */
function scrollWithin(list, node) {
  const [outer, inner] = [list.getBoundingClientRect(), node.getBoundingClientRect()];
  const bottom = Math.min(outer.bottom, innerHeight);
  if (inner.top < outer.top + HEADING_PX) list.scrollTop += inner.top - outer.top - HEADING_PX;
  else if (inner.bottom > bottom) list.scrollTop += Math.min(inner.bottom - bottom + MARGIN_PX, inner.top - outer.top - HEADING_PX);
}

/** The cards. `decide(action, fields)` decides on the current tag, `choose(choice, tag)` and `leaveOpen(choice)` between several. */
export class Cards {
  constructor(page, reasons, { decide, choose, leaveOpen }) {
    this.page = page;
    Object.assign(this, { decide, choose, leaveOpen });
    this.tag = null; // whose card is current; of a choice, its key
    this.reasons = new RejectionReasons(reasons);
  }

  /** Begin with another article: no card is current, and no box is open. */
  reset() {
    this.tag = null;
    this.reasons.choose = null;
  }

  get tags() { return this.page.article?.cardTags ?? []; }

  /** The choice whose card is current, if one is. */
  get choice() { return this.#choiceOf(this.tag); }

  #choiceOf(key) { return this.page.article?.choices.find((choice) => keyOf(choice) === key); }

  /** Return the cards of an article: what is to be chosen, the suggestions by kind, and folded, what is only mentioned. */
  draw({ suggestions, mentioned, choices }) {
    const list = (title, note, cards) => [el("h2", { class: "kind-title" }, title, " ", el("small", {}, note)), el("ul", { class: "cards" }, cards)];
    const suggested = new Set(suggestions.map((row) => row.tag));
    const named = mentioned.filter((row) => !suggested.has(row.tag)).map((row) => ({ ...row, band: "hidden" }));
    return [
      choices.length ? list(_("To choose"), _("one tag became several"), choices.map((row) => el("li", {}, this.#drawChoice(row)))) : [],
      groupsOf(suggestions).map(([kind, rows]) => list(headingOf(kind), "", rows.map((row) => el("li", {}, this.#drawCard(row))))),
      this.page.article.blind || suggestions.length || choices.length ? null : el("p", { class: "low none" }, _("Nothing is suggested. Add what is missing.")),
      named.length ? this.#drawMentioned(named) : null];
  }

  #drawMentioned(rows) {
    const names = rows.flatMap(({ label }, i) => [i ? _(", ") : "", shown(label)]);
    return el("details", { class: "fold mentions" }, el("summary", {}, el("span", {}, _("Only mentioned:"), " "), names),
      el("ul", { class: "cards small-cards" }, rows.map((row) => el("li", {}, this.#drawCard(row)))));
  }

  #drawCard(row) {
    const { tag } = row;
    const answer = (action, sign, text, about, key, shortcut = key) => smallButton(() => { this.focus(tag, false); this.press(action); },
      { "data-do": action, "aria-keyshortcuts": shortcut, "aria-label": about, title: text },
      sign && el("span", { class: "sign", "aria-hidden": "true" }, sign), el("span", { class: "words" }, text, " "), el("kbd", { "aria-hidden": "true" }, key));
    const facts = row.mentions ? [ngettext("named once", "named %(n)s times", row.mentions)]
      : [row.aboutness, SOURCES[row.source] ?? row.source, thresholdOf(row)];
    const label = { label: plain(row.label) };
    return this.#frame(tag, row.band, el("h3", { id: `label-${tag}` }, shown(row.label)),
      row.band === "auto" ? el("span", { class: "badge good", title: _("Suggestions like this are right at least 95 times in 100") }, _("sure")) : null,
      bar(row.score), drawScore(row.score),
      el("p", { class: "facts note", id: `note-of-${tag}` }), el("p", { class: "facts" }, facts.join(" · ")), el("p", { class: "decided", hidden: true }),
      el("div", { class: "answers" }, answer("accept", "✓", _("Accept"), _("Accept %(label)s", label), "a"), answer("reject", "✕", _("Reject"), _("Reject %(label)s", label), "x"),
        answer("unsure", "", _("Unsure"), _("Unsure %(label)s", label), "␣", "Space"), answer("why", "", _("Why"), _("Why %(label)s", label), "w")),
      el("div", { class: "because", hidden: true }), el("div", { class: "why-box", hidden: true }));
  }

  #drawChoice(choice) {
    const key = keyOf(choice);
    const current = (act) => (...args) => { this.focus(key, false); act(choice, ...args); };
    return this.#frame(key, "suggest", drawChoice(choice, { answer: current(this.choose), unsure: current(() => this.leaveOpen(choice)) }));
  }

  #frame(key, band, ...content) {
    return el("div", { class: `card band-${band}`, role: "group", tabindex: "-1", id: `card-${key}`, "aria-labelledby": `label-${key}`, "data-tag": key,
      focusin: () => this.setCurrent(key),
      click: (event) => { if (!event.target.closest("button, input, a")) this.focus(key); } }, content);
  }

  /** Show on each card what was decided on its tag, and what the tag covers once the tags are loaded. */
  show({ latest, mine }) {
    for (const tag of this.tags) {
      const choice = this.#choiceOf(tag);
      if (choice) showChoice(byId(`card-${tag}`), choice, this.#answered({ latest, mine }));
      else this.#showDecision(byId(`card-${tag}`), latest.get(tag), mine.get(tag));
    }
  }

  #showDecision(card, row, own) {
    const note = card.querySelector(".note");
    if (loadedTags && !note.textContent) note.replaceChildren(shown(loadedTags.byId.get(card.dataset.tag)?.note ?? ""));
    const line = card.querySelector(".decided");
    card.dataset.state = row ? row.action : "";
    line.hidden = !row;
    line.replaceChildren(...(row ? this.#describe(row) : []), ...(own && own.id !== row?.id ? [" · ", ...this.#describe(own)] : []));
    for (const button of card.querySelectorAll("[data-do]")) {
      const actions = PRESSED_BY[button.dataset.do];
      if (actions) button.setAttribute("aria-pressed", String(actions.has(own?.action)));
    }
  }

  #describe(row) {
    const isQuestioned = row.action === "unsure" && row.question_id; // questions.js asks it above the article
    if (isQuestioned) return [_("In question: its sender took it off many articles at once")];
    const reason = this.reasons.text(row.reason);
    const words = { done: capitalized(said(row)), name: row.editor === this.page.editor ? _("you") : shown(row.editor) };
    return [...nodes("%(done)s by %(name)s", words), reason ? `: ${reason}` : ""];
  }

  /** Return the tags that wait for an answer; where two editors are asked, for this editor's own. */
  undecided() {
    const answered = this.#answered(this.page.state());
    return this.tags.filter((tag) => {
      const choice = this.#choiceOf(tag);
      return choice ? !isChosen(choice, answered) : !answered.has(tag);
    });
  }

  /** Return the tags that the page goes to by itself: those undecided, without mentions that are folded away. */
  #waiting() {
    const isFolded = (tag) => byId(`card-${tag}`)?.closest("details:not([open])");
    return this.undecided().filter((tag) => !isFolded(tag));
  }

  #answered({ latest, mine }) { return this.page.article.n_editors > 1 ? mine : latest; }

  /** Make a tag's card the current one. */
  setCurrent(tag) {
    if (this.tag === tag) return;
    for (const card of document.querySelectorAll("#article .card[data-tag]")) {
      const isCurrent = card.dataset.tag === tag;
      card.classList.toggle("on", isCurrent);
      card.tabIndex = isCurrent ? 0 : -1;
      if (!isCurrent) this.reasons.close(card);
    }
    this.tag = tag;
    markWords(this.page.article, this.choice?.tag ?? tag);
  }

  focus(tag, moves = true) {
    this.page.sheet.open();
    const card = byId(`card-${tag}`);
    const fold = card?.closest("details");
    if (fold) fold.open = true;
    this.setCurrent(tag);
    if (!moves || !card) return;
    card.focus({ preventScroll: true });
    scrollWithin(card.closest(".suggested"), card);
  }

  /** Go to the first card that waits for an answer, or the card of `tag`. Returns whether a card has the focus. */
  focusFirst(tag) {
    const first = this.tags.includes(tag) ? tag : this.#waiting()[0] ?? this.tags.find((other) => !byId(`card-${other}`).closest("details"));
    if (first && this.page.sheet.isVisible) this.focus(first);
    else if (first) this.setCurrent(first);
    return Boolean(first && this.page.sheet.isVisible);
  }

  /** Go a card further, or back with -1. */
  step(by) {
    const { tags } = this;
    if (!tags.length) return;
    const index = this.tags.indexOf(this.tag);
    const last = tags.length - 1;
    if (index < 0) this.focus(tags[by > 0 ? 0 : last]);
    else this.focus(tags[Math.min(last, Math.max(0, index + by))]);
  }

  /** Go to the next tag that waits. Returns false if none does. */
  goOn() {
    const next = nextOpen(this.tags, this.tag, new Set(this.#waiting()));
    this.focus(next ?? this.tag);
    return next !== undefined;
  }

  /** Do what a button of the current card does. */
  press(action) {
    const { tag, page, choice } = this;
    const card = byId(`card-${tag}`);
    page.sheet.open();
    if (choice) this.#pressOnChoice(action, choice);
    else if (action === "why") toggleWhy(page.article, tag, card.querySelector(".why-box"));
    else if (action === "reject") {
      const draft = draftOf(page.editor, `note/${page.article.id}/${tag}`);
      this.reasons.open(card, page.article.label(tag), draft, (fields) => this.decide("reject", fields));
    } else this.decide(action);
  }

  #pressOnChoice(action, choice) {
    if (action === "reject") this.choose(choice, null);
    else if (action === "unsure") this.leaveOpen(choice);
    else say(_("Press the number of a tag that the article has, or x for none of them."));
  }

  /** Choose the tag with a number on the current card. */
  chooseNumber(number) { this.choose(this.choice, this.choice.between[number - 1].tag); }

  closeReasons() {
    this.reasons.close(byId(`card-${this.tag}`));
    this.focus(this.tag);
  }
}
