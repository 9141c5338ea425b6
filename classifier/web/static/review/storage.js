// What the pages keep in the browser: values in local storage, lists in the storage of a tab.

const memory = new Map(); // for browsers that store nothing, or have no room left

/** JSON values by name. All tabs share them, and they outlive the browser. */
export const storage = {
  get(name) {
    try { return JSON.parse(localStorage.getItem(name) ?? "null") ?? memory.get(name) ?? null; } catch { return memory.get(name) ?? null; }
  },
  set(name, value) {
    try { localStorage.setItem(name, JSON.stringify(value)); } catch { memory.set(name, value); }
  },
  remove(name) {
    memory.delete(name);
    try { localStorage.removeItem(name); } catch { /* nothing is stored */ }
  },
  /** Return the names that begin with a prefix, sorted. */
  names(prefix) {
    let stored = [];
    try { stored = Object.keys(localStorage); } catch { /* nothing is stored */ }
    return [...new Set([...stored, ...memory.keys()])].filter((name) => name.startsWith(prefix)).sort();
  },
};

/** A list that lives as long as its tab, also after a reload. Only the last `limit` items are stored. */
export class TabList {
  constructor(name, limit) {
    Object.assign(this, { name, limit, unstored: null });
  }

  read() {
    if (this.unstored) return [...this.unstored];
    try {
      const list = JSON.parse(sessionStorage.getItem(this.name));
      return Array.isArray(list) ? list : [];
    } catch { return []; }
  }

  write(list) {
    try {
      sessionStorage.setItem(this.name, JSON.stringify(list.slice(-this.limit)));
      this.unstored = null;
    } catch { this.unstored = list; } // full, or not allowed
  }
}

/** Return the draft of a text field: what an editor has typed and not yet sent. */
export function draftOf(editor, name) {
  const key = `tagger.draft.${editor}.${name}`;
  const clear = () => storage.remove(key);
  return { get: () => storage.get(key) ?? "", set: (text) => (text ? storage.set(key, text) : clear()), clear };
}

/** Return a random UUID. `crypto.randomUUID` needs https, which a desk's own network may lack. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
