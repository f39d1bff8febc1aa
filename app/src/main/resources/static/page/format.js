// How figures are written. Every function takes null for "not known" and then gives a dash.

const DASH = "–";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "medium" });

/** JSON has no NaN: the server writes it, and the infinities, as words. */
export const toNumber = (value) => (value == null ? null : Number(value));

const known = (write) => (value, digits) => {
  const x = toNumber(value);
  return x == null ? DASH : Number.isFinite(x) ? write(x, digits) : Number.isNaN(x) ? "NaN" : x > 0 ? "∞" : "−∞";
};
const signed = (text) => text.replace("-", "−");

export const count = known((x) => whole.format(x));
export const compact = known((x) => (Math.abs(x) < 10_000 ? whole.format(x) : short.format(x)));
export const fixed = (digits) => known((x) => signed(x.toFixed(digits)));
export const loss = known((x) => signed(Math.abs(x) >= 1000 ? x.toExponential(2) : x.toFixed(3)));
export const percent = known((x) => `${(x * 100).toFixed(x !== 0 && Math.abs(x) < 0.1 ? 1 : 0)}\u00a0%`);
/** A learning rate: 0.001, 3e−5. */
export const rate = known((x, digits = 3) => (x === 0 || Math.abs(x) >= 0.0001 ? String(+x.toPrecision(digits)) : `${+x.toExponential(digits - 1).split("e")[0]}e−${Math.abs(Math.floor(Math.log10(Math.abs(x)) + 1e-9))}`));
export const probability = known((x) => (x < 0.001 ? "< 0.001" : x.toFixed(3)));
export const mebibytes = known((x, digits = 1) => (x < 1024 ? `${whole.format(x)}\u00a0MiB` : `${(x / 1024).toFixed(digits)}\u00a0GiB`));
export const bytes = known((x) => (x < 1024 ? `${x}\u00a0B` : x < 1024 ** 2 ? `${(x / 1024).toFixed(0)}\u00a0KiB` : mebibytes(x / 1024 ** 2)));

/**
 * The power of ten of the distance between two ticks, a span being cut into about so many parts as
 * ECharts does it: into 1, 2, 3 or 5 of some power.
 */
export function tickPower(span, parts) {
  const rough = span / parts;
  const power = Math.floor(Math.log10(rough));
  return rough / 10 ** power >= 7 ? power + 1 : power;
}

const decimals = (power) => Math.min(12, Math.max(0, -power));
const significant = (x, power) => Math.min(12, Math.max(3, Math.floor(Math.log10(Math.abs(x) || 1)) - power + 1));

/** Figures along an axis: with as many digits as it takes to tell one tick from the next. */
export const ticks = {
  loss: (x, power) => {
    if (Math.abs(x) >= 1000) return loss(x);
    const text = x.toFixed(decimals(power));
    // Where an axis is cut, it ends between two ticks.
    return signed(Math.abs(text - x) < 10 ** power / 100 ? text : String(+x.toFixed(decimals(power) + 2)));
  },
  rate: (x, power) => rate(x, significant(x, power)),
  compact: (x, power) => (Math.abs(x) < 10_000 ? whole.format(x) : new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: significant(x, power) }).format(x)),
  mebibytes: (x, power) => mebibytes(x, Math.min(3, Math.max(1, 4 - power))),
};

export const duration = known((seconds) => {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s}\u00a0s`;
  if (s < 3600) return `${Math.floor(s / 60)}\u00a0min ${String(s % 60).padStart(2, "0")}\u00a0s`;
  return `${Math.floor(s / 3600)}\u00a0h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")}\u00a0min`;
});

/** "today 15:26", "21 Nov 15:26". */
export const when = (instant) => {
  const at = new Date(instant);
  if (instant == null || Number.isNaN(at.getTime())) return DASH;
  const today = at.toDateString() === new Date().toDateString();
  return `${today ? "today" : day.format(at)} ${clock.format(at)}`;
};
export const exactly = (instant) => (instant == null ? "" : full.format(new Date(instant)));
export const hash = (text) => (text ? text.slice(0, 10) : DASH);
export const plural = (n, one, many = `${one}s`) => `${whole.format(n)} ${n === 1 ? one : many}`;

/** A recipe's value in one line. */
export const value = (x) => (x == null ? DASH : typeof x === "number" ? String(x) : Array.isArray(x) ? x.join(", ") : typeof x === "object" ? JSON.stringify(x) : String(x));
