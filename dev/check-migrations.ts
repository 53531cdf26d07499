/** The migrations hold all that drizzle/schema.ts says: generating again must make nothing new. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const copy = mkdtempSync(join(tmpdir(), "torium-migrations-"));
try {
  cpSync("drizzle/migrations", copy, { recursive: true });
  const before = readdirSync(copy).length;
  const run = spawnSync(
    "drizzle-kit",
    ["generate", "--dialect", "postgresql", "--schema", "drizzle/schema.ts", "--out", copy],
    { encoding: "utf8" },
  );
  if (run.status !== 0) throw new Error(run.stderr || run.stdout);
  if (readdirSync(copy).length !== before) {
    console.error("drizzle/schema.ts has changes without a migration: npm run migrations -- --name <what-changes>");
    process.exitCode = 1;
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
