import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readDump } from "../../deploy/import-v1/dump.ts";
import { importFirst, type Options, type Remark } from "../../deploy/import-v1/import.ts";
import { migrate } from "../../dev/migrate.ts";
import { createDatabase, type Postgres, startPostgres } from "../../dev/postgres.ts";
import { ROOT } from "../../dev/settings.ts";

const folder = mkdtempSync(join(tmpdir(), "torium-import-"));
/** A Saturday noon in Warsaw. */
const NOW = Date.parse("2026-11-21T11:00:00Z");
const THEN = "2022-03-04 12:00:00";

let postgres: Postgres;
let template: string;
let client: pg.Client;
let url: string;
let databases = 0;

beforeAll(async () => {
  postgres = await startPostgres({ directory: join(folder, "db"), port: 0 });
  template = "imported";
  await migrate(await createDatabase(postgres.url, template));
});
beforeEach(async () => {
  await client?.end();
  url = await createDatabase(postgres.url, `import ${++databases}`, template);
  client = new pg.Client({ connectionString: url });
  await client.connect();
});
afterAll(async () => {
  await client?.end();
  await postgres.stop();
  rmSync(folder, { recursive: true });
});

type Cell = string | number | boolean | null;
const COLUMNS = {
  organizations: "id, name, url, file_name",
  users:
    'id, username, email, mobile_number, "timestamp", is_confirmed, reminder_preferences, cognito_user_id, organization_id, device_token',
  groups: 'id, name, description, admin_id, "timestamp"',
  users_groups: 'id, group_id, user_id, "timestamp", status',
  group_invitation_logs: 'id, group_id, user_to, "timestamp", status, updated_timestamp',
  events:
    'id, is_budget, budget, name, description, group_id, event_timestamp, "timestamp", updated_timestamp, reminder, schedule_period',
  events_users: 'id, event_id, user_id, "timestamp"',
  events_comments: 'id, event_id, user_id, comment, "timestamp"',
};
type Rows = { [Name in keyof typeof COLUMNS]?: Cell[][] };

const cell = (value: Cell) =>
  value === null
    ? "\\N"
    : value === true
      ? "t"
      : value === false
        ? "f"
        : String(value).replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n");
const dumpOf = (rows: Rows) =>
  Object.entries(rows)
    .map(
      ([name, list]) =>
        `COPY public.${name} (${COLUMNS[name as keyof Rows]}) FROM stdin;\n${list.map((row) => `${row.map(cell).join("\t")}\n`).join("")}\\.\n`,
    )
    .join("\n");

const user = (
  id: number,
  change: {
    email?: string;
    mobile?: string | null;
    preference?: string | null;
    confirmed?: boolean;
    sub?: string;
    organization?: number | null;
    name?: string | null;
  } = {},
): Cell[] => [
  id,
  change.name === undefined ? `User ${id}` : change.name,
  change.email ?? `user${id}@example.com`,
  change.mobile ?? "",
  THEN,
  change.confirmed ?? true,
  change.preference ?? null,
  change.sub ?? `sub-${id}`,
  change.organization ?? null,
  "old-token",
];
const group = (id: number, admin: number): Cell[] => [id, `Group ${id}`, "", admin, THEN];
const member = (group_id: number, user_id: number, status: string | null = "standard"): Cell[] => [
  0,
  group_id,
  user_id,
  THEN,
  status,
];
const event = (
  id: number,
  at: string,
  change: { reminder?: string; period?: string; budget?: string | null; group?: number; name?: string | null } = {},
): Cell[] => [
  id,
  change.budget !== undefined,
  change.budget ?? null,
  change.name === undefined ? `Event ${id}` : change.name,
  null,
  change.group ?? 1,
  at,
  THEN,
  null,
  change.reminder ?? "once",
  change.period ?? "1 day",
];
const BASE: Rows = {
  users: [user(1), user(2)],
  groups: [group(1, 1)],
  users_groups: [member(1, 1, "admin"), member(1, 2)],
};

