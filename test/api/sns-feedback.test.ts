import { sql } from "drizzle-orm";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { inbox, person, query, settings, type TestDeps, testDeps, unique, uniqueNumber } from "../support/index.ts";
import { intercept } from "../support/network.ts";
import { clockedDeps, drain, event, group, ledger, receive, taken, tick } from "../support/pipeline.ts";
import { deployed, newSigner, post, posted, type Signer, standInForSns } from "../support/sns.ts";

const MINUTE = 60_000;

let signer: Signer;
beforeAll(async () => {
  signer = await newSigner();
  standInForSns(signer);
  // From here on the isolate knows the certificate.
  expect((await post(await posted(signer))).http).toBe(200);
  vi.restoreAllMocks();
});
afterEach(() => void vi.restoreAllMocks());

const tell = async (deps: TestDeps, told: object | string) => {
  const Message = typeof told === "string" ? told : JSON.stringify(told);
  return post(await posted(signer, { Message }, deps.now()), deployed(deps));
};

const mail = (messageId: string, to: string) => ({ messageId, destination: [to], source: "reminders@torium.test" });
const bounce = (messageId: string, to: string, changed: object = {}) => ({
  notificationType: "Bounce",
  mail: mail(messageId, to),
  bounce: {
    bounceType: "Permanent",
    bounceSubType: "General",
    bouncedRecipients: [{ emailAddress: to, status: "5.1.1" }],
    timestamp: new Date().toISOString(),
    ...changed,
  },
});
const complaint = (messageId: string, to: string, changed: object = {}) => ({
  notificationType: "Complaint",
  mail: mail(messageId, to),
  complaint: { complainedRecipients: [{ emailAddress: to }], complaintSubType: null, ...changed },
});

/** Somebody reached by e-mail, with a verified number besides, and an event that is due in a minute. */
async function picked(given: Parameters<typeof person>[0] = {}) {
  const clock = { ms: Math.floor(Date.now() / MINUTE) * MINUTE };
  const deps = clockedDeps(clock);
  const mobile_number = uniqueNumber();
  const someone = await person({ mobile_number, reminder_preferences: "EMAIL", ...given });
  const group_id = await group(someone);
  const remind = async () => {
    const event_id = await event(someone, { group_id, at: clock.ms + 10 * MINUTE }, deps);
    clock.ms += 9 * MINUTE;
    await tick(deps, clock.ms);
    await receive(deps, taken(deps));
    return event_id;
  };
  const event_id = await remind();
  return { clock, deps, someone, mobile_number, event_id, remind };
}

async function sent(given: Parameters<typeof person>[0] = {}) {
  const made = await picked(given);
  await drain(made.deps, made.clock);
  return { ...made, id: await providerId(made.event_id) };
}

async function providerId(event_id: number): Promise<string> {
  const [row] = await query<{ id: string }>(
    sql`select l.provider_message_id as id from event_reminders_logs l join event_reminders er on er.id = l.event_reminders_id
        where er.event_id = ${event_id} and l.status = 'sent'`,
  );
  return row!.id;
}

const suppressed = async (email: string) => {
  const found = await query<{ reason: string }>(
    sql`select reason from suppressed_addresses where channel = 'email' and address = ${email}`,
  );
  return found.map(({ reason }) => reason);
};

test("a mail that bounces is failed with the provider's code, its address is not used again, and the next channel takes over", async () => {
  const { deps, clock, someone, mobile_number, event_id, id } = await sent();
  expect(await tell(deps, bounce(id, someone.email))).toMatchObject({ http: 200, roundTrips: 1 });
  expect(await suppressed(someone.email)).toEqual(["bounced"]);
  expect(deps.sent).toMatchObject([{ type: "schedule-notifications", event_id, after_user_id: someone.id - 1 }]);
  await drain(deps, clock);
  expect(await ledger(event_id)).toMatchObject([
    { channel: "email", status: "failed", last_error: "Bounce.General" },
    { channel: "sms", status: "sent", reason: "email: bounced; push: no_live_device" },
  ]);
  expect(await inbox("sms", mobile_number)).toHaveLength(1);
});

