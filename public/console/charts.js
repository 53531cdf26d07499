/** The overview's charts: what fell due and how it ended, and how late it was. */

import { latenessChart, outcomesChart } from "./chart-options.js";
import { fill, make, trouble } from "./dom.js";
import { instant, span, utc } from "./time.js";
import { count } from "./words.js";

/** From the bottom of a bar to its top. */
const ENDS = ["sent", "failed", "suppressed", "expired"];

/** Answers what draws the overview's data; it is drawn anew when the room or the scheme of colours changes. */
export async function drawCharts(root, signal) {
  let uPlot;
  try {
    ({ default: uPlot } = await import("/console/vendor/uPlot.esm.js"));
  } catch (error) {
    const why = `The charts cannot be drawn here: ${error.message}. The tables below say the same.`;
    fill(root, trouble(new Error(why)));
    return () => {};
  }
  const ended = frame("Due and settled", ["due", ...ENDS], signal);
  const late = frame("Lateness, 95 of 100, by when it was settled", ["p95"], signal);
  fill(root, ended.element, late.element);
  let last = null;

  const drawAll = () => {
    if (!last) return;
    const { at, step, rows } = last;
    const hidden = ended.hidden();
    const values = {
      due: rows.map((row) => row?.due ?? 0),
      ...Object.fromEntries(ENDS.map((end) => [end, rows.map((row) => row?.[end] ?? 0)])),
    };
    // Bars lie one before the other, the highest sum behind.
    const sums = ENDS.map((_, place) =>
      rows.map((_, minute) =>
        ENDS.slice(0, place + 1).reduce((sum, end) => sum + (hidden.has(end) ? 0 : values[end][minute]), 0),
      ),
    );
    const bars = ENDS.map((end, place) => ({ name: end, data: sums[place] })).reverse();
    const shownBars = bars.filter(({ name }) => !hidden.has(name));
    const due = [...values.due.slice(0, -1), values.due.at(-2) ?? 0];
    ended.draw(uPlot, outcomesChart(uPlot, shownBars, hidden.has("due") ? null : due, ended.colours()), {
      at,
      step,
      tell: (minute) => ["due", ...ENDS].map((name) => [name, count(values[name][minute])]),
      label: describe(values, step),
    });
    const p95 = rows.map((row) => row?.p95 ?? null);
    late.draw(uPlot, latenessChart(uPlot, p95, late.colours()), {
      at,
      step,
      tell: (minute) => [["p95", p95[minute] === null ? "–" : span(p95[minute])]],
      label: `Lateness of 95 of 100 deliveries; at most ${span(Math.max(0, ...p95.map((one) => one ?? 0)))}`,
    });
  };

  ended.onToggle(drawAll);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", drawAll, { signal });
  let width = 0;
  const room = new ResizeObserver(([{ contentRect }]) => {
    if (Math.abs(contentRect.width - width) < 1) return;
    width = contentRect.width;
    drawAll();
  });
  room.observe(root);
  signal.addEventListener("abort", () => room.disconnect());
  return (data) => {
    last = byMinute(data);
    drawAll();
  };
}

/** Every step of the range, also where nothing was told of it; the last is the end of the last step and has no row. */
function byMinute({ from, to, step_seconds: step, minutes }) {
  const told = new Map(minutes.map((row) => [Date.parse(row.at) / 1000, row]));
  const anchor = told.keys().next().value ?? 0;
  const start = Math.floor((Date.parse(from) / 1000 - anchor) / step) * step + anchor;
  const end = Date.parse(to) / 1000;
  const at = [];
  for (let moment = start; moment < end; moment += step) at.push(moment);
  at.push((at.at(-1) ?? start) + step);
  return { at, step, rows: at.map((moment) => told.get(moment) ?? null) };
}

const describe = (values, step) => {
  const total = (name) => count(values[name].reduce((sum, one) => sum + one, 0));
  return `By ${span(step)}: ${["due", ...ENDS].map((name) => `${name} ${total(name)}`).join(", ")}`;
};

/** A chart's place: title, what the pointer is over, and a button a series. */
function frame(title, names, signal) {
  const host = make("div", { class: "plot", role: "img" });
  const when = make("span", { class: "when" });
  const hidden = new Set();
  let toggled = () => {};
  let plot = null;
  const keys = names.map((name) => {
    const swatch = make("i", { class: `swatch ${name}` });
    const value = make("b", {});
    const key = make(
      "button",
      { type: "button", class: "key", "aria-pressed": "true", disabled: names.length === 1 },
      swatch,
      name,
      value,
    );
    key.addEventListener("click", () => {
      if (!hidden.delete(name)) hidden.add(name);
      key.setAttribute("aria-pressed", String(!hidden.has(name)));
      toggled();
    });
    return { name, swatch, value, key };
  });
  signal.addEventListener("abort", () => plot?.destroy());
  return {
    element: make(
      "section",
      { class: "panel chart" },
      make("h3", {}, title),
      make(
        "div",
        { class: "keys" },
        keys.map(({ key }) => key),
        when,
      ),
      host,
    ),
    hidden: () => hidden,
    onToggle: (told) => {
      toggled = told;
    },
    /** As the style of this moment has them: the canvas knows no variables. */
    colours: () => ({
      ...Object.fromEntries(keys.map(({ name, swatch }) => [name, getComputedStyle(swatch).backgroundColor])),
      ink: getComputedStyle(host).color,
      grid: getComputedStyle(host).borderTopColor,
    }),
    draw(uPlot, { options, data }, { at, step, tell, label }) {
      const over = (minute) => {
        const known = minute !== null && minute !== undefined && minute < at.length - 1;
        const told = known ? Object.fromEntries(tell(minute)) : {};
        for (const { name, value } of keys) value.textContent = told[name] ?? "";
        fill(when, known && instant(new Date(at[minute] * 1000).toISOString()));
        when.title = known ? utc(at[minute] * 1000) : "";
      };
      const { width, height } = size(host);
      const all = { ...options(at, step), width, height, hooks: { setCursor: [(one) => over(one.cursor.idx)] } };
      plot?.destroy();
      plot = new uPlot(all, [at, ...data], host);
      host.setAttribute("aria-label", label);
      over(null);
    },
  };
}

const size = (host) => ({ width: Math.max(200, host.clientWidth), height: host.clientWidth < 480 ? 180 : 240 });
