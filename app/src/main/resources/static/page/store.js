// What the page knows, in one place. Components watch topics and draw again when one changes.
import { listen, request, segment } from "./api.js";
import { Curves, POINTS } from "./curves.js";

const FIRST = ["loss", "evalLoss"];
const PANELS = ["learningRate", "tokensPerSecond", "rssMiB", "rewards/margins", "rewards/accuracies"];

const CALM = 3000;

/** Colours and dashes stand in page.css and parts.js; a run keeps its slot while the page is open. */
const SLOTS = 24;

class Store extends EventTarget {
  connection = "connecting";
  home = "";
  /** null until the first answer, so that a component can tell empty from not yet known. */
  runs = null;
  models = null;
  experiments = null;
  datasets = null;
  bases = null;
  problem = null;
  /** Ids of the runs whose curves are shown, in the order chosen. */
  shown = [];
  /** The run, version and experiment looked at. */
  focus = { run: null, version: null, experiment: null };

  /** What curves are drawn over: step, tokens or seconds. */
  axis = "step";

  #changes = new Set();
  #chosen = false;
  #loading = new Set();
  #waiting = new Set();
  #asked = new Map();
  #curves = new Map();
  #slots = new Map();
  #pending = new Map();
  #speed = new Map();
  #details = new Map();
  #sweeps = new Map();

