import { expect, test } from "vitest";
import { snsClient } from "../../src/clients/sns.ts";
import { settings } from "../support/index.ts";

const refusing = (code: string, message: string) => ({
  call: async () => ({
    ok: false,
    status: 400,
    headers: new Headers(),
    text: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
  }),
});
const push = { title: "t", body: "b", data: {}, collapse_id: "c", ttl_seconds: 60 };

test.each([
  [
    "InvalidParameter",
    "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified",
    "NotFound",
  ],
  ["InvalidParameter", "Invalid parameter: Message Reason: too long", "InvalidParameter"],
  ["EndpointDisabled", "Endpoint is disabled", "EndpointDisabled"],
])("a push refused with %s (%s) is told as %s", async (code, message, error) => {
  const sns = snsClient(settings, refusing(code, message));
  expect(await sns.publishPush("arn:aws:sns:eu-central-1:000000000000:endpoint/GCM/torium/x", push)).toEqual({
    outcome: "refused",
    error,
  });
});

test.each(["NotFound", "InvalidParameter"])("an endpoint that SNS calls %s is forgotten", async (code) => {
  await expect(snsClient(settings, refusing(code, "")).deleteEndpoint("arn")).resolves.toBeUndefined();
});

test.each(["Throttling", "AuthorizationError", "InternalError"])(
  "an endpoint is tried again after %s",
  async (code) => {
    await expect(snsClient(settings, refusing(code, "")).deleteEndpoint("arn")).rejects.toMatchObject({
      code: "unavailable",
    });
  },
);
