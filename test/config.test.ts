import { expect, test } from "vitest";
import { JOBS } from "../src/cron/index.ts";
import { readSettings, SettingsError } from "../src/env.ts";
import { Message } from "../src/queues/messages.ts";
import config from "../wrangler.toml?raw";

const all = (pattern: RegExp): string[] => [...config.matchAll(pattern)].map((match) => match[1]!);
const types = Message.options.map((option) => option.shape.type.value).sort();

test("every message type has its queue, with a producer named after it and a consumer that writes out every setting", () => {
  const producers = [...config.matchAll(/\[\[queues\.producers\]\]\nqueue = "(.+)"\nbinding = "(.+)"/g)];
  expect(producers.map(([, queue]) => queue).sort()).toEqual(types);
  for (const [, queue, binding] of producers) expect(binding).toBe(queue!.toUpperCase().replaceAll("-", "_"));
  expect(all(/\[\[queues\.consumers\]\]\nqueue = "(.+)"/g).sort()).toEqual([...types, "dead-letters"].sort());
  for (const block of config.split("[[queues.consumers]]").slice(1)) {
    for (const setting of ["max_batch_size", "max_batch_timeout", "max_retries", "retry_delay"])
      expect(block).toContain(`${setting} = `);
    if (!block.includes('"dead-letters"\n')) expect(block).toContain('dead_letter_queue = "dead-letters"');
  }
});

test("every schedule of the configuration has its job, and every job its schedule", () => {
  const crons = /crons = \[(.*)\]/
    .exec(config)![1]!
    .split(/,\s*/)
    .map((cron) => cron.replaceAll('"', ""));
  expect(crons.sort()).toEqual(Object.keys(JOBS).sort());
});

test("the configuration's first line counts what follows", () => {
  const inWords = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
  const counted = (count: number, what: string) => `${inWords[count]} ${what}${count === 1 ? "" : "s"}`;
  const parts = [
    counted(all(/\[\[queues\.consumers\]\]\nqueue = "(.+)"/g).length, "queue"),
    counted(Object.keys(JOBS).length, "schedule"),
    counted(all(/\[\[r2_buckets\]\]\nbinding = "(.+)"/g).length, "bucket"),
  ];
  expect(config.split("\n")[0]).toContain(`one Worker, ${parts.join(", ")}.`);
});

test("what the Worker writes is kept, and what the platform would add of each request, its address among it, is not", () => {
  const [, observability] = /\n\[observability\]\n(.*?)\n\n/s.exec(config)!;
  expect(observability).toBe("enabled = true");
  const [, logs] = /\n\[observability\.logs\]\n(.*?)\n\n/s.exec(config)!;
  expect(logs).toBe("enabled = true\ninvocation_logs = false");
});

const good = {
  DATABASE_URL: "postgres://torium:x@localhost/torium",
  AWS_ACCESS_KEY_ID: "key",
  AWS_SECRET_ACCESS_KEY: "secret",
  COGNITO_HOOK_SECRET: "0123456789abcdef,fedcba9876543210",
  CODE_PEPPER: "0123456789abcdef",
  LINK_SECRET: "0123456789abcdef",
  AWS_REGION: "eu-central-1",
  COGNITO_USER_POOL_ID: "eu-central-1_abc",
  COGNITO_CLIENT_IDS: "one, two",
  SES_FROM: "Torium <a@torium.test>",
  PUBLIC_URL: "https://api.torium.test/",
};

test("settings are read with their defaults, and the issuer follows from the pool", () => {
  expect(readSettings(good)).toMatchObject({
    COGNITO_CLIENT_IDS: ["one", "two"],
    COGNITO_ISSUER: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc",
    COGNITO_JWKS_URL: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc/.well-known/jwks.json",
    COGNITO_HOOK_SECRET: ["0123456789abcdef", "fedcba9876543210"],
    PUBLIC_URL: "https://api.torium.test",
    DEFAULT_TIME_ZONE: "Europe/Warsaw",
    DEFAULT_LOCALE: "en",
    SMS_COUNTRIES: ["PL"],
  });
});

