import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importJWK, type JWK, SignJWT } from "jose";
import type { TestProject } from "vitest/node";
import { freePort } from "../../dev/ports.ts";
import { startWorker } from "../../dev/worker.ts";
import setup from "../support/global-setup.ts";

/** The real Worker with a database, a pool and a stand-in for AWS of its own; `idToken` is of a new person each time. */
export async function startWholeWorker() {
  const given: { settings?: Record<string, string>; pool?: { private: JWK } } = {};
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
    const variables = { ...given.settings!, PUBLIC_URL: api };
    const worker = await startWorker({ port, directory, variables, secrets: {}, report: () => {}, started: () => {} });
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
    return { api, idToken, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
