import { sql } from "drizzle-orm";
import { afterEach, expect, test, vi } from "vitest";
import { accessToken, call, inbox, type Person, person, query, type TestDeps, uniqueNumber } from "../support/index.ts";
import { intercept } from "../support/network.ts";
import { type Clock, clockedDeps } from "../support/pipeline.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const PRICE = "0.03930";

afterEach(() => void vi.restoreAllMocks());

/** Each test that looks at money lives in a month of its own, years ahead. */
let months = 0;
const ownMonth = (): Clock => ({ ms: Date.UTC(2060, months++, 10) });
const spentIn = async (clock: Clock) => {
  const month = `${new Date(clock.ms).toISOString().slice(0, 7)}-01`;
  const [row] = await query<{ spent_usd: string }>(
    sql`select spent_usd from sms_spending where month = ${month}::date`,
  );
  return row?.spent_usd ?? null;
};

type Setup = { clock: Clock; deps: TestDeps; someone: Person; as: string; number: string };

async function setup(given: { clock?: Clock; deps?: Parameters<typeof clockedDeps>[1]; who?: object } = {}) {
  const clock = given.clock ?? { ms: Date.now() };
  const someone = await person(given.who);
  const deps = clockedDeps(clock, given.deps);
  return { clock, deps, someone, as: await longToken(someone), number: uniqueNumber() } satisfies Setup;
}

/** Valid for as long as a test's clock may run. */
const longToken = ({ cognito_user_id }: Person) => accessToken(cognito_user_id, { exp: 4_000_000_000 });
const ask = ({ deps, as, number }: Pick<Setup, "deps" | "as" | "number">, mobile_number = number) =>
  call("POST", "/users/mobile", { as, deps, json: { mobile_number } });
const verify = ({ deps, as }: Pick<Setup, "deps" | "as">, code: string) =>
  call("PATCH", "/users/mobile", { as, deps, json: { code } });
const codesTo = async (number: string) => (await inbox("sms", number)).map(({ text }) => /\b\d{6}\b/.exec(text)![0]);
const newestCode = async (number: string) => (await codesTo(number)).at(-1)!;
const wrong = (code: string, by = 1) => String((Number(code) + by) % 1_000_000).padStart(6, "0");
const numberOf = async (someone: Person) =>
  (await query<{ mobile_number: string | null }>(sql`select mobile_number from users where id = ${someone.id}`))[0]!
    .mobile_number;
const retryAfter = ({ headers }: { headers: Headers }) => Number(headers.get("retry-after"));

/** SNS at an address of its own, which answers as told. */
function snsThat(answer: () => Promise<Response> | Response) {
  intercept("http://sns.test", answer);
  return { AWS_ENDPOINT_URL_SNS: "http://sns.test" };
}
const refusedWith = (status: number, code: string) =>
  snsThat(() => new Response(`<ErrorResponse><Error><Code>${code}</Code></Error></ErrorResponse>`, { status }));

test("a code goes out by SMS in two round trips and is taken in one: the number is verified, the preference SMS", async () => {
  const one = await setup({ who: { locale: "pl" } });
  expect(await ask(one)).toMatchObject({ http: 200, data: null, roundTrips: 2 });
  const sent = await inbox("sms", one.number);
  expect(sent).toHaveLength(1);
  expect(sent[0]!.text).toMatch(/kod/i);
  const before = await call("GET", "/users", { as: one.someone });
  expect(before.data).toMatchObject({ mobile_number: null, reminder_preferences: null });
  expect(await verify(one, await newestCode(one.number))).toMatchObject({ http: 200, data: null, roundTrips: 1 });
  const after = await call("GET", "/users", { as: one.someone });
  expect(after.data).toMatchObject({ mobile_number: one.number, reminder_preferences: "SMS" });
});

test("a number without its country code is one of the first country served", async () => {
  const one = await setup();
  expect((await ask(one, one.number.slice(3))).http).toBe(200);
  expect(await inbox("sms", one.number)).toHaveLength(1);
});

test("only a keyed hash of the code is stored, and no queue sees it", async () => {
  const one = await setup();
  const answer = await ask(one);
  const code = await newestCode(one.number);
  expect(answer.sent).toEqual([]);
  const [row] = await query<{ code_hmac: string; whole: string }>(
    sql`select code_hmac, row_to_json(v)::text as whole from phone_verifications v where user_id = ${one.someone.id}`,
  );
  expect(row!.code_hmac).toMatch(/^[0-9a-f]{64}$/);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code)));
  expect(row!.code_hmac).not.toBe(Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""));
  expect(JSON.parse(row!.whole)).not.toMatchObject({ code: expect.anything() });
});

test("a code made under the older pepper works while both are set", async () => {
  const one = await setup();
  await ask({ ...one, deps: clockedDeps(one.clock, { settings: { CODE_PEPPER: ["an-older-code-pepper"] } }) });
  expect((await verify(one, await newestCode(one.number))).http).toBe(200);
});

