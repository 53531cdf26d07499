/** The first app as its people hold it: every screen in its dialect, from the first login to the end of a group. */
import { expect, test } from "vitest";
import { call, inbox, type Person, person, type TestDeps, unique, uniqueNumber } from "../support/index.ts";
import { type Clock, clockedDeps, drain } from "../support/pipeline.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

type Said = Record<string, string>;
type Phone = ReturnType<typeof phone>;
type Session = { ada: Phone; ben: Phone; cleo: Phone; deps: TestDeps; clock: Clock };

/**
 * The app in somebody's hand. It names its owner in every request, tells ids as text, and reads nothing but HTTP 200: `code` is what
 * `status.code` must say. Answers the data.
 */
function phone(owner: Person, deps: TestDeps, used: Set<string>) {
  const ask = async (method: string, path: string, code: number, headers: Said, json?: object) => {
    used.add(`${method} ${path}`);
    const as = { "trm-user-id": String(owner.id), ...headers };
    const answer = await call(method, path, { as: owner, deps, headers: as, json });
    const told = { screen: `${method} ${path}`, http: answer.http, code: answer.status.code };
    expect(told, answer.status.message).toEqual({ screen: `${method} ${path}`, http: 200, code });
    if (code !== 200) expect(answer.data).toBeNull();
    return answer.data;
  };
  return {
    ...owner,
    self: String(owner.id),
    get: (path: string, headers: Said = {}, code = 200) => ask("GET", path, code, headers),
    post: (path: string, json: object, code = 200, headers: Said = {}) => ask("POST", path, code, headers, json),
    put: (path: string, json: object, code = 200) => ask("PUT", path, code, {}, json),
    patch: (path: string, json: object, code = 200) => ask("PATCH", path, code, {}, json),
    remove: (path: string, json: object, code = 200, headers: Said = {}) => ask("DELETE", path, code, headers, json),
  };
}

test("the first app's whole session works in its dialect, screen by screen", async () => {
  const clock: Clock = { ms: Date.UTC(2030, 0, 10, 12) };
  const deps = clockedDeps(clock);
  const used = new Set<string>();
  const handed = async (username: string) => phone(await person({ username }), deps, used);
  const ada = await handed("Ada");
  const session: Session = { ada, ben: await handed("Ben"), cleo: await handed("Cleo"), deps, clock };

  const number = await firstLogin(ada);
  const group_id = await groupWithTwoInvitations(session);
  await rolesUpAndDown(session, group_id);
  const { weekly, daily } = await eventsWithAndWithoutBudget(session, group_id);
  await editOfParticipants(session, group_id, weekly);
  await commentsWrittenEditedAndDeleted(session, weekly);
  await notifyAndNotifyAgain(session, weekly, number);
  await leaving(session, group_id, weekly);
  await endOfTheGroup(session, group_id, { weekly, daily }, number);

  expect([...used].sort(), "every endpoint of the app is part of its session").toHaveLength(28);
});

async function firstLogin(ada: Phone): Promise<string> {
  expect(await ada.get("/users")).toMatchObject({
    user_id: ada.id,
    username: "Ada",
    mobile_number: null,
    reminder_preferences: null,
    organization_id: null,
    organization_name: null,
  });
  for (const list of ["/groups", "/event", "/groups/invitation"]) expect(await ada.get(list)).toEqual([]);
  const device_token = `${unique("device-token")}-${"x".repeat(40)}`;
  expect(await ada.patch("/users/device", { device_token })).toBeNull();

  const banks = await ada.get("/organizations");
  const bank = banks.find(({ name }: { name: string }) => name === "PKO");
  expect(bank).toEqual({
    id: expect.any(Number),
    name: "PKO",
    url: "https://www.ipko.pl/",
    logo_link: expect.stringMatching(/^https?:\/\/.+\/logos\/.+\.png$/),
  });
  expect(await ada.patch("/users/organization", { organization_id: String(bank.id) })).toBeNull();

  await ada.patch("/users/preferences", { reminder_preferences: "SMS" }, 409);
  const number = uniqueNumber();
  expect(await ada.post("/users/mobile", { mobile_number: number })).toBeNull();
  await ada.post("/users/mobile", { mobile_number: number }, 429);
  const sms = await inbox("sms", number);
  expect(sms).toHaveLength(1);
  const code = /\b\d{6}\b/.exec(sms[0]!.text)![0];
  const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, "0");
  await ada.patch("/users/mobile", { code: wrong }, 400);
  expect((await ada.get("/users")).mobile_number).toBeNull();
  expect(await ada.patch("/users/mobile", { code })).toBeNull();

  expect(await ada.patch("/users/preferences", { reminder_preferences: "PUSH" })).toBeNull();
  expect((await ada.get("/users")).reminder_preferences).toBe("PUSH");
  expect(await ada.patch("/users/preferences", { reminder_preferences: "SMS" })).toBeNull();
  expect(await ada.get("/users")).toMatchObject({
    mobile_number: number,
    reminder_preferences: "SMS",
    organization_id: bank.id,
    organization_name: "PKO",
    device_token,
    device_arn: expect.stringContaining("arn:"),
  });
  return number;
}

