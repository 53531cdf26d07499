/** The model's tables, as they stand in docs/scale.md between marks. */
import type { Gathered } from "../scale-model.ts";
import { CHANNELS, costOfMillion, databaseOf, demandOf, firstCostOfMillion, GB, inOrder, monthOf } from "./model.ts";
import { offBy, titleOf } from "./prediction.ts";

const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
const short = (value: number): string =>
  value >= 100 ? whole(value) : value.toLocaleString("en-US", { maximumSignificantDigits: 3 });
const usd = (value: number): string =>
  value < 0.01 ? "under 0.01" : value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const percent = (share: number): string => {
  const off = Math.round(share * 100);
  return off === 0 ? "0 %" : `${off > 0 ? "+" : "−"}${Math.abs(off)} %`;
};
const bytes = (value: number): string => (value >= 1e12 ? `${short(value / 1e12)} TB` : `${short(value / GB)} GB`);

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

export function renderBlocks(g: Gathered): Record<string, string> {
  return {
    demand: demand(g),
    database: database(g),
    limits: limits(g),
    million: million(g),
    month: month(g),
    check: check(g),
    inputs: inputs(g),
  };
}

function demand({ people, numbers }: Gathered): string {
  const of = people.map((count) => demandOf(count, numbers));
  const row = (name: string, cell: (one: (typeof of)[number]) => string) => [name, ...of.map(cell)];
  return table(
    ["people", ...people.map(whole)],
    [
      row("reminders a month", ({ month }) => whole(month)),
      row("in the busiest minute", ({ minute }) => whole(minute)),
      row("of how many events", ({ leads }) => whole(leads)),
      row("a second, to be out within the minute", ({ rate }) => short(rate)),
      ...CHANNELS.map((channel, n) =>
        row(
          `${channel}: a second, consumers`,
          ({ channels }) => `${short(channels[n]!.a_second)}, ${whole(channels[n]!.consumers)}`,
        ),
      ),
      row("queue messages a month", ({ messages }) => whole(messages)),
      row("queue operations a month", ({ operations }) => whole(operations)),
      row("API requests in the busiest second", ({ requests_a_second }) => short(requests_a_second)),
    ],
  );
}

function database({ people, numbers, compute }: Gathered): string {
  const of = people.map((count) => databaseOf(count, numbers));
  const row = (name: string, cell: (one: (typeof of)[number]) => string) => [name, ...of.map(cell)];
  const size = (cu: number) =>
    cu <= compute.autoscaling ? "" : cu <= compute.fixed ? ", of a fixed size" : ", more than Neon has";
  return table(
    ["people", ...people.map(whole)],
    [
      row("deliveries in the ledger", ({ rows }) => whole(rows)),
      row("ledger", ({ ledger }) => bytes(ledger)),
      row("everything", ({ total }) => bytes(total)),
      row("read all the time", ({ hot }) => bytes(hot)),
      row("partitions of the ledger", ({ partition, partitions }) =>
        partitions === 1 ? "none" : `${partitions}, by ${partition}`,
      ),
      row("cores at work in the busiest minute", ({ cores }) => short(cores)),
      row("compute units", ({ cu }) => `${short(cu)}${size(cu)}`),
    ],
  );
}

function limits({ limits, numbers, compute }: Gathered): string {
  const units = (most: number, name: string) => ({
    name,
    limit: most,
    unit: "CU",
    people: peopleOf(most, numbers),
    remedy: "",
  });
  const all = [
    ...inOrder(limits, numbers),
    { ...units(compute.autoscaling, "Neon: autoscaling"), remedy: "a fixed size" },
    {
      ...units(compute.fixed, "Neon: the largest compute"),
      remedy: "the ledger in a project of its own; then groups over several",
    },
  ].sort((a, b) => a.people - b.people);
  return table(
    ["at so many people", "limit", "", "then"],
    all.map(({ name, limit, unit, people, remedy }) => [
      short(Number(people.toPrecision(2))),
      name,
      `${short(limit)} ${unit}`,
      remedy,
    ]),
  );
}

/** How many people a database of so many compute units serves: everything in it grows with them. */
const peopleOf = (cu: number, numbers: Gathered["numbers"]): number => (cu / databaseOf(1e8, numbers).cu) * 1e8;

function million({ numbers, prices, first }: Gathered): string {
  const rows = CHANNELS.flatMap((channel) => {
    const cells = (who: string, c: ReturnType<typeof costOfMillion>) => [
      channel,
      who,
      usd(c.provider),
      usd(c.queue),
      usd(c.worker),
      usd(c.database),
      usd(c.ours),
      usd(c.provider + c.ours),
    ];
    return [
      cells("Torium", costOfMillion(channel, numbers, prices)),
      cells("first Torium", firstCostOfMillion(channel, numbers, first, prices)),
    ];
  });
  return table(
    ["channel", "", "provider", "queues", "Worker or Lambda", "database", "without provider", "all, USD"],
    rows,
  );
}

function month({ people, numbers, prices, plan, first }: Gathered): string {
  const of = people.map((count) => monthOf(count, numbers, prices, plan));
  const row = (name: string, cell: (one: (typeof of)[number]) => number) => [name, ...of.map((one) => usd(cell(one)))];
  return table(
    ["USD a month, people", ...people.map(whole)],
    [
      row("Worker", ({ worker }) => worker),
      row("queues", ({ queue }) => queue),
      row("Neon compute", ({ compute }) => compute),
      row("Neon storage", ({ storage }) => storage),
      ...CHANNELS.map((channel) => row(channel, ({ provider }) => provider[channel])),
      ["first Torium's smallest database", ...people.map(() => usd(first.database_month))],
    ],
  );
}

function check({ compared }: Gathered): string {
  if (compared.length === 0) return "The bench has measured no run yet.";
  const rows = compared.flatMap(({ run, rows }) =>
    rows.map(({ what, predicted, measured, allowed, holds }) => [
      titleOf(run),
      what,
      short(predicted),
      short(measured),
      percent(offBy(predicted, measured)),
      allowed,
      holds ? "yes" : "NO",
    ]),
  );
  return table(["run", "", "predicted", "measured", "off by", "allowed", "holds"], rows);
}

const inputs = ({ listed }: Gathered): string =>
  table(
    ["input", "value", "", "source"],
    Object.entries(listed).map(([name, { value, origin, source }]) => [
      /^[a-z_]+$/.test(name) ? name.replaceAll("_", " ") : name,
      value < 0.001 ? value.toExponential(3).replace(/\.?0+e/, "e") : short(value),
      origin,
      source,
    ]),
  );

/** Puts each block between its marks. Throws where a mark is missing. */
export function replaceBlocks(page: string, blocks: Record<string, string>): string {
  return Object.entries(blocks).reduce((text, [name, block]) => {
    const mark = new RegExp(`(<!-- ${name} -->)[\\s\\S]*?(<!-- /${name} -->)`);
    if (!mark.test(text)) throw new Error(`docs/scale.md has no place for "${name}"`);
    return text.replace(mark, (_, before: string, after: string) => `${before}\n\n${block}\n\n${after}`);
  }, page);
}
