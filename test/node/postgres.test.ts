import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { PortTaken } from "../../dev/ports.ts";
import { createDatabase, type Postgres, startPostgres } from "../../dev/postgres.ts";

const MODULE = new URL("../../dev/postgres.ts", import.meta.url).href;
const running: Postgres[] = [];
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

function newDirectory(): string {
  const folder = mkdtempSync(join(tmpdir(), "torium-postgres-"));
  folders.push(folder);
  return join(folder, "db");
}

async function start(directory: string, options: { port?: number; fresh?: boolean } = {}): Promise<Postgres> {
  const server = await startPostgres({ directory, port: 0, ...options });
  running.push(server);
  return server;
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** A process of its own that starts the server and stays. */
function startElsewhere(directory: string): ChildProcess {
  const code = `
    const { startPostgres } = await import(${JSON.stringify(MODULE)});
    console.log((await startPostgres({ directory: process.argv[1], port: 0 })).url);
  `;
  return spawn(process.execPath, ["--input-type=module", "-e", code, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [line] = await once(createInterface({ input: child.stdout! }), "line");
  return line;
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

const lockOf = (directory: string) => join(directory, "data", "postmaster.pid");
const postmaster = (directory: string) => Number.parseInt(readFileSync(lockOf(directory), "utf8"), 10);

describe("a running server", () => {
  const parent = mkdtempSync(join(tmpdir(), "torium-postgres-"));
  let server: Postgres;

  beforeAll(async () => {
    server = await startPostgres({ directory: join(parent, "db"), port: 0 });
  });
  afterAll(async () => {
    await server.stop();
    rmSync(parent, { recursive: true });
  });

  test("the server is UTF-8, UTC, on 127.0.0.1 alone, and its role is no superuser but may make databases", async () => {
    const { url, port } = server;
    expect(url).toBe(`postgres://torium:torium@localhost:${port}/torium`);
    const rows = await query(
      url,
      `SELECT current_setting('server_encoding') AS encoding, current_setting('TimeZone') AS zone,
       current_setting('listen_addresses') AS addresses, current_setting('unix_socket_directories') AS sockets,
       rolsuper, rolcreatedb, current_setting('server_version_num')::int / 10000 AS version
     FROM pg_roles WHERE rolname = current_user`,
    );
    expect(rows).toEqual([
      {
        encoding: "UTF8",
        zone: "UTC",
        addresses: "127.0.0.1",
        sockets: "",
        rolsuper: false,
        rolcreatedb: true,
        version: 18,
      },
    ]);
  });

  test("nobody logs in as the superuser", async () => {
    const { port } = server;
    await expect(query(`postgres://postgres:torium@localhost:${port}/torium`, "SELECT 1")).rejects.toThrow(/password/);
  });

  test("a database is copied from a template, several at once", async () => {
    const { url } = server;
    const template = await createDatabase(url, "template of mine");
    await query(template, "CREATE TABLE copied AS SELECT 7 AS n");
    const names = Array.from({ length: 6 }, (_, i) => `copy ${i}`);
    const copies = await Promise.all(names.map((name) => createDatabase(url, name, "template of mine")));
    for (const copy of copies) expect(await query(copy, "SELECT n FROM copied")).toEqual([{ n: 7 }]);
    expect(await query(copies[0]!, "SELECT current_database() AS name")).toEqual([{ name: "copy 0" }]);
  });
});

test("data outlives a stop, and a stop leaves no process and no lock", async () => {
  const directory = newDirectory();
  const first = await start(directory);
  await query(first.url, "CREATE TABLE kept AS SELECT 7 AS n");
  await first.stop();
  await first.stop();
  await expect(query(first.url, "SELECT 1")).rejects.toThrow(/ECONNREFUSED/);
  expect(readdirSync(directory).sort()).toEqual(["data", "postgres.log"]);
  expect(readdirSync(join(directory, "data"))).not.toContain("postmaster.pid");
  const second = await start(directory, { port: first.port });
  expect(second.url).toBe(first.url);
  expect(await query(second.url, "SELECT n FROM kept")).toEqual([{ n: 7 }]);
});

test("a server that outlived its killed starter is ended, and what it committed is kept", async () => {
  const directory = newDirectory();
  const child = startElsewhere(directory);
  const orphan = await firstLine(child);
  await query(orphan, "CREATE TABLE kept AS SELECT 7 AS n");
  await kill(child);
  expect(await query(orphan, "SELECT 1 AS still")).toEqual([{ still: 1 }]);
  const { url } = await start(directory);
  expect(await query(url, "SELECT n FROM kept")).toEqual([{ n: 7 }]);
  await expect(query(orphan, "SELECT 1")).rejects.toThrow(/ECONNREFUSED/);
});

test("a server killed together with its starter starts again with what was committed", async () => {
  const directory = newDirectory();
  const child = startElsewhere(directory);
  await query(await firstLine(child), "CREATE TABLE kept AS SELECT 7 AS n");
  const pid = postmaster(directory);
  await kill(child);
  process.kill(pid, "SIGKILL");
  const { url } = await start(directory);
  expect(await query(url, "SELECT n FROM kept")).toEqual([{ n: 7 }]);
});

test("a lock whose process is now a stranger's is no obstacle, and the stranger lives", async () => {
  const directory = newDirectory();
  await (await start(directory)).stop();
  const stranger = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  writeFileSync(lockOf(directory), `${stranger.pid}\n${join(directory, "data")}\n1700000000\n5432\n\n127.0.0.1\n`);
  const { url } = await start(directory);
  expect(await query(url, "SELECT 1 AS up")).toEqual([{ up: 1 }]);
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  await kill(stranger);
});

test("a starter killed while the data is being made leaves nothing that stands in the way", async () => {
  const directory = newDirectory();
  mkdirSync(directory);
  const child = startElsewhere(directory);
  for await (const name of namesAppearing(directory)) if (name.startsWith("unfinished-")) break;
  await kill(child);
  expect(readdirSync(directory)).not.toContain("data");
  const { url } = await start(directory);
  expect(await query(url, "SELECT current_database() AS name")).toEqual([{ name: "torium" }]);
  expect(readdirSync(directory).filter((name) => name.startsWith("unfinished-"))).toEqual([]);
});

async function* namesAppearing(directory: string): AsyncGenerator<string> {
  const watcher = watch(directory);
  try {
    yield* readdirSync(directory);
    while (true) yield (await once(watcher, "change"))[1];
  } finally {
    watcher.close();
  }
}

test("a directory that a living process uses is refused, and its server goes on", async () => {
  const directory = newDirectory();
  const first = await start(directory);
  await expect(startPostgres({ directory, port: 0 })).rejects.toThrow(`process ${process.pid} is running PostgreSQL`);
  await expect(startPostgres({ directory, port: 0, fresh: true })).rejects.toThrow(/stop it first/);
  expect(await query(first.url, "SELECT 1 AS up")).toEqual([{ up: 1 }]);
});

test("a taken port is an error that names it, before anything is made or emptied", async () => {
  const directory = newDirectory();
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const failure = await startPostgres({ directory, port, fresh: true }).catch((error) => error);
  other.close();
  expect(failure).toBeInstanceOf(PortTaken);
  expect(failure).toMatchObject({ port, message: expect.stringContaining(String(port)) });
  expect(readdirSync(directory)).toEqual([]);
});

test("fresh empties the data, also where a server was left running", async () => {
  const directory = newDirectory();
  const child = startElsewhere(directory);
  const orphan = await firstLine(child);
  await query(orphan, "CREATE TABLE gone AS SELECT 7 AS n");
  await kill(child);
  const { url } = await start(directory, { fresh: true });
  expect(await query(url, "SELECT to_regclass('gone') AS name")).toEqual([{ name: null }]);
});
