import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../dev/settings.ts";
import { BASE, dumpOf, event, importRoom, NOW, type Rows, THEN, user } from "./support/first-torium.ts";

const { folder, run, query, url } = importRoom();

describe("events", () => {
  const leads = () =>
    query("select event_id::int as id, lead, fallback, next_due_at as due from event_leads order by event_id, id");

  it("are reminded from now on, by the product's own planner, and nothing past is", async () => {
    await run({
      ...BASE,
      events: [
        event(1, "2022-05-01 18:00:00"),
        event(2, "2026-11-30 18:00:00", { period: "7 days" }),
        event(3, "2026-11-22 08:00:00", { period: "1 mon" }),
        event(4, "2022-01-31 09:00:00", { reminder: "periodical", period: "1 mon" }),
        event(5, "2022-06-06 09:00:00", { reminder: "periodical", period: "7 days" }),
      ],
    });
    const due = (at: string) => new Date(at);
    expect(await leads()).toEqual([
      { id: 1, lead: "P1D", fallback: false, due: null },
      { id: 2, lead: "P1W", fallback: false, due: due("2026-11-23T17:00:00Z") },
      { id: 3, lead: "P1M", fallback: false, due: null },
      { id: 3, lead: "0", fallback: true, due: due("2026-11-22T07:00:00Z") },
      { id: 4, lead: "0", fallback: false, due: due("2026-11-30T08:00:00Z") },
      { id: 5, lead: "0", fallback: false, due: due("2026-11-23T08:00:00Z") },
    ]);
    expect(
      await query("select id::int, recurrence, schedule_period, starts_at from events where id in (4, 5) order by id"),
    ).toEqual([
      {
        id: 4,
        recurrence: "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
        schedule_period: "1 month",
        starts_at: due("2022-01-31T08:00:00Z"),
      },
      { id: 5, recurrence: "FREQ=WEEKLY", schedule_period: "1 week", starts_at: due("2022-06-06T07:00:00Z") },
    ]);
    expect(await query("select count(*)::int from event_reminders")).toEqual([{ count: 0 }]);
  });

  it("keep an exact budget, their people and what they said, of which nobody is told again", async () => {
    const said = "line one\nline\ttwo \\ ł";
    await run({
      ...BASE,
      events: [event(1, "2026-12-01 18:00:00", { budget: "33.333332" })],
      events_users: [
        [1, 1, 1, THEN],
        [2, 1, 2, THEN],
      ],
      events_comments: [[5, 1, 2, said, THEN]],
    });
    expect(await query("select is_budget, budget, currency from events")).toEqual([
      { is_budget: true, budget: "33.3300", currency: "PLN" },
    ]);
    expect(await query("select count(*)::int from events_users")).toEqual([{ count: 2 }]);
    expect(
      await query("select id::int, comment, handed_on_at is not null as told, next_attempt_at from events_comments"),
    ).toEqual([{ id: 5, comment: said, told: true, next_attempt_at: null }]);
  });

  it("are counted at the end, since plans that are kept go by the tables' sizes", async () => {
    await run({ ...BASE, users: [...BASE.users!, ...Array.from({ length: 100 }, (_, n) => user(n + 50))] });
    const [{ reltuples }] = (await query("select reltuples from pg_class where oid = 'users'::regclass")) as [
      { reltuples: number },
    ];
    expect(reltuples).toBeGreaterThan(100);
  });

  it("and rows that refer to what is not there are named, one by one", async () => {
    const { said } = await run({
      ...BASE,
      users: [...BASE.users!, user(3)],
      events: [
        event(1, "2026-12-01 18:00:00", { budget: "NaN", name: null }),
        event(2, "2026-12-01 18:00:00", { group: 9 }),
        event(3, "never"),
        event(4, "2026-12-01 18:00:00", { period: "soon" }),
      ],
      events_users: [
        [1, 1, 1, THEN],
        [2, 1, 1, THEN],
        [3, 1, 3, THEN],
        [4, 2, 1, THEN],
        [5, 1, 9, THEN],
      ],
      events_comments: [
        [1, 2, 1, "x", THEN],
        [2, 1, 9, "x", THEN],
        [3, 1, 1, " ", THEN],
      ],
    });
    expect(said).toEqual([
      "events 1: its budget is no amount: it has none",
      "events 1: has no name: is called …",
      "events 2: group 9 is not there",
      "events 3: has no time",
      "events 4: has no schedule_period",
      "events_users 2: 1 takes part in event 1 twice",
      "events_users 3: 3 is not in group 1",
      "events_users 4: event 2 is not there",
      "events_users 5: user 9 is not there",
      "events_comments 1: event 2 is not there",
      "events_comments 2: user 9 is not there",
      "events_comments 3: says nothing",
    ]);
  });
});