async function groupWithTwoInvitations({ ada, ben, cleo }: Session): Promise<string> {
  const made = await ada.post("/groups", { name: "Mieszkanie", description: "Źródlana 7" }, 200, {
    "trm-admin-id": ada.self,
  });
  expect(made).toEqual({ group_id: expect.any(Number) });
  const group_id = String(made.group_id);
  expect(await ada.get("/group/members", { "trm-group-id": group_id })).toEqual([]);
  expect(await ben.get("/groups/invitation/count")).toEqual({ count: 0 });

  const invite = async (guest: Phone, code = 200) => {
    const found = await ada.get("/users/email", { "trm-email": guest.email });
    expect(found).toEqual({ user_id: guest.id });
    const target = { "trm-user-id": String(found.user_id), "trm-admin-id": ada.self, "trm-group-id": group_id };
    return ada.post("/group/members", {}, code, target);
  };
  await ada.get("/users/email", { "trm-email": `${unique("nobody")}@torium.test` }, 404);
  const invitations = [await invite(ben), await invite(cleo)];
  await invite(ben, 409);
  for (const [place, guest] of [ben, cleo].entries()) {
    expect(await guest.get("/groups/invitation/count")).toEqual({ count: 1 });
    expect(await guest.get("/groups/invitation")).toEqual([
      { group_id: made.group_id, name: "Mieszkanie", email: ada.email, ...invitations[place], created_at: aTime },
    ]);
    await guest.get("/group/members", { "trm-group-id": group_id }, 404);
  }

  expect(await ben.patch("/group/members/status", { group_id, status: "confirmed" })).toBeNull();
  expect(await cleo.patch("/group/members/status", { group_id, status: "rejected" })).toBeNull();
  expect(await cleo.get("/groups/invitation")).toEqual([]);
  expect(await cleo.get("/groups")).toEqual([]);
  await invite(cleo);
  expect(await cleo.patch("/group/members/status", { group_id, status: "confirmed" })).toBeNull();
  expect(await cleo.get("/groups/invitation/count")).toEqual({ count: 0 });
  expect(await ada.get("/group/members", { "trm-group-id": group_id })).toEqual([
    { user_id: ben.id, username: "Ben", email: ben.email, status: "standard" },
    { user_id: cleo.id, username: "Cleo", email: cleo.email, status: "standard" },
  ]);
  return group_id;
}

async function rolesUpAndDown({ ada, ben, cleo }: Session, group_id: string) {
  const role = (by: Phone, of: Phone, status: string, code = 200) =>
    by.patch("/group/members/role", { group_id, user_id: of.self, status }, code);
  const shown = async (by: Phone) => (await by.get("/groups"))[0].status;

  await role(ben, cleo, "moderator", 403);
  await role(ada, ben, "moderator");
  expect(await shown(ben)).toBe("moderator");
  await role(ben, cleo, "moderator");
  await role(ben, cleo, "standard");
  expect(await shown(cleo)).toBe("standard");
  await role(ben, cleo, "admin", 403);
  await role(ada, ben, "admin");
  await role(ada, ben, "moderator");
  await role(ada, ada, "standard", 409);

  const renamed = { id: group_id, name: "Nasze mieszkanie", description: "Źródlana 8" };
  await cleo.put("/groups", { ...renamed, admin_id: cleo.self }, 403);
  // A moderator's app names itself as admin too, and becomes none.
  expect(await ben.put("/groups", { ...renamed, admin_id: ben.self })).toBeNull();
  const { id: _, ...asSaid } = renamed;
  const seen = { ...asSaid, group_id: Number(group_id), admin_id: ada.id };
  expect(await ada.get("/groups")).toEqual([{ ...seen, status: "admin" }]);
  expect(await ben.get("/groups")).toEqual([{ ...seen, status: "moderator" }]);
}

