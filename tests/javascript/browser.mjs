// What the modules use of a browser: storage, locks, and a server that answers by a list.

/** A storage as browsers have it: names are its own keys. */
class Storage {
  getItem(name) { return Object.hasOwn(this, name) ? this[name] : null; }

  setItem(name, value) { this[name] = String(value); }

  removeItem(name) { delete this[name]; }
}

/** A storage that is full. */
class FullStorage extends Storage {
  setItem() { throw new Error("QuotaExceededError"); }
}

/** Give the modules a fresh browser. */
export function openBrowser({ full = false } = {}) {
  globalThis.localStorage = full ? new FullStorage() : new Storage();
  globalThis.sessionStorage = full ? new FullStorage() : new Storage();
  Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true, writable: true });
  globalThis.DOMParser = class {
    /** Return the sign-in state of a page: its text is the editor's name. */
    parseFromString(editor) {
      const elements = { "[data-editor]": editor ? { dataset: { editor } } : null, "meta[name=csrf]": { content: `token of ${editor}` } };
      return { querySelector: (selector) => elements[selector] };
    }
  };
}

const json = (status, body) => new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
export const page = (editor) => new Response(editor, { status: 200, headers: { "Content-Type": "text/html" } });
export const refusal = (status) => json(status, { detail: `refused with ${status}` });

/** Answer requests: `answers` are functions of a request, in turn, and the last for all that follow. Returns the requests. */
export function serve(...answers) {
  const requests = [];
  globalThis.fetch = async (path, { method, headers = {}, body }) => {
    const request = { path, method, headers, body: body && JSON.parse(body) };
    requests.push(request);
    return (answers.length > 1 ? answers.shift() : answers[0])(request);
  };
  return requests;
}

let nDecisions = 0;

/** Answer as the service does to a decision that it takes. */
export function accept({ body }) {
  const actions = body.complete ? [{ action: "complete" }] : body.decisions;
  return json(201, { decisions: actions.map(({ action, tag = null }) => ({ id: `d${++nDecisions}`, action, tag })), tags: [] });
}

export const unreachable = () => { throw new TypeError("Failed to fetch"); };
