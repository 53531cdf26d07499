/** `npm run import-v1 -- DUMP`: takes over a first Torium. */

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import pg from "pg";
import { connection } from "../dev/migrate.ts";
import { table } from "../dev/table.ts";
import { timeZoneNamed } from "../src/domain/time.ts";
import { runCommand } from "./command.ts";
import { readConfiguration } from "./configuration.ts";
import { readDump, textOf } from "./import-v1/dump.ts";
import { importFirst, type Remark } from "./import-v1/import.ts";

const HELP = `DATABASE_URL=… npm run import-v1 -- DUMP [--dry-run]

DUMP is what pg_dump printed as SQL (also compressed by gzip). Times without a zone are read in DEFAULT_TIME_ZONE, mobile numbers
among SMS_COUNTRIES: of the environment, else of wrangler.toml. --dry-run tells everything and keeps nothing.
`;

const told = ({ table, line, id, left_out, why }: Remark): string =>
  `${left_out ? "left out" : "changed "}  line ${line}: ${table}${id === null ? "" : ` ${id}`}: ${why}`;

async function main(): Promise<void> {
  const { values: flags, positionals } = parseArgs({
    allowPositionals: true,
    options: { "dry-run": { type: "boolean", default: false }, help: { type: "boolean", default: false } },
  });
  const [file, another] = positionals;
  if (flags.help || !file || another) throw new Error(HELP);
  const databaseUrl = process.env.DATABASE_URL;
  if (!databaseUrl) throw new Error("DATABASE_URL is missing: the connection string of the database to import into");
  const { variables } = readConfiguration();
  const zone = process.env.DEFAULT_TIME_ZONE || variables.DEFAULT_TIME_ZONE || "";
  const timeZone = timeZoneNamed(zone);
  if (timeZone === null) throw new Error("DEFAULT_TIME_ZONE is not an IANA time zone");
  const countries = (process.env.SMS_COUNTRIES || variables.SMS_COUNTRIES || "PL").split(",").map((one) => one.trim());

  const dump = readDump(textOf(readFileSync(file)));
  const client = new pg.Client(connection(databaseUrl));
  await client.connect();
  try {
    const { counts, unconfirmed } = await importFirst(client, {
      dump,
      timeZone,
      countries,
      now: Date.now(),
      dryRun: flags["dry-run"],
      progress: (name, done, of) => console.error(`${name}: ${done} of ${of}`),
      remark: (remark) => console.log(told(remark)),
    });
    const rows = Object.entries(counts).map(([name, { read, made, same, left_out }]) => [
      name,
      ...[read, made, same, left_out].map(String),
    ]);
    console.log(`\n${table([["", "in the dump", "made", "there before", "left out"], ...rows])}`);
    if (unconfirmed > 0)
      console.log(
        `\nOf the people, ${unconfirmed} never confirmed their address and are in no group: the first night deletes them.`,
      );
    console.log(flags["dry-run"] ? "\nDry run: nothing was kept." : "\nImported.");
  } finally {
    await client.end();
  }
}

if (import.meta.main) await runCommand(main);
