import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { afterEach, expect, test, vi } from "vitest";
import { api } from "../../src/api/index.ts";
import { buildDeps } from "../../src/deps.ts";
import type { Settings } from "../../src/env.ts";
import { AppError } from "../../src/errors.ts";
import { consume } from "../../src/queues/index.ts";
import { person, query, recordingQueues, settings } from "../support/index.ts";
import { operators } from "../support/operators.ts";

afterEach(() => void vi.restoreAllMocks());

const SECRETS = /\+48791|hunter2|ola@/;

/** PostgreSQL's own: without a SQLSTATE it would be a database that is away. */
class Broken extends Error {
  override name = "BrokenError";
  code = "22P02";
}
const broken = () => Promise.reject(new Broken("+48791000000 hunter2 ola@torium.test"));

/** Deps as index.ts makes them, whose database fails as told; what goes on in the background can be waited for. */
function failing(fail: () => Promise<never>, changed: Partial<Settings> = {}) {
  const background: Promise<unknown>[] = [];
  const deps = buildDeps({ ...settings, ...changed }, recordingQueues().bindings, (work) => void background.push(work));
  // A statement runs when it is awaited, as the driver's do.
  // biome-ignore lint/suspicious/noThenProperty: it stands for one of those
  const execute = () => ({ then: (done: () => void, failed: () => void) => fail().then(done, failed) });
  const db = { execute, batch: fail, $client: { query: fail } } as unknown as typeof deps.db;
  vi.spyOn(console, "error").mockImplementation(() => {});
  return { deps: { ...deps, db }, background, settled: () => Promise.all(background) };
}

const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} } as unknown as ExecutionContext;
const errorsOf = (event: string) =>
  query<{ error: string; request_id: string | null }>(
    sql`select error, request_id from worker_errors where event = ${event} order by id`,
  );

const request = (token: string) =>
  new Request("https://api.torium.test/groups", { headers: { authorization: `Bearer ${token}` } });

test("a bug of a request is counted with its request's id, told with its number, and over when there are no more", async () => {
  const op = await operators();
  await op.run();
  const { token } = await person();
  const { deps, settled } = failing(broken);
  vi.spyOn(Date, "now").mockReturnValue(op.now() + 1_000);
  const answers: Response[] = [];
  for (let n = 0; n < 2; n++) {
    answers.push(await api(request(token), deps, context));
    // They are counted in the background, where the second could overtake the first.
    await settled();
  }
  vi.mocked(Date.now).mockRestore();
  expect(answers.map(({ status }) => status)).toEqual([500, 500]);
  const ids = answers.map(({ headers }) => headers.get("x-request-id"));
  expect(await errorsOf("bug")).toEqual(ids.map((request_id) => ({ error: "BrokenError 22P02", request_id })));
  await op.run();
  const told = op.posted.filter((content) => content.includes("BrokenError"));
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(", 2 times");
  expect(ids.some((id) => told[0]!.includes(id!))).toBe(true);
  expect(told[0]).not.toMatch(SECRETS);
  await op.run();
  expect(op.posted.filter((content) => content.includes("BrokenError"))).toHaveLength(2);
});

test("a consumer that fails unexpectedly is counted", async () => {
  const { deps, settled } = failing(broken);
  const message = { id: "x", attempts: 1, timestamp: new Date(), ack: () => {}, retry: () => {} };
  const body = {
    type: "schedule-notifications",
    version: 1,
    event_id: 1,
    event_reminders_id: 1,
    event_timestamp: "2026-11-11 18:00:00",
  };
  await consume({ queue: "schedule-notifications", messages: [{ ...message, body }] } as unknown as MessageBatch, deps);
  await settled();
  expect(await errorsOf("consumer")).toEqual([{ error: "BrokenError 22P02", request_id: null }]);
});

test("what is foreseen is no bug: a refusal, and a database that is away", async () => {
  const before = await query(sql`select id from worker_errors`);
  const { token } = await person();
  const { deps, background } = failing(() => Promise.reject(new AppError("unavailable", "away")));
  expect((await api(request(token), deps, context)).status).toBe(503);
  expect((await api(request("nonsense"), deps, context)).status).toBe(401);
  expect(background).toEqual([]);
  expect(await query(sql`select id from worker_errors`)).toEqual(before);
});

test("counting that fails itself changes nothing for the caller, and success counts nothing", async () => {
  const { token } = await person();
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const unreachable = new URL(settings.DATABASE_URL);
  unreachable.pathname = "/nowhere";
  const { deps, settled } = failing(broken, { DATABASE_URL: unreachable.href });
  expect((await api(request(token), deps, context)).status).toBe(500);
  await expect(settled()).resolves.toBeDefined();
  const background: Promise<unknown>[] = [];
  const well = buildDeps(settings, env, (work) => void background.push(work));
  expect((await api(request(token), well, context)).status).toBe(200);
  expect([well.roundTrips(), background]).toEqual([1, []]);
});

test("an error that happened before a run and was written down after it looked is told by the next run, once", async () => {
  const op = await operators();
  const written = (event: string, ms: number) =>
    query(
      sql`insert into worker_errors (event, error, created_at) values (${event}, 'LateError', ${new Date(ms).toISOString()})`,
    );
  const about = () => op.posted.filter((content) => content.includes("LateError")).map((one) => one.slice(0, 2));
  await op.run();
  await written("seen", op.now());
  await op.run();
  expect(about()).toEqual(["🔴"]);
  const counted = op.posted.length;
  await written("late", op.now() - 1_000);
  await op.run();
  expect(op.posted.slice(counted).filter((content) => content.includes("LateError"))).toEqual([
    expect.stringMatching(/^🟢/),
    expect.stringMatching(/^🔴/),
  ]);
  await op.run();
  await op.run();
  expect(about()).toEqual(["🔴", "🟢", "🔴", "🟢"]);
});
