import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { parseFlags } from "../../dev/flags.ts";
import { endGroup, isRunning, listProcesses } from "../../dev/processes.ts";
import { readRun, takeRun } from "../../dev/run-file.ts";
import { workerVariables } from "../../dev/settings.ts";
import { matches, readSchedules, runSchedule, startTicking } from "../../dev/tick.ts";
import { readSettings } from "../../src/env.ts";

const root = resolve(import.meta.dirname, "../..");
const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const end of ends.splice(0).reverse()) await end();
});

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "torium-stack-"));
  ends.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A process that lives until it is ended, in a group of its own, with these words in its command. */
async function living(...words: string[]): Promise<ChildProcess & { pid: number }> {
  const code = 'process.stdout.write("up"); setInterval(() => {}, 1000)';
  const child = spawn(process.execPath, ["-e", code, "--", ...words], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const exit = once(child, "exit");
  ends.push(async () => {
    child.kill("SIGKILL");
    await exit;
  });
  await once(child.stdout!, "data");
  return child as ChildProcess & { pid: number };
}

async function neverUsedPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid!;
}

async function runStack(directory: string, ...flags: string[]) {
  const child = spawn(process.execPath, [join(root, "dev/stack.ts"), ...flags], {
    env: { ...process.env, TORIUM_DEV_DIRECTORY: directory },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  const [code] = await once(child, "close");
  return { code, said };
}

describe("the flags of npm run dev", () => {
  it("have the ports that the README names when none is given", () => {
    expect(parseFlags([])).toEqual({
      port: 8787,
      inboxPort: 8025,
      cognitoPort: 9229,
      dbPort: 54329,
      fresh: false,
      tick: true,
      seed: true,
    });
  });

  it("are all understood", () => {
    const args = ["--port", "1", "--inbox-port=2", "--cognito-port", "3", "--db-port", "65535", "--fresh", "--no-tick"];
    expect(parseFlags([...args, "--no-seed"])).toEqual({
      port: 1,
      inboxPort: 2,
      cognitoPort: 3,
      dbPort: 65_535,
      fresh: true,
      tick: false,
      seed: false,
    });
    expect(parseFlags(["--help"])).toBeNull();
  });

  it.each([
    [["--prot", "8787"], "--prot"],
    [["8787"], "8787"],
    [["--port"], "--port"],
    [["--port", "http"], '--port needs a port from 1 to 65535, not "http"'],
    [["--port", "0"], "--port"],
    [["--db-port", "65536"], "--db-port"],
    [["--inbox-port="], "--inbox-port"],
    [["--fresh=yes"], "--fresh"],
    [["--port", "1", "--port", "2"], "--port is given twice"],
    [["--port", "8025"], "--port and --inbox-port are both 8025"],
  ])("are refused by name: %j", (args, named) => {
    expect(() => parseFlags(args)).toThrow(named);
  });

  it("end the command with code 1 and no stack trace when they are wrong", async () => {
    const { code, said } = await runStack(newDirectory(), "--frehs");
    expect(code).toBe(1);
    expect(said).toContain("--frehs");
    expect(said).not.toMatch(/\n\s+at /);
  });
});

describe("a start of the stack", () => {
  it("names every taken port and its flag before anything is started", async () => {
    const directory = newDirectory();
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    ends.push(() => void server.close());
    const { port } = server.address() as AddressInfo;
    for (const flag of ["--port", "--inbox-port", "--cognito-port", "--db-port"]) {
      const { code, said } = await runStack(directory, flag, String(port));
      expect(code).toBe(1);
      expect(said).toMatch(new RegExp(`Port ${port} .*${flag} N`));
      expect(readdirSync(directory)).toEqual([]);
    }
  });

  it("says that a stack runs already, and as which process", async () => {
    const directory = newDirectory();
    const other = await living("dev/stack.ts");
    writeFileSync(join(directory, "run.json"), JSON.stringify({ pid: other.pid, groups: [] }));
    const { code, said } = await runStack(directory);
    expect(code).toBe(1);
    expect(said).toContain(String(other.pid));
    expect(other.exitCode).toBeNull();
    expect(readRun(join(directory, "run.json"))?.pid).toBe(other.pid);
  });

  it("ends what a crash left, and only that", async () => {
    const file = join(newDirectory(), "run.json");
    const [left, stranger] = await Promise.all([living("wrangler"), living("editor")]);
    const groups = [left, stranger].map(({ pid }) => ({ group: pid, command: "wrangler" }));
    writeFileSync(file, JSON.stringify({ pid: await neverUsedPid(), groups }));
    expect(await takeRun(file)).toBeNull();
    expect(isRunning(left.pid, "wrangler")).toBe(false);
    expect(isRunning(stranger.pid, "editor")).toBe(true);
    expect(readRun(file)).toEqual({ pid: process.pid, groups: [] });
  });

  it("is not held up by a process that got the pid of a dead stack, nor by half a file", async () => {
    const file = join(newDirectory(), "run.json");
    const stranger = await living("editor");
    writeFileSync(file, JSON.stringify({ pid: stranger.pid, groups: [] }));
    expect(await takeRun(file)).toBeNull();
    writeFileSync(file, '{"pid":');
    expect(await takeRun(file)).toBeNull();
    expect(isRunning(stranger.pid, "editor")).toBe(true);
  });
});

describe("the end of the stack", () => {
  it("takes a whole process group with it, whoever does not listen included", async () => {
    const code = `
      const { spawn } = require("node:child_process");
      spawn(process.execPath, ["-e", "process.on('SIGINT', () => {}); console.log('up'); setInterval(() => {}, 1000)"], { stdio: "inherit" });
      setInterval(() => {}, 1000)`;
    const leader = spawn(process.execPath, ["-e", code], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
    await once(leader.stdout!, "data");
    const members = () => listProcesses().filter(({ group, over }) => group === leader.pid && !over);
    expect(members()).toHaveLength(2);
    await endGroup(leader.pid!, 100);
    expect(members()).toEqual([]);
  });

  it("by kill -9 is noticed, and what is left is ended within seconds", async () => {
    const directory = newDirectory();
    const file = join(directory, "run.json");
    const left = await living("wrangler");
    const dead = await neverUsedPid();
    writeFileSync(file, JSON.stringify({ pid: dead, groups: [{ group: left.pid, command: "wrangler" }] }));
    writeFileSync(join(directory, "stack.json"), JSON.stringify({ pid: dead }));
    const reaper = spawn(process.execPath, [join(root, "dev/reaper.ts"), file, String(dead)], {
      env: { ...process.env, TORIUM_DEV_DIRECTORY: directory },
      stdio: ["pipe", "ignore", "inherit"],
    });
    const over = once(reaper, "exit");
    expect(isRunning(left.pid, "wrangler")).toBe(true);
    reaper.stdin.end();
    await over;
    expect(isRunning(left.pid, "wrangler")).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("leaves the next stack alone when that one is quicker", async () => {
    const file = join(newDirectory(), "run.json");
    const next = await living("wrangler");
    writeFileSync(file, JSON.stringify({ pid: process.pid, groups: [{ group: next.pid, command: "wrangler" }] }));
    const reaper = spawn(process.execPath, [join(root, "dev/reaper.ts"), file, String(await neverUsedPid())], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    reaper.stdin.end();
    await once(reaper, "exit");
    expect(isRunning(next.pid, "wrangler")).toBe(true);
    expect(existsSync(file)).toBe(true);
  });
});

describe("the ticking", () => {
  it("fires the schedules of wrangler.toml", () => {
    const file = join(newDirectory(), "wrangler.toml");
    writeFileSync(file, 'name = "a"\n[triggers]\ncrons = [\n  "* * * * *",\n  "17 3 * * *",\n]\n[vars]\nA = "b"\n');
    expect(readSchedules(file)).toEqual(["* * * * *", "17 3 * * *"]);
    expect(readSchedules(join(root, "wrangler.toml"))).toContain("* * * * *");
  });

  it.each([
    ["* * * * *", "2026-03-29T01:59:00Z", true],
    ["*/5 * * * *", "2026-11-11T18:05:00Z", true],
    ["*/5 * * * *", "2026-11-11T18:06:00Z", false],
    ["17 3 * * *", "2026-11-11T03:17:00Z", true],
    ["17 3 * * *", "2026-11-11T04:17:00Z", false],
  ])("fires %s at %s: %s", (cron, at, fires) => {
    expect(matches(cron, Date.parse(at))).toBe(fires);
  });

  it("asks for a schedule with its job's now, and throws when the job fails", async () => {
    const asked: URLSearchParams[] = [];
    let status = 200;
    const server = createServer((request, response) => {
      asked.push(new URL(request.url ?? "", "http://localhost").searchParams);
      response.writeHead(status).end("ok");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    ends.push(() => {
      server.close();
      server.closeAllConnections();
    });
    const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await runSchedule(api, "*/5 * * * *", 1_795_237_800_000);
    expect(Object.fromEntries(asked[0]!)).toEqual({ cron: "*/5 * * * *", time: "1795237800000" });
    status = 500;
    await expect(runSchedule(api, "* * * * *", 0)).rejects.toThrow("500");
  });

  it("fires once a minute, on the minute, and outlives a tick that fails", async () => {
    vi.useFakeTimers({ now: Date.parse("2026-11-11T18:03:20.250Z") });
    const asked: string[] = [];
    const reports: string[] = [];
    vi.stubGlobal("fetch", async (url: string) => {
      const { searchParams } = new URL(url);
      asked.push(
        `${searchParams.get("cron")} ${new Date(Number(searchParams.get("time"))).toISOString().slice(11, 23)}`,
      );
      if (asked.length === 1) throw new Error("refused");
      return new Response("ok");
    });
    ends.push(() => void vi.unstubAllGlobals());
    const ticking = startTicking("http://127.0.0.1:1", ["* * * * *", "*/5 * * * *", "17 3 * * *"], (line) =>
      reports.push(line),
    );
    await vi.advanceTimersByTimeAsync(60_000);
    // The clock runs ahead of the timer, as under load: the minute's tick comes late and still names its minute.
    vi.setSystemTime(Date.now() + 137);
    await vi.advanceTimersByTimeAsync(2 * 60_000);
    ticking.stop();
    await vi.advanceTimersByTimeAsync(3 * 60_000);
    expect(asked).toEqual([
      "* * * * * 18:04:00.000",
      "* * * * * 18:05:00.000",
      "*/5 * * * * 18:05:00.000",
      "* * * * * 18:06:00.000",
    ]);
    expect(reports).toEqual([expect.stringContaining('"* * * * *" failed: refused')]);
  });
});

describe("the Worker's settings on this machine", () => {
  it("are ones that the Worker starts with, and send it nowhere but here", () => {
    const secret = "0123456789abcdef";
    const variables = workerVariables({
      api: "http://127.0.0.1:1",
      inbox: "http://127.0.0.1:2",
      neon: "http://127.0.0.1:3/sql",
      cognito: { endpoint: "http://127.0.0.1:4", user_pool_id: "eu-central-1_a", client_id: "c" },
    });
    const settings = readSettings({
      ...variables,
      DATABASE_URL: "postgres://torium:torium@localhost:5/torium",
      AWS_ACCESS_KEY_ID: "LOCAL",
      AWS_SECRET_ACCESS_KEY: secret,
      COGNITO_HOOK_SECRET: secret,
      CODE_PEPPER: secret,
      LINK_SECRET: secret,
    });
    const { AWS_ENDPOINT_URL_SNS, AWS_ENDPOINT_URL_SESV2, AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER } = settings;
    const { NEON_FETCH_ENDPOINT, COGNITO_JWKS_URL, COGNITO_ISSUER, PUBLIC_URL } = settings;
    const places = [AWS_ENDPOINT_URL_SNS, AWS_ENDPOINT_URL_SESV2, AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER];
    for (const place of [...places, NEON_FETCH_ENDPOINT, COGNITO_JWKS_URL, COGNITO_ISSUER, PUBLIC_URL]) {
      expect(place).toMatch(/^http:\/\/127\.0\.0\.1:\d/);
    }
  });
});
