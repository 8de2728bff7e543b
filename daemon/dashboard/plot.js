// Small plots: the last minutes of one figure, and failovers along the time.

import { svg } from "./dom.js";

const LENGTH = 150; // points: five minutes at one each two seconds

export class Series {
  #values = new Map();
  #seen = new Set();

  add(key, value) {
    const values = this.#values.get(key) ?? [];
    values.push(value);
    if (values.length > LENGTH) values.shift();
    this.#values.set(key, values);
    this.#seen.add(key);
  }

  of(key) {
    return this.#values.get(key) ?? [];
  }

  // Forgets what had no point since the last time.
  keep() {
    for (const key of this.#values.keys()) if (!this.#seen.has(key)) this.#values.delete(key);
    this.#seen.clear();
  }
}

// A counter as a rate per second; nothing for the first value, or after a restart.
export class Rates {
  #last = new Map();
  #seen = new Set();

  of(key, count, now) {
    const last = this.#last.get(key);
    this.#last.set(key, { count, now });
    this.#seen.add(key);
    if (!last || count < last.count || now <= last.now) return null;
    return ((count - last.count) * 1000) / (now - last.now);
  }

  keep() {
    for (const key of this.#last.keys()) if (!this.#seen.has(key)) this.#last.delete(key);
    this.#seen.clear();
  }
}

export function sparkline(values, label) {
  const width = 120, height = 24;
  const top = Math.max(...values.filter((value) => value !== null), 1e-9);
  const x = (i) => width - (values.length - 1 - i) * (width / (LENGTH - 1));
  const y = (value) => height - 2 - (value / top) * (height - 4);
  const parts = [];
  let isDrawing = false;
  values.forEach((value, i) => {
    if (value !== null) parts.push(`${isDrawing ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`);
    isDrawing = value !== null;
  });
  return svg("svg", { class: "spark", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("path", { d: `M0 ${height - 2}H${width}`, class: "axis" }),
    svg("path", { d: parts.join(""), class: "line" }));
}

const SHAPES = { // of the rungs, so that no colour is needed
  path: (x) => svg("circle", { cx: x, cy: 20, r: 5 }),
  server: (x) => svg("rect", { x: x - 5, y: 15, width: 10, height: 10 }),
  model: (x) => svg("path", { d: `M${x} 14l6 11h-12z` }),
  continuation: (x) => svg("path", { d: `M${x} 13l7 7-7 7-7-7z` }),
};

export function timeline(failovers, now, span, width) {
  const x = (time) => 10 + (1 - (now - time) / span) * (width - 20);
  const marks = failovers.filter((one) => now - one.at < span).map((one) => {
    const mark = SHAPES[one.rung]?.(x(one.at)) ?? SHAPES.path(x(one.at));
    mark.setAttribute("class", one.lost > 0 || one.twice > 0 ? "bad" : "mark");
    mark.append(svg("title"));
    mark.firstChild.textContent = `${one.from} → ${one.to}`;
    return mark;
  });
  const labels = (width < 500 ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1]).map((part) => {
    const label = svg("text", { x: 10 + part * (width - 20), y: 42, "text-anchor": part === 0 ? "start" : part === 1 ? "end" : "middle" });
    label.textContent = part === 1 ? "now" : `${Math.round(((1 - part) * span) / 60000)} min ago`;
    return label;
  });
  return svg("svg", { viewBox: `0 0 ${width} 48`, role: "img", "aria-label": `${marks.length} failovers in the last ${Math.round(span / 60000)} minutes` },
    svg("path", { d: `M10 20H${width - 10}`, class: "axis" }), ...marks, ...labels);
}
