/** Writes openapi.json from the Worker's routes and schemas; with --check it only says whether the file is what they say. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./settings.ts";

/** By a name that the compiler does not follow: the Worker is checked against workerd's types, and this file against Node's. */
const WORKER: string = "../src/api/index.ts";
const { describeRoutes } = (await import(WORKER)) as { describeRoutes: () => object };

const FILE = join(ROOT, "openapi.json");
const document = `${JSON.stringify(describeRoutes(), null, 2)}\n`;

if (!process.argv.includes("--check")) writeFileSync(FILE, document);
else if (readFileSync(FILE, "utf8") !== document) {
  console.error("openapi.json is not what the schemas say: npm run openapi");
  process.exitCode = 1;
}
