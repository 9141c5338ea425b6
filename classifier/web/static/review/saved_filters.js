// Filters of the queue that the editor has saved under names.

import { _ } from "../texts.js";
import { ask, post } from "./api.js";
import { byId, plain, smallButton } from "./elements.js";
import { say } from "./status.js";

const listOf = (filters) => JSON.stringify(Object.entries(filters).sort());

/** The list of saved filters, and the dialog that names one. */
export class SavedFilters {
  constructor(editor, queue) {
    Object.assign(this, { editor, queue, saved: [], renamed: null });
  }

  start() {
    byId("f-saved").addEventListener("change", () => { if (this.chosen) this.queue.apply(this.chosen.filters); });
    byId("f-save").addEventListener("click", () => this.#open(null));
    byId("f-rename").addEventListener("click", () => this.#open(this.chosen));
    byId("f-remove").addEventListener("click", () => this.#remove(this.chosen));
    byId("nf-cancel").addEventListener("click", () => byId("name-filter").close());
    byId("name-filter-form").addEventListener("submit", (event) => { event.preventDefault(); this.#submit(byId("nf-name").value.trim()); });
    this.#load();
  }

  async #load() {
    try { ({ filters: this.saved } = await ask("/v1/filters")); } catch { return; } // without them the queue works as well
    this.show();
  }

  get chosen() { return this.#named(byId("f-saved").value); }

  #named(name) { return this.saved.find((filter) => filter.name === name); }

  /** List the saved filters, the one marked that the queue is under. */
  show() {
    const now = listOf(this.queue.named);
    const current = this.saved.find(({ filters }) => listOf(this.queue.withoutDefaults(filters)) === now);
    const label = this.saved.length ? _("Saved filters") : _("No saved filters");
    byId("f-saved").replaceChildren(new Option(label, ""), ...this.saved.map(({ name }) => new Option(plain(name), name)));
    byId("f-saved").value = current?.name ?? "";
    byId("f-saved").disabled = !this.saved.length;
    for (const id of ["f-rename", "f-remove"]) byId(id).hidden = !current;
  }

  /** Ask for a name, for a filter that is saved already or for the one that the queue is under. */
  #open(filter) {
    this.renamed = filter;
    byId("nf-title").textContent = filter ? _("Rename the filter") : _("Save this filter");
    byId("nf-name").value = filter?.name ?? "";
    byId("nf-problem").hidden = true;
    byId("name-filter").showModal();
    byId("nf-name").select();
  }

  async #submit(name) {
    const { renamed } = this;
    const before = this.#named(name);
    try {
      if (renamed && before && before !== renamed) throw new Error(_("You have another filter of this name."));
      await this.#put(name, renamed?.filters ?? this.queue.named, renamed?.name);
    } catch (error) {
      byId("nf-problem").textContent = _("Not saved. %(problem)s", { problem: error.message });
      byId("nf-problem").hidden = false;
      return;
    }
    byId("name-filter").close();
    if (renamed) this.#tell(_("Renamed: “%(name)s”.", { name: plain(name) }), () => this.#put(renamed.name, renamed.filters, name));
    else this.#tell(_("Saved: “%(name)s”.", { name: plain(name) }), () => (before ? this.#put(name, before.filters) : this.#delete(name)));
  }

  async #remove({ name, filters }) {
    try { await this.#delete(name); } catch (error) { say(_("Not removed. %(problem)s", { problem: error.message })); return; }
    byId("f-save").focus();
    this.#tell(_("Removed: “%(name)s”.", { name: plain(name) }), () => this.#put(name, filters));
  }

  /** Say what was done, and offer to take it back. */
  #tell(text, takeBack) {
    const undo = async () => {
      try { await takeBack(); } catch (error) { say(_("Not taken back. %(problem)s", { problem: error.message })); return; }
      say(_("Taken back."));
    };
    say(`${text} `, smallButton(undo, {}, _("Undo")));
  }

  async #put(name, filters, before = null) {
    const body = { name, filters, instead_of: before };
    ({ filters: this.saved } = await post(this.editor, "/v1/filters", body, { method: "PUT" }));
    this.show();
  }

  async #delete(name) {
    await post(this.editor, `/v1/filters/${encodeURIComponent(name)}`, {}, { method: "DELETE" });
    this.saved = this.saved.filter((filter) => filter.name !== name);
    this.show();
  }
}
