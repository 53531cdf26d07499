import pg from "pg";
import { CONNECTIONS } from "../../src/queues/concurrency.ts";
import type { Accepted } from "../bed/provider-process.ts";
import type { Bed } from "../bed.ts";
import { CHANNELS, type Channel, expected, type Plan, plan } from "./world.ts";

const LOOK_EVERY_MS = 50;
/** Without a message more for so long, something is broken. */
const PATIENCE_MS = 60_000;

export type PipelineRun = {
  /** From the tick to the last accept. */
  seconds: number;
  /** From the tick to the last row settled. */
  settledSeconds: number;
  /** Messages a second of each channel, from its first accept to its last: those after the first of each connection, which are under way already by then. */
  rates: Partial<Record<Channel, number>>;
  /** What the provider really took to answer, in the mean. */
  providerMs: number;
  roundTrips: number;
};

/** One minute's reminders from the tick to the last row settled; the people are those that `gatherPeople` made. `look` is called now and then meanwhile. */
export async function runPipeline(
  bed: Bed,
  what: Plan,
  count: number,
  channels: readonly Channel[],
  look: () => Promise<unknown> = async () => {},
): Promise<PipelineRun> {
  const now = Date.now();
  await plan(bed.databaseUrl, what, count, now);
  await bed.provider.forget();
  await bed.roundTrips();
  const ledger = new pg.Client(bed.databaseUrl);
  // A bench that is interrupted drops the database under it; whoever asks next is told.
  ledger.on("error", () => {});
  await ledger.connect();
  try {
    const wanted = expected(count, channels);
    const started = Date.now();
    const ticking = bed.tick(started);
    const accepted = await allAccepted(bed, wanted, look, ticking);
    await ticking;
    while (!(await settled(ledger))) await pause();
    const settledSeconds = (Date.now() - started) / 1000;
    const used = channels.map((channel) => ({ channel, ...accepted[channel] }));
    const rates = used.map(({ channel, count, first, last }) => [
      channel,
      (count - CONNECTIONS) / ((last - first) / 1000),
    ]);
    return {
      seconds: (Math.max(...used.map(({ last }) => last)) - started) / 1000,
      settledSeconds,
      rates: Object.fromEntries(rates),
      providerMs: await bed.provider.meanMs(),
      roundTrips: (await bed.roundTrips()).calls,
    };
  } finally {
    await ledger.end();
  }
}

/** Waits for everybody's message. Throws where one is doubled or does not come. */
async function allAccepted(
  bed: Bed,
  wanted: Record<Channel, number>,
  look: () => Promise<unknown>,
  ticking: Promise<void>,
): Promise<Accepted> {
  let failed: unknown;
  ticking.catch((error) => {
    failed = error;
  });
  for (let before = 0, moved = Date.now(); ; ) {
    if (failed) throw failed;
    const accepted = await bed.provider.accepted();
    for (const channel of CHANNELS) {
      if (accepted[channel].count > wanted[channel]) throw new Error(`${channel}: somebody's message came twice`);
    }
    if (CHANNELS.every((channel) => accepted[channel].count === wanted[channel])) return accepted;
    const all = CHANNELS.reduce((sum, channel) => sum + accepted[channel].count, 0);
    if (all > before) moved = Date.now();
    before = all;
    if (Date.now() - moved > PATIENCE_MS)
      throw new Error(`after ${all} accepted messages, none more came for a minute`);
    await look();
    await pause();
  }
}

async function settled(ledger: pg.Client): Promise<boolean> {
  const { rows } = await ledger.query("select from event_reminders_logs where status = 'pending' limit 1");
  return rows.length === 0;
}

const pause = () => new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
