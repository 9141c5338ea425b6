// The review page: read, decide with one key, go on. Text of articles only ever becomes text nodes.
//
// What the log of an article adds up to is the server's to say (`standing` in its answers). Here only what still waits in
// the outbox is laid over it, so that a decision is seen at once.

const POLL_MS = 10_000;
const TIMEOUT_MS = 15_000;
const SLOW_MS = 400; // before "Saving…" is said: most answers are quicker, and a flicker tells nothing
const N_AHEAD = 2;
const N_VIEWS = 60;
const SETTLE = 500; // milliseconds after Done, in which nobody has read the next article
const GIVES = new Set(["accept", "add"]);
const TAKES = new Set(["reject", "remove"]);
const DONE = { accept: "accepted", reject: "rejected", add: "added", remove: "removed", unsure: "left open",
  complete: "closed the article", reopen: "opened the article again" };
const ABOUTNESS = { main: "main subject", secondary: "secondary subject", passing: "perhaps only in passing" };
const SOURCES = { model: "its words", alias: "its name", "model+alias": "its words and its name" };
const CONTROLS = { "\u061c": "ALM", "\u200e": "LRM", "\u200f": "RLM", "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF",
  "\u202d": "LRO", "\u202e": "RLO", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI" };
const CONTROL = /([\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069])/u;

// --- elements -------------------------------------------------------------------------------------------------------

const SVG = "http://www.w3.org/2000/svg";

/** Return an element; a function among the properties listens, children are nodes or text. */
export function el(name, properties = {}, ...children) {
  const node = ["svg", "rect"].includes(name) ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value === true ? "" : value);
  }
  // One by one: a long article has more paragraphs than a call may have arguments.
  for (const child of children.flat(Infinity)) if (child !== null && child !== undefined && child !== false) node.append(child);
  return node;
}

const control = (name) => el("span", { class: "control", title: `an invisible character that turns the text: ${name}` }, name);

/** Return somebody's text, isolated, with controls that would turn the text around it made visible. */
export function shown(text) {
  return el("bdi", {}, String(text ?? "").split(CONTROL).map((part) => (CONTROLS[part] ? control(CONTROLS[part]) : part)));
}

const plain = (text) => String(text ?? "").split(CONTROL).filter((part) => !CONTROLS[part]).join("");

/** Return a score as a bar. */
export function bar(score, kind = "bar") {
  return el("span", { class: kind, role: "img", "aria-label": `score ${percent(score)} percent` },
    el("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
      el("rect", { class: "track", width: 100, height: 8 }), el("rect", { class: "fill", width: score * 100, height: 8 })));
}

export const percent = (score) => (score >= 0.995 ? "99+" : String(Math.round(score * 100)));
const day = (at) => String(at ?? "").slice(0, 10);
const many = (n, one, more = `${one}s`) => `${n} ${n === 1 ? one : more}`;
const byId = (id) => document.getElementById(id);

// --- what is kept on this machine -----------------------------------------------------------------------------------

const memory = new Map(); // where the browser keeps nothing, or nothing more

/** Values under names, in the browser's storage where it has some. */
const shelf = {
  get(name) {
    try { return JSON.parse(localStorage.getItem(name) ?? "null") ?? memory.get(name) ?? null; } catch { return memory.get(name) ?? null; }
  },
  set(name, value) {
    try { localStorage.setItem(name, JSON.stringify(value)); } catch { memory.set(name, value); }
  },
  remove(name) {
    memory.delete(name);
    try { localStorage.removeItem(name); } catch { /* nothing is kept there */ }
  },
  names(prefix) {
    let kept = [];
    try { kept = Object.keys(localStorage); } catch { /* nothing is kept there */ }
    return [...new Set([...kept, ...memory.keys()])].filter((name) => name.startsWith(prefix)).sort();
  },
};

export function uuid() { // crypto.randomUUID needs https; a desk's own network may have none
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// --- the server -----------------------------------------------------------------------------------------------------

export const session = { csrf: document.querySelector("meta[name=csrf]")?.content ?? "" };

/** A refusal, or no answer (`status` 0). */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** Return what the server answers, as an object. Raises Refused. */
export async function ask(path, { method = "GET", body, headers = {} } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method, signal: AbortSignal.timeout(TIMEOUT_MS), credentials: "same-origin",
      headers: { Accept: "application/json", ...(body && { "Content-Type": "application/json", "X-CSRF-Token": session.csrf }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
  } catch {
    throw new Refused(0, "The network or the service does not answer.");
  }
  const json = /\bjson\b/.test(response.headers.get("Content-Type") ?? "");
  if (response.ok && !json) throw new Refused(401, "Your session is over."); // it led to the sign-in page
  let data = {};
  try { data = json ? await response.json() : {}; } catch { throw new Refused(0, "The answer broke off."); }
  if (!response.ok) throw new Refused(response.status, data.detail || data.title || `The service answered ${response.status}.`);
  return data;
}

/** Look whose session this browser has now, and take its token if it is mine. Returns the editor, "" if nobody is signed in. */
export async function renew(me) {
  const response = await fetch("/review", { credentials: "same-origin", signal: AbortSignal.timeout(TIMEOUT_MS) });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const editor = page.querySelector("[data-editor]")?.dataset.editor ?? "";
  if (editor === me) session.csrf = page.querySelector("meta[name=csrf]")?.content ?? session.csrf;
  return response.ok ? editor : "";
}

const inPath = encodeURIComponent;

// --- the outbox -----------------------------------------------------------------------------------------------------

/**
 * Decisions on their way, each under a name of its own, so that tabs never overwrite each other's.
 *
 * They are sent one after another in their order by one tab at a time; the key of an entry is its idempotency key, so that
 * one that arrived without an answer counts once. `events`: changed(), arrived(entry, reply), refused(entry, detail).
 */
export class Outbox {
  constructor(editor, events) {
    this.editor = editor;
    this.events = events;
    this.prefix = `tagger.outbox.${editor}.`;
    this.results = `tagger.result.${editor}.`;
    this.failures = 0;
    this.stopped = ""; // why it waits for a person
    this.sending = false;
    this.last = Number(shelf.names(this.prefix).at(-1)?.slice(this.prefix.length).split("-")[0] ?? 0);
  }

  entries() { return shelf.names(this.prefix).map((name) => ({ name, ...shelf.get(name) })).filter((entry) => entry.key); }

  add(entry) {
    this.last = Math.max(Date.now(), this.last + 1);
    const key = uuid();
    shelf.set(`${this.prefix}${String(this.last).padStart(15, "0")}-${key.slice(0, 8)}`, { ...entry, key, at: new Date().toISOString() });
    this.events.changed();
    this.send();
    return key;
  }

  /** Return what the server answered to an entry, null if it has not. */
  result(key) { return shelf.get(this.results + key); }

  async send() {
    if (this.sending) return;
    this.sending = true;
    clearTimeout(this.timer);
    await this.#alone(async () => {
      for (let entry = this.entries()[0]; entry; entry = this.entries()[0]) {
        if (!(await this.#deliver(entry))) return;
      }
    });
    this.sending = false;
    const waits = this.entries().length > 0;
    if (waits && !this.stopped) {
      const pause = this.failures ? Math.min(60_000, 500 * 2 ** this.failures) * (0.75 + Math.random() / 2) : 0;
      this.timer = setTimeout(() => this.send(), pause);
    }
    this.events.changed();
  }

  /** Run while no other tab of this editor does. */
  async #alone(work) {
    if (navigator.locks) return navigator.locks.request(`tagger-outbox-${this.editor}`, work);
    const name = `tagger.claim.${this.editor}`; // without https: a claim that expires; twice is harmless, only in vain
    const other = shelf.get(name);
    this.id ??= uuid();
    if (other && other.id !== this.id && Date.now() - other.at < 2 * TIMEOUT_MS) { this.failures ||= 1; return undefined; }
    shelf.set(name, { id: this.id, at: Date.now() });
    try { return await work(); } finally { shelf.remove(name); }
  }

  /** Send one entry. Returns whether the next may follow. */
  async #deliver(entry) {
    const body = this.#body(entry);
    if (!body) { // what it takes back was refused: there is nothing to take back
      shelf.remove(entry.name);
      return true;
    }
    try {
      const reply = await ask(`/v1/articles/${inPath(entry.article)}/decisions`, { method: "POST", body, headers: { "Idempotency-Key": entry.key } });
      shelf.set(this.results + entry.key, { at: Date.now(), article: entry.article, rows: reply.decisions, tags: reply.tags });
      shelf.remove(entry.name);
      this.failures = 0;
      this.stopped = "";
      this.events.arrived(entry, reply);
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return this.#failed(entry, error);
    }
  }

  async #failed(entry, error) {
    if (error.status === 401 || error.status === 403) {
      let editor = null;
      try { editor = await renew(this.editor); } catch { error.status = 0; }
      if (editor === this.editor && !entry.renewed) {
        const { name, ...kept } = entry;
        shelf.set(name, { ...kept, renewed: true }); // with the new token, once
        return true;
      }
      if (editor !== null && editor !== this.editor) {
        this.stopped = editor ? `${editor} is signed in in this browser now, and these decisions are yours, ${this.editor}.` : "Your session is over.";
        return false;
      }
    }
    const stays = [0, 408, 409, 425, 429].includes(error.status) || error.status > 500 || (error.status === 500 && this.failures < 5);
    if (stays) {
      this.failures += 1;
      return false;
    }
    shelf.remove(entry.name);
    shelf.set(`tagger.refused.${this.editor}.${entry.key}`, { ...entry, detail: error.message });
    this.events.refused(entry, error.message);
    return true;
  }

  #body(entry) {
    const one = {};
    if (entry.action === "undo") {
      one.decision_id = entry.decision_id ?? this.idOf(entry.undoes);
      if (!one.decision_id) return null;
    } else if (entry.tag) one.tag = entry.tag;
    if (entry.reason) one.reason = entry.reason;
    if (entry.note) one.note = entry.note;
    const complete = entry.action === "complete";
    return { ...(entry.set && { suggestion_set_id: entry.set }), complete, decisions: complete ? [] : [{ ...one, action: entry.action }] };
  }

  /** Return the server's id of the decision that an entry became. */
  idOf(key) { return this.result(key)?.rows.find((row) => row.action !== "undo")?.id; }

  /** Return the entries of an article that wait, as rows of its log. */
  rows(article) {
    return this.entries().filter((entry) => entry.article === article).map((entry) => ({
      id: `local:${entry.key}`, tag: entry.tag ?? null, action: entry.action, editor: this.editor, at: entry.at, reason: entry.reason ?? null,
      undoes: entry.action === "undo" ? entry.decision_id ?? this.idOf(entry.undoes) ?? `local:${entry.undoes}` : null,
      before: this.#arrived(entry.before),
    }));
  }

  /** Return what stood before a decision, by the ids under which the server knows it by now. */
  #arrived(before) {
    const known = (row) => row && { ...row, id: (row.id.startsWith("local:") && this.idOf(row.id.slice(6))) || row.id };
    return before && { ...before, row: known(before.row), own: known(before.own) };
  }

  /** Forget old answers: only an undo of this sitting needs them. */
  tidy() {
    const kept = shelf.names(this.results).map((name) => [shelf.get(name)?.at ?? 0, name]).sort((a, b) => b[0] - a[0]);
    for (const [, name] of kept.slice(500)) shelf.remove(name);
  }
}

