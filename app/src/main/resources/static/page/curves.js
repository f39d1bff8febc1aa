// Curves as the server thins them, how live records are added, and how they are smoothed.
import { toNumber } from "./format.js";

/** Thinned for about as many points as a chart is wide. */
export const POINTS = 800;
/** Above this many points after live growth, the server thins anew. */
const TOO_MANY = 3 * POINTS;

/** Curves that step records are on; measures of progress are kept only when somebody asked for them. */
const DRAWN = ["loss", "learningRate", "tokensPerSecond", "rssMiB", "rewards/margins", "rewards/accuracies"];
const MEASURES = ["tokens", "seconds"];

/** The curves of one run: name → {points: [[step, value]], means: [[step, mean, count]]}. */
export class Curves {
  #byName = new Map();
  /** What came live since the server last answered: an answer may be older than that. */
  #tails = new Map();
  #loaded = new Set();
  /** Counts changes, so that nobody computes twice what did not change. */
  version = 0;

  /** Takes over what the server answered, with what came live behind it. */
  take(answer) {
    for (const [name, fresh] of Object.entries(answer)) {
      const curve = { points: fresh.points.map(([s, v]) => [s, toNumber(v)]), means: fresh.means.map(([s, v, n]) => [s, toNumber(v), n]) };
      const last = curve.points.at(-1)?.[0] ?? -1;
      const tail = (this.#tails.get(name) ?? []).filter(([step]) => step > last);
      for (const [step, value] of tail) append(curve, step, value);
      this.#tails.set(name, tail);
      this.#byName.set(name, curve);
      this.#loaded.add(name);
    }
    this.version++;
  }

  /** After a break nobody knows whether steps were taken back: the next answer replaces everything. */
  mistrust() {
    this.#tails.clear();
  }

  /** Adds a journal record; true when the curves changed. */
  record(r) {
    if (r.type === "started") this.#takeBack(r.fromStep ?? 0);
    else if (r.type === "step") for (const name of [...DRAWN, ...MEASURES.filter((m) => this.has(m))]) this.#add(name, r.step, r[name]);
    else if (r.type === "eval") this.#add("evalLoss", r.step, r.loss);
    else return false;
    this.version++;
    return true;
  }

  /** A resumed run does the steps behind its checkpoint again. */
  #takeBack(from) {
    for (const curve of this.#byName.values()) {
      curve.points = curve.points.filter(([step]) => step <= from);
      curve.means = curve.means.filter(([step]) => step <= from);
    }
    for (const [name, tail] of this.#tails) this.#tails.set(name, tail.filter(([step]) => step <= from));
  }

  #add(name, step, value) {
    if (value == null) return;
    const curve = this.#byName.get(name) ?? { points: [], means: [] };
    this.#byName.set(name, curve);
    if (step <= (curve.points.at(-1)?.[0] ?? -1)) return;
    append(curve, step, toNumber(value));
    if (!this.#tails.has(name)) this.#tails.set(name, []);
    this.#tails.get(name).push([step, toNumber(value)]);
  }

  /** Whether the server has told this curve from its beginning. */
  has(name) {
    return this.#loaded.has(name);
  }

  points(name) {
    return this.#byName.get(name)?.points ?? [];
  }

  /** What a smoothed line is made of: [step, mean, how many points]. */
  means(name) {
    const curve = this.#byName.get(name);
    return !curve ? [] : curve.means.length ? curve.means : curve.points.map(([s, v]) => [s, v, 1]);
  }

  get tooLong() {
    return [...this.#byName.values()].some((c) => c.points.length > TOO_MANY);
  }
}

function append(curve, step, value) {
  curve.points.push([step, value]);
  if (curve.means.length) curve.means.push([step, value, 1]);
}

/**
 * A mean over the neighbours on both sides, whose weights halve every `halfLife` steps: it follows the
 * curve without lagging behind, and its end is as smooth as what is known allows. A mean of n points
 * weighs as n; what is no number is passed over. Two passes, one from each end.
 */
export function smooth(means, halfLife) {
  const finite = means.filter(([, mean]) => Number.isFinite(mean));
  const gathered = finite.map(() => [0, 0]);
  const pass = (from, to, step) => {
    let sum = 0;
    let weight = 0;
    for (let i = from; i !== to; i += step) {
      const [at, mean, n] = finite[i];
      const kept = i === from ? 0 : 0.5 ** (Math.abs(at - finite[i - step][0]) / halfLife);
      sum = sum * kept + mean * n;
      weight = weight * kept + n;
      gathered[i][0] += sum;
      gathered[i][1] += weight;
    }
  };
  pass(0, finite.length, 1);
  pass(finite.length - 1, -1, -1);
  // Each point was gathered from both ends.
  return finite.map(([at, mean, n], i) => [at, (gathered[i][0] - mean * n) / (gathered[i][1] - n)]);
}

/** Index of the last point at or before x; -1 when all lie behind it. */
export function at(points, x) {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle][0] <= x) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The point nearest to x, or null. */
export function nearest(points, x) {
  const i = at(points, x);
  const before = points[i];
  const after = points[i + 1];
  if (!before || !after) return before ?? after ?? null;
  return x - before[0] <= after[0] - x ? before : after;
}

/** From step to another measure of progress (tokens, seconds), along a curve of that measure. */
export function along(points) {
  return (step) => {
    const i = at(points, step);
    if (i < 0) return 0;
    const [s0, v0] = points[i];
    const next = points[i + 1];
    return next ? v0 + ((next[1] - v0) * (step - s0)) / (next[0] - s0) : v0;
  };
}