async function run(rows: Rows | string, change: Partial<Options> = {}) {
  const remarks: Remark[] = [];
  const progress: string[] = [];
  const counts = await importFirst(client, {
    dump: readDump(typeof rows === "string" ? rows : dumpOf(rows)),
    timeZone: "Europe/Warsaw",
    countries: ["PL"],
    now: NOW,
    dryRun: false,
    progress: (table, done, of) => void progress.push(`${table} ${done}/${of}`),
    remark: (remark) => void remarks.push(remark),
    ...change,
  });
  return { counts, progress, remarks, said: remarks.map(({ table, id, why }) => `${table} ${id}: ${why}`) };
}
const query = async (statement: string) => (await client.query(statement)).rows;

describe("people", () => {
  it("keep their ids and accounts, and what was said of them is read in the zone", async () => {
    const { said, counts } = await run({
      users: [
        user(42, { mobile: "512345678", preference: "SMS", organization: 2, name: null }),
        user(7, { confirmed: false }),
      ],
    });
    expect(said).toEqual([`users 42: its organization 2 is not there`]);
    expect(counts.users).toEqual({ read: 2, made: 2, same: 0, left_out: 0 });
    expect(
      await query(
        "select id::int, username, email, mobile_number, reminder_preferences, cognito_user_id, created_at, confirmed_at is not null as confirmed from users order by id",
      ),
    ).toEqual([
      expect.objectContaining({ id: 7, confirmed: false }),
      {
        id: 42,
        username: "user42",
        email: "user42@example.com",
        mobile_number: "+48512345678",
        reminder_preferences: "SMS",
        cognito_user_id: "sub-42",
        created_at: new Date("2022-03-04T11:00:00Z"),
        confirmed: true,
      },
    ]);
  });

  it("have one spelling of their address: lower case, its domain as mail knows it", async () => {
    await run({ users: [user(1, { email: "Łucja@Żółw.pl" })] });
    expect(await query("select email from users")).toEqual([{ email: "łucja@xn--w-uga1v8h.pl" }]);
  });

  it("of one address are one person, the newer confirmed one, with what belonged to either", async () => {
    const { said } = await run({
      users: [
        user(1, { email: "EWA@example.com", sub: "old" }),
        user(2, { email: "ewa@example.com", sub: "new" }),
        user(3, { email: "ewa@Example.com", sub: "newest", confirmed: false }),
      ],
      groups: [group(1, 1)],
      users_groups: [member(1, 1, "admin"), member(1, 3)],
    });
    expect(said).toEqual([
      "users 1: is the same person as 2: what is theirs goes there",
      "users 3: is the same person as 2: what is theirs goes there",
      "users_groups 0: 2 is in group 1 twice: the higher role counts",
    ]);
    expect(await query("select id::int from users")).toEqual([{ id: 2 }]);
    expect(await query("select user_id::int, status from group_members")).toEqual([{ user_id: 2, status: "admin" }]);
  });

  it("that cannot be are named, without address or number", async () => {
    const { said } = await run({
      users: [
        user(1, { email: "not an address" }),
        user(2, { sub: " " }),
        user(3, { mobile: "+1 415 555 0100", preference: "SMS" }),
        user(4, { mobile: "512345678" }),
        user(5, { mobile: "+48 512 345 678" }),
      ],
    });
    expect(said).toEqual([
      "users 1: has no e-mail address",
      "users 2: has no cognito_user_id",
      expect.stringMatching(/^users 3: its mobile number is left out: /),
      "users 4: its mobile number is a newer one's, and is left out",
      "users 3: prefers SMS and has no number: is reached by e-mail",
    ]);
    expect(said.join()).not.toMatch(/@|512345678|415/);
  });

  it("who were erased here, or whose id is somebody else's, do not come", async () => {
    await client.query("insert into erased_people (cognito_user_id_sha256) values (encode(sha256('sub-1'), 'hex'))");
    await client.query(
      "insert into users (id, cognito_user_id, email, username) values (2, 'other', 'other@example.com', 'o'), (9, 'sub-3', 'three@example.com', 't')",
    );
    const { said } = await run({ users: [user(1), user(2), user(3)] });
    expect(said.sort()).toEqual([
      "users 1: was erased here",
      "users 2: its id is somebody else's here",
      "users 3: is the same person as 9: what is theirs goes there",
    ]);
  });

  it("keep their bank, which is here by its name", async () => {
    const { counts } = await run({
      organizations: [
        [1, "ING", "https://ing.pl", "ing.png"],
        [40, "Bank", "https://bank.pl", "https://s3/bank.png?x=1"],
      ],
      users: [user(1, { organization: 1 }), user(2, { organization: 40 })],
    });
    expect(counts.organizations).toEqual({ read: 2, made: 1, same: 1, left_out: 0 });
    expect(
      await query(
        "select o.id::int, o.name, o.logo_link from users u join organizations o on o.id = u.organization_id order by u.id",
      ),
    ).toEqual([
      { id: 3, name: "ING", logo_link: "ing.png" },
      { id: 40, name: "Bank", logo_link: "bank.png" },
    ]);
  });
});

