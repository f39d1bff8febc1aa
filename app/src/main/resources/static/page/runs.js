// The runs: a list to choose from, their curves laid over each other, and the one looked at.
import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { Room, state, stroke, dash, command, empty, train } from "./parts.js";
import { store, Watch } from "./store.js";
import { smooth, along } from "./curves.js";
import { compact, count, duration, loss, mebibytes, plural, rate, ticks } from "./format.js";
import "./chart.js";
import "./run.js";
import "./sweep.js";

/** How many runs are listed before somebody asks for all; where the list stands above the curves, few. */
const FIRST_MANY = 12;
const FIRST_FEW = 4;
const narrow = matchMedia("(max-width: 60rem)");
const AXES = { step: "Steps", tokens: "Tokens", seconds: "Time" };
/** How far the smoothed line looks: half-lives as shares of the longest curve shown. */
const SMOOTHING = [0, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08];

class Runs extends Room {
  static properties = { all: { state: true }, log: { state: true }, clip: { state: true }, smoothing: { state: true }, zoomed: { state: true } };
  #watch = new Watch(this, "runs", "shown", "curves");
  #lines = new Map();
  #charts = new Map();

  constructor() {
    super();
    this.all = this.log = this.clip = this.zoomed = false;
    this.smoothing = 4;
    this.redraw = () => this.requestUpdate();
  }

  connectedCallback() {
    super.connectedCallback();
    narrow.addEventListener("change", this.redraw);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    narrow.removeEventListener("change", this.redraw);
  }

