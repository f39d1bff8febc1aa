// Experiments: the arms of each, and what can be said of the difference.
import { html, svg, nothing } from "lit";
import { Room, state, empty } from "./parts.js";
import { store, Watch } from "./store.js";
import { request, segment } from "./api.js";
import { count, fixed, loss, percent, probability, plural } from "./format.js";

class Experiments extends Room {
  static properties = { shown: { state: true } };
  #watch = new Watch(this, "experiments");
  #asked = null;

  constructor() {
    super();
    this.shown = new Map();
  }

  /** A listing need not carry the statistics: each experiment is asked for them. */
  willUpdate() {
    if (!store.experiments || this.#asked === store.experiments) return;
    this.#asked = store.experiments;
    Promise.all(store.experiments.map((e) => (e.arms?.[0] && "mean" in e.arms[0] ? e : request(`experiments/${segment(e.id)}`))))
      .then((all) => (this.shown = new Map(all.map((e) => [e.id, e]))))
      .catch((e) => store.fail(e));
  }

  render() {
    const all = store.experiments;
    return html`
      <div class="title">
        <h2 id="experiments-title">Experiments</h2>
        <p>${all?.length ? plural(all.length, "experiment") : nothing}</p>
      </div>
      ${all == null ? html`<div class="waiting short" aria-busy="true"></div>` : all.length === 0 ? none() : all.map((e) => experiment(this.shown.get(e.id) ?? e))}
    `;
  }
}
customElements.define("lathe-experiments", Experiments);

function experiment(e) {
  const arms = e.arms ?? [];
  const total = arms.reduce((sum, a) => sum + (a.weight ?? 0), 0);
  const scale = scaleOf(arms);
  return html`
    <article class="experiment" aria-label=${`Experiment ${e.id}`}>
      <div class="run-head"><h3>${e.id}</h3>${state(e.state)}</div>
      ${e.verdict ? html`<p class="verdict">${e.verdict}</p>` : nothing}
      <div class="scroll" tabindex="0" role="region" aria-label=${`Arms of ${e.id}`}>
        <table class="arms">
          <thead>
            <tr><th scope="col">arm</th><th scope="col" class="n">share</th><th scope="col" class="n">subjects</th><th scope="col" class="n">answers</th><th scope="col" class="n">feedback</th><th scope="col" class="n">mean</th>${scale ? html`<th scope="col" class="range">95 % interval</th>` : nothing}<th scope="col" class="n">p50</th><th scope="col" class="n">p95</th><th scope="col" class="n">errors</th><th scope="col" class="n">cost</th></tr>
          </thead>
          <tbody>
            ${arms.map(
              (a, i) => html`<tr>
                <th scope="row"><svg class="arm-mark s${i}" viewBox="0 0 10 10" aria-hidden="true">${i % 2 ? svg`<rect x="1" y="1" width="8" height="8"/>` : svg`<circle cx="5" cy="5" r="4.4"/>`}</svg>${a.target}</th>
                <td class="n">${total ? percent(a.weight / total) : "–"}</td><td class="n">${count(a.subjects)}</td><td class="n">${count(a.exposures)}</td><td class="n">${count(a.feedback)}</td><td class="n strong">${fixed(3)(a.mean)}</td>
                ${scale ? html`<td class="range">${interval(scale, a.low, a.mean, a.high, `s${i}`)}</td>` : nothing}
                <td class="n">${milliseconds(a.latencyMs?.p50)}</td><td class="n">${milliseconds(a.latencyMs?.p95)}</td><td class="n">${count(a.errors)}</td><td class="n">${cost(a.cost)}</td>
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
      <div class="reading">${difference(e)}${ratio(e)}</div>
    </article>
  `;
}

const milliseconds = (x) => (x == null ? "–" : `${x < 10 ? Number(x).toFixed(1) : count(x)} ms`);
const cost = (x) => (x == null ? "–" : x === 0 ? "0" : Number(x).toFixed(4));
const finite = (x) => x != null && Number.isFinite(Number(x));

/** One scale for the intervals of all arms; null when they are not told. */
function scaleOf(arms) {
  const ends = arms.flatMap((a) => [a.low, a.high]).filter(finite).map(Number);
  if (ends.length < 2) return null;
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  return { low, high: high > low ? high : low + 1 };
}

function interval({ low, high }, from, mean, to, slot, zero = false) {
  if (!finite(from) || !finite(to)) return nothing;
  const at = (x) => 4 + ((Math.min(high, Math.max(low, Number(x))) - low) / (high - low)) * 152;
  return html`<svg class="interval ${slot}" viewBox="0 0 160 16" role="img" aria-label=${`${fixed(3)(mean)}, between ${fixed(3)(from)} and ${fixed(3)(to)}`}>
    ${zero ? svg`<line class="zero" x1=${at(0)} x2=${at(0)} y1="0" y2="16"/>` : nothing}
    <line x1=${at(from)} x2=${at(to)} y1="8" y2="8" /><circle cx=${at(mean)} cy="8" r="3.6" />
  </svg>`;
}

function difference(e) {
  const d = e.difference;
  if (!d || !finite(d.mean)) return html`<div><h4>Difference</h4><p class="note">No feedback in both arms yet. Post it with the answer's id to <code>/api/feedback</code>.</p></div>`;
  const reach = Math.max(Math.abs(d.low ?? d.mean), Math.abs(d.high ?? d.mean), 1e-9) * 1.15;
  const excludes = finite(d.low) && finite(d.high) && (d.low > 0 || d.high < 0);
  return html`<div>
    <h4>Difference</h4>
    <p class="reading-line">
      ${interval({ low: -reach, high: reach }, d.low, d.mean, d.high, excludes ? "clear" : "open", true)}
      <span><b>${fixed(3)(d.mean)}</b> between ${fixed(3)(d.low)} and ${fixed(3)(d.high)}, p ${probability(e.pValue)}</span>
    </p>
    <p class="note">${excludes ? "The interval excludes zero." : "The interval includes zero: no difference is shown."} It may be read at any time.</p>
  </div>`;
}

function ratio(e) {
  const r = e.sampleRatio;
  if (!r) return nothing;
  return html`<div>
    <h4>Sample ratio</h4>
    <p class="reading-line"><span class="state ${r.mismatch ? "failed" : "completed"}">${r.mismatch ? "mismatch" : "as assigned"}</span><span>p ${probability(r.pValue)}</span></p>
    <p class="note">${r.mismatch ? "The arms did not get the subjects they should have: find out why before believing the difference." : "The arms got the share of subjects they should have."}</p>
  </div>`;
}

function none() {
  const promoted = store.models?.find((v) => v.aliases?.length);
  const a = promoted ? `${promoted.version.split("@")[0]}@${typeof promoted.aliases[0] === "string" ? promoted.aliases[0] : promoted.aliases[0].alias}` : "support@champion";
  const b = promoted?.base ?? "smollm2-135m-instruct";
  return empty("No experiment yet", "An experiment gives every subject one of two targets and reads their feedback.", `./lathe experiment start ${a} ${b}`);
}
