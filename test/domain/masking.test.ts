import { expect, test } from "vitest";
import { maskEmail, maskMessage, maskName, maskNumber } from "../../src/domain/masking.ts";
import { Message } from "../../src/queues/messages.ts";

const shown = (body: unknown) => JSON.parse(maskMessage(JSON.stringify(body)));

test("names, addresses and numbers keep what tells them apart and nothing that tells whose they are", () => {
  expect([maskName("Anna Kowalska"), maskName(""), maskName("🦊 Fox")]).toEqual(["A…", "…", "🦊…"]);
  expect(maskEmail("anna@mail.example.com")).toBe("a…@m….com");
  expect(maskEmail("anna@example.kowalska-family")).toBe("a…@e…");
  expect([maskEmail("anna"), maskEmail("")]).toEqual(["a…@…", "…@…"]);
  expect([maskNumber("+48791234512"), maskNumber("791234512"), maskNumber("Anna")]).toEqual([
    "+48…12",
    "(number)",
    "(number)",
  ]);
});

test("of a message the ids and moments are shown, and what is about people is masked", () => {
  const words = { event_reminders_id: 7, event_timestamp: "2026-11-11 18:00:00", version: 1 };
  const recipient = { user_id: 3, event_reminders_logs_id: 9, revision: 2 };
  const to = {
    sms: { phone_number: "+48791234512" },
    email: { email: "anna@example.com" },
    push: { device_arn: "arn:aws:sns:x" },
  };
  for (const [channel, address] of Object.entries(to)) {
    const [masked] = {
      sms: [{ phone_number: "+48…12" }],
      email: [{ email: "a…@e….com" }],
      push: [{ device_arn: "(device)" }],
    }[channel]!;
    const message = {
      ...words,
      type: `send-${channel}`,
      recipients: [{ ...recipient, ...address, message: "Hi, Anna" }],
    };
    expect(Message.safeParse(message).success).toBe(true);
    expect(shown(message)).toEqual({
      ...message,
      recipients: [{ ...recipient, ...masked, message: "(text, 8 characters)" }],
    });
  }
  const comment = {
    type: "schedule-push-comments",
    version: 1,
    user_id: 1,
    event_id: 2,
    events_comments_id: 3,
    timestamp: "2026-11-11T18:00:00.000Z",
  };
  expect(shown({ ...comment, comment: "Anna?" })).toEqual({ ...comment, comment: "(text, 5 characters)" });
  const invitation = {
    type: "send-push-group-invitation",
    version: 1,
    group_invitation_logs_id: 1,
    group_id: 2,
    timestamp: comment.timestamp,
    user_id: null,
  };
  expect(shown({ ...invitation, email: "anna@example.com" })).toEqual({ ...invitation, email: "a…@e….com" });
});

test("the type of every message is shown", () => {
  for (const { shape } of Message.options)
    expect(shown({ type: shape.type.value })).toEqual({ type: shape.type.value });
});

test("what no message has is masked whole, its name too, and a field of another kind as what nobody knows", () => {
  expect(shown({ "anna@example.com": "Anna", anna: { deep: ["Anna", 48791234512, true, null] } })).toEqual({
    "(field 1)": "(text, 4 characters)",
    "(field 2)": { "(field 1)": ["(text, 4 characters)", "(number)", true, null] },
  });
  expect(
    shown({
      user_id: "Anna",
      event_id: 1.5,
      type: "Anna",
      event_timestamp: "at Anna's",
      email: 48791234512,
      recipients: "Anna",
    }),
  ).toEqual({
    user_id: "(text, 4 characters)",
    event_id: "(number)",
    type: "(text, 4 characters)",
    event_timestamp: "(text, 9 characters)",
    email: "(number)",
    recipients: "(text, 4 characters)",
  });
  expect(shown({ email: { anna: "Anna" }, message: ["Anna"] })).toEqual({
    email: { "(field 1)": "(text, 4 characters)" },
    message: ["(text, 4 characters)"],
  });
  expect(shown("Anna")).toBe("(text, 4 characters)");
});

test("what is no JSON, or nested without an end, is masked as well", () => {
  expect(maskMessage("Anna's {")).toBe("(text, 8 characters)");
  const deep = `${"[".repeat(30_000)}"Anna"${"]".repeat(30_000)}`;
  expect(maskMessage(deep)).not.toContain("Anna");
  expect(maskMessage('{"__proto__":{"anna":"Anna"},"constructor":"Anna"}')).not.toMatch(/Anna|anna|constructor/);
});
