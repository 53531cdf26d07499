/** `npm run deploy`: settings, account, migrations that the running version survives, the Worker, and a look whether it is well. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { missingIn, readAccount } from "./account.ts";
import { type Waiting, waitUntilWell } from "./answering.ts";
import { runCommand } from "./command.ts";
import { type Configuration, readConfiguration } from "./configuration.ts";
import { applyMigrations, lastApplied, type Migration, migrationFaults, order, readMigrations } from "./migrations.ts";
import { type Checked, checkSettings, givenSettings } from "./settings.ts";
import { type Wrangler, wrangler } from "./wrangler.ts";

export const HELP = `npm run deploy [-- flags]

  --settings FILE   the settings, NAME=value a line (deploy/settings.env; deploy/settings.example.env shows them all)
  --outputs FILE    what aws cloudformation describe-stacks printed of the stack; --settings wins over it
  --environment     settings from the environment instead of a file
  --create          make the queues and the bucket that are missing
  --contract        apply migrations that the version before does not survive, too
  --dry-run         everything that needs no network: checks, and the bundle
`;
const SETTINGS_FILE = "deploy/settings.env";
/** Of a Worker, compressed, on the free plan and on the paid one. https://developers.cloudflare.com/workers/platform/limits/ */
const LIMIT_MIB = { free: 3, paid: 10 };

export type Options = {
  given: Record<string, string>;
  create: boolean;
  contract: boolean;
  dryRun: boolean;
};
/** The outside, so that tests can be it. */
export type World = Waiting & {
  wrangler: Wrangler;
  print: (line: string) => void;
  configuration: Configuration;
  migrations: Migration[];
  lastApplied: (databaseUrl: string) => Promise<number | null>;
  applyMigrations: (databaseUrl: string, apply: Migration[]) => Promise<void>;
};

/** Nothing may be deployed as things are. The message names everything, a line each, and no value. */
export class Refused extends Error {
  override name = "Refused";
}

export async function deploy(options: Options, world: World): Promise<void> {
  const { print, configuration, migrations } = world;
  const checked = await check(options, world);
  print(
    `settings    ${Object.keys(checked.variables).length} variables, ${Object.keys(checked.secrets).length} secrets`,
  );
  print(`migrations  ${migrations.length}, the newest ${migrations.at(-1)?.tag}`);
  await build(checked, world);
  if (options.dryRun) return print("Dry run: nothing was deployed.");

  const databaseUrl = checked.secrets.DATABASE_URL!;
  const { apply, wait } = order(migrations, await world.lastApplied(databaseUrl), options.contract);
  await world.applyMigrations(databaseUrl, apply);
  print(`database    ${apply.length > 0 ? `now at ${apply.at(-1)!.tag}` : "up to date"}`);
  await upload(checked, world);
  await waitUntilWell({ ...configuration.variables, ...checked.variables }.PUBLIC_URL!, world);
  print("worker      deployed; it is up and reaches its database");
  if (wait.length > 0) {
    print(`${wait.map(({ tag }) => tag).join(", ")} waits: npm run deploy -- --contract, once no older version runs`);
    print("(queue consumers of the old one may take 15 minutes), and going back to it is no more wanted.");
  }
}

/** Every fault at once. */
async function check(options: Options, world: World): Promise<Checked> {
  const { configuration, migrations, wrangler, print } = world;
  const account = options.dryRun ? null : await readAccount(wrangler, configuration);
  const missing = account ? missingIn(account, configuration) : [];
  const checked = checkSettings(configuration, options.given, {
    kept: account?.secrets ?? [],
    example: options.dryRun,
  });
  const faults = [
    ...checked.faults,
    ...migrationFaults(migrations),
    ...(options.create
      ? []
      : missing.map((command) => `missing: npx wrangler ${command.join(" ")} (--create does it)`)),
  ];
  if (faults.length > 0) throw new Refused(`Nothing was deployed:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
  for (const command of missing) {
    await succeed(wrangler, command);
    print(`made        ${command.join(" ")}`);
  }
  return checked;
}

/** Builds what will be uploaded, so that a fault of the bundle shows before the database is touched. */
async function build({ variables }: Checked, { wrangler, print }: World): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "torium-bundle-"));
  try {
    await succeed(wrangler, ["deploy", "--dry-run", "--outdir", directory, ...asFlags(variables)]);
    const bundle = readFileSync(join(directory, "index.js"));
    const mib = gzipSync(bundle).length / 2 ** 20;
    print(
      `bundle      ${kib(bundle.length)} KiB, ${kib(mib * 2 ** 20)} KiB compressed (limit: ${LIMIT_MIB.free} MiB free, ${LIMIT_MIB.paid} paid)`,
    );
    if (mib > LIMIT_MIB.paid) throw new Refused("The bundle is larger than a Worker may be");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const kib = (bytes: number): string => (bytes / 1024).toFixed(0);

/** The secrets go with the version, by a file that is gone afterwards: no version runs with half of them. */
async function upload({ variables, secrets }: Checked, { wrangler }: World): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "torium-secrets-"));
  try {
    const file = join(directory, "secrets.json");
    writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
    await succeed(wrangler, ["deploy", "--secrets-file", file, ...asFlags(variables)]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const asFlags = (variables: Record<string, string>): string[] =>
  Object.entries(variables).flatMap(([name, value]) => ["--var", `${name}:${value}`]);

async function succeed(wrangler: Wrangler, args: string[]): Promise<void> {
  const { code, out } = await wrangler(args);
  if (code !== 0) throw new Error(`wrangler ${args.slice(0, 3).join(" ")} failed:\n${out}`);
}

async function main(): Promise<void> {
  const { values: flags } = parseArgs({
    options: {
      settings: { type: "string" },
      outputs: { type: "string" },
      environment: { type: "boolean", default: false },
      create: { type: "boolean", default: false },
      contract: { type: "boolean", default: false },
      "dry-run": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (flags.help) return console.log(HELP);
  if (flags.settings && flags.environment) throw new Refused("--settings and --environment are two sources: take one");
  const file = flags.environment ? undefined : (flags.settings ?? SETTINGS_FILE);
  if (file && !existsSync(file)) throw new Refused(`${file} is not there: --settings names another, --help tells more`);
  const configuration = readConfiguration();
  const environment = flags.environment ? process.env : undefined;
  const given = givenSettings(configuration, { environment, file, outputs: flags.outputs });
  await deploy(
    { given, create: flags.create, contract: flags.contract, dryRun: flags["dry-run"] },
    {
      configuration,
      migrations: readMigrations(),
      wrangler,
      lastApplied,
      applyMigrations,
      print: console.log,
      fetch,
      now: Date.now,
      sleep,
    },
  );
}

if (import.meta.main) await runCommand(main);
