import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../dev/ports.ts";
import { listProcesses } from "../../dev/processes.ts";
import { startWorker } from "../../dev/worker.ts";

const TOML = `name = "small"
main = "index.js"
compatibility_date = "2026-10-20"
[vars]
NAMED = "by wrangler.toml"
[secrets]
required = ["SECRET"]
`;
const SOURCE = `export default {
  fetch(request, env) {
    if (request.url.endsWith("/fault")) console.error(JSON.stringify({ level: "error", event: "fault" }));
    return Response.json(env);
  },
};`;

describe("the Worker in the local stack", () => {
  const directory = mkdtempSync(join(tmpdir(), "torium-worker-"));
  const groups: number[] = [];
  const reports: string[] = [];
  let heard = () => {};
  let api = "";
  let worker: Awaited<ReturnType<typeof startWorker>>;

  const members = () => listProcesses().filter(({ group, over }) => groups.includes(group) && !over);
  /** Resolves with the first report that says so. */
  const reported = async (words: string): Promise<string> => {
    for (;;) {
      const report = reports.find((line) => line.includes(words));
      if (report) return report;
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
  };

  beforeAll(async () => {
    writeFileSync(join(directory, "wrangler.toml"), TOML);
    writeFileSync(join(directory, "index.js"), SOURCE);
    const port = await freePort();
    api = `http://127.0.0.1:${port}`;
    worker = await startWorker({
      port,
      directory: join(directory, "dev"),
      project: directory,
      variables: { NAMED: "by the stack", LOCAL_ONLY: "http://127.0.0.1:1/a=b:c" },
      secrets: { SECRET: "s" },
      report: (line) => {
        reports.push(line);
        heard();
      },
      started: (group) => groups.push(group),
    });
  }, 60_000);

  afterAll(async () => {
    await worker?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it("gets every setting, those that wrangler.toml does not name included", async () => {
    expect(await (await fetch(api)).json()).toEqual({
      NAMED: "by the stack",
      LOCAL_ONLY: "http://127.0.0.1:1/a=b:c",
      SECRET: "s",
    });
  });

  it("has its secrets in a file for their owner alone, and not in its command", () => {
    expect(statSync(join(directory, "dev", "worker.env")).mode & 0o077).toBe(0);
    expect(members().some(({ command }) => command.includes("SECRET"))).toBe(false);
  });

  it("shows its errors and keeps the rest in the log", async () => {
    await fetch(`${api}/fault`);
    expect(await reported('"event":"fault"')).toBe('worker: {"level":"error","event":"fault"}');
    expect(readFileSync(join(directory, "dev", "worker.log"), "utf8")).toContain("Ready on");
    expect(reports.join("\n")).not.toContain("Ready on");
  });

  it("comes back on the same port when workerd is killed", async () => {
    const doors = members().filter(({ command }) => command.includes("workerd") && command.includes(api.slice(7)));
    expect(doors).toHaveLength(1);
    process.kill(doors[0]!.pid, "SIGKILL");
    await reported("the Worker is back");
    expect((await fetch(api)).status).toBe(200);
  }, 60_000);

  it("leaves no process and a free port behind", async () => {
    await worker.stop();
    expect(members()).toEqual([]);
    const server = createServer().listen(Number(new URL(api).port), "127.0.0.1");
    await once(server, "listening");
    server.close();
  }, 20_000);
});