describe("the import", () => {
  const ALL: Rows = {
    ...BASE,
    events: [event(50, "2026-12-01 18:00:00"), event(51, "2026-12-02 18:00:00")],
    events_users: [[1, 50, 2, THEN]],
    events_comments: [[9, 50, 2, "x", THEN]],
  };
  const TABLES = ["users", "groups", "group_members", "events", "event_leads", "events_users", "events_comments"];
  async function contents() {
    const found: unknown[][] = [];
    for (const table of TABLES) found.push(await query(`select to_jsonb(t) from ${table} t order by 1`));
    return found;
  }

  it("moves the sequences on: what is made next collides with none", async () => {
    await run(ALL);
    const [made] = await query(
      "insert into events (group_id, name, description, event_timestamp, time_zone, starts_at, schedule_period, is_budget, planned_at, upcoming) select group_id, 'n', '', event_timestamp, time_zone, starts_at, schedule_period, false, planned_at, upcoming from events limit 1 returning id::int",
    );
    expect(made).toEqual({ id: 52 });
    expect(
      await query(
        "insert into users (cognito_user_id, email, username) values ('n', 'n@example.com', 'n') returning id::int",
      ),
    ).toEqual([{ id: 3 }]);
  });

  it("may be repeated: what is there stays, and what was deleted or left since stays so", async () => {
    await run(ALL);
    await query(
      "delete from events where id = 51; delete from events_users where event_id = 50; update groups set name = 'ours'",
    );
    const before = await contents();
    const { counts, said } = await run(ALL, { now: NOW + 86_400_000 });
    expect(await contents()).toEqual(before);
    expect(said).toEqual(["events 51: its id is used up and not there: gone since an earlier import"]);
    expect(counts.users).toEqual({ read: 2, made: 0, same: 2, left_out: 0 });
    expect(counts.events_users).toMatchObject({ made: 0, same: 1 });
  });

  it("as a dry run tells the same, and keeps nothing, not even a number", async () => {
    const dry = await run(ALL, { dryRun: true });
    expect((await contents()).flat()).toEqual([]);
    const { counts, said } = await run(ALL);
    expect({ counts, said }).toEqual({ counts: dry.counts, said: dry.said });
  });

  it("is all or nothing", async () => {
    await query("create function broken() returns trigger language plpgsql as 'begin raise exception ''broken''; end'");
    await query("create trigger broken before insert on events_comments for each row execute function broken()");
    await expect(run(ALL)).rejects.toThrow("broken");
    expect((await contents()).flat()).toEqual([]);
  });

  it("shows how far it is, a thousand rows at a time", async () => {
    const { progress } = await run({ users: Array.from({ length: 2_500 }, (_, n) => user(n + 1)) });
    expect(progress).toEqual(["users 1000/2500", "users 2000/2500", "users 2500/2500"]);
  });

  it("runs as a command, on a compressed dump too, and never prints an address", async () => {
    const file = join(folder, "first.sql.gz");
    writeFileSync(
      file,
      gzipSync(
        dumpOf({ ...ALL, users: [...ALL.users!, user(3, { email: "secret@" }), user(4, { confirmed: false })] }),
      ),
    );
    const env = { ...process.env, DATABASE_URL: url() };
    const child = spawn(process.execPath, ["deploy/import-v1.ts", file, "--dry-run"], { cwd: ROOT, env });
    const [[code], out, errors] = await Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
    expect({ code, errors }).toMatchObject({ code: 0 });
    expect(out).toContain("left out  line 4: users 3: has no e-mail address");
    expect(out).toMatch(/^events_users +1 +1 +0 +0$/m);
    expect(out).toContain("1 never confirmed their address and are in no group: the first night deletes them");
    expect(out).toContain("Dry run: nothing was kept.");
    expect(out + errors).not.toContain("secret");
  });
});