test("a code made under a pepper that is gone does not work", async () => {
  const one = await setup();
  await ask({ ...one, deps: clockedDeps(one.clock, { settings: { CODE_PEPPER: ["a-pepper-of-long-ago"] } }) });
  expect((await verify(one, await newestCode(one.number))).http).toBe(400);
});

test("every code is as likely: a draw that would favour low codes is drawn again, and zeros in front are kept", async () => {
  const one = await setup();
  const draws = [2 ** 32 - 1, 7];
  const real = crypto.getRandomValues.bind(crypto);
  vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
    if (!(array instanceof Uint32Array) || draws.length === 0) return real(array);
    array[0] = draws.shift()!;
    return array;
  });
  await ask(one);
  expect(await newestCode(one.number)).toBe("000007");
  expect((await verify(one, "000007")).http).toBe(200);
});

test("one code a minute, and Retry-After is exact", async () => {
  const one = await setup();
  await ask(one);
  one.clock.ms += 20 * SECOND;
  const early = await ask(one, uniqueNumber());
  expect(early).toMatchObject({ http: 429, status: { code: 429 }, error: { code: "rate_limited" } });
  expect(retryAfter(early)).toBe(40);
  one.clock.ms += 40 * SECOND;
  expect((await ask(one)).http).toBe(200);
});

test("five codes a day for a person, whatever the numbers", async () => {
  const one = await setup();
  for (let sent = 0; sent < 5; sent++) {
    expect((await ask(one, uniqueNumber())).http).toBe(200);
    one.clock.ms += HOUR;
  }
  const sixth = await ask(one, uniqueNumber());
  expect(sixth.http).toBe(429);
  expect(retryAfter(sixth)).toBe(19 * 3600);
  one.clock.ms += 19 * HOUR;
  expect((await ask(one, uniqueNumber())).http).toBe(200);
});

test("three codes a day for a number, whoever asks", async () => {
  const clock = { ms: Date.now() };
  const number = uniqueNumber();
  for (let sent = 0; sent < 3; sent++) {
    expect((await ask({ ...(await setup({ clock })), number })).http).toBe(200);
    clock.ms += MINUTE;
  }
  const fourth = await setup({ clock });
  const refused = await ask({ ...fourth, number });
  expect(refused.http).toBe(429);
  expect(retryAfter(refused)).toBe(24 * 3600 - 180);
  expect((await ask(fourth)).http).toBe(200);
  expect(await inbox("sms", number)).toHaveLength(3);
});

test("of many requests of one person at once, to whatever numbers, one is served", async () => {
  const one = await setup({ clock: ownMonth() });
  const numbers = Array.from({ length: 10 }, uniqueNumber);
  // Whoever counts money waits for this row, so that the requests meet in the middle of their work.
  const month = sql`date_trunc('month', ${new Date(one.clock.ms).toISOString()}::timestamptz at time zone 'UTC')::date`;
  await query(sql`insert into sms_spending (month) values (${month})`);
  const held = query(sql`select pg_sleep(0.3) from (select from sms_spending where month = ${month} for update) purse`);
  const answers = await Promise.all(numbers.map((number) => ask({ ...one, number, deps: clockedDeps(one.clock) })));
  await held;
  expect(answers.map(({ http }) => http).sort()).toEqual([200, ...Array(9).fill(429)]);
  expect((await Promise.all(numbers.map((number) => inbox("sms", number)))).flat()).toHaveLength(1);
});

test("of five people who ask for one number at once, three are served", async () => {
  const number = uniqueNumber();
  const people = await Promise.all([1, 2, 3, 4, 5].map(() => setup()));
  const answers = await Promise.all(people.map((one) => ask({ ...one, number })));
  expect(answers.map(({ http }) => http).sort()).toEqual([200, 200, 200, 429, 429]);
});

test("five wrong tries are told so; then the code is dead until a new one is sent", async () => {
  const one = await setup();
  await ask(one);
  const code = await newestCode(one.number);
  for (let tries = 1; tries <= 5; tries++) {
    expect(await verify(one, wrong(code, tries))).toMatchObject({ http: 400, error: { issues: [{ path: "code" }] } });
  }
  one.clock.ms += 15 * SECOND;
  const sixth = await verify(one, code);
  expect(sixth).toMatchObject({ http: 429, error: { code: "rate_limited" } });
  expect(retryAfter(sixth)).toBe(45);
  expect(await numberOf(one.someone)).toBeNull();
  one.clock.ms += 45 * SECOND;
  await ask(one);
  expect((await verify(one, await newestCode(one.number))).http).toBe(200);
});