// --- tags and the box that finds them -------------------------------------------------------------------------------

const LETTERS = { ø: "o", ł: "l", ı: "i", ß: "ss", æ: "ae", đ: "d", ð: "d", þ: "th" };

/** Return a text as it is compared: no case, no accents, words apart. */
function folded(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[øłıßæđðþ]/g, (letter) => LETTERS[letter])
    .replace(/['’ʿʾ`]/g, "").replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

/** All tags, found by label, id and alias. */
export class Tags {
  constructor(tags) {
    this.all = tags;
    this.byId = new Map(tags.map((tag) => [tag.id, tag]));
    this.rows = tags.map((tag) => ({
      tag, names: [tag.label, tag.id].map((text) => ({ text, key: ` ${folded(text)}` })),
      aliases: tag.aliases.filter((alias) => alias.text !== tag.label).map(({ text }) => ({ text, key: ` ${folded(text)}` })),
    }));
  }

  label(id) { return this.byId.get(id)?.label ?? id; }

  /** Return what a tag is chosen as: itself, or what replaced it; null if nothing did. */
  chosen(tag) { return tag.status === "retired" ? this.byId.get(tag.replacement) ?? null : tag; }

  /** Return the best finds: the beginnings of words before their middles, names before aliases. */
  search(text, limit = 12) {
    const words = folded(text).split(" ").filter(Boolean);
    if (!words.length) return [];
    const whole = ` ${words.join(" ")}`;
    const found = [];
    for (const { tag, names, aliases } of this.rows) {
      const of = (list, test) => list.find(({ key }) => test(key));
      const prefixes = (key) => words.every((word) => key.includes(` ${word}`));
      const inside = (key) => words.every((word) => key.includes(word));
      const tests = [(key) => key === whole, (key) => key.startsWith(whole), prefixes];
      const ranks = [...tests.map((test, i) => [i, of(names, test), null]), [7, of(names, inside), null],
        ...tests.map((test, i) => [i ? i + 3 : 0.5, of(aliases, test), true]), [8, of(aliases, inside), true]]; // 0.5: an alias in full
      const [best] = ranks.filter(([, name]) => name).sort((a, b) => a[0] - b[0]);
      if (best) found.push({ tag, rank: best[0] + (tag.status === "retired" ? 0.25 : 0), alias: best[2] && best[1].text });
    }
    return found.sort((a, b) => a.rank - b.rank || a.tag.label.length - b.tag.label.length || a.tag.label.localeCompare(b.tag.label)).slice(0, limit);
  }
}

/**
 * Make an input and a list a combobox (ARIA 1.2). `find(text)` returns options {content, disabled, choose}. `leave` is what
 * Escape does in a closed field, and `enter` what Enter does in an empty one.
 */
export function combobox(input, list, { label, find, leave, enter = leave }) {
  let options = [];
  let active = -1;
  const open = () => !list.hidden;
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
    options = find(input.value.trim());
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
  input.addEventListener("input", refresh);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open()) refresh();
      else mark((active + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (event.repeat) return; // the Enter that chose an option, held down
      if (open()) choose(active);
      else if (input.value.trim()) refresh();
      else enter?.();
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (open()) close();
      else leave?.();
    } else return;
    event.stopPropagation();
  });
  return { close };
}

/** Return the options of a search: each says which alias matched, and what replaced a retired tag. */
export function tagOptions(tags, text, choose, has = () => false) {
  return tags.search(text).map(({ tag, alias }) => {
    const taken = tags.chosen(tag);
    const notes = [];
    if (alias) notes.push(el("small", {}, "also ", shown(alias)));
    if (tag.status === "retired") notes.push(el("small", { class: "retired" }, taken ? `retired: use ${taken.label}` : "retired, and nothing replaces it"));
    if (tag.status === "muted") notes.push(el("small", {}, "muted: never suggested"));
    if (taken && has(taken.id)) notes.push(el("small", {}, "on the article"));
    return { content: [el("span", {}, tag.label), el("span", { class: "kind" }, tag.kind), ...notes], disabled: !taken, choose: () => choose(taken) };
  });
}

let taxonomy = null;
let known = null; // the tags, once they are here
/** Return all tags, fetched once. */
export function allTags() {
  taxonomy ??= ask("/v1/tags").then(({ tags }) => (known = new Tags(tags))).catch((error) => { taxonomy = null; throw error; });
  return taxonomy;
}

