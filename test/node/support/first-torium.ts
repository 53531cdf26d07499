/** What a first Torium's dump looks like, and a database of its own to import it into. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { readDump } from "../../../deploy/import-v1/dump.ts";
import { importFirst, type Options, type Remark } from "../../../deploy/import-v1/import.ts";
import { migrate } from "../../../dev/migrate.ts";
import { createDatabase, type Postgres, startPostgres } from "../../../dev/postgres.ts";

/** A Saturday noon in Warsaw. */
export const NOW = Date.parse("2026-11-21T11:00:00Z");
export const THEN = "2022-03-04 12:00:00";

export type Cell = string | number | boolean | null;
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
export type Rows = { [Name in keyof typeof COLUMNS]?: Cell[][] };

const cell = (value: Cell) =>
  value === null
    ? "\\N"
    : value === true
      ? "t"
      : value === false
        ? "f"
        : String(value).replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n");
export const dumpOf = (rows: Rows) =>
  Object.entries(rows)
    .map(
      ([name, list]) =>
        `COPY public.${name} (${COLUMNS[name as keyof Rows]}) FROM stdin;\n${list.map((row) => `${row.map(cell).join("\t")}\n`).join("")}\\.\n`,
    )
    .join("\n");

export const user = (
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
export const group = (id: number, admin: number): Cell[] => [id, `Group ${id}`, "", admin, THEN];
export const member = (group_id: number, user_id: number, status: string | null = "standard"): Cell[] => [
  0,
  group_id,
  user_id,
  THEN,
  status,
];
export const event = (
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
export const BASE: Rows = {
  users: [user(1), user(2)],
  groups: [group(1, 1)],
  users_groups: [member(1, 1, "admin"), member(1, 2)],
};

/** Each test has an empty database, and the folder is there for all of them. */
export function importRoom() {
  const folder = mkdtempSync(join(tmpdir(), "torium-import-"));
  const TEMPLATE = "empty";
  let postgres: Postgres;
  let client: pg.Client;
  let url = "";
  let databases = 0;

  beforeAll(async () => {
    postgres = await startPostgres({ directory: join(folder, "db"), port: 0 });
    await migrate(await createDatabase(postgres.url, TEMPLATE));
  });
  beforeEach(async () => {
    await client?.end();
    url = await createDatabase(postgres.url, `import ${++databases}`, TEMPLATE);
    client = new pg.Client({ connectionString: url });
    await client.connect();
  });
  afterAll(async () => {
    await client?.end();
    await postgres.stop();
    rmSync(folder, { recursive: true });
  });

  async function run(rows: Rows, change: Partial<Options> = {}) {
    const remarks: Remark[] = [];
    const progress: string[] = [];
    const { counts, unconfirmed } = await importFirst(client, {
      dump: readDump(dumpOf(rows)),
      timeZone: "Europe/Warsaw",
      countries: ["PL"],
      now: NOW,
      dryRun: false,
      progress: (table, done, of) => void progress.push(`${table} ${done}/${of}`),
      remark: (remark) => void remarks.push(remark),
      ...change,
    });
    return { counts, unconfirmed, progress, said: remarks.map(({ table, id, why }) => `${table} ${id}: ${why}`) };
  }
  const query = async (statement: string) => (await client.query(statement)).rows;
  return { folder, run, query, url: () => url };
}
