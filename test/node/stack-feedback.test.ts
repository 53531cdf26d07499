import { execFile } from "node:child_process";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { callApi, codeFromInbox, enter, readInbox, type Stack, signIn, waitFor } from "../../dev/client.ts";
import type { Alert } from "../../dev/inbox/alerts.ts";
import { ROOT } from "../../dev/settings.ts";
import { launchOwnStack } from "../../dev/stack-process.ts";
import { runSchedule } from "../../dev/tick.ts";

const WITHIN_MS = 20_000;
const AN_HOUR = 3_600_000;
const PASSWORD = "Correct-horse-1";

let stack: Stack;
let directory: string;
let end: () => Promise<void>;
const said: string[] = [];
beforeAll(async () => {
  ({ stack, directory, end } = await launchOwnStack({
    flags: ["--no-tick", "--no-seed"],
    heard: (line) => said.push(line),
  }));
}, 120_000);
afterAll(() => end?.(), 60_000);

let people = 0;
/** Somebody new who is signed in, with a phone for pushes. */
async function newcomer() {
  const name = `Person ${++people}`;
  const email = `person-${people}-${crypto.randomUUID().slice(0, 8)}@torium.test`;
  const token = await enter(stack, { email, password: PASSWORD, name });
  const device_token = `phone-${crypto.randomUUID()}-${"x".repeat(60)}`;
  await callApi(stack, token, "PATCH /users/device", { device_token });
  return { email, token, device_token };
}

type Person = Awaited<ReturnType<typeof newcomer>>;

/** Lets an event of the person's be due in an hour, and runs the schedule of that moment; gives the event's id. */
async function remind({ token }: Person): Promise<number> {
  const { group_id } = await callApi<{ group_id: number }>(stack, token, "POST /groups", {
    name: "Us",
    description: "",
  });
  const starts_at = Date.now() + AN_HOUR;
  const { id } = await callApi<{ id: number }>(stack, token, "POST /event", {
    group_id,
    name: "Dinner",
    description: "",
    is_budget: false,
    starts_at: new Date(starts_at).toISOString(),
    recurrence: null,
    reminders: [0],
  });
  await runSchedule(stack.api, "* * * * *", starts_at);
  return id;
}

const fault = async (channel: string, kind: string, to: string) => {
  const answer = await fetch(`${stack.inbox}/faults`, {
    method: "POST",
    body: JSON.stringify([{ channel, kind, to }]),
  });
  expect(answer.status).toBe(200);
};

/** The first message that reaches an address and is none of Cognito's. */
const reached = (channel: "email" | "push", to: string) =>
  waitFor(
    async () =>
      (await readInbox(stack, channel, to)).find(({ text }) => text?.includes("Dinner") || channel === "push"),
    WITHIN_MS,
  );

