// What stands on an article: the server's answer, with the decisions that still wait in the outbox laid over it.
//
// The server folds the log (`fold` in classifier/domain/decisions.py) and answers with the result. This module only adds
// the waiting decisions, so that an editor sees a decision at once. tests/data/standing.json has cases for both.

export const GIVES = new Set(["accept", "add"]);
export const TAKES = new Set(["reject", "remove"]);
export const NOTHING = { tags: [], listed: [], decisions: [], own: [], closed_by: [], n_rows: 0 };

/**
 * Return the state of an article: its `tags`, the `latest` decision and the latest of `mine` by tag (maps, the newest last),
 * and `closings`, the editors who closed it.
 *
 * Waiting undos carry what stood `before` the decision that they undo, see `stateBefore`.
 */
export function withWaiting(standing, waiting, editor) {
  const latest = new Map(standing.decisions.map((row) => [row.tag, row]));
  const mine = new Map(standing.own.map((row) => [row.tag, row]));
  const listed = new Set(standing.listed);
  const tags = new Set(standing.tags);
  let closings = new Set(standing.closed_by);
  const put = (decisions, tag, row) => {
    decisions.delete(tag); // the newest stands last
    if (row) decisions.set(tag, row);
  };
  const decide = (tag, row, own) => {
    put(latest, tag, row);
    put(mine, tag, own);
    const stays = row && row.action !== "unsure" ? GIVES.has(row.action) : listed.has(tag);
    if (stays) tags.add(tag);
    else tags.delete(tag);
  };
  for (const row of waiting) {
    const { before } = row;
    if (row.action === "complete") closings.add(editor);
    else if (row.action === "reopen") closings.clear();
    else if (row.action !== "undo") decide(row.tag, row, row);
    else if (!row.tag) closings = new Set(before?.closed_by ?? []);
    else if (latest.get(row.tag)?.id === row.undoes) decide(row.tag, before?.row, before?.own);
    else if (mine.get(row.tag)?.id === row.undoes) put(mine, row.tag, before?.own);
  }
  return { latest, mine, closings, tags: [...tags] };
}

/** Return what stands before a decision on a tag, or on the whole article. An undo shows it until the server answers. */
export function stateBefore({ latest, mine, closings }, tag) {
  return tag ? { row: latest.get(tag) ?? null, own: mine.get(tag) ?? null } : { closed_by: [...closings] };
}

/** Whether an editor's decision on a tag says what it said before. A rejection with another reason or a note is new. */
export function isRepeated(own, action, { reason = null, note = "" } = {}) {
  if (!own || (own.action !== action && !(GIVES.has(action) && GIVES.has(own.action)))) return false;
  return action !== "reject" || (reason === own.reason && !note);
}

/** Return the next of some tags after the current that is in `open`, round the end. */
export function nextOpen(tags, current, open) {
  const after = tags.indexOf(current) + 1;
  return [...tags.slice(after), ...tags.slice(0, after)].find((tag) => open.has(tag));
}
