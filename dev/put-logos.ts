/**
 * Puts the organizations' logos, the files of assets/logos, into the bucket that wrangler.toml names: into the local one where its
 * state's folder is given, else into the account's, as whoever wrangler is signed in as.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { LOGOS } from "./logos.ts";
import { ROOT } from "./settings.ts";

const CONTENT_TYPE = "image/png";

/** The simulator's own types lean on those of the Workers' runtime, which are not for Node. */
type Bucket = { put(key: string, value: Uint8Array, options: { httpMetadata: object }): Promise<unknown> };

const [state] = process.argv.slice(2);
const names = readdirSync(LOGOS).filter((name) => name.endsWith(".png"));
const bucketName = /^binding = "LOGOS"\nbucket_name = "(.+)"$/m.exec(
  readFileSync(join(ROOT, "wrangler.toml"), "utf8"),
)?.[1];
if (!bucketName) throw new Error("wrangler.toml names no bucket for LOGOS");

if (state) await putLocally(state, bucketName);
else putRemotely(bucketName);

async function putLocally(state: string, bucketName: string): Promise<void> {
  const simulator = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: "",
      cf: false,
      resourcePersistencePath: join(state, "v3"),
      r2Buckets: { LOGOS: bucketName },
    }),
  );
  try {
    const bucket = (await simulator.getR2Bucket("LOGOS")) as unknown as Bucket;
    for (const name of names) {
      await bucket.put(name, readFileSync(join(LOGOS, name)), { httpMetadata: { contentType: CONTENT_TYPE } });
    }
  } finally {
    await simulator.dispose();
  }
}

function putRemotely(bucketName: string): void {
  for (const name of names) {
    const flags = ["--file", join(LOGOS, name), "--content-type", CONTENT_TYPE, "--remote"];
    execFileSync("wrangler", ["r2", "object", "put", `${bucketName}/${name}`, ...flags], { stdio: "inherit" });
  }
}
