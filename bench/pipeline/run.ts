import pg from "pg";
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
  /** Messages a second of each channel, from its first accept seen to its last. */
  rates: Partial<Record<Channel, number>>;
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
  await ledger.connect();
  try {
    const wanted = expected(count, channels);
    const started = Date.now();
    const ticking = bed.tick(started);
    const times = await accepts(bed, wanted, look, ticking);
    await ticking;
    while (!(await settled(ledger))) await pause();
    const settledSeconds = (Date.now() - started) / 1000;
    const { last } = await bed.provider.accepted();
    const rates = Object.fromEntries(
      channels.map((channel) => [channel, wanted[channel] / ((times[channel].to - times[channel].from) / 1000)]),
    ) as Partial<Record<Channel, number>>;
    return {
      seconds: (last! - started) / 1000,
      settledSeconds,
      rates,
      roundTrips: (await bed.roundTrips()).calls,
    };
  } finally {
    await ledger.end();
  }
}

/** When each channel's accepts were first and last seen. Throws where one is missing, doubled, or does not come. */
async function accepts(
  bed: Bed,
  wanted: Record<Channel, number>,
  look: () => Promise<unknown>,
  ticking: Promise<void>,
) {
  let failed: unknown;
  ticking.catch((error) => {
    failed = error;
  });
  const times = Object.fromEntries(CHANNELS.map((one) => [one, { from: 0, to: 0 }])) as Record<
    Channel,
    { from: number; to: number }
  >;
  let before = 0;
  let moved = Date.now();
  for (;;) {
    if (failed) throw failed;
    const accepted = await bed.provider.accepted();
    const at = Date.now();
    for (const channel of CHANNELS) {
      const time = times[channel];
      if (accepted[channel] > wanted[channel]) throw new Error(`${channel}: more were accepted than there are people`);
      if (accepted[channel] > 0) time.from ||= at;
      if (accepted[channel] === wanted[channel]) time.to ||= at;
    }
    if (CHANNELS.every((channel) => times[channel].to > 0)) return times;
    const all = accepted.sms + accepted.email + accepted.push;
    if (all > before) moved = at;
    before = all;
    if (at - moved > PATIENCE_MS) throw new Error(`after ${all} accepted messages, none more came for a minute`);
    await look();
    await pause();
  }
}

async function settled(ledger: pg.Client): Promise<boolean> {
  const { rows } = await ledger.query("select from event_reminders_logs where status = 'pending' limit 1");
  return rows.length === 0;
}

const pause = () => new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