test("wrangler.toml writes out every limit, with its default", () => {
  const written = Object.fromEntries(
    [...config.matchAll(/^(LIMIT_\w+) = "(\d+)"$/gm)].map(([, name, value]) => [name, Number(value)]),
  );
  const limits = Object.entries(readSettings(good)).filter(([name]) => name.startsWith("LIMIT_"));
  expect(written).toEqual(Object.fromEntries(limits));
});

test("missing and malformed settings are all named at once, and no value is shown", () => {
  const bad = {
    ...good,
    DATABASE_URL: "mysql://user:hunter2@host",
    LINK_SECRET: "short-hunter2",
    AWS_REGION: "",
    DEFAULT_TIME_ZONE: "Mars/Olympus",
    SMS_PRICES_USD: "cheap",
  };
  expect(() => readSettings(bad)).toThrow(SettingsError);
  try {
    readSettings(bad);
  } catch (error) {
    const { message } = error as Error;
    for (const name of ["DATABASE_URL", "LINK_SECRET", "AWS_REGION", "DEFAULT_TIME_ZONE", "SMS_PRICES_USD"])
      expect(message).toContain(name);
    expect(message).not.toMatch(/hunter2|Mars|cheap/);
  }
});

test("the default zone is kept as the IANA database spells it", () => {
  expect(readSettings({ ...good, DEFAULT_TIME_ZONE: "europe/kyiv" }).DEFAULT_TIME_ZONE).toBe("Europe/Kyiv");
  for (const zone of ["+02:00", "BST"])
    expect(() => readSettings({ ...good, DEFAULT_TIME_ZONE: zone })).toThrow(/DEFAULT_TIME_ZONE/);
});

test("a country that SMS may go to needs its price", () => {
  expect(() => readSettings({ ...good, SMS_COUNTRIES: "PL,DE" })).toThrow(/SMS_PRICES_USD.*DE/s);
});

test("Cloudflare Access is set up whole or not at all", () => {
  const [ACCESS_TEAM_DOMAIN, ACCESS_AUD] = ["team.cloudflareaccess.com", "tag"];
  expect(readSettings({ ...good, ACCESS_TEAM_DOMAIN, ACCESS_AUD })).toMatchObject({ ACCESS_TEAM_DOMAIN, ACCESS_AUD });
  expect(() => readSettings({ ...good, ACCESS_TEAM_DOMAIN })).toThrow(
    /ACCESS_AUD: is missing beside ACCESS_TEAM_DOMAIN/,
  );
  expect(() => readSettings({ ...good, ACCESS_AUD })).toThrow(/ACCESS_TEAM_DOMAIN: is missing beside ACCESS_AUD/);
  for (const wrong of ["https://team.cloudflareaccess.com", "team", "evil.example/path", "a b.example"])
    expect(() => readSettings({ ...good, ACCESS_AUD, ACCESS_TEAM_DOMAIN: wrong }), wrong).toThrow(
      /ACCESS_TEAM_DOMAIN: is not/,
    );
});

test("stand-ins for AWS and Neon are refused anywhere but on this machine", () => {
  const names = [
    "AWS_ENDPOINT_URL_SNS",
    "AWS_ENDPOINT_URL_SESV2",
    "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER",
    "NEON_FETCH_ENDPOINT",
  ];
  for (const name of names) {
    for (const host of ["evil.test", "127.0.0.1.evil.test", "127.0.0.1@evil.test", "sns.eu-central-1.amazonaws.com"])
      expect(() => readSettings({ ...good, [name]: `http://${host}:8025` }), name).toThrow(
        new RegExp(`${name}: is for`),
      );
    for (const host of ["127.0.0.1", "localhost", "[::1]"])
      expect(readSettings({ ...good, [name]: `http://${host}:8025/` })).toMatchObject({
        [name]: `http://${host}:8025`,
      });
  }
});