test("the right code works at the fifth try", async () => {
  const one = await setup();
  await ask(one);
  const code = await newestCode(one.number);
  for (let tries = 1; tries <= 4; tries++) await verify(one, wrong(code, tries));
  expect((await verify(one, code)).http).toBe(200);
});

test("tries at once are counted each", async () => {
  const one = await setup();
  await ask(one);
  const code = await newestCode(one.number);
  const answers = await Promise.all(
    [1, 2, 3, 4, 5, 6, 7].map((by) => verify({ ...one, deps: clockedDeps(one.clock) }, wrong(code, by))),
  );
  expect(answers.map(({ http }) => http).sort()).toEqual([400, 400, 400, 400, 400, 429, 429]);
});

test("a code works for ten minutes", async () => {
  const [early, late] = [await setup(), await setup()];
  await ask(early);
  early.clock.ms += 10 * MINUTE - 1;
  expect((await verify(early, await newestCode(early.number))).http).toBe(200);
  await ask(late);
  late.clock.ms += 10 * MINUTE;
  expect((await verify(late, await newestCode(late.number))).http).toBe(400);
});

test("an older code is dead once a newer one is sent", async () => {
  const one = await setup();
  await ask(one);
  one.clock.ms += MINUTE;
  await ask(one, uniqueNumber());
  const older = await newestCode(one.number);
  expect((await verify(one, older)).http).toBe(400);
  expect(await numberOf(one.someone)).toBeNull();
});

test("a code works once", async () => {
  const one = await setup();
  await ask(one);
  const code = await newestCode(one.number);
  await verify(one, code);
  await call("PATCH", "/users/preferences", { as: one.someone, json: { reminder_preferences: "EMAIL" } });
  expect((await verify(one, code)).http).toBe(400);
  expect((await call("GET", "/users", { as: one.someone })).data.reminder_preferences).toBe("EMAIL");
});

test("a code works for nobody but the person who asked", async () => {
  const number = uniqueNumber();
  const [one, other] = [await setup(), await setup()];
  await ask({ ...one, number });
  const code = await newestCode(number);
  expect((await verify(other, code)).http).toBe(400);
  await ask({ ...other, number });
  // The other now has a code too; the first one's still is not theirs.
  if (code !== (await newestCode(number))) expect((await verify(other, code)).http).toBe(400);
  expect(await numberOf(other.someone)).toBeNull();
});

test("a number belongs to whoever verified it last", async () => {
  const number = uniqueNumber();
  const [first, second] = [await setup(), await setup()];
  for (const one of [first, second]) {
    await ask({ ...one, number });
    expect((await verify(one, await newestCode(number))).http).toBe(200);
  }
  expect([await numberOf(first.someone), await numberOf(second.someone)]).toEqual([null, number]);
});

test("two people who take each other's number at once both get what they proved", async () => {
  const [a, b] = [await setup(), await setup()];
  for (const one of [a, b]) {
    await ask(one);
    await verify(one, await newestCode(one.number));
    one.clock.ms += MINUTE;
  }
  await ask(a, b.number);
  await ask(b, a.number);
  const [toA, toB] = [await newestCode(b.number), await newestCode(a.number)];
  const answers = await Promise.all([verify(a, toA), verify(b, toB)]);
  expect(answers.map(({ http }) => http)).toEqual([200, 200]);
  expect([await numberOf(a.someone), await numberOf(b.someone)]).toEqual([b.number, a.number]);
});

test("two people who verify one number at once leave it with one of them", async () => {
  const number = uniqueNumber();
  const [a, b] = [await setup(), await setup()];
  await ask({ ...a, number });
  const toA = await newestCode(number);
  await ask({ ...b, number });
  const toB = await newestCode(number);
  const answers = await Promise.all([verify(a, toA), verify(b, toB)]);
  expect(answers.map(({ http }) => http)).toEqual([200, 200]);
  expect([await numberOf(a.someone), await numberOf(b.someone)].toSorted()).toEqual([number, null]);
});

test("a number that opted out is written to again once its owner proves it", async () => {
  const one = await setup();
  await query(
    sql`insert into suppressed_addresses (channel, address, reason) values ('sms', ${one.number}, 'OptedOut')`,
  );
  await ask(one);
  await verify(one, await newestCode(one.number));
  expect(await query(sql`select from suppressed_addresses where address = ${one.number}`)).toEqual([]);
});

test("a failure of SNS is 503, counts for nothing and costs nothing", async () => {
  const one = await setup({ clock: ownMonth() });
  const away = clockedDeps(one.clock, { settings: refusedWith(500, "InternalFailure") });
  const failed = await ask({ ...one, deps: away });
  expect(failed).toMatchObject({ http: 503, error: { code: "unavailable" }, roundTrips: 2 });
  expect(retryAfter(failed)).toBeGreaterThan(0);
  expect(await query(sql`select from phone_verifications where user_id = ${one.someone.id}`)).toEqual([]);
  expect(await spentIn(one.clock)).toBe("0.00000");
  expect((await ask(one)).http).toBe(200);
  expect(await spentIn(one.clock)).toBe(PRICE);
});

