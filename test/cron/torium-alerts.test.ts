import { sql } from "drizzle-orm";
import { afterEach, describe, expect, test, vi } from "vitest";
import { transactAll } from "../../src/clients/neon.ts";
import { ledgerStatement, readLedger } from "../../src/domain/alert-facts.ts";
import { TRACES_DAYS } from "../../src/domain/keeping.ts";
import { query, type TestDeps, testDeps, unique } from "../support/index.ts";
import { MINUTE, type Operators, operators, runAlerts } from "../support/operators.ts";

afterEach(() => void vi.restoreAllMocks());

const DAY = 86_400_000;

/** A dead letter of a queue of its own, which is a fault of its own; answers what mends it. */
async function deadLetter() {
  const queue = unique("queue");
  await query(
    sql`insert into dead_letters (queue, message_id, body, reason) values (${queue}, ${queue}, '{}', 'out of tries')`,
  );
  return {
    queue,
    about: (told: string[]) => told.filter((content) => content.includes(`${queue} `)),
    mend: () => query(sql`update dead_letters set replayed_at = now() where queue = ${queue}`),
  };
}

const away = (deps: TestDeps): TestDeps => {
  const gone = () => Promise.reject(new Error("connection refused"));
  return { ...deps, db: { execute: gone, batch: gone } as unknown as TestDeps["db"] };
};

/** A reminder of ten minutes ago with one delivery as given. */
async function delivery(op: Operators, channel: string, status: string, error: string | null): Promise<number> {
  const at = (ms: number) => new Date(op.now() + ms).toISOString();
  const [made] = await query<{ id: number }>(sql`
    with r as (
      insert into event_reminders (event_id, group_id, event_timestamp, reminder, kind, due_at, starts_at, revision, claimed_at, send_at, status, next_attempt_at)
      values (1, 1, '2026-11-11 18:00', ${unique("0")}, 'automatic', ${at(0)}, ${at(0)}, 1, ${at(0)}, ${at(0)}, 'picked', ${at(0)}) returning id
    ), p as (insert into event_reminders_users (event_reminders_id, user_id, picked, reason, position) select id, 1, true, '', 0 from r)
    insert into event_reminders_logs (event_reminders_id, user_id, channel, step, reason, due_at, status, next_attempt_at, last_error, attempts, settled_at)
    select id, 1, ${channel}::channel, 1, '', ${at(0)}, ${status}::delivery_status, ${at(60_000)}, ${error}, 3, ${status === "pending" ? null : at(1_000)} from r
    returning id`);
  return made!.id;
}

/** What an erasure at that moment, ms, left to do. */
async function pendingErasure(kind: string, at: number): Promise<{ target: string }> {
  const target = unique(kind);
  const created = new Date(at).toISOString();
  await query(
    sql`insert into pending_erasures (kind, target, next_attempt_at, created_at) values (${kind}::erasure_kind, ${target}, ${created}, ${created})`,
  );
  return { target };
}

const settleAs = (op: Operators, id: number, status: string) =>
  query(
    sql`update event_reminders_logs set status = ${status}::delivery_status, last_error = null, settled_at = ${new Date(op.now() - 3_600_000).toISOString()} where id = ${id}`,
  );

test("a fault is one message, edited while it lasts, and one more when it is over, with how long it took", async () => {
  const op = await operators();
  const letter = await deadLetter();
  for (let run = 0; run < 3; run++) await op.run();
  expect(letter.about(op.posted)).toHaveLength(1);
  const standing = letter.about([...op.messages.values()]);
  expect(standing).toHaveLength(1);
  expect(standing[0]).toMatch(/^🔴 .*for 10 min, 3 times$/s);
  await letter.mend();
  for (let run = 0; run < 3; run++) await op.run();
  expect(letter.about(op.posted)).toHaveLength(2);
  expect(letter.about(op.posted)[1]).toMatch(/^🟢 .*well again after 15 min/);
  expect(letter.about([...op.messages.values()]).every((content) => content.startsWith("🟢"))).toBe(true);
});

