import { randomBytes, randomInt } from "node:crypto";
import { eachAtMost } from "../src/queues/concurrency.ts";
import { callApi, type Message, type Stack } from "./client.ts";
import { join, type Member, reachByEmail, reachByPush, reachBySms } from "./people.ts";

/** People at once: the emulator and the Worker share one machine. */
const LANES = 6;
const CHANNELS = ["sms", "email", "push"] as const;

/** Someone who signed up and is reached on one channel. */
export interface Reader extends Member {
  channel: Message["channel"];
  /** Where the inbox shows their reminders. */
  to: string;
}

/** People who sign up through Cognito, a third each reached by SMS, e-mail and push; in one group, whose admin is the first. */
export async function gatherCrowd(
  stack: Stack,
  size: number,
  told: (line: string) => void,
): Promise<{ people: Reader[]; group_id: number }> {
  const run = randomBytes(4).toString("hex");
  const firstNumber = randomInt(1_000_000 - size);
  const people: Reader[] = [];
  const places = Array.from({ length: size }, (_, place) => place);
  await eachAtMost(LANES, places, async (place) => {
    people[place] = await enterAs(stack, place, run, `+48512${String(firstNumber + place).padStart(6, "0")}`);
    if (place % 10 === 9) told(`${place + 1} of ${size} people have signed up`);
  });
  const [admin, ...others] = people;
  const { group_id } = await callApi<{ group_id: number }>(stack, admin!.token, "POST /groups", {
    name: `Crowd ${run}`,
    description: "",
  });
  await eachAtMost(LANES, others, async ({ user_id, token }) => {
    await callApi(stack, admin!.token, "POST /group/members", { group_id, user_id });
    await callApi(stack, token, "PATCH /group/members/status", { group_id, status: "confirmed" });
  });
  told(`${size} people are in one group`);
  return { people, group_id };
}

async function enterAs(stack: Stack, place: number, run: string, number: string): Promise<Reader> {
  const email = `person-${place}-${run}@crowd.torium.local`;
  const device = `person-${place}-${run}:APA91b${randomBytes(30).toString("base64url")}`;
  const member = await join(stack, { name: `Person ${place}`, email, password: "Torium-Crowd-1" });
  const channel = CHANNELS[place % CHANNELS.length]!;
  if (channel === "sms") await reachBySms(stack, member, number);
  else if (channel === "push") await reachByPush(stack, member, device);
  else await reachByEmail(stack, member);
  return { ...member, channel, to: { sms: number, email, push: device }[channel] };
}

export interface PlannedReminder {
  /** Unique in the run, and in every text about it. */
  name: string;
  /** Unix ms, a whole second. */
  starts_at: number;
  lead_minutes: number;
  recurrence?: string;
  /** Absent: the whole group. */
  users?: number[];
}

/** Makes an event with one reminder through the API; answers its id. */
export async function planReminder(
  stack: Stack,
  admin: Reader,
  group_id: number,
  { name, starts_at, lead_minutes, recurrence, users }: PlannedReminder,
): Promise<number> {
  const { id } = await callApi<{ id: number }>(stack, admin.token, "POST /event", {
    group_id,
    name,
    description: "",
    starts_at: new Date(starts_at).toISOString().replace(/\.\d+Z$/, "Z"),
    recurrence: recurrence ?? null,
    reminders: [lead_minutes],
    is_budget: false,
    ...(users && { users }),
  });
  return id;
}
