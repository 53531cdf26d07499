import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { unstable_readConfig } from "wrangler";
import { freePort } from "../../dev/ports.ts";
import { ROOT } from "../../dev/settings.ts";
import { untilTheEnd } from "../ending.ts";

/** The one that the simulator runs. */
const { default: WORKERD } = createRequire(createRequire(import.meta.url).resolve("miniflare"))("workerd") as {
  default: string;
};
const WITHIN_MS = 30_000;

/** What settings must say for the Worker to start; nothing of it is reached before a request needs it. */
const SETTINGS = {
  DATABASE_URL: "postgres://torium:torium@localhost:1/torium",
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "bench",
  AWS_SECRET_ACCESS_KEY: "bench",
  COGNITO_USER_POOL_ID: "eu-central-1_bench",
  COGNITO_CLIENT_IDS: "bench",
  COGNITO_HOOK_SECRET: "a-hook-secret-for-the-bench",
  CODE_PEPPER: "a-code-pepper-for-the-bench",
  LINK_SECRET: "a-link-secret-for-the-bench",
  SES_FROM: "no-reply@torium.bench",
  PUBLIC_URL: "https://api.torium.bench",
};

/** ms from the launch of workerd until it answers, one after another, in turns. */
export async function startUps(directory: string, script: string, times: number) {
  await copyFile(script, join(directory, "torium.js"));
  await writeFile(join(directory, "empty.js"), `export default { fetch: () => new Response("ok") };\n`);
  const took = { torium: [] as number[], empty: [] as number[] };
  // The first of each fills the system's caches.
  for (let n = 0; n <= times; n++) {
    for (const name of ["empty", "torium"] as const) {
      const ms = await startOnce(directory, name);
      if (n > 0) took[name].push(ms);
    }
  }
  return took;
}

async function startOnce(directory: string, name: string): Promise<number> {
  const port = await freePort();
  const file = join(directory, `${name}.capnp`);
  await writeFile(file, configOf(name, port));
  const started = performance.now();
  const runtime = spawn(WORKERD, ["serve", file], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  runtime.stderr.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  const exit = once(runtime, "exit");
  const end = untilTheEnd(async () => {
    runtime.kill("SIGKILL");
    await exit;
  });
  try {
    while (!(await answers(port))) {
      if (runtime.exitCode !== null) throw new Error(`workerd ended:\n${said}`);
      if (performance.now() - started > WITHIN_MS) throw new Error(`workerd did not start:\n${said}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return performance.now() - started;
  } finally {
    await end();
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const asked = request({ host: "127.0.0.1", port, path: "/health", agent: false }, (answer) => {
      answer.resume().on("end", () => done(answer.statusCode === 200));
    });
    asked.on("error", () => done(false)).end();
  });

function configOf(name: string, port: number): string {
  const { compatibility_date, compatibility_flags } = unstable_readConfig(
    { config: join(ROOT, "wrangler.toml") },
    { hideWarnings: true },
  ) as unknown as { compatibility_date: string; compatibility_flags: string[] };
  const bindings = Object.entries(SETTINGS).map(([key, value]) => `(name = "${key}", text = "${value}")`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const main :Workerd.Worker = (
  modules = [(name = "${name}.js", esModule = embed "${name}.js")],
  compatibilityDate = "${compatibility_date}",
  compatibilityFlags = ${JSON.stringify(compatibility_flags)},
  bindings = [${bindings.join(", ")}]
);
`;
}