/** Return the options of a field; while the tags are on their way, that they are, and look again when they are here. */
export function withTags(input, options) {
  if (known) return options(known);
  allTags().then(() => document.activeElement === input && input.dispatchEvent(new Event("input"))).catch(() => {});
  return [{ content: ["The tags are loading …"], disabled: true }];
}

// --- what an article's log adds up to -------------------------------------------------------------------------------

const NOTHING = { tags: [], listed: [], decisions: [], own: [], closed_by: [], n_rows: 0 };

/** Lay the entries of the outbox over what the server says stands. Maps go from tags to decisions. */
function overlay(said, entries, me) {
  const latest = new Map(said.decisions.map((row) => [row.tag, row]));
  const mine = new Map(said.own.map((row) => [row.tag, row]));
  const listed = new Set(said.listed);
  const tags = new Set(said.tags);
  let closings = new Set(said.closed_by);
  const put = (map, tag, row) => { map.delete(tag); if (row) map.set(tag, row); }; // the latest stands last
  const decide = (tag, row, own) => {
    put(latest, tag, row);
    put(mine, tag, own);
    if (GIVES.has(row?.action)) tags.add(tag);
    else if (TAKES.has(row?.action) || !listed.has(tag)) tags.delete(tag);
    else tags.add(tag);
  };
  for (const row of entries) {
    const { before } = row;
    if (row.action === "complete") closings.add(me);
    else if (row.action === "reopen") closings.clear();
    else if (row.action !== "undo") decide(row.tag, row, row);
    else if (!row.tag) closings = new Set(before?.closed_by ?? []);
    else if (latest.get(row.tag)?.id === row.undoes) decide(row.tag, before?.row, before?.own);
    else if (mine.get(row.tag)?.id === row.undoes) put(mine, row.tag, before?.own);
  }
  return { latest, mine, closings, tags: [...tags] };
}

/** Return an article as the server has it. */
async function fetchView(id) {
  const view = await ask(`/review/articles/${inPath(id)}`);
  const named = [...view.tags, ...view.suggestions, ...view.mentioned].map((one) => [one.tag, one.label]);
  return {
    ...view, id, log: view.decisions, seen: new Set(view.decisions.map((row) => row.id)),
    labels: new Map([...Object.entries(view.labels), ...named]), by: new Map(view.tags.map((one) => [one.tag, one])),
  };
}

/** Take what the server says stands, unless something newer is known. */
function take(view, said) {
  if (said && said.n_rows >= view.standing.n_rows) view.standing = said;
}

/** Add rows to the log that a view tells of, and return those that it did not have. */
function merge(view, rows) {
  const fresh = rows.filter((row) => !view.seen.has(row.id));
  for (const row of fresh) view.seen.add(row.id);
  view.log.push(...fresh);
  return fresh;
}

// --- the page -------------------------------------------------------------------------------------------------------

class Review {
  constructor(root) {
    this.root = root;
    this.me = root.dataset.editor;
    this.reasons = JSON.parse(root.dataset.reasons);
    this.views = new Map();
    this.loading = new Map();
    this.view = null; // what is shown
    this.wanted = null; // what is to be shown, while it loads
    this.tag = null; // whose card is current
    this.queue = { articles: [], cursor: null, counts: {}, filters: new URLSearchParams() };
    this.outbox = new Outbox(this.me, {
      changed: () => this.showStatus(),
      arrived: (entry, reply) => this.arrived(entry.article, reply),
      refused: (entry, detail) => this.refused(entry, detail),
    });
  }

  async start() {
    this.root.hidden = false;
    this.listen();
    this.readFilters();
    this.outbox.tidy();
    this.showStatus();
    this.showRefused();
    this.outbox.send();
    allTags().then((tags) => { this.tags = tags; this.render(); }).catch(() => {});
    setInterval(() => document.visibilityState === "visible" && this.poll(), POLL_MS);
    if (matchMedia("(max-width: 70rem)").matches) byId("queue-box").open = false;
    await this.loadQueue();
    if (this.root.dataset.article) await this.show(this.root.dataset.article, { push: false });
    else if (this.queue.problem) this.showProblem(this.queue.problem, () => location.reload());
    else await this.showFirst({ push: false });
  }

  // --- the queue ---