test("the same bounce told again, and twice at once, hands on once", async () => {
  const { deps, clock, someone, mobile_number, event_id, id } = await sent();
  const told = bounce(id, someone.email);
  const answers = await Promise.all([tell(deps, told), tell(deps, told)]);
  expect(answers.map(({ http }) => http)).toEqual([200, 200]);
  await drain(deps, clock);
  const settled = () =>
    query(sql`select l.status, l.last_error, l.settled_at from event_reminders_logs l
              join event_reminders er on er.id = l.event_reminders_id where er.event_id = ${event_id} order by l.step`);
  const before = await settled();
  clock.ms += MINUTE;
  for (const again of [told, complaint(id, someone.email, { complaintSubType: "OnAccountSuppressionList" })])
    expect((await tell(deps, again)).http).toBe(200);
  expect(deps.sent).toEqual([]);
  expect(await settled()).toEqual(before);
  expect(before).toHaveLength(2);
  expect(await inbox("sms", mobile_number)).toHaveLength(1);
});

test("published events, a mail never sent for the account's own list, and names beside addresses say the same", async () => {
  const forms = [
    (id: string, to: string) => {
      const { notificationType: eventType, ...rest } = bounce(id, to);
      return { eventType, ...rest };
    },
    (id: string, to: string) => bounce(id, to, { bounceSubType: "OnAccountSuppressionList" }),
    (id: string, to: string) => ({ ...bounce(id, to), mail: mail(id, `Somebody <${to.toUpperCase()}>`) }),
    // A mailbox that forwards: the report names where to.
    (id: string, to: string) =>
      bounce(id, to, { bouncedRecipients: [{ emailAddress: `${unique("elsewhere")}@other.test` }] }),
  ];
  for (const form of forms) {
    const { deps, someone, id, event_id } = await sent();
    expect((await tell(deps, form(id, someone.email))).http).toBe(200);
    expect(await suppressed(someone.email)).toEqual(["bounced"]);
    expect(await ledger(event_id)).toMatchObject([{ status: "failed" }, { channel: "sms", status: "pending" }]);
  }
});

test("a soft bounce, other events, a text and an unknown id change nothing and are taken", async () => {
  const { deps, someone, event_id, id } = await sent();
  const harmless = [
    bounce(id, someone.email, { bounceType: "Transient" }),
    bounce(id, someone.email, { bounceType: "Undetermined" }),
    complaint(id, someone.email, { complaintFeedbackType: "not-spam" }),
    { eventType: "Delivery", mail: mail(id, someone.email), delivery: {} },
    { EventType: "EndpointCreated", EndpointArn: "arn:x" },
    { AlarmName: "something else" },
    "Successfully validated SNS topic for Amazon SES event publishing.",
    "null",
    bounce("no-such-message", `${unique("nobody")}@torium.test`),
    { EventType: "DeliveryFailure", EndpointArn: "arn:unknown", MessageId: "unknown", Time: new Date().toISOString() },
  ];
  for (const told of harmless) expect((await tell(deps, told)).http, JSON.stringify(told)).toBe(200);
  expect(await suppressed(someone.email)).toEqual([]);
  expect(deps.sent).toEqual([]);
  expect(await ledger(event_id)).toMatchObject([{ status: "sent" }]);
});

test("what says that it is a bounce and cannot be read is refused with every fault", async () => {
  const { http, error } = await tell(testDeps(), { notificationType: "Bounce", mail: { messageId: "a\u0000b" } });
  expect(http).toBe(400);
  expect(error.issues.map(({ path }: { path: string }) => path)).toEqual(["mail.messageId", "bounce"]);
});

test("a complaint is about a mail that was read: nothing is sent again, and the next reminder comes by another channel", async () => {
  const { deps, clock, someone, mobile_number, event_id, id, remind } = await sent();
  expect(await tell(deps, complaint(id, someone.email))).toMatchObject({ http: 200, roundTrips: 1 });
  expect(deps.sent).toEqual([]);
  expect(await suppressed(someone.email)).toEqual(["complained"]);
  expect(await ledger(event_id)).toMatchObject([{ channel: "email", status: "sent" }]);
  const next = await remind();
  await drain(deps, clock);
  expect(await ledger(next)).toMatchObject([{ channel: "sms", status: "sent" }]);
  expect(await inbox("sms", mobile_number)).toHaveLength(1);
});

test("a complaint that kept SES from sending at all counts as a bounce does", async () => {
  const { deps, someone, event_id, id } = await sent();
  await tell(deps, complaint(id, someone.email, { complaintSubType: "OnAccountSuppressionList" }));
  expect(await suppressed(someone.email)).toEqual(["complained"]);
  expect(await ledger(event_id)).toMatchObject([
    { status: "failed", last_error: "Complaint.OnAccountSuppressionList" },
    { channel: "sms", status: "pending" },
  ]);
});

