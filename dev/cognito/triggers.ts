import { type FunctionConfig, LambdaService } from "cognito-local/lib/services/lambda.js";
import { PreSignUp } from "cognito-local/lib/services/triggers/preSignUp.js";
import type { Triggers } from "cognito-local/lib/services/triggers/triggers.js";
import { attributesToRecord, attributeValue } from "cognito-local/lib/services/userPoolService.js";
import type { TriggerEvent } from "../../aws/forward-cognito-triggers.mjs";

export type Trigger = (event: TriggerEvent) => Promise<TriggerEvent>;

/** The pool's triggers: the events are the emulator's, the function that takes them is given. */
export function wireTriggers(trigger: Trigger, region: string): Triggers {
  const lambda = new LambdaService({ PreSignUp: "PreSignUp", PostConfirmation: "PostConfirmation" }, {
    invoke: ({ Payload }: { Payload: string }) => ({
      promise: async () => {
        try {
          const event = { ...JSON.parse(Payload), region } as TriggerEvent;
          return { StatusCode: 200, Payload: JSON.stringify(await trigger(event)) };
        } catch (error) {
          const errorMessage = error instanceof Error ? error.message : String(error);
          return { StatusCode: 200, FunctionError: "Unhandled", Payload: JSON.stringify({ errorMessage }) };
        }
      },
    }),
  } as unknown as ConstructorParameters<typeof LambdaService>[1]);
  const wired: (keyof FunctionConfig)[] = ["PreSignUp", "PostConfirmation", "PreTokenGeneration"];
  return {
    enabled: (name) => wired.includes(name),
    preSignUp: PreSignUp({ lambda }),
    // The emulator swallows a failure here; Cognito tells the caller, with the person confirmed all the same.
    postConfirmation: async (context, { source, userAttributes, clientMetadata, ...event }) => {
      await lambda.invoke(context, "PostConfirmation", {
        ...event,
        clientMetadata,
        triggerSource: source,
        userAttributes: attributesToRecord(userAttributes),
      });
    },
    // Not a trigger of ours: it gives ID tokens the claims that Cognito's have and the emulator's lack.
    preTokenGeneration: async (_context, { userAttributes }) => {
      const name = attributeValue("name", userAttributes);
      const email_verified = attributeValue("email_verified", userAttributes) === "true";
      const claims: Record<string, unknown> = { email_verified, ...(name === undefined ? {} : { name }) };
      return { claimsOverrideDetails: { claimsToAddOrOverride: claims as Record<string, string> } };
    },
    customMessage: notWired,
    customEmailSender: notWired,
    postAuthentication: notWired,
    userMigration: notWired,
  };
}

async function notWired(): Promise<never> {
  throw new Error("This trigger is not wired");
}
