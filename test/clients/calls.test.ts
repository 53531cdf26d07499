import { sql } from "drizzle-orm";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { awsClient, lost } from "../../src/clients/aws.ts";
import { rows, transactAll } from "../../src/clients/neon.ts";
import { sesClient } from "../../src/clients/ses.ts";
import { buildDeps } from "../../src/deps.ts";
import { recordingQueues, settings } from "../support/index.ts";

const { db, roundTrips } = buildDeps(settings, recordingQueues().bindings);

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** An answer that begins with `first` and never ends, unless its call is given up. */
function endless(first: string): void {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_, init) => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(first));
        init?.signal?.addEventListener("abort", () => controller.error(init.signal!.reason));
      },
    });
    return new Response(body);
  });
}

test("an answer leaves no timer behind, and counts as one round trip", async () => {
  const before = roundTrips();
  expect(await rows(db, sql`select 7 as seven`)).toEqual([{ seven: 7 }]);
  expect(roundTrips() - before).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});

test("a statement that PostgreSQL refuses leaves none either", async () => {
  await expect(rows(db, sql`select 1/0`)).rejects.toMatchObject({ cause: { code: "22012" } });
  expect(vi.getTimerCount()).toBe(0);
});

test("a statement that was cancelled, by hand or by a time limit of the role's, is worth another try", async () => {
  const limited = transactAll(db, sql`set local statement_timeout = 1`, sql`select pg_sleep(5)`);
  await expect(limited).rejects.toMatchObject({ code: "unavailable", retryAfter: 5 });
});

test("an answer whose body hangs is given up after 15 s", async () => {
  endless('{"fields":[');
  const answer = rows(db, sql`select 1`).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(14_999);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(await answer).toMatchObject({ code: "unavailable", retryAfter: 5 });
  expect(vi.getTimerCount()).toBe(0);
});

test("a call to AWS has no timer left once it is answered, and five seconds for all of its answer", async () => {
  const aws = awsClient(settings);
  const call = () => aws.call("https://sns.example.com/", "sns", { body: "Action=Publish" });
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("<MessageId>1</MessageId>"));
  expect(await call()).toMatchObject({ ok: true, status: 200, text: "<MessageId>1</MessageId>" });
  expect(vi.getTimerCount()).toBe(0);
  endless("<MessageId>");
  const answer = call().catch((error: unknown) => lost(error));
  await vi.advanceTimersByTimeAsync(4_999);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(await answer).toEqual({ outcome: "lost", error: "timeout" });
  expect(vi.getTimerCount()).toBe(0);
});

test.each([
  [400, "MessageRejected", { outcome: "refused", error: "MessageRejected" }],
  [429, "TooManyRequestsException", { outcome: "throttled", error: "TooManyRequestsException" }],
])("a letter that SES answers with %i is %s, though the answer's words are cut", async (status, type, outcome) => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => {
    const body = new ReadableStream({ start: (controller) => controller.error(new Error("cut")) });
    return new Response(body, { status, headers: { "x-amzn-errortype": type } });
  });
  const letter = { to: "a@example.com", subject: "s", text: "t", html: "h", unsubscribe_url: "https://example.com" };
  expect(await sesClient(settings).sendEmail(letter)).toEqual(outcome);
});
