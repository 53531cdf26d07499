/**
 * `npm run amplify-config`: the app's Amplify configuration, for lib/amplifyconfiguration.dart or amplifyconfiguration.json of a Flutter app. Of what is
 * deployed, by its settings, or of the local stack that runs.
 */

import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { runningStack } from "../dev/stack-file.ts";
import { runCommand } from "./command.ts";
import { readConfiguration } from "./configuration.ts";
import { givenSettings } from "./settings.ts";

const HELP = `npm run --silent amplify-config [-- flags] > amplifyconfiguration.json

  (none)            of the local stack that runs
  --settings FILE   of what is deployed with these settings
  --outputs FILE    of the stack of aws/torium.yaml: what aws cloudformation describe-stacks printed
  --client ID       of several app clients this one
`;

/** `endpoint` is the address of a pool that is not Amazon's. */
export type Pool = { region: string; user_pool_id: string; client_id: string; endpoint?: string };

/**
 * Amplify Gen 1's form, which the Flutter libraries read. USER_PASSWORD_AUTH on the local stack, whose pool knows no SRP.
 * https://docs.amplify.aws/gen1/flutter/build-a-backend/auth/existing-resources/
 */
export function amplifyConfiguration({ region, user_pool_id, client_id, endpoint }: Pool) {
  const pool = {
    PoolId: user_pool_id,
    AppClientId: client_id,
    Region: region,
    ...(endpoint && { Endpoint: endpoint }),
  };
  return {
    UserAgent: "aws-amplify-cli/2.0",
    Version: "1.0",
    auth: {
      plugins: {
        awsCognitoAuthPlugin: {
          UserAgent: "aws-amplify-cli/0.1.0",
          Version: "0.1.0",
          IdentityManager: { Default: {} },
          CognitoUserPool: { Default: pool },
          Auth: {
            Default: {
              authenticationFlowType: endpoint ? "USER_PASSWORD_AUTH" : "USER_SRP_AUTH",
              usernameAttributes: ["EMAIL"],
              signupAttributes: ["EMAIL"],
              verificationMechanisms: ["EMAIL"],
            },
          },
        },
      },
    },
  };
}

/** Throws, naming what is missing. */
export function deployedPool(given: Record<string, string>, client?: string): Pool {
  const names = ["AWS_REGION", "COGNITO_USER_POOL_ID", "COGNITO_CLIENT_IDS"] as const;
  const missing = names.filter((name) => !given[name]);
  if (missing.length > 0) throw new Error(`${missing.join(", ")} missing`);
  const clients = given.COGNITO_CLIENT_IDS!.split(",").map((id) => id.trim());
  const client_id = client ?? clients[0]!;
  if (!clients.includes(client_id)) throw new Error(`--client ${client_id} is none of COGNITO_CLIENT_IDS`);
  return { region: given.AWS_REGION!, user_pool_id: given.COGNITO_USER_POOL_ID!, client_id };
}

function localPool(): Pool {
  const stack = runningStack();
  if (!stack)
    throw new Error("The local stack does not run: npm run dev starts it, --settings FILE names what is deployed");
  const { user_pool_id, client_id, endpoint } = stack.cognito;
  return { region: stack.aws.region, user_pool_id, client_id, endpoint };
}

function main(): void {
  const { values: flags } = parseArgs({
    options: {
      settings: { type: "string" },
      outputs: { type: "string" },
      client: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (flags.help) {
    console.log(HELP);
    return;
  }
  for (const file of [flags.settings, flags.outputs])
    if (file && !existsSync(file)) throw new Error(`${file} is not there`);
  const configuration = readConfiguration();
  const given = {
    ...configuration.variables,
    ...givenSettings(configuration, { file: flags.settings, outputs: flags.outputs }),
  };
  const deployed = flags.settings !== undefined || flags.outputs !== undefined;
  console.log(
    JSON.stringify(amplifyConfiguration(deployed ? deployedPool(given, flags.client) : localPool()), null, 2),
  );
}

if (import.meta.main) await runCommand(main);
