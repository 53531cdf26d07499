import { callApi, RefusedError, type Stack } from "./client.ts";
import { createSoonEvent, introduce, join, type Member, reachByEmail, reachByPush, reachBySms } from "./people.ts";
import type { SeededPerson } from "./table.ts";

const DUE_IN_MS = 75_000;
const PASSWORD = "Torium-Local-1";
const GROUP = "Saturday hike";

const ADA = { name: "Ada", email: "ada@torium.local", password: PASSWORD };
const BARTEK = { name: "Bartek", email: "bartek@torium.local", password: PASSWORD };
const CELINA = { name: "Celina", email: "celina@torium.local", password: PASSWORD };
const ADAS_NUMBER = "+48512345601";
const BARTEKS_PHONE = "bartek-phone:APA91bLocalDeviceOfBartek0000000000000000";

/** Three people in one group, and an event that is due soon. What is there from an earlier start stays as it is. */
export async function seed(stack: Stack): Promise<SeededPerson[]> {
  await introduce(stack, [
    { name: ADA.name, email: ADA.email, phone: ADAS_NUMBER },
    { name: BARTEK.name, email: BARTEK.email, device_token: BARTEKS_PHONE },
    { name: CELINA.name, email: CELINA.email },
  ]);
  const [ada, bartek, celina] = await Promise.all([join(stack, ADA), join(stack, BARTEK), join(stack, CELINA)]);
  await Promise.all([
    reachBySms(stack, ada, ADAS_NUMBER),
    reachByPush(stack, bartek, BARTEKS_PHONE),
    reachByEmail(stack, celina),
  ]);
  const group_id = await groupOf(stack, ada);
  await Promise.all([bartek, celina].map((friend) => makeMember(stack, ada, friend, group_id)));
  await createSoonEvent(stack, ada, {
    group_id,
    name: "Tickets for the hike",
    description: "Bus and shelter for everybody",
    startsAtMs: Date.now() + DUE_IN_MS,
    budget: "100.00",
  });
  return [
    { ...ADA, channel: "SMS", address: ADAS_NUMBER },
    { ...BARTEK, channel: "push", address: "a phone" },
    { ...CELINA, channel: "e-mail", address: CELINA.email },
  ];
}

async function groupOf(stack: Stack, owner: Member): Promise<number> {
  const groups = await callApi<{ group_id: number; name: string; status: string }[]>(stack, owner.token, "GET /groups");
  const known = groups.find(({ name, status }) => name === GROUP && status === "admin");
  if (known) return known.group_id;
  const description = "Made by the local stack";
  return (await callApi<{ group_id: number }>(stack, owner.token, "POST /groups", { name: GROUP, description }))
    .group_id;
}

/** Someone who was invited or is in already answers with a conflict. */
async function makeMember(stack: Stack, admin: Member, friend: Member, group_id: number): Promise<void> {
  const members = await callApi<{ user_id: number }[]>(stack, admin.token, "GET /group/members", { group_id });
  if (members.some(({ user_id }) => user_id === friend.user_id)) return;
  await callApi(stack, admin.token, "POST /group/members", { group_id, user_id: friend.user_id }).catch((error) => {
    if (!(error instanceof RefusedError) || error.code !== "conflict") throw error;
  });
  await callApi(stack, friend.token, "PATCH /group/members/status", { group_id, status: "confirmed" });
}
