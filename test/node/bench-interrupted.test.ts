import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { ROOT } from "../../dev/settings.ts";

test.each([
  ["while its database starts", "api", "requests a second"],
  ["with everything up", "api", "the world is there"],
  ["among the rivals", "rivals", "pg-boss, provider 0 ms"],
])("a bench that is interrupted %s ends all of it and leaves no folder", async (_, part, at) => {
  const folder = mkdtempSync(join(tmpdir(), "torium-interrupted-"));
  const bench = spawn(process.execPath, ["bench/main.ts", "--quick", "--only", part], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "ignore", "pipe"],
  });
  try {
    const ended = once(bench, "exit");
    for await (const line of createInterface({ input: bench.stderr })) {
      if (line.includes(at)) bench.kill("SIGINT");
      if (line.includes("ended by")) break;
    }
    expect(await ended).toEqual([1, null]);
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    bench.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});