  render() {
    const runs = store.runs;
    return html`
      <div class="title">
        <h2 id="runs-title">Runs</h2>
        <p>${runs?.length ? tally(runs) : nothing}</p>
      </div>
      ${runs == null ? html`<div class="waiting" aria-busy="true"></div>` : runs.length === 0 ? none() : html`<div class="runs">${this.#list(runs)}<div class="run-view">${this.#curves()}<lathe-run></lathe-run><lathe-sweep></lathe-sweep></div></div>`}
    `;
  }

  #list(runs) {
    const many = narrow.matches ? FIRST_FEW : FIRST_MANY;
    const first = this.all ? runs : runs.filter((r, i) => i < many || store.shown.includes(r.id));
    return html`
      <div class="run-list">
        <ul aria-label="Runs, newest first">
          ${repeat(first, (r) => r.id, (r, i) => html`${r.sweep && r.sweep !== first[i - 1]?.sweep ? heading(r.sweep) : nothing}${row(r)}`)}
        </ul>
        ${runs.length > first.length || (this.all && runs.length > many) ? html`<button type="button" class="more" aria-expanded=${this.all ? "true" : "false"} @click=${() => (this.all = !this.all)}>${this.all ? "Show the newest" : `Show all ${count(runs.length)} runs`}</button>` : nothing}
      </div>
    `;
  }

  #curves() {
    const runs = store.shown.map((id) => store.run(id)).filter(Boolean);
    const longest = Math.max(1, ...runs.map((r) => r.step));
    const halfLives = SMOOTHING.map((share) => Math.round(Number((share * longest).toPrecision(2))));
    const halfLife = halfLives[this.smoothing];
    const drawn = runs.map((run) => this.#line(run, halfLife));
    const names = runs.map((r) => r.model).join(", ");
    return html`
      <div class="tools">
        <fieldset class="choice">
          <legend>Over</legend>
          ${Object.entries(AXES).map(
            ([axis, name]) => html`<label><input type="radio" name="axis" value=${axis} .checked=${store.axis === axis} @change=${() => store.over(axis)} /><span>${name}</span></label>`,
          )}
        </fieldset>
        <label class="slider"
          >Smoothing
          <input type="range" min="0" max=${SMOOTHING.length - 1} step="1" .value=${String(this.smoothing)} ?disabled=${halfLives.at(-1) === 0} aria-valuetext=${halfLife ? `half-life ${halfLifeText(halfLife)}` : "off"} title=${halfLives.at(-1) === 0 ? "Too few steps to be smoothed" : "The half-life of the smoothed line"} @input=${(e) => (this.smoothing = Number(e.target.value))} />
          <output>${halfLifeText(halfLife)}</output>
        </label>
        <label class="tick"><input type="checkbox" .checked=${this.log} @change=${(e) => (this.log = e.target.checked)} /> Log scale</label>
        <label class="tick"><input type="checkbox" .checked=${this.clip} @change=${(e) => (this.clip = e.target.checked)} /> Clip outliers</label>
        <span class="spring"></span>
        <button type="button" class="quiet" ?hidden=${!this.zoomed} @click=${() => this.querySelector("lathe-chart").reset()}>Whole curve</button>
        <span class="exports">
          <button type="button" class="quiet" ?disabled=${!runs.length} aria-label="Download the curves as CSV" @click=${() => this.#csv(runs)}>CSV</button>
          <button type="button" class="quiet" ?disabled=${!runs.length} aria-label="Download the loss chart as PNG" @click=${() => save("lathe-loss.png", this.querySelector("lathe-chart").png())}>PNG</button>
        </span>
      </div>
      <figure class="loss">
        <figcaption>
          <strong>Loss</strong>
          <span class="key"><svg viewBox="0 0 18 8" class="stroke-sample" aria-hidden="true"><line x1="1" y1="4" x2="17" y2="4" /></svg>${halfLife ? "training, smoothed over its raw line" : "training"}</span>
          <span class="key"><svg viewBox="0 0 18 8" class="stroke-sample dots" aria-hidden="true"><circle cx="9" cy="4" r="2.8" /></svg>validation</span>
        </figcaption>
        <lathe-chart
          .lines=${this.#same("loss", drawn)}
          .x=${this.#position}
          .tickX=${this.#tick}
          .y=${loss}
          .tickY=${this.log ? logLoss : ticks.loss}
          .log=${this.log}
          .clip=${this.clip ? clipped(drawn) : null}
          .label=${runs.length ? `Loss of ${names} over ${AXES[store.axis].toLowerCase()}. Arrow keys move a cursor.` : "No run is shown"}
          @zoomed=${(e) => (this.zoomed = e.detail)}
        ></lathe-chart>
        ${runs.length === 0 ? html`<p class="over-chart">Tick a run to see its curve.</p>` : nothing}
      </figure>
      <div class="panels">
        ${this.#panel("Learning rate", "learningRate", rate, ticks.rate, drawn)} ${this.#panel("Tokens per second", "tokensPerSecond", compact, ticks.compact, drawn)} ${this.#panel("Memory", "rssMiB", mebibytes, ticks.mebibytes, drawn)}
        ${learnsPreferences(drawn) ? html`${this.#panel("Reward margin", "rewards/margins", loss, ticks.loss, drawn)} ${this.#panel("Pairs told apart", "rewards/accuracies", share, share, drawn)}` : nothing}
      </div>
      ${runs.length > 1 ? differences(runs) : nothing}
    `;
  }

  #panel(title, curve, write, tick, drawn) {
    const lines = this.#same(curve, drawn);
    const last = lines.length === 1 ? lines[0].values[0].points.at(-1)?.[1] : null;
    return html`
      <figure class="panel">
        <figcaption><strong>${title}</strong><span>${last == null ? nothing : write(last)}</span></figcaption>
        <lathe-chart .lines=${lines} .x=${this.#position} .tickX=${this.#tick} .y=${write} .tickY=${tick} .whole=${curve !== "learningRate"} .label=${`${title} of ${plural(lines.length, "run")}`} small></lathe-chart>
      </figure>
    `;
  }

  /** The same array as before when no line in it changed, so that its chart is left alone. */
  #same(chart, drawn) {
    const lines = drawn.map((d) => d[chart]);
    const before = this.#charts.get(chart);
    if (before?.length === lines.length && lines.every((l, i) => l === before[i])) return before;
    this.#charts.set(chart, lines);
    return lines;
  }

  #position = (x) => (store.axis === "seconds" ? duration(x) : store.axis === "tokens" ? `${count(x)} tokens` : `step ${count(x)}`);

  /** Zooming may end an axis between two steps, where there is nothing to tell. */
  #tick = (x, power) => (store.axis === "seconds" ? (x < 10 ? `${+x.toPrecision(2)}\u00a0s` : duration(x)) : !Number.isInteger(x) ? "" : store.axis === "tokens" ? ticks.compact(x, power) : count(x));

  /** A run's layers in the measure of the chosen axis. */
  #line(run, halfLife) {
    const curves = store.curves(run.id);
    const slot = store.slot(run.id);
    const twins = store.shown.filter((id) => store.run(id)?.model === run.model).length > 1;
    const made = [curves.version, slot, twins, halfLife, store.axis].join();
    const before = this.#lines.get(run.id);
    if (before?.made === made) return before;
    const place = store.axis === "step" ? null : along(curves.points(store.axis));
    const put = (points) => (place ? points.map(([s, v]) => [place(s), v]) : points).filter(([, v]) => Number.isFinite(v));
    const name = twins ? `${run.model} ${run.id.slice(-4)}` : run.model;
    const line = { key: run.id, name, slot, dash: dash(slot) };
    const raw = put(curves.points("loss"));
    const even = halfLife > 0 ? put(smooth(curves.means("loss"), halfLife)) : raw;
    const validation = put(curves.points("evalLoss"));
    const small = (curve) => {
      const points = put(curves.points(curve));
      return { ...line, layers: [{ kind: "line", points }], values: [{ label: "", points }] };
    };
    const layers = halfLife > 0 ? [{ kind: "raw", points: raw }, { kind: "line", points: even }] : [{ kind: "line", points: raw }];
    const values = [{ label: "", points: even }];
    if (validation.length) {
      layers.push({ kind: "dots", points: validation });
      values.push({ label: "val ", points: validation });
    }
    const drawn = { made, raw, loss: { ...line, layers, values }, learningRate: small("learningRate"), tokensPerSecond: small("tokensPerSecond"), rssMiB: small("rssMiB"), "rewards/margins": small("rewards/margins"), "rewards/accuracies": small("rewards/accuracies") };
    this.#lines.set(run.id, drawn);
    return drawn;
  }

  #csv(runs) {
    const lines = ["run,curve,step,value"];
    for (const run of runs)
      for (const curve of ["loss", "evalLoss", "learningRate", "tokensPerSecond", "rssMiB"])
        for (const [step, value] of store.curves(run.id).points(curve)) lines.push(`${run.id},${curve},${step},${value}`);
    const url = URL.createObjectURL(new Blob([lines.join("\n"), "\n"], { type: "text/csv" }));
    save("lathe-curves.csv", url);
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }
}
/** Rewards are drawn only where a run has some. */
const learnsPreferences = (drawn) => drawn.some((d) => d["rewards/margins"].layers[0].points.length > 0);

const share = (x) => `${Math.round(100 * x)} %`;

customElements.define("lathe-runs", Runs);

const logLoss = (x) => String(+Number(x).toPrecision(3));
const halfLifeText = (steps) => (steps > 0 ? plural(steps, "step") : "off");

function tally(runs) {
  const by = Map.groupBy(runs, (r) => r.state);
  return ["running", "queued", "paused", "stopped", "failed", "completed"]
    .filter((s) => by.has(s))
    .map((s) => `${count(by.get(s).length)} ${s}`)
    .join(" · ");
}

/** From the 1st to the 98th percentile of what is drawn, with some air. */
function clipped(drawn) {
  const values = drawn.flatMap((d) => [...d.raw, ...(d.loss.layers[2]?.points ?? [])].map(([, v]) => v)).sort((a, b) => a - b);
  if (values.length < 10) return null;
  const low = values[Math.floor(values.length * 0.01)];
  const high = values[Math.ceil(values.length * 0.98) - 1];
  const air = (high - low) * 0.06 || Math.abs(high) * 0.1;
  return [low - air > 0 ? +(low - air).toPrecision(3) : Math.min(0, low - air), +(high + air).toPrecision(3)];
}

/** Above the trials of one sweep, which stand together because they began one after the other. */
function heading(sweep) {
  const trials = store.runs.filter((r) => r.sweep === sweep);
  return html`<li class="sweep-head"><span class="name">Sweep</span><span class="id">${sweep}</span><span class="steps">${plural(trials.length, "run")}</span></li>`;
}

function row(run) {
  const shown = store.shown.includes(run.id);
  const looked = store.focus.run === run.id;
  return html`
    <li class="${looked ? "looked" : ""} ${run.sweep ? "trial" : ""}">
      <label class="show"
        ><input type="checkbox" .checked=${shown} aria-label=${`Show the curves of ${run.model}, ${run.id}`} @change=${(e) => store.show(run.id, e.target.checked)} />${shown ? stroke(store.slot(run.id)) : html`<svg class="stroke-sample" viewBox="0 0 18 8" aria-hidden="true"></svg>`}</label
      >
      <button type="button" class="pick" aria-pressed=${looked ? "true" : "false"} @click=${() => store.look("run", run.id)}>
        <span class="name">${run.model}</span><span class="id" title=${run.id}>${run.sweep ? `trial ${Number(run.id.slice(run.sweep.length + 1))}` : run.id}</span>
      </button>
      ${state(run.state)}
      <span class="loss" title="loss of the last step">${loss(run.loss)}</span>
      <progress class=${run.state} max=${run.steps || 1} value=${run.steps ? run.step : 0} aria-label=${`Progress of ${run.id}`}></progress>
      <span class="steps">${count(run.step)} / ${count(run.steps)}</span>
    </li>
  `;
}

/** The recipe keys in which the shown runs differ. */
function differences(runs) {
  const keys = [...new Set(runs.flatMap((r) => Object.keys(r.recipe)))].sort();
  const text = (x) => (x == null ? "–" : Array.isArray(x) ? x.join(", ") : String(x));
  const rows = [
    ["base", (r) => r.base],
    ["dataset", (r) => r.dataset],
    ...keys.map((k) => [k, (r) => text(r.recipe[k])]),
  ].filter(([, of]) => new Set(runs.map(of)).size > 1);
  return html`
    <details class="differences" open>
      <summary>What differs</summary>
      ${rows.length === 0
        ? html`<p class="note">Nothing: base, dataset and every recipe key are the same.</p>`
        : html`<div class="scroll" tabindex="0" role="region" aria-label="What differs between the shown runs">
            <table>
              <thead><tr><th scope="col">key</th>${runs.map((r) => html`<th scope="col">${stroke(store.slot(r.id))} ${r.model} <span class="id">${r.id.slice(-4)}</span></th>`)}</tr></thead>
              <tbody>${rows.map(([key, of]) => html`<tr><th scope="row">${key}</th>${runs.map((r) => html`<td>${of(r)}</td>`)}</tr>`)}</tbody>
            </table>
          </div>`}
    </details>
  `;
}

function save(name, url) {
  if (!url) return;
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

function none() {
  const dataset = store.datasets?.[0];
  const base = dataset?.base ?? store.bases?.[0]?.name ?? "smollm2-135m-instruct";
  const steps = [];
  if (!store.bases?.length) steps.push(`./lathe pull ${base}`);
  if (!dataset) steps.push(`./lathe dataset build LOG.jsonl --name support --base ${base}`);
  steps.push(train());
  return html`${empty("No run yet", "A run fine-tunes a base on a dataset, and its curves are drawn here while it trains.", ...steps)}
    <p class="empty-more">Or everything at once, on the sample logs: ${command("./lathe demo")}</p>`;
}
