import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importJWK, type JWK, SignJWT } from "jose";
import type { TestProject } from "vitest/node";
import { freePort } from "../../dev/ports.ts";
import { ROOT } from "../../dev/settings.ts";
import { startWorker } from "../../dev/worker.ts";
import setup from "../support/global-setup.ts";

export interface Wanted {
  /** Beside the settings that every test has. */
  settings?: Record<string, string>;
  /** Changes the text of wrangler.toml, which is otherwise as it is. */
  configured?: (toml: string) => string;
}

/** The real Worker with a database, a pool and a stand-in for AWS of its own; `idToken` is of a new person each time. */
export async function startWholeWorker({ settings = {}, configured }: Wanted = {}) {
  const given: { settings?: Record<string, string>; pool?: { private: JWK }; inbox?: string } = {};
  const directory = mkdtempSync(join(tmpdir(), "torium-whole-"));
  const ends = [async () => rmSync(directory, { recursive: true, force: true })];
  const stop = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const provide = (name: string, value: unknown) => Object.assign(given, { [name]: value });
    ends.push(await setup({ provide } as unknown as TestProject));
    const port = await freePort();
    const api = `http://127.0.0.1:${port}`;
    const variables = { ...given.settings!, PUBLIC_URL: api, ...settings };
    const project = configured ? writeProject(directory, configured) : ROOT;
    const quiet = { report: () => {}, started: () => {} };
    const worker = await startWorker({ port, directory, variables, secrets: {}, project, ...quiet });
    ends.push(() => worker.stop());
    const key = await importJWK(given.pool!.private, "RS256");
    const idToken = (name: string) =>
      new SignJWT({
        token_use: "id",
        aud: "test-client",
        email: `${name.toLowerCase()}-${crypto.randomUUID()}@torium.test`,
        email_verified: true,
        name,
      })
        .setProtectedHeader({ alg: "RS256", kid: "test-key" })
        .setIssuer(given.settings!.COGNITO_ISSUER!)
        .setSubject(crypto.randomUUID())
        .setIssuedAt()
        .setExpirationTime("1h")
        .sign(key);
    return {
      api,
      idToken,
      stop,
      database: given.settings!.DATABASE_URL!,
      inbox: given.inbox!,
      settings: given.settings!,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A folder with another wrangler.toml for the same sources. */
function writeProject(directory: string, configured: (toml: string) => string): string {
  const project = join(directory, "project");
  mkdirSync(project);
  const toml = readFileSync(join(ROOT, "wrangler.toml"), "utf8")
    .replace('main = "src', `main = "${ROOT}/src`)
    .replace('directory = "./public"', `directory = "${ROOT}/public"`)
    .replace("[build]\n", `[build]\ncwd = "${ROOT}"\n`);
  writeFileSync(join(project, "wrangler.toml"), configured(toml));
  return project;
}
