// One chart of lines over a common axis, drawn by ECharts on a canvas.
import { html } from "lit";
import { Room } from "./parts.js";
import { nearest } from "./curves.js";
import { tickPower } from "./format.js";

let library;
const loaded = () => (library ??= import("echarts"));

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const coarse = matchMedia("(pointer: coarse)");

/**
 * Properties:
 *   lines  [{key, name, slot, dash, layers: [{kind: "raw" | "line" | "dots", points: [[x, y]]}], values: [{label, points}]}]
 *   x, y   how to write a position and a value, exactly; tickX, tickY: how to write them along an axis, given the
 *          power of ten of the distance between ticks; whole: no value is told in parts
 *   log    a logarithmic y axis; clip: [low, high] or null
 *   label  what the chart shows, for those who do not see it; small: a panel without zoom
 */
class Chart extends Room {
  static properties = { lines: { attribute: false }, x: { attribute: false }, y: { attribute: false }, tickX: { attribute: false }, tickY: { attribute: false }, whole: { type: Boolean }, log: { type: Boolean }, clip: { attribute: false }, label: {}, small: { type: Boolean } };

  #chart = null;
  #resize = new ResizeObserver(() => this.#chart?.resize());
  #theme = new MutationObserver(() => this.#draw());
  #dark = matchMedia("(prefers-color-scheme: dark)");
  #recolour = () => this.#draw();
  #cursor = null;
  #ground = "";

  constructor() {
    super();
    this.lines = [];
    this.x = this.y = this.tickX = this.tickY = String;
    this.label = "";
    this.clip = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    this.#dark.addEventListener("change", this.#recolour);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#theme.disconnect();
    this.#dark.removeEventListener("change", this.#recolour);
    this.#resize.disconnect();
    this.#chart?.dispose();
    this.#chart = null;
  }

  render() {
    return html`<div class="canvas" role="img" tabindex="0" aria-label=${this.label} @keydown=${this.#key} @blur=${() => this.#hide()}></div>
      <div class="unseen" aria-live="polite"></div>`;
  }

  async updated() {
    if (!this.#chart) {
      const { init } = await loaded();
      const canvas = this.querySelector(".canvas");
      if (this.#chart || !this.isConnected) return this.#draw();
      this.#chart = init(canvas, null, { renderer: "canvas" });
      this.#resize.observe(canvas);
      this.#chart.getZr().on("dblclick", () => this.reset());
      this.#chart.on("datazoom", () => this.dispatchEvent(new CustomEvent("zoomed", { detail: this.zoomed })));
    }
    this.#draw();
  }

  get zoomed() {
    const zoom = this.#chart?.getOption()?.dataZoom?.[0];
    return !!zoom && (zoom.start > 0.01 || zoom.end < 99.99);
  }

  /** Shows the whole axis again. */
  reset() {
    this.#chart?.dispatchAction({ type: "dataZoom", start: 0, end: 100 });
  }

  /** The chart as a picture. */
  png() {
    return this.#chart?.getDataURL({ pixelRatio: 2, backgroundColor: css("--paper") });
  }

  /** Axes and colours only when they changed: drawing lines alone leaves the read-out where it is. */
  #draw() {
    if (!this.#chart) return;
    const paper = css("--paper");
    const powers = this.#powers;
    const ground = [paper, this.log, this.clip, powers].join();
    const series = this.lines.flatMap((line) => line.layers.map((layer) => drawn(line, layer, this.lines.length > 3 ? 0.16 : 0.3)));
    this.#chart.setOption(ground === this.#ground ? { series } : { ...this.#axes(powers), series }, { replaceMerge: ["series"] });
    if (this.#ground === "" && !this.small && !coarse.matches) {
      this.#chart.dispatchAction({ type: "takeGlobalCursor", key: "dataZoomSelect", dataZoomSelectActive: true });
    }
    this.#ground = ground;
  }

  /** How far apart the ticks of x and y lie, as powers of ten: what they say needs that many digits. */
  get #powers() {
    const layers = this.lines.flatMap((line) => line.layers);
    return [0, 1].map((i) => {
      let low = Infinity;
      let high = -Infinity;
      if (i && this.clip) [low, high] = this.clip;
      else
        for (const { points } of layers)
          for (const point of points) {
            low = Math.min(low, point[i]);
            high = Math.max(high, point[i]);
          }
      // Around a single value ECharts spans as much as the value itself.
      return low > high ? 0 : tickPower(high - low || Math.abs(high) || 1, i ? this.#parts.y : this.#parts.x);
    });
  }

  get #parts() {
    return this.small ? { x: 3, y: 2 } : { x: 8, y: 5 };
  }