  readFilters() {
    const form = byId("filters");
    for (const [name, value] of new URLSearchParams(location.search)) {
      if (name === "tag") this.queue.tag = value;
      else if (form.elements[name]) form.elements[name].value = value;
    }
    this.takeFilters();
    form.addEventListener("change", (event) => { if (event.target.id !== "f-tag") this.filter(); });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(() => { this.queue.tag = ""; this.filter(); }));
    const input = byId("f-tag");
    allTags().then((tags) => { if (this.queue.tag) input.value = tags.label(this.queue.tag); }).catch(() => {});
    const choose = (tag) => {
      this.queue.tag = tag.id;
      input.value = tag.label;
      this.filter();
    };
    combobox(input, byId("f-tag-list"), { label: "Tags", find: (text) => (text ? withTags(input, (tags) => tagOptions(tags, text, choose)) : []) });
    input.addEventListener("input", () => {
      if (input.value || !this.queue.tag) return;
      this.queue.tag = "";
      this.filter();
    });
  }

  takeFilters() {
    const filters = new URLSearchParams();
    for (const [name, value] of new FormData(byId("filters"))) if (value) filters.set(name, value);
    if (this.queue.tag) filters.set("tag", this.queue.tag);
    this.queue.filters = filters;
  }

  address(id) {
    const filters = new URLSearchParams(this.queue.filters);
    if (filters.get("state") === "open") filters.delete("state");
    if (filters.get("order") === "teach") filters.delete("order");
    return `/review${id ? `/${inPath(id)}` : ""}${filters.size ? `?${filters}` : ""}`;
  }

  /** Let the address name what is shown; an article under other filters is the same place. */
  locate(id) {
    const address = this.address(id);
    if (location.pathname + location.search === address) return;
    history[location.pathname === address.split("?")[0] ? "replaceState" : "pushState"](null, "", address);
  }

  async filter() {
    this.takeFilters();
    await this.loadQueue();
    await this.showFirst({ focus: false });
  }

  async showFirst(how) {
    const first = this.queue.articles.find((one) => !this.passed(one));
    if (first) await this.show(first.article_id, how);
    else this.showEnd();
  }

  async loadQueue(more = false) {
    const query = new URLSearchParams(this.queue.filters);
    query.set("limit", "50");
    if (more) query.set("cursor", this.queue.cursor);
    const asked = query.toString();
    this.queue.asked = asked;
    try {
      const { articles, cursor, counts } = await ask(`/v1/articles?${asked}`);
      if (this.queue.asked !== asked) return;
      const had = more ? this.queue.articles : [];
      const ids = new Set(had.map((one) => one.article_id));
      Object.assign(this.queue, { articles: [...had, ...articles.filter((one) => !ids.has(one.article_id))], cursor, problem: null });
      this.queue.left = (counts?.new ?? 0) + (counts?.started ?? 0);
      for (const one of articles) one.wasOpen = one.state !== "closed";
    } catch (error) {
      this.queue.problem = error.message;
      if (error.status === 401 || error.status === 403) this.outbox.stopped = "Your session is over.";
    }
    this.showQueue();
    this.showStatus();
  }

  closings(id) {
    return overlay(this.views.get(id)?.standing ?? NOTHING, this.outbox.rows(id), this.me).closings;
  }

  /** Whether nothing is left to do for me: a second editor's article waits for me although another has closed it. */
  closed(one) {
    if (this.closings(one.article_id).has(this.me)) return true;
    return this.views.has(one.article_id) ? this.closings(one.article_id).size >= (one.n_editors || 1) : one.state === "closed";
  }

  passed(one) { return this.queue.filters.get("state") !== "closed" && this.queue.filters.get("state") !== "all" && this.closed(one); }

  showQueue() {
    byId("list").replaceChildren(...this.queue.articles.map((one) => {
      const closed = this.closed(one);
      const badges = [one.blind && !closed && "blind", one.n_editors > 1 && "second editor", closed ? "done" : one.state === "started" && "started"];
      return el("li", { class: closed ? "closed" : null },
        el("a", { href: this.address(one.article_id), "aria-current": one.article_id === (this.wanted ?? this.view?.id) ? "true" : null,
          click: (event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            this.show(one.article_id);
          } }, one.title ? shown(one.title) : "(no title)"),
        el("small", {}, day(one.published_at ?? one.created_at), badges.filter(Boolean).map((text) => [" ", el("span", { class: `badge ${text.split(" ")[0]}` }, text)])));
    }));
    byId("more").hidden = !this.queue.cursor;
  }

  // --- from one article to another ---

  /** Put something in the place of the article. */
  stage(...nodes) {
    this.drawn = null;
    byId("article").replaceChildren(...nodes);
  }

  load(id) {
    if (this.views.has(id)) return Promise.resolve(this.views.get(id));
    if (!this.loading.has(id)) {
      this.loading.set(id, fetchView(id).then((view) => {
        if (this.views.size >= N_VIEWS) this.views.delete([...this.views.keys()].find((key) => key !== this.view?.id));
        this.views.set(id, view);
        return view;
      }).finally(() => this.loading.delete(id)));
    }
    return this.loading.get(id);
  }

  async show(id, { push = true, focus = true, tag = null } = {}) {
    this.wanted = id;
    this.toReveal = null;
    if (push) this.locate(id);
    if (!this.views.has(id)) this.stage(el("p", { class: "low" }, "Loading …"));
    let view;
    try { view = await this.load(id); } catch (error) {
      if (this.wanted === id) this.showProblem(error.message, () => this.show(id, { push: false }), error.status);
      return;
    }
    if (this.wanted !== id) return;
    this.view = view;
    this.wanted = null;
    this.tag = null;
    this.render();
    this.showQueue();
    byId("list").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" }); // not at every decision: it moves the page, too
    document.title = `${plain(this.title(view)).slice(0, 80)} · Review`;
    if (focus) {
      scrollTo(0, 0);
      const first = tag && this.cards().includes(tag) ? tag : this.undecided()[0] ?? this.cards()[0];
      if (first) this.focus(first);
      else byId("headline").focus({ preventScroll: true });
    }
    this.poll();
    this.lookAhead();
  }

  title(view) { return view.title.map((piece) => piece.text).join("") || "(no title)"; }

  after(id) {
    const at = this.queue.articles.findIndex((one) => one.article_id === id);
    return this.queue.articles.slice(at + 1).filter((one) => !this.passed(one));
  }

  /** Fetch what comes next, one after another, so that it is there when it is wanted. */
  async lookAhead() {
    if (this.queue.cursor && this.after(this.view.id).length < 5) await this.loadQueue(true);
    for (const one of this.after(this.view?.id).slice(0, N_AHEAD)) {
      try { await this.load(one.article_id); } catch { return; }
    }
  }

  async next() {
    const id = this.wanted ?? this.view?.id;
    if (!this.after(id).length && this.queue.cursor) await this.loadQueue(true);
    const [one] = this.after(id);
    if (one) await this.show(one.article_id);
    else this.showEnd();
  }

  async back() {
    const at = this.queue.articles.findIndex((one) => one.article_id === (this.wanted ?? this.view?.id));
    const before = at < 0 ? this.queue.articles.at(-1) : this.queue.articles[at - 1];
    if (before) await this.show(before.article_id);
    else this.say("This is the first article of the list.");
  }

  showProblem(detail, again, status = 0) {
    this.view = null;
    const gone = status === 404;
    this.stage(el("div", { class: "notice bad", role: "alert" },
      el("p", {}, el("strong", {}, gone ? "This article is not there any more." : "This article cannot be shown."), " ", detail),
      el("p", {}, el("button", { type: "button", click: again }, "Try again"))));
    if (status === 0) addEventListener("online", again, { once: true });
  }

  showEnd() {
    this.view = null;
    this.wanted = null;
    this.locate();
    document.title = "Review · Article tagger";
    const left = this.queue.articles.filter((one) => !this.passed(one)).length;
    const narrowed = !left && [...this.queue.filters].some(([name, value]) => name !== "order" && !(name === "state" && value === "open"));
    const [headline, lead, again] = left
      ? ["That was the last of the list", `${many(left, "article")} of the list ${left === 1 ? "is" : "are"} still open.`, "Begin again with those"]
      : narrowed
        ? ["No article is left with these filters", "Others may be open.", "Look again"]
        : ["Nothing is left to decide", "New articles come as the CMS sends them.", "Look again"];
    const clear = el("button", { type: "button", class: "main", click: () => byId("filters").reset() }, "Clear the filters");
    this.stage(el("section", { class: "end" },
      el("h1", { id: "headline", tabindex: "-1" }, headline),
      el("p", { class: "lead" }, lead),
      el("p", { class: "row" }, ...(narrowed ? [clear] : []), el("button", { type: "button", class: narrowed ? "" : "main", click: () => this.filter() }, again))));
    byId("headline").focus({ preventScroll: true });
    this.showQueue();
  }

  // --- what is said ---

  say(text, ...more) { byId("said").replaceChildren(shown(text), ...more); }

  showStatus() {
    const n = this.outbox.entries().length;
    const now = !n ? "Saved" : this.outbox.failures || this.outbox.stopped || !navigator.onLine
      ? `Not saved yet: ${many(n, "decision")} ${n === 1 ? "waits" : "wait"} for ${this.outbox.stopped ? "you to sign in" : "the network"}` : "Saving…";
    const show = (text) => {
      this.slow = clearTimeout(this.slow);
      if (byId("saved").textContent !== text) byId("saved").textContent = text;
      byId("saved").classList.toggle("bad", text.startsWith("Not"));
    };
    byId("saved").setAttribute("aria-busy", String(n > 0)); // at once; the words follow where it takes long
    if (now !== "Saving…") show(now);
    else this.slow ??= setTimeout(show, SLOW_MS, now); // not put off by each further decision
    byId("left").textContent = this.queue.left === undefined ? "" : `${Math.max(0, this.queue.left - this.queue.articles.filter((one) => one.wasOpen && this.closed(one)).length)} left ·`;
    byId("undo").disabled = !this.undoable().length;
    this.showStopped(n);
  }

  showStopped(n) {
    const old = byId("stopped");
    if (!this.outbox.stopped) { old?.remove(); return; }
    if (old) return;
    const here = location.pathname + location.search;
    byId("trouble").append(el("div", { id: "stopped", class: "notice bad" }, el("strong", {}, shown(this.outbox.stopped)), " ",
      n ? "Nothing is lost: what is not saved is kept in this browser, and sent once you are signed in. " : "",
      el("a", { href: `/sign-in?next=${inPath(here)}`, click: () => { this.leaving = true; } }, `Sign in as ${this.me}`)));
  }

  showRefused() {
    for (const name of shelf.names(`tagger.refused.${this.me}.`)) {
      const entry = shelf.get(name);
      if (!entry || byId(name)) continue;
      const what = entry.action === "undo" ? "Taking back a decision" : `${entry.label ? `“${plain(entry.label)}” ` : ""}${DONE[entry.action]}`;
      const box = el("div", { id: name, class: "notice bad refused" }, el("strong", {}, "Not taken: "), what, " on “", shown(entry.title), "”. ", shown(entry.detail), " ",
        el("button", { type: "button", class: "small", click: () => { shelf.remove(name); box.remove(); } }, "Dismiss"));
      byId("trouble").append(box);
    }
  }

  refused(entry) {
    this.keepUndoable(this.undoable().filter((one) => one.key !== entry.key));
    this.showRefused();
    this.showQueue();
    this.render();
  }

  arrived(article, reply) {
    const view = this.views.get(article);
    if (view) {
      merge(view, reply.decisions);
      take(view, reply.standing);
    }
    if (article === this.toReveal && !this.outbox.rows(article).length) { this.reveal(article); return; }
    if (article === this.view?.id) {
      this.render();
      if (!this.outbox.rows(article).length) this.poll();
    }
  }

  /** Look whether somebody else has decided here. */
  async poll() {
    const view = this.view;
    if (!view || this.polling) return;
    this.polling = true;
    try {
      const { decisions, standing } = await ask(`/v1/articles/${inPath(view.id)}/decisions`);
      take(view, standing);
      const fresh = merge(view, decisions); // mine too: of another tab, or what arrived while the article was loading
      if (fresh.length && this.view === view) {
        const theirs = fresh.filter((row) => row.editor !== this.me);
        const editors = [...new Set(theirs.map((row) => row.editor))];
        const news = editors.map((editor) => `${editor} decided here too: ${theirs.filter((row) => row.editor === editor).map((row) => this.told(view, row)).join(", ")}`);
        if (news.length) this.say(`${news.join(". ")}.`);
        view.news = [...(view.news ?? []), ...news].slice(-5);
        this.render();
        this.showQueue();
      }
    } catch (error) {
      if (error.status === 404 && this.view === view) this.say("This article has been deleted meanwhile.");
      if (error.status === 401) { this.outbox.stopped ||= "Your session is over."; this.showStatus(); }
    } finally { this.polling = false; }
  }

  told(view, row) {
    if (row.action === "undo") {
      const undone = view.log.find((one) => one.id === row.undoes);
      return undone ? `took back “${this.told(view, undone)}”` : "took back a decision";
    }
    return row.tag ? `${DONE[row.action]} ${plain(this.label(row.tag, view))}` : DONE[row.action];
  }

  label(tag, view = this.view) { return view?.labels.get(tag) ?? this.tags?.label(tag) ?? tag; }

  // --- the article ---

  standing(view = this.view) { return overlay(view.standing, this.outbox.rows(view.id), this.me); }

  cards(view = this.view) { return view ? [...new Set([...view.suggestions, ...view.mentioned].map((one) => one.tag))] : []; }

  /** Tags that wait for an answer: where two editors are asked, for each one's own. */
  undecided() {
    const { latest, mine } = this.standing();
    return this.cards().filter((tag) => !(this.view.n_editors > 1 ? mine : latest).has(tag));
  }

  /** Draw the article, or only what may have changed if it is there already. */
  render() {
    const view = this.view;
    if (!view) return;
    if (this.drawn !== view) this.draw(view);
    const state = this.standing();
    for (const tag of this.cards()) this.showCard(tag, state);
    this.showTags(state);
    this.showNotices(state);
  }

  draw(view) {
    this.drawn = view;
    this.tag = null;
    const hosts = byId("article");
    hosts.dataset.id = view.id;
    const link = /^https?:\/\//i.test(view.url ?? "") && el("a", { href: view.url, rel: "noopener noreferrer nofollow", target: "_blank" }, "Original");
    const facts = [day(view.published_at), view.source && shown(view.source), link, view.n_editors > 1 && "two editors are asked"].filter(Boolean);
    hosts.replaceChildren(
      el("header", { class: "head-of-article" },
        el("h1", { id: "headline", tabindex: "-1", dir: "auto" }, el("bdi", {}, this.pieces(view.title)), view.title.length ? null : "(no title)"),
        el("p", { class: "facts" }, facts.map((fact, i) => [i ? " · " : "", fact]))),
      el("div", { id: "notices" }),
      el("div", { class: "result", id: "result" },
        el("section", { class: "tags", "aria-label": "Tags of this article" },
          this.drawBands(view), this.drawMentioned(view),
          el("h2", { id: "on-title", tabindex: "-1" }, "On the article"), el("ul", { id: "on", class: "on-article" }),
          el("h2", { id: "add-title" }, "Add a tag ", el("kbd", {}, "+")), this.drawAdd(view),
          el("div", { id: "not-here" }),
          view.blind ? null : this.drawWhyNot(view), this.drawRemoved(view)),
        el("article", { class: "text", "aria-labelledby": "headline" },
          el("p", { class: "legend" }, el("span", { id: "legend" }), " ",
            el("button", { type: "button", class: "all", id: "all-marks", hidden: true, click: () => this.pick(null) }, "Show all")),
          view.paragraphs.map((pieces) => el("p", { dir: "auto" }, el("bdi", {}, this.pieces(pieces)))))));
    this.pick(null);
  }

  pieces(pieces) {
    const suggested = new Set(this.view.suggestions.map((one) => one.tag));
    return pieces.map((piece) => {
      if (piece.control) return control(piece.control);
      if (piece.removed) return el("span", { class: "gone", title: `left out: ${piece.removed}` }, piece.text);
      const named = !piece.tags.some((tag) => suggested.has(tag)); // a name of what is only mentioned, seen when its card is asked
      return piece.tags.length ? el("mark", { class: named && "named", "data-tags": piece.tags.join(" ") }, piece.text) : piece.text;
    });
  }

  drawBands(view) {
    const title = (band, text, note) => {
      const cards = view.suggestions.filter((one) => one.band === band);
      return cards.length ? [el("h2", {}, text, " ", el("small", {}, note)), el("ul", { class: "cards" }, cards.map((one) => this.drawCard(one)))] : [];
    };
    return [...title("auto", "Sure", "right at least 95 times in 100"), ...title("suggest", "Suggested", "over the tag's threshold")];
  }

  drawMentioned(view) {
    const rest = view.mentioned.filter((one) => !view.suggestions.some((other) => other.tag === one.tag));
    if (!rest.length) return [];
    return [el("h2", {}, "Only mentioned ", el("small", {}, "named, but not what it is about")),
      el("ul", { class: "cards small-cards" }, rest.map((one) => this.drawCard({ ...one, band: "hidden" })))];
  }

  drawCard(one) {
    const key = (action, text, hint, shortcut = hint) => el("button", { type: "button", class: "small", "data-do": action, "aria-keyshortcuts": shortcut,
      "aria-label": `${text} ${plain(one.label)}`, click: () => { this.focus(one.tag, false); this.press(action); } }, text, " ", el("kbd", { "aria-hidden": "true" }, hint));
    const facts = one.mentions ? [`named ${one.mentions === 1 ? "once" : `${one.mentions} times`}`]
      : [ABOUTNESS[one.aboutness] ?? one.aboutness, `from ${SOURCES[one.source] ?? one.source}`, `threshold ${percent(one.threshold)}%`];
    const card = el("div", { class: `card band-${one.band}`, role: "group", tabindex: "-1", id: `card-${one.tag}`, "aria-labelledby": `label-${one.tag}`, "data-tag": one.tag,
      focusin: () => this.current(one.tag),
      click: (event) => { if (!event.target.closest("button, input, a")) this.focus(one.tag); } },
    el("div", { class: "head" }, el("h3", { id: `label-${one.tag}` }, shown(one.label)), el("span", { class: "kind" }, one.kind ?? this.tags?.byId.get(one.tag)?.kind ?? ""),
      el("span", { class: "score" }, percent(one.score), el("small", {}, "%"))),
    bar(one.score), el("p", { class: "facts" }, facts.join(" · ")), el("p", { class: "decided", hidden: true }),
    el("div", { class: "answers" }, key("accept", "Accept", "a"), key("reject", "Reject", "x"), key("unsure", "Unsure", "␣", "Space"), key("why", "Why", "w")),
    el("div", { class: "because", hidden: true }), el("div", { class: "why-box", hidden: true }));
    return el("li", {}, card);
  }

  showCard(tag, { latest, mine }) {
    const card = byId(`card-${tag}`);
    const row = latest.get(tag);
    const own = mine.get(tag);
    const line = card.querySelector(".decided");
    card.dataset.state = row ? row.action : "";
    line.hidden = !row;
    const asked = (one) => one.action === "unsure" && one.question_id; // see the notice above the article
    const tell = (one) => asked(one) ? ["In question: its sender took it off many articles at once"] : [DONE[one.action][0].toUpperCase() + DONE[one.action].slice(1), " by ", one.editor === this.me ? "you" : shown(one.editor), this.reason(one.reason) ? `: ${this.reason(one.reason)}` : ""];
    const parts = row ? tell(row) : [];
    if (own && own.id !== row?.id) parts.push(" · ", ...tell(own));
    line.replaceChildren(...parts);
    for (const button of card.querySelectorAll("[data-do]")) {
      const pressed = { accept: GIVES, reject: TAKES, unsure: new Set(["unsure"]) }[button.dataset.do]?.has(own?.action);
      if (pressed !== undefined) button.setAttribute("aria-pressed", String(pressed));
    }
  }

  reason(code) { return this.reasons.find(([one]) => one === code)?.[1] ?? code; }

  showTags({ tags, latest }) {
    const view = this.view;
    const inside = byId("on").contains(document.activeElement);
    byId("on").replaceChildren(...tags.map((tag) => {
      const row = latest.get(tag);
      const by = row?.editor ?? view.by.get(tag)?.by;
      const unknown = view.by.get(tag)?.known === false;
      return el("li", {}, el("span", { class: "name" }, shown(this.label(tag))), " ",
        el("span", { class: "low" }, by === this.me ? "by you" : by ? ["by ", shown(by)] : "", unknown ? " not in the taxonomy" : ""),
        el("button", { type: "button", class: "small", "aria-label": `Remove ${plain(this.label(tag))}`, click: () => this.remove(tag) }, "Remove"));
    }), ...(tags.length ? [] : [el("li", { class: "low none" }, "No tag yet.")]));
    if (inside) byId("on-title").focus();
    const cards = new Set(this.cards());
    const rest = [...latest].filter(([tag, row]) => TAKES.has(row.action) && !cards.has(tag) && !tags.includes(tag));
    byId("not-here").replaceChildren(...(rest.length ? [el("h2", {}, "Taken off"), el("ul", { class: "on-article" }, rest.map(([tag, row]) =>
      el("li", {}, el("span", { class: "name" }, shown(this.label(tag))), " ", el("span", { class: "low" }, `${DONE[row.action]} by `, row.editor === this.me ? "you" : shown(row.editor)),
        el("button", { type: "button", class: "small", "aria-label": `Add ${plain(this.label(tag))}`, click: () => this.add({ id: tag, label: this.label(tag) }) }, "Add"))))] : []));
  }

  showNotices({ closings }) {
    const view = this.view;
    const list = [];
    const who = [...closings];
    if (view.blind && !who.includes(this.me)) {
      list.push(el("div", { class: "notice" }, el("strong", {}, "Blind. "), "Of some articles the suggestions are held back, so that what the model misses can be measured. Read it, add every tag that it needs (",
        el("kbd", {}, "+"), "), then press Done. After that you may see what would have been suggested."));
    } else if (view.blind) {
      list.push(el("div", { class: "notice" }, "This article is done. ", el("button", { type: "button", class: "small", id: "reveal", click: () => this.reveal(view.id) }, "Show what would have been suggested")));
    } else if (view.reason && view.reason_text) list.push(el("div", { class: "notice" }, view.reason_text));
    if (who.length && !(view.blind && who.includes(this.me))) {
      list.push(el("div", { class: "notice" }, "Closed by ", who.map((one, i) => [i ? ", " : "", one === this.me ? "you" : shown(one)]), ". ",
        el("button", { type: "button", class: "small", click: () => this.reopen() }, "Open it again")));
    }
    if (view.news?.length) list.push(el("div", { class: "notice news" }, view.news.map((text) => el("p", {}, shown(text)))));
    else {
      const others = view.others.filter((one) => one.editor !== this.me);
      if (others.length) list.push(el("div", { class: "notice news" }, others.map((one) => el("p", {}, shown(one.editor), ` was here on ${day(one.at)}: ${many(one.n, "decision")}`))));
    }
    byId("notices").replaceChildren(...list);
    byId("done").firstChild.data = who.includes(this.me) ? "Go on " : "Done ";
  }

  drawRemoved(view) {
    if (!view.removed.length) return [];
    return [el("h2", {}, "Left out ", el("small", {}, "not part of the article; it weighs nothing")),
      el("ul", { class: "removed" }, view.removed.map((one) => el("li", {}, el("span", { class: "low" }, one.kind), " ", shown(one.text.slice(0, 90)))),
        view.n_more_removed ? el("li", { class: "low" }, `and ${view.n_more_removed.toLocaleString("en")} more`) : null)];
  }

  /** Leave only the marks of one tag. */
  pick(tag) {
    const result = byId("article");
    result.classList.toggle("picking", tag !== null);
    let n = 0;
    for (const mark of result.querySelectorAll("mark")) {
      const on = mark.dataset.tags.split(" ").includes(tag);
      mark.classList.toggle("on", on);
      if (on) n += 1;
    }
    byId("all-marks").hidden = tag === null;
    const any = result.querySelector("mark:not(.named)");
    const speaks = this.view.suggestions.some((one) => one.tag === tag) ? " is what speaks for " : " is what names ";
    byId("legend").replaceChildren(...(tag === null ? (any ? [el("span", { class: "mark" }, "marked"), " is what speaks for the suggested tags"] : [])
      : [n ? el("span", { class: "mark" }, "marked") : "nothing is marked", n ? speaks : " for ", el("strong", {}, shown(this.label(tag)))]));
  }

  current(tag) {
    if (this.tag === tag) return;
    for (const card of document.querySelectorAll("#article .card[data-tag]")) {
      const on = card.dataset.tag === tag;
      card.classList.toggle("on", on);
      card.tabIndex = on ? 0 : -1;
      if (!on) this.closeBecause(card);
    }
    this.tag = tag;
    this.pick(tag);
  }

  focus(tag, move = true) {
    this.current(tag);
    if (move) byId(`card-${tag}`)?.focus();
  }

  // --- deciding ---

  record(action, more = {}, view = this.view) {
    const entry = { action, article: view.id, title: this.title(view), set: view.suggestion_set_id, ...more };
    const before = action === "undo" ? null : this.before(more.tag);
    const key = this.outbox.add(entry);
    this.touched = true;
    if (before) this.keepUndoable([...this.undoable(), { key, article: view.id, action, tag: more.tag ?? null, before }]);
    this.render();
    this.showQueue();
    return key;
  }

  /** Return what stands before a decision on a tag, or on the article: what an undo shows until the server has answered. */
  before(tag) {
    const { latest, mine, closings } = this.standing();
    return tag ? { row: latest.get(tag) ?? null, own: mine.get(tag) ?? null } : { closed_by: [...closings] };
  }

  /** Answer the current tag, and go on to the next that waits. */
  decide(action, more = {}) {
    const tag = this.tag;
    const label = plain(this.label(tag));
    const own = this.standing().mine.get(tag);
    const kind = action === "accept" && !this.view.suggestions.some((one) => one.tag === tag) ? "add" : action; // only mentioned: it was not suggested
    const same = own && (own.action === kind || (GIVES.has(kind) && GIVES.has(own.action))) && (kind !== "reject" || ((more.reason ?? null) === own.reason && !more.note));
    if (same) this.say(`You have ${DONE[own.action]} ${label} already.`);
    else {
      this.record(kind, { tag, label, ...more });
      this.say(`${DONE[kind][0].toUpperCase()}${DONE[kind].slice(1)}: ${label}${more.reason ? ` (${this.reason(more.reason)})` : ""}.`);
    }
    this.goOn();
  }

  goOn() {
    const cards = this.cards();
    const open = new Set(this.undecided());
    const at = cards.indexOf(this.tag);
    const next = [...cards.slice(at + 1), ...cards.slice(0, at + 1)].find((tag) => open.has(tag));
    this.focus(next ?? this.tag);
    if (!next) byId("said").append(" All are answered; Enter closes the article.");
  }

  remove(tag) {
    const label = plain(this.label(tag));
    this.record("remove", { tag, label });
    this.say(`Removed: ${label}.`);
  }

  add(tag) {
    const { tags } = this.standing();
    if (tags.includes(tag.id)) return this.say(`${tag.label} is on the article already.`);
    this.view.labels.set(tag.id, tag.label);
    const suggested = this.view.suggestions.some((one) => one.tag === tag.id);
    this.record(suggested ? "accept" : "add", { tag: tag.id, label: tag.label });
    return this.say(`Added: ${tag.label}.`);
  }

  reopen() {
    this.record("reopen");
    this.say("The article is open again.");
    byId("headline").focus();
  }

  async done() {
    const view = this.view;
    // The second half of a double click, or of Enter pressed twice, is not meant for the article that has come meanwhile.
    if (!view || (!this.touched && performance.now() - this.doneAt < SETTLE)) return;
    const mine = this.standing().closings.has(this.me);
    const open = view.blind ? 0 : this.undecided().length;
    if (!mine) this.record("complete");
    const title = plain(this.title(view));
    const tell = mine ? [] : [`Done: ${title.slice(0, 60)}${title.length > 60 ? "…" : "."} `];
    if (!mine && open) tell.push(`${many(open, "unanswered suggestion")} ${open === 1 ? "counts" : "count"} as no; z takes that back. `);
    if (view.blind && !mine) tell.push(el("button", { type: "button", class: "small", click: () => this.reveal(view.id) }, "Show what would have been suggested"));
    Object.assign(this, { doneAt: performance.now(), touched: false });
    await this.next();
    if (tell.length) this.say(...tell);
  }

  /** Show the suggestions of a blind article, once the server knows that it is done. */
  async reveal(id) {
    if (this.outbox.rows(id).length) {
      this.toReveal = id; // when it has arrived
      this.say("It waits until the article is saved as done …");
      this.outbox.send();
      return;
    }
    this.views.delete(id);
    await this.show(id);
  }

  undoable() {
    try { return JSON.parse(sessionStorage.getItem(`tagger.undo.${this.me}`) ?? "[]"); } catch { return this.kept ?? []; }
  }

  keepUndoable(list) {
    this.kept = list;
    try { sessionStorage.setItem(`tagger.undo.${this.me}`, JSON.stringify(list.slice(-1000))); } catch { /* kept here */ }
    byId("undo").disabled = !list.length;
  }

  async undo() {
    const list = this.undoable();
    const last = list.pop();
    if (!last) return this.say("There is nothing of this sitting to take back.");
    this.keepUndoable(list);
    const view = this.views.get(last.article) ?? { id: last.article, title: [], labels: new Map() };
    const what = `${DONE[last.action]}${last.tag ? ` ${plain(this.label(last.tag, view))}` : ""}`;
    // What has arrived is taken back by the server's id: its answer may be forgotten before this is sent.
    const id = this.outbox.idOf(last.key);
    this.record("undo", { undoes: last.key, tag: last.tag, before: last.before, ...(id && { decision_id: id }) }, view);
    if (this.view?.id !== last.article) await this.show(last.article, { tag: last.tag });
    else if (last.tag && this.cards().includes(last.tag)) this.focus(last.tag);
    return this.say(`Taken back: ${what}.`);
  }

  // --- a reason to reject ---

  openBecause() {
    const card = byId(`card-${this.tag}`);
    const box = card.querySelector(".because");
    const label = plain(this.label(this.tag));
    const draft = this.draft(`note/${this.view.id}/${this.tag}`);
    const note = el("input", { id: `note-${this.tag}`, maxlength: 1000, autocomplete: "off" });
    const reject = (reason) => {
      const text = note.value.trim();
      draft.clear();
      this.closeBecause(card);
      this.decide("reject", { ...(reason && { reason }), ...(text && { note: text }) });
    };
    note.value = draft.get();
    note.addEventListener("input", () => draft.keep(note.value));
    note.addEventListener("keydown", (event) => {
      if (!["Enter", "Escape"].includes(event.key) || event.isComposing) return;
      event.preventDefault();
      event.stopPropagation();
      group.focus();
    });
    const group = el("div", { role: "group", tabindex: "-1", class: "because-group",
      "aria-label": `Why is ${label} rejected? ${this.reasons.map(([, text], i) => `${i + 1}: ${text}`).join(", ")}. Enter: no reason. Escape: leave it.` },
    el("p", { class: "facts" }, "Why? A digit, or Enter for no reason"),
    el("div", { class: "choices" }, this.reasons.map(([code, text], i) => el("button", { type: "button", class: "small", click: () => reject(code) }, el("kbd", { "aria-hidden": "true" }, i + 1), " ", text)),
      el("button", { type: "button", class: "small", click: () => reject(null) }, el("kbd", { "aria-hidden": "true" }, "↵"), " no reason")),
    el("label", { for: note.id }, "Note"), note, el("p", { class: "facts" }, "Enter in the note goes back to the reasons."));
    box.replaceChildren(group);
    box.hidden = false;
    this.rejecting = reject;
    group.focus();
  }

  closeBecause(card) {
    const box = card.querySelector(".because");
    if (!box || box.hidden) return;
    box.hidden = true;
    box.replaceChildren();
    this.rejecting = null;
  }

  /** A text that is being typed, kept until it is used. */
  draft(name) {
    const key = `tagger.draft.${this.me}.${name}`;
    return { get: () => shelf.get(key) ?? "", keep: (text) => (text ? shelf.set(key, text) : shelf.remove(key)), clear: () => shelf.remove(key) };
  }

  // --- why, and why not ---

  async why(tag, box) {
    if (!box.hidden) { box.hidden = true; return; }
    box.hidden = false;
    if (box.dataset.loaded) return;
    box.replaceChildren(el("p", { class: "facts" }, "Loading …"));
    const article = this.view.id;
    try {
      box.replaceChildren(...this.drawWhy(await ask(`/review/articles/${inPath(article)}/why?tag=${inPath(tag)}`)));
      box.dataset.loaded = "yes";
    } catch (error) {
      box.replaceChildren(el("p", { class: "notice bad", role: "alert" }, error.message));
    }
  }

  drawWhy(why) {
    const list = (title, parts, kind) => (parts.length ? [el("h4", {}, title), el("ul", { class: `reasons ${kind}` }, parts.map((part) => el("li", {},
      el("span", { class: "word" }, shown(part.text), part.n_places > 1 ? el("span", { class: "times" }, ` ×${part.n_places}`) : null),
      el("span", { class: "weight" }, el("svg", { viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" }, el("rect", { width: part.width, height: 6 })), signed(part.weight)))))] : []);
    return [...list("For", why.pros, "pro"), ...list("Against", why.cons, "con"),
      ...(why.precedents.length ? [el("h4", {}, "Past articles with this tag that resemble it"), el("ul", { class: "precedents" }, why.precedents.map((title) => el("li", {}, shown(title))))] : []),
      el("p", { class: "sum" }, `All parts add up to ${signed(why.decision_value)}, which is a score of ${(why.score * 100).toFixed(1)}%.`)];
  }

  drawWhyNot(view) {
    const input = el("input", { id: "why-not", autocomplete: "off", placeholder: "Type a tag" });
    const list = el("ul", { id: "why-not-list", hidden: true });
    const result = el("div", { id: "why-not-result", "aria-live": "polite" });
    const explain = async (tag) => {
      input.value = tag.label;
      result.replaceChildren(el("p", { class: "facts" }, "Loading …"));
      try {
        const why = await ask(`/review/articles/${inPath(view.id)}/why?tag=${inPath(tag.id)}`);
        result.replaceChildren(el("div", { class: "card band-hidden" },
          el("div", { class: "head" }, el("h3", {}, shown(why.label)), el("span", { class: "score" }, percent(why.score), el("small", {}, "%"))), bar(why.score),
          el("p", { class: "facts" }, `${why.outcome} · threshold ${percent(why.threshold)}%`),
          el("div", { class: "answers" }, el("button", { type: "button", class: "small", click: () => this.add(tag) }, `Add ${plain(tag.label)}`)), ...this.drawWhy(why)));
      } catch (error) {
        result.replaceChildren(el("p", { class: "notice bad", role: "alert" }, error.message));
      }
    };
    combobox(input, list, { label: "Tags", find: (text) => (text ? withTags(input, (tags) => tagOptions(tags, text, explain)) : []), leave: () => this.leave() });
    return el("section", { class: "why-not" }, el("h2", {}, "Why not …?"), el("label", { for: "why-not" }, "Explain any tag"), el("div", { class: "combo" }, input, list), result);
  }

  // --- adding ---

  drawAdd(view) {
    const draft = this.draft(`add/${view.id}`);
    const input = el("input", { id: "add", autocomplete: "off", placeholder: "Name, alias or id", "aria-keyshortcuts": "+" });
    const list = el("ul", { id: "add-list", hidden: true });
    input.value = draft.get();
    input.addEventListener("input", () => draft.keep(input.value));
    const clear = () => { input.value = ""; draft.clear(); };
    const options = (text, all) => {
      const { tags } = this.standing();
      const found = tagOptions(all, text, (tag) => { clear(); this.add(tag); }, (id) => tags.includes(id));
      const exact = all.all.some((tag) => folded(tag.label) === folded(text));
      if (!exact) found.push({ content: [el("span", { class: "propose" }, "Propose “", shown(text), "” as a new tag")], choose: () => this.propose(text, clear) });
      return found;
    };
    const find = (text) => (text ? withTags(input, (all) => options(text, all)) : []);
    combobox(input, list, { label: "Tags", find, leave: () => this.leave(), enter: () => { if (!this.wanted) this.done(); } });
    return el("div", { class: "combo" }, el("label", { class: "visually-hidden", for: "add" }, "Add a tag"), input, list);
  }

  /** Go from a field back to the tags. */
  leave() {
    if (this.tag) this.focus(this.tag);
    else byId("headline").focus();
  }

  propose(label, sent) {
    const draft = this.draft(`propose/${this.view.id}`);
    this.proposal = { article: this.view.id, draft, sent };
    byId("p-label").value = label;
    byId("p-note").value = draft.get();
    byId("p-problem").hidden = true;
    byId("propose").showModal();
    byId("p-note").focus();
  }

  async sendProposal() {
    const { article, draft, sent } = this.proposal;
    const label = byId("p-label").value.trim();
    const note = byId("p-note").value.trim();
    try {
      try { await ask("/review/proposals", { method: "POST", body: { label, note, article_id: article } }); } catch (error) {
        if (error.status !== 403 || (await renew(this.me)) !== this.me) throw error;
        await ask("/review/proposals", { method: "POST", body: { label, note, article_id: article } });
      }
      draft.clear();
      sent();
      byId("propose").close();
      this.say(`Proposed: ${plain(label)}.`);
      this.leave();
    } catch (error) {
      byId("p-problem").textContent = `Not sent, and nothing is lost. ${error.message}`;
      byId("p-problem").hidden = false;
    }
  }

  // --- keys and buttons ---

  press(action) {
    if (action === "why") this.why(this.tag, byId(`card-${this.tag}`).querySelector(".why-box"));
    else if (action === "reject") this.openBecause();
    else this.decide(action);
  }

  step(by) {
    const cards = this.cards();
    if (!cards.length) return;
    const at = cards.indexOf(this.tag);
    this.focus(cards[at < 0 ? (by > 0 ? 0 : cards.length - 1) : Math.min(cards.length - 1, Math.max(0, at + by))]);
  }

  /** Scroll the text: the list of tags, which has the focus, would take these keys for itself. */
  page(by) { scrollBy(0, by * innerHeight * 0.8); }

  /** Act on a key. Returns whether it meant something. */
  key(key, target, repeat) {
    const native = target.closest?.("button, a, summary, select") && (key === "Enter" || key === " ");
    if (native || (repeat && !["j", "k", "ArrowDown", "ArrowUp", "PageDown", "PageUp"].includes(key))) return native ? false : true;
    if (this.rejecting) {
      if (key === "Escape") { this.closeBecause(byId(`card-${this.tag}`)); this.focus(this.tag); return true; }
      if (key === "Enter") { this.rejecting(null); return true; }
      const reason = /^[1-9]$/.test(key) && this.reasons[key - 1];
      if (reason) { this.rejecting(reason[0]); return true; }
    }
    const always = { n: () => this.next(), p: () => this.back(), z: () => this.undo(), "?": () => byId("help").showModal() };
    const here = { j: () => this.step(1), ArrowDown: () => this.step(1), k: () => this.step(-1), ArrowUp: () => this.step(-1), Enter: () => this.done(),
      "+": () => byId("add").focus(), PageDown: () => this.page(1), PageUp: () => this.page(-1) };
    const onTag = { a: () => this.press("accept"), x: () => this.press("reject"), " ": () => this.press("unsure"), w: () => this.press("why") };
    const act = always[key] ?? (this.view && !this.wanted ? here[key] ?? (this.tag ? onTag[key] : null) : null);
    if (!act) return false;
    if (key !== "Enter") this.touched = true;
    act();
    return true;
  }

  listen() {
    document.addEventListener("keydown", (event) => {
      const field = event.target.closest?.("input, textarea, select, [contenteditable]");
      if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey || field || document.querySelector("dialog[open]")) return;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      if (this.key(key, event.target, event.repeat)) event.preventDefault();
    });
    const clicks = { undo: () => this.undo(), back: () => this.back(), next: () => this.next(), done: () => this.done(), keys: () => byId("help").showModal(),
      more: () => this.loadQueue(true), "p-cancel": () => byId("propose").close() };
    for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", act);
    byId("p-note").addEventListener("input", () => this.proposal.draft.keep(byId("p-note").value));
    byId("propose-form").addEventListener("submit", (event) => { event.preventDefault(); this.sendProposal(); });
    addEventListener("popstate", () => {
      const id = decodeURIComponent(location.pathname.split("/")[2] ?? "");
      if (id) this.show(id, { push: false });
      else this.showFirst({ push: false });
    });
    addEventListener("beforeunload", (event) => { if (this.outbox.entries().length && !this.leaving) event.preventDefault(); });
    const wake = () => {
      if (document.visibilityState !== "visible") return;
      this.outbox.stopped = "";
      this.outbox.send();
      this.poll();
    };
    addEventListener("online", () => { this.outbox.failures = 0; wake(); });
    addEventListener("offline", () => this.showStatus());
    document.addEventListener("visibilitychange", wake);
    addEventListener("storage", (event) => {
      const result = event.key?.startsWith(this.outbox.results) && event.newValue ? JSON.parse(event.newValue) : null;
      if (result) this.arrived(result.article, { decisions: result.rows, tags: result.tags }); // another tab has sent it
      if (event.key?.startsWith(`tagger.refused.${this.me}.`)) this.showRefused();
      if (event.key?.startsWith(this.outbox.prefix)) { this.showStatus(); this.render(); this.outbox.send(); }
    });
  }
}

const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

const root = byId("review");
if (root) new Review(root).start();
