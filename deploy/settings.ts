/** The settings of a deployment: where they come from, and what is wrong with them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { connection } from "../dev/migrate.ts";
import { readSettings, SettingsError } from "../src/env.ts";
import type { Configuration } from "./configuration.ts";
import { readOutputs } from "./outputs.ts";

type Values = Record<string, string>;

/** One value for every setting, each well formed and none of them real. */
export const EXAMPLE = join(import.meta.dirname, "settings.example.env");

const LOCAL_ONLY = /^(AWS_ENDPOINT_URL(_.+)?|NEON_FETCH_ENDPOINT)$/;
const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\]|0\.0\.0\.0)$/;
/** A migration needs it, and nobody can read it back from the account. */
const NEVER_KEPT = "DATABASE_URL";

export const readSettingsFile = (file: string): Values => filled(parseEnv(readFileSync(file, "utf8")));

const filled = (values: NodeJS.Dict<string>): Values =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1])));

/** The settings that a deployment is given; of the environment only what is a setting of ours. The file wins over the stack's outputs. */
export function givenSettings(
  { variables }: Configuration,
  from: { environment?: NodeJS.ProcessEnv | undefined; file?: string | undefined; outputs?: string | undefined },
): Values {
  const outputs = from.outputs ? filled(readOutputs(from.outputs)) : {};
  if (!from.environment) return { ...outputs, ...(from.file ? readSettingsFile(from.file) : {}) };
  const names = new Set([...Object.keys(variables), ...Object.keys(readSettingsFile(EXAMPLE))]);
  const ours = Object.entries(filled(from.environment)).filter(([name]) => names.has(name) || LOCAL_ONLY.test(name));
  return { ...outputs, ...Object.fromEntries(ours) };
}

export type Checked = {
  /** In place of wrangler.toml's. */
  variables: Values;
  secrets: Values;
  /** One a line, by name, never with a value. */
  faults: string[];
};

/** `kept`: secrets that the account holds already. `example`: whether values of the example are taken for real. */
export function checkSettings(
  configuration: Configuration,
  given: Values,
  { kept, example }: { kept: string[]; example: boolean },
): Checked {
  const examples = readSettingsFile(EXAMPLE);
  const standIns = kept.filter((name) => name !== NEVER_KEPT && !(name in given) && name in examples);
  const whole = {
    ...configuration.variables,
    ...Object.fromEntries(standIns.map((name) => [name, examples[name]!])),
    ...given,
  };
  const copied = Object.keys(given).filter((name) => given[name] === examples[name] && /example/i.test(given[name]!));
  const faults = [
    ...faultsOf(whole),
    ...Object.keys(given).flatMap((name) => (LOCAL_ONLY.test(name) ? [`${name}: is for the local stack alone`] : [])),
    ...Object.keys(given).flatMap((name) => (isSetting(name) ? [] : [`${name}: no setting has this name`])),
    ...(example ? [] : copied.map((name) => `${name}: still is the example's`)),
    ...deployedFaults(whole),
  ];
  const isVariable = (name: string) => name in configuration.variables || /^ACCESS_/.test(name);
  const entries = Object.entries(given);
  return {
    variables: Object.fromEntries(entries.filter(([name]) => isVariable(name))),
    secrets: Object.fromEntries(entries.filter(([name]) => !isVariable(name))),
    faults: [...new Set(faults)].sort(),
  };
}

/** By src/env.ts, as the Worker itself will judge at its start. */
function faultsOf(values: Values): string[] {
  try {
    readSettings(values);
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.message
      .split("\n")
      .slice(1)
      .map((line) => line.trim());
  }
}

/** A name that src/env.ts neither keeps nor finds fault with is none of its. */
function isSetting(name: string): boolean {
  if (name in readSettings(readSettingsFile(EXAMPLE))) return true;
  const probe = { ...readSettingsFile(EXAMPLE), [name]: "http://localhost" };
  const faults = faultsOf(probe);
  return faults.some((fault) => fault.startsWith(`${name}:`)) || (faults.length === 0 && name in readSettings(probe));
}

/** What the schema allows for the local stack's sake, or cannot see in one setting alone. */
function deployedFaults(values: Values): string[] {
  const faults = databaseFaults(values.DATABASE_URL);
  for (const name of ["PUBLIC_URL", "COGNITO_ISSUER", "COGNITO_JWKS_URL", NEVER_KEPT]) {
    const url = URL.parse(values[name] ?? "");
    if (!url) continue;
    if (LOOPBACK.test(url.hostname)) faults.push(`${name}: is on this machine`);
    else if (url.protocol === "http:") faults.push(`${name}: must be https`);
  }
  const region = values.AWS_REGION;
  if (values.COGNITO_USER_POOL_ID && region && !values.COGNITO_USER_POOL_ID.startsWith(`${region}_`)) {
    faults.push("COGNITO_USER_POOL_ID: is of another region than AWS_REGION");
  }
  for (const [name, value] of Object.entries(values).filter(([name]) => /_ARNS?(_|$)/.test(name))) {
    const regions = value.split(",").map((arn) => arn.trim().split(":")[3]);
    if (region && regions.some((one) => one && one !== region)) {
      faults.push(`${name}: is of another region than AWS_REGION`);
    }
  }
  return faults;
}

/** The parts that migrations connect by. What is no such URL at all, src/env.ts names. */
function databaseFaults(databaseUrl = ""): string[] {
  if (!/^postgres(ql)?:/.test(databaseUrl) || !URL.canParse(databaseUrl)) return [];
  try {
    connection(databaseUrl);
    return [];
  } catch (error) {
    const encoding = error instanceof URIError;
    return [encoding ? "DATABASE_URL: has a % that encodes nothing" : (error as Error).message.replace(" ", ": ")];
  }
}
