/** What the model takes from the bench's results. */
import type { Figure, Section } from "../figures.ts";
import type { Inputs } from "./model.ts";
import type { PlanOfRun } from "./prediction.ts";

export type Results = { full?: { sections: Section[] }; quick?: { sections: Section[] } };

/** One run of the pipeline with a provider that takes its time, and the same run with one that answers at once. */
export type Run = {
  size: "full" | "quick";
  plan: PlanOfRun;
  people: number;
  provider_s: number;
  at_once: number;
  measured_rate: number;
  /** By stage. */
  roundTrips: Record<string, number>;
};

const TITLE =
  /^(?:([\d,]+) reminders due in one minute|one event with ([\d,]+) participants), provider (\d+) ms: (.*)$/;
const RATE = "from the tick to the last accept";
const TRIPS = "round trips of ";

export function findMeasured(results: Results): { inputs: Partial<Record<keyof Inputs, number>>; runs: Run[] } {
  const figures = (id: string) => results.full?.sections.find((section) => section.id === id)?.figures ?? [];
  const value = (list: Figure[], name: RegExp) => list.find((figure) => name.test(figure.name))?.value;
  const [growth, api, pipeline] = [figures("growth"), figures("api"), figures("pipeline")];
  const over = (whole: number, part: number | undefined) => part && whole / part;
  const inputs = {
    delivery_database_ms: value(growth, /^a delivery in PostgreSQL alone/),
    request_database_ms: value(growth, /^GET \/event in PostgreSQL alone$/),
    delivery_cpu_ms_at_most: over(1000, value(pipeline, /^one event .* provider 0 ms: from the tick/)),
    request_cpu_ms_at_most: over(1000, value(api, /^GET \/event told for the first time at 16: requests$/)),
    delivery_bytes: value(growth, /^a settled delivery on disk$/),
    event_bytes: value(growth, /^an event of four on disk$/),
    person_bytes: value(growth, /^a person on disk$/),
  };
  const known = Object.fromEntries(Object.entries(inputs).filter(([, found]) => found !== undefined));
  return {
    inputs: known as Partial<Record<keyof Inputs, number>>,
    runs: (["full", "quick"] as const).flatMap((size) => runsOf(results, size)),
  };
}

type Told = { plan: PlanOfRun; people: number; ms: number; what: string; value: number };

function runsOf(results: Results, size: "full" | "quick"): Run[] {
  const figures = results[size]?.sections.find(({ id }) => id === "pipeline")?.figures ?? [];
  const told = figures.flatMap(({ name, value }): Told[] => {
    const [, many, one, ms, what] = TITLE.exec(name) ?? [];
    if (what === undefined) return [];
    const people = Number((many ?? one)!.replaceAll(",", ""));
    return [{ plan: many ? "many events" : "one event", people, ms: Number(ms), what, value }];
  });
  const rates = told.filter(({ what }) => what === RATE);
  return rates.flatMap(({ plan, people, ms, value }): Run[] => {
    const at_once = rates.find((one) => one.plan === plan && one.ms === 0)?.value;
    if (ms === 0 || at_once === undefined) return [];
    // Counted where the provider answers at once, and there alone.
    const trips = told.filter((one) => one.plan === plan && one.ms === 0 && one.what.startsWith(TRIPS));
    const roundTrips = Object.fromEntries(trips.map((one) => [one.what.slice(TRIPS.length), one.value]));
    return [{ size, plan, people, provider_s: ms / 1000, at_once, measured_rate: value, roundTrips }];
  });
}
