import { expect, test } from "vitest";
import { type Beside, compare } from "../../bench/api/rounds.ts";
import { compareSections, medians, TOLERANCE } from "../../bench/comparison.ts";
import type { Figure, Section } from "../../bench/figures.ts";
import { missedGoals, numberOf, renderPage, renderTable } from "../../bench/report.ts";

const figure = (given: Partial<Figure> & Pick<Figure, "kind" | "value">): Figure => ({
  name: "a figure",
  unit: "",
  beside: null,
  goal: null,
  ...given,
});
const section = (...figures: Figure[]): Section => ({ id: "part", title: "A part", figures, notes: ["A note."] });
const worse = (now: Figure[], before: Figure[]) => compareSections([section(...now)], [section(...before)]);

test("a count that is another is told, more or less", () => {
  const one = figure({ kind: "count", value: 1 });
  expect(worse([one], [one])).toEqual([]);
  expect(worse([{ ...one, value: 2 }], [one])).toEqual(["part: a figure is 2 and was 1"]);
  expect(worse([one], [{ ...one, value: 2 }])).toEqual(["part: a figure is 1 and was 2"]);
});

test("a ratio is told from where it is worse than the tolerance allows, to the side that is its worse one", () => {
  const ratio = (value: number, better?: "less") => figure({ kind: "ratio", value, ...(better && { better }) });
  const low = 1 - TOLERANCE;
  const high = 1 + TOLERANCE;
  expect(worse([ratio(low)], [ratio(1)])).toEqual([]);
  expect(worse([ratio(low - 0.01)], [ratio(1)])).toHaveLength(1);
  expect(worse([ratio(9)], [ratio(1)])).toEqual([]);
  expect(worse([ratio(high, "less")], [ratio(1, "less")])).toEqual([]);
  expect(worse([ratio(high + 0.01, "less")], [ratio(1, "less")])).toHaveLength(1);
  expect(worse([ratio(0.1, "less")], [ratio(1, "less")])).toEqual([]);
  const unsteady = { ...ratio(1), tolerance: 0.5 };
  expect(worse([ratio(0.5)], [unsteady])).toEqual([]);
  expect(worse([ratio(0.49)], [unsteady])).toHaveLength(1);
  expect(worse([ratio(Number.NaN)], [ratio(1)])).toHaveLength(1);
  expect(worse([ratio(Number.NaN, "less")], [ratio(1, "less")])).toHaveLength(1);
});

test("a time is never compared", () => {
  const slow = figure({ kind: "measure", value: 1000, unit: "ms" });
  expect(worse([slow], [{ ...slow, value: 1 }])).toEqual([]);
  expect(worse([], [slow])).toEqual([]);
});

test("a figure that is measured no more is told, a new one is not", () => {
  const count = figure({ kind: "count", value: 1 });
  expect(worse([], [count])).toEqual(["part: a figure is measured no more"]);
  expect(worse([count, { ...count, name: "another" }], [count])).toEqual([]);
});

test("a part without committed results is told, one that was not measured is not", () => {
  const count = figure({ kind: "count", value: 1 });
  expect(compareSections([section(count)], [])).toEqual(["part: no results of it are committed"]);
  expect(compareSections([], [section(count)])).toEqual([]);
});

test("the share is taken beside the ceiling's slices right before and after, and of the rounds the median", () => {
  const slice = (requests: number) => ({ requests, answered: requests, ms: 500, p50: 1, p99: 2 });
  const round = (measured: number, before: number, after: number): Beside => ({
    measured: slice(measured),
    before: slice(before),
    after: slice(after),
  });
  const slowed = round(10, 10, 30);
  const rounds = [round(80, 90, 110), slowed, round(70, 100, 100)];
  expect(compare(rounds, "median")).toEqual({ rate: 140, ceiling: 200, share: 0.7, p50: 1, p99: 2 });
  // Of short slices most may be slowed.
  expect(compare([...rounds, slowed, slowed], "best").share).toBe(80 / 110);
});

test("several runs make one: of each ratio the median, whichever run lacks it, and of the rest the first", () => {
  const ratio = (value: number) => figure({ name: "ratio", kind: "ratio", value });
  const count = (value: number) => figure({ name: "count", kind: "count", value });
  const runs = [[section(ratio(3), count(1))], [section(ratio(1), count(2))], [section(count(3), ratio(2))]];
  expect(medians(runs)).toEqual([section(ratio(2), count(1))]);
  expect(medians([runs[0]!, [section(count(9))], []])).toEqual(runs[0]);
});

test("table and page show each figure with what stands beside it and whether the goal is met", () => {
  const machine = { cores: 2, processor: "A", memory_gb: 8, system: "linux", node: "v26", load_before: 0 };
  const beside = { name: "ceiling", value: 2000 };
  const goal = { text: "under 3", met: false };
  const sections = [section(figure({ kind: "measure", value: 1234.5, unit: "/s", beside, goal }))];
  const page = renderPage(
    { machine, sections },
    {
      mended: [{ what: "x", before: "2", after: "1" }],
      why: [
        { of: /figure/, reason: "Since it is slow." },
        { of: /another/, reason: "Not asked." },
      ],
      quick: "Quick.",
    },
  );
  expect(page).toContain("| a figure | 1,235 /s | ceiling 2,000 /s | under 3: MISSED |");
  expect(page).toContain("- A note.");
  expect(page).toContain("| x | 2 | 1 |");
  expect(page).toContain(
    "## Goals that are missed\n\n- part: a figure is 1,235 /s, the goal is under 3\n\nSince it is slow.\n\n##",
  );
  expect(renderTable({ machine, sections })).toMatch(/a figure +1,235 \/s +ceiling 2,000 \/s +under 3: MISSED/);
  expect(missedGoals(sections)).toEqual(["part: a figure is 1,235 /s, the goal is under 3"]);
});

test.each([
  [0, "0"],
  [1, "1"],
  [0.123456, "0.123"],
  [12.345, "12.3"],
  [99.99, "100"],
  [1234567, "1,234,567"],
])("%d is written %s", (value, text) => {
  expect(numberOf(value)).toBe(text);
});
