import { createHmac, randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "..");
/** Where the stack keeps what it must know at its next start. Tests have a place of their own. */
export const DIRECTORY = resolve(process.env.TORIUM_DEV_DIRECTORY ?? join(ROOT, ".dev"));

export const REGION = "eu-central-1";
export const FEEDBACK_TOPIC_ARN = `arn:aws:sns:${REGION}:000000000000:torium-feedback`;
export const MAIL_FROM = "Torium <no-reply@torium.local>";

export interface Secrets {
  AWS_ACCESS_KEY_ID: string;
  AWS_SECRET_ACCESS_KEY: string;
  COGNITO_HOOK_SECRET: string;
  CODE_PEPPER: string;
  LINK_SECRET: string;
}

/** Drawn at the first start and kept, since hashes in the database and links in mail depend on them. */
export function localSecrets(): Secrets {
  const file = join(DIRECTORY, "secrets.json");
  const draw = () => randomBytes(24).toString("hex");
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as Secrets;
  const secrets = {
    AWS_ACCESS_KEY_ID: `LOCAL${randomBytes(8).toString("hex").toUpperCase()}`,
    AWS_SECRET_ACCESS_KEY: draw(),
    COGNITO_HOOK_SECRET: draw(),
    CODE_PEPPER: draw(),
    LINK_SECRET: draw(),
  };
  writeFileSync(file, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  return secrets;
}

/**
 * Opens the local console: the same at each start, and another in each folder. A variable to `wrangler dev`, which hands the Worker no secret beyond those that
 * wrangler.toml requires.
 */
export const localOperatorToken = ({ LINK_SECRET }: Secrets): string =>
  createHmac("sha256", LINK_SECRET).update("local operator").digest("hex").slice(0, 32);

export interface Places {
  api: string;
  inbox: string;
  neon: string;
  cognito: { endpoint: string; user_pool_id: string; client_id: string };
}

/** The Worker's variables; CONTRACT section 7 names them. The secrets go another way. */
export function workerVariables({ api, inbox, neon, cognito }: Places): Record<string, string> {
  const issuer = `${cognito.endpoint}/${cognito.user_pool_id}`;
  return {
    AWS_REGION: REGION,
    COGNITO_USER_POOL_ID: cognito.user_pool_id,
    COGNITO_CLIENT_IDS: cognito.client_id,
    COGNITO_ISSUER: issuer,
    COGNITO_JWKS_URL: `${issuer}/.well-known/jwks.json`,
    SES_FROM: MAIL_FROM,
    SES_CONFIGURATION_SET: "torium",
    SNS_PLATFORM_APPLICATION_ARN_FCM: `arn:aws:sns:${REGION}:000000000000:app/GCM/torium`,
    SNS_PLATFORM_APPLICATION_ARN_APNS: `arn:aws:sns:${REGION}:000000000000:app/APNS/torium`,
    SNS_FEEDBACK_TOPIC_ARNS: FEEDBACK_TOPIC_ARN,
    PUBLIC_URL: api,
    DISCORD_WEBHOOK_URL: `${inbox}/alerts/webhook`,
    AWS_ENDPOINT_URL_SNS: inbox,
    AWS_ENDPOINT_URL_SESV2: inbox,
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: cognito.endpoint,
    NEON_FETCH_ENDPOINT: neon,
  };
}
