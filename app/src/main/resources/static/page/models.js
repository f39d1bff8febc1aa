// Model versions: who bears which alias, what the gates found, where a version comes from.
import { html, nothing } from "lit";
import { Room, passed, command, empty, figure } from "./parts.js";
import { store, Watch } from "./store.js";
import { request, segment } from "./api.js";
import { bytes, count, exactly, hash, loss, plural, value, when } from "./format.js";

class Models extends Room {
  static properties = { history: { state: true }, detail: { state: true } };
  #watch = new Watch(this, "models", "runs");
  #asked = null;

  constructor() {
    super();
    this.history = this.detail = null;
  }

  /** The version looked at, else the newest that bears an alias, else the newest. */
  get #version() {
    const versions = store.models ?? [];
    return versions.find((v) => v.version === store.focus.version) ?? versions.find((v) => v.aliases?.length) ?? versions[0] ?? null;
  }

  willUpdate() {
    const version = this.#version;
    if (!version || this.#asked === store.models + version.version) return;
    // Asked again whenever the list was loaded again: an alias may have moved.
    if (this.#asked?.models === store.models && this.#asked.version === version.version) return;
    this.#asked = { models: store.models, version: version.version };
    this.#load(version.version);
  }

  async #load(version) {
    try {
      const [detail, history] = await Promise.all([request(`models/${segment(version)}`), request(`models/${segment(nameOf(version))}/history`)]);
      if (this.#asked.version !== version) return;
      this.detail = detail;
      this.history = history.items;
    } catch (e) {
      store.fail(e);
    }
  }

  render() {
    const versions = store.models;
    return html`
      <div class="title">
        <h2 id="models-title">Models</h2>
        <p>${versions?.length ? plural(versions.length, "version") : nothing}</p>
      </div>
      ${versions == null ? html`<div class="waiting short" aria-busy="true"></div>` : versions.length === 0 ? none() : html`<div class="models">${this.#list(versions)}${this.#detail()}</div>`}
    `;
  }

  #list(versions) {
    const byName = Map.groupBy(versions, (v) => nameOf(v.version));
    const looked = this.#version?.version;
    return html`<div class="version-list">
      ${[...byName].map(
        ([name, its]) => html`
          <h3>${name}</h3>
          <ul aria-label=${`Versions of ${name}`}>
            ${its.map(
              (v) => html`<li class=${v.version === looked ? "looked" : ""}>
                <button type="button" class="pick" aria-pressed=${v.version === looked ? "true" : "false"} aria-label=${v.version} @click=${() => store.look("version", v.version)}>
                  <span class="number">@${v.version.slice(name.length + 1)}</span>
                </button>
                <span class="aliases">${(v.aliases ?? []).map(alias)}</span>
                <span class="loss" title="validation loss">${loss(v.metrics?.evalLoss)}</span>
                <span class="at" title=${exactly(v.createdAt)}>${when(v.createdAt)}</span>
              </li>`,
            )}
          </ul>
        `,
      )}
    </div>`;
  }

  #detail() {
    const version = this.#version;
    const v = this.detail?.version === version?.version ? this.detail : version;
    if (!v) return nothing;
    const history = this.history?.filter((p) => nameOf(p.version) === nameOf(v.version)) ?? [];
    const verdict = history.find((p) => p.version === v.version && p.gates?.length);
    return html`
      <article class="version" aria-label=${`Version ${v.version}`}>
        <div class="run-head"><h3>${v.version}</h3><span class="aliases">${(v.aliases ?? []).map(alias)}</span></div>
        ${lineage(v)}
        <dl class="figures">${Object.entries(v.metrics ?? {}).slice(0, 6).map(([name, x]) => figure(METRICS[name] ?? words(name), loss(x)))}</dl>
        <h4>Gates</h4>
        ${verdict ? gates(verdict) : html`<p class="note">Not judged yet. A promotion measures them: ${command(`./lathe models promote ${v.version} --alias champion --reason "…"`)}</p>`}
        <h4>Promotions of ${nameOf(v.version)}</h4>
        ${this.history == null ? html`<div class="waiting short" aria-busy="true"></div>` : history.length ? html`<ol class="history">${history.map(promotion)}</ol>` : html`<p class="note">No alias was ever put on a version of it.</p>`}
        ${v.files?.length
          ? html`<details>
              <summary>${plural(v.files.length, "file")}, ${bytes(v.files.reduce((sum, f) => sum + f.bytes, 0))}</summary>
              <div class="scroll" tabindex="0" role="region" aria-label="Files of the version"><table class="files"><thead><tr><th scope="col">file</th><th scope="col" class="n">size</th><th scope="col">sha-256</th></tr></thead>
                <tbody>${v.files.map((f) => html`<tr><th scope="row">${f.path}</th><td class="n">${bytes(f.bytes)}</td><td class="hash" title=${f.sha256}>${hash(f.sha256)}</td></tr>`)}</tbody></table></div>
            </details>`
          : nothing}
        ${v.recipe && Object.keys(v.recipe).length
          ? html`<details><summary>Recipe</summary><dl class="recipe">${Object.entries(v.recipe).map(([key, x]) => html`<div><dt>${key}</dt><dd>${value(x)}</dd></div>`)}</dl></details>`
          : nothing}
      </article>
    `;
  }
}
customElements.define("lathe-models", Models);

const nameOf = (version) => version.slice(0, version.lastIndexOf("@"));
const METRICS = { evalLoss: "validation loss", evalLossBefore: "before training", loss: "training loss" };
/** tokenAccuracy → token accuracy */
const words = (name) => name.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
const alias = (name) => html`<span class="alias">${typeof name === "string" ? name : name.alias}</span>`;

const gates = (verdict) => html`
  <div class="scroll" tabindex="0" role="region" aria-label="Gates">
    <table class="gates">
      <thead><tr><th scope="col">gate</th><th scope="col">expected</th><th scope="col">found</th><th scope="col">verdict</th></tr></thead>
      <tbody>${verdict.gates.map((g) => html`<tr><th scope="row">${g.name}</th><td class="expected">${g.expected}</td><td class="found">${g.found}</td><td class="judged">${passed(g.passed)}</td></tr>`)}</tbody>
    </table>
  </div>
  <p class="note">Measured for ${verdict.alias}, ${when(verdict.at)}.</p>
`;

const promotion = (p) => html`
  <li>
    <span class="at" title=${exactly(p.at)}>${when(p.at)}</span>
    <span class="move"><b>${p.alias}</b> ${p.previous ? html`<span class="from">${p.previous}</span>` : html`<span class="from">none</span>`} <span aria-label="to">→</span> <b>${p.version}</b></span>
    <span class="kind">${p.kind === "rollback" ? "rolled back" : p.forced ? "forced" : p.gates?.length ? `${p.gates.filter((g) => g.passed).length} of ${p.gates.length} gates` : ""}</span>
    <span class="reason">${p.reason}${p.by ? html` <span class="by">${p.by}</span>` : nothing}</span>
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
      <li><span class="kind">dataset</span><b>${v.dataset}</b><span class="proof hash" title=${v.datasetId ?? dataset?.id ?? ""}>${hash(v.datasetId ?? dataset?.id)}</span></li>
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
    : empty("No version yet", "Every run that completes becomes a version here, with its lineage back to the log files.", "./lathe train --base B --dataset D@N --name M");
}
