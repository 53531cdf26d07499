import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { fault, inbox, person, query, uniqueNumber } from "../support/index.ts";
import { clockedDeps, drain, event, group, ledger, receive, taken, tick } from "../support/pipeline.ts";

const MINUTE = 60_000;

/** Somebody reached by SMS; `remind` makes an event and picks its reminder, whose channel message is left in `deps.sent`. */
async function scene(given: Parameters<typeof person>[0] = {}) {
  const clock = { ms: Math.floor(Date.now() / MINUTE) * MINUTE };
  const deps = clockedDeps(clock);
  const mobile_number = given.mobile_number ?? uniqueNumber();
  const someone = await person({ reminder_preferences: "SMS", ...given, mobile_number });
  const group_id = await group(someone);
  const remind = async () => {
    const event_id = await event(someone, { group_id, at: clock.ms + 10 * MINUTE }, deps);
    clock.ms += 9 * MINUTE;
    await tick(deps, clock.ms);
    await receive(deps, taken(deps));
    return event_id;
  };
  return { clock, deps, someone, mobile_number, remind };
}

test("a channel that was used for another reminder is free for this one", async () => {
  const { clock, deps, someone, mobile_number, remind } = await scene();
  await query(sql`update users set reminder_preferences = 'EMAIL' where id = ${someone.id}`);
  await remind();
  await drain(deps, clock);
  await query(sql`update users set reminder_preferences = 'SMS' where id = ${someone.id}`);
  await fault({ channel: "sms", kind: "opted_out", to: mobile_number });
  const event_id = await remind();
  await drain(deps, clock);
  expect(await ledger(event_id)).toMatchObject([
    { channel: "sms", status: "failed" },
    { channel: "email", status: "sent" },
  ]);
  expect(await inbox("email", someone.email)).toHaveLength(2);
});
