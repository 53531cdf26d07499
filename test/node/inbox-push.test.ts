import { createHash, randomUUID } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import { startInbox } from "../../dev/inbox/index.ts";
import { messages, newDirectory, newToken, url } from "./inbox-room.ts";
import { APNS, credentials, fcm, GCM, REGION, registerDevice, sendPush, sns } from "./signed-calls.ts";

describe("devices", () => {
  const userData = (value: string) => ({ CustomUserData: value });

  it("gives the same token with the same attributes the same endpoint", async () => {
    const token = newToken();
    const arn = await registerDevice(url, token, GCM, userData("ann"));
    expect(arn).toMatch(/^arn:aws:sns:eu-central-1:000000000000:endpoint\/GCM\/torium\/[0-9a-f-]{36}$/);
    expect(await registerDevice(url, token, GCM, userData("ann"))).toBe(arn);
    expect(await registerDevice(url, newToken(), GCM, userData("ann"))).not.toBe(arn);
  });

  it("refuses a known token with other user data, and names its endpoint", async () => {
    const token = newToken();
    const arn = await registerDevice(url, token, GCM, userData("ann"));
    const again = { PlatformApplicationArn: GCM, Token: token, CustomUserData: "bob" };
    expect(await sns(url, "CreatePlatformEndpoint", again)).toMatchObject({
      status: 400,
      code: "InvalidParameter",
      message: `Invalid parameter: Token Reason: Endpoint ${arn} already exists with the same Token, but different attributes.`,
    });
  });

  it("does not enable a disabled endpoint by creating it again", async () => {
    const token = newToken();
    const arn = await registerDevice(url, token);
    await set(arn, { Enabled: "false" });
    expect(await registerDevice(url, token)).toBe(arn);
    expect(await sendPush(url, arn, "t", "b")).toMatchObject({ status: 400, code: "EndpointDisabled" });
    await set(arn, { Enabled: "true" });
    expect((await sendPush(url, arn, "t", "b")).status).toBe(200);
  });

  const set = (EndpointArn: string, attributes: Record<string, string>) => {
    const entries = Object.entries(attributes).flatMap(([key, value], index) => [
      [`Attributes.entry.${index + 1}.key`, key],
      [`Attributes.entry.${index + 1}.value`, value],
    ]);
    return sns(url, "SetEndpointAttributes", { EndpointArn, ...Object.fromEntries(entries) });
  };

  it("creates an endpoint disabled where that is asked, and counts it among its attributes", async () => {
    const token = newToken();
    const disabled = { "Attributes.entry.1.key": "Enabled", "Attributes.entry.1.value": "false" };
    const arn = await registerDevice(url, token, GCM, disabled);
    expect(await sendPush(url, arn, "t", "b")).toMatchObject({ code: "EndpointDisabled" });
    expect(await registerDevice(url, token, GCM, disabled)).toBe(arn);
    const enabled = { ...disabled, "Attributes.entry.1.value": "true" };
    expect(await registerDevice(url, token, GCM, enabled)).toContain(`Endpoint ${arn} already exists`);
  });

  it("tells and changes an endpoint's attributes", async () => {
    const token = newToken();
    const arn = await registerDevice(url, token);
    const moved = newToken();
    expect((await set(arn, { Token: moved, CustomUserData: "<ann>" })).status).toBe(200);
    const { text } = await sns(url, "GetEndpointAttributes", { EndpointArn: arn });
    expect(text).toContain("<entry><key>Enabled</key><value>true</value></entry>");
    expect(text).toContain(`<entry><key>Token</key><value>${moved}</value></entry>`);
    expect(text).toContain("<entry><key>CustomUserData</key><value>&lt;ann&gt;</value></entry>");
    expect(await set(await registerDevice(url, newToken()), { Token: moved })).toMatchObject({
      code: "InvalidParameter",
    });
    expect(await set(arn, { Enabled: "perhaps" })).toMatchObject({ code: "InvalidParameter" });
    expect(await set(arn, { Colour: "red" })).toMatchObject({ code: "InvalidParameter" });
    expect(await registerDevice(url, token)).not.toBe(arn);
  });

  it("forgets a deleted endpoint, and deletes an unknown one without a word", async () => {
    const arn = await registerDevice(url, newToken());
    expect((await sns(url, "DeleteEndpoint", { EndpointArn: arn })).status).toBe(200);
    expect((await sns(url, "DeleteEndpoint", { EndpointArn: arn })).status).toBe(200);
    expect(await sns(url, "GetEndpointAttributes", { EndpointArn: arn })).toMatchObject({
      status: 404,
      code: "NotFound",
    });
    expect(await set(arn, { Enabled: "true" })).toMatchObject({ status: 404, code: "NotFound" });
    expect(await sendPush(url, arn, "t", "b")).toMatchObject({ status: 404, code: "NotFound" });
  });

  it("refuses an unknown platform application and a token that APNs would not know", async () => {
    const create = (application: string, token: string) =>
      sns(url, "CreatePlatformEndpoint", { PlatformApplicationArn: application, Token: token });
    expect(await create(GCM.replace(REGION, "us-east-1"), newToken())).toMatchObject({ code: "InvalidParameter" });
    expect(await create("arn:aws:sns:app/PIGEON/torium", newToken())).toMatchObject({ code: "InvalidParameter" });
    expect(await create(APNS, "not hexadecimal")).toMatchObject({ code: "InvalidParameter" });
    expect(await create(GCM, "")).toMatchObject({ code: "InvalidParameter" });
    const known = [`${GCM}-other`];
    const other = await startInbox({
      port: 0,
      ...credentials,
      directory: newDirectory(),
      platformApplicationArns: known,
    });
    onTestFinished(() => other.stop());
    expect(await sns(other.url, "CreatePlatformEndpoint", { PlatformApplicationArn: GCM, Token: "t" })).toMatchObject({
      status: 404,
      code: "NotFound",
    });
  });
});

