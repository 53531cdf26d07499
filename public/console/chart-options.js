/** How the charts look; every colour comes from the page's style. */
import { span } from "./time.js";

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const FONT = '12px system-ui, "Open Sans", sans-serif';

const shared =
  ({ ink, grid }, sizeOfValues, valueWords, values = {}) =>
  (at, step) => ({
    legend: { show: false },
    padding: [10, 14, 0, 0],
    cursor: { y: false, sync: { key: "overview" }, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: { range: () => [at[0], at.at(-1)] },
      // Where nothing is shown, an axis of one: a smaller one would repeat its rounded words.
      y: { range: (_, least, most) => [Math.min(0, least ?? 0), most ? Math.max(most, 0.01) * 1.08 : 1] },
    },
    axes: [
      {
        stroke: ink,
        font: FONT,
        size: 30,
        space: 64,
        incrs: [60, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600].filter((one) => one >= step),
        grid: { show: false },
        ticks: { stroke: grid, width: 1, size: 5 },
        values: (_, splits) => splits.map((second) => CLOCK.format(second * 1000)),
      },
      {
        stroke: ink,
        font: FONT,
        size: sizeOfValues,
        space: 36,
        grid: { stroke: grid, width: 1 },
        ticks: { show: false },
        values: (_, splits) => splits.map(valueWords),
        ...values,
      },
    ],
    series: [{}],
  });

/** `bars` from the highest sum to the lowest; `due` null: not shown. */
export function outcomesChart(uPlot, bars, due, colours) {
  const base = shared(colours, 48, (value) => compact(value), {
    incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6],
  });
  const paths = uPlot.paths.bars({ size: [0.86, 60], align: 1 });
  const barSeries = bars.map(({ name }) => ({ paths, fill: colours[name], width: 0, points: { show: false } }));
  const dueSeries = {
    paths: uPlot.paths.stepped({ align: 1 }),
    stroke: colours.due,
    width: 2,
    points: { show: false },
  };
  return {
    options: (at, step) => ({ ...base(at, step), series: [{}, ...barSeries, ...(due ? [dueSeries] : [])] }),
    data: [...bars.map(({ data }) => data), ...(due ? [due] : [])],
  };
}

export function latenessChart(uPlot, p95, colours) {
  const base = shared(colours, 60, (value) => (value === 0 ? "0" : span(value)));
  const paths = uPlot.paths.bars({ size: [0.86, 60], align: 1 });
  return {
    options: (at, step) => ({
      ...base(at, step),
      series: [{}, { paths, fill: colours.p95, width: 0, points: { show: false } }],
    }),
    data: [p95],
  };
}

const compact = (value) => new Intl.NumberFormat("en-GB", { notation: "compact" }).format(value);
