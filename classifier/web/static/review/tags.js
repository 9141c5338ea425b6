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
    const byRank = (a, b) => a.rank - b.rank || a.tag.label.length - b.tag.label.length || a.tag.label.localeCompare(b.tag.label);
    return matches.sort(byRank).slice(0, limit);
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
