/** The real Worker with a PostgreSQL, a pool's keys and the stand-in for SNS, SES and Discord: each part is broken in turn, and the operators hear of it. */
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { callApi, waitFor } from "../../dev/client.ts";
import type { Alert } from "../../dev/inbox/alerts.ts";
import { startNeonEndpoint } from "../../dev/neon.ts";
import { runSchedule } from "../../dev/tick.ts";
import { openDoor } from "./door.ts";
import { startWholeWorker } from "./whole-worker.ts";

const WITHIN_MS = 30_000;
const TICK = "* * * * *";

type Door = Awaited<ReturnType<typeof openDoor>>;
let worker: Awaited<ReturnType<typeof startWholeWorker>>;
let database: pg.Pool;
let neon: Awaited<ReturnType<typeof startNeonEndpoint>>;
let doors: { database: Door; keys: Door; discord: Door };

beforeAll(async () => {
  const [toDatabase, toKeys, toDiscord] = [await openDoor(), await openDoor(), await openDoor()];
  doors = { database: toDatabase, keys: toKeys, discord: toDiscord };
  neon = await startNeonEndpoint({ port: 0 });
  worker = await startWholeWorker({
    settings: {
      NEON_FETCH_ENDPOINT: `${toDatabase.url}${new URL(neon.url).pathname}`,
      COGNITO_JWKS_URL: `${toKeys.url}/keys`,
      DISCORD_WEBHOOK_URL: `${toDiscord.url}/alerts/webhook`,
    },
  });
  toDatabase.leadsTo(new URL(neon.url).origin);
  toKeys.leadsTo(worker.settings.COGNITO_ISSUER!);
  toDiscord.leadsTo(worker.inbox);
  database = new pg.Pool({ connectionString: worker.database });
  // Connections are cut as the database ends.
  database.on("error", () => {});
  await tick();
  await runAlerts();
  expect(await told()).toEqual([]);
}, 120_000);
afterAll(async () => {
  await database?.end();
  for (const door of Object.values(doors ?? {})) door.stop();
  await neon?.stop();
  await worker?.stop();
}, 60_000);
afterEach(async () => {
  for (const door of Object.values(doors)) door.open();
  await faults([]);
});
beforeEach(async () => {
  await tick();
  await fetch(`${worker.inbox}/alerts`, { method: "DELETE" });
});

const tick = (at = Date.now()) => runSchedule(worker.api, TICK, at);
const runAlerts = () => runSchedule(worker.api, "*/5 * * * *", Date.now());
const told = async () => (await (await fetch(`${worker.inbox}/alerts`)).json()) as Alert[];
const faults = async (wanted: object[]) => {
  const answer = await fetch(`${worker.inbox}/faults`, { method: "PUT", body: JSON.stringify(wanted) });
  expect(answer.status).toBe(200);
};

/** Somebody who wants SMS, and an event of theirs that was due just now. */
async function remindBySms(): Promise<number> {
  const token = await worker.idToken("Somebody");
  const { group_id } = await callApi<{ group_id: number }>(worker, token, "POST /groups", {
    name: "Us",
    description: "",
  });
  const { user_id } = await callApi<{ user_id: number }>(worker, token, "GET /users");
  await database.query("update users set mobile_number = '+48791234567', reminder_preferences = 'SMS' where id = $1", [
    user_id,
  ]);
  const starts_at = Date.now() + 3_600_000;
  const event = {
    group_id,
    name: "Dinner",
    description: "",
    is_budget: false,
    starts_at: new Date(starts_at).toISOString(),
    recurrence: null,
    reminders: [0],
  };
  const { id } = await callApi<{ id: number }>(worker, token, "POST /event", event);
  await tick(starts_at);
  return id;
}

const delivered = (event_id: number, state: string) =>
  waitFor(async () => {
    const sql = `select 1 from event_reminders_logs l join event_reminders r on r.id = l.event_reminders_id where r.event_id = $1 and ${state}`;
    return (await database.query(sql, [event_id])).rows[0] ?? null;
  }, WITHIN_MS);

type Part = { breaks: () => Promise<unknown>; mends: () => Promise<unknown> };
let event_id = 0;