test("a bounce takes the place of a person's own wish, which could be taken back", async () => {
  const { deps, someone, id } = await sent();
  await query(
    sql`insert into suppressed_addresses (channel, address, reason) values ('email', ${someone.email}, 'unsubscribed')`,
  );
  await tell(deps, bounce(id, someone.email));
  expect(await suppressed(someone.email)).toEqual(["bounced"]);
  await tell(deps, complaint(id, someone.email));
  expect(await suppressed(someone.email)).toEqual(["bounced"]);
});

test("a bounce that is told when the occurrence is an hour past fails the row, and nothing stale is sent", async () => {
  const { deps, clock, someone, event_id, id } = await sent();
  clock.ms += 60 * MINUTE;
  await tell(deps, bounce(id, someone.email));
  expect(deps.sent).toEqual([]);
  expect(await ledger(event_id)).toMatchObject([{ status: "failed", last_error: "Bounce.General" }]);
  expect(await suppressed(someone.email)).toEqual(["bounced"]);
});

test("where no channel is left, the ledger says so", async () => {
  const { deps, someone, event_id, id } = await sent({ mobile_number: null });
  await tell(deps, bounce(id, someone.email));
  expect(deps.sent).toEqual([]);
  expect(await ledger(event_id)).toMatchObject([
    { channel: "email", status: "failed" },
    {
      channel: "none",
      status: "failed",
      reason: "email: bounced; push: no_live_device; sms: no_verified_number",
    },
  ]);
});

/** SES that takes the mail, and has its bounce told before, or while, its answer arrives. */
const bouncingSes = (deps: TestDeps, to: string, awaited: boolean) => {
  const told: Promise<unknown>[] = [];
  intercept(`${settings.AWS_ENDPOINT_URL_SESV2}/v2/email`, async () => {
    const id = `early-${crypto.randomUUID()}`;
    told.push(tell(deps, bounce(id, to)));
    if (awaited) await told[0];
    return Response.json({ MessageId: id });
  });
  return told;
};

test("a bounce that is faster than the settling is not lost", async () => {
  const { deps, clock, someone, mobile_number, event_id } = await picked();
  bouncingSes(deps, someone.email, true);
  await drain(deps, clock);
  expect(await ledger(event_id)).toMatchObject([
    { channel: "email", status: "failed", last_error: "Bounce.General" },
    { channel: "sms", status: "sent" },
  ]);
  expect(await inbox("sms", mobile_number)).toHaveLength(1);
});

test("a bounce and the settling at once: whichever is first, the mail is failed and the next channel takes over once", async () => {
  for (let round = 0; round < 8; round++) {
    const { deps, clock, someone, mobile_number, event_id } = await picked();
    const told = bouncingSes(deps, someone.email, false);
    await drain(deps, clock);
    await Promise.all(told);
    await drain(deps, clock);
    expect(await ledger(event_id)).toMatchObject([
      { channel: "email", status: "failed" },
      { channel: "sms", status: "sent" },
    ]);
    expect(await inbox("sms", mobile_number)).toHaveLength(1);
    vi.restoreAllMocks();
  }
});

test("a fallback whose message the queue does not take is found by the next tick", async () => {
  const { deps, clock, someone, mobile_number, id } = await sent();
  const away = { sendBatch: () => Promise.reject(new Error("queue away")) } as unknown as Queue;
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const broken = { ...deps, log, bindings: { ...deps.bindings, SCHEDULE_NOTIFICATIONS: away } };
  expect((await tell(broken, bounce(id, someone.email))).http).toBe(200);
  expect(await inbox("sms", mobile_number)).toHaveLength(0);
  clock.ms += MINUTE;
  await tick(deps, clock.ms);
  await drain(deps, clock);
  expect(await inbox("sms", mobile_number)).toHaveLength(1);
});

test("while the database is away the provider is asked to come again, and nothing personal is logged either way", async () => {
  const { deps, someone, id } = await sent();
  const lines: string[] = [];
  const keep = (event: string, ...more: unknown[]) =>
    void lines.push(`${event} ${more.map((one) => (one instanceof Error ? one.name : JSON.stringify(one))).join(" ")}`);
  const log = { info: keep, warn: keep, error: keep };
  const away = testDeps({ log, now: deps.now, settings: { DATABASE_URL: "postgres://nobody:x@localhost:1/none" } });
  expect((await tell(away, bounce(id, someone.email))).http).toBe(503);
  expect((await tell({ ...deps, log }, bounce(id, someone.email))).http).toBe(200);
  expect(lines.join("\n")).toContain('"code":"Bounce.General"');
  for (const secret of [someone.email, id]) expect(lines.join("\n")).not.toContain(secret);
});
