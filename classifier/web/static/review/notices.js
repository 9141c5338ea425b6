// Notices above an article: that it is blind or closed, why it is in the queue, and who else was here.

import { el, shown, smallButton } from "./elements.js";
import { day, plural } from "./wording.js";

const notice = (...children) => el("div", { class: "notice" }, ...children);
const news = (lines) => el("div", { class: "notice news" }, lines.map((line) => el("p", {}, line)));

/** Return the notices of an article. `closings` are the editors who closed it. */
export function drawNotices(article, closings, editor, { reveal, reopen }) {
  const isMine = closings.has(editor);
  const notices = [];
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
