import { describe, expect, it } from "vitest";
import { messages, newNumber, url } from "./inbox-room.ts";
import { REGION, sendSms, sns } from "./signed-calls.ts";

describe("SMS", () => {
  it("reaches the number, with its attributes and the call as it came in", async () => {
    const to = newNumber();
    const before = Date.now();
    const answer = await sns(url, "Publish", {
      PhoneNumber: to,
      Message: "Kolacja o 19:00 <b>&amp;",
      "MessageAttributes.entry.1.Name": "AWS.SNS.SMS.SMSType",
      "MessageAttributes.entry.1.Value.DataType": "String",
      "MessageAttributes.entry.1.Value.StringValue": "Transactional",
      "MessageAttributes.entry.2.Name": "AWS.SNS.SMS.SenderID",
      "MessageAttributes.entry.2.Value.DataType": "String",
      "MessageAttributes.entry.2.Value.StringValue": "Torium",
      "MessageAttributes.entry.3.Name": "AWS.SNS.SMS.MaxPrice",
      "MessageAttributes.entry.3.Value.DataType": "Number",
      "MessageAttributes.entry.3.Value.StringValue": "0.50",
    });
    const [message, ...more] = await messages(to, "sms");
    expect(more).toEqual([]);
    expect(message).toEqual({
      id: answer.element("MessageId"),
      channel: "sms",
      to,
      title: null,
      subject: null,
      text: "Kolacja o 19:00 <b>&amp;",
      html: null,
      data: null,
      headers: {
        "AWS.SNS.SMS.SMSType": "Transactional",
        "AWS.SNS.SMS.SenderID": "Torium",
        "AWS.SNS.SMS.MaxPrice": "0.50",
      },
      accepted_at: expect.any(Number),
      request: {
        method: "POST",
        url: `${url}/`,
        headers: expect.objectContaining({ authorization: expect.stringContaining("AWS4-HMAC-SHA256") }),
        body: expect.stringContaining("Action=Publish"),
      },
    });
    expect(message!.accepted_at).toBeGreaterThanOrEqual(before);
    expect(message!.accepted_at).toBeLessThanOrEqual(Date.now());
  });

  it.each([
    "48600100200",
    "+0123456789",
    "600100200",
    "+48 600 100 200",
    "+4860",
    "+1234567890123456",
    "",
    "+48600100a00",
  ])("refuses the number %j", async (to) => {
    expect(await sendSms(url, to, "x")).toMatchObject({ status: 400, code: "InvalidParameter" });
  });

  it("takes 1,600 characters and refuses one more, and an empty message", async () => {
    expect((await sendSms(url, newNumber(), "x".repeat(1600))).status).toBe(200);
    expect(await sendSms(url, newNumber(), "x".repeat(1601))).toMatchObject({ status: 400, code: "InvalidParameter" });
    expect(await sendSms(url, newNumber(), "")).toMatchObject({
      status: 400,
      message: "Invalid parameter: Empty message",
    });
  });

  it.each([
    ["AWS.SNS.SMS.SMSType", "String", "Loud", "InvalidParameter"],
    ["AWS.SNS.SMS.SenderID", "String", "TwelveLetter", "InvalidParameter"],
    ["AWS.SNS.SMS.SenderID", "String", "12345", "InvalidParameter"],
    ["AWS.SNS.SMS.MaxPrice", "Number", "free", "ParameterValueInvalid"],
    ["anything", "Text", "x", "ParameterValueInvalid"],
    ["anything", "String", "", "ParameterValueInvalid"],
  ])("refuses the attribute %s of type %s with the value %j", async (name, type, value, code) => {
    const answer = await sns(url, "Publish", {
      PhoneNumber: newNumber(),
      Message: "x",
      "MessageAttributes.entry.1.Name": name,
      "MessageAttributes.entry.1.Value.DataType": type,
      "MessageAttributes.entry.1.Value.StringValue": value,
    });
    expect(answer).toMatchObject({ status: 400, code });
  });

  it("wants exactly one target, and knows no topic", async () => {
    expect(await sns(url, "Publish", { Message: "x" })).toMatchObject({ code: "InvalidParameter" });
    const two = { Message: "x", PhoneNumber: newNumber(), TargetArn: "arn" };
    expect(await sns(url, "Publish", two)).toMatchObject({ code: "InvalidParameter" });
    const topic = { Message: "x", TopicArn: `arn:aws:sns:${REGION}:000000000000:none` };
    expect(await sns(url, "Publish", topic)).toMatchObject({ status: 404, code: "NotFound" });
    expect(await sns(url, "Dance", {})).toMatchObject({ status: 400, code: "InvalidAction" });
  });
});
