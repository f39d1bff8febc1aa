// Small pieces that several rooms of the page share.
import { html, svg, nothing, LitElement } from "lit";
import { store } from "./store.js";

/** Elements draw into the page itself, so that one style sheet and one tab order serve all. */
export class Room extends LitElement {
  createRenderRoot() {
    return this;
  }
}

const SHAPES = {
  running: svg`<circle cx="5" cy="5" r="4"/>`,
  queued: svg`<circle cx="5" cy="5" r="3.4" class="hollow"/>`,
  completed: svg`<path d="M1 5.4 3.9 8.2 9 2" class="stroke"/>`,
  failed: svg`<path d="M1.5 1.5l7 7m0-7l-7 7" class="stroke"/>`,
  stopped: svg`<rect x="1.4" y="1.4" width="7.2" height="7.2"/>`,
  paused: svg`<path d="M3 1v8M7 1v8" class="stroke"/>`,
};

/** A shape and a word: state is never told by colour alone. */
export const state = (word) => html`<span class="state ${word in SHAPES ? word : ""}"><svg viewBox="0 0 10 10" aria-hidden="true">${SHAPES[word] ?? SHAPES.queued}</svg>${word}</span>`;

export const passed = (yes) => html`<span class="state ${yes ? "completed" : "failed"}"><svg viewBox="0 0 10 10" aria-hidden="true">${yes ? SHAPES.completed : SHAPES.failed}</svg>${yes ? "passed" : "not passed"}</span>`;

export const lock = html`<svg class="lock" viewBox="0 0 8 10" role="img" aria-label="protected"><path d="M1 4.5h6V9.4H1z"/><path d="M2.2 4.5V3a1.8 1.8 0 0 1 3.6 0v1.5" class="stroke"/></svg>`;

/** Line dashes by slot: with eight colours, no two of 24 runs look alike. */
export const dash = (slot) => [[], [6, 3], [2, 2.5]][Math.floor(slot / 8) % 3];

/** The stroke of a run, as a legend shows it. */
export const stroke = (slot) => html`<svg class="stroke-sample s${slot % 8}" viewBox="0 0 18 8" aria-hidden="true"><line x1="1" y1="4" x2="17" y2="4" stroke-dasharray=${dash(slot).join(" ") || nothing} /></svg>`;

/** What to type when there is nothing to show. */
export const command = (line) => html`<code class="command">${line}</code>`;

export const empty = (title, text, ...lines) => html`<div class="empty"><p class="empty-title">${title}</p><p>${text}</p>${lines.map((l) => html`<p>${command(l)}</p>`)}</div>`;

/** Names that are really there, so that the command works as it stands. */
export function train() {
  const dataset = store.datasets?.[0];
  const base = dataset?.base ?? store.bases?.[0]?.name ?? "smollm2-135m-instruct";
  return `./lathe train --base ${base} --dataset ${dataset?.dataset ?? "support@1"} --name ${dataset?.name ?? "support"}`;
}

/** A term and its figure. */
export const figure = (name, shown, more = nothing) => html`<div class="figure"><dt>${name}</dt><dd>${shown}${more}</dd></div>`;
