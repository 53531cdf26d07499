import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, expect, test } from "vitest";
import { amplifyConfiguration, deployedPool } from "../../deploy/amplify-config.ts";
import { ROOT } from "../../dev/settings.ts";

const folder = mkdtempSync(join(tmpdir(), "torium-amplify-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...flags: string[]) {
  const env = { ...process.env, TORIUM_DEV_DIRECTORY: folder };
  const child = spawn(process.execPath, ["deploy/amplify-config.ts", ...flags], { cwd: ROOT, env });
  const [[code], out, errors] = await Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
  return { code, out, errors };
}

const SETTINGS = "AWS_REGION=eu-central-1\nCOGNITO_USER_POOL_ID=eu-central-1_a\nCOGNITO_CLIENT_IDS=first, second\n";

test("what is deployed is described by its settings, in the form that the Flutter library reads", async () => {
  const file = join(folder, "settings.env");
  writeFileSync(file, SETTINGS);
  const { code, out } = await run("--settings", file, "--client", "second");
  expect(code).toBe(0);
  const { CognitoUserPool, Auth } = JSON.parse(out).auth.plugins.awsCognitoAuthPlugin;
  expect(CognitoUserPool).toEqual({
    Default: { PoolId: "eu-central-1_a", AppClientId: "second", Region: "eu-central-1" },
  });
  expect(Auth.Default).toMatchObject({ authenticationFlowType: "USER_SRP_AUTH", usernameAttributes: ["EMAIL"] });
});

test("the local stack's pool has an address of its own, and no SRP", () => {
  const local = { region: "eu-central-1", user_pool_id: "p", client_id: "c", endpoint: "http://127.0.0.1:9229" };
  const plugin = amplifyConfiguration(local).auth.plugins.awsCognitoAuthPlugin;
  expect(plugin.CognitoUserPool.Default).toMatchObject({ Endpoint: "http://127.0.0.1:9229" });
  expect(plugin.Auth.Default.authenticationFlowType).toBe("USER_PASSWORD_AUTH");
});

test("without a stack that runs and without settings it says what to do", async () => {
  const { code, errors } = await run();
  expect(code).toBe(1);
  expect(errors).toContain("The local stack does not run: npm run dev starts it");
});

test("a client that is none of the pool's, and a missing setting, are named", () => {
  const given = { AWS_REGION: "eu-central-1", COGNITO_USER_POOL_ID: "eu-central-1_a", COGNITO_CLIENT_IDS: "first" };
  expect(() => deployedPool(given, "third")).toThrow("--client third is none of COGNITO_CLIENT_IDS");
  expect(() => deployedPool({ AWS_REGION: "eu-central-1" })).toThrow(
    "COGNITO_USER_POOL_ID, COGNITO_CLIENT_IDS missing",
  );
});
