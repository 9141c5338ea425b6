// Decisions of this editor: recorded in the outbox, shown at once, and undone.

import { _, ngettext } from "../texts.js";
import { Article } from "./articles.js";
import { answerOn } from "./choices.js";
import { byId, plain } from "./elements.js";
import { GIVES, TAKES, isRepeated, stateBefore } from "./standing.js";
import { say } from "./status.js";
import { TabList } from "./storage.js";
import { loadedTags } from "./tags.js";
import { PAST_TENSE, capitalized } from "./wording.js";

const N_UNDOS = 1000;

/** Decides on the article that `page` shows. */
export class Decisions {
  constructor(page) {
    this.page = page;
    this.undos = new TabList(`tagger.undo.${page.editor}`, N_UNDOS);
  }

  get canUndo() { return this.undos.read().length > 0; }

  #setUndos(list) {
    this.undos.write(list);
    byId("undo").disabled = !list.length;
  }

  #record(action, fields = {}, article = this.page.article) {
    const before = action === "undo" ? null : stateBefore(this.page.state(), fields.tag);
    const entry = { action, article: article.id, title: article.headline, set: article.suggestion_set_id, ...fields };
    const key = this.page.outbox.add(entry);
    const also = fields.also ?? [];
    for (const other of also) this.page.queue.setState(other, "closed");
    if (before) this.#setUndos([...this.undos.read(), { key, article: article.id, action, tag: fields.tag ?? null, before, also }]);
    this.page.recorded();
  }

  /** Answer the current tag, and go on to the next that waits. `fields` are the reason and the note of a rejection. */
  decide(answer, fields = {}) {
    const { page, page: { article, cards, cards: { tag } } } = this;
    const label = plain(article.label(tag));
    const action = answer === "accept" && !article.isSuggested(tag) ? "add" : answer; // a mention was not suggested
    const own = page.state().mine.get(tag);
    if (isRepeated(own, action, fields)) say(_("You have %(done)s %(label)s already.", { done: PAST_TENSE[own.action], label }));
    else {
      this.#record(action, { tag, label, ...fields });
      const reason = fields.reason ? ` (${cards.reasons.text(fields.reason)})` : "";
      say(_("%(done)s: %(label)s.", { done: capitalized(PAST_TENSE[action]), label: label + reason }));
    }
    if (!cards.goOn()) byId("said").append(" ", _("All are answered; Enter closes the article."));
  }

  /** Decide between the tags of a choice: for `tag`, or against it if it was chosen before; with null for none of them. */
  choose(choice, tag) {
    const { tags, latest } = this.page.state();
    const isGiven = (other) => GIVES.has(answerOn(choice, other, latest)?.action);
    const takesBack = tag !== null && isGiven(tag);
    // What was chosen before stays, so that an article may have several.
    const against = choice.between.filter(({ tag: other }) => (takesBack ? other === tag : other !== tag && (tag === null || !isGiven(other)))
      && !TAKES.has(answerOn(choice, other, latest)?.action));
    for (const { tag: other, label } of against) this.#record(tags.includes(other) ? "remove" : "reject", { tag: other, label });
    const { article, cards } = this.page;
    const label = plain(article.label(tag ?? choice.tag));
    if (tag === null || takesBack) say(tag === null ? _("None of %(label)s.", { label }) : _("Taken off: %(label)s.", { label }));
    else {
      this.#record(article.isSuggested(tag) ? "accept" : "add", { tag, label });
      say(_("Chosen: %(label)s.", { label }));
    }
    cards.goOn();
  }

  /** Leave all tags of a choice open. */
  leaveOpen(choice) {
    for (const { tag, label } of choice.between) this.#record("unsure", { tag, label });
    say(_("Left open: %(label)s.", { label: plain(choice.label) }));
    this.page.cards.goOn();
  }

  remove(tag) {
    const label = plain(this.page.article.label(tag));
    this.#record("remove", { tag, label });
    say(_("Removed: %(label)s.", { label }));
  }

  /** Accept a tag that was suggested, and that the article has although nobody said so. */
  accept(tag) {
    const label = plain(this.page.article.label(tag));
    this.#record("accept", { tag, label });
    say(_("Accepted: %(label)s.", { label }));
  }

  add({ id, label }) {
    const { article } = this.page;
    if (this.page.state().tags.includes(id)) {
      say(_("%(label)s is on the article already.", { label }));
      return;
    }
    article.labels.set(id, label);
    this.#record(article.isSuggested(id) ? "accept" : "add", { tag: id, label });
    say(_("Added: %(label)s.", { label }));
  }

  async reopen() {
    this.#record("reopen");
    await this.page.stay(this.page.article.id);
    say(_("The article is open again."));
    byId("headline").focus();
  }

  /** Close the article, unless this editor has. Returns the sentences that say so. */
  close() {
    const { article, cards, editor } = this.page;
    if (this.page.state().closings.has(editor)) return [];
    const nOpen = article.blind ? 0 : cards.undecided().length;
    const nOthers = loadedTags?.nWithout(this.page.state().tags);
    const also = this.page.near.chosen;
    this.#record("complete", also.length ? { also, decisions: this.#given() } : {});
    const title = plain(article.headline);
    const end = title.length > 60 ? "…" : ".";
    const others = nOthers === undefined ? _("All other tags became a no") : ngettext("%(n)s tag became a no", "%(n)s tags became a no", nOthers);
    const all = nOpen ? ngettext("%(others)s, %(n)s of them shown without an answer", "%(others)s, %(n)s of them shown without an answer", nOpen, { others }) : others;
    return [`${_("Done: %(title)s", { title: title.slice(0, 60) + end })} `,
      also.length ? `${ngettext("With it %(n)s near-duplicate.", "With it %(n)s near-duplicates.", also.length)} ` : "",
      `${_("%(others)s; z takes that back.", { others: all })} `];
  }

  /** Return this editor's answers to the article, as they are sent for its near-duplicates. */
  #given() {
    return [...this.page.state().mine.values()].map(({ tag, action, reason }) => ({ tag, action, ...(action === "reject" && reason && { reason }) }));
  }

  /** Undo the latest decision of this session, and go back to its article. */
  async undo() {
    const { page } = this;
    const list = this.undos.read();
    const last = list.pop();
    if (!last) {
      say(_("Nothing to undo."));
      return;
    }
    this.#setUndos(list);
    const { action, tag, key, before, also = [] } = last;
    for (const other of also) page.queue.setState(other, "started");
    const article = page.articles.get(last.article) ?? new Article(last.article);
    const done = PAST_TENSE[action];
    const description = tag ? _("%(done)s %(label)s", { done, label: plain(article.label(tag)) }) : done;
    // The server's id, if it has arrived: its answer may be forgotten before the undo is sent.
    const id = page.outbox.decisionId(key);
    this.#record("undo", { undoes: key, tag, before, ...(id && !also.length && { decision_id: id }) }, article);
    const isShown = page.article?.id === last.article;
    await page.stay(last.article, { tag });
    if (isShown && tag && page.cards.tags.includes(tag)) page.cards.focus(tag);
    say(_("Taken back: %(decision)s.", { decision: description }));
  }

  /** Forget a decision that the server refused: there is nothing to undo. */
  forget(key) { this.#setUndos(this.undos.read().filter((decision) => decision.key !== key)); }
}
