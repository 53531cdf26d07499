import { describe, expect, it } from "vitest";
import { messages, newAddress, url } from "./inbox-room.ts";
import { email, sendEmail, ses } from "./signed-calls.ts";

describe("e-mail", () => {
  it("reaches every recipient in lower case, with its headers", async () => {
    const [ann, bob] = [newAddress(), newAddress()];
    const { MessageId } = await sendEmail(url, [ann.toUpperCase(), `Bob <${bob}>`]);
    expect(await messages(ann.toUpperCase(), "email")).toMatchObject([
      {
        id: MessageId,
        channel: "email",
        to: ann,
        title: null,
        subject: "Dinner tonight",
        text: "Dinner at 19:00",
        html: "<p>Dinner at <b>19:00</b></p>",
        data: null,
        headers: {
          From: "Torium <reminders@torium.test>",
          "List-Unsubscribe": "<https://torium.test/unsubscribe?t=1>",
        },
      },
    ]);
    expect(await messages(bob)).toHaveLength(1);
  });

  it.each([
    ["no sender", { FromEmailAddress: undefined }],
    ["a sender that is no address", { FromEmailAddress: "Torium" }],
    ["no recipient", { Destination: { ToAddresses: [] } }],
    ["a recipient without a domain", { Destination: { ToAddresses: ["ann"] } }],
    ["a recipient with two @", { Destination: { ToAddresses: ["a@b@torium.test"] } }],
    ["a recipient with a space", { Destination: { ToAddresses: ["a nn@torium.test"] } }],
    ["a recipient outside ASCII", { Destination: { ToAddresses: ["łucja@torium.test"] } }],
    ["a domain without a dot", { Destination: { ToAddresses: ["ann@torium"] } }],
    ["51 recipients", { Destination: { ToAddresses: Array.from({ length: 51 }, (_, n) => `p${n}@torium.test`) } }],
    ["no content", { Content: {} }],
    ["a tag with a space", { EmailTags: [{ Name: "a b", Value: "c" }] }],
  ])("refuses %s", async (_, changes) => {
    const answer = await ses(url, "outbound-emails", email(newAddress(), changes));
    expect(answer).toMatchObject({ status: 400, type: "BadRequestException", message: expect.any(String) });
  });

  it.each([
    ["From", "x@torium.test"],
    ["subject", "x"],
    ["Content-Type", "text/plain"],
    ["X:Y", "x"],
    ["Łódź", "x"],
    ["X-Long", "x".repeat(871)],
    ["X-Lines", "a\r\nBcc: b@torium.test"],
  ])("refuses the header %s", async (Name, Value) => {
    const answer = await sendEmail(url, newAddress(), { Headers: [{ Name, Value }] });
    expect(answer).toMatchObject({ status: 400, type: "BadRequestException" });
  });

  it("refuses a subject of two lines, and a body that is no JSON object", async () => {
    expect(await sendEmail(url, newAddress(), { Subject: { Data: "a\nb" } })).toMatchObject({ status: 400 });
    expect(await ses(url, "outbound-emails", [])).toMatchObject({ status: 400, type: "SerializationException" });
  });

  it("fills an inline template for each recipient of a bulk call", async () => {
    const [ann, bob] = [newAddress(), newAddress()];
    const entry = (to: string, data: object) => ({
      Destination: { ToAddresses: [to] },
      ReplacementEmailContent: { ReplacementTemplate: { ReplacementTemplateData: JSON.stringify(data) } },
      ReplacementHeaders: [{ Name: "List-Unsubscribe", Value: `<https://torium.test/${to}>` }],
    });
    const bulk = (BulkEmailEntries: object[]) => ({
      FromEmailAddress: "reminders@torium.test",
      DefaultContent: {
        Template: {
          TemplateContent: { Subject: "{{subject}}", Text: "{{ text }}", Html: "<p>{{{text}}}</p>" },
          TemplateData: JSON.stringify({ subject: "Default" }),
        },
      },
      BulkEmailEntries,
    });
    const answer = await ses(
      url,
      "outbound-bulk-emails",
      bulk([entry(ann, { text: "A & B" }), entry(bob, {}), entry("bob", { text: "" })]),
    );
    expect(answer.BulkEmailEntryResults?.map(({ Status }) => Status)).toEqual([
      "SUCCESS",
      "INVALID_PARAMETER",
      "INVALID_PARAMETER",
    ]);
    expect(await messages(ann)).toMatchObject([
      {
        subject: "Default",
        text: "A & B",
        html: "<p>A & B</p>",
        headers: { "List-Unsubscribe": `<https://torium.test/${ann}>` },
      },
    ]);
    const many = Array.from({ length: 51 }, () => entry(newAddress(), { text: "x" }));
    expect(await ses(url, "outbound-bulk-emails", bulk(many))).toMatchObject({ status: 400 });
    expect((await ses(url, "outbound-bulk-emails", bulk(many.slice(1)))).BulkEmailEntryResults).toHaveLength(50);
  });
});
