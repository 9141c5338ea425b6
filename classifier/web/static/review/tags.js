// The tags of the taxonomy, and the search for them.

import { ask } from "./api.js";

const LETTERS = { ø: "o", ł: "l", ı: "i", ß: "ss", æ: "ae", đ: "d", ð: "d", þ: "th" };

/** Return a text as it is compared: lower case, without accents and apostrophes, words separated by spaces. */
export function folded(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[øłıßæđðþ]/g, (letter) => LETTERS[letter])
    .replace(/['’ʿʾ`]/g, "").replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

// Keys begin with a space, so that a word is found by the space before it.
const isWhole = (key, words) => key === ` ${words.join(" ")}`;
const isBeginning = (key, words) => key.startsWith(` ${words.join(" ")}`);
const hasBeginnings = (key, words) => words.every((word) => key.includes(` ${word}`));
const hasParts = (key, words) => words.every((word) => key.includes(word));

/** How a tag may match, the best first. */
const RANKS = [["names", isWhole], ["aliases", isWhole], ["names", isBeginning], ["names", hasBeginnings],
  ["aliases", isBeginning], ["aliases", hasBeginnings], ["names", hasParts], ["aliases", hasParts]];

const MAX_TYPOS = 2;
const MIN_LETTERS = 4; // shorter texts are near everything

/**
 * Return how many letters are wrong, missing, too many or swapped (optimal string alignment distance), at most one more
 * than `most`. Source: Damerau (1964), in the restricted form.
 */
export function typos(a, b, most) {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let [before, last] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    if (Math.min(...row) > most) return most + 1;
    [before, last] = [last, row];
  }
  return Math.min(last[b.length], most + 1);
}

/** Return with how few typing errors a text begins a key. */
function typosIn(key, text) {
  const most = Math.min(MAX_TYPOS, Math.floor(text.length / MIN_LETTERS));
  const ends = [0, -1, 1].map((more) => key.slice(0, text.length + more));
  return Math.min(...[key, ...ends].map((part) => typos(part, text, most)));
}

const keyed = (texts) => texts.map((text) => ({ text, key: ` ${folded(text)}` }));

/** All tags. They are found by label, id and alias. */
export class Tags {
  constructor(tags) {
    this.all = tags;
    this.byId = new Map(tags.map((tag) => [tag.id, tag]));
    this.rows = tags.map((tag) => ({
      tag, names: keyed([tag.label, tag.id]), aliases: keyed(tag.aliases.map(({ text }) => text).filter((text) => text !== tag.label)),
    }));
  }

  /** Return how many tags an article without others than `tags` lacks: those that closing it makes a no. */
  nWithout(tags) {
    const has = new Set(tags);
    return this.all.filter(({ id, status }) => status === "active" && !has.has(id)).length;
  }

  label(id) { return this.byId.get(id)?.label ?? id; }

  /** Return the tag that is used for a tag: itself, or its replacement; null if it was retired without one. */
  current(tag) { return tag.status === "retired" ? this.byId.get(tag.replacement) ?? null : tag; }

  /** Return the best matches, each a tag and the alias that matched, if it was one. */
  search(text, limit = 12) {
    const words = folded(text).split(" ").filter(Boolean);
    if (!words.length) return [];
    const matches = [];
    for (const { tag, ...texts } of this.rows) {
      const rank = RANKS.findIndex(([kind, test]) => texts[kind].some(({ key }) => test(key, words)));
      if (rank < 0) continue;
      const [kind, test] = RANKS[rank];
      const alias = kind === "aliases" ? texts.aliases.find(({ key }) => test(key, words)).text : null;
      matches.push({ tag, alias, rank: rank + (tag.status === "retired" ? 0.5 : 0) });
    }
    if (!matches.length) matches.push(...this.#nearly(words.join(" ")));
    const byRank = (a, b) => a.rank - b.rank || a.tag.label.length - b.tag.label.length || a.tag.label.localeCompare(b.tag.label);
    return matches.sort(byRank).slice(0, limit);
  }

  /** Return the tags whose name or alias begins with a text that has a typing error or two. */
  #nearly(text) {
    if (text.length < MIN_LETTERS) return [];
    const most = Math.min(MAX_TYPOS, Math.floor(text.length / MIN_LETTERS));
    return this.rows.flatMap(({ tag, names, aliases }) => {
      const found = [...names.map((row) => ({ ...row, alias: null })), ...aliases.map((row) => ({ ...row, alias: row.text }))]
        .map((row) => ({ tag, alias: row.alias, rank: typosIn(row.key.trimStart(), text) })).sort((a, b) => a.rank - b.rank)[0];
      return found.rank <= most ? [{ ...found, rank: found.rank + (tag.status === "retired" ? 0.5 : 0) }] : [];
    });
  }
}

let request = null;

/** The tags once they are here, null until then. */
export let loadedTags = null;

/** Return all tags, fetched once. Raises Refused. */
export function allTags() {
  request ??= ask("/v1/tags").then(({ tags }) => (loadedTags = new Tags(tags))).catch((error) => { request = null; throw error; });
  return request;
}
