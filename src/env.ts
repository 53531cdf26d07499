/**
 * The Worker's settings, parsed once at the start. Names are those of the AWS SDKs and of Cloudflare where they have one.
 * An empty value counts as absent, so that wrangler.toml can list every name.
 */
import * as z from "zod";
import { timeZoneNamed } from "./domain/time.ts";

const text = z.string().min(1);
const list = text.transform((value) =>
  value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== ""),
);
/** Newest first, while a secret is rotated; short ones are refused, since they would be guessed. */
const rotatable = list.pipe(z.array(z.string().min(16, "each value needs at least 16 characters")).min(1).max(2));
const url = z.url({ protocol: /^https?$/ }).transform((value) => value.replace(/\/$/, ""));
/** Stand-ins of the local stack and of tests: a deployed Worker must believe nobody but the real ones. */
const local = url.refine(
  (value) => /^(localhost|127\.0\.0\.1|\[::1\])$/.test(new URL(value).hostname),
  "is for the local stack alone, on this machine",
);
const count = (fallback: number) => z.coerce.number().int().min(1).default(fallback);

const shape = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: "is not a postgres:// connection string" }),
  AWS_ACCESS_KEY_ID: text,
  AWS_SECRET_ACCESS_KEY: text,
  COGNITO_HOOK_SECRET: rotatable,
  CODE_PEPPER: rotatable,
  LINK_SECRET: rotatable,
  DISCORD_WEBHOOK_URL: url.optional(),
  HEARTBEAT_URL: url.optional(),
  OPERATOR_TOKEN: z.string().min(16).optional(),

  AWS_REGION: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "is not an AWS region"),
  COGNITO_USER_POOL_ID: text,
  COGNITO_CLIENT_IDS: list.pipe(z.array(text).min(1)),
  COGNITO_ISSUER: url.optional(),
  COGNITO_JWKS_URL: url.optional(),
  SES_FROM: text.regex(
    /^(?:[^<>]*<)?[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+>?$/,
    "is not an address, nor a name with one in <>",
  ),
  SES_CONFIGURATION_SET: text.optional(),
  SNS_PLATFORM_APPLICATION_ARN_FCM: z.string().startsWith("arn:").optional(),
  SNS_PLATFORM_APPLICATION_ARN_APNS: z.string().startsWith("arn:").optional(),
  SNS_FEEDBACK_TOPIC_ARNS: list.pipe(z.array(z.string().startsWith("arn:"))).optional(),
  SMS_COUNTRIES: list
    .default(["PL"])
    .pipe(z.array(z.string().regex(/^[A-Z]{2}$/, "is not a list of country codes")).min(1)),
  SMS_SENDER_ID: z
    .string()
    .regex(/^[A-Za-z0-9]{1,11}$/)
    .optional(),
  /** Price of one segment in USD by country, `PL=0.0393,DE=0.1`. */
  SMS_PRICES_USD: list
    .default(["PL=0.03930"])
    .pipe(z.array(z.string().regex(/^[A-Z]{2}=\d+(\.\d{1,5})?$/, "is not a list like PL=0.0393,DE=0.1")))
    .transform((pairs) => Object.fromEntries(pairs.map((pair) => pair.split("=") as [string, string]))),
  SMS_MONTHLY_BUDGET_USD: z
    .string()
    .regex(/^\d+(\.\d{1,5})?$/, "is not an amount in USD")
    .default("50"),
  ACCESS_TEAM_DOMAIN: z
    .string()
    .toLowerCase()
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, "is not a host name like team.cloudflareaccess.com")
    .optional(),
  ACCESS_AUD: text.optional(),
  PUBLIC_URL: url,
  DEFAULT_TIME_ZONE: z
    .string()
    .default("Europe/Warsaw")
    .refine((name) => timeZoneNamed(name) !== null, "is not an IANA time zone")
    .transform((name) => timeZoneNamed(name) ?? name),
  DEFAULT_LOCALE: z.enum(["en", "pl"]).default("en"),
  CORS_ORIGINS: list.default(["*"]).pipe(
    z.array(
      z
        .string()
        .toLowerCase()
        .regex(/^(\*|[a-z][a-z0-9+.-]*:\/\/[^/\s]+)$/, "is not * or a list of origins like https://app.example"),
    ),
  ),
  AWS_ENDPOINT_URL_SNS: local.optional(),
  AWS_ENDPOINT_URL_SESV2: local.optional(),
  AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: local.optional(),
  NEON_FETCH_ENDPOINT: local.optional(),

  LIMIT_COMMENTS_A_MINUTE: count(30),
  LIMIT_INVITATIONS_A_DAY: count(200),
  /** Unknown addresses that one person may invite within 24 hours (the letter goes to people who never asked for it). */
  LIMIT_UNKNOWN_INVITATIONS_A_DAY: count(20),
  LIMIT_EXPORTS_A_DAY: count(5),
  LIMIT_PHONE_CODES_A_DAY: count(5),
  LIMIT_PHONE_CODES_A_DAY_PER_NUMBER: count(3),
});

export type Settings = ReturnType<typeof readSettings>;

/** Every fault at once, by the name of its setting; never with a value, since the log keeps it. */
export class SettingsError extends Error {
  override name = "SettingsError";
}

export function readSettings(env: object) {
  const present = Object.fromEntries(
    Object.entries(env).filter(([, value]) => typeof value === "string" && value !== ""),
  );
  const parsed = shape.safeParse(present);
  const faults = (parsed.error?.issues ?? []).map((issue) => {
    const name = String(issue.path[0]);
    return `  ${name}: ${name in present ? issue.message : "is missing"}`;
  });
  const countries = shape.shape.SMS_COUNTRIES.safeParse(present.SMS_COUNTRIES).data ?? [];
  const prices = shape.shape.SMS_PRICES_USD.safeParse(present.SMS_PRICES_USD).data;
  for (const country of countries) {
    if (prices && !(country in prices)) faults.push(`  SMS_PRICES_USD: has no price for ${country}`);
  }
  const access = ["ACCESS_TEAM_DOMAIN", "ACCESS_AUD"];
  for (const name of access) {
    if (!(name in present) && access.some((other) => other in present))
      faults.push(`  ${name}: is missing beside ${access.find((other) => other !== name)}`);
  }
  if (!parsed.success || faults.length > 0) {
    throw new SettingsError(`Settings are missing or malformed:\n${[...new Set(faults)].join("\n")}`);
  }
  const settings = parsed.data;
  const issuer =
    settings.COGNITO_ISSUER ??
    `https://cognito-idp.${settings.AWS_REGION}.amazonaws.com/${settings.COGNITO_USER_POOL_ID}`;
  return {
    ...settings,
    COGNITO_ISSUER: issuer,
    COGNITO_JWKS_URL: settings.COGNITO_JWKS_URL ?? `${issuer}/.well-known/jwks.json`,
  };
}
