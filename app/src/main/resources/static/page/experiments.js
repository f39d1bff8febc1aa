// Experiments: the arms of each, and what can be said of the difference.
import { html, svg, nothing } from "lit";
import { Room, state, empty } from "./parts.js";
import { store, Watch } from "./store.js";
import { request, segment } from "./api.js";
import { count, exactly, fixed, percent, plural, probability, when } from "./format.js";

class Experiments extends Room {
  static properties = { shown: { state: true } };
  #watch = new Watch(this, "experiments", "models");
  #asked = null;

  constructor() {
    super();
    this.shown = new Map();
    /** The phases that somebody chose to see; of the other experiments the last is shown. */
    this.phases = new Map();
  }

  /** A listing need not carry the statistics: each experiment is asked for them. */
  willUpdate() {
    if (!store.experiments || this.#asked === store.experiments) return;
    this.#asked = store.experiments;
    Promise.all(store.experiments.map((e) => this.#ask(e.id)))
      .then((all) => this.#take(all))
      .catch((e) => store.fail(e));
  }

  /** The phase looked at; beside a last one that nobody was answered in yet stands the one before it that has figures. */
  async #ask(id) {
    const chosen = this.phases.get(id);
    const report = await this.#phase(id, chosen);
    if (answers(report) === 0 && report.phase === report.phases)
      for (let phase = report.phase - 1; phase > 0 && !report.earlier; phase--) {
        const earlier = await this.#phase(id, phase);
        if (answers(earlier) > 0) report.earlier = { phase, answers: answers(earlier) };
      }
    return report;
  }

  /** An answer that came after another phase was chosen is of no use any more. */
  #take(reports) {
    const wanted = reports.filter((e) => e.phase === (this.phases.get(e.id) ?? e.phases));
    this.shown = new Map([...this.shown, ...wanted.map((e) => [e.id, e])]);
  }

  #phase = (id, phase) => request(`experiments/${segment(id)}${phase ? `?phase=${phase}` : ""}`);

  /** The last phase is no choice: when another follows, that one is to be seen. */
  async #choose(e, phase) {
    if (phase === e.phases) this.phases.delete(e.id);
    else this.phases.set(e.id, phase);
    try {
      this.#take([await this.#ask(e.id)]);
    } catch (problem) {
      store.fail(problem);
    }
  }

  render() {
    const all = store.experiments;
    return html`
      <div class="title">
        <h2 id="experiments-title">Experiments</h2>
        <p>${all?.length ? plural(all.length, "experiment") : nothing}</p>
      </div>
      ${all == null ? html`<div class="waiting short" aria-busy="true"></div>` : all.length === 0 ? none() : all.map((e) => experiment(this.shown.get(e.id) ?? e, (phase) => this.#choose(this.shown.get(e.id), phase)))}
    `;
  }
}
customElements.define("lathe-experiments", Experiments);

const answers = (e) => (e.arms ?? []).reduce((sum, a) => sum + (a.exposures ?? 0), 0);

function experiment(e, choose) {
  const arms = e.arms ?? [];
  const total = arms.reduce((sum, a) => sum + (a.weight ?? 0), 0);
  const others = e.differences ?? (e.difference ? [{ target: arms[1]?.target, ...e.difference }] : []);
  const reach = Math.max(0.05, ...others.filter((d) => known(d.mean)).flatMap((d) => [Math.abs(d.low), Math.abs(d.high)])) * 1.06;
  const level = percent(e.level ?? 0.95);
  return html`
    <article class="experiment" aria-label=${`Experiment ${e.id}`}>
      <div class="run-head"><h3>${e.id}</h3>${state(e.state)}<span class="note" title=${exactly(e.startedAt)}>since ${when(e.startedAt)}${e.endedAt ? `, ended ${when(e.endedAt)}` : ""}</span></div>
      ${e.phases > 1 ? phases(e, choose) : nothing}
      ${e.earlier ? unanswered(e, choose) : e.verdict ? html`<p class="verdict">${sentence(e.verdict, arms)}</p>` : nothing}
      <div class="scroll" tabindex="0" role="region" aria-label=${`Arms of ${e.id}`}>
        <table class="arms">
          <thead>
            <tr><th scope="col">arm</th><th scope="col" class="n">share</th><th scope="col" class="n">subjects</th><th scope="col" class="n">answers</th><th scope="col" class="n">feedback</th><th scope="col" class="n">mean</th><th scope="col" class="range">against the first, ${level}</th><th scope="col" class="n">p50</th><th scope="col" class="n">p95</th><th scope="col" class="n">errors</th><th scope="col" class="n">cost</th></tr>
          </thead>
          <tbody>${arms.map((a, i) => arm(a, i, total, others.find((d) => d.target === a.target) ?? others[i - 1], reach))}</tbody>
        </table>
      </div>
      <div class="reading">${difference(e, arms, level)}${ratio(e)}</div>
    </article>
  `;
}

/** Other weights begin another phase, in which everybody is assigned anew. */
const phases = (e, choose) => html`
  <fieldset class="choice">
    <legend>Phase</legend>
    ${Array.from({ length: e.phases }, (_, i) => i + 1).map(
      (phase) => html`<label><input type="radio" name=${`phase of ${e.id}`} value=${phase} aria-label=${`Phase ${phase} of ${e.id}`} .checked=${e.phase === phase} @change=${() => choose(phase)} /><span>${phase}</span></label>`,
    )}
    <span class="note" title=${exactly(e.phaseStartedAt)}>begun ${when(e.phaseStartedAt)}</span>
  </fieldset>
`;

const unanswered = (e, choose) => html`
  <p class="phase-note">
    <span>Nobody ${e.endedAt ? "was" : "has been"} answered in phase ${e.phase}${e.endedAt ? "" : " yet"}, which began when the weights were changed. Phase ${e.earlier.phase} has ${plural(e.earlier.answers, "answer")}.</span>
    <button type="button" class="link" aria-label=${`Show phase ${e.earlier.phase} of ${e.id}`} @click=${() => choose(e.earlier.phase)}>Show phase ${e.earlier.phase}</button>
  </p>
`;

const arm = (a, i, total, d, reach) => html`
  <tr>
    <th scope="row"><svg class="arm-mark s${i % 8}" viewBox="0 0 10 10" aria-hidden="true">${[svg`<circle cx="5" cy="5" r="4.4"/>`, svg`<rect x="1" y="1" width="8" height="8"/>`, svg`<path d="M5 .6 9.6 9H.4z"/>`][i % 3]}</svg>${a.target}</th>
    <td class="n" data-name="share">${total ? percent(a.weight / total) : "–"}</td><td class="n" data-name="subjects">${count(a.subjects)}</td><td class="n" data-name="answers">${count(a.exposures)}</td>
    <td class="n" data-name="feedback" title=${a.raters == null ? "" : `from ${plural(a.raters, "subject")}`}>${count(a.feedback)}</td><td class="n strong" data-name="mean">${fixed(3)(a.mean)}</td>
    <td class=${i === 0 ? "range first" : "range"} data-name="against the first">${i === 0 ? html`<span class="note">the first</span>` : d && known(d.mean) ? interval(d, reach, i) : html`<span class="note">no feedback in both yet</span>`}</td>
    <td class="n" data-name="p50">${milliseconds(a.latencyMs?.p50)}</td><td class="n" data-name="p95">${milliseconds(a.latencyMs?.p95)}</td><td class="n" data-name="errors">${count(a.errors)}</td><td class="n" data-name="cost">${cost(a.cost)}</td>
  </tr>
`;

const milliseconds = (x) => (x == null ? "–" : `${x < 10 ? Number(x).toFixed(1) : count(x)}\u00a0ms`);
const cost = (x) => (x == null ? "–" : x === 0 ? "0" : Number(x).toFixed(4));
const known = (x) => x != null && Number.isFinite(Number(x));
/** A verdict that begins with a target's name keeps it as it is written. */
const sentence = (text, arms) => (arms.some((a) => text.startsWith(a.target)) ? text[0] : text[0].toUpperCase()) + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

/** A difference with its interval, around a dashed zero; the same scale for all arms. */
function interval(d, reach, i) {
  const at = (x) => 80 + Math.min(1, Math.max(-1, Number(x) / reach)) * 76;
  return html`<svg class="interval s${i % 8}" viewBox="0 0 160 16" role="img" aria-label=${`${fixed(3)(d.mean)}, between ${fixed(3)(d.low)} and ${fixed(3)(d.high)}`}>
    <line class="zero" x1="80" x2="80" y1="0" y2="16" /><line x1=${at(d.low)} x2=${at(d.high)} y1="8" y2="8" /><circle cx=${at(d.mean)} cy="8" r="3.6" />
  </svg>`;
}

function difference(e, arms, level) {
  const d = e.difference;
  if (!d || !known(d.mean)) return html`<div><h4>Difference</h4><p class="note">Both arms need feedback first: post it with an answer's id to <code>/api/feedback</code>.</p></div>`;
  const excludes = known(d.low) && known(d.high) && (d.low > 0 || d.high < 0);
  return html`<div>
    <h4>Difference</h4>
    <p class="reading-line"><b>${fixed(3)(d.mean)}</b> <span>between ${fixed(3)(d.low)} and ${fixed(3)(d.high)}</span> <span>p ${probability(d.pValue ?? e.pValue)}</span></p>
    <p class="note">${d.target ?? arms[1]?.target} less ${arms[0]?.target}. ${excludes ? "The interval excludes zero." : "The interval includes zero: no difference is shown."} It holds with ${level} whenever one looks.</p>
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
  const promoted = store.models?.find((m) => Object.keys(m.aliases).length);
  const a = promoted ? `${promoted.name}@${Object.keys(promoted.aliases)[0]}` : "support@champion";
  const b = store.bases?.[0]?.name ?? "smollm2-135m-instruct";
  return empty("No experiment yet", "An experiment gives every subject one of two targets, and reads what they say of its answers.", `./lathe experiment start desk --arm ${a} --arm ${b}`);
}
