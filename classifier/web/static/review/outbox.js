// Decisions on their way to the server.

import { _ } from "../texts.js";
import { Refused, TIMEOUT_MS, ask, decisionsPath, renew } from "./api.js";
import { storage, uuid } from "./storage.js";

const N_RESULTS = 500; // answers that are kept for undos
const RETRIED = new Set([0, 408, 409, 425, 429]); // and every status over 500
const N_SERVER_ERRORS = 5; // after so many answers 500 in a row a decision counts as refused
const LOCAL = "local:"; // before the key of an entry, where rows have the id of a decision

/**
 * The decisions of an editor that the server has not confirmed. Each is stored under its own name, so that tabs never
 * overwrite each other's.
 *
 * One tab at a time sends them, in their order. The key of an entry is its idempotency key: if the answer to it is lost,
 * it is sent again and still counts once. `events`: changed(), arrived(article, reply), refused(entry).
 */
export class Outbox {
  constructor(editor, events) {
    this.editor = editor;
    this.events = events;
    this.prefix = `tagger.outbox.${editor}.`;
    this.resultPrefix = `tagger.result.${editor}.`;
    this.refusedPrefix = `tagger.refused.${editor}.`;
    this.nFailures = 0;
    this.blocked = ""; // why it waits for the editor to sign in
    this.sending = false;
    this.lastTime = Number(storage.names(this.prefix).at(-1)?.slice(this.prefix.length).split("-")[0] ?? 0);
  }

  /** Return what waits, in its order. */
  entries() {
    return storage.names(this.prefix).map((name) => ({ name, ...storage.get(name) })).filter((entry) => entry.key);
  }

  /** Store an entry and begin to send. Returns its key. */
  add(entry) {
    this.lastTime = Math.max(Date.now(), this.lastTime + 1);
    const key = uuid();
    const name = `${this.prefix}${String(this.lastTime).padStart(15, "0")}-${key.slice(0, 8)}`;
    storage.set(name, { ...entry, key, at: new Date().toISOString() });
    this.events.changed();
    this.send();
    return key;
  }

  /** Send all that waits, until an entry fails for now. */
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
    if (this.entries().length && !this.blocked) this.timer = setTimeout(() => this.send(), this.#pause());
    this.events.changed();
  }

  #pause() { return this.nFailures ? Math.min(60_000, 500 * 2 ** this.nFailures) * (0.75 + Math.random() / 2) : 0; }

  /** Run while no other tab of this editor sends. */
  async #alone(work) {
    if (globalThis.navigator?.locks) return navigator.locks.request(`tagger-outbox-${this.editor}`, work);
    // Locks need https. A claim that expires is enough: what two tabs send twice counts once.
    const name = `tagger.claim.${this.editor}`;
    const claim = storage.get(name);
    this.id ??= uuid();
    if (claim && claim.id !== this.id && Date.now() - claim.at < 2 * TIMEOUT_MS) { this.nFailures ||= 1; return undefined; }
    storage.set(name, { id: this.id, at: Date.now() });
    try { return await work(); } finally { storage.remove(name); }
  }

  /** Send one entry. Returns whether the next may follow. */
  async #deliver(entry) {
    const body = this.#body(entry);
    if (!body) { // the decision that it undoes was refused
      storage.remove(entry.name);
      return true;
    }
    try {
      const reply = await ask(decisionsPath(entry.article), { method: "POST", body, headers: { "Idempotency-Key": entry.key } });
      storage.set(this.resultPrefix + entry.key, { at: Date.now(), article: entry.article, rows: reply.decisions, tags: reply.tags, together: reply.together });
      storage.remove(entry.name);
      this.nFailures = 0;
      this.blocked = "";
      this.events.arrived(entry.article, reply);
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return this.#failed(entry, error);
    }
  }

  async #failed(entry, error) {
    if (error.status === 401 || error.status === 403) {
      let signedIn = null;
      try { signedIn = await renew(this.editor); } catch { error.status = 0; }
      if (signedIn === this.editor && !entry.renewed) {
        const { name, ...fields } = entry;
        storage.set(name, { ...fields, renewed: true }); // sent once more, with the new token
        return true;
      }
      if (signedIn !== null && signedIn !== this.editor) {
        this.blocked = signedIn
          ? _("%(name)s is signed in in this browser now, and these decisions are yours, %(you)s.", { name: signedIn, you: this.editor })
          : _("Your session is over.");
        return false;
      }
    }
    if (RETRIED.has(error.status) || error.status > 500 || (error.status === 500 && this.nFailures < N_SERVER_ERRORS)) {
      this.nFailures += 1;
      return false;
    }
    storage.remove(entry.name);
    storage.set(this.refusedPrefix + entry.key, { ...entry, detail: error.message });
    this.events.refused(entry);
    return true;
  }

  /** Return what is sent of an entry; null for the undo of a decision that never arrived. */
  #body(entry) {
    const suggestionSet = entry.set && { suggestion_set_id: entry.set };
    if (entry.action === "complete") return { ...suggestionSet, complete: true, decisions: entry.decisions ?? [], ...(entry.also?.length && { also: entry.also }) };
    const decision = {};
    if (entry.action === "undo") {
      const { together } = storage.get(this.resultPrefix + entry.undoes) ?? {};
      if (together) decision.together = together;
      else decision.decision_id = entry.decision_id ?? this.decisionId(entry.undoes);
      if (!decision.together && !decision.decision_id) return null;
    } else if (entry.tag) decision.tag = entry.tag;
    if (entry.reason) decision.reason = entry.reason;
    if (entry.note) decision.note = entry.note;
    return { ...suggestionSet, complete: false, decisions: [{ ...decision, action: entry.action }] };
  }

  /** Return the server's id of the decision that an entry became, if its answer has arrived. */
  decisionId(key) { return storage.get(this.resultPrefix + key)?.rows.find((row) => row.action !== "undo")?.id; }

  /** Return the entries of an article that wait, as rows of its log. */
  rows(article) {
    return this.entries().filter((entry) => entry.article === article).map((entry) => ({
      id: LOCAL + entry.key, tag: entry.tag ?? null, action: entry.action, editor: this.editor, at: entry.at, reason: entry.reason ?? null,
      undoes: entry.action === "undo" ? entry.decision_id ?? this.decisionId(entry.undoes) ?? LOCAL + entry.undoes : null,
      before: this.#withServerIds(entry.before),
    }));
  }

  /** Return what stood before a decision, under the server's ids where decisions have arrived since. */
  #withServerIds(before) {
    const renamed = (row) => row && { ...row, id: (row.id.startsWith(LOCAL) && this.decisionId(row.id.slice(LOCAL.length))) || row.id };
    return before && { ...before, row: renamed(before.row), own: renamed(before.own) };
  }

  /** Return the stored refusals: their name, and the entry with the server's `detail`. */
  refusals() { return storage.names(this.refusedPrefix).map((name) => [name, storage.get(name)]).filter(([, entry]) => entry); }

  /** Forget old answers: only undos of this session need them. */
  tidy() {
    const times = storage.names(this.resultPrefix).map((name) => [storage.get(name)?.at ?? 0, name]);
    for (const [, name] of times.sort((a, b) => b[0] - a[0]).slice(N_RESULTS)) storage.remove(name);
  }
}
