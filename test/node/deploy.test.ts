import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, describe, expect, it } from "vitest";
import { readConfiguration } from "../../deploy/configuration.ts";
import { deploy, type Options, type World } from "../../deploy/deploy.ts";
import type { Migration } from "../../deploy/migrations.ts";
import { EXAMPLE, givenSettings, readSettingsFile } from "../../deploy/settings.ts";
import { ROOT } from "../../dev/settings.ts";

const configuration = readConfiguration();
const examples = readSettingsFile(EXAMPLE);
const folder = mkdtempSync(join(tmpdir(), "torium-deploy-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Settings that could be somebody's. */
const real = Object.fromEntries(
  Object.entries(examples).map(([name, value]) => [
    name,
    value.replace(/\.example\b/g, ".pl").replaceAll("example", "x9"),
  ]),
);
real.AWS_ACCESS_KEY_ID = "AKIA0123456789";

const adds = (tag: string, when: number): Migration => ({ tag, when, contracts: false, breaking: [] });
const breaks = (tag: string, when: number): Migration => ({ tag, when, contracts: true, breaking: ["DROP TABLE a"] });

const ANSWERS: Record<string, unknown> = {
  "/health": { data: null },
  "/status": { data: { database: { reachable: true } } },
};

/** An account that has everything, and a Worker that is well at once. What happened is in `did`, in order. */
function world(change: { answers?: Record<string, unknown>; wrangler?: World["wrangler"] } & Partial<World> = {}) {
  const did: string[] = [];
  const printed: string[] = [];
  const secretsSeen: string[] = [];
  let clock = 0;
  const outside: World = {
    configuration,
    migrations: [adds("0000_first", 1), adds("0001_more", 2)],
    lastApplied: async () => 1,
    applyMigrations: async (_, apply) => void did.push(`migrate ${apply.map(({ tag }) => tag).join(" ")}`),
    print: (line) => void printed.push(line),
    now: () => clock,
    sleep: async (ms) => {
      clock += ms;
    },
    fetch: async (url) => {
      did.push(`fetch ${url}`);
      return Response.json(change.answers?.[new URL(url).pathname] ?? ANSWERS[new URL(url).pathname]);
    },
    ...change,
    wrangler: async (args) => {
      const answer = await change.wrangler?.(args);
      if (answer && answer.code !== -1) return answer;
      const directory = args[args.indexOf("--outdir") + 1]!;
      if (args.includes("--outdir")) writeFileSync(join(directory, "index.js"), "export default {}");
      if (args.includes("--secrets-file"))
        secretsSeen.push(readFileSync(args[args.indexOf("--secrets-file") + 1]!, "utf8"));
      if (args[0] === "deploy") did.push(args.includes("--dry-run") ? "build" : "upload");
      if (args.includes("create")) did.push(args.join(" "));
      return { code: 0, out: args[0] === "secret" ? "[]" : "" };
    },
  };
  return { outside, did, printed, secretsSeen };
}

const PASS = { code: -1, out: "" };
const options = (change: Partial<Options> = {}): Options => ({
  given: real,
  create: false,
  contract: false,
  dryRun: false,
  ...change,
});
const without = (...names: string[]) =>
  Object.fromEntries(Object.entries(real).filter(([name]) => !names.includes(name)));
const faultsOf = (promise: Promise<void>) =>
  promise.then(
    () => [],
    (error: Error) =>
      error.message
        .split("\n")
        .slice(1)
        .map((line) => line.trim()),
  );

describe("settings", () => {
  it("the example names every variable and secret, and is well formed", async () => {
    const { outside } = world();
    await deploy(options({ given: examples, dryRun: true }), outside);
    for (const name of configuration.requiredSecrets) expect(examples).toHaveProperty([name]);
  });

  it("everything that is wrong is named at once, and nothing is done", async () => {
    const { outside, did } = world();
    const given = {
      ...without("DATABASE_URL", "COGNITO_CLIENT_IDS"),
      AWS_REGION: "Frankfurt",
      CODE_PEPPER: "short",
      SMS_COUNTRIES: "PL,DE",
    };
    expect(await faultsOf(deploy(options({ given }), outside))).toEqual(
      expect.arrayContaining([
        "AWS_REGION: is not an AWS region",
        "CODE_PEPPER: each value needs at least 16 characters",
        "COGNITO_CLIENT_IDS: is missing",
        "DATABASE_URL: is missing",
        "SMS_PRICES_USD: has no price for DE",
      ]),
    );
    expect(did).toEqual([]);
  });

  it.each([
    ["AWS_ENDPOINT_URL_SNS", "http://127.0.0.1:8025", "is for the local stack alone"],
    ["AWS_ENDPOINT_URL", "https://sns.evil.example", "is for the local stack alone"],
    ["NEON_FETCH_ENDPOINT", "http://localhost:1", "is for the local stack alone"],
    ["SNS_FEEDBACK_TOPIC_ARN", "arn:aws:sns:eu-central-1:1:x", "no setting has this name"],
    ["PUBLIC_URL", "http://api.torium.pl", "must be https"],
    ["PUBLIC_URL", "https://localhost:8787", "is on this machine"],
    ["COGNITO_ISSUER", "http://127.0.0.1:9229/pool", "is on this machine"],
    ["DATABASE_URL", "postgres://a:b@localhost/c", "is on this machine"],
    ["DATABASE_URL", "postgres://a:b@db.torium.pl", "names no database"],
    ["DATABASE_URL", "postgres://a:b%zz@db.torium.pl/c", "has a % that encodes nothing"],
    ["SES_FROM", "Torium", "is not an address, nor a name with one in <>"],
    ["COGNITO_USER_POOL_ID", "us-east-1_x", "is of another region than AWS_REGION"],
    ["SNS_FEEDBACK_TOPIC_ARNS", "arn:aws:sns:us-east-1:1:x", "is of another region than AWS_REGION"],
    ["LINK_SECRET", examples.LINK_SECRET!, "still is the example's"],
    ["DISCORD_WEBHOOK_URL", examples.DISCORD_WEBHOOK_URL!, "still is the example's"],
  ])("%s of %s is refused", async (name, value, why) => {
    const { outside, did } = world();
    const faults = await faultsOf(deploy(options({ given: { ...real, [name]: value } }), outside));
    expect(faults).toContain(`${name}: ${why}`);
    expect(faults.join()).not.toContain(value);
    expect(did).toEqual([]);
  });

  it("a secret that the account holds need not be given, but the database's address must be", async () => {
    const list = {
      code: 0,
      out: JSON.stringify(configuration.requiredSecrets.map((name) => ({ name, type: "secret_text" }))),
    };
    const { outside, secretsSeen } = world({ wrangler: async ([first]) => (first === "secret" ? list : PASS) });
    await deploy(options({ given: without("LINK_SECRET", "CODE_PEPPER") }), outside);
    expect(Object.keys(JSON.parse(secretsSeen[0]!))).not.toContain("LINK_SECRET");
    const faults = await faultsOf(deploy(options({ given: without("DATABASE_URL") }), outside));
    expect(faults).toEqual(["DATABASE_URL: is missing"]);
  });

  it("of the environment only settings are taken, and the file wins over the stack's outputs", () => {
    const environment = {
      PATH: "/bin",
      HOME: "/root",
      PUBLIC_URL: "https://a.pl",
      AWS_ENDPOINT_URL_SNS: "http://localhost",
    };
    expect(givenSettings(configuration, { environment })).toEqual({
      PUBLIC_URL: "https://a.pl",
      AWS_ENDPOINT_URL_SNS: "http://localhost",
    });
    const outputs = join(folder, "outputs.json");
    const file = join(folder, "settings.env");
    const described = ["SesFrom", "CognitoUserPoolId", "WorkerUser", "SnsPlatformApplicationArnApns"];
    const list = described.map((OutputKey) => ({ OutputKey, OutputValue: OutputKey.endsWith("Apns") ? "" : "theirs" }));
    writeFileSync(outputs, JSON.stringify({ Stacks: [{ Outputs: list }] }));
    writeFileSync(file, "SES_FROM=ours\nSMS_SENDER_ID=\n");
    expect(givenSettings(configuration, { file, outputs })).toEqual({
      SES_FROM: "ours",
      COGNITO_USER_POOL_ID: "theirs",
    });
    for (const other of ["null", "[]", "a-value{"]) {
      writeFileSync(outputs, other);
      const read = () => givenSettings(configuration, { file, outputs });
      expect(read).toThrow("is not what aws cloudformation describe-stacks prints");
      expect(read).not.toThrow("a-value");
    }
  });
});

describe("the account", () => {
  const lacking: World["wrangler"] = async (args) =>
    args.includes("info") && /send-sms|logos/.test(args.join()) ? { code: 1, out: "Queue does not exist." } : PASS;

  it("what is missing is named with the command that makes it", async () => {
    const { outside, did } = world({ wrangler: lacking });
    expect(await faultsOf(deploy(options(), outside))).toEqual([
      "missing: npx wrangler queues create send-sms (--create does it)",
      "missing: npx wrangler r2 bucket create torium-logos (--create does it)",
    ]);
    expect(did).toEqual([]);
  });

  it("--create makes it, before anything else", async () => {
    const { outside, did } = world({ wrangler: lacking });
    await deploy(options({ create: true }), outside);
    expect(did.slice(0, 3)).toEqual(["queues create send-sms", "r2 bucket create torium-logos", "build"]);
  });

  it("nobody signed in is said, and is no missing queue", async () => {
    const { outside } = world({
      wrangler: async () => ({ code: 0, out: "You are not authenticated. Please run `wrangler login`." }),
    });
    await expect(deploy(options(), outside)).rejects.toThrow("wrangler is signed in nowhere");
  });
});

describe("the order of things", () => {
  it("the bundle is built, then the database is widened, then the version goes up with its secrets, then it is looked at", async () => {
    const { outside, did, secretsSeen } = world();
    await deploy(options(), outside);
    expect(did).toEqual([
      "build",
      "migrate 0001_more",
      "upload",
      `fetch ${real.PUBLIC_URL}/health`,
      `fetch ${real.PUBLIC_URL}/status`,
    ]);
    expect(JSON.parse(secretsSeen[0]!)).toMatchObject({
      DATABASE_URL: real.DATABASE_URL,
      LINK_SECRET: real.LINK_SECRET,
    });
  });

  it("secrets are on no command line, and their file is gone afterwards", async () => {
    const lines: string[] = [];
    const { outside } = world({
      wrangler: async (args) => {
        lines.push(args.join(" "));
        return PASS;
      },
    });
    await deploy(options(), outside);
    const upload = lines.find((line) => line.includes("--secrets-file"))!;
    expect(existsSync(/--secrets-file (\S+)/.exec(upload)![1]!)).toBe(false);
    for (const name of [...configuration.requiredSecrets, "OPERATOR_TOKEN", "DISCORD_WEBHOOK_URL"]) {
      expect(lines.join("\n")).not.toContain(real[name]);
    }
  });

  it("a bundle that cannot be built leaves the database alone", async () => {
    const { outside, did } = world({
      wrangler: async (args) => (args.includes("--dry-run") ? { code: 1, out: "Build failed" } : PASS),
    });
    await expect(deploy(options(), outside)).rejects.toThrow("Build failed");
    expect(did).toEqual([]);
  });

  it("a contraction waits for a deployment of its own", async () => {
    const migrations = [adds("0000_first", 1), adds("0001_more", 2), breaks("0002_less", 3)];
    const first = world({ migrations });
    await deploy(options(), first.outside);
    expect(first.did).toContain("migrate 0001_more");
    expect(first.printed.join("\n")).toContain("0002_less waits");
    const second = world({ migrations, lastApplied: async () => 2 });
    await deploy(options({ contract: true }), second.outside);
    expect(second.did).toContain("migrate 0002_less");
  });

  it("what comes after a contraction that is not applied is refused, since the new version may need it", async () => {
    const migrations = [adds("0000_first", 1), breaks("0001_less", 2), adds("0002_more", 3)];
    const { outside, did } = world({ migrations });
    await expect(deploy(options(), outside)).rejects.toThrow("0002_more comes after the contraction 0001_less");
    expect(did).not.toContain("upload");
  });

  it("an empty database gets everything: no version runs on it", async () => {
    const { outside, did } = world({
      migrations: [adds("0000_a", 1), breaks("0001_b", 2), adds("0002_c", 3)],
      lastApplied: async () => null,
    });
    await deploy(options(), outside);
    expect(did).toContain("migrate 0000_a 0001_b 0002_c");
  });

  it("a Worker that never says it reaches its database is a failed deployment", async () => {
    const { outside } = world({ answers: { "/status": { data: { database: { reachable: false } } } } });
    await expect(deploy(options(), outside)).rejects.toThrow("/status says that the database is out of reach");
  });
});

describe("npm run deploy -- --dry-run", () => {
  it("builds the bundle with no account and no network, and prints its size", async () => {
    const home = join(folder, "home");
    mkdirSync(home);
    // A proxy that nobody answers at: whatever goes out fails.
    const nowhere = {
      HTTPS_PROXY: "http://127.0.0.1:9",
      HTTP_PROXY: "http://127.0.0.1:9",
      https_proxy: "http://127.0.0.1:9",
    };
    const { CLOUDFLARE_API_TOKEN: _, ...inherited } = process.env;
    const child = spawn(process.execPath, ["deploy/deploy.ts", "--dry-run", "--settings", EXAMPLE], {
      cwd: ROOT,
      env: { ...inherited, ...nowhere, HOME: home, XDG_CONFIG_HOME: home },
    });
    const [[code], out, errors] = await Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
    expect(out).toMatch(/^bundle {6}\d+ KiB, \d+ KiB compressed/m);
    expect(out).toContain("Dry run: nothing was deployed.");
    expect({ code, errors }).toMatchObject({ code: 0 });
  });
});