describe("each part, broken: one alert within two runs, and one recovery", () => {
  type Case = [
    string,
    string,
    (op: Operators) => Promise<{ deps?: TestDeps; tick?: boolean; mend?: () => Promise<unknown> }>,
  ];
  const elsewhere = (op: Operators, setting: string, answer: () => Response) => {
    op.answerElsewhere(answer);
    return { deps: op.depsOf({ settings: { [setting]: `${op.host}/elsewhere` } }) };
  };
  const paused = {
    SendingEnabled: false,
    EnforcementStatus: "HEALTHY",
    SendQuota: { Max24HourSend: 200, SentLast24Hours: 1 },
  };
  const disabled = `<r><entry><key>Enabled</key><value>false</value></entry></r>`;
  const cases: Case[] = [
    ["the tick stopped", "nobody looks for reminders", async () => ({ tick: false })],
    [
      "SNS throttles",
      "The provider throttles",
      async (op) => {
        const id = await delivery(op, "sms", "pending", "Throttling");
        return { mend: () => settleAs(op, id, "sent") };
      },
    ],
    [
      "e-mail fails with 500",
      "http_500",
      async (op) => {
        const id = await delivery(op, "email", "pending", "http_500");
        return { mend: () => settleAs(op, id, "failed") };
      },
    ],
    [
      "what an erasure leaves to do stays undone",
      "1 step of erasures is not done, the oldest for 24 h",
      async (op) => {
        const { target } = await pendingErasure("pool_user", op.now() - DAY);
        return { mend: () => query(sql`delete from pending_erasures where target = ${target}`) };
      },
    ],
    [
      "the e-mail account is paused",
      "SES has paused",
      async (op) => elsewhere(op, "AWS_ENDPOINT_URL_SESV2", () => Response.json(paused)),
    ],
    [
      "SES refuses to tell",
      "SES does not tell",
      async (op) => elsewhere(op, "AWS_ENDPOINT_URL_SESV2", () => Response.json({}, { status: 403 })),
    ],
    [
      "a platform application is disabled",
      "APNs is disabled",
      async (op) => elsewhere(op, "AWS_ENDPOINT_URL_SNS", () => new Response(disabled)),
    ],
    [
      "the pool's key server is down",
      "keys are out of reach",
      async (op) => elsewhere(op, "COGNITO_JWKS_URL", () => new Response(null, { status: 502 })),
    ],
    [
      "the bucket is away",
      "The bucket is out of reach",
      async (op) => {
        const deps = op.depsOf();
        const gone = () => Promise.reject(new Error("gone"));
        return { deps: { ...deps, bindings: { ...deps.bindings, LOGOS: { get: gone } as unknown as R2Bucket } } };
      },
    ],
  ];
  test.each(cases)("%s", async (_, words, arrange) => {
    const op = await operators();
    const { deps, tick, mend } = await arrange(op);
    await op.run(deps, { tick: tick ?? true });
    await op.run(deps, { tick: tick ?? true });
    const about = () => op.posted.filter((content) => content.includes(words)).map((content) => content.slice(0, 2));
    expect(about()).toEqual(["🔴"]);
    await mend?.();
    await op.run();
    await op.run();
    expect(about()).toEqual(["🔴", "🟢"]);
  });
});

test("an erasure is overdue a day after it could be done, traces a day after the last could turn up; the alert names nobody", async () => {
  const op = await operators();
  const about = async () => (await readLedger(op.depsOf().db, op.now())).erasures;
  const young = [
    await pendingErasure("endpoint", op.now() - DAY + 1),
    await pendingErasure("pool_user", op.now() - DAY + 1),
    await pendingErasure("traces", op.now() - (TRACES_DAYS + 1) * DAY + 1),
  ];
  expect(await about()).toEqual({ count: 0, since: null });
  const old = [
    await pendingErasure("endpoint", op.now() - DAY),
    await pendingErasure("traces", op.now() - (TRACES_DAYS + 1) * DAY),
  ];
  const { count, since } = await about();
  expect({ count, since: Date.parse(since!) }).toEqual({ count: 2, since: op.now() - (TRACES_DAYS + 1) * DAY });
  await op.run();
  const told = op.posted.join("\n");
  expect(told).toContain("steps of erasures are not done");
  const targets = [...young, ...old].map(({ target }) => target);
  for (const target of targets) expect(told).not.toContain(target);
  await query(sql`delete from pending_erasures where target = any(${sql.param(targets)}::text[])`);
  await op.run();
  expect(op.posted.at(-1)).toMatch(/^🟢 \*\*erasures\*\*/);
});

