/**
 * `[build]` of wrangler.toml: lays the charts' library beside the console's page, from the version that package-lock.json names. What is the same
 * already is not written again, since a write below the watched folders makes `wrangler dev` build anew.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const FILES = ["uPlot.esm.js", "uPlot.min.css"];

const from = dirname(fileURLToPath(import.meta.resolve("uplot")));
const to = join(import.meta.dirname, "../public/console/vendor");
mkdirSync(to, { recursive: true });
for (const name of FILES) {
  const wanted = readFileSync(join(from, name));
  const file = join(to, name);
  if (existsSync(file) && readFileSync(file).equals(wanted)) continue;
  // Under another name until it is whole: two stacks may start at once.
  const making = `${file}.${process.pid}`;
  writeFileSync(making, wanted);
  renameSync(making, file);
}