async function query(text: string, values: unknown[]) {
  const client = new pg.Client(stack.database_url);
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

const ledger = (event_id: number) =>
  query(
    `select l.channel, l.status, l.last_error from event_reminders_logs l join event_reminders er on er.id = l.event_reminders_id
     where er.event_id = $1 order by l.step`,
    [event_id],
  );

/** The delivery of an event's one reminder, once it is as asked. */
const delivered = (event_id: number, status: string, last_error: string | null) =>
  waitFor(async () => {
    const rows = await ledger(event_id);
    return rows[0]?.status === status && rows[0].last_error === last_error ? rows : null;
  }, WITHIN_MS);

it("a mail that bounces is told to /hooks/sns, and the reminder comes as a push", async () => {
  const someone = await newcomer();
  await fault("email", "bounce", someone.email);
  const event_id = await remind(someone);
  expect(await reached("email", someone.email)).not.toBeNull();
  expect(await reached("push", someone.device_token)).not.toBeNull();
  const settled = await waitFor(async () => {
    const rows = await ledger(event_id);
    return rows.at(-1)?.status === "sent" ? rows : null;
  }, WITHIN_MS);
  expect(settled).toEqual([
    { channel: "email", status: "failed", last_error: "Bounce.General" },
    { channel: "push", status: "sent", last_error: null },
  ]);
}, 60_000);

it.each([
  ["is refused", "endpoint_disabled", "EndpointDisabled"],
  ["fails later", "bounce", "DeliveryFailure.InvalidPlatformToken"],
])(
  "a push that %s retires the device, and the reminder comes by e-mail",
  async (_, kind, code) => {
    const someone = await newcomer();
    await callApi(stack, someone.token, "PATCH /users/preferences", { reminder_preferences: "PUSH" });
    await fault("push", kind, someone.device_token);
    const event_id = await remind(someone);
    expect(await reached("email", someone.email)).not.toBeNull();
    const settled = await waitFor(async () => {
      const rows = await ledger(event_id);
      return rows.at(-1)?.status === "sent" ? rows : null;
    }, WITHIN_MS);
    expect(settled).toEqual([
      { channel: "push", status: "failed", last_error: code },
      { channel: "email", status: "sent", last_error: null },
    ]);
  },
  60_000,
);

it("what amplify-config prints of the running stack is its pool, in which one signs in as the app does", async () => {
  const { email } = await newcomer();
  const { stdout } = await promisify(execFile)(process.execPath, ["deploy/amplify-config.ts"], {
    cwd: ROOT,
    env: { ...process.env, TORIUM_DEV_DIRECTORY: directory },
  });
  const { CognitoUserPool, Auth } = JSON.parse(stdout).auth.plugins.awsCognitoAuthPlugin;
  const { PoolId, AppClientId, Endpoint, Region } = CognitoUserPool.Default;
  const cognito = { user_pool_id: PoolId, client_id: AppClientId, endpoint: Endpoint };
  expect({ cognito, Region }).toEqual({ cognito: stack.cognito, Region: stack.aws.region });
  expect(Auth.Default.authenticationFlowType).toBe("USER_PASSWORD_AUTH");
  const token = await signIn({ cognito }, { email, password: PASSWORD });
  expect(await callApi(stack, token, "GET /users")).toMatchObject({ email });
}, 60_000);

it("SNS that throttles and SES that paused the account are told once each within two runs, and once each when they are over", async () => {
  const someone = await newcomer();
  const mobile_number = "+48791234567";
  const asked = Date.now();
  await callApi(stack, someone.token, "POST /users/mobile", { mobile_number });
  await callApi(stack, someone.token, "PATCH /users/mobile", {
    code: await codeFromInbox(stack, "sms", mobile_number, asked),
  });
  const inForce = (faults: object[]) =>
    fetch(`${stack.inbox}/faults`, { method: "PUT", body: JSON.stringify(faults) }).then(({ ok }) =>
      expect(ok).toBe(true),
    );
  const runAlerts = () => runSchedule(stack.api, "*/5 * * * *", Date.now());
  const about = async (says: RegExp) => {
    const told = (await (await fetch(`${stack.inbox}/alerts`)).json()) as Alert[];
    return told.filter(({ content }) => says.test(content)).map(({ content }) => content.slice(0, 2));
  };
  const both = async () => ({
    throttled: await about(/\*\*sms\*\*.*throttles/),
    paused: await about(/\*\*ses\*\*.*paused the account/),
  });
  await runAlerts();
  expect(await both()).toEqual({ throttled: [], paused: [] });

  await inForce([
    { channel: "sms", kind: "throttle" },
    { channel: "email", kind: "paused" },
  ]);
  const event_id = await remind(someone);
  expect(await delivered(event_id, "pending", "Throttling")).not.toBeNull();
  // It was due at the schedule's now, an hour ahead of the clock that alerts go by.
  await query("update event_reminders set send_at = send_at - interval '2 hours' where event_id = $1", [event_id]);
  await runAlerts();
  await runAlerts();
  expect(await both()).toEqual({ throttled: ["🔴"], paused: ["🔴"] });

  await inForce([]);
  expect(await delivered(event_id, "sent", null)).not.toBeNull();
  await runAlerts();
  await runAlerts();
  await runAlerts();
  expect(await both()).toEqual({ throttled: ["🟢", "🟢"], paused: ["🟢", "🟢"] });
}, 90_000);

it("the Worker reported no error meanwhile", () => {
  expect(said.filter((line) => line.includes("worker:"))).toEqual([]);
});
