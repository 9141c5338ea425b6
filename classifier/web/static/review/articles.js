// Articles as the service describes them for review, and those that the page has loaded.

import { _ } from "../texts.js";
import { articlePath, ask } from "./api.js";
import { keyOf } from "./choices.js";
import { plain } from "./elements.js";
import { byKind } from "./kinds.js";
import { NOTHING, withWaiting } from "./standing.js";
import { loadedTags } from "./tags.js";
import { PAST_TENSE } from "./wording.js";

const N_LOADED = 60;
const MAX_HEADLINE = 80; // characters that stand for a title

const textOf = (pieces) => pieces.map((piece) => piece.text).join("").trim();
const shortened = (text) => (text.length > MAX_HEADLINE ? `${text.slice(0, MAX_HEADLINE).replace(/\s+\S*$/, "")} …` : text);

/** An article. It has the fields of the service's answer, and what was learned since: rows of its log, and news of others. */
export class Article {
  constructor(id, { title = [], suggestions = [], mentioned = [], choices = [], tags = [], labels = {}, decisions = [], ...fields } = {}) {
    Object.assign(this, fields, { id, title, suggestions: byKind(suggestions), mentioned, log: decisions, news: [] });
    this.rowIds = new Set(decisions.map((row) => row.id));
    this.tagRows = new Map(tags.map((row) => [row.tag, row]));
    const before = new Map(fields.standing?.decisions?.map((row) => [row.tag, row.id]));
    this.choices = choices.map((row) => ({ ...row, before })); // a decision of before is no answer
    const named = [...tags, ...suggestions, ...mentioned, ...choices, ...choices.flatMap((row) => row.between)];
    this.labels = new Map([...Object.entries(labels), ...named.map((row) => [row.tag, row.label]),
      ...choices.map((row) => [keyOf(row), row.label])]);
    this.cardTags = [...new Set([...choices.map(keyOf), ...[...this.suggestions, ...mentioned].map((row) => row.tag)])];
  }

  /** The title, or the first words of an article without one. */
  get headline() {
    const title = this.title.map((piece) => piece.text).join("");
    const first = [...(this.standfirst ?? []), ...(this.paragraphs ?? [])].find(textOf);
    return title || (first ? shortened(textOf(first)) : _("(no title)"));
  }

  isSuggested(tag) { return this.suggestions.some((row) => row.tag === tag); }

  label(tag) { return this.labels.get(tag) ?? loadedTags?.label(tag) ?? tag; }

  /** Take over what stands according to an answer, unless a newer answer has arrived before. */
  setStanding(standing) {
    if (standing && standing.n_rows >= this.standing.n_rows) this.standing = standing;
  }

  /** Add rows to the log. Returns those that are new. */
  addRows(rows) {
    const added = rows.filter((row) => !this.rowIds.has(row.id));
    for (const row of added) this.rowIds.add(row.id);
    this.log.push(...added);
    return added;
  }

  /** Return in words what a row of the log says. */
  describe(row) {
    if (row.action === "undo") {
      const undone = this.log.find(({ id }) => id === row.undoes);
      return undone ? _("took back “%(decision)s”", { decision: this.describe(undone) }) : _("took back a decision");
    }
    return row.tag ? _("%(done)s %(label)s", { done: PAST_TENSE[row.action], label: plain(this.label(row.tag)) }) : PAST_TENSE[row.action];
  }

  /** Note what other editors decided meanwhile. Returns a sentence for each editor. */
  addNews(rows, editor) {
    const editors = new Set(rows.map((row) => row.editor).filter((name) => name !== editor));
    const news = [...editors].map((name) =>
      _("%(name)s decided here too: %(decisions)s", { name, decisions: rows.filter((row) => row.editor === name).map((row) => this.describe(row)).join(_(", ")) }));
    this.news = [...this.news, ...news].slice(-5);
    return news;
  }
}

/** The loaded articles. `isShown(id)` names the one that is never dropped. */
export class Articles {
  constructor(outbox, isShown) {
    this.outbox = outbox;
    this.isShown = isShown;
    this.loaded = new Map();
    this.requests = new Map();
  }

  get(id) { return this.loaded.get(id); }

  /** Forget an article, also as it is on its way now. */
  drop(id) {
    this.loaded.delete(id);
    this.requests.delete(id);
  }

  /** Return an article, fetched unless it is loaded or on its way. Raises Refused. */
  async load(id) {
    if (this.loaded.has(id)) return this.loaded.get(id);
    if (!this.requests.has(id)) {
      const isAwaited = () => this.requests.get(id) === request;
      const request = ask(articlePath(id))
        .then((fields) => this.#received(new Article(id, fields), isAwaited()))
        .finally(() => { if (isAwaited()) this.requests.delete(id); });
      this.requests.set(id, request);
    }
    return this.requests.get(id);
  }

  /** Return an article that has come. It is kept unless it was dropped on its way: it may be another one by now. */
  #received(article, isAwaited) {
    if (isAwaited) {
      if (this.loaded.size >= N_LOADED) this.drop([...this.loaded.keys()].find((key) => !this.isShown(key)));
      this.loaded.set(article.id, article);
    }
    return article;
  }

  /** Return what stands on an article with what waits in the outbox, see `withWaiting`. */
  state(id, standing = this.get(id)?.standing ?? NOTHING) {
    return withWaiting(standing, this.outbox.rows(id), this.outbox.editor);
  }
}
