// The queue: which articles are listed, in which order, and which of them are still to be decided.

import { _, ngettext } from "../texts.js";
import { ask, pagePath } from "./api.js";
import { isChosen } from "./choices.js";
import { tagField, tagOptions } from "./combobox.js";
import { byId, el, plain, shown } from "./elements.js";
import { allTags, loadedTags } from "./tags.js";
import { day } from "./wording.js";

const N_ROWS = "50"; // that are loaded at a time
const SEARCH_MS = 300; // after the last letter that is typed
const OF_THE_ADDRESS = ["tag", "sample", "redecide"]; // filters that are no fields of the form
const N_SKIPPED = 500; // articles that the service takes as not to be dealt
const DEALT = new Set(["open", "new", "started"]); // states of articles that are dealt

const DEFAULTS = { state: "open", order: "turns" };

/** Put a value into a field; one that a list does not offer is added to it. */
function setField(field, value) {
  field.value = value;
  if (field.value !== value && field.tagName === "SELECT") field.add(new Option(value, value, true, true));
}

/** The list of articles. `events`: filtered(), loaded(error or null), chosen(article id). */
export class Queue {
  constructor(articles, events) {
    Object.assign(this, { articles, events, rows: [], cursor: null, problem: null, tag: "", sample: "", redecide: "", filters: new URLSearchParams() });
    this.nOpen = undefined; // articles that were open when the list was loaded; unknown before
  }

