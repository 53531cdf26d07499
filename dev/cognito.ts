import { once } from "node:events";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type { LogService } from "cognito-local/lib/services/LogService.js";
import { MessageDeliveryService } from "cognito-local/lib/services/messageDelivery/messageDelivery.js";
import { MessagesService } from "cognito-local/lib/services/messages.js";
import { JwtTokenGenerator } from "cognito-local/lib/services/tokenGenerator.js";
import { actionsOf } from "./cognito/actions.ts";
import { clock, openPool, otp } from "./cognito/pool.ts";
import { serveCognito } from "./cognito/server.ts";
import { type Trigger, wireTriggers } from "./cognito/triggers.ts";
import { signatureCheck } from "./inbox/signature.ts";

const { jwk } = createRequire(import.meta.url)("cognito-local/lib/keys/cognitoLocal.public.json") as { jwk: object };

export interface CognitoOptions {
  directory: string;
  port: number;
  region: string;
  /** Takes PreSignUp and PostConfirmation; an exception refuses what the person asked for. */
  trigger: Trigger;
  /** Resolves once the code is on its way; an exception refuses the sign-up. */
  deliverCode: (to: string, code: string) => Promise<void>;
  /** Whose signature administration must carry. */
  accessKeyId: string;
  secretAccessKey: string;
  fresh?: boolean;
}

/**
 * Starts Cognito: the actions and tokens of cognito-local, put together in this process so that codes go where a
 * person reads them, triggers run the function that is deployed, and a crash cannot tear the file of people.
 */
export async function startCognito(options: CognitoOptions) {
  const { directory, port, region, trigger, deliverCode, fresh } = options;
  if (fresh) rmSync(directory, { recursive: true, force: true });
  const context = { logger: silent() };
  const { cognito, user_pool_id, client_id } = await openPool(context, directory, region);
  const triggers = wireTriggers(trigger, region);
  const tokens: { IssuerDomain?: string } = {};
  const services = {
    clock,
    cognito,
    otp,
    triggers,
    tokenGenerator: new JwtTokenGenerator(clock, triggers, tokens),
    messages: new MessagesService(
      triggers,
      new MessageDeliveryService({
        sendEmail: (_context, _user, to, message) => deliverCode(to, message.__code ?? ""),
        sendSms: () => Promise.reject(new Error("The pool sends no SMS")),
      }),
    ),
    config: { UserPoolDefaults: { UsernameAttributes: ["email"] } },
  } as unknown as Parameters<typeof actionsOf>[0];
  const endpoint = () => tokens.IssuerDomain ?? "";
  const jwks = { keys: [jwk] };
  const check = signatureCheck({ region, accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey });
  const server = await serveCognito(port, {
    action: actionsOf(services),
    checkSignature: (request) => check(request, "cognito-idp", Date.now()),
    context,
    jwks,
    user_pool_id,
    endpoint,
  });
  tokens.IssuerDomain = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint: endpoint(),
    user_pool_id,
    client_id,
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The emulator logs whole people, passwords included. */
function silent(): LogService {
  const ignore = () => {};
  const logger: LogService = { child: () => logger, debug: ignore, info: ignore, warn: ignore, error: ignore };
  return logger;
}
