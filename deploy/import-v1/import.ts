/** One import: a transaction, and what is said about each row. */
import type pg from "pg";
import { UNCONFIRMED_PEOPLE_DAYS } from "../../src/domain/keeping.ts";
import { type Dump, type Row, TABLES, type Table } from "./dump.ts";
import { importEvents } from "./events.ts";
import { importGroups, importInvitations } from "./groups.ts";
import { importOrganizations, importPeople } from "./people.ts";
import { idOf } from "./values.ts";

/** Of the table, the dump's line, and why; never an address, a number or a text. */
export type Remark = { table: Table; line: number; id: string | null; left_out: boolean; why: string };
export type Counts = Record<string, { read: number; made: number; same: number; left_out: number }>;
export type Options = {
  dump: Dump;
  /** Of times without an offset, and of the events. */
  timeZone: string;
  countries: string[];
  /** ms: nothing before it is reminded. */
  now: number;
  dryRun: boolean;
  progress: (table: string, done: number, of: number) => void;
  remark: (remark: Remark) => void;
};

const BATCH = 1_000;
const LOCK = 7_867_487;
const IDENTITIES = ["organizations", "users", "groups", "group_invitation_logs", "events", "events_comments"] as const;
type Identity = (typeof IDENTITIES)[number];

/** `unconfirmed`: people of the dump who never confirmed their address and are in no group. They came long ago: the first night takes them away. */
export type Imported = { counts: Counts; unconfirmed: number };

/** All of it or nothing; nothing where it is a dry run. */
export async function importFirst(client: pg.Client, options: Options): Promise<Imported> {
  await client.query("begin");
  try {
    await client.query("select pg_advisory_xact_lock($1)", [LOCK]);
    const run = new Import(client, options);
    for (const { table, line, why } of options.dump.faults) run.skip(table, { line, values: {} }, why);
    const organizations = await importOrganizations(run);
    const people = await importPeople(run, organizations);
    const groups = await importGroups(run, people);
    await importInvitations(run, people, groups);
    await importEvents(run, people, groups);
    const unconfirmed = await run.unconfirmed();
    if (!options.dryRun) {
      await run.moveSequencesOn();
      // Plans that sessions keep are made anew once the tables' sizes are known.
      await client.query("analyze");
    }
    await client.query(options.dryRun ? "rollback" : "commit");
    return { counts: run.counts, unconfirmed };
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  }
}

export class Import {
  readonly dump: Dump;
  readonly timeZone: string;
  readonly countries: string[];
  readonly now: number;
  readonly counts: Counts;
  readonly #client: pg.Client;
  readonly #options: Options;
  readonly #here = new Map<Identity, Set<number>>();

  constructor(client: pg.Client, options: Options) {
    this.#client = client;
    this.#options = options;
    this.dump = options.dump;
    this.timeZone = options.timeZone;
    this.countries = options.countries;
    this.now = options.now;
    this.counts = Object.fromEntries(
      TABLES.map((table) => [table, { read: this.dump.rows[table].length, made: 0, same: 0, left_out: 0 }]),
    );
  }

  /** The row does not come along. Null, for whoever answers with it. */
  skip(table: Table, row: Row, why: string): null {
    this.counts[table]!.left_out++;
    this.#options.remark({ table, line: row.line, id: row.values.id ?? null, left_out: true, why });
    return null;
  }

  /** The row comes along, changed. */
  note(table: Table, row: Row, why: string): void {
    this.#options.remark({ table, line: row.line, id: row.values.id ?? null, left_out: false, why });
  }

  /** The row, or what it belongs to, was here before: it stays as it is. */
  same(table: Table): null {
    this.counts[table]!.same++;
    return null;
  }

  async rows<T extends object>(statement: string, values: unknown[] = []): Promise<T[]> {
    const { rows } = await this.#client.query(statement, values);
    return rows.map((row: { id?: string }) => (row.id === undefined ? row : { ...row, id: Number(row.id) })) as T[];
  }

  /** Whether an id was given out here before this import. */
  async usedUp(table: Identity): Promise<(id: number) => boolean> {
    const [{ last }] = (await this.rows<{ last: string | null }>(
      "select pg_sequence_last_value(pg_get_serial_sequence($1, 'id')::regclass) as last",
      [table],
    )) as [{ last: string | null }];
    return (id) => id <= Number(last ?? 0);
  }

  /** The dump's rows that are to be made, by id. One that was here and is gone was deleted here: it stays so. */
  async fresh(table: Exclude<Identity, "organizations" | "users">): Promise<Map<number, Row>> {
    const rows = this.dump.rows[table];
    const ids = rows.flatMap(({ values }) => idOf(values.id) ?? []);
    const here = await this.rows<{ id: number }>(`select id from ${table} where id = any($1::bigint[])`, [ids]);
    const known = new Set(here.map(({ id }) => id));
    this.#here.set(table, known);
    const usedUp = await this.usedUp(table);
    const fresh = new Map<number, Row>();
    for (const row of rows) {
      const id = idOf(row.values.id);
      if (id === null) this.skip(table, row, "has no id");
      else if (known.has(id)) this.same(table);
      else if (fresh.has(id)) this.skip(table, row, "is there twice");
      else if (usedUp(id)) this.skip(table, row, "its id is used up and not there: gone since an earlier import");
      else fresh.set(id, row);
    }
    return fresh;
  }

  /** Of the ids that the dump names. */
  wasHere(table: Identity, id: number): boolean {
    return this.#here.get(table)?.has(id) ?? false;
  }

  /** `columns` as a column definition list. Throws where somebody made such a row meanwhile: then nothing is imported. */
  async insert(table: string, columns: string, rows: object[]): Promise<void> {
    const names = columns.split(",").map((column) => column.trim().split(" ")[0]);
    const told = table === "group_members" ? "users_groups" : table;
    for (let from = 0; from < rows.length; from += BATCH) {
      const batch = rows.slice(from, from + BATCH);
      await this.#client.query(
        `insert into ${table} (${names.join(", ")}) select ${names.map((name) => `r.${name}`).join(", ")} from jsonb_to_recordset($1::jsonb) as r (${columns})`,
        [JSON.stringify(batch)],
      );
      if (told in this.counts) this.counts[told]!.made += batch.length;
      this.#options.progress(told, Math.min(from + BATCH, rows.length), rows.length);
    }
  }

  async unconfirmed(): Promise<number> {
    const [{ count }] = (await this.rows<{ count: number }>(
      `select count(*)::int as count from users u
       where id = any($1::bigint[]) and confirmed_at is null and created_at < $2::timestamptz - make_interval(days => $3)
         and not exists (select from group_members m where m.user_id = u.id)`,
      [
        this.dump.rows.users.flatMap(({ values }) => idOf(values.id) ?? []),
        new Date(this.now).toISOString(),
        UNCONFIRMED_PEOPLE_DAYS,
      ],
    )) as [{ count: number }];
    return count;
  }

  /** Past the largest id, so that the next row made here collides with none. Not undone by a rollback, hence last. */
  async moveSequencesOn(): Promise<void> {
    for (const table of IDENTITIES) {
      const sequence = `pg_get_serial_sequence('${table}', 'id')::regclass`;
      await this.#client.query(
        `select setval(${sequence}, greatest(max(id), coalesce(pg_sequence_last_value(${sequence}), 0))) from ${table} having max(id) is not null`,
      );
    }
  }
}
