// How figures are written. Every function takes null for "not known" and then gives a dash.

const DASH = "–";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "medium" });

/** JSON has no NaN: the server writes it, and the infinities, as words. */
export const toNumber = (value) => (value == null ? null : Number(value));

const known = (write) => (value) => {
  const x = toNumber(value);
  return x == null ? DASH : Number.isFinite(x) ? write(x) : Number.isNaN(x) ? "NaN" : x > 0 ? "∞" : "−∞";
};
const signed = (text) => text.replace("-", "−");

export const count = known((x) => whole.format(x));
export const compact = known((x) => (Math.abs(x) < 10_000 ? whole.format(x) : short.format(x)));
export const fixed = (digits) => known((x) => signed(x.toFixed(digits)));
export const loss = known((x) => signed(Math.abs(x) >= 1000 ? x.toExponential(2) : x.toFixed(3)));
export const percent = known((x) => `${(x * 100).toFixed(x !== 0 && Math.abs(x) < 0.1 ? 1 : 0)}\u00a0%`);
/** A learning rate: 0.001, 3e−5. */
export const rate = known((x) => (x === 0 || Math.abs(x) >= 0.0001 ? String(+x.toPrecision(3)) : `${+x.toExponential(2).split("e")[0]}e−${Math.abs(Math.floor(Math.log10(Math.abs(x)) + 1e-9))}`));
export const probability = known((x) => (x < 0.001 ? "< 0.001" : x.toFixed(3)));
export const mebibytes = known((x) => (x < 1024 ? `${whole.format(x)}\u00a0MiB` : `${(x / 1024).toFixed(1)}\u00a0GiB`));
export const bytes = known((x) => (x < 1024 ? `${x}\u00a0B` : x < 1024 ** 2 ? `${(x / 1024).toFixed(0)}\u00a0KiB` : mebibytes(x / 1024 ** 2)));

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
