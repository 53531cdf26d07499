import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { api } from "../../src/api/index.ts";
import { transactAll } from "../../src/clients/neon.ts";
import { type Status, statusStatement } from "../../src/domain/status.ts";
import { call, person, query, type TestDeps, testDeps } from "../support/index.ts";
import { clockedDeps, drain, event, group, tick } from "../support/pipeline.ts";

const MINUTE = 60_000;

const read = async (deps: TestDeps = testDeps()) => (await call<Status>("GET", "/status", { deps })).data;

/** As a browser asks. */
async function page(deps: TestDeps = testDeps()) {
  const request = new Request("https://api.torium.test/status", {
    headers: { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" },
  });
  const answer = await api(request, deps, { waitUntil: () => {} } as unknown as ExecutionContext);
  return { answer, html: await answer.text() };
}

/** Deps whose database answers nobody, whose clock stands and whose waiting is told. */
function silent() {
  const waits: number[] = [];
  const deps = testDeps({ wait: async (ms) => void waits.push(ms) });
  return { waits, deps: { ...deps, db: { execute: () => new Promise(() => {}) } as unknown as TestDeps["db"] } };
}

test("it tells the last tick, the lateness of what was sent, and sends by channel and outcome, in one round trip", async () => {
  const clock = { ms: Math.floor(Date.now() / MINUTE) * MINUTE };
  const deps = clockedDeps(clock, {});
  const someone = await person();
  await event(someone, { group_id: await group(someone), at: clock.ms + 2 * MINUTE }, deps);
  await tick(deps, clock.ms);
  clock.ms += 2 * MINUTE + 400;
  deps.sent.length = 0;
  await tick(deps, clock.ms);
  await drain(deps, clock);
  clock.ms += 1_000;
  const answer = await call<Status>("GET", "/status", { deps: testDeps({ now: () => clock.ms }) });
  expect(answer.roundTrips).toBe(1);
  expect(answer.headers.get("cache-control")).toBe("public, max-age=10");
  expect(answer.data).toMatchObject({ healthy: true, database: { reachable: true }, oldest_overdue_at: null });
  expect(answer.data.sends.by_channel).toContainEqual({ channel: "email", outcome: "sent", count: 1 });
  expect(answer.data.lateness.p50).toBeGreaterThanOrEqual(0);
  expect(answer.data.lateness.p95).toBeGreaterThanOrEqual(answer.data.lateness.p50!);
  expect(clock.ms - Date.parse(answer.data.last_tick_at!)).toBeLessThan(MINUTE);
});

test("a silent tick and an overdue reminder each end its health", async () => {
  const now = Math.floor(Date.now() / 1000) * 1000;
  await query(sql`insert into schedule_runs values ('schedule-events', ${new Date(now).toISOString()}, now())
                  on conflict (job) do update set ran_at = excluded.ran_at`);
  const at = (ms: number) => testDeps({ now: () => ms });
  expect(await read(at(now + 2 * MINUTE))).toMatchObject({ healthy: true });
  expect(await read(at(now + 4 * MINUTE))).toMatchObject({ healthy: false });
  const someone = await person();
  await event(someone, { group_id: await group(someone), at: now + 60 * MINUTE }, clockedDeps({ ms: now }));
  await query(sql`update schedule_runs set ran_at = ${new Date(now + 64 * MINUTE).toISOString()}`);
  const overdue = await read(at(now + 64 * MINUTE));
  expect(overdue).toMatchObject({ healthy: false, oldest_overdue_at: new Date(now + 60 * MINUTE).toISOString() });
  await query(sql`delete from events`);
  expect(await read(at(now + 64 * MINUTE))).toMatchObject({ healthy: true, oldest_overdue_at: null });
});

test("it is asked of the database once in ten seconds", async () => {
  let ms = Date.now();
  const deps = testDeps({ now: () => ms });
  const trips = async () => (await call("GET", "/status", { deps })).roundTrips;
  expect([await trips(), await trips()]).toEqual([1, 0]);
  ms += 10_000;
  expect(await trips()).toBe(1);
});

test("a database that is away or silent is told within two seconds, and not waited for by each who asks", async () => {
  const away = testDeps();
  const refusing = {
    ...away,
    db: { execute: () => Promise.reject(new Error("refused")) } as unknown as TestDeps["db"],
  };
  expect(await read(refusing)).toMatchObject({ healthy: false, database: { reachable: false }, last_tick_at: null });
  const { deps, waits } = silent();
  expect(await read(deps)).toMatchObject({ healthy: false, database: { reachable: false } });
  await read(deps);
  expect(waits).toHaveLength(1);
  expect(waits[0]).toBeLessThan(2_000);
});

test("a browser gets a page that asks no other host and runs no script, a program JSON", async () => {
  const { answer, html } = await page();
  expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(answer.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; /);
  expect(answer.headers.get("vary")).toMatch(/accept/);
  expect(html).not.toMatch(/<script|https?:/);
  expect(html).toContain("Last tick");
  expect((await page(silent().deps)).html).toContain("The database is out of reach");
  for (const accept of ["application/json", "*/*", "application/json, text/plain, */*"])
    expect((await call("GET", "/status", { headers: { accept } })).http).toBe(200);
});

test("the statement reads through indexes alone", async () => {
  const [, plan] = await transactAll(
    testDeps().db,
    sql`set local enable_seqscan = off`,
    sql`explain ${statusStatement(Date.now())}`,
  );
  const text = JSON.stringify(plan);
  expect(text).toContain("event_reminders_logs_settled");
  expect(text).not.toMatch(/Seq Scan/);
});
