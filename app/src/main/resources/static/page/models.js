// Model versions: who bears which alias, what the gates found, where a version comes from.
import { html, nothing } from "lit";
import { Room, lock, passed, command, empty, figure, train } from "./parts.js";
import { store, Watch } from "./store.js";
import { request, segment } from "./api.js";
import { bytes, compact, count, exactly, hash, loss, plural, value, when } from "./format.js";

class Models extends Room {
  static properties = { known: { state: true }, all: { state: true } };
  #watch = new Watch(this, "models", "runs");
  #asked = null;

  constructor() {
    super();
    /** The model looked at: {name, versions, events}; null before it is loaded. */
    this.known = null;
    /** The versions of every model, newest first, and what the listing said of it when they were asked for. */
    this.all = new Map();
    /** Models whose versions somebody unfolded (true) or folded (false). */
    this.open = new Map();
  }

  /** The model of the version looked at, else the newest. */
  get #name() {
    const named = store.focus.version && nameOf(store.focus.version);
    const models = store.models ?? [];
    return (models.find((m) => m.name === named) ?? models.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))[0])?.name ?? null;
  }

  /** The version looked at, else the one that bears an alias, else the newest. */
  get #version() {
    const versions = this.known?.versions ?? [];
    return versions.find((v) => v.version === store.focus.version) ?? versions.find((v) => v.aliases.length) ?? versions[0] ?? null;
  }

  /** Asked again whenever the list was loaded again: an alias may have moved. */
  willUpdate() {
    for (const model of store.models ?? []) this.#list(model);
    const name = this.#name;
    if (!name || (this.#asked?.models === store.models && this.#asked.name === name)) return;
    this.#asked = { models: store.models, name };
    this.#load(this.#asked);
  }

  /** Versions do not change: they are asked for again only when there are more, or when an alias moved. */
  #list(model) {
    const said = JSON.stringify(model);
    if (this.all.get(model.name)?.said === said) return;
    const before = this.all.get(model.name);
    const entry = { said, told: before?.told ?? null, versions: request(`models/${segment(model.name)}/versions`).then((answer) => answer.items) };
    this.all.set(model.name, entry);
    entry.versions.then(
      (items) => {
        entry.told = items;
        this.requestUpdate();
      },
      (e) => {
        if (this.all.get(model.name) === entry) this.all.delete(model.name); // the next listing asks again
        store.fail(e);
      },
    );
  }

  #unfold(model, open) {
    this.open.set(model.name, open);
    this.requestUpdate();
  }

  async #load(asked) {
    const { name } = asked;
    try {
      const [versions, history, audit] = await Promise.all([
        this.all.get(name).versions,
        request(`models/${segment(name)}/history`),
        request(`audit?model=${segment(name)}`),
      ]);
      if (this.#asked !== asked) return;
      const refused = audit.items.filter((e) => e.action === "refuse").map((e) => ({ at: e.at, by: e.by, alias: e.subject.slice(name.length + 1), refused: true, ...e.details }));
      this.known = { name, versions, events: [...history.items, ...refused].sort((a, b) => (a.at < b.at ? 1 : -1)) };
    } catch (e) {
      store.fail(e);
    }
  }

  render() {
    const models = store.models;
    return html`
      <div class="title">
        <h2 id="models-title">Models</h2>
        <p>${models?.length ? plural(models.reduce((sum, m) => sum + m.versions, 0), "version") : nothing}</p>
      </div>
      ${models == null ? html`<div class="waiting short" aria-busy="true"></div>` : models.length === 0 ? none() : html`<div class="models"><div class="version-list">${models.map((m) => this.#model(m))}</div>${this.#detail()}</div>`}
    `;
  }

  /** All versions of the model looked at; of the others the newest and those that bear an alias, until they are unfolded. */
  #model(model) {
    const known = this.all.get(model.name)?.told;
    const bearers = Map.groupBy(Object.entries(model.aliases), ([, version]) => version);
    const looked = this.#version?.version;
    const first = new Set([model.latest, ...bearers.keys()]);
    const open = this.open.get(model.name) ?? model.name === this.#name;
    // Before the versions are told, the listing knows which they are, and no more.
    const all = known ?? [...first].map((version) => ({ version, aliases: (bearers.get(version) ?? []).map(([alias]) => alias) }));
    const few = all.filter((v) => first.has(v.version) || v.version === looked);
    const more = model.versions - few.length;
    const told = open ? all : few;
    const button = open ? "Fewer versions" : plural(more, "more version");
    const guarded = (alias) => model.guarded?.includes(alias);
    return html`
      <h3>${model.name}</h3>
      <ul aria-label=${`Versions of ${model.name}`}>
        ${told.map(
          (v) => html`<li class=${v.version === looked ? "looked" : ""}>
            <button type="button" class="pick" aria-pressed=${v.version === looked ? "true" : "false"} aria-label=${v.version} @click=${() => this.#look(model, v.version)}><span class="number">@${v.version.slice(model.name.length + 1)}</span></button>
            <span class="aliases">${v.aliases.map((a) => alias(a, guarded(a)))}</span>
            <span class="loss" title="validation loss">${v.metrics ? loss(v.metrics.evalLoss) : nothing}</span>
            <span class="at" title=${exactly(v.createdAt)}>${v.createdAt ? when(v.createdAt) : nothing}</span>
          </li>`,
        )}
      </ul>
      ${more > 0 ? html`<button type="button" class="more" aria-expanded=${open ? "true" : "false"} aria-label=${`${button} of ${model.name}`} @click=${() => this.#unfold(model, !open)}>${button}</button>` : nothing}
    `;
  }

  /** Who looks at a version wants to see those beside it. */
  #look(model, version) {
    this.#unfold(model, true);
    store.look("version", version);
  }

  #detail() {
    const v = this.#version;
    if (!v) return html`<div class="waiting short" aria-busy="true"></div>`;
    const events = this.known.events;
    const verdict = events.find((p) => p.version === v.version && p.gates?.length);
    return html`
      <article class="version" aria-label=${`Version ${v.version}`}>
        <div class="run-head"><h3>${v.version}</h3><span class="aliases">${v.aliases.map((a) => alias(a))}</span></div>
        ${lineage(v)}
        <dl class="figures">${Object.entries(v.metrics).slice(0, 6).map(([name, x]) => figure(METRICS[name] ?? words(name), Number.isInteger(x) ? compact(x) : loss(x)))}</dl>
        <h4>Gates</h4>
        ${verdict ? gates(verdict) : html`<p class="note">Nothing is recorded of it yet. A promotion measures them: ${command(`./lathe models promote ${v.version} --alias champion --reason "…"`)}</p>`}
        <h4>Promotions of ${this.known.name}</h4>
        ${events.length ? html`<ol class="history">${events.map(promotion)}</ol>` : html`<p class="note">No alias was ever put on a version of it.</p>`}
        ${v.files.length
          ? html`<details>
              <summary>${plural(v.files.length, "file")}, ${bytes(v.files.reduce((sum, f) => sum + f.bytes, 0))}</summary>
              <div class="scroll" tabindex="0" role="region" aria-label="Files of the version"><table class="files"><thead><tr><th scope="col">file</th><th scope="col" class="n">size</th><th scope="col">sha-256</th></tr></thead>
                <tbody>${v.files.map((f) => html`<tr><th scope="row">${f.path}</th><td class="n">${bytes(f.bytes)}</td><td class="hash" title=${f.sha256}>${hash(f.sha256)}</td></tr>`)}</tbody></table></div>
            </details>`
          : nothing}
        <details><summary>Recipe</summary><dl class="recipe">${Object.entries(v.recipe).map(([key, x]) => html`<div><dt>${key}</dt><dd>${value(x)}</dd></div>`)}</dl></details>
      </article>
    `;
  }
}
customElements.define("lathe-models", Models);

const nameOf = (version) => version.slice(0, version.lastIndexOf("@"));
const METRICS = { evalLoss: "validation loss", evalLossBefore: "loss before training", loss: "training loss" };
/** tokenAccuracy → token accuracy */
const words = (name) => name.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
const alias = (name, guarded = false) => html`<span class="alias" title=${guarded ? "protected: takes only versions that passed every gate" : ""}>${name}${guarded ? lock : nothing}</span>`;

const gates = (verdict) => html`
  <div class="scroll" tabindex="0" role="region" aria-label="Gates">
    <table class="gates">
      <thead><tr><th scope="col">gate</th><th scope="col">expected</th><th scope="col">found</th><th scope="col">verdict</th></tr></thead>
      <tbody>${verdict.gates.map((g) => html`<tr><th scope="row">${g.name}</th><td class="expected">${g.expected}</td><td class="found">${g.found}</td><td class="judged">${passed(g.passed)}</td></tr>`)}</tbody>
    </table>
  </div>
  <p class="note">Measured for ${verdict.alias}, ${when(verdict.at)}.</p>
`;

/** A promotion, a rollback, or a version that was refused. */
const promotion = (p) => html`
  <li class=${p.refused ? "refused" : ""}>
    <span class="at" title=${exactly(p.at)}>${when(p.at)}</span>
    <span class="move"><b>${p.alias}</b> ${p.refused ? nothing : html`<span class="from">${p.previous ?? "none"}</span>`} <span aria-label=${p.refused ? "not to" : "to"}>${p.refused ? "↛" : "→"}</span> <b>${p.version}</b></span>
    <span class="kind">${p.refused ? html`<span class="state failed">refused</span>` : p.kind === "rollback" ? "rolled back" : p.forced ? "forced" : p.gates?.length ? `${p.gates.filter((g) => g.passed).length} of ${p.gates.length} gates` : "no gates"}</span>
    <span class="reason">${p.reason}${p.by ? html` <span class="by">${p.by}</span>` : nothing}${p.failed ? html`<br /><span class="from">${p.failed}</span>` : nothing}</span>
  </li>
`;

/** From the version back to the log files, each with what proves it. */
function lineage(v) {
  const dataset = store.datasets?.find((d) => d.dataset === v.dataset);
  const sources = v.sources?.length ? v.sources : (dataset?.sources ?? []).map((s) => ({ path: s.file, sha256: s.sha256 }));
  const run = store.run(v.run);
  return html`
    <ol class="lineage" aria-label="Lineage">
      <li><span class="kind">version</span><b>${v.version}</b><span class="proof">${v.files?.length ? plural(v.files.length, "file") : when(v.createdAt)}</span></li>
      <li><span class="kind">run</span><button type="button" class="link" @click=${() => toRun(v.run)}>${v.run}</button><span class="proof">${run ? `${count(run.step)} steps on ${v.base}` : v.base}</span></li>
      ${(v.datasets ?? [{ dataset: v.dataset, id: v.datasetId ?? dataset?.id }]).map((d) => html`<li><span class="kind">dataset</span><b>${d.dataset}</b>${d.weight == null ? nothing : html` <span class="proof">weight ${d.weight}</span>`}<span class="proof hash" title=${d.id ?? ""}>${hash(d.id)}</span></li>`)}
      <li>
        <span class="kind">${sources.length === 1 ? "log file" : `${count(sources.length)} log files`}</span>
        ${sources.length === 0 ? html`<span class="proof">not told</span>` : sources.slice(0, 4).map((s) => html`<b class="path" title=${s.path}>${s.path.split("/").at(-1)}</b><span class="proof hash" title=${s.sha256}>${hash(s.sha256)}</span>`)}
        ${sources.length > 4 ? html`<span class="proof">and ${count(sources.length - 4)} more</span>` : nothing}
      </li>
    </ol>
  `;
}

function toRun(id) {
  store.look("run", id);
  document.getElementById("runs").scrollIntoView();
}

function none() {
  const done = store.runs?.find((r) => r.state === "completed");
  return done
    ? empty("No version yet", "A completed run becomes a version; then it can take an alias.", "./lathe models list")
    : empty("No version yet", "Every run that completes becomes a version here, with its lineage back to the log files.", train());
}
