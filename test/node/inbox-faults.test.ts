import { describe, expect, it } from "vitest";
import { fault, messages, newAddress, newNumber, newToken, url } from "./inbox-room.ts";
import { registerDevice, sendEmail, sendPush, sendSms, ses, sns } from "./signed-calls.ts";

describe("faults", () => {
  it("throttles as each service does, as often as was asked", async () => {
    const [phone, mail] = [newNumber(), newAddress()];
    await fault({ channel: "sms", kind: "throttle", to: phone, times: 1 });
    expect(await sendSms(url, phone, "x")).toMatchObject({ status: 400, code: "Throttling", message: "Rate exceeded" });
    expect((await sendSms(url, phone, "x")).status).toBe(200);
    await fault({ channel: "email", kind: "throttle", to: mail.toUpperCase(), times: 1 });
    const limited = { status: 400, type: "ThrottlingException", message: "Maximum sending rate exceeded." };
    expect(await sendEmail(url, mail)).toMatchObject(limited);
    expect((await sendEmail(url, mail)).status).toBe(200);
    expect(await messages(phone)).toHaveLength(1);
    expect(await messages(mail)).toHaveLength(1);
  });

  it("fails with 500, and tells SES's daily quota from its rate", async () => {
    const [phone, mail] = [newNumber(), newAddress()];
    await fault({ channel: "sms", kind: "error", to: phone });
    expect((await sendSms(url, phone, "x")).status).toBe(500);
    expect((await sendSms(url, phone, "x")).status).toBe(500);
    await fault({ channel: "email", kind: "daily_quota", to: mail });
    expect(await sendEmail(url, mail)).toMatchObject({ status: 400, message: "Daily message quota exceeded." });
  });

  it("never answers a call that times out, and does not accept it", async () => {
    const to = newNumber();
    await fault({ channel: "sms", kind: "timeout", to });
    await expect(sendSms(url, to, "x", { signal: AbortSignal.timeout(150) })).rejects.toThrow(/timeout/);
    expect(await messages(to)).toEqual([]);
  });

  it("accepts a call whose answer is dropped", async () => {
    const [phone, mail] = [newNumber(), newAddress()];
    await fault({ channel: "sms", kind: "drop_answer", to: phone });
    await expect(sendSms(url, phone, "x")).rejects.toThrow();
    expect(await messages(phone)).toHaveLength(1);
    await fault({ channel: "email", kind: "drop_answer", to: mail });
    await expect(sendEmail(url, mail)).rejects.toThrow();
    expect(await messages(mail)).toHaveLength(1);
  });

  it("refuses a number that opted out", async () => {
    const to = newNumber();
    await fault({ channel: "sms", kind: "opted_out", to });
    expect(await sendSms(url, to, "x")).toMatchObject({ status: 400, code: "OptedOut" });
    expect(await messages(to)).toEqual([]);
  });

  it("disables an endpoint for good", async () => {
    const token = newToken();
    const arn = await registerDevice(url, token);
    await fault({ channel: "push", kind: "endpoint_disabled", to: token, times: 1 });
    for (let n = 0; n < 2; n++) {
      expect(await sendPush(url, arn, "t", "b")).toMatchObject({ status: 400, code: "EndpointDisabled" });
    }
    const { text } = await sns(url, "GetEndpointAttributes", { EndpointArn: arn });
    expect(text).toContain("<key>Enabled</key><value>false</value>");
    expect(await messages(token)).toEqual([]);
  });

  it("waits before it accepts, and lets a caller who gave up go", async () => {
    const [patient, hasty] = [newNumber(), newNumber()];
    await fault({ channel: "sms", kind: "latency", to: patient, ms: 60 });
    const before = performance.now();
    expect((await sendSms(url, patient, "x")).status).toBe(200);
    expect(performance.now() - before).toBeGreaterThan(55);
    await fault({ channel: "sms", kind: "latency", to: hasty, ms: 600_000 });
    await expect(sendSms(url, hasty, "x", { signal: AbortSignal.timeout(50) })).rejects.toThrow();
    expect(await messages(hasty)).toEqual([]);
  });

  it("fails only the entry of a bulk call whose address has the fault", async () => {
    const [ann, bob] = [newAddress(), newAddress()];
    await fault({ channel: "email", kind: "throttle", to: ann });
    const { BulkEmailEntryResults: results } = await ses(url, "outbound-bulk-emails", {
      FromEmailAddress: "reminders@torium.test",
      DefaultContent: { Template: { TemplateContent: { Subject: "s", Text: "t" } } },
      BulkEmailEntries: [ann, bob].map((to) => ({ Destination: { ToAddresses: [to] } })),
    });
    expect(results?.map(({ Status }) => Status)).toEqual(["ACCOUNT_THROTTLED", "SUCCESS"]);
    expect(await messages(ann)).toEqual([]);
  });

  it("names every field of a fault that cannot be, and keeps the faults in force", async () => {
    const before = await (await fetch(`${url}/faults`)).json();
    const put = async (body: string) => {
      const answer = await fetch(`${url}/faults`, { method: "PUT", body });
      return [
        answer.status,
        ((await answer.json()) as { error: { issues: { path: string }[] } }).error.issues.map(({ path }) => path),
      ];
    };
    const wrong = [
      { channel: "pigeon", kind: "throttle" },
      { channel: "sms", kind: "explode" },
      { channel: "email", kind: "opted_out" },
      { channel: "sms", kind: "latency" },
      { channel: "sms", kind: "error", to: 5, times: 0, ms: -1 },
      null,
    ];
    const paths = ["0.channel", "1.kind", "2.kind", "3.ms", "4.to", "4.times", "4.ms", "5"];
    expect(await put(JSON.stringify(wrong))).toEqual([400, paths]);
    expect(await put("{")).toEqual([400, [""]]);
    expect(await (await fetch(`${url}/faults`)).json()).toEqual(before);
  });
});
