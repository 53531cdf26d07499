import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { claimInvitations, settleInvitations } from "../../src/domain/invitation-messages.ts";
import { unsubscribeAddress } from "../../src/domain/links.ts";
import { device, groupOfEveryRole } from "../support/arranged.ts";
import { call, fault, inbox, person, query, settings, type TestDeps, unique } from "../support/index.ts";
import { type Clock, clockedDeps, drain, receive, taken, tick } from "../support/pipeline.ts";

const QUEUE = { queue: "send-push-group-invitation" };

/** An invitation by a group's admin, its message in `message`. */
async function invited(to: { user_id: number } | { email: string }) {
  const clock: Clock = { ms: Date.now() };
  const deps = clockedDeps(clock);
  const group = await groupOfEveryRole();
  const json = { group_id: group.group_id, ...to };
  const made = await call("POST", "/group/members", { as: group.admin, deps, json });
  const [message] = taken(deps);
  return { ...group, clock, deps, message: message!, id: made.data.group_invitation_logs_id as number };
}

const row = async (id: number) => {
  const [found] = await query<Record<string, unknown>>(
    sql`select delivery_status, channel, attempts, last_error, next_attempt_at is not null as waits from group_invitation_logs where id = ${id}`,
  );
  return found;
};
const received = async (deps: TestDeps, messages: unknown[]) => {
  const before = deps.roundTrips();
  const settled = await receive(deps, messages, QUEUE);
  return { roundTrips: deps.roundTrips() - before, outcomes: settled.map(({ outcome }) => outcome) };
};
const address = () => `${unique("nobody")}@torium.test`.toLowerCase();

test("the invitee's newest phone gets a push that the app understands, in two round trips", async () => {
  const ben = await person({ locale: "pl" });
  const [older, newest] = [await device(ben), await device(ben, "apns")];
  const { deps, message, id, name, admin } = await invited({ user_id: ben.id });
  expect(await received(deps, [message])).toEqual({ roundTrips: 2, outcomes: ["ack"] });
  const [push, ...others] = await inbox("push", newest.token);
  expect(push).toMatchObject({ title: "Zaproszenie", data: { forward_link: "None", event: "group_invitation" } });
  expect(push!.text).toContain(name);
  expect(push!.text).toContain(admin.username);
  expect(others).toEqual([]);
  expect(await inbox("push", older.token)).toEqual([]);
  expect(await inbox("email", ben.email)).toEqual([]);
  expect(await row(id)).toEqual({
    delivery_status: "sent",
    channel: "push",
    attempts: 1,
    last_error: null,
    waits: false,
  });
});

test("an address without an account gets an e-mail with one-click unsubscribe, in the inviter's language", async () => {
  const email = address();
  const { deps, message, id, name, admin } = await invited({ email });
  await query(sql`update users set locale = 'pl' where id = ${admin.id}`);
  expect(await received(deps, [message])).toEqual({ roundTrips: 2, outcomes: ["ack"] });
  const [letter, ...others] = await inbox("email", email);
  expect(others).toEqual([]);
  expect(letter!.subject).toContain(name);
  expect(letter!.text).toContain(`${settings.PUBLIC_URL}\n`);
  expect(letter!.text).toContain("można je przyjąć lub odrzucić");
  const headers = Object.fromEntries(Object.entries(letter!.headers).map(([key, value]) => [key.toLowerCase(), value]));
  expect(headers["list-unsubscribe-post"]).toBe("List-Unsubscribe=One-Click");
  const link = new URL(headers["list-unsubscribe"]!.replace(/^<|>$/g, ""));
  expect(link.href.startsWith(`${settings.PUBLIC_URL}/unsubscribe?`)).toBe(true);
  expect(await unsubscribeAddress(settings, link.searchParams)).toBe(email);
  expect(await row(id)).toMatchObject({ delivery_status: "sent", channel: "email", waits: false });
});

test("whoever has an account but no live phone gets an e-mail that does not ask them to sign up", async () => {
  const ben = await person();
  const { id: dead } = await device(ben);
  await query(sql`update devices set dead_at = now() where id = ${dead}`);
  const { deps, message, id, name } = await invited({ user_id: ben.id });
  await receive(deps, [message], QUEUE);
  const letters = await inbox("email", ben.email);
  expect(letters).toHaveLength(1);
  expect(letters[0]!.subject).toContain(name);
  expect(letters[0]!.text).not.toContain("create an account");
  expect(letters[0]!.text).toContain("open the app to accept or decline");
  expect(await row(id)).toMatchObject({ delivery_status: "sent", channel: "email" });
});

