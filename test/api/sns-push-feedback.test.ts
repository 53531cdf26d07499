import { sql } from "drizzle-orm";
import { beforeAll, expect, test, vi } from "vitest";
import { device } from "../support/arranged.ts";
import { inbox, person, query, settings, type TestDeps } from "../support/index.ts";
import { intercept } from "../support/network.ts";
import { clockedDeps, drain, event, group, ledger, receive, taken, tick } from "../support/pipeline.ts";
import { deployed, newSigner, post, posted, type Signer, standInForSns } from "../support/sns.ts";

const MINUTE = 60_000;

let signer: Signer;
beforeAll(async () => {
  signer = await newSigner();
  standInForSns(signer);
  expect((await post(await posted(signer))).http).toBe(200);
  vi.restoreAllMocks();
});

const tell = async (deps: TestDeps, told: object) =>
  post(await posted(signer, { Message: JSON.stringify(told) }, deps.now()), deployed(deps));

/** Somebody with two devices, the second registered last, who got an event's push. */
async function pushed() {
  const clock = { ms: Math.floor(Date.now() / MINUTE) * MINUTE };
  const deps = clockedDeps(clock);
  const someone = await person({ reminder_preferences: "PUSH" });
  const [older, newer] = [await device(someone), await device(someone)];
  const group_id = await group(someone);
  const pick = async () => {
    const event_id = await event(someone, { group_id, at: clock.ms + 10 * MINUTE }, deps);
    clock.ms += 9 * MINUTE;
    await tick(deps, clock.ms);
    await receive(deps, taken(deps));
    return event_id;
  };
  const event_id = await pick();
  await drain(deps, clock);
  const [row] = await query<{ id: string }>(
    sql`select l.provider_message_id as id from event_reminders_logs l join event_reminders er on er.id = l.event_reminders_id where er.event_id = ${event_id}`,
  );
  return { clock, deps, someone, older, newer, event_id, pick, id: row!.id };
}

type Device = Awaited<ReturnType<typeof device>>;
const failure = (id: string, { arn }: Device, at: number, FailureType = "InvalidPlatformToken") => ({
  DeliveryAttempts: 1,
  EndpointArn: arn,
  EventType: "DeliveryFailure",
  FailureMessage: "Platform token associated with the endpoint is not valid",
  FailureType,
  MessageId: id,
  Resource: "arn:aws:sns:eu-central-1:000000000000:app/GCM/torium",
  Service: "SNS",
  Time: new Date(at).toISOString(),
});
const dead = async ({ id }: Device) => {
  const [row] = await query<{ reason: string | null }>(
    sql`select dead_reason as reason from devices where id = ${id} and dead_at is not null`,
  );
  return row?.reason ?? null;
};

test("a push that fails later retires its device, and the next live one takes over, then the next channel", async () => {
  const { deps, clock, someone, older, newer, event_id, id } = await pushed();
  expect(await inbox("push", newer.token)).toHaveLength(1);
  expect(await tell(deps, failure(id, newer, clock.ms))).toMatchObject({ http: 200, roundTrips: 1 });
  expect(await dead(newer)).toBe("DeliveryFailure.InvalidPlatformToken");
  await drain(deps, clock);
  expect(await inbox("push", older.token)).toHaveLength(1);
  const [second] = await query<{ id: string }>(
    sql`select l.provider_message_id as id from event_reminders_logs l join event_reminders er on er.id = l.event_reminders_id
        where er.event_id = ${event_id} and l.step = 1`,
  );
  await tell(deps, failure(second!.id, older, clock.ms));
  await drain(deps, clock);
  expect(await ledger(event_id)).toMatchObject([
    { channel: "push", status: "failed", last_error: "DeliveryFailure.InvalidPlatformToken" },
    { channel: "push", status: "failed" },
    { channel: "email", status: "sent", reason: "push: no_live_device" },
  ]);
  expect(await inbox("email", someone.email)).toHaveLength(1);
});

test("reminders that wait for a retired device go by the next one", async () => {
  const { deps, clock, older, newer, id, pick } = await pushed();
  const waiting = await pick();
  await tell(deps, failure(id, newer, clock.ms));
  await drain(deps, clock);
  expect(await inbox("push", newer.token)).toHaveLength(1);
  expect(await inbox("push", older.token)).toHaveLength(2);
  expect(await ledger(waiting)).toMatchObject([
    { channel: "push", status: "suppressed", last_error: "address_changed" },
    { channel: "push", status: "sent" },
  ]);
});

test("a device on which its owner signed in again since stays alive, and the push that failed is still handed on", async () => {
  const { deps, clock, newer, event_id, id } = await pushed();
  await query(
    sql`update devices set registered_at = ${new Date(clock.ms).toISOString()}::timestamptz where id = ${newer.id}`,
  );
  await tell(deps, failure(id, newer, clock.ms - 1));
  expect(await dead(newer)).toBeNull();
  expect(await ledger(event_id)).toMatchObject([{ status: "failed" }, { channel: "push", status: "pending" }]);
});

test("a failure that is not the device's own leaves it alive, and hands the reminder on", async () => {
  const { deps, clock, newer, event_id, id } = await pushed();
  await tell(deps, failure(id, newer, clock.ms, "InvalidNotification"));
  expect(await dead(newer)).toBeNull();
  expect(await ledger(event_id)).toMatchObject([
    { status: "failed", last_error: "DeliveryFailure.InvalidNotification" },
    { channel: "push", status: "pending" },
  ]);
});

test("an endpoint that was deleted retires its device, and what it got stays sent", async () => {
  const { deps, clock, newer, event_id } = await pushed();
  const told = { EventType: "EndpointDeleted", EndpointArn: newer.arn, Time: new Date(clock.ms).toISOString() };
  expect(await tell(deps, told)).toMatchObject({ http: 200, roundTrips: 1 });
  expect(await dead(newer)).toBe("EndpointDeleted");
  expect(await ledger(event_id)).toMatchObject([{ status: "sent" }]);
});

test.each([
  ["says nothing against its device", "InvalidNotification", 0],
  ["is from before its owner signed in on it again", "InvalidPlatformToken", -1],
])("the failure of an earlier push that %s leaves alone the one that is being sent", async (_, type, ms) => {
  const { deps, clock, newer, pick } = await pushed();
  const event_id = await pick();
  const registered_at = new Date(clock.ms).toISOString();
  await query(sql`update devices set registered_at = ${registered_at}::timestamptz where id = ${newer.id}`);
  const earlier = failure("an-earlier-message", newer, Date.parse(registered_at) + ms, type);
  const pushes = intercept(settings.AWS_ENDPOINT_URL_SNS!, async () => {
    expect(await tell(deps, earlier)).toMatchObject({ http: 200 });
    return new Response("<PublishResponse><MessageId>this-message</MessageId></PublishResponse>");
  });
  await drain(deps, clock);
  vi.restoreAllMocks();
  const own = pushes.filter(({ body }) => new URLSearchParams(body).get("TargetArn") === newer.arn);
  expect(own).toHaveLength(1);
  expect(await ledger(event_id)).toMatchObject([{ channel: "push", status: "sent" }]);
});