describe("groups", () => {
  it("have an owner who is an admin in them, and each person once", async () => {
    const { said } = await run({
      users: [user(1), user(2), user(3)],
      groups: [group(1, 1), group(2, 99), group(3, 99)],
      users_groups: [
        member(1, 2, "moderator"),
        member(1, 2, null),
        member(2, 2),
        member(2, 3, "moderator"),
        member(8, 1),
        member(1, 77),
      ],
    });
    expect(said).toEqual([
      "users_groups 0: 2 is in group 1 twice: the higher role counts",
      "users_groups 0: group 8 is not there",
      "users_groups 0: user 77 is not there",
      "groups 2: its owner 99 is not there: 3 is, from now on",
      "groups 3: has nobody in it",
    ]);
    expect(
      await query("select group_id::int as g, user_id::int as u, status from group_members order by 1, 2"),
    ).toEqual([
      { g: 1, u: 1, status: "admin" },
      { g: 1, u: 2, status: "moderator" },
      { g: 2, u: 2, status: "standard" },
      { g: 2, u: 3, status: "admin" },
    ]);
  });

  it("keep open invitations open, once a person, and nothing is sent for them", async () => {
    const invitation = (id: number, to: number, status: string): Cell[] => [id, 1, to, THEN, status, null];
    const { said } = await run({
      ...BASE,
      users: [user(1), user(2), user(3), user(4)],
      group_invitation_logs: [
        invitation(1, 3, "pending"),
        invitation(2, 3, "sent"),
        invitation(3, 4, "rejected"),
        invitation(4, 2, "pending"),
        invitation(5, 9, "sent"),
      ],
    });
    expect(said).toEqual([
      "group_invitation_logs 5: user 9 is not there",
      "group_invitation_logs 1: a newer one of the same person is open",
    ]);
    expect(
      await query("select id::int, status, delivery_status, next_attempt_at from group_invitation_logs order by id"),
    ).toEqual([
      { id: 2, status: "open", delivery_status: "suppressed", next_attempt_at: null },
      { id: 3, status: "rejected", delivery_status: "suppressed", next_attempt_at: null },
      { id: 4, status: "confirmed", delivery_status: "suppressed", next_attempt_at: null },
    ]);
  });
});

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
    await client.query(
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
    await client.query(
      "create function broken() returns trigger language plpgsql as 'begin raise exception ''broken''; end'",
    );
    await client.query("create trigger broken before insert on events_comments for each row execute function broken()");
    await expect(run(ALL)).rejects.toThrow("broken");
    expect((await contents()).flat()).toEqual([]);
  });

  it("shows how far it is, a thousand rows at a time", async () => {
    const { progress } = await run({ users: Array.from({ length: 2_500 }, (_, n) => user(n + 1)) });
    expect(progress).toEqual(["users 1000/2500", "users 2000/2500", "users 2500/2500"]);
  });

  it("runs as a command, on a compressed dump too, and never prints an address", async () => {
    const file = join(folder, "first.sql.gz");
    writeFileSync(file, gzipSync(dumpOf({ ...ALL, users: [...ALL.users!, user(3, { email: "secret@" })] })));
    const env = { ...process.env, DATABASE_URL: url };
    const child = spawn(process.execPath, ["deploy/import-v1.ts", file, "--dry-run"], { cwd: ROOT, env });
    const [[code], out, errors] = await Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
    expect({ code, errors }).toMatchObject({ code: 0 });
    expect(out).toContain("left out  line 4: users 3: has no e-mail address");
    expect(out).toMatch(/^events_users +1 +1 +0 +0$/m);
    expect(out).toContain("Dry run: nothing was kept.");
    expect(out + errors).not.toContain("secret");
  });
});
