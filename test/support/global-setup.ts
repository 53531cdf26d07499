/** Starts what lies around the Worker, once a run: PostgreSQL, its Neon endpoint, the stand-in for SNS and SES, and a pool's keys. */

import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";
import type { TestProject } from "vitest/node";
import { startInbox } from "../../dev/inbox/index.ts";
import { migrate } from "../../dev/migrate.ts";
import { startNeonEndpoint } from "../../dev/neon.ts";
import { startPostgres } from "../../dev/postgres.ts";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = mkdtempSync(join(tmpdir(), "torium-test-"));
  const aws = { region: "eu-central-1", accessKeyId: "test-key", secretAccessKey: "test-secret" };
  const [postgres, neon, inbox] = await Promise.all([
    startPostgres({ directory: join(directory, "postgres"), port: 0 }),
    startNeonEndpoint({ port: 0 }),
    startInbox({ port: 0, ...aws, directory: join(directory, "inbox") }),
  ]);
  await migrate(postgres.url);
  const keys = await startKeys();

  project.provide("settings", {
    DATABASE_URL: postgres.url,
    NEON_FETCH_ENDPOINT: neon.url,
    AWS_REGION: aws.region,
    AWS_ACCESS_KEY_ID: aws.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.secretAccessKey,
    AWS_ENDPOINT_URL_SNS: inbox.url,
    AWS_ENDPOINT_URL_SESV2: inbox.url,
    COGNITO_USER_POOL_ID: "eu-central-1_test",
    COGNITO_CLIENT_IDS: "test-client",
    COGNITO_ISSUER: `${keys.url}/eu-central-1_test`,
    COGNITO_JWKS_URL: `${keys.url}/eu-central-1_test/.well-known/jwks.json`,
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: keys.url,
    COGNITO_HOOK_SECRET: "a-hook-secret-for-tests,an-older-hook-secret",
    CODE_PEPPER: "a-code-pepper-for-tests,an-older-code-pepper",
    LINK_SECRET: "a-link-secret-for-tests,an-older-link-secret",
    SES_FROM: "Torium <reminders@torium.test>",
    SNS_PLATFORM_APPLICATION_ARN_FCM: "arn:aws:sns:eu-central-1:000000000000:app/GCM/torium",
    SNS_PLATFORM_APPLICATION_ARN_APNS: "arn:aws:sns:eu-central-1:000000000000:app/APNS/torium",
    SMS_MONTHLY_BUDGET_USD: "100000",
    PUBLIC_URL: "https://api.torium.test",
  });
  project.provide("pool", keys.pool);
  project.provide("inbox", inbox.url);

  return async () => {
    await Promise.allSettled([keys.stop(), inbox.stop(), neon.stop()]);
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  };
}

/** The pool's public key at its JWKS address; the private one goes to the tests, which sign tokens with it. The pool takes whatever it is told. */
async function startKeys() {
  const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
  const publicJwk = { ...(await exportJWK(publicKey)), kid: "test-key", alg: "RS256", use: "sig" };
  const pool = { private: { ...(await exportJWK(privateKey)), kid: "test-key", alg: "RS256" }, public: publicJwk };
  const server = createServer((_, answer) => {
    answer.setHeader("content-type", "application/json").end(JSON.stringify({ keys: [publicJwk] }));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pool,
    stop: () => new Promise<void>((done) => void server.close(() => done())),
  };
}