  #axes([across, up]) {
    const { x, y } = this.#parts;
    const ink = css("--ink-soft");
    const hair = css("--hair");
    const text = { color: ink, fontFamily: getComputedStyle(this).fontFamily, fontSize: this.small ? 11 : 12 };
    const line = { show: true, onZero: false, lineStyle: { color: hair } };
    return {
      animation: false,
      textStyle: text,
      grid: { ...this.#margins, top: 10, bottom: this.small ? 20 : 26 },
      xAxis: { type: "value", min: "dataMin", max: "dataMax", splitNumber: x, minInterval: 1, axisLine: line, axisTick: { show: false }, splitLine: { show: false }, axisLabel: { ...text, formatter: once((v) => this.tickX(v, across)), hideOverlap: true }, axisPointer: { label: { show: false } } },
      yAxis: { type: this.log ? "log" : "value", scale: true, min: this.clip?.[0] ?? null, max: this.clip?.[1] ?? null, splitNumber: y, ...(this.whole ? { minInterval: 1 } : {}), axisLine: { show: false }, axisTick: { show: false }, splitLine: { lineStyle: { color: hair } }, axisLabel: { ...text, formatter: once((v) => this.tickY(v, up)), hideOverlap: true } },
      tooltip: {
        trigger: "axis",
        confine: true,
        transitionDuration: 0,
        backgroundColor: css("--paper-raised"),
        borderColor: hair,
        borderWidth: 1,
        padding: [7, 10],
        textStyle: { ...text, color: css("--ink") },
        extraCssText: "box-shadow: none; border-radius: 4px;",
        axisPointer: { type: "line", snap: false, lineStyle: { color: ink, type: "solid", width: 1, opacity: 0.5 } },
        formatter: (hits) => this.#readOut(hits),
      },
      ...(this.small ? {} : this.#zoom()),
    };
  }

  get #margins() {
    return { left: this.small ? 46 : 52, right: this.small ? 6 : 14 };
  }

  /** Dragging over the chart zooms in, a double click out; fingers scroll the page instead. */
  #zoom() {
    return {
      dataZoom: [{ type: "inside", zoomOnMouseWheel: "ctrl", moveOnMouseMove: "shift", moveOnMouseWheel: false, filterMode: "none", disabled: coarse.matches }],
      toolbox: { itemSize: 0, showTitle: false, feature: { dataZoom: { yAxisIndex: "none", filterMode: "none", brushStyle: { color: css("--accent"), opacity: 0.12, borderWidth: 0 } } } },
    };
  }

  /** Every line's value at the pointer, whether or not it has a point just there. */
  #readOut(hits) {
    const x = (Array.isArray(hits) ? hits[0] : hits)?.axisValue;
    if (x == null) return "";
    const box = document.createElement("div");
    box.className = "read-out";
    const head = box.appendChild(document.createElement("div"));
    head.textContent = this.x(x);
    for (const line of this.lines) {
      const row = box.appendChild(document.createElement("div"));
      row.className = `read-row s${line.slot % 8}`;
      row.appendChild(document.createElement("i"));
      row.appendChild(document.createElement("span")).textContent = line.name;
      for (const { label, points } of line.values) {
        const point = nearest(points, x);
        const value = row.appendChild(document.createElement("b"));
        value.textContent = point ? `${label}${this.y(point[1])}` : "";
      }
    }
    return box;
  }

  /** Arrow keys move the cursor by a fiftieth of what is seen, Home and End to the ends. */
  #key(event) {
    if (!this.#chart || !this.lines.length) return;
    const step = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
    if (event.key === "Escape") return this.#hide();
    if (!step) return;
    event.preventDefault();
    const { left, right } = this.#margins;
    const width = this.#chart.getWidth() - left - right;
    this.#cursor = Math.min(1, Math.max(0, (this.#cursor ?? (step > 0 ? -0.02 : 1)) + step));
    const pixel = left + this.#cursor * width;
    this.#chart.dispatchAction({ type: "showTip", x: pixel, y: this.#chart.getHeight() / 2 });
    const x = this.#chart.convertFromPixel({ xAxisIndex: 0 }, pixel);
    const told = this.lines.map((l) => `${l.name} ${l.values.map((v) => v.label + this.y(nearest(v.points, x)?.[1])).join(" ")}`);
    this.querySelector(".unseen").textContent = `${this.x(x)}: ${told.join("; ")}`;
  }

  #hide() {
    this.#cursor = null;
    this.#chart?.dispatchAction({ type: "hideTip" });
  }
}
customElements.define("lathe-chart", Chart);

/** A tick that would say the same as the one before it says nothing: a coarse figure is no second place. */
function once(write) {
  let before = "";
  return (value, index) => {
    const text = write(value);
    const again = index > 0 && text === before;
    before = text;
    return again ? "" : text;
  };
}

/** A layer as ECharts has it; raw lines are paler where many lie over each other. */
function drawn(line, { kind, points }, pale) {
  const color = css(`--series-${line.slot % 8}`);
  const common = { id: `${line.key} ${kind}`, name: line.name, data: points, silent: true, type: "line", animation: false, emphasis: { disabled: true }, itemStyle: { color } };
  if (kind === "raw") return { ...common, z: 1, symbol: "none", lineStyle: { color, width: 1, opacity: pale } };
  if (kind === "dots") return { ...common, z: 4, showSymbol: true, symbol: "circle", symbolSize: 7, itemStyle: { color: css("--paper"), borderColor: color, borderWidth: 1.8, opacity: 1 }, lineStyle: { color, width: 1.2, type: [1, 3] } };
  return { ...common, z: 3, symbol: points.length === 1 ? "circle" : "none", symbolSize: 5, lineStyle: { color, width: 1.9, type: line.dash.length ? line.dash : "solid", join: "round" } };
}