test("what was broken in a part that does not answer any more is not taken for mended", async () => {
  const op = await operators();
  const deps = op.depsOf({ settings: { AWS_ENDPOINT_URL_SESV2: `${op.host}/elsewhere` } });
  const SendQuota = { Max24HourSend: 200, SentLast24Hours: 1 };
  op.answerElsewhere(() => Response.json({ SendingEnabled: false, EnforcementStatus: "HEALTHY", SendQuota }));
  await op.run(deps);
  op.answerElsewhere(() => new Response(null, { status: 500 }));
  await op.run(deps);
  expect(op.posted.map((content) => content.slice(0, 2))).toEqual(["🔴", "🔴"]);
  await op.run();
  expect(op.posted.slice(2).map((content) => content.slice(0, 2))).toEqual(["🟢", "🟢"]);
});

describe("the database away", () => {
  test("is told once however long it lasts, and its end from the first good run", async () => {
    const op = await operators();
    const deps = away(op.depsOf());
    for (let run = 0; run < 3; run++) await op.run(deps, { tick: false });
    expect(op.posted).toHaveLength(1);
    expect(op.posted[0]).toMatch(/^🔴 .*database is out of reach/i);
    expect(op.beats()).toBe(0);
    await op.run();
    await op.run();
    expect(op.posted).toHaveLength(2);
    expect(op.posted[1]).toMatch(/^🟢 \*\*database\*\* is well again after 15 min/);
    expect(op.beats()).toBe(2);
  });

  test("is told once by two runs at once, and by the next one where Discord was away too", async () => {
    const op = await operators();
    op.answerDiscord(() => new Response(null, { status: 502 }));
    await op.run(away(op.depsOf()), { tick: false });
    op.answerDiscord(null);
    await Promise.all([1, 2].map(() => runAlerts(away(op.depsOf()))));
    expect(op.posted).toHaveLength(1);
    await op.run();
    expect(op.posted.map((content) => content.slice(0, 2))).toEqual(["🔴", "🟢"]);
  });

  test("a hiccup is none", async () => {
    const op = await operators();
    const deps = op.depsOf();
    let calls = 0;
    const db = new Proxy(deps.db, {
      get: (real, name) =>
        name === "execute" && calls++ === 0 ? () => Promise.reject(new Error("reset")) : Reflect.get(real, name),
    });
    await op.run({ ...deps, db });
    expect(op.posted).toEqual([]);
    expect(op.beats()).toBe(1);
  });
});

describe("Discord's own faults lose nothing and repeat nothing", () => {
  const limited = (seconds: number) => () => Response.json({ retry_after: seconds, global: false }, { status: 429 });
  const once = (op: Operators, answer: () => Response | Promise<Response>) => {
    let met = 0;
    op.answerDiscord(() => (met++ === 0 ? answer() : null));
  };

  test("a short limit is waited for as long as it says", async () => {
    const op = await operators();
    const letter = await deadLetter();
    once(op, limited(1.25));
    await op.run();
    expect(op.waits).toContain(1_250);
    expect(letter.about(op.posted)).toHaveLength(1);
    await letter.mend();
    await op.run();
  });

  test.each<[string, () => Response]>([
    ["of nothing", limited(0)],
    ["of less than nothing", () => new Response(null, { status: 429, headers: { "retry-after": "-5" } })],
    ["that says no time", () => new Response(null, { status: 429, headers: { "retry-after": "" } })],
  ])("a limit %s, said again and again, is not hammered at", async (_, answer) => {
    const op = await operators();
    const letter = await deadLetter();
    let met = 0;
    op.answerDiscord(() => {
      met++;
      return answer();
    });
    await op.run();
    expect(met).toBeLessThan(12);
    op.answerDiscord(null);
    await op.run();
    expect(letter.about(op.posted)).toHaveLength(1);
    await letter.mend();
    await op.run();
  });

  test.each<[string, () => Response | Promise<Response>]>([
    ["a long limit", limited(600)],
    ["a 500", () => new Response("oops", { status: 500 })],
    ["a call that is never answered", () => Promise.reject(new DOMException("late", "TimeoutError"))],
    ["a cut connection", () => Promise.reject(new TypeError("network"))],
    ["an answer that is not Discord's", () => new Response("<html>")],
  ])("%s leaves the alert and its recovery to the next run, and silences the heartbeat", async (_, answer) => {
    const op = await operators();
    const letter = await deadLetter();
    once(op, answer);
    await op.run();
    expect(letter.about(op.posted)).toHaveLength(0);
    expect(op.beats()).toBe(0);
    await op.run();
    expect(op.beats()).toBe(1);
    expect(letter.about(op.posted)).toHaveLength(1);
    await letter.mend();
    once(op, answer);
    await op.run();
    expect(letter.about(op.posted)).toHaveLength(1);
    await op.run();
    await op.run();
    expect(letter.about(op.posted).map((content) => content.slice(0, 2))).toEqual(["🔴", "🟢"]);
  });

  test("what broke and was mended while Discord was away is told afterwards, in one message", async () => {
    const op = await operators();
    const letter = await deadLetter();
    op.answerDiscord(() => new Response(null, { status: 503 }));
    await op.run();
    await letter.mend();
    await op.run();
    op.answerDiscord(null);
    await op.run();
    await op.run();
    expect(letter.about(op.posted)).toHaveLength(1);
    expect(letter.about(op.posted)[0]).toMatch(/^🟢 .*well again after 5 min/);
  });

  test("a message that somebody deleted holds up neither its recovery nor another alert", async () => {
    const op = await operators();
    const letter = await deadLetter();
    await op.run();
    op.messages.clear();
    const other = await deadLetter();
    await op.run();
    expect(other.about(op.posted)).toHaveLength(1);
    await Promise.all([letter.mend(), other.mend()]);
    await op.run();
    expect(letter.about(op.posted).at(-1)).toMatch(/^🟢/);
  });
});

