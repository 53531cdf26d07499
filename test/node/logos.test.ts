import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, describe, expect, it } from "vitest";
import { LOGOS, putLogos } from "../../dev/logos.ts";
import { listProcesses } from "../../dev/processes.ts";
import { ROOT } from "../../dev/settings.ts";
import { localState } from "../../dev/worker.ts";

const directory = mkdtempSync(join(tmpdir(), "torium-logos-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

type Bucket = { get(key: string): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null> };

/** The local bucket as the Worker finds it. */
async function inBucket(names: string[]): Promise<(Buffer | null)[]> {
  const simulator = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: "",
      cf: false,
      resourcePersistencePath: join(localState(directory), "v3"),
      r2Buckets: { LOGOS: "torium-logos" },
    }),
  );
  try {
    const bucket = (await simulator.getR2Bucket("LOGOS")) as unknown as Bucket;
    const found = await Promise.all(names.map((name) => bucket.get(name)));
    return await Promise.all(found.map(async (one) => one && Buffer.from(await one.arrayBuffer())));
  } finally {
    await simulator.dispose();
  }
}

const files = readdirSync(LOGOS);

describe("the logos", () => {
  it("are square PNGs of 160 pixels, one for each organization that the migrations make", () => {
    const migration = readFileSync(join(ROOT, "drizzle/migrations/0001_organizations.sql"), "utf8");
    expect(files.sort()).toEqual([...migration.matchAll(/'([^']+\.png)'/g)].map(([, name]) => name).sort());
    for (const name of files) {
      const file = readFileSync(join(LOGOS, name));
      expect(file.subarray(0, 8).toString("latin1")).toBe("\x89PNG\r\n\x1a\n");
      expect([file.readUInt32BE(16), file.readUInt32BE(20)]).toEqual([160, 160]);
    }
  });

  it("are put into the bucket of the local stack once, and no process stays behind", async () => {
    const groups: number[] = [];
    const started = (group: number) => void groups.push(group);
    await putLogos({ directory, started });
    expect(listProcesses().filter(({ group, over }) => groups.includes(group) && !over)).toEqual([]);
    expect(await inBucket(files)).toEqual(files.map((name) => readFileSync(join(LOGOS, name))));
    await putLogos({ directory, started });
    expect(groups).toHaveLength(1);
  });
});
