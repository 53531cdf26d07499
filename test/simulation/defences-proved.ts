/** Runs each defence's absence in a process of its own, on one server. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { DEFENCES } from "./defences.ts";
import { startServer } from "./server.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const AT_ONCE = 2;

/** Whether every absence broke a rule within the seeds. Prints a line for each. */
export async function proveDefences(seeds: number): Promise<boolean> {
  const server = await startServer();
  try {
    const waiting = Object.keys(DEFENCES).values();
    const caught: boolean[] = [];
    const lane = async () => {
      for (const name of waiting) caught.push(await prove(name, seeds, server.url));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    console.log(`${caught.filter(Boolean).length} of ${caught.length} defences are missed when they are away`);
    return caught.every(Boolean);
  } finally {
    await server.stop();
  }
}

async function prove(name: string, seeds: number, url: string): Promise<boolean> {
  const child = spawn(process.execPath, [MAIN, "--without", name, "--seeds", `${seeds}`], {
    env: { ...process.env, SIMULATION_SERVER: url, SEED: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stdout.on("data", (part) => (said += part));
  child.stderr.on("data", (part) => (said += part));
  const [code] = await once(child, "close");
  const found = /^seed (\d+) .*:\n {2}(.*)$/m.exec(said);
  const isCaught = code === 1 && found !== null;
  console.log(
    `${isCaught ? "caught" : "MISSED"}  ${name.padEnd(18)} ${isCaught ? `seed ${found[1]}: ${found[2]}` : said.trim().split("\n").at(-1)}`,
  );
  return isCaught;
}
