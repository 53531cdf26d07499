/** What wrangler.toml says that a deployment must know. */
import { join } from "node:path";
import { unstable_readConfig as readConfig } from "wrangler";
import { ROOT } from "../dev/settings.ts";

export type Configuration = {
  variables: Record<string, string>;
  requiredSecrets: string[];
  queues: string[];
  buckets: string[];
};

type Written = {
  vars: Record<string, unknown>;
  secrets?: { required?: string[] };
  queues: { producers?: { queue: string }[]; consumers?: { queue: string; dead_letter_queue?: string }[] };
  r2_buckets: { bucket_name?: unknown }[];
};

export function readConfiguration(): Configuration {
  // wrangler's own types lean on those of the Workers' runtime, which are not for Node.
  const { vars, secrets, queues, r2_buckets }: Written = readConfig({ config: join(ROOT, "wrangler.toml") });
  const named = [
    ...(queues.producers ?? []).map(({ queue }) => queue),
    ...(queues.consumers ?? []).flatMap(({ queue, dead_letter_queue }) => [queue, dead_letter_queue ?? queue]),
  ];
  return {
    variables: Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, String(value)])),
    requiredSecrets: secrets?.required ?? [],
    queues: [...new Set(named)],
    buckets: r2_buckets.flatMap(({ bucket_name }) => (typeof bucket_name === "string" ? [bucket_name] : [])),
  };
}
