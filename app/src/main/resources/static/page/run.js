// The run looked at: where it stands, what it was asked, and its two buttons.
import { html, nothing } from "lit";
import { Room, state, stroke, figure } from "./parts.js";
import { store, Watch } from "./store.js";
import { count, compact, duration, exactly, loss, mebibytes, value, when } from "./format.js";

class Run extends Room {
  #watch = new Watch(this, "runs", "shown", "models");

  render() {
    const run = store.run(store.focus.run);
    if (!run) return nothing;
    const left = store.left(run);
    const { estimate, samples, figures } = store.details(run.id);
    const gain = run.evalLoss != null && run.evalLossBefore != null ? run.evalLoss - run.evalLossBefore : null;
    return html`
      <article class="run" aria-label=${`Run ${run.id}`}>
        <div class="run-head">
          <h3>${stroke(store.slot(run.id))} ${run.model} <span class="id">${run.id}</span></h3>
          ${state(run.state)} ${buttons(run)}
        </div>
        <div class="run-progress">
          <progress class=${run.state} max=${run.steps || 1} value=${run.steps ? run.step : 0} aria-label="Steps done"></progress>
          <span>step ${count(run.step)} of ${count(run.steps)}</span>
          <span class="eta">${left == null ? (run.seconds ? `${duration(run.seconds)} of training` : nothing) : `${duration(left)} left`}</span>
        </div>
        ${run.error ? html`<p class="run-error">${run.error}</p>` : nothing}
        <dl class="figures">
          ${figure("loss", loss(run.loss))}
          ${figure("validation", loss(run.evalLoss), gain == null ? nothing : html`<small>from ${loss(run.evalLossBefore)}</small>`)}
          ${parts(figures).map(([name, v]) => figure(name, loss(v)))}
          ${figure("tokens", compact(run.tokens), html`<small>${compact(run.labelTokens)} learned</small>`)}
          ${figure("tokens/s", compact(run.tokensPerSecond))} ${figure("peak memory", mebibytes(run.peakRssMiB))}
          ${figure("version", run.version ? html`<button type="button" class="link" @click=${() => go(run.version)}>${run.version}</button>` : "–")}
        </dl>
        <p class="origin">
          <span>base <b>${run.base}</b></span><span>dataset <b>${run.dataset}</b></span>
          <span title=${exactly(run.createdAt)}>started <b>${when(run.createdAt)}</b></span>
          ${run.exact ? nothing : html`<span>resumed inexactly</span>`}
        </p>
        ${estimate?.seconds == null ? nothing : html`<p class="origin"><span>expected <b>${duration(estimate.seconds)}</b></span><span>memory <b>${mebibytes(estimate.memoryMiB)}</b></span><span>disk <b>${mebibytes(estimate.diskMiB)}</b></span></p>`}
        ${estimate?.datasets?.length > 1 ? html`<p class="origin">${estimate.datasets.map((d) => html`<span>${d.dataset} <b>${(100 * d.share).toPrecision(3)} %</b>, ${d.passes.toFixed(2)} passes</span>`)}</p>` : nothing}
        ${samples.length ? answers(samples) : nothing}
        <details>
          <summary>Recipe</summary>
          <dl class="recipe">${Object.entries(run.recipe).map(([key, v]) => html`<div><dt>${key}</dt><dd>${value(v)}</dd></div>`)}</dl>
        </details>
      </article>
    `;
  }
}
customElements.define("lathe-run", Run);

/** The validation loss of every part of a mixture. */
const parts = (figures) => Object.entries(figures ?? {}).filter(([key]) => key.startsWith("evalLoss/")).map(([key, v]) => [`on ${key.slice("evalLoss/".length)}`, v]);

function go(version) {
  store.look("version", version);
  document.getElementById("models").scrollIntoView();
}

/** What it answered to each prompt, the newest answer seen at once. */
function answers(samples) {
  const byPrompt = Map.groupBy(samples, (s) => s.prompt);
  return html`<details class="samples" open>
    <summary>Samples</summary>
    ${[...byPrompt].map(
      ([prompt, all]) => html`<div class="sample">
        <p>${prompt}</p>
        <p><small>step ${count(all.at(-1).step)}</small> ${all.at(-1).answer}</p>
        ${all.length > 1
          ? html`<details><summary>earlier</summary>${all.slice(0, -1).reverse().map((s) => html`<p><small>step ${count(s.step)}</small> ${s.answer}</p>`)}</details>`
          : nothing}
      </div>`,
    )}
  </details>`;
}

/** Both keep their place, so that nothing moves when a run ends. */
function buttons(run) {
  const pending = store.pending(run.id);
  const canStop = run.state === "running" || run.state === "queued";
  const canResume = run.state === "stopped" || run.state === "paused" || run.state === "failed";
  return html`<div class="buttons">
    ${canResume || pending === "resume"
      ? html`<button type="button" ?disabled=${!!pending} aria-label=${`Resume run ${run.id}`} @click=${() => store.act(run.id, "resume")}>${pending === "resume" ? "Resuming…" : "Resume"}</button>`
      : html`<button type="button" class=${canStop || pending ? "" : "absent"} ?disabled=${!canStop || !!pending} aria-label=${`Stop run ${run.id} at a checkpoint`} @click=${() => store.act(run.id, "stop")}>${pending === "stop" ? "Stopping…" : "Stop"}</button>`}
  </div>`;
}