  /** Take the filters from the page's address, and follow the form. */
  start() {
    const form = byId("filters");
    for (const [name, value] of new URLSearchParams(location.search)) {
      if (OF_THE_ADDRESS.includes(name)) this[name] = value;
      else if (form.elements[name]) setField(form.elements[name], value);
    }
    this.readFilters();
    form.addEventListener("change", (event) => { if (event.target.id !== "f-tag") this.events.filtered(); });
    form.addEventListener("submit", (event) => event.preventDefault());
    byId("f-q").addEventListener("input", () => { // the field stands outside of the form
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.events.filtered(), SEARCH_MS);
    });
    form.addEventListener("reset", () => setTimeout(() => { this.sample = this.redecide = ""; this.#filterBy(""); }));
    byId("more").addEventListener("click", () => this.load(true));
    const input = byId("f-tag");
    allTags().then((tags) => { if (this.tag) input.value = tags.label(this.tag); }).catch(() => {});
    const choose = (tag) => {
      input.value = tag.label;
      this.#filterBy(tag.id);
    };
    tagField(input, byId("f-tag-list"), (tags, text) => tagOptions(tags, text, choose));
    input.addEventListener("input", () => { if (!input.value && this.tag) this.#filterBy(""); });
  }

  #filterBy(tag) {
    this.tag = tag;
    this.events.filtered();
  }

  readFilters() {
    this.filters = new URLSearchParams([...new FormData(byId("filters"))].filter(([, value]) => value));
    for (const name of OF_THE_ADDRESS) if (this[name]) this.filters.set(name, this[name]);
  }

  /** Return filters without those of the plain page, and without a sample. */
  withoutDefaults(filters) {
    return Object.fromEntries(Object.entries(filters).filter(([name, value]) => value && !["sample", "redecide"].includes(name) && value !== DEFAULTS[name]));
  }

  /** The filters as they are saved under a name. */
  get named() { return this.withoutDefaults(Object.fromEntries(this.filters)); }

  /** Take over the filters that were saved under a name. */
  apply(filters) {
    for (const field of byId("filters").elements) if (field.name) setField(field, filters[field.name] ?? DEFAULTS[field.name] ?? "");
    byId("f-tag").value = filters.tag ? loadedTags?.label(filters.tag) ?? filters.tag : "";
    this.sample = this.redecide = "";
    this.#filterBy(filters.tag ?? "");
  }

  /** Whether there are filters other than those of the plain page. */
  get isFiltered() {
    return [...this.filters].some(([name, value]) => name !== "order" && !(name === "state" && value === "open"));
  }

  /** Return the address of an article under the filters, or of the page. */
  address(id) {
    const filters = new URLSearchParams(this.filters);
    for (const [name, value] of Object.entries(DEFAULTS)) if (filters.get(name) === value) filters.delete(name);
    return (id ? pagePath(id) : "/review") + (filters.size ? `?${filters}` : "");
  }

  /** Load the list, or more of it. */
  async load(more = false) {
    const query = new URLSearchParams(this.filters);
    query.set("limit", N_ROWS);
    if (more) query.set("cursor", this.cursor);
    const wanted = this.wanted = query.toString();
    let failure = null;
    try {
      const { articles, cursor, counts } = await ask(`/v1/articles?${wanted}`);
      if (this.wanted !== wanted) return;
      const before = more ? this.rows : [];
      const ids = new Set(before.map((row) => row.article_id));
      for (const row of articles) row.wasOpen = Boolean(this.redecide) || row.state !== "closed";
      for (const row of before) row.wasOpen = !this.isDone(row);
      this.rows = [...before, ...articles.filter((row) => !ids.has(row.article_id))];
      this.cursor = cursor;
      this.nOpen = (counts?.new ?? 0) + (counts?.started ?? 0) + (this.redecide ? counts?.closed ?? 0 : 0);
    } catch (error) { failure = error; }
    this.problem = failure && failure.message;
    this.events.loaded(failure);
  }

  /** Whether this editor is done with an article: one that a second editor is asked for waits although another closed it. */
  isClosed(row) {
    const { closings } = this.articles.state(row.article_id);
    if (row.closedWith || closings.has(this.articles.outbox.editor)) return true;
    return this.articles.get(row.article_id) ? closings.size >= (row.n_editors || 1) : row.state === "closed";
  }

  /** Whether nothing is left to do on an article: it is closed, or where tags are decided again, somebody has chosen. */
  isDone(row) {
    if (!this.redecide) return this.isClosed(row);
    const article = this.articles.get(row.article_id);
    const choice = article?.choices.find(({ tag }) => tag === this.redecide);
    return Boolean(article) && (!choice || isChosen(choice, this.articles.state(row.article_id).latest));
  }

  /** Whether as many other editors as are asked have an article before them. */
  isHeld(row) { return !row.held_by?.includes(this.articles.outbox.editor) && (row.held_by?.length ?? 0) >= (row.n_editors || 1); }

  /** Note who else has an article before them. */
  setHolders(id, names) {
    const row = this.rows[this.#index(id)];
    if (row) row.held_by = names;
  }

  /** Note that an article was closed together with another, or is open again. */
  setState(id, state) {
    const row = this.rows[this.#index(id)];
    if (row) Object.assign(row, { state, closedWith: state === "closed" }); // also where the service is told later
    this.articles.drop(id);
  }

  /** Whether an article is passed over: somebody else has it, or it is closed, and closed ones are not listed on purpose. */
  isPassed(row) { return this.isHeld(row) || ((this.redecide || !["closed", "all"].includes(this.filters.get("state"))) && this.isDone(row)); }

  /** Return the ids of the articles to decide. */
  get open() { return this.rows.filter((row) => !this.isPassed(row)).map((row) => row.article_id); }

  /** Return the number of open articles, those beyond the list included; undefined before it is loaded. */
  get nLeft() { return this.nOpen && Math.max(0, this.nOpen - this.rows.filter((row) => row.wasOpen && this.isDone(row)).length); }

  /** Return the ids of the articles to decide after an article. */
  after(id) { return this.rows.slice(this.#index(id) + 1).filter((row) => !this.isPassed(row)).map((row) => row.article_id); }

  /** Whether articles come as the service deals them, and not by the list. */
  get isDealt() { return DEALT.has(this.filters.get("state") ?? "open") && !this.sample && !this.redecide; }

  /** Return the ids that are not dealt: those up to an article, some more, and those whose closing the service does not know. */
  skipped(id, more) {
    const { outbox } = this.articles;
    const index = this.#index(id);
    const isSkipped = (row, i) => (this.isClosed(row) ? outbox.rows(row.article_id).length > 0 : i <= index);
    return [...new Set([...this.rows.filter(isSkipped).map((row) => row.article_id), ...(id ? [id] : []), ...more])].slice(-N_SKIPPED);
  }

  /** List an article that was dealt and has come since the list was loaded, behind the one before. */
  include(article, before) {
    if (this.#index(article.id) >= 0) return;
    const row = { article_id: article.id, title: article.headline, published_at: article.published_at, state: article.state, n_editors: article.n_editors, blind: article.blind };
    this.rows.splice(this.#index(before) + 1, 0, { ...row, held_by: [], wasOpen: true });
    if (!this.cursor && this.nOpen !== undefined) this.nOpen += 1;
  }

  /** Return how many articles of the list are open, and before others. */
  get nHeld() { return this.rows.filter((row) => this.isHeld(row) && !this.isClosed(row)).length; }

  /** Return the id of the article before an article; the last one's if it is not listed. */
  before(id) {
    const index = this.#index(id);
    return (index < 0 ? this.rows.at(-1) : this.rows[index - 1])?.article_id;
  }

  #index(id) { return this.rows.findIndex((row) => row.article_id === id); }

  /** Draw the list, an article marked as the current one. */
  draw(current) {
    byId("list").replaceChildren(...this.rows.map((row) => this.#drawRow(row, row.article_id === current)));
    byId("more").hidden = !this.cursor;
  }

  #drawRow(row, isCurrent) {
    const closed = this.isDone(row);
    const others = (row.held_by ?? []).filter((name) => name !== this.articles.outbox.editor);
    const badges = [row.blind && !closed && ["blind", _("blind")], row.n_editors > 1 && ["second", _("second editor")],
      closed ? ["", _("done")] : row.state === "started" && ["", _("started")],
      !closed && others.length && ["", ngettext("%(names)s has it", "%(names)s have it", others.length, { names: others.join(_(", ")) })]];
    const open = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.events.chosen(row.article_id);
    };
    return el("li", { class: closed ? "closed" : null },
      el("a", { href: this.address(row.article_id), "aria-current": isCurrent ? "true" : null, click: open }, row.title ? shown(row.title) : el("i", {}, shown(row.beginning || _("(no title)")))),
      el("small", {}, day(row.published_at ?? row.created_at),
        badges.filter(Boolean).map(([style, text]) => [" ", el("span", { class: `badge ${style}` }, plain(text))])));
  }
}
