import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import { ROOT } from "../dev/settings.ts";

export type Said = { code: number; out: string };
export type Wrangler = (args: string[]) => Promise<Said>;

const bin = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");

/** Runs wrangler in the project, as whoever it is signed in as; `out` is all that it printed. It asks nothing: there is no input. */
export const wrangler: Wrangler = async (args) => {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true", NO_COLOR: "1" },
  });
  const [[code], out, errors] = await Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
  return { code: code ?? 1, out: stripVTControlCharacters(`${out}${errors}`).trim() };
};