describe("push", () => {
  it("shows an FCM message under its device token", async () => {
    const token = newToken();
    const arn = await registerDevice(url, token);
    const sent = await sns(url, "Publish", {
      TargetArn: arn,
      MessageStructure: "json",
      Message: fcm({ notification: { title: "Dinner", body: "19:00" }, data: { event_id: "7", forward_link: "None" } }),
      "MessageAttributes.entry.1.Name": "AWS.SNS.MOBILE.FCM.TTL",
      "MessageAttributes.entry.1.Value.DataType": "String",
      "MessageAttributes.entry.1.Value.StringValue": "3600",
    });
    expect(await messages(token, "push")).toMatchObject([
      {
        id: sent.element("MessageId"),
        channel: "push",
        to: token,
        title: "Dinner",
        text: "19:00",
        data: { event_id: "7", forward_link: "None" },
        headers: { "AWS.SNS.MOBILE.FCM.TTL": "3600" },
      },
    ]);
  });

  it("shows an APNs message with what stands beside aps", async () => {
    const token = createHash("sha256").update(randomUUID()).digest("hex");
    const arn = await registerDevice(url, token, APNS);
    const APNS_TEXT = JSON.stringify({ aps: { alert: { title: "Dinner", body: "19:00" } }, event_id: "7" });
    const Message = JSON.stringify({ default: "x", APNS: APNS_TEXT });
    expect((await sns(url, "Publish", { TargetArn: arn, MessageStructure: "json", Message })).status).toBe(200);
    expect(await messages(token)).toMatchObject([{ title: "Dinner", text: "19:00", data: { event_id: "7" } }]);
  });

  const gcm = (GCM_: unknown) => JSON.stringify({ default: "x", GCM: GCM_ });
  it.each([
    ["an object instead of a string", gcm({ fcmV1Message: { message: {} } })],
    ["a string that holds no JSON", gcm("hello")],
    ["the retired format", gcm(JSON.stringify({ notification: { title: "t" } }))],
    ["a number in data", fcm({ data: { event_id: 7 } })],
    ["a title that is no string", fcm({ notification: { title: 1 } })],
    ["a token of its own", fcm({ token: "t", notification: { title: "t" } })],
    ["over 4 KB", fcm({ notification: { title: "t", body: "x".repeat(4096) } })],
    ["neither platform nor default", JSON.stringify({ APNS: "{}" })],
    ["no JSON at all", "hello"],
  ])("refuses %s", async (_, Message) => {
    const arn = await registerDevice(url, newToken());
    const answer = await sns(url, "Publish", { TargetArn: arn, MessageStructure: "json", Message });
    expect(answer).toMatchObject({ status: 400, code: "InvalidParameter" });
  });

  it("refuses an APNs message without an alert", async () => {
    const arn = await registerDevice(url, createHash("sha256").update(randomUUID()).digest("hex"), APNS);
    const Message = JSON.stringify({ APNS: JSON.stringify({ aps: { badge: 1 } }) });
    const answer = await sns(url, "Publish", { TargetArn: arn, MessageStructure: "json", Message });
    expect(answer).toMatchObject({ status: 400, code: "InvalidParameter" });
  });

  it("refuses a TTL that is no number of seconds", async () => {
    const answer = await sns(url, "Publish", {
      TargetArn: await registerDevice(url, newToken()),
      Message: "x",
      "MessageAttributes.entry.1.Name": "AWS.SNS.MOBILE.FCM.TTL",
      "MessageAttributes.entry.1.Value.DataType": "String",
      "MessageAttributes.entry.1.Value.StringValue": "soon",
    });
    expect(answer).toMatchObject({ status: 400, code: "InvalidParameter" });
  });
});
