import { table } from "../dev/table.ts";
import type { Figure, Section } from "./figures.ts";
import { type Machine, machineLine } from "./machine.ts";
import type { Mended, Why } from "./mended.ts";

export type Run = { machine: Machine; sections: Section[] };

/** For a terminal. */
export function renderTable({ machine, sections }: Run): string {
  const parts = sections.map(({ title, figures, notes }) => {
    const rows = figures.map((figure) => [figure.name, ...cellsOf(figure)]);
    return [title, table([HEAD, ...rows]), ...notes.map((note) => `- ${note}`)].join("\n");
  });
  return `${machineLine(machine)}\n\n${parts.join("\n\n")}\n`;
}

const HEAD = ["figure", "value", "beside", "goal"];

/** For docs/bench.md, whole. `quick`: what CI does, in words. */
export function renderPage(
  { machine, sections }: Run,
  { mended, why, quick }: { mended: Mended[]; why: Why[]; quick: string },
): string {
  const parts = sections.map(({ title, figures, notes }) =>
    [
      `## ${title}`,
      markdownTable(figures),
      ...(notes.length > 0 ? [notes.map((note) => `- ${note}`).join("\n")] : []),
    ].join("\n\n"),
  );
  const changes = mended.map(({ what, before, after }) => `| ${what} | ${before} | ${after} |`);
  const mendedPart = ["## Mended", ["| what | before | after |", "|---|---|---|", ...changes].join("\n")].join("\n\n");
  return `${[
    "# How fast Torium is",
    "Written by `npm run bench -- --write`; every figure stands beside its ceiling or rival of the same run. All on one machine, over loopback: what counts is how figures compare, not how large they are.",
    `Measured on: ${machineLine(machine)}.`,
    ...parts,
    ...missedPart(sections, why),
    ...(mended.length > 0 ? [mendedPart] : []),
    `## In CI\n\n${quick}`,
  ].join("\n\n")}\n`;
}

/** Each goal that is missed, and each reason once. */
function missedPart(sections: Section[], why: Why[]): string[] {
  const missed = missedGoals(sections);
  if (missed.length === 0) return [];
  const reasons = why.filter(({ of }) => missed.some((line) => of.test(line))).map(({ reason }) => reason);
  return [`## Goals that are missed`, missed.map((line) => `- ${line}`).join("\n"), ...reasons];
}

function markdownTable(figures: Figure[]): string {
  const rows = figures.map((figure) => `| ${[figure.name, ...cellsOf(figure)].join(" | ")} |`);
  return [`| ${HEAD.join(" | ")} |`, "|---|--:|---|---|", ...rows].join("\n");
}

function cellsOf({ value, unit, beside, goal }: Figure): [string, string, string] {
  return [
    withUnit(value, unit),
    beside ? `${beside.name} ${withUnit(beside.value, unit)}` : "",
    goal ? `${goal.text}: ${goal.met ? "met" : "MISSED"}` : "",
  ];
}

const withUnit = (value: number, unit: string) => (unit ? `${numberOf(value)} ${unit}` : numberOf(value));

/** Three digits that mean something; whole from 100 on. */
export function numberOf(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

/** The goals that are not met, a line each. */
export const missedGoals = (sections: Section[]): string[] =>
  sections.flatMap(({ id, figures }) =>
    figures.flatMap(({ name, value, unit, goal }) =>
      goal && !goal.met ? [`${id}: ${name} is ${withUnit(value, unit)}, the goal is ${goal.text}`] : [],
    ),
  );
