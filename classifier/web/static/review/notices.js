// Notices above an article: that it is blind or closed, why it is in the queue, and who else was here. And what stands in
// the place of an article: that it cannot be shown, or that none is left.

import { button, el, shown, smallButton } from "./elements.js";
import { day, plural } from "./wording.js";

const notice = (...children) => el("div", { class: "notice" }, ...children);
const news = (lines) => el("div", { class: "notice news" }, lines.map((line) => el("p", {}, line)));

/** Return the notices of an article. `closings` are the editors who closed it. */
export function drawNotices(article, closings, editor, { reveal, reopen }) {
  const isMine = closings.has(editor);
  const notices = [];
  const holders = (article.holders ?? []).filter((name) => name !== editor);
  if (holders.length) notices.push(notice(holders.map((name, i) => [i ? ", " : "", shown(name)]), ` ${holders.length > 1 ? "have" : "has"} this article open now.`));
  if (article.blind && !isMine) {
    notices.push(notice(el("strong", {}, "Blind. "), "Of some articles the suggestions are held back, so that what the model misses can be measured. Read it, add every tag that it needs (",
      el("kbd", {}, "+"), "), then press Done. After that you may see what would have been suggested."));
  } else if (article.blind) {
    notices.push(notice("This article is done. ", smallButton(reveal, { id: "reveal" }, "Show what would have been suggested")));
  } else if (article.reason && article.reason_text) notices.push(notice(article.reason_text));
  if (closings.size && !(article.blind && isMine)) {
    const names = [...closings].map((name, i) => [i ? ", " : "", name === editor ? "you" : shown(name)]);
    notices.push(notice("Closed by ", names, ". ", smallButton(reopen, {}, "Open it again")));
  }
  const others = article.others.filter((other) => other.editor !== editor);
  if (article.news.length) notices.push(news(article.news.map(shown)));
  else if (others.length) notices.push(news(others.map((other) => [shown(other.editor), ` was here on ${day(other.at)}: ${plural(other.n, "decision")}`])));
  return notices;
}

/** Return the notice that an article cannot be shown; `status` is of the service's answer. */
export function drawProblem(detail, status, retry) {
  return el("div", { class: "notice bad", role: "alert" },
    el("p", {}, el("strong", {}, status === 404 ? "This article is not there any more." : "This article cannot be shown."), " ", detail),
    el("p", {}, button(retry, {}, "Try again")));
}

/** Return what is shown at the end of the queue. `clear()` clears the filters, `again()` loads the queue again. */
export function drawEnd(queue, { clear, again, everywhere }) {
  const nLeft = queue.open.length;
  const isFiltered = !nLeft && queue.isFiltered;
  const [headline, lead, label] = nLeft
    ? ["That was the last of the list", `${plural(nLeft, "article")} of the list ${nLeft === 1 ? "is" : "are"} still open.`, "Begin again with those"]
    : isFiltered
      ? ["No article is left with these filters", "Others may be open.", "Look again"]
      : ["Nothing is left to decide", "New articles come as the CMS sends them.", "Look again"];
  return el("section", { class: "end" },
    el("h1", { id: "headline", tabindex: "-1" }, headline),
    el("p", { class: "lead" }, lead),
    el("p", { class: "row" }, isFiltered && queue.filters.get("q") && queue.filters.get("state") !== "all" ? button(everywhere, { class: "main" }, "Search all articles") : null, isFiltered ? button(clear, { class: "main" }, "Clear the filters") : null,
      button(again, { class: isFiltered ? "" : "main" }, label)));
}
