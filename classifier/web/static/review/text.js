// The text of an article, with the words marked that support or name a tag.

import { _, nodes, number } from "../texts.js";
import { button, byId, control, el, shown, smallButton } from "./elements.js";
import { day } from "./wording.js";

/** Return the headline of an article and the facts under it. `correct` runs when its language is to be corrected. */
export function drawHead(article, correct) {
  const link = /^https?:\/\//i.test(article.url ?? "")
    && el("a", { href: article.url, rel: "noopener noreferrer nofollow", target: "_blank" }, _("Original"));
  const facts = [day(article.published_at), article.source && shown(article.source), link,
    smallButton(correct, { id: "language", title: _("Correct the language") }, el("span", { class: "visually-hidden" }, _("Language:"), " "), article.language_name || _("not known")),
    article.title.length ? null : _("no title"), el("a", { href: `/articles/${encodeURIComponent(article.id)}/history` }, _("History")), article.n_editors > 1 && _("two editors are asked")].filter(Boolean);
  return el("header", { class: "head-of-article" },
    el("h1", { id: "headline", tabindex: "-1", dir: "auto", lang: article.language?.code, class: article.title.length ? null : "untitled" },
      article.title.length ? drawPieces(article, article.title) : [...shown(article.headline).childNodes]),
    el("p", { class: "facts" }, facts.map((fact, i) => [i ? " · " : "", fact])));
}

/** Return the text of an article. `showAll` runs when the marks of all tags are wanted again. */
export function drawText(article, showAll) {
  return el("article", { class: "text", "aria-labelledby": "headline", lang: article.language?.code },
    el("p", { class: "legend" }, el("span", { id: "legend" }), " ",
      button(showAll, { class: "all", id: "all-marks", hidden: true }, _("Show all"))),
    drawParagraphs(article, article.standfirst, "standfirst"),
    drawParagraphs(article, article.paragraphs));
}

const drawParagraphs = (article, paragraphs, name = false) =>
  paragraphs.map((pieces) => el("p", { class: name, dir: "auto" }, drawPieces(article, pieces))); // no <bdi>: `auto` does not look into one

function drawPieces(article, pieces) {
  return pieces.map((piece) => {
    if (piece.control) return control(piece.control);
    if (piece.removed) return el("span", { class: "gone", title: _("left out: %(kind)s", { kind: piece.removed }) }, piece.text);
    if (!piece.tags.length) return piece.text;
    const isName = !piece.tags.some((tag) => article.isSuggested(tag)); // of tags only mentioned: marked with their card
    return el("mark", { class: isName && "named", "data-tags": piece.tags.join(" ") }, piece.text);
  });
}

/** Return what was left out of an article. */
export function drawRemoved(article) {
  if (!article.removed.length) return [];
  const more = article.n_more_removed;
  return el("details", { class: "fold" }, el("summary", {}, _("Ignored: not part of the article")),
    el("ul", { class: "removed" },
      article.removed.map(({ kind, text }) => el("li", {}, el("span", { class: "low" }, kind), " ", shown(text.slice(0, 90)))),
      more ? el("li", { class: "low" }, _("and %(n)s more", { n: number(more) })) : null));
}

/** Mark only the words of one tag, or with `null` those of all suggested tags. */
export function markWords(article, tag) {
  const work = byId("article");
  const marks = [...work.querySelectorAll("mark")];
  const isOn = (mark) => mark.dataset.tags.split(" ").includes(tag);
  work.classList.toggle("picking", tag !== null);
  for (const mark of marks) mark.classList.toggle("on", isOn(mark));
  byId("all-marks").hidden = tag === null;
  byId("legend").replaceChildren(...(tag === null ? legendOfAll(work) : legendOf(article, tag, marks.some(isOn))));
}

const marked = (text) => el("span", { class: "mark" }, text);

const legendOfAll = (work) => (work.querySelector("mark:not(.named)")
  ? nodes("%(words)s support the suggested tags", { words: marked(_("Highlighted words")) }) : []);

function legendOf(article, tag, hasMarks) {
  const label = el("strong", {}, shown(article.label(tag)));
  if (!hasMarks) return nodes("Nothing is highlighted for %(label)s", { label });
  const words = marked(_("Highlighted words"));
  return article.isSuggested(tag) ? nodes("%(words)s support %(label)s", { words, label }) : nodes("%(words)s name %(label)s", { words, label });
}
