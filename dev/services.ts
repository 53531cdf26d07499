import { join } from "node:path";
import { forwardTrigger } from "../aws/forward-cognito-triggers.mjs";
import type { Stack } from "./client.ts";
import { codesByMail } from "./cognito/mail.ts";
import { startCognito } from "./cognito.ts";
import { DATABASE_COMMAND, startDatabase } from "./database.ts";
import type { Flags } from "./flags.ts";
import { startInbox } from "./inbox/index.ts";
import { LOGOS_COMMAND, putLogos } from "./logos.ts";
import { migrate } from "./migrate.ts";
import { startNeonEndpoint } from "./neon.ts";
import {
  DIRECTORY,
  FEEDBACK_TOPIC_ARN,
  localOperatorToken,
  localSecrets,
  MAIL_FROM,
  REGION,
  ROOT,
  workerVariables,
} from "./settings.ts";
import { readSchedules, startTicking } from "./tick.ts";
import { startWorker, WORKER_COMMAND } from "./worker.ts";

export interface Lifetime {
  report: (line: string) => void;
  /** Remembers a process group, so that a crash of the stack leaves none behind. */
  started: (group: number, command: string) => void;
  /** Puts a part's end on the list; ends the part at once and throws where the stack is already going down. */
  keep: <T extends { stop(): void | Promise<void> }>(part: Promise<T>) => Promise<T>;
  ending: AbortSignal;
}

/** Starts every part, each as soon as those before it answer, and resolves when all answer. */
export async function startServices(flags: Flags, { report, started, keep, ending }: Lifetime): Promise<Stack> {
  const api = `http://127.0.0.1:${flags.port}`;
  const secrets = localSecrets();
  const credentials = { accessKeyId: secrets.AWS_ACCESS_KEY_ID, secretAccessKey: secrets.AWS_SECRET_ACCESS_KEY };

  const database = keep(
    startDatabase({
      directory: join(DIRECTORY, "postgres"),
      port: flags.dbPort,
      report,
      started: (group) => started(group, DATABASE_COMMAND),
    }),
  );
  const migrated = database.then(({ url }) => migrate(url));
  const inboxStart = keep(
    startInbox({
      port: flags.inboxPort,
      region: REGION,
      ...credentials,
      directory: join(DIRECTORY, "inbox"),
      topicArn: FEEDBACK_TOPIC_ARN,
    }),
  );
  const logos = putLogos({ directory: DIRECTORY, started: (group) => started(group, LOGOS_COMMAND) });
  const [postgres, inbox] = await settled([database, inboxStart, migrated, logos] as const);
  const neon = await keep(startNeonEndpoint({ port: 0 }));
  const aws = {
    region: REGION,
    access_key_id: secrets.AWS_ACCESS_KEY_ID,
    secret_access_key: secrets.AWS_SECRET_ACCESS_KEY,
  };
  const { endpoint, user_pool_id, client_id } = await keep(
    startCognito({
      directory: join(DIRECTORY, "cognito"),
      port: flags.cognitoPort,
      region: REGION,
      ...credentials,
      trigger: (event) => forwardTrigger(event, { TORIUM_URL: api, COGNITO_HOOK_SECRET: secrets.COGNITO_HOOK_SECRET }),
      deliverCode: codesByMail({ url: inbox.url, ...aws, from: MAIL_FROM }),
    }),
  );
  const cognito = { endpoint, user_pool_id, client_id };
  const operator = { url: `${api}/console`, token: localOperatorToken(secrets) };
  await keep(
    startWorker({
      port: flags.port,
      directory: DIRECTORY,
      variables: {
        ...workerVariables({ api, inbox: inbox.url, neon: neon.url, cognito }),
        OPERATOR_TOKEN: operator.token,
      },
      secrets: { ...secrets, DATABASE_URL: postgres.url },
      report,
      started: (group) => started(group, WORKER_COMMAND),
      ending,
    }),
  );
  await inbox.subscribe(`${api}/hooks/sns`);
  if (flags.tick) await keep(Promise.resolve(startTicking(api, readSchedules(join(ROOT, "wrangler.toml")), report)));
  return { api, inbox: inbox.url, cognito, aws, database_url: postgres.url, console: operator, pid: process.pid };
}

/** Like Promise.all, but a failure is told only when none of the others is still on its way. */
async function settled<T extends readonly unknown[]>(parts: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(parts);
  return Promise.all(parts);
}
