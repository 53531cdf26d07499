import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../../dev/settings.ts";

const WRANGLER = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");

/**
 * Builds what a deploy would upload, by the same configuration, into a folder; answers the script's file.
 *
 * @param entry instead of the configuration's own
 */
export async function buildBundle(directory: string, entry?: string): Promise<string> {
  const out = join(directory, entry ? "bench-bundle" : "bundle");
  const args = [WRANGLER, "deploy", ...(entry ? [entry] : []), "--dry-run", "--outdir", out];
  await promisify(execFile)(process.execPath, args, { cwd: ROOT, env: environment(directory) }).catch((error) => {
    throw new Error(`the Worker does not build:\n${error.stdout}${error.stderr}`);
  });
  return join(out, `${entry ? "entry" : "index"}.js`);
}

const built = new Map<string, Promise<Buffer>>();

/** The same, built once by this process: each part of the bench has a bed of its own, and all measure the same Worker. */
export async function bundleIn(directory: string, entry: string): Promise<string> {
  const script = built.get(entry) ?? buildBundle(directory, entry).then((file) => readFile(file));
  built.set(entry, script);
  const file = join(directory, "entry.js");
  await writeFile(file, await script);
  return file;
}

/** Nothing of an account, no word to anybody, and no trace outside of the folder. */
function environment(directory: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(CLOUDFLARE_|CF_|WRANGLER_)/.test(name));
  return {
    ...Object.fromEntries(inherited),
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_WRITE_LOGS: "false",
    WRANGLER_LOG_PATH: join(directory, "logs"),
    WRANGLER_REGISTRY_PATH: join(directory, "registry"),
    XDG_CONFIG_HOME: join(directory, "config"),
    NO_COLOR: "1",
    CI: "true",
  };
}
