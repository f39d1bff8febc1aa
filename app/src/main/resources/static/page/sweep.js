// The sweep of the run looked at: its trials side by side, the best one marked.
import { html, nothing } from "lit";
import { Room, state, stroke } from "./parts.js";
import { store, Watch } from "./store.js";
import { compact, count, loss, mebibytes, percent, plural, rate, value } from "./format.js";

/** Curves that still can be told apart. */
const MOST_CURVES = 12;
const METRICS = { evalLoss: "validation loss", tokenAccuracy: "token accuracy", loss: "training loss" };

class Sweep extends Room {
  #watch = new Watch(this, "runs", "shown", "sweeps");

  render() {
    const id = store.run(store.focus.run)?.sweep;
    const sweep = id ? store.sweep(id) : null;
    if (!sweep) return nothing;
    const over = sweep.trials.filter((t) => t.state === "completed" || t.state === "failed").length;
    return html`
      <article class="sweep" aria-label=${`Sweep ${sweep.id}`}>
        <div class="run-head">
          <h3>Sweep of ${sweep.keys.join(", ")} <span class="id">${sweep.id}</span></h3>
          ${state(sweep.state)} ${buttons(sweep)}
        </div>
        <p class="note">
          ${count(over)} of ${plural(sweep.trials.length, "trial")} over, compared by ${METRICS[sweep.metric]}${sweep.best == null ? "." : html`; the best is <b>trial ${sweep.best}</b>${sweep.version ? html`, registered as ${sweep.version}` : nothing}.`}
        </p>
        <div class="scroll" tabindex="0" role="region" aria-label="The trials side by side">
          <table>
            <thead>
              <tr><th scope="col">trial</th>${sweep.keys.map((k) => html`<th scope="col" class="n">${k}</th>`)}<th scope="col">state</th><th scope="col" class="n">step</th><th scope="col" class="n">loss</th><th scope="col" class="n">validation</th><th scope="col" class="n">before</th><th scope="col" class="n">accuracy</th><th scope="col" class="n">tokens/s</th><th scope="col" class="n">memory</th></tr>
            </thead>
            <tbody>${sweep.trials.map((t) => row(sweep, t))}</tbody>
          </table>
        </div>
        ${sweep.trials.filter((t) => t.error).map((t) => html`<p class="run-error">Trial ${t.number}: ${t.error}</p>`)}
      </article>
    `;
  }
}
customElements.define("lathe-sweep", Sweep);

function row(sweep, trial) {
  const run = store.run(trial.run);
  const shown = store.shown.includes(trial.run);
  const text = (x) => (typeof x === "number" ? rate(x) : value(x));
  return html`
    <tr class=${trial.best ? "best" : ""}>
      <th scope="row">
        ${shown ? stroke(store.slot(trial.run)) : nothing}
        ${run ? html`<button type="button" class="link" @click=${() => store.look("run", trial.run)}>${trial.number}</button>` : trial.number}
        ${trial.best ? html`<span class="alias">best</span>` : nothing}
      </th>
      ${sweep.keys.map((k) => html`<td class="n">${text(trial.values[k])}</td>`)}
      <td>${state(trial.state)}</td>
      <td class="n">${count(trial.step)} / ${count(trial.steps)}</td>
      <td class="n">${loss(trial.loss)}</td>
      <td class="n strong">${loss(trial.evalLoss)}</td>
      <td class="n">${loss(trial.evalLossBefore)}</td>
      <td class="n">${percent(trial.tokenAccuracy)}</td>
      <td class="n">${compact(trial.tokensPerSecond)}</td>
      <td class="n">${mebibytes(trial.peakRssMiB)}</td>
    </tr>
  `;
}

function buttons(sweep) {
  const begun = sweep.trials.map((t) => t.run).filter((id) => store.run(id));
  const hidden = begun.filter((id) => !store.shown.includes(id));
  const pending = store.pending(sweep.id);
  const runs = sweep.state === "running";
  const rests = sweep.state === "stopped" || sweep.state === "failed";
  return html`<div class="buttons">
    <button type="button" class="quiet" ?disabled=${hidden.length === 0} @click=${() => hidden.slice(0, Math.max(0, MOST_CURVES - store.shown.length)).forEach((id) => store.show(id, true))}>Show all curves</button>
    ${rests || pending === "resume"
      ? html`<button type="button" ?disabled=${!!pending} aria-label=${`Resume sweep ${sweep.id}`} @click=${() => store.act(sweep.id, "resume", "sweeps")}>${pending === "resume" ? "Resuming…" : "Resume"}</button>`
      : html`<button type="button" class=${runs || pending ? "" : "absent"} ?disabled=${!runs || !!pending} aria-label=${`Stop sweep ${sweep.id} at a checkpoint`} @click=${() => store.act(sweep.id, "stop", "sweeps")}>${pending === "stop" ? "Stopping…" : "Stop"}</button>`}
  </div>`;
}
