// The review page: read an article, decide with one key, go on. This module puts the others together.

import { _ } from "../texts.js";
import { ask, decisionsPath } from "./api.js";
import { drawTagLists, showTags } from "./article_tags.js";
import { Articles } from "./articles.js";
import { Cards } from "./cards.js";
import { Dealing } from "./dealing.js";
import { Decisions } from "./decisions.js";
import { byId, el, plain, smallButton } from "./elements.js";
import { drawWhyNot } from "./explanations.js";
import { LanguageDialog } from "./language.js";
import { listen } from "./listening.js";
import { Near } from "./near.js";
import { drawEnd, drawNotices, drawProblem } from "./notices.js";
import { Outbox } from "./outbox.js";
import { ProposalDialog } from "./proposals.js";
import { Queue } from "./queue.js";
import { Redeciding } from "./redeciding.js";
import { Sample } from "./sample.js";
import { SavedFilters } from "./saved_filters.js";
import { Sheet } from "./sheet.js";
import { Status, say } from "./status.js";
import { allTags, loadedTags } from "./tags.js";
import { drawHead, drawRemoved, drawText, markWords } from "./text.js";
import { closingInWords } from "./wording.js";

const POLL_MS = 10_000;
const SETTLE_MS = 500; // after Done, in which nobody can have read the next article
const N_AHEAD = 2; // articles that are fetched before they are wanted
const N_LEFT_TO_LOAD = 5; // with fewer articles left in the list, more of it is loaded
const NARROW = "(max-width: 70rem)";

class ReviewPage {
  constructor(root) {
    this.root = root;
    this.editor = root.dataset.editor;
    this.article = null; // that is shown
    this.wanted = null; // the id of the article that is to be shown, while it loads
    this.revealed = null; // the id of the blind article whose suggestions are shown once it is saved as done
    this.outbox = new Outbox(this.editor, {
      changed: () => this.showStatus(),
      arrived: (article, reply) => this.arrived(article, reply),
      refused: (entry) => this.refused(entry),
    });
    this.articles = new Articles(this.outbox, (id) => id === this.article?.id);
    this.queue = new Queue(this.articles, {
      filtered: () => this.filter(), loaded: (error) => this.listLoaded(error), chosen: (id) => this.show(id),
    });
    this.savedFilters = new SavedFilters(this.editor, this.queue);
    this.language = new LanguageDialog(this.editor, (id) => this.reload(id));
    this.sample = new Sample();
    this.redeciding = new Redeciding();
    this.sheet = new Sheet();
    this.near = new Near();
    this.dealing = new Dealing(this);
    this.status = new Status(this.outbox);
    this.decisions = new Decisions(this);
    this.cards = new Cards(this, JSON.parse(root.dataset.reasons), {
      decide: (action, fields) => this.decisions.decide(action, fields),
      choose: (choice, tag) => this.decisions.choose(choice, tag),
      leaveOpen: (choice) => this.decisions.leaveOpen(choice),
    });
    this.proposals = new ProposalDialog(this.editor, (label) => {
      say(_("Proposed: %(label)s.", { label }));
      this.leaveField();
    });
  }

  async start() {
    this.root.hidden = false;
    listen(this);
    this.queue.start();
    this.savedFilters.start();
    this.outbox.tidy();
    this.showStatus();
    this.status.showRefusals();
    this.outbox.send();
    allTags().then(() => this.render()).catch(() => {});
    setInterval(() => document.visibilityState === "visible" && this.poll(), POLL_MS);
    if (matchMedia(NARROW).matches) byId("queue-box").open = false;
    await this.loadList();
    const { article } = this.root.dataset;
    if (article) await this.show(article, { push: false });
    else if (this.queue.problem) this.showProblem(this.queue.problem, () => location.reload());
    else await this.showFirst({ push: false });
  }

  // --- which article is shown ---

  /** The id of the article that is shown, or loading. */
  get currentId() { return this.wanted ?? this.article?.id; }

  /** Whether an article is shown, and no other is on its way. */
  get isReady() { return Boolean(this.article && !this.wanted && !this.dealing.waits); }

  /** Show an article: one that is `held` already, one that the list chose and that may be passed over, or one that was asked for. */
  async show(id, { push = true, focus = true, tag = null, held = false, passes = false } = {}) {
    const before = this.currentId;
    const move = this.dealing.move();
    this.wanted = id;
    this.revealed = null;
    if (push) this.setAddress(id);
    if (!this.articles.get(id)) this.stage(el("p", { class: "low" }, _("Loading …")));
    let article;
    try { article = await this.articles.load(id); } catch (error) {
      if (this.wanted === id) this.showProblem(error.message, () => this.show(id, { push: false }), error.status);
      return;
    }
    if (this.wanted !== id || move !== this.dealing.nMoves) return; // another one is on its way, perhaps under other filters
    this.article = article;
    this.wanted = null;
    this.cards.tag = null;
    if (held) this.queue.include(article, before);
    this.render();
    this.drawQueue();
    this.showStatus();
    byId("list").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" }); // not at every decision: it moves the page, too
    document.title = `${plain(article.headline).slice(0, 80)} · ${_("Review")}`;
    if (focus) {
      scrollTo(0, 0);
      if (!this.cards.focusFirst(tag ?? this.sample.tag ?? this.redeciding.card)) byId("headline").focus({ preventScroll: true });
    }
    this.poll();
    if (!held) this.dealing.hold(article, passes);
    this.near.show(id, () => this.render());
    this.lookAhead();
  }

