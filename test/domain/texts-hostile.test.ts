import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanText } from "../../src/domain/texts/clean.ts";
import {
  commentPush,
  emailHtml,
  invitationEmail,
  invitationPush,
  reminderPush,
  reminderSms,
  reminderText,
  reminderTitle,
  withLateNote,
} from "../../src/domain/texts/index.ts";
import { facts } from "./facts.ts";

const LOCALES = ["en", "pl"] as const;

/** Titles and e-mail texts of every kind that carry user text, for one hostile string. */
function everything(hostile: string) {
  return LOCALES.flatMap((locale) => {
    const reminder = facts({ name: hostile, description: hostile, locale });
    const names = { group: hostile, inviter: hostile };
    const urls = { url: "https://torium.example/join", unsubscribe_url: "https://torium.example/u" };
    const title = reminderTitle(hostile, locale);
    const text = withLateNote(reminderText(reminder), "email", locale);
    const bank_url = reminder.budget!.bank_url;
    const invitation = invitationEmail({ ...names, ...urls }, locale);
    const comment = commentPush({ event: hostile, author: hostile, comment: hostile }, locale);
    const push = invitationPush(names, locale);
    return {
      lines: [title, invitation.subject, comment.title, comment.body, push.title, push.body],
      texts: [reminderSms(reminder), text, reminderPush(reminder), invitation.text],
      html: [emailHtml({ title, text, unsubscribe_url: urls.unsubscribe_url, locale, bank_url }), invitation.html],
    };
  });
}

describe("text from people", () => {
  it.each([
    `<script>alert("x")</script>`,
    `"><img src=x onerror='alert(1)'>`,
    "<a href=https://evil.example>win</a>",
    "&lt;b&gt;",
    "{{name}} %{name} {0}",
    "%s %d %n",
    "$& $1 $' $$",
    "\\u003cb\\u003e",
  ])("%s stays as it is in text, and is escaped in HTML", (hostile) => {
    const escaped = hostile.replace(
      /[&<>"']/g,
      (letter) => `&${{ "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "#39" }[letter]};`,
    );
    for (const { lines, texts, html } of everything(hostile)) {
      for (const line of lines.filter((_, index) => [0, 2, 3].includes(index))) expect(line).toContain(hostile);
      expect(texts[1]).toContain(hostile);
      expect(html[0]).toContain(escaped);
      for (const page of html) {
        if (escaped !== hostile) expect(page).not.toContain(hostile);
        expect(page.match(/<(?:script|img|b)\b/gi)).toBeNull();
        expect(page.match(/<a\b/g)).toHaveLength(2);
        expect(page.match(/href="([^"]*)"/g)?.every((href) => /torium\.example|bank\.example/.test(href))).toBe(true);
      }
    }
  });

  it.each([
    ["a\u202eb\u2066c\u200bd\u0000e\u2060f\ufeffg\u00adh\u200ei\u061cj\u200dk", "abcdefghijk"],
    ["one\r\ntwo\nthree\u2028four\u0085five\tsix", "one two three four five six"],
    ["Z\u0335\u0336\u0337\u0338\u0339\u033a\u033b", "Z\u0335\u0336\u0337\u0338"],
    ["👨‍👩‍👧‍👦 1️⃣ ❤️", "👨‍👩‍👧‍👦 1️⃣ ❤️"],
    ["\ud800x", "x"],
    ["   ", "Event"],
    ["\u200b\u202e", "Event"],
  ])("loses what hides or turns letters: %j", (name, shown) => {
    expect(reminderTitle(name, "en")).toBe(`Reminder: ${shown}`);
  });

  it("never breaks a line of a subject or title, and never carries a control or bidi character anywhere", () => {
    for (const { lines, texts, html } of everything("a\r\nBcc: x@y.example\u202e\u0000\u2029\u001b[1m")) {
      for (const line of lines) expect(line).not.toMatch(/[\r\n\u2028\u2029]/);
      for (const part of [...lines, ...texts, ...html])
        expect(part).not.toMatch(/[\p{Bidi_Control}\u2028\u2029]|[^\P{Cc}\n]/u);
    }
  });

  it("is cut between characters, not inside one", () => {
    const family = "👨‍👩‍👧‍👦";
    expect(reminderTitle("x".repeat(500), "en")).toBe(`Reminder: ${"x".repeat(80)}…`);
    expect(reminderTitle(family.repeat(50), "en")).toBe(`Reminder: ${family.repeat(12)}…`);
    expect(commentPush({ event: "Chess", author: "Ola", comment: "é".normalize("NFD").repeat(100) }, "en").body).toBe(
      `Ola: ${"é".normalize("NFD").repeat(80)}…`,
    );
  });

  it("leaves a push far under the 4,096 bytes that phones take, also where each value goes twice", () => {
    for (const hostile of [
      "👨‍👩‍👧‍👦".repeat(45),
      "漢".repeat(500),
      "\u0e01\u0e49\u0e49\u0e49".repeat(125),
      '"'.repeat(500),
    ]) {
      const comment = commentPush({ event: hostile, author: hostile, comment: hostile }, "pl");
      const reminder = [
        reminderTitle(hostile, "pl"),
        reminderPush(facts({ name: hostile, description: hostile, locale: "pl" })),
      ];
      const size = (value: unknown) => new TextEncoder().encode(JSON.stringify(value)).length;
      expect(size(comment) * 2).toBeLessThan(3900);
      expect(size(reminder)).toBeLessThan(2000);
    }
  });

  it("is cleaned the same where it looks clean already as where it is gone through", () => {
    const letters = fc.constantFrom(..."aZ09.,!~ \u00a0\u00ad\u00c0\u024f\u0250\u0301\n\t\u200b×ż".split(""));
    const texts = fc.string({ unit: letters, maxLength: 12 });
    // What is invisible is taken out, and keeps a text from looking clean.
    fc.assert(
      fc.property(texts, (text) => cleanText(text) === cleanText(`\u200b${text}`)),
      { numRuns: 2_000 },
    );
  });
});