test("an invitation by address goes to the phone of whoever has signed up with it meanwhile", async () => {
  const email = address();
  const { deps, message, id } = await invited({ email });
  const late = await person({ email });
  const phone = await device(late);
  await receive(deps, [message], QUEUE);
  expect(await inbox("push", phone.token)).toHaveLength(1);
  expect(await inbox("email", email)).toEqual([]);
  expect(await row(id)).toMatchObject({ delivery_status: "sent", channel: "push" });
});

test("an address that opted out is not written to; the invitation stays", async () => {
  const email = address();
  await query(
    sql`insert into suppressed_addresses (channel, address, reason) values ('email', ${email}, 'unsubscribed')`,
  );
  const { deps, message, id } = await invited({ email });
  expect(await received(deps, [message])).toEqual({ roundTrips: 1, outcomes: ["ack"] });
  expect(await inbox("email", email)).toEqual([]);
  expect(await row(id)).toMatchObject({ delivery_status: "suppressed", last_error: "unsubscribed", waits: false });
  const late = await person({ email });
  expect((await call("GET", "/groups/invitation/count", { as: late })).data).toEqual({ count: 1 });
});

test("invitations that were switched off on one channel take the other, on both none", async () => {
  const ben = await person();
  const phone = await device(ben);
  await query(
    sql`insert into notification_preferences (user_id, kind, channel) values (${ben.id}, 'invitation', 'push')`,
  );
  const first = await invited({ user_id: ben.id });
  await receive(first.deps, [first.message], QUEUE);
  expect(await row(first.id)).toMatchObject({ delivery_status: "sent", channel: "email" });
  await query(
    sql`insert into notification_preferences (user_id, kind, channel) values (${ben.id}, 'invitation', 'email')`,
  );
  const second = await invited({ user_id: ben.id });
  await receive(second.deps, [second.message], QUEUE);
  expect(await row(second.id)).toMatchObject({ delivery_status: "suppressed", last_error: "switched_off" });
  expect(await inbox("push", phone.token)).toEqual([]);
  expect(await inbox("email", ben.email)).toHaveLength(1);
});

test("one answered, withdrawn or gone with its group is not sent", async () => {
  const people = await Promise.all([person(), person(), person()]);
  const phones = await Promise.all(people.map((one) => device(one)));
  const [answered, withdrawn, gone] = await Promise.all(people.map(({ id }) => invited({ user_id: id })));
  await call("PATCH", "/group/members/status", {
    as: people[0]!,
    json: { group_id: answered!.group_id, status: "rejected" },
  });
  await query(sql`update group_invitation_logs set status = 'withdrawn' where id = ${withdrawn!.id}`);
  await query(sql`delete from groups where id = ${gone!.group_id}`);
  const done = await received(answered!.deps, [answered!.message, withdrawn!.message, gone!.message]);
  expect(done).toEqual({ roundTrips: 1, outcomes: ["ack", "ack", "ack"] });
  for (const phone of phones) expect(await inbox("push", phone.token)).toEqual([]);
  expect(await row(answered!.id)).toMatchObject({ delivery_status: "suppressed", last_error: "answered" });
  expect(await row(withdrawn!.id)).toMatchObject({ delivery_status: "suppressed", last_error: "withdrawn" });
});

test("one answered while its message was on the way is tried no more, whether its sender settles or dies", async () => {
  for (const dies of [true, false]) {
    const ben = await person();
    const phone = await device(ben);
    const { clock, deps, message, id, group_id } = await invited({ user_id: ben.id });
    const token = crypto.randomUUID();
    const claimedAt = clock.ms;
    expect(await claimInvitations(deps.db, [id], { token, now: claimedAt })).toHaveLength(1);
    await call("PATCH", "/group/members/status", { as: ben, deps, json: { group_id, status: "confirmed" } });
    const throttled = {
      group_invitation_logs_id: id,
      status: "pending" as const,
      channel: "push" as const,
      error: "Throttling",
      provider_message_id: null,
      next_attempt_at: new Date(clock.ms + 60_000).toISOString(),
      untried: false,
    };
    const late = { token, claimedAt, now: clock.ms };
    if (!dies) await settleInvitations(deps.db, { settled: [throttled], dead: [] }, late);
    clock.ms += 180_000;
    await receive(deps, [message], QUEUE);
    expect(await inbox("push", phone.token)).toEqual([]);
    expect(await row(id)).toMatchObject({ delivery_status: "suppressed", waits: false });
    await settleInvitations(deps.db, { settled: [{ ...throttled, status: "failed" }], dead: [] }, late);
    expect(await row(id)).toMatchObject({ delivery_status: "suppressed" });
  }
});

test("the same message again, twice in a batch and by consumers at once gives one push", async () => {
  const ben = await person();
  const phone = await device(ben);
  const { deps, message } = await invited({ user_id: ben.id });
  await Promise.all([
    receive(deps, [message, message], QUEUE),
    receive(deps, [message], QUEUE),
    receive(deps, [message], QUEUE),
  ]);
  expect(await received(deps, [message])).toEqual({ roundTrips: 1, outcomes: ["ack"] });
  expect(await inbox("push", phone.token)).toHaveLength(1);
});

