import { describe, expect, it } from "vitest";
import type { Alert } from "../../dev/inbox/alerts.ts";
import { fault, newToken, url } from "./inbox-room.ts";
import { APNS, GCM, registerDevice, sendPush, ses, sns } from "./signed-calls.ts";

const webhook = () => `${url}/alerts/webhook`;
const say = (method: string, path: string, body: unknown) =>
  fetch(webhook() + path, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
const alerts = async () => (await (await fetch(`${url}/alerts`)).json()) as Alert[];

describe("the webhook of operators", () => {
  it("keeps what it is told, and edits it by its id", async () => {
    const posted = (await (await say("POST", "?wait=true", { content: "the tick is silent" })).json()) as Alert;
    expect(posted.id).toMatch(/^\d{17,20}$/);
    expect(await (await say("PATCH", `/messages/${posted.id}`, { content: "still" })).json()).toMatchObject({
      id: posted.id,
      content: "still",
    });
    expect((await alerts()).filter(({ id }) => id === posted.id)).toMatchObject([{ content: "still" }]);
  });

  it("refuses a message that is empty, too long or unknown, as Discord does", async () => {
    for (const content of ["", " ", "x".repeat(2_001), 7])
      expect((await say("POST", "", { content })).status).toBe(400);
    expect((await say("PATCH", "/messages/1", { content: "x" })).status).toBe(404);
  });
});

describe("how the account stands", () => {
  it("SNS tells who signs whether a platform application is enabled, and until when its certificate holds", async () => {
    const asked = (arn: string) => sns(url, "GetPlatformApplicationAttributes", { PlatformApplicationArn: arn });
    expect((await asked(GCM)).text).toContain("<key>Enabled</key><value>true</value>");
    expect((await asked(GCM)).text).not.toContain("AppleCertificate");
    expect((await asked(APNS)).text).toMatch(/AppleCertificateExpirationDate<\/key><value>\d{4}-\d\d-\d\dT[\d:]{8}Z</);
    expect(await asked("arn:aws:sns:nowhere:1:app/GCM/x")).toMatchObject({ status: 400, code: "InvalidParameter" });
    const unsigned = await fetch(`${url}/`, { method: "POST", body: "Action=GetPlatformApplicationAttributes" });
    expect(unsigned.status).toBe(403);
    expect((await fetch(`${url}/v2/email/account`)).status).toBe(403);
  });

  it("a certificate that ends soon says so, and stops no push", async () => {
    const until = async () => {
      const { text } = await sns(url, "GetPlatformApplicationAttributes", { PlatformApplicationArn: APNS });
      return Date.parse(/AppleCertificateExpirationDate<\/key><value>([^<]+)</.exec(text)![1]!) - Date.now();
    };
    const arn = await registerDevice(url, newToken());
    const before = await until();
    await fault({ channel: "push", kind: "certificate_ending" } as never);
    expect(await until()).toBeLessThan(8 * 86_400_000);
    expect((await sendPush(url, arn, "x", "y")).status).toBe(200);
    await fetch(`${url}/faults`, { method: "PUT", body: "[]" });
    expect(await until()).toBeGreaterThanOrEqual(before - 60_000);
  });

  it("an account that is paused and an application that is disabled say so, and send nothing", async () => {
    const token = newToken();
    const arn = await registerDevice(url, token);
    await fault({ channel: "push", kind: "application_disabled" } as never);
    await fault({ channel: "email", kind: "paused" } as never);
    expect(await ses(url, "account")).toMatchObject({ SendingEnabled: false, EnforcementStatus: "SHUTDOWN" });
    const asked = await sns(url, "GetPlatformApplicationAttributes", { PlatformApplicationArn: GCM });
    expect(asked.text).toContain("<key>Enabled</key><value>false</value>");
    expect(await sendPush(url, arn, "x", "y")).toMatchObject({ code: "PlatformApplicationDisabled" });
    await fetch(`${url}/faults`, { method: "PUT", body: "[]" });
    expect(await ses(url, "account")).toMatchObject({ SendingEnabled: true, EnforcementStatus: "HEALTHY" });
  });
});
