// The page: its head, and the rooms below it.
import { html, nothing } from "lit";
import { Room } from "./parts.js";
import { store, Watch } from "./store.js";
import { count } from "./format.js";
import "./runs.js";
import "./models.js";
import "./experiments.js";

const THEMES = { auto: "Auto", light: "Light", dark: "Dark" };
const CONNECTION = { live: "live", connecting: "connecting", away: "no answer, trying again" };

class Head extends Room {
  #watch = new Watch(this, "home", "runs", "models", "experiments", "connection", "problem");

  get #theme() {
    return document.documentElement.dataset.theme ?? "auto";
  }

  #choose(theme) {
    if (theme === "auto") {
      delete document.documentElement.dataset.theme;
      localStorage.removeItem("lathe.theme");
    } else {
      document.documentElement.dataset.theme = theme;
      localStorage.setItem("lathe.theme", theme);
    }
    this.requestUpdate();
  }

  /** A tab in the background tells how far the training is. */
  updated() {
    const run = store.runs?.find((r) => r.state === "running" && r.steps);
    document.title = run ? `${Math.floor((100 * run.step) / run.steps)} % ${run.model} · Lathe` : "Lathe";
  }

  render() {
    const link = (id, name, items) => html`<a href="#${id}">${name}<span class="tally">${items ? count(items.length) : ""}</span></a>`;
    return html`
      <header class="head">
        <h1>Lathe</h1>
        <p class="home" title=${store.home}><bdi dir="ltr">${store.home}</bdi></p>
        <nav aria-label="On this page">${link("runs", "Runs", store.runs)}${link("models", "Models", store.models)}${link("experiments", "Experiments", store.experiments)}</nav>
        <p class="connection ${store.connection}" role="status">${CONNECTION[store.connection]}</p>
        <fieldset class="choice">
          <legend class="unseen">Theme</legend>
          ${Object.entries(THEMES).map(
            ([theme, name]) => html`<label><input type="radio" name="theme" value=${theme} .checked=${this.#theme === theme} @change=${() => this.#choose(theme)} /><span>${name}</span></label>`,
          )}
        </fieldset>
      </header>
      <div class="problem" role="alert">
        ${store.problem
          ? html`<p><strong>${store.problem.message}</strong> ${store.problem.remedy}</p><button type="button" class="quiet" @click=${() => ((store.problem = null), store.changed("problem"))}>Dismiss</button>`
          : nothing}
      </div>
    `;
  }
}
customElements.define("lathe-head", Head);

store.start();