  async showFirst(options) { await this.dealing.showNext(null, options); }

  /** Fetch the next articles one after another, so that they are loaded when they are wanted. */
  async lookAhead() {
    if (this.queue.cursor && this.queue.after(this.article.id).length < N_LEFT_TO_LOAD) await this.queue.load(true);
    for (const id of this.queue.after(this.article?.id).slice(0, N_AHEAD)) {
      try { await this.articles.load(id); } catch { return; }
    }
  }

  /** Go on to the next article. Returns whether the page did: the editor may have turned elsewhere before it came. */
  async next() {
    this.touched = false;
    return this.dealing.showNext(this.currentId);
  }

  async back() {
    const before = this.queue.before(this.currentId);
    if (before) await this.show(before);
    else say(_("This is the first article of the list."));
  }

  /** Close the article and go on. */
  async done() {
    const { article } = this;
    // The second half of a double click, or of a double Enter, is not meant for the article that has come meanwhile.
    if (!this.isReady || (!this.touched && performance.now() - this.doneAt < SETTLE_MS)) return;
    const message = this.decisions.close();
    if (article.blind && message.length) message.push(smallButton(() => this.reveal(article.id), {}, _("Show what would have been suggested")));
    this.doneAt = performance.now();
    const wentOn = await this.next();
    if (wentOn && message.length) say(...message);
  }

  /** Show the suggestions of a blind article, once the server knows that it is done. */
  async reveal(id) {
    if (this.outbox.rows(id).length) {
      this.stay(id);
      this.revealed = id; // when its decisions have arrived
      say(_("It waits until the article is saved as done …"));
      this.outbox.send();
      return;
    }
    await this.reload(id);
  }

  /** Show an article, and not another one that is on its way. */
  async stay(id, options) {
    if (this.article?.id !== id || !this.isReady) await this.show(id, options);
  }

  /** Show an article as it is now. */
  async reload(id) {
    this.articles.drop(id);
    await this.show(id);
  }

  async filter() {
    const id = location.pathname === "/review" ? null : this.currentId;
    this.dealing.move();
    this.wanted = null; // what was on its way is under other filters
    this.queue.readFilters();
    this.setAddress(id); // at once: a page that is loaded anew before the list has come keeps its filters
    this.savedFilters.show();
    await this.loadList();
    await this.showFirst({ focus: false });
  }

  /** Load the queue, and say what its articles are asked for. */
  async loadList() {
    this.sample.id = this.queue.sample;
    this.redeciding.tag = this.queue.redecide;
    await Promise.all([this.queue.load(), this.sample.show(), this.redeciding.show()]);
  }

  listLoaded(error) {
    if (error?.status === 401 || error?.status === 403) this.outbox.blocked = _("Your session is over.");
    this.drawQueue();
    this.showStatus();
  }

  /** Let the address name what is shown. The same article under other filters replaces its entry in the history. */
  setAddress(id) {
    const address = this.queue.address(id);
    if (location.pathname + location.search === address) return;
    history[location.pathname === address.split("?")[0] ? "replaceState" : "pushState"](null, "", address);
  }

  // --- drawing ---

  /** Return what stands on the article that is shown. */
  state() { return this.articles.state(this.article.id, this.article.standing); }

  /** Show nodes in place of the article. */
  stage(...nodes) {
    this.drawn = null;
    byId("article").replaceChildren(...nodes);
  }

  /** Draw the article, or if it is drawn already, only what may have changed. */
  render() {
    const { article, editor, decisions } = this;
    if (!article) return;
    if (this.drawn !== article) this.draw(article);
    const state = this.state();
    this.cards.show(state);
    showTags(article, state, editor, { add: (tag) => decisions.add(tag), accept: (tag) => decisions.accept(tag), remove: (tag) => decisions.remove(tag) });
    const actions = { reveal: () => this.reveal(article.id), reopen: () => decisions.reopen() };
    byId("notices").replaceChildren(...drawNotices(article, state.closings, editor, actions));
    const isDone = state.closings.has(editor);
    byId("done").disabled = false;
    byId("done").firstChild.data = `${isDone ? _("Go on") : _("Done")} `;
    const nOpen = article.blind ? 0 : this.cards.undecided().length;
    byId("closing").textContent = isDone ? "" : closingInWords(loadedTags?.nWithout(state.tags), nOpen);
    byId("n-open").textContent = nOpen ? ` ${nOpen}` : "";
  }