test("two runs at once tell of a fault once, and of its end once", async () => {
  const op = await operators();
  await op.run();
  const letters = await Promise.all([1, 2, 3].map(deadLetter));
  await Promise.all([1, 2].map(() => runAlerts(op.depsOf())));
  for (const letter of letters) expect(letter.about(op.posted)).toHaveLength(1);
  await Promise.all(letters.map(({ mend }) => mend()));
  await Promise.all([1, 2].map(() => runAlerts(op.depsOf())));
  await op.run();
  for (const letter of letters) expect(letter.about(op.posted)).toHaveLength(2);
});

test("a run that died while it was posting leaves its alerts to a later one", async () => {
  const op = await operators();
  const letter = await deadLetter();
  const dying = op.depsOf();
  op.answerDiscord(() => {
    throw new Error("the isolate is gone");
  });
  const db = new Proxy(dying.db, {
    get: (real, name) => {
      const method = Reflect.get(real, name) as (statement: unknown) => Promise<unknown>;
      if (name !== "execute") return method;
      return (statement: unknown) =>
        JSON.stringify(statement).includes("posting_until = null")
          ? Promise.reject(new Error("gone"))
          : method.call(real, statement);
    },
  });
  await expect(op.run({ ...dying, db })).rejects.toThrow();
  op.answerDiscord(null);
  await runAlerts(op.depsOf());
  expect(letter.about(op.posted)).toHaveLength(0);
  await op.run();
  expect(letter.about(op.posted)).toHaveLength(1);
  await letter.mend();
  await op.run();
});

test("what is acknowledged brings no new message, and what stands in the channel is put right at its end", async () => {
  const op = await operators();
  const letter = await deadLetter();
  await op.run();
  const before = letter.about([...op.messages.values()]);
  await query(sql`update alerts set acknowledged_at = now() where key = ${letter.queue}`);
  await op.run();
  expect(letter.about([...op.messages.values()])).toEqual(before);
  await letter.mend();
  await op.run();
  await op.run();
  expect(letter.about(op.posted)).toHaveLength(1);
  expect(letter.about([...op.messages.values()])[0]).toMatch(/^🟢/);
});

test("what is silenced is told when the silence ends, if it still lasts", async () => {
  const op = await operators();
  const [lasting, passing] = [await deadLetter(), await deadLetter()];
  const unheard = op.depsOf({ settings: { DISCORD_WEBHOOK_URL: undefined } });
  await op.run(unheard);
  const until = new Date(op.now() + 12 * MINUTE).toISOString();
  await query(sql`update alerts set silenced_until = ${until} where key in (${lasting.queue}, ${passing.queue})`);
  await op.run();
  await passing.mend();
  await op.run();
  expect([...lasting.about(op.posted), ...passing.about(op.posted)]).toEqual([]);
  await op.run();
  expect(lasting.about(op.posted)).toHaveLength(1);
  expect(passing.about(op.posted)).toHaveLength(0);
  await lasting.mend();
  await op.run();
});