test("an answer of SNS that was lost is 503 and counts for nothing, but may have cost", async () => {
  const one = await setup({ clock: ownMonth() });
  const settings = snsThat(() => Promise.reject(new TypeError("connection reset")));
  expect((await ask({ ...one, deps: clockedDeps(one.clock, { settings }) })).http).toBe(503);
  expect(await query(sql`select from phone_verifications where user_id = ${one.someone.id}`)).toEqual([]);
  expect(await spentIn(one.clock)).toBe(PRICE);
  expect((await ask(one)).http).toBe(200);
});

test("after a failed newer one the older code still works", async () => {
  const one = await setup();
  await ask(one);
  one.clock.ms += MINUTE;
  await ask({ ...one, deps: clockedDeps(one.clock, { settings: refusedWith(500, "InternalFailure") }) });
  expect((await verify(one, await newestCode(one.number))).http).toBe(200);
});

test("a number that SNS refuses for good is named", async () => {
  const one = await setup({ clock: ownMonth() });
  const bad = await ask({ ...one, deps: clockedDeps(one.clock, { settings: refusedWith(400, "InvalidParameter") }) });
  expect(bad).toMatchObject({ http: 400, error: { code: "invalid_input", issues: [{ path: "mobile_number" }] } });
  const out = await ask({ ...one, deps: clockedDeps(one.clock, { settings: refusedWith(403, "OptedOut") }) });
  expect(out).toMatchObject({ http: 409, error: { code: "conflict", issues: [{ path: "mobile_number" }] } });
  expect(await spentIn(one.clock)).toBe("0.00000");
  expect((await ask(one)).http).toBe(200);
});

test("a code that went out counts as sent though the database is away afterwards", async () => {
  const one = await setup();
  const settings = snsThat(async () => {
    vi.restoreAllMocks();
    vi.spyOn(globalThis, "fetch").mockRejectedValueOnce(new TypeError("the database is away"));
    return new Response("<PublishResponse><MessageId>1</MessageId></PublishResponse>");
  });
  expect((await ask({ ...one, deps: clockedDeps(one.clock, { settings }) })).http).toBe(200);
});

test("numbers that cannot get an SMS from here are refused at mobile_number", async () => {
  const one = await setup();
  for (const mobile_number of ["+4915112345678", "+48221234567", "hello", "", "+48"]) {
    expect(await ask(one, mobile_number)).toMatchObject({ http: 400, error: { issues: [{ path: "mobile_number" }] } });
  }
  expect((await ask(one)).http).toBe(200);
});

test("what a code costs is added up exactly, by country and month", async () => {
  const one = await setup({ clock: ownMonth() });
  await ask(one);
  one.clock.ms += MINUTE;
  await ask(one);
  expect(await spentIn(one.clock)).toBe("0.07860");
});

test("with the month's money spent no code goes out until the next month", async () => {
  const one = await setup({ clock: ownMonth() });
  const poor = { SMS_MONTHLY_BUDGET_USD: "0.07860" };
  const deps = clockedDeps(one.clock, { settings: poor });
  const others = await Promise.all([setup({ clock: one.clock }), setup({ clock: one.clock })]);
  const answers = await Promise.all(
    [one, ...others].map((each) => ask({ ...each, deps: clockedDeps(one.clock, { settings: poor }) })),
  );
  expect(answers.map(({ http }) => http).sort()).toEqual([200, 200, 503]);
  const late = { ...(await setup({ clock: one.clock })), deps };
  const refused = await ask(late);
  expect(refused).toMatchObject({ http: 503, error: { code: "unavailable" } });
  const now = new Date(one.clock.ms);
  const next = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
  expect(retryAfter(refused)).toBe((next - one.clock.ms) / SECOND);
  expect(await inbox("sms", late.number)).toEqual([]);
  one.clock.ms = next;
  months++;
  expect((await ask(late)).http).toBe(200);
});

test("a price above the whole budget is refused also in a month without spending", async () => {
  const one = await setup({ clock: ownMonth(), deps: { settings: { SMS_MONTHLY_BUDGET_USD: "0.01" } } });
  expect((await ask(one)).http).toBe(503);
  expect(await spentIn(one.clock)).toBeNull();
});

test("a code of another shape, and one that nobody asked for, are refused at code", async () => {
  const one = await setup();
  for (const code of ["12345", "1234567", "abcdef", 123456, null, undefined, "12 456", "000000"]) {
    const answer = await verify(one, code as string);
    expect(answer).toMatchObject({ http: 400, error: { issues: [{ path: "code" }] } });
  }
});
