import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { chown, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { freePort, PortTaken, requireFree } from "./ports.ts";
import { stopOrphan } from "./postgres-orphan.ts";
import { findPrograms, type Programs } from "./postgres-programs.ts";

export type Postgres = { url: string; port: number; stop(): Promise<void> };

const ROLE = "torium";
const POLL_MS = 10;
const FREE_PORT_ATTEMPTS = 5;
const START_SECONDS = 60;
const STOP_SECONDS = 10;

/**
 * Starts PostgreSQL on 127.0.0.1, with the database and the role `torium` (as on Neon: no superuser, but it owns its
 * databases and may create more).
 *
 * @param directory holds the data, the log and who runs it; what an earlier run left there, killed or not, is put right
 * @param port 0 takes a free one
 * @param fresh empties the data first
 * @throws {PortTaken} and an Error if a running process still uses the directory
 */
export async function startPostgres(options: { directory: string; port: number; fresh?: boolean }): Promise<Postgres> {
  await mkdir(options.directory, { recursive: true });
  const directory = await realpath(options.directory);
  const data = join(directory, "data");
  const ownerFile = join(directory, "owner.pid");

  await stopOrphan(data, ownerFile);
  if (options.port !== 0) await requireFree(options.port);
  if (options.fresh) await rm(data, { recursive: true, force: true, maxRetries: 5 });
  const programs = await findPrograms(directory, data);
  await createCluster(directory, data, programs);
  await writeFile(ownerFile, `${process.pid}\n`);

  const { server, port } = await launchOn(options.port, (free) =>
    launch(programs, data, free, join(directory, "postgres.log")),
  );
  let stopped: Promise<void> | undefined;
  return {
    url: `postgres://${ROLE}:${ROLE}@localhost:${port}/${ROLE}`,
    port,
    stop: () => {
      stopped ??= stopServer(server).then(() => rm(ownerFile, { force: true }));
      return stopped;
    },
  };
}

/**
 * Makes a database on the server that `url` names, and answers its URL.
 *
 * @param template a database of the same owner to copy, with nobody connected to it
 */
export async function createDatabase(url: string, name: string, template = "template1"): Promise<string> {
  const client = new pg.Client({ connectionString: withDatabase(url, "postgres") });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} TEMPLATE ${pg.escapeIdentifier(template)}`);
  } finally {
    await client.end();
  }
  return withDatabase(url, name);
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(name)}`;
  return changed.href;
}

/** Leaves `data` as it is if it exists. It appears under that name only once complete. */
async function createCluster(directory: string, data: string, programs: Programs): Promise<void> {
  const names = await readdir(directory);
  const leftovers = names.filter((name) => name.startsWith("unfinished-"));
  for (const name of leftovers) await rm(join(directory, name), { recursive: true, force: true, maxRetries: 5 });
  if (names.includes("data") && !(await isEmpty(data))) return;
  await rm(data, { recursive: true, force: true });

  const unfinished = await mkdtemp(join(directory, "unfinished-"));
  if (programs.owner) await chown(unfinished, programs.owner.uid, programs.owner.gid);
  // Neon's locale, and no login for the superuser: the fixed password below opens nothing but `torium`.
  const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  const access = ["--username=postgres", "--auth-host=scram-sha-256", "--auth-local=reject"];
  run(programs.initdb, ["-D", unfinished, "--no-sync", "--no-instructions", ...locale, ...access], programs);
  const sql = [
    `CREATE ROLE ${ROLE} LOGIN CREATEDB PASSWORD '${ROLE}';`,
    `GRANT pg_monitor TO ${ROLE};`,
    `CREATE DATABASE ${ROLE} OWNER ${ROLE};`,
  ];
  run(programs.postgres, ["--single", "-D", unfinished, "postgres"], programs, `${sql.join("\n")}\n`);
  await rename(unfinished, data);
}

async function isEmpty(folder: string): Promise<boolean> {
  return (await readdir(folder)).length === 0;
}

function run(program: string[], args: string[], { options }: Programs, input = ""): void {
  const [command = "", ...before] = program;
  const done = spawnSync(command, [...before, ...args], { ...options, cwd: "/", input, encoding: "utf8" });
  // A single-user server reports a failed statement in its log alone.
  if (done.error || done.status !== 0 || /^.*ERROR: /m.test(done.stderr)) {
    throw new Error(`PostgreSQL's data could not be made: ${done.error?.message ?? done.stderr.trim()}`);
  }
}

/** A free port can be taken again before the server has it; then the next one is tried. */
async function launchOn(wanted: number, start: (port: number) => Promise<ChildProcess>) {
  for (let attempt = 1; ; attempt++) {
    const port = wanted === 0 ? await freePort() : wanted;
    try {
      return { server: await start(port), port };
    } catch (error) {
      if (wanted !== 0 || !(error instanceof PortTaken) || attempt === FREE_PORT_ATTEMPTS) throw error;
    }
  }
}

/** Answers once the server accepts connections. */
async function launch(programs: Programs, data: string, port: number, log: string): Promise<ChildProcess> {
  const [command = "", ...before] = programs.postgres;
  const output = openSync(log, "w");
  // A group of its own: Ctrl-C in a terminal must not reach it while the Worker still needs it.
  const server = spawn(command, [...before, "-D", data, ...settings(port)], {
    ...programs.options,
    cwd: "/",
    detached: true,
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  let failed: Error | undefined;
  server.once("error", (error) => {
    failed = error;
  });

  const deadline = performance.now() + START_SECONDS * 1000;
  while (!(await isReady(data, server.pid))) {
    if (failed) throw failed;
    if (hasExited(server)) throw startFailure(await readFile(log, "utf8"), port);
    if (performance.now() > deadline) {
      await stopServer(server);
      throw new Error(`PostgreSQL did not start within ${START_SECONDS} s; its log is ${log}`);
    }
    await delay(POLL_MS);
  }
  return server;
}

function settings(port: number): string[] {
  const values = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: 200,
    timezone: "UTC",
    log_timezone: "UTC",
    // What is committed survives the end of any process, kill -9 included; only a crash of the machine may lose it.
    synchronous_commit: "on",
    fsync: "off",
    full_page_writes: "off",
    wal_level: "minimal",
    max_wal_senders: 0,
  };
  return Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/** The last line of postmaster.pid is the server's state. */
async function isReady(data: string, pid: number | undefined): Promise<boolean> {
  const lines = (await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
  return Number(lines[0]) === pid && lines[7]?.trim() === "ready";
}

function startFailure(log: string, port: number): Error {
  if (log.includes("could not bind")) return new PortTaken(port);
  return new Error(`PostgreSQL did not start:\n${log.trim().split("\n").slice(-10).join("\n")}`);
}

function hasExited(server: ChildProcess): boolean {
  return server.exitCode !== null || server.signalCode !== null;
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (hasExited(server)) return;
  const exit = once(server, "exit");
  server.kill("SIGINT");
  const impatient = setTimeout(() => server.kill("SIGQUIT"), STOP_SECONDS * 1000);
  await exit;
  clearTimeout(impatient);
}