const PARTS: Record<string, Part & { says: RegExp }> = {
  "the tick stopped": {
    says: /\*\*tick\*\*.*nobody looks for reminders/,
    breaks: () =>
      database.query("update schedule_runs set ran_at = now() - interval '10 minutes' where job = 'schedule-events'"),
    mends: () => tick(),
  },
  "SNS throttles": {
    says: /\*\*sms\*\*.*throttles/,
    async breaks() {
      await faults([{ channel: "sms", kind: "throttle" }]);
      event_id = await remindBySms();
      expect(await delivered(event_id, "l.status = 'pending' and l.last_error is not null")).not.toBeNull();
      // It waits for longer than a moment.
      await database.query("update event_reminders set send_at = send_at - interval '2 hours' where event_id = $1", [
        event_id,
      ]);
    },
    async mends() {
      await faults([]);
      expect(await delivered(event_id, "l.status = 'sent'")).not.toBeNull();
    },
  },
  "SES pauses the account": {
    says: /\*\*ses\*\*.*paused the account/,
    breaks: () => faults([{ channel: "email", kind: "paused" }]),
    mends: () => faults([]),
  },
  "a platform application is disabled": {
    says: /\*\*sns\*\*.*FCM is disabled/,
    breaks: () => faults([{ channel: "push", kind: "application_disabled" }]),
    mends: () => faults([]),
  },
  "a certificate is near its end": {
    says: /\*\*sns\*\*.*certificate of APNs ends in 7 days/,
    breaks: () => faults([{ channel: "push", kind: "certificate_ending" }]),
    mends: () => faults([]),
  },
  "the database is stopped": {
    says: /\*\*database\*\*.*out of reach/,
    breaks: async () => doors.database.shut(),
    mends: async () => doors.database.open(),
  },
  "the key server is down": {
    says: /\*\*cognito\*\*.*keys are out of reach/,
    breaks: async () => doors.keys.shut(),
    mends: async () => doors.keys.open(),
  },
  "a dead letter is made": {
    says: /\*\*dead letters\*\*.*send-email could not be worked on/,
    breaks: () =>
      database.query(
        "insert into dead_letters (queue, message_id, body, reason) values ('send-email', gen_random_uuid()::text, '{}', 'out of tries')",
      ),
    mends: () => database.query("update dead_letters set replayed_at = now()"),
  },
};

/** Those about one fault, by how they begin: red while it lasts, green once it is over. */
const about = async (says: RegExp) =>
  (await told()).filter(({ content }) => says.test(content)).map(({ content }) => content.slice(0, 2));

it.each(Object.entries(PARTS))(
  "%s: one alert within two runs, and one recovery with how long it took",
  async (_, { says, breaks, mends }) => {
    await breaks();
    await runAlerts();
    await runAlerts();
    expect(await about(says)).toEqual(["🔴"]);
    await runAlerts();
    expect(await about(says)).toEqual(["🔴"]);
    await mends();
    await runAlerts();
    await runAlerts();
    await runAlerts();
    expect(await about(says)).toEqual(["🟢", "🟢"]);
    const all = await told();
    const part = /\*\*.+?\*\*/.exec(says.source.replaceAll("\\", ""))![0];
    expect(all.filter(({ content }) => !content.includes(part))).toEqual([]);
    expect(all.filter(({ content }) => says.test(content)).at(-1)!.content).toMatch(/is well again after \d+ s/);
  },
  90_000,
);

it.each<[string, Parameters<Door["shut"]>[0]]>([
  ["is out of reach", "cut"],
  ["hears no more for an hour", { status: 429, body: JSON.stringify({ retry_after: 3600, global: false }) }],
])(
  "Discord that %s loses no alert and no recovery, and hears each once",
  async (_, how) => {
    const { says, breaks, mends } = PARTS["a dead letter is made"]!;
    await breaks();
    doors.discord.shut(how);
    await runAlerts();
    expect(doors.discord.met()).toBeGreaterThan(0);
    expect(await told()).toEqual([]);
    doors.discord.open();
    await runAlerts();
    await runAlerts();
    expect(await about(says)).toEqual(["🔴"]);
    await mends();
    doors.discord.shut(how);
    await runAlerts();
    doors.discord.open();
    await runAlerts();
    await runAlerts();
    expect(await about(says)).toEqual(["🟢", "🟢"]);
  },
  60_000,
);
