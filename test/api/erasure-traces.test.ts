/** What an erased person leaves in letters, lists of addresses and counts. */
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { device } from "../support/arranged.ts";
import { call, type Person, person, query, uniqueNumber } from "../support/index.ts";

const erase = (as: Person) => call("DELETE", "/users", { as });

/** With a number and a phone. */
async function reachable() {
  const mobile_number = uniqueNumber();
  const someone = await person({ mobile_number });
  return { ...someone, mobile_number, phone: await device(someone) };
}

test("dead letters lose what they hold of the person, and keep what is others'", async () => {
  const [someone, other] = [await reachable(), await person()];
  const recipient = (one: Person, more: object) => ({
    user_id: one.id,
    event_reminders_logs_id: 1,
    message: "Dinner",
    ...more,
  });
  const letters: [string, unknown][] = [
    [
      "mixed",
      {
        type: "send-email",
        recipients: [recipient(someone, { email: someone.email }), recipient(other, { email: other.email })],
      },
    ],
    ["theirs", { type: "send-push", recipients: [recipient(someone, { device_arn: someone.phone.arn })] }],
    ["invitation", { type: "send-push-group-invitation", user_id: null, email: someone.email.toUpperCase() }],
    ["comment", { type: "schedule-push-comments", user_id: someone.id, comment: "Secret" }],
    ["unreadable", `not JSON \u0000 ${someone.mobile_number}, "user_id":${someone.id}`],
    ["others", { type: "send-email", recipients: [recipient(other, { email: `x${someone.email}` })] }],
    ["longer", { type: "schedule-push-comments", user_id: Number(`${someone.id}0`), comment: `${someone.email}.pl` }],
  ];
  for (const [name, body] of letters)
    await query(
      sql`insert into dead_letters (queue, message_id, body, reason) values (${name}, ${crypto.randomUUID()}, ${JSON.stringify(body)}, 'out of tries')`,
    );
  await erase(someone);
  const kept = await query<{ queue: string; body: string }>(sql`select queue, body from dead_letters order by id`);
  expect(kept.map(({ queue, body }) => [queue, JSON.parse(body)])).toEqual([
    ["mixed", { type: "send-email", recipients: [recipient(other, { email: other.email })] }],
    letters[5],
    letters[6],
  ]);
});

test("an address that bounced or opted out stays suppressed", async () => {
  const mobile_number = uniqueNumber();
  const someone = await person({ mobile_number });
  await query(
    sql`insert into suppressed_addresses (channel, address, reason) values ('email', ${someone.email}, 'complained'), ('sms', ${mobile_number}, 'OptedOut')`,
  );
  await erase(someone);
  expect(
    await query(
      sql`select reason from suppressed_addresses where address in (${someone.email}, ${mobile_number}) order by 1`,
    ),
  ).toEqual([{ reason: "OptedOut" }, { reason: "complained" }]);
});

test("erasing oneself does not give a number's codes of the day back", async () => {
  const mobile_number = uniqueNumber();
  for (let n = 0; n < 3; n++) {
    const someone = await person();
    expect((await call("POST", "/users/mobile", { as: someone, json: { mobile_number } })).http).toBe(
      n === 0 ? 200 : 429,
    );
    if (n > 0) break;
    await query(
      sql`insert into phone_verifications (user_id, mobile_number, code_hmac, expires_at)
          values (${someone.id}, ${mobile_number}, 'a', now()), (${someone.id}, ${mobile_number}, 'b', now())`,
    );
    await erase(someone);
  }
  expect(
    await query(
      sql`select distinct user_id, code_hmac from phone_verifications where mobile_number = ${mobile_number}`,
    ),
  ).toEqual([{ user_id: null, code_hmac: "" }]);
});
