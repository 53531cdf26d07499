import { readSettings } from "../../src/env.ts";
import { DATABASE_URL, ENDPOINT } from "./database.ts";

/** The Worker's settings in the simulated world, with a month's budget for SMS. */
export const settingsWith = (budget_usd: string) =>
  readSettings({
    SMS_MONTHLY_BUDGET_USD: budget_usd,
    DATABASE_URL,
    NEON_FETCH_ENDPOINT: ENDPOINT,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "simulated-key",
    AWS_SECRET_ACCESS_KEY: "simulated-secret",
    COGNITO_USER_POOL_ID: "eu-central-1_simulated",
    COGNITO_CLIENT_IDS: "simulated",
    COGNITO_HOOK_SECRET: "a-hook-secret-for-simulation",
    CODE_PEPPER: "a-code-pepper-for-simulation",
    LINK_SECRET: "a-link-secret-for-simulation",
    SES_FROM: "Torium <reminders@torium.test>",
    SNS_PLATFORM_APPLICATION_ARN_FCM: "arn:aws:sns:eu-central-1:000000000000:app/GCM/torium",
    SNS_PLATFORM_APPLICATION_ARN_APNS: "arn:aws:sns:eu-central-1:000000000000:app/APNS/torium",
    PUBLIC_URL: "https://api.torium.test",
  });
