/** Those who are told by Discord, and the switch that must be called: both at one address that a test answers for. */
import { sql } from "drizzle-orm";
import { runSchedule } from "../../src/cron/index.ts";
import { query, type TestDeps, testDeps } from "./index.ts";
import { type Call, intercept } from "./network.ts";

const HOST = "https://operators.test";
export const MINUTE = 60_000;

/** Tests of a file share a database: each begins later than the one before it ended. */
let clock = Math.floor(Date.now() / MINUTE) * MINUTE;

export type Operators = Awaited<ReturnType<typeof operators>>;

/** A clock, a Discord that keeps what it is told unless a test answers in its place, and runs that see the tick alive. */
export async function operators() {
  const messages = new Map<string, string>();
  const posted: string[] = [];
  const waits: number[] = [];
  let beats = 0;
  let discord: ((call: Call) => Promise<Response> | Response | null) | null = null;
  let elsewhere: (call: Call) => Response = () => new Response(null, { status: 500 });
  let ids = 0;
  intercept(HOST, async (call) => {
    const { pathname } = new URL(call.url);
    if (pathname === "/heartbeat") {
      beats++;
      return new Response("ok");
    }
    if (!pathname.startsWith("/discord")) return elsewhere(call);
    const answered = await discord?.(call);
    if (answered) return answered;
    const { content } = JSON.parse(call.body) as { content: string };
    const edited = /\/messages\/(.+)$/.exec(pathname)?.[1];
    if (edited && !messages.has(edited)) return Response.json({ message: "Unknown Message" }, { status: 404 });
    const id = edited ?? `${++ids}`;
    if (!edited) posted.push(content);
    messages.set(id, content);
    return Response.json({ id });
  });
  clock += 60 * MINUTE;

  const depsOf = (changed: Parameters<typeof testDeps>[0] = {}): TestDeps =>
    testDeps({
      now: () => clock,
      wait: async (ms) => void waits.push(ms),
      ...changed,
      settings: { DISCORD_WEBHOOK_URL: `${HOST}/discord`, HEARTBEAT_URL: `${HOST}/heartbeat`, ...changed.settings },
    });

  return {
    host: HOST,
    /** What was posted, oldest first, without later edits. */
    posted,
    messages,
    waits,
    depsOf,
    beats: () => beats,
    now: () => clock,
    /** Answers in Discord's place; null where Discord shall. */
    answerDiscord: (answer: typeof discord) => {
      discord = answer;
    },
    answerElsewhere: (answer: typeof elsewhere) => {
      elsewhere = answer;
    },
    /** The run of five minutes later; `tick` false: the minute's schedule did not run. */
    async run(deps: TestDeps = depsOf(), { tick = true } = {}): Promise<void> {
      clock += 5 * MINUTE;
      if (tick) await tickNow();
      await runAlerts(deps);
    },
    tickNow,
  };
}

const tickNow = () =>
  query(sql`insert into schedule_runs values ('schedule-events', ${new Date(clock).toISOString()}, now())
            on conflict (job) do update set ran_at = excluded.ran_at`);

export const runAlerts = (deps: TestDeps): Promise<void> =>
  runSchedule({ cron: "*/5 * * * *", scheduledTime: deps.now(), noRetry: () => {} } as ScheduledController, deps);