test("a batch is claimed and settled together, and one that cannot be sent holds up no other", async () => {
  const people = await Promise.all(Array.from({ length: 10 }, () => person()));
  const phones = await Promise.all(people.map((one) => device(one)));
  const all = await Promise.all(people.map(({ id }) => invited({ user_id: id })));
  await fault({ channel: "push", kind: "throttle", to: phones[0]!.token });
  const deps = all[0]!.deps;
  const done = await received(
    deps,
    all.map(({ message }) => message),
  );
  expect(done).toEqual({ roundTrips: 2, outcomes: all.map(() => "ack") });
  for (const phone of phones.slice(1)) expect(await inbox("push", phone.token)).toHaveLength(1);
  expect(deps.sent).toMatchObject([{ type: "send-push-group-invitation", group_invitation_logs_id: all[0]!.id }]);
  expect(await row(all[0]!.id)).toEqual({
    delivery_status: "pending",
    channel: "push",
    attempts: 1,
    last_error: "Throttling",
    waits: true,
  });
});

test("a phone that is dead dies in the database, and the next one or the e-mail takes over at once", async () => {
  const ben = await person();
  const [older, newer] = [await device(ben), await device(ben)];
  for (const { token } of [older, newer]) await fault({ channel: "push", kind: "endpoint_disabled", to: token });
  const { deps, message, id } = await invited({ user_id: ben.id });
  expect(await received(deps, [message])).toEqual({ roundTrips: 2, outcomes: ["ack"] });
  expect(await inbox("email", ben.email)).toHaveLength(1);
  expect(await row(id)).toMatchObject({ delivery_status: "sent", channel: "email" });
  const dead = await query(sql`select dead_reason from devices where user_id = ${ben.id} and dead_at is not null`);
  expect(dead).toEqual([{ dead_reason: "EndpointDisabled" }, { dead_reason: "EndpointDisabled" }]);
});

test("a throttled one comes again by delayed messages with growing delay, until its day is over", async () => {
  const ben = await person();
  const phone = await device(ben);
  const { clock, deps, message, id } = await invited({ user_id: ben.id });
  const started = clock.ms;
  await fault({ channel: "push", kind: "throttle", to: phone.token });
  const delays: number[] = [];
  await receive(deps, [message], QUEUE);
  while (deps.sent.length > 0) {
    const { delaySeconds, ...again } = taken(deps)[0]!;
    delays.push(delaySeconds);
    clock.ms += delaySeconds * 1000;
    await receive(deps, [again], QUEUE);
  }
  expect(delays[0]).toBeLessThan(10);
  expect(Math.max(...delays)).toBeGreaterThanOrEqual(3600);
  expect(clock.ms - started).toBeGreaterThanOrEqual(24 * 3_600_000);
  expect(await row(id)).toMatchObject({ delivery_status: "expired", last_error: "expired", waits: false });
  expect(await inbox("push", phone.token)).toEqual([]);
});

test("what the queue lost is found by the sweep after a minute, and not before", async () => {
  const ben = await person();
  const phone = await device(ben);
  const { clock, deps, id } = await invited({ user_id: ben.id });
  const swept = async () => {
    await tick(deps, clock.ms);
    return taken(deps).filter(
      (one) => one.type === "send-push-group-invitation" && one.group_invitation_logs_id === id,
    );
  };
  clock.ms += 30_000;
  expect(await swept()).toEqual([]);
  clock.ms += 31_000;
  const found = await swept();
  expect(found).toHaveLength(1);
  deps.sent.push(...found);
  await drain(deps, clock);
  expect(await inbox("push", phone.token)).toHaveLength(1);
  clock.ms += 600_000;
  expect(await swept()).toEqual([]);
});

test("names that look like links reach nobody as links, and HTML in them is text", async () => {
  const email = address();
  const { deps, message, group_id } = await invited({ email });
  await query(sql`update groups set name = 'https://evil.example/<b>x' where id = ${group_id}`);
  await receive(deps, [message], QUEUE);
  const [letter] = await inbox("email", email);
  expect(letter!.html).not.toContain("https://evil.example");
  expect(letter!.html).not.toContain("<b>x");
  const ben = await person();
  const second = await invited({ user_id: ben.id });
  await query(sql`update groups set name = 'https://evil.example/<b>x' where id = ${second.group_id}`);
  await receive(second.deps, [second.message], QUEUE);
  const [known] = await inbox("email", ben.email);
  expect(known!.html).not.toContain("https://evil.example");
  expect(known!.text).not.toContain("https://evil.example");
  expect(known!.html).not.toContain("<b>x");
});
