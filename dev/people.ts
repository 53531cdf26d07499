import { type Credentials, callApi, codeFromInbox, enter, type Stack } from "./client.ts";

export type Person = Credentials & { name: string };

/** Someone who is signed in. */
export interface Member extends Person {
  token: string;
  user_id: number;
}

interface User {
  user_id: number;
  mobile_number: string | null;
  device_token: string | null;
  reminder_preferences: string | null;
}

export async function join(stack: Stack, person: Person): Promise<Member> {
  const token = await enter(stack, person);
  const { user_id } = await callApi<User>(stack, token, "GET /users");
  return { ...person, token, user_id };
}

/** Verifies the number with the code that reached it, which makes SMS the preference; does nothing if that is so already. */
export async function reachBySms(stack: Stack, member: Member, mobile_number: string): Promise<void> {
  const user = await callApi<User>(stack, member.token, "GET /users");
  if (user.mobile_number !== mobile_number) {
    const since = Date.now();
    await callApi(stack, member.token, "POST /users/mobile", { mobile_number });
    const code = await codeFromInbox(stack, "sms", mobile_number, since);
    await callApi(stack, member.token, "PATCH /users/mobile", { code });
  } else if (user.reminder_preferences !== "SMS") {
    await callApi(stack, member.token, "PATCH /users/preferences", { reminder_preferences: "SMS" });
  }
}

export async function reachByPush(stack: Stack, member: Member, device_token: string): Promise<void> {
  await callApi(stack, member.token, "PATCH /users/device", { device_token, platform: "fcm" });
  await callApi(stack, member.token, "PATCH /users/preferences", { reminder_preferences: "PUSH" });
}

export async function reachByEmail(stack: Stack, member: Member): Promise<void> {
  await callApi(stack, member.token, "PATCH /users/preferences", { reminder_preferences: "EMAIL" });
}

export interface Card {
  name: string;
  email: string;
  phone?: string;
  device_token?: string;
}

const MOST_CARDS = 30;

/** Puts the people first on the inbox's page, each with a phone and a mailbox; of those shown before, the latest stay. */
export async function introduce(stack: Pick<Stack, "inbox">, people: Card[]): Promise<void> {
  const url = `${stack.inbox}/people`;
  const shown = (await (await fetch(url)).json()) as { name: string; email: string | null }[];
  const others = shown.filter((one) => people.every(({ email }) => email !== one.email));
  const response = await fetch(url, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([...people, ...others].slice(0, MOST_CARDS)),
  });
  if (!response.ok) throw new Error(`The inbox refused its people: ${await response.text()}`);
}

export interface NewEvent {
  group_id: number;
  name: string;
  description: string;
  /** Unix ms; the event keeps whole seconds. */
  startsAtMs: number;
  budget: string;
}

/** An event with a budget that happens once; its reminder comes at the event itself, since a day before is over. */
export async function createSoonEvent(stack: Stack, { token }: Member, event: NewEvent): Promise<number> {
  const { startsAtMs, ...fields } = event;
  const { id } = await callApi<{ id: number }>(stack, token, "POST /event", {
    ...fields,
    starts_at: new Date(startsAtMs).toISOString().replace(/\.\d+Z$/, "Z"),
    reminder: "once",
    schedule_period: "1 day",
    is_budget: true,
  });
  return id;
}
