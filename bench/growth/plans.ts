/** How PostgreSQL finds what a verb asks for: each of its statements is explained as it runs, and judged. */
import type { SQL } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import pg from "pg";
import { FIND_READ, type Found, type Opened, openRead, prepareRead, readIn } from "../../dev/reads.ts";
import type { Db } from "../../src/clients/neon.ts";

/** Tables whose size nothing but use decides; the others are lists of a few rows. */
const FEW_ROWS = /^(organizations|schedule_runs|sms_spending|pg_.*)$/;

export type Plan = {
  sql: string;
  /** Of growing tables, each row that a scan touched, wanted or not. */
  rows: number;
  /** Walks from an index's root to a leaf. */
  descents: number;
  /** Pages of 8 KiB, from memory or not. */
  buffers: number;
  /** Planning and running it, in PostgreSQL alone; of a prepared one, running it. */
  ms: number;
  /** Growing tables that are read from end to end. */
  read: string[];
  /** Indexes from which a bitmap scan gathers where rows lie. */
  bitmaps: string[];
  /** PostgreSQL held it for dear enough to compile it first. */
  compiled: boolean;
  /** The scans of growing tables, as a reader would write them down. */
  scans: string[];
};

type Node = {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  /** In all loops together. */
  "Index Searches"?: number;
  "Actual Rows": number;
  "Actual Loops": number;
  "Rows Removed by Filter"?: number;
  "Rows Removed by Index Recheck"?: number;
  "Shared Hit Blocks": number;
  "Shared Read Blocks": number;
  Plans?: Node[];
};
type Explained = { Plan: Node; "Planning Time": number; "Execution Time": number; JIT?: object };
type Explanation = { "QUERY PLAN": Explained[] };

const dialect = new PgDialect();

/**
 * A database that explains each statement before it runs it for good. What a transaction's statements change is seen by its later ones, as in earnest.
 * `small`: tables that fit into a few hundred pages are read whole by right; so then only what cannot be found in another way is read whole.
 */
export function explaining(db: Db, client: pg.Client, small: boolean, heard: (plan: Plan) => void): Db {
  const rolledBack = async (work: () => Promise<void>) => {
    await client.query(`begin; set local enable_seqscan = ${small ? "off" : "on"}`);
    try {
      await work();
    } finally {
      await client.query("rollback");
    }
  };
  const explainAll = (statements: SQL[]) =>
    rolledBack(async () => {
      for (const statement of statements) {
        const { sql: text, params } = dialect.sqlToQuery(statement);
        const { rows } = await client.query<Explanation>(`${EXPLAIN} ${text}`, params);
        heard(judge(text, rows[0]!["QUERY PLAN"][0]!));
      }
    });
  return {
    execute: (statement: SQL) => ({
      statement,
      // biome-ignore lint/suspicious/noThenProperty: like the driver's own, it runs once it is awaited.
      then: (...done: Parameters<Promise<unknown>["then"]>) =>
        explainAll([statement])
          .then(() => db.execute(statement))
          .then(...done),
    }),
    batch: async (asked: { statement: SQL }[]) => {
      await explainAll(asked.map(({ statement }) => statement));
      const [first, ...rest] = asked.map(({ statement }) => db.execute(statement));
      return db.batch([first!, ...rest]);
    },
    $client: {
      query: async (text: string, values: unknown[]) => {
        await rolledBack(async () => heard(await judgeRead(client, text, values)));
        return db.$client.query(text, values);
      },
    },
  } as unknown as Db;
}

const EXPLAIN = "explain (analyze, buffers, timing off, format json)";

/** A read that the database keeps is explained by the plans that serve every person, as a session has kept them; all that it asks where nothing is known. */
async function judgeRead(client: pg.Client, text: string, values: unknown[]): Promise<Plan> {
  const read = readIn(text);
  if (read === null) throw new Error(`no read of the database: ${text}`);
  const find = async (name: string) => (await client.query<Found>(`${FIND_READ}$1`, [name])).rows[0]!;
  const plans: Plan[] = [];
  for (const opened of await openRead(find, read, values)) plans.push(judge(text, await explainRead(client, opened)));
  const total = (of: "rows" | "descents" | "buffers" | "ms") => plans.reduce((sum, plan) => sum + plan[of], 0);
  const all = (of: "read" | "bitmaps" | "scans") => [...new Set(plans.flatMap((plan) => plan[of]))];
  return {
    sql: text,
    rows: total("rows"),
    descents: total("descents"),
    buffers: total("buffers"),
    ms: total("ms"),
    read: all("read"),
    bitmaps: all("bitmaps"),
    compiled: plans.some(({ compiled }) => compiled),
    scans: all("scans"),
  };
}

async function explainRead(client: pg.Client, opened: Opened): Promise<Explained> {
  const given = opened.given.map((value) => (value === null ? "null" : pg.escapeLiteral(String(value))));
  const prepare = prepareRead(opened, "explained");
  await client.query(`set local plan_cache_mode = force_generic_plan; deallocate all; ${prepare}`);
  const run = `${EXPLAIN} execute explained(${given.join(", ")})`;
  // The first time plans it; a session that has it prepared does not.
  await client.query(run);
  const { rows } = await client.query<Explanation>(run);
  return rows[0]!["QUERY PLAN"][0]!;
}

function judge(
  text: string,
  { Plan: top, JIT, "Planning Time": planning, "Execution Time": running }: Explained,
): Plan {
  const nodes = nodesOf(top);
  // A lock by a number of its own needs no table; a function that reads some hides them.
  if (nodes.some((node) => node["Node Type"] === "Function Scan") && !nodes.some((node) => node["Relation Name"]))
    throw new Error(`a function hides what is read: ${text}`);
  const scans = nodes.filter(
    (node) => / Scan$/.test(node["Node Type"]) && node["Relation Name"] && !FEW_ROWS.test(node["Relation Name"]),
  );
  const read = scans.filter((node) => node["Node Type"] === "Seq Scan" && node["Actual Loops"] > 0);
  return {
    sql: text,
    rows: scans.reduce((sum, node) => sum + looked(node), 0),
    descents: nodes
      .filter((node) => node["Index Name"])
      .reduce((sum, node) => sum + (node["Index Searches"] ?? node["Actual Loops"]), 0),
    buffers: top["Shared Hit Blocks"] + top["Shared Read Blocks"],
    ms: planning + running,
    read: [...new Set(read.map((node) => node["Relation Name"]!))],
    bitmaps: nodes.flatMap((node) => (node["Node Type"] === "Bitmap Index Scan" ? (node["Index Name"] ?? []) : [])),
    compiled: JIT !== undefined,
    scans: [
      ...new Set(
        scans.map((node) =>
          `${node["Node Type"]} ${node["Index Name"] ?? ""} on ${node["Relation Name"]}`.replace(/ +/g, " "),
        ),
      ),
    ],
  };
}

const looked = (node: Node): number =>
  Math.round(
    (node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0) + (node["Rows Removed by Index Recheck"] ?? 0)) *
      node["Actual Loops"],
  );

const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** References none of whose columns begins an index: what they point to cannot be deleted without reading the whole table. */
export async function unindexedReferences(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(`
    select c.conname as name from pg_constraint c
    where c.contype = 'f' and c.connamespace = 'public'::regnamespace and not exists (
      select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = any(c.conkey))
    order by 1`);
  return rows.map(({ name }) => name);
}
