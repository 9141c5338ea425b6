// Requests to the service.

import { _ } from "../texts.js";

export const TIMEOUT_MS = 15_000;

/** The token that requests of this page carry. It is renewed with the session. */
const session = { csrf: globalThis.document?.querySelector("meta[name=csrf]")?.content ?? "" };

export const articlesPath = (article) => `/v1/articles/${encodeURIComponent(article)}`;
export const decisionsPath = (article) => `/v1/articles/${encodeURIComponent(article)}/decisions`;
export const articlePath = (article) => `/review/articles/${encodeURIComponent(article)}`;
export const pagePath = (article) => `/review/${encodeURIComponent(article)}`;
export const whyPath = (article, tag) => `${articlePath(article)}/why?tag=${encodeURIComponent(tag)}`;

/** A refusal by the service, or no answer at all (`status` 0). */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** Return what the service answers, as an object. One with `keepalive` outlives the page. Raises Refused. */
export async function ask(path, { method = "GET", body, headers = {}, timeout = TIMEOUT_MS, keepalive = false } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method, keepalive, signal: AbortSignal.timeout(timeout), credentials: "same-origin",
      headers: { Accept: "application/json", ...(body && { "Content-Type": "application/json", "X-CSRF-Token": session.csrf }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
  } catch {
    throw new Refused(0, _("The network or the service does not answer."));
  }
  if (response.status === 204) return {};
  const isJson = /\bjson\b/.test(response.headers.get("Content-Type") ?? "");
  if (response.ok && !isJson) throw new Refused(401, _("Your session is over.")); // the answer is the sign-in page
  let data = {};
  try { data = isJson ? await response.json() : {}; } catch { throw new Refused(0, _("The answer broke off.")); }
  if (!response.ok) throw new Refused(response.status, data.detail || data.title || _("The service answered %(status)s.", { status: response.status }));
  return data;
}

/**
 * Return the editor who is signed in in this browser now, "" for nobody. If that is `editor`, this page goes on with the
 * token of the new session.
 */
export async function renew(editor) {
  const response = await fetch("/review", { credentials: "same-origin", signal: AbortSignal.timeout(TIMEOUT_MS) });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const signedIn = page.querySelector("[data-editor]")?.dataset.editor ?? "";
  if (signedIn === editor) session.csrf = page.querySelector("meta[name=csrf]")?.content ?? session.csrf;
  return response.ok ? signedIn : "";
}

/** Send a body, a second time with a new token if the first was refused for its token. `options` are those of `ask`. Raises Refused. */
export async function post(editor, path, body, options = {}) {
  const request = { method: "POST", body, ...options };
  try { return await ask(path, request); } catch (error) {
    if (error.status !== 403 || (await renew(editor).catch(() => "")) !== editor) throw error;
    return ask(path, request);
  }
}
