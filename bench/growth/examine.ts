/** Whether each verb of the product finds what it needs by indexes alone, in a world of any size. */
import type { Db } from "../../src/clients/neon.ts";
import { explaining, type Plan } from "./plans.ts";
import { verbsOf } from "./statements.ts";
import type { World } from "./world.ts";

export type Verb = {
  name: string;
  run: (db: Db) => Promise<unknown>;
  /** Tables that it may read from end to end, and why that is right. */
  reads?: { tables: string[]; because: string };
  /** Rows that it may touch, where that is more than usual. */
  rows?: number;
};

/** A page of 20 events with their people touches some 300. */
const USUAL_ROWS = 2_000;
/** An index that is walked whole shows in pages, not in rows; a row found through an index is worth two at the most, with what is shared. */
const PAGES_A_ROW = 2;

/** Below it a table may be read whole because it is small. */
const LARGE_EVENTS = 100_000;

export type Examined = { name: string; plans: Plan[]; rows: number; buffers: number; ms: number; faults: string[] };

/** Runs every verb in the world, and answers how each found what it needs and what is wrong with that. */
export async function examine(world: World, at: number, round: number): Promise<Examined[]> {
  const small = world.events < LARGE_EVENTS;
  const examined: Examined[] = [];
  for (const { name, run, reads, rows: most = USUAL_ROWS } of verbsOf(at, round)) {
    const plans: Plan[] = [];
    await run(explaining(world.db, world.client, small, (plan) => plans.push(plan)));
    const total = (of: "rows" | "buffers" | "ms") => plans.reduce((sum, plan) => sum + plan[of], 0);
    const read = plans.flatMap((plan) => plan.read).filter((table) => !reads?.tables.includes(table));
    examined.push({
      name,
      plans,
      rows: total("rows"),
      buffers: total("buffers"),
      ms: total("ms"),
      faults: [
        ...[...new Set(read)].map((table) => `reads ${table} from end to end`),
        ...(total("rows") > most ? [`touches ${total("rows")} rows, more than ${most}`] : []),
        ...(total("buffers") > PAGES_A_ROW * most
          ? [`touches ${total("buffers")} pages, more than ${PAGES_A_ROW * most}`]
          : []),
        // At this size a plan that costs enough for that is one that grew.
        ...(plans.some(({ compiled }) => compiled) ? ["is compiled before it runs"] : []),
      ],
    });
  }
  return examined;
}
