import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { callApi, enter, readInbox, type Stack, waitFor } from "../../dev/client.ts";
import { launchOwnStack } from "../../dev/stack-process.ts";
import { runSchedule } from "../../dev/tick.ts";

const WITHIN_MS = 20_000;
const AN_HOUR = 3_600_000;

let stack: Stack;
let end: () => Promise<void>;
const said: string[] = [];
beforeAll(async () => {
  ({ stack, end } = await launchOwnStack({ flags: ["--no-tick", "--no-seed"], heard: (line) => said.push(line) }));
}, 120_000);
afterAll(() => end?.(), 60_000);

let people = 0;
/** Somebody new who is signed in, with a phone for pushes. */
async function newcomer() {
  const name = `Person ${++people}`;
  const email = `person-${people}-${crypto.randomUUID().slice(0, 8)}@torium.test`;
  const token = await enter(stack, { email, password: "Correct-horse-1", name });
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

async function ledger(event_id: number) {
  const client = new pg.Client(stack.database_url);
  await client.connect();
  try {
    const { rows } = await client.query(
      `select l.channel, l.status, l.last_error from event_reminders_logs l join event_reminders er on er.id = l.event_reminders_id
       where er.event_id = $1 order by l.step`,
      [event_id],
    );
    return rows;
  } finally {
    await client.end();
  }
}

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

it("the Worker reported no error meanwhile", () => {
  expect(said.filter((line) => line.includes("worker:"))).toEqual([]);
});
