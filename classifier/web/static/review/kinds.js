// The kinds of tags: in which order they are listed, and under which headings.

import { _ } from "../texts.js";

const HEADINGS = { group: _("Groups"), place: _("Places"), person: _("People"), theme: _("Themes"), category: _("Categories") };
const NAMES = { group: _("group"), place: _("place"), person: _("person"), theme: _("theme"), category: _("category") };
const ORDER = Object.keys(HEADINGS);

const placeOf = (kind) => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length);

/** Return what readers call a kind: its name in the taxonomy, where it is none of the usual. */
export const kindName = (kind) => NAMES[kind] ?? kind;

/** Return the heading over tags of a kind. */
export const headingOf = (kind) => HEADINGS[kind] ?? (kind ? kind[0].toUpperCase() + kind.slice(1) : _("Others"));

/** Return rows with a `kind` in the order of the kinds; within a kind they keep their order. */
export const byKind = (rows) => [...rows].sort((a, b) => placeOf(a.kind) - placeOf(b.kind) || String(a.kind).localeCompare(String(b.kind)));

/** Return rows that are sorted by kind as pairs of a kind and its rows. */
export function groupsOf(rows) {
  const groups = new Map();
  for (const row of byKind(rows)) groups.set(row.kind, [...(groups.get(row.kind) ?? []), row]);
  return [...groups];
}