async function eventsWithAndWithoutBudget({ ada, ben, cleo }: Session, group_id: string) {
  const everybody = [ada.self, ben.self, cleo.self, ada.self];
  const plan = { group_id, description: "", reminder: "periodical", is_budget: false, budget: "", users: everybody };
  const make = async (name: string, event_timestamp: string, schedule_period: string, more: object = {}) => {
    const made = await ada.post("/event", { ...plan, name, event_timestamp, schedule_period, ...more });
    expect(made).toEqual({ id: expect.any(Number) });
    return made.id as number;
  };
  // Half past midnight, as 11 November begins.
  const weekly = await make("Czynsz", "2030-11-11 24:30:00.00", "1 week", { is_budget: true, budget: "99.50" });
  const daily = await make("Leki", "2030-11-12 23:05:00.00", "1 day", { budget: -1 });
  const monthly = await make("Kontrola", "2030-11-13 12:00:00.00", "1 month", { reminder: "once" });
  const more = { name: "Kino", event_timestamp: "2030-11-14 20:00:00.00", schedule_period: "1 day" };
  await cleo.post("/event", { ...plan, ...more }, 403);
  await ada.post("/event", { ...plan, ...more, group_id: "" }, 400);

  const users = [ada, ben, cleo].map(({ id, email, username }) => ({ id, email, username }));
  const seen = { group_id: Number(group_id), group_name: "Nasze mieszkanie", users, is_budget: false, budget: null };
  const listed = [
    { ...seen, id: weekly, ...shown("2030-11-11 00:30:00", "7 days, 0:00:00"), is_budget: true, budget: "99.50" },
    { ...seen, id: daily, ...shown("2030-11-12 23:05:00", "1 day, 0:00:00") },
    { ...seen, id: monthly, ...shown("2030-11-13 12:00:00", "30 days, 0:00:00"), reminder: "once" },
  ];
  for (const [who, status] of [[ada, "admin"] as const, [ben, "moderator"] as const, [cleo, "standard"] as const]) {
    const mine = listed.map((event) => ({ ...event, status }));
    expect(await who.get("/event")).toMatchObject(mine);
    expect(await who.get("/event", { "trm-group-id": group_id })).toMatchObject(mine);
    expect(await who.get("/event", { "trm-id": String(daily) })).toMatchObject([mine[1]]);
  }
  return { weekly: String(weekly), daily: String(daily) };
}

async function editOfParticipants({ ada, ben, cleo }: Session, group_id: string, id: string) {
  const [before] = await ben.get("/event", { "trm-id": id });
  const { name, description, reminder, schedule_period, is_budget, budget } = before;
  const said = { id, group_id, name, description, reminder, schedule_period, is_budget: String(is_budget), budget };
  const edit = (users: string[], hours: string, by = ben, code = 200) =>
    by.put("/event", { ...said, users, event_timestamp: `2030-11-11 ${hours}:00.000` }, code);
  const looked = async () => {
    const [event] = await ben.get("/event", { "trm-id": id });
    return { ...event, users: event.users.map((user: { username: string }) => user.username) };
  };

  await edit([cleo.self], "00:30", cleo, 403);
  expect(await edit([ben.self, ben.self], "18:45")).toBeNull();
  expect(await looked()).toMatchObject({ users: ["Ben"], ...shown("2030-11-11 18:45:00", "7 days, 0:00:00") });
  expect(await cleo.get("/event", { "trm-id": id })).toEqual([]);
  expect(await edit([ben.self, cleo.self, ada.self, ben.self], "00:30")).toBeNull();
  const { users: _, next_at: __, starts_at: ___, event_timestamp: ____, ...kept } = before;
  expect(await looked()).toMatchObject({
    ...kept,
    users: ["Ada", "Ben", "Cleo"],
    ...shown("2030-11-11 00:30:00", "7 days, 0:00:00"),
  });
}

