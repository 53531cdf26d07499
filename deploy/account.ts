/** What the Cloudflare account holds of what wrangler.toml names. */
import type { Configuration } from "./configuration.ts";
import type { Wrangler } from "./wrangler.ts";

export type Account = { queues: string[]; buckets: string[]; secrets: string[] };

const NOT_YET = /not found|does not exist|\[code: (10006|10007|11000)\]/i;

/** Throws where wrangler cannot ask: nobody signed in, no network. A Worker that is not there yet has no secrets. */
export async function readAccount(wrangler: Wrangler, { queues, buckets }: Configuration): Promise<Account> {
  const who = await wrangler(["whoami"]);
  if (who.code !== 0 || /not authenticated/i.test(who.out)) {
    throw new Error("wrangler is signed in nowhere: run npx wrangler login, or set CLOUDFLARE_API_TOKEN");
  }
  const there = async (names: string[], command: string[]) => {
    const found: string[] = [];
    for (const name of names) {
      const { code, out } = await wrangler([...command, name]);
      if (code === 0) found.push(name);
      else if (!NOT_YET.test(out)) throw new Error(`wrangler ${command.join(" ")} ${name}: ${out}`);
    }
    return found;
  };
  return {
    queues: await there(queues, ["queues", "info"]),
    buckets: await there(buckets, ["r2", "bucket", "info"]),
    secrets: await secretsOf(wrangler),
  };
}

async function secretsOf(wrangler: Wrangler): Promise<string[]> {
  const { code, out } = await wrangler(["secret", "list", "--format", "json"]);
  if (code !== 0) {
    if (NOT_YET.test(out)) return [];
    throw new Error(`wrangler secret list: ${out}`);
  }
  const list = JSON.parse(out.slice(out.indexOf("["), out.lastIndexOf("]") + 1)) as { name: string }[];
  return list.map(({ name }) => name);
}

/** The commands that make what is missing, in order. */
export const missingIn = (account: Account, { queues, buckets }: Configuration): string[][] => [
  ...queues.filter((name) => !account.queues.includes(name)).map((name) => ["queues", "create", name]),
  ...buckets.filter((name) => !account.buckets.includes(name)).map((name) => ["r2", "bucket", "create", name]),
];
