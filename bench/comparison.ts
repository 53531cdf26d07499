import type { Figure, Section } from "./figures.ts";
import { median } from "./quantile.ts";
import { numberOf } from "./report.ts";

/** So much worse, as a share of what it was, a ratio may be where it does not say otherwise: another machine and another hour move it too. */
export const TOLERANCE = 0.3;
/** Of rates in short slices, of which whatever else runs on the machine takes a part. */
export const TOLERANCE_OF_RATES = 0.5;

export const COMPARED = `\`npm run bench -- --quick\` measures small sizes in under a minute and compares them with those committed in bench/results.json: counts exactly, ratios with a tolerance of ${TOLERANCE * 100} %, and of ${TOLERANCE_OF_RATES * 100} % where they are of rates in slices of a fifth of a second. Times are never compared.`;

/**
 * What is worse than it was, a line each. A count that differs is one in either direction (better news is committed); a figure that is gone is one, and a new
 * one is none. Sections that were not measured this time, as with `--only`, are left out.
 */
export function compareSections(now: Section[], before: Section[]): string[] {
  return now.flatMap(({ id, figures }) => {
    const known = before.find((section) => section.id === id);
    if (!known) return [`${id}: no results of it are committed`];
    return known.figures.flatMap((was) => {
      const is = figures.find(({ name }) => name === was.name);
      const worse = compareFigures(is, was);
      return worse ? [`${id}: ${was.name} ${worse}`] : [];
    });
  });
}

function compareFigures(is: Figure | undefined, was: Figure): string | null {
  if (was.kind === "measure") return null;
  if (!is) return "is measured no more";
  if (was.kind === "count") {
    return is.value === was.value ? null : `is ${numberOf(is.value)} and was ${numberOf(was.value)}`;
  }
  const less = was.better === "less";
  const tolerance = was.tolerance ?? TOLERANCE;
  const bound = less ? was.value * (1 + tolerance) : was.value * (1 - tolerance);
  // So written, a value that is no number is worse.
  if (less ? is.value <= bound : is.value >= bound) return null;
  return `is ${numberOf(is.value)} and was ${numberOf(was.value)}, which allows ${less ? "at most" : "at least"} ${numberOf(bound)}`;
}

/** Each figure of the first run with the median of all; a count that differs between them keeps the first, and the comparison will tell. */
export function medians(runs: Section[][]): Section[] {
  const [first = [], ...others] = runs;
  return first.map((section) => ({
    ...section,
    figures: section.figures.map((figure) => {
      if (figure.kind !== "ratio") return figure;
      const same = others.flatMap((run) => run.find(({ id }) => id === section.id)?.figures ?? []);
      const values = same.filter(({ name }) => name === figure.name).map(({ value }) => value);
      return { ...figure, value: median([figure.value, ...values]) };
    }),
  }));
}
