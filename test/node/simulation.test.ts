/** A few seeds of the simulator in each run of the tests, some hundreds and every defence in the long one. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEFENCES } from "../simulation/defences.ts";
import { type Server, startServer } from "../simulation/server.ts";

const MAIN = fileURLToPath(new URL("../simulation/main.ts", import.meta.url));
const isLong = process.env.LENGTH === "long";
const MINUTES_10 = 600_000;
/** As many as fit: LONG_SECONDS bounds the long run. */
const MOST_SEEDS = 1_000;
const LONG_SEEDS = Math.min(MOST_SEEDS, 8 * Number(process.env.LONG_SECONDS ?? 600));

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

let databases = 0;
async function simulate(args: string[]): Promise<{ code: number; said: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: {
      ...process.env,
      NODE_OPTIONS: "",
      SIMULATION_SERVER: server.url,
      SIMULATION_NAME: `run_${++databases}`,
      SEED: "",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stdout.on("data", (part) => {
    said += part;
  });
  child.stderr.on("data", (part) => {
    said += part;
  });
  const [code] = await once(child, "close");
  return { code, said };
}

test.concurrent(
  "reminders are never lost, never doubled and on time, whatever fails",
  async () => {
    const { code, said } = await simulate(isLong ? ["--seeds", `${LONG_SEEDS}`, "--from", "10000"] : ["--seeds", "15"]);
    expect(said).toContain("no rule broken");
    expect(code).toBe(0);
    // Fewer do not see every way that a delivery can go.
    if (isLong && LONG_SEEDS === MOST_SEEDS) expect(said).toMatch(/^transitions: \d+ seen$/m);
  },
  MINUTES_10,
);

test.concurrent("a seed plays the same run again to the last call, alone and after others", async () => {
  const hashOf = async (args: string[]) => /^12 [0-9a-f]{16}$/m.exec((await simulate(["--hashes", ...args])).said)?.[0];
  const [alone, again, after] = await Promise.all([
    hashOf(["--from", "12", "--seeds", "1"]),
    hashOf(["--from", "12", "--seeds", "1"]),
    hashOf(["--from", "4", "--seeds", "9"]),
  ]);
  expect(alone).toBeDefined();
  expect([again, after]).toEqual([alone, alone]);
});

test.concurrent.each(isLong ? Object.keys(DEFENCES) : ["settle-before-ack"])(
  "a rule is broken where the defence %s is switched off",
  async (defence) => {
    const { code, said } = await simulate(["--without", defence, "--seeds", isLong ? "400" : "25"]);
    expect(said).toMatch(/^seed \d+ \(.+\):$/m);
    expect(code).toBe(1);
  },
  MINUTES_10,
);