async function commentsWrittenEditedAndDeleted({ ada, cleo, clock }: Session, event_id: string) {
  const write = async (by: Phone, comment: string) => {
    const made = await by.post("/event/comment", { event_id, comment });
    expect(made).toEqual({ events_comments_id: [expect.any(Number)] });
    clock.ms += MINUTE;
    return made.events_comments_id[0] as number;
  };
  const [asked, told, slip] = [await write(ada, "Kto płaci?"), await write(cleo, "Jaa"), await write(cleo, "Pomyłka")];
  expect(await cleo.put("/event/comment", { id: String(told), comment: "Ja" })).toBeNull();
  await ada.put("/event/comment", { id: String(told), comment: "Nie ja" }, 403);
  expect(await cleo.remove("/event/comment", { id: String(slip), event_id })).toBeNull();
  await cleo.remove("/event/comment", { id: String(asked), event_id }, 403);
  const about = { event_id: Number(event_id), created_at: aTime };
  expect(await ada.get("/event/comment", { "trm-event-id": event_id })).toEqual([
    { ...about, id: told, user_id: cleo.id, username: "Cleo", comment: "Ja", event_timestamp: "2min ago" },
    { ...about, id: asked, user_id: ada.id, username: "Ada", comment: "Kto płaci?", event_timestamp: "3min ago" },
  ]);
}

async function notifyAndNotifyAgain({ ada, cleo, deps, clock }: Session, event_id: string, number: string) {
  await cleo.post("/event/notify", { event_id }, 403);
  expect(await ada.post("/event/notify", { event_id })).toEqual({ event_reminders_id: expect.any(Number) });
  await ada.post("/event/notify", { event_id }, 429);
  await drain(deps, clock);
  expect((await inbox("sms", number)).at(-1)!.text).toContain("Czynsz");
  clock.ms += 24 * HOUR;
  expect(await ada.post("/event/notify", { event_id })).toEqual({ event_reminders_id: expect.any(Number) });
}

async function leaving({ ada, ben, cleo }: Session, group_id: string, event_id: string) {
  await ada.remove("/group/members", { group_id }, 409);
  await cleo.remove("/group/members", { group_id }, 403, { "trm-user-id": ben.self });
  expect(await cleo.remove("/group/members", { group_id })).toBeNull();
  for (const list of ["/groups", "/event"]) expect(await cleo.get(list)).toEqual([]);
  await cleo.get("/event/comment", { "trm-event-id": event_id }, 404);
  const [event] = await ben.get("/event", { "trm-id": event_id });
  const comments = await ben.get("/event/comment", { "trm-event-id": event_id });
  expect(event.users.map(({ id }: { id: number }) => id)).toEqual([ada.id, ben.id]);
  expect(comments.map(({ user_id }: { user_id: number }) => user_id)).toEqual([ada.id]);
}

type Events = { weekly: string; daily: string };

/** The second notify still waits in its queue: it reaches nobody any more. */
async function endOfTheGroup({ ada, ben, deps, clock }: Session, group_id: string, events: Events, number: string) {
  const { weekly, daily } = events;
  await ben.remove("/event", { id: daily }, 403, { "trm-admin-id": ben.self });
  expect(await ada.remove("/event", { id: daily }, 200, { "trm-admin-id": ada.self })).toBeNull();
  expect(await ada.get("/event", { "trm-group-id": group_id })).toHaveLength(2);
  const before = (await inbox("sms", number)).length;
  await ben.remove("/groups", { id: group_id }, 403, { "trm-admin-id": ben.self });
  expect(await ada.remove("/groups", { id: group_id }, 200, { "trm-admin-id": ada.self })).toBeNull();
  for (const who of [ada, ben]) {
    for (const list of ["/groups", "/event"]) expect(await who.get(list)).toEqual([]);
    await who.get("/event/comment", { "trm-event-id": weekly }, 404);
    await who.get("/group/members", { "trm-group-id": group_id }, 404);
  }
  await ada.remove("/groups", { id: group_id }, 404);
  await drain(deps, clock);
  expect(await inbox("sms", number)).toHaveLength(before);
}

const aTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
const shown = (event_timestamp: string, schedule_period: string) => ({
  event_timestamp,
  reminder: "periodical",
  schedule_period,
});
