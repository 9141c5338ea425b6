// Notices above an article: that it is blind or closed, why it is in the queue, and who else was here. And what stands in
// the place of an article: that it cannot be shown, or that none is left.

import { _, ngettext, nnodes, nodes } from "../texts.js";
import { button, el, shown, smallButton } from "./elements.js";
import { day, nDecisions } from "./wording.js";

const notice = (...children) => el("div", { class: "notice" }, ...children);
const news = (lines) => el("div", { class: "notice news" }, lines.map((line) => el("p", {}, line)));

/** Return the notices of an article. `closings` are the editors who closed it. */
export function drawNotices(article, closings, editor, { reveal, reopen }) {
  const isMine = closings.has(editor);
  const notices = [];
  const holders = (article.holders ?? []).filter((name) => name !== editor);
  const listed = (names) => names.map((name, i) => [i ? _(", ") : "", name]);
  if (holders.length) {
    notices.push(notice(nnodes("%(names)s has this article open now.", "%(names)s have this article open now.", holders.length, { names: listed(holders.map(shown)) })));
  }
  if (article.blind && !isMine) {
    const why = _("Of some articles the suggestions are held back, so that what the model misses can be measured.");
    notices.push(notice(el("strong", {}, _("Blind."), " "), why, " ",
      nodes("Read it, add every tag that it needs (%(key)s), then press Done. After that you may see what would have been suggested.", { key: el("kbd", {}, "+") })));
  } else if (article.blind) {
    notices.push(notice(_("This article is done."), " ", smallButton(reveal, { id: "reveal" }, _("Show what would have been suggested"))));
  } else if (article.reason && article.reason_text) notices.push(notice(article.reason_text));
  if (closings.size && !(article.blind && isMine)) {
    const names = listed([...closings].map((name) => (name === editor ? _("you") : shown(name))));
    notices.push(notice(nodes("Closed by %(names)s.", { names }), " ", smallButton(reopen, {}, _("Open it again"))));
  }
  const others = article.others.filter((other) => other.editor !== editor);
  if (article.news.length) notices.push(news(article.news.map(shown)));
  else if (others.length) notices.push(news(others.map((other) => nodes("%(name)s was here on %(day)s: %(decisions)s", { name: shown(other.editor), day: day(other.at), decisions: nDecisions(other.n) }))));
  return notices;
}

/** Return the notice that an article cannot be shown; `status` is of the service's answer. */
export function drawProblem(detail, status, retry) {
  return el("div", { class: "notice bad", role: "alert" },
    el("p", {}, el("strong", {}, status === 404 ? _("This article is not there any more.") : _("This article cannot be shown.")), " ", detail),
    el("p", {}, button(retry, {}, _("Try again"))));
}

/** Return what is shown at the end of the queue. `clear()` clears the filters, `again()` loads the queue again. */
export function drawEnd(queue, { clear, again, everywhere }) {
  const nLeft = queue.open.length;
  const isFiltered = !nLeft && queue.isFiltered;
  const { nHeld } = queue;
  const [headline, lead, label] = nLeft
    ? [_("That was the last of the list"), ngettext("%(n)s article of the list is still open.", "%(n)s articles of the list are still open.", nLeft), _("Begin again with those")]
    : nHeld ? [_("Others have what is left"), ngettext("%(n)s article is before other editors. What they do not close comes back.", "%(n)s articles are before other editors. What they do not close comes back.", nHeld), _("Look again")]
      : isFiltered ? [_("No article is left with these filters"), _("Others may be open."), _("Look again")]
        : [_("Nothing is left to decide"), _("New articles come as the CMS sends them."), _("Look again")];
  return el("section", { class: "end" },
    el("h1", { id: "headline", tabindex: "-1" }, headline),
    el("p", { class: "lead" }, lead),
    el("p", { class: "row" }, isFiltered && queue.filters.get("q") && queue.filters.get("state") !== "all" ? button(everywhere, { class: "main" }, _("Search all articles")) : null, isFiltered ? button(clear, { class: "main" }, _("Clear the filters")) : null,
      button(again, { class: isFiltered ? "" : "main" }, label)));
}