  draw(article) {
    this.drawn = article;
    this.cards.reset();
    const leave = () => this.leaveField();
    const add = (tag) => this.decisions.add(tag);
    const actions = { add, leave, propose: (label, sent) => this.proposals.open(article, label, sent), done: () => this.done() };
    byId("article").dataset.id = article.id;
    byId("article").replaceChildren(
      el("div", { class: "result", id: "result" },
        el("div", { class: "reading" }, drawHead(article, () => this.language.open(article)), el("div", { id: "notices" }), el("div", { id: "near" }), drawText(article, () => markWords(article, null))),
        el("section", { class: "tags", "aria-label": _("Tags of this article") }, drawTagLists(article, this.editor, () => this.state(), actions),
          el("div", { class: "suggested" }, this.cards.draw(article),
            article.blind ? null : drawWhyNot(article, { add, leave }), drawRemoved(article)))));
    markWords(article, null);
  }

  drawQueue() { this.queue.draw(this.currentId); }

  showStatus() {
    this.status.show(this.queue.nLeft);
    byId("undo").disabled = !this.decisions.canUndo;
  }

  showProblem(detail, retry, status = 0) {
    this.showNoArticle();
    this.stage(drawProblem(detail, status, retry));
    if (status === 0) addEventListener("online", retry, { once: true });
  }

  /** Say that there is nothing to close. */
  showNoArticle() {
    this.article = null;
    byId("done").disabled = true;
    byId("closing").textContent = _("No article is open: there is nothing to close");
    byId("n-open").textContent = "";
  }

  showEnd() {
    this.showNoArticle();
    this.wanted = null;
    this.dealing.leases.leave();
    this.setAddress();
    document.title = `${_("Review")} · ${_("Article tagger")}`;
    this.stage(drawEnd(this.queue, { clear: () => byId("filters").reset(), again: () => this.filter(), everywhere: () => { byId("f-state").value = "all"; this.filter(); } }));
    byId("headline").focus({ preventScroll: true });
    this.drawQueue();
  }

  // --- what changes ---

  /** A decision was added to the outbox. */
  recorded() {
    this.touched = true;
    this.render();
    this.drawQueue();
  }

  /** The server has answered a decision. */
  arrived(id, reply) {
    const article = this.articles.get(id);
    article?.addRows(reply.decisions);
    article?.setStanding(reply.standing);
    this.sample.show();
    this.showStatus();
    const waits = this.outbox.rows(id).length > 0;
    if (id === this.revealed && !waits) {
      this.reveal(id);
      return;
    }
    if (id !== this.article?.id) return;
    this.render();
    if (!waits) this.poll();
  }

  refused(entry) {
    this.decisions.forget(entry.key);
    this.status.showRefusals();
    this.drawQueue();
    this.render();
  }

  /** Ask whether somebody else has decided here. */
  async poll() {
    const { article } = this;
    if (!article || this.polling) return;
    this.dealing.renew(article);
    this.polling = true;
    try {
      const { decisions, standing } = await ask(decisionsPath(article.id));
      article.setStanding(standing);
      const rows = article.addRows(decisions); // this editor's too: of another tab, or that arrived while the article loaded
      if (rows.length && this.article === article) {
        const news = article.addNews(rows, this.editor);
        if (news.length) say(`${news.join(". ")}.`);
        this.render();
        this.drawQueue();
      }
    } catch (error) {
      if (error.status === 404 && this.article === article) say(_("This article has been deleted meanwhile."));
      if (error.status === 401) {
        this.outbox.blocked ||= _("Your session is over.");
        this.showStatus();
      }
    } finally { this.polling = false; }
  }

  // --- what the browser tells ---

  /** Go from a field back to the cards. */
  leaveField() {
    if (this.cards.tag && this.sheet.isVisible) this.cards.focus(this.cards.tag);
    else byId("headline").focus();
  }

  /** Try again what failed, as the page is looked at again or the network is back. */
  wake() {
    if (document.visibilityState !== "visible") return;
    this.outbox.blocked = "";
    this.outbox.send();
    this.poll();
  }

  /** Follow another tab of this editor. */
  changedElsewhere({ key, newValue }) {
    if (key?.startsWith(this.outbox.resultPrefix) && newValue) {
      const { article, rows, tags } = JSON.parse(newValue);
      this.arrived(article, { decisions: rows, tags });
    }
    if (key?.startsWith(this.outbox.refusedPrefix)) this.status.showRefusals();
    if (key?.startsWith(this.outbox.prefix)) {
      this.showStatus();
      this.render();
      this.outbox.send();
    }
  }
}

const root = byId("review");
if (root) new ReviewPage(root).start();