test("without a webhook alerts stand in the table alone, and what is over by then is not told later", async () => {
  const op = await operators();
  const [lasting, passing] = [await deadLetter(), await deadLetter()];
  const unheard = op.depsOf({ settings: { DISCORD_WEBHOOK_URL: undefined } });
  await op.run(unheard);
  await passing.mend();
  await op.run(unheard);
  expect(op.posted).toEqual([]);
  const rows = await query(
    sql`select closed_at is null as open from alerts where key in (${lasting.queue}, ${passing.queue}) order by id`,
  );
  expect(rows).toHaveLength(2);
  await op.run();
  expect(passing.about(op.posted)).toHaveLength(0);
  expect(lasting.about(op.posted)).toHaveLength(1);
  await lasting.mend();
  await op.run();
});

test("an alert that the sending of SMS wrote down is told, lasts while the money is short, and ends with the month", async () => {
  const op = await operators();
  const month = new Date(op.now()).toISOString().slice(0, 7);
  await query(
    sql`insert into alerts (part, key, message) values ('sms', ${month}, 'SMS have cost 80 % of the budget')`,
  );
  await query(sql`insert into sms_spending values (${`${month}-01`}, 90000)`);
  const about = () =>
    op.posted.filter((content) => /SMS (of|have)/.test(content)).map((content) => content.slice(0, 2));
  await op.run();
  await op.run();
  expect(about()).toEqual(["🔴"]);
  await query(sql`update sms_spending set spent_usd = 0`);
  await op.run();
  expect(about()).toEqual(["🔴", "🟢"]);
});

test("an alert of a part that no check knows is told, and over after a day", async () => {
  const op = await operators();
  const part = unique("part");
  const at = new Date(op.now()).toISOString();
  await query(
    sql`insert into alerts (part, key, message, opened_at, seen_at) values (${part}, 'once', 'Something happened', ${at}, ${at})`,
  );
  const about = () => op.posted.filter((content) => content.includes(`${part}*`)).map((content) => content.slice(0, 2));
  await op.run();
  expect(about()).toEqual(["🔴"]);
  await query(sql`update alerts set seen_at = seen_at - interval '1 day' where part = ${part}`);
  await op.run();
  expect(about()).toEqual(["🔴", "🟢"]);
});

test("a run asks its statement through indexes alone", async () => {
  const [, plan] = await transactAll(
    testDeps().db,
    sql`set local enable_seqscan = off`,
    sql`explain ${ledgerStatement(Date.now())}`,
  );
  const text = JSON.stringify(plan);
  for (const index of [
    "event_reminders_logs_settled",
    "event_reminders_logs_next",
    "pending_erasures_age",
    "worker_errors_pkey",
    "suppressed_addresses_created",
  ])
    expect(text).toContain(index);
  // Of few letters that wait either is as good.
  expect(text).toMatch(/dead_letters_(created|waiting)/);
  expect(text).not.toMatch(/Seq Scan on (?!pg_)/);
});

test("what went out late after failures, or by another channel after them, is no lateness of ours, nor is what waits for another attempt overdue", async () => {
  const op = await operators();
  const ids: number[] = [];
  for (let n = 0; n < 3; n++)
    ids.push(await delivery(op, "push", "sent", null), await delivery(op, "push", "sent", null));
  const settled = new Date(op.now() + 4 * MINUTE).toISOString();
  const set = (change: ReturnType<typeof sql>) =>
    query(
      sql`update event_reminders_logs set settled_at = ${settled}, ${change} where id = any(${sql.param(ids)}::bigint[])`,
    );
  const waiting = await delivery(op, "email", "pending", "http_500");
  await set(sql`step = 0, attempts = 2`);
  await op.run();
  await set(sql`step = 1, attempts = 1`);
  await runAlerts(op.depsOf());
  const told = () => op.posted.filter((content) => /late|overdue/.test(content));
  expect(told()).toEqual([]);
  await set(sql`step = 0, attempts = 1`);
  await runAlerts(op.depsOf());
  expect(told()).toHaveLength(1);
  await settleAs(op, waiting, "sent");
});
