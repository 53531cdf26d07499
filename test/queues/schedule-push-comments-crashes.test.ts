import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { transact } from "../../src/clients/neon.ts";
import { claimCommentPushes, settleCommentPushes } from "../../src/domain/comment-pushes.ts";
import { device } from "../support/arranged.ts";
import { commented, count, crowd, logs, MINUTE, QUEUE, standing } from "../support/commented.ts";
import { call, settings, type TestDeps } from "../support/index.ts";
import { drain, receive, taken, tick } from "../support/pipeline.ts";

test("what does not fit into the lease goes back untried, and on at once", async () => {
  const { clock, deps, message, id, event, group_id } = await commented();
  const phones: Awaited<ReturnType<typeof device>>[] = [];
  for (const who of await crowd(10, group_id, event.id)) phones.push(await device(who));
  const original = globalThis.fetch;
  globalThis.fetch = async (...input) => {
    if (String(input[0] instanceof Request ? input[0].url : input[0]).startsWith(settings.AWS_ENDPOINT_URL_SNS!))
      clock.ms += 15_000;
    return original(...input);
  };
  try {
    await receive(deps, [message], QUEUE);
  } finally {
    globalThis.fetch = original;
  }
  const left = (await logs(id)).filter(({ status }) => status === "pending");
  expect(left.length).toBeGreaterThan(0);
  expect(left.every(({ attempts, last_error }) => attempts === 0 && last_error === "out_of_time")).toBe(true);
  expect(deps.sent).toMatchObject([{ events_comments_id: id, delaySeconds: 0 }]);
  await drain(deps, clock);
  for (const phone of phones) expect(await count(phone)).toBe(1);
  expect((await logs(id)).every(({ status, attempts }) => status === "sent" && attempts === 1)).toBe(true);
});

test("a consumer that dies after its claim is made up for by the sweep, once its lease is over", async () => {
  const { clock, deps, message, id, one, other } = await commented();
  const dying = { ...deps, wait: () => Promise.reject(new Error("killed")), db: awayForSettling(deps) };
  expect((await receive(dying, [message], QUEUE))[0]).toMatchObject({ outcome: "retry" });
  expect(await logs(id)).toMatchObject([{ status: "pending" }, { status: "pending" }]);
  await receive(deps, [message], QUEUE);
  expect([await count(one), await count(other)]).toEqual([1, 1]);
  clock.ms += 3 * MINUTE;
  await tick(deps, clock.ms);
  const swept = taken(deps).filter((one) => one.type === "schedule-push-comments" && one.events_comments_id === id);
  expect(swept).toHaveLength(1);
  await receive(deps, swept, QUEUE);
  expect([await count(one), await count(other)]).toEqual([2, 2]);
  expect(await standing(id)).toEqual({ handed_on: true, waits: false });
});

test("of many claims at once one gets each person", async () => {
  for (let round = 0; round < 5; round++) {
    const { clock, deps, id } = await commented();
    // Holds the comment while the claims arrive, so that they go on together.
    const held = transact(
      deps.db,
      sql`select id from events_comments where id = ${id} for update`,
      sql`select count(*) from generate_series(1, 1000000)`,
    );
    const claims = await Promise.all(
      Array.from({ length: 5 }, () =>
        claimCommentPushes(deps.db, [{ events_comments_id: id, after_user_id: 0 }], {
          token: crypto.randomUUID(),
          now: clock.ms,
        }),
      ),
    );
    await held;
    expect(claims.flatMap(({ pushes }) => pushes)).toHaveLength(2);
  }
});

test("a claim of several comments, in whatever order they are asked for, waits for whoever deletes them and never they for each other", async () => {
  for (let round = 0; round < 3; round++) {
    const { clock, deps, id, event, admin } = await commented();
    const json = { event_id: event.id, comment: "And a knife?" };
    const made = await call("POST", "/event/comment", { as: admin, json });
    const ids = [id, made.data.events_comments_id as number];
    // Changed, the older one lies behind the newer one in the table.
    await call("PUT", "/event/comment", { as: admin, json: { id, comment: "Who brings two cakes?" } });
    const lock = (one: number) => sql`select id from events_comments where id = ${one} for update`;
    const busy = sql`select count(*) from generate_series(1, 1000000)`;
    const deletion = transact(deps.db, lock(ids[0]!), busy, lock(ids[1]!));
    const asked = ids.toReversed().map((events_comments_id) => ({ events_comments_id, after_user_id: 0 }));
    const claim = claimCommentPushes(deps.db, asked, { token: crypto.randomUUID(), now: clock.ms });
    expect((await claim).pushes).toHaveLength(4);
    await deletion;
  }
});

test("a claim whose answer was lost finds its own rows again, and whoever lost the lease settles nothing", async () => {
  const { clock, deps, message, id, one, other } = await commented();
  const token = crypto.randomUUID();
  const claimedAt = clock.ms;
  const claim = () =>
    claimCommentPushes(deps.db, [{ events_comments_id: id, after_user_id: 0 }], { token, now: claimedAt });
  await claim();
  const { pushes } = await claim();
  expect(pushes).toHaveLength(2);
  clock.ms += 3 * MINUTE;
  await receive(deps, [message], QUEUE);
  expect([await count(one), await count(other)]).toEqual([1, 1]);
  const failed = pushes.map(({ user_id }) => ({
    events_comments_id: id,
    user_id,
    status: "failed" as const,
    error: "late",
    provider_message_id: null,
    untried: false,
  }));
  const comments = [{ events_comments_id: id, written: true, look_again_at: new Date(clock.ms).toISOString() }];
  await settleCommentPushes(deps.db, { comments, pushes: failed, dead: [] }, { token, claimedAt, now: clock.ms });
  expect(await logs(id)).toMatchObject([{ status: "sent" }, { status: "sent" }]);
  expect(await standing(id)).toEqual({ handed_on: true, waits: false });
});

/** A database that answers the claim and is away for the settling, the one transaction of a batch. */
const awayForSettling = ({ db }: TestDeps): TestDeps["db"] =>
  new Proxy(db, {
    get: (target, name) =>
      name === "batch"
        ? () => Promise.reject(Object.assign(new Error("gone"), { code: "57P01" }))
        : Reflect.get(target, name),
  });