  /** Told once a frame, however much happened in it. */
  changed(...topics) {
    if (this.#changes.size === 0) {
      const tell = () => {
        const told = [...this.#changes];
        this.#changes.clear();
        for (const topic of told) this.dispatchEvent(new Event(topic));
      };
      document.hidden ? setTimeout(tell) : requestAnimationFrame(tell);
    }
    for (const topic of topics) this.#changes.add(topic);
  }

  // ---- runs

  run(id) {
    return this.runs?.find((r) => r.id === id) ?? null;
  }

  curves(id) {
    let curves = this.#curves.get(id);
    if (!curves) this.#curves.set(id, (curves = new Curves()));
    return curves;
  }

  /** A small number that a run keeps, for its colour and dash. */
  slot(id) {
    if (!this.#slots.has(id)) {
      const taken = new Set(this.#slots.values());
      let free = 0;
      while (taken.has(free) && free < SLOTS) free++;
      this.#slots.set(id, free);
    }
    return this.#slots.get(id);
  }

  show(id, on) {
    this.shown = on ? [...this.shown.filter((s) => s !== id), id] : this.shown.filter((s) => s !== id);
    if (!on) this.#slots.delete(id);
    this.#remember();
    if (on) this.load(id);
    this.changed("shown");
  }

  look(what, id) {
    this.focus[what] = id;
    if (what === "run" && id && !this.shown.includes(id)) {
      // Looking at a run shows its curve; alone, unless several are being compared.
      if (this.shown.length <= 1) this.shown.forEach((s) => this.#slots.delete(s));
      this.shown = this.shown.length > 1 ? [...this.shown, id] : [id];
      this.load(id);
    }
    this.#remember();
    this.changed("shown", "models", "experiments");
  }

  /** Loads what of a run's curves is drawn first, then what is small. */
  async load(...ids) {
    const wanted = ids.filter((id) => !this.#loading.has(id));
    wanted.forEach((id) => this.#loading.add(id));
    try {
      await Promise.all(wanted.map((id) => this.#fetch(id, FIRST)));
      await Promise.all(wanted.map((id) => this.#fetch(id, this.axis === "step" ? PANELS : [...PANELS, this.axis])));
    } catch (e) {
      this.fail(e);
    } finally {
      wanted.forEach((id) => this.#loading.delete(id));
    }
  }

  async #fetch(id, names) {
    const query = names.map((n) => `names=${n}`).join("&");
    const answer = await request(`runs/${segment(id)}/curves?${query}&points=${POINTS}`);
    this.curves(id).take(answer.curves);
    this.changed("curves");
  }

  /** Draws over another measure, which has to be loaded first. */
  over(axis) {
    this.axis = axis;
    this.changed("curves");
    if (axis === "step") return;
    for (const id of this.shown) if (!this.curves(id).has(axis)) this.#fetch(id, [axis]).catch((e) => this.fail(e));
  }

  /** Seconds until a run ends, by the pace of its latest steps; null when nobody can say. */
  left(run) {
    if (run.state !== "running" || !run.steps || !run.step) return null;
    const pace = this.#speed.get(run.id);
    const perStep = pace?.length > 1 ? (pace.at(-1)[1] - pace[0][1]) / (pace.at(-1)[0] - pace[0][0]) : run.seconds / run.step;
    return perStep > 0 ? perStep * (run.steps - run.step) : null;
  }

  /** What no listing tells of a run: its estimate and its samples. Asked for once, then heard. */
  details(id) {
    if (!this.#details.has(id)) {
      const details = { estimate: null, samples: [], figures: {} };
      this.#details.set(id, details);
      request(`runs/${segment(id)}`)
        .then(({ estimate, samples, figures }) => {
          Object.assign(details, { estimate, samples, figures });
          this.changed("runs");
        })
        .catch((e) => this.fail(e));
    }
    return this.#details.get(id);
  }

  /** Asks a run, or a sweep, to stop or to go on. */
  async act(id, action, kind = "runs") {
    this.#pending.set(id, action);
    this.changed(kind);
    try {
      await request(`${kind}/${segment(id)}/${action}`, {});
      this.problem = null;
      if (kind === "sweeps") this.#soon(`sweep ${id}`);
    } catch (e) {
      this.#pending.delete(id);
      this.fail(e);
    }
    this.changed(kind);
  }

  /** A sweep with its trials side by side; null until it was loaded. */
  sweep(id) {
    if (!this.#sweeps.has(id)) {
      this.#sweeps.set(id, null);
      this.#loadTopic(`sweep ${id}`);
    }
    return this.#sweeps.get(id);
  }

  /** What a run was asked and has not done yet: "stop", "resume" or null. */
  pending(id) {
    return this.#pending.get(id) ?? null;
  }

  fail(e) {
    this.problem = e;
    this.changed("problem");
  }

  // ---- loading and hearing

  start() {
    const query = new URLSearchParams(location.search);
    this.shown = query.get("runs")?.split(",").filter(Boolean) ?? [];
    for (const key of Object.keys(this.focus)) this.focus[key] = query.get(key);
    listen({
      connection: (state) => {
        this.connection = state;
        this.changed("connection");
      },
      hello: () => this.#loadAll(),
      runs: ({ items }) => this.#tookRuns(items),
      records: ({ run, records }) => this.#tookRecords(run, records),
      changed: ({ topics }) => topics.forEach((t) => this.#soon(t)),
    });
  }

  async #loadAll() {
    this.problem = null;
    this.changed("problem");
    try {
      const [health, runs] = await Promise.all([request("health"), request("runs")]);
      this.home = health.home;
      this.runs = runs.items;
      this.#pending.clear(); // what was asked before a break is told by the states
      if (!this.#chosen) this.#chooseRuns();
      for (const curves of this.#curves.values()) curves.mistrust();
      this.#details.clear();
      this.changed("home", "runs", "shown");
      await Promise.all([this.load(...this.shown), this.#loadTopic("aliases"), this.#loadTopic("experiments"), this.#loadTopic("datasets")]);
    } catch (e) {
      this.fail(e);
    }
  }

  /** Runs named in the address, else those that train, else the newest. */
  #chooseRuns() {
    this.#chosen = true;
    this.shown = this.shown.filter((id) => this.run(id));
    if (this.shown.length === 0) {
      const training = this.runs.filter((r) => r.state === "running").map((r) => r.id);
      this.shown = (training.length ? training : this.runs.map((r) => r.id).slice(0, 1)).slice(0, 4);
    }
    if (!this.run(this.focus.run)) this.focus.run = this.shown[0] ?? null;
  }

  /** Under load experiments change with every answer: what changes again and again is asked for every few seconds. */
  #soon(topic) {
    if (this.#waiting.has(topic)) return;
    const wait = Math.max(0, (this.#asked.get(topic) ?? 0) + CALM - performance.now());
    this.#waiting.add(topic);
    setTimeout(() => {
      this.#waiting.delete(topic);
      this.#loadTopic(topic);
    }, wait);
  }

  async #loadTopic(topic) {
    this.#asked.set(topic, performance.now());
    try {
      if (topic === "versions" || topic === "aliases") {
        const [models, runs] = await Promise.all([request("models"), topic === "versions" ? request("runs") : null]);
        this.models = models.items;
        if (runs) this.#tookRuns(runs.items); // a run that became a version says so
        this.changed("models");
      } else if (topic === "experiments") {
        this.experiments = (await request("experiments")).items;
        this.changed("experiments");
      } else if (topic.startsWith("sweep ")) {
        const id = topic.slice("sweep ".length);
        const before = this.#sweeps.get(id);
        const sweep = await request(`sweeps/${segment(id)}`);
        if (before?.state !== sweep.state) this.#pending.delete(id);
        this.#sweeps.set(id, sweep);
        // Its end follows that of its last trial by a moment, and no run tells of it.
        if (sweep.state === "running") this.#soon(topic);
        this.changed("sweeps");
      } else if (topic === "datasets") {
        const [datasets, bases] = await Promise.all([request("datasets"), request("bases")]);
        this.datasets = datasets.items;
        this.bases = bases.items.filter((b) => b.here);
        this.changed("runs", "models");
      }
    } catch (e) {
      this.fail(e);
    }
  }

  #tookRuns(items) {
    if (!this.runs) return;
    const known = new Map(this.runs.map((r) => [r.id, r]));
    for (const run of items) {
      const before = known.get(run.id);
      if (before?.state !== run.state) this.#pending.delete(run.id);
      // Records run ahead of the registry by a moment.
      known.set(run.id, before && run.state === "running" && before.step > run.step ? { ...run, ...progress(before) } : run);
      if (!before) this.#joined(run);
      if (run.sweep && this.#sweeps.get(run.sweep)) this.#soon(`sweep ${run.sweep}`);
    }
    // Runs of one moment stay where they are: a list that turns over with every answer cannot be read.
    this.runs = [...known.values()].sort((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0));
    this.changed("runs");
  }

  /** A run that just began is shown when nothing else is looked at. */
  #joined(run) {
    const watched = this.shown.map((id) => this.run(id)).some((r) => r && (r.state === "running" || r.state === "queued"));
    if (watched || this.shown.length > 1) return;
    this.shown = [run.id];
    this.focus.run = run.id;
    this.load(run.id);
    this.#remember();
    queueMicrotask(() => this.changed("shown"));
  }

  #tookRecords(id, records) {
    const curves = this.curves(id);
    const drawn = records.filter((r) => curves.record(r)).length > 0;
    const run = this.run(id);
    if (run) {
      for (const r of records) this.#advance(run, r);
      this.changed("runs");
    }
    if (drawn && this.shown.includes(id)) this.changed("curves");
    if (curves.tooLong && this.shown.includes(id)) this.load(id);
  }

  #advance(run, r) {
    if (r.type === "step") {
      Object.assign(run, { step: r.step, steps: r.steps, loss: r.loss, tokens: r.tokens, labelTokens: r.labelTokens, seconds: r.seconds, tokensPerSecond: r.tokensPerSecond });
      const pace = this.#speed.get(run.id) ?? [];
      pace.push([r.step, r.seconds]);
      this.#speed.set(run.id, pace.slice(-40));
    } else if (r.type === "eval") {
      run[r.step === 0 ? "evalLossBefore" : "evalLoss"] = r.loss;
      const details = this.#details.get(run.id);
      if (details) for (const key of Object.keys(r)) if (key.startsWith("loss/")) details.figures = { ...details.figures, [`evalLoss/${key.slice("loss/".length)}`]: r[key] };
    } else if (r.type === "estimate" && this.#details.has(run.id)) {
      this.#details.get(run.id).estimate = r;
    } else if (r.type === "sample" && this.#details.has(run.id)) {
      const details = this.#details.get(run.id);
      details.samples = [...details.samples.filter((s) => s.step !== r.step || s.prompt !== r.prompt), r];
    } else if (r.type === "started") {
      this.#speed.delete(run.id);
    }
  }

  #remember() {
    const query = new URLSearchParams();
    if (this.shown.length) query.set("runs", this.shown.join(","));
    for (const [key, id] of Object.entries(this.focus)) if (id) query.set(key, id);
    history.replaceState(null, "", `?${query.toString().replaceAll("%2C", ",").replaceAll("%40", "@")}${location.hash}`);
  }
}

const progress = ({ step, steps, loss, tokens, labelTokens, seconds, tokensPerSecond }) => ({ step, steps, loss, tokens, labelTokens, seconds, tokensPerSecond });

export const store = new Store();

/** A Lit controller that draws its host again when one of the topics changes. */
export class Watch {
  constructor(host, ...topics) {
    this.redraw = () => host.requestUpdate();
    this.topics = topics;
    host.addController(this);
  }

  hostConnected() {
    for (const topic of this.topics) store.addEventListener(topic, this.redraw);
  }

  hostDisconnected() {
    for (const topic of this.topics) store.removeEventListener(topic, this.redraw);
  }
}
