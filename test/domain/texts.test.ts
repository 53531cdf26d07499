import { describe, expect, it } from "vitest";
import {
  emailHtml,
  emailText,
  localeOf,
  reminderPush,
  reminderSms,
  reminderText,
  reminderTitle,
  segments,
  withLateNote,
} from "../../src/domain/texts/index.ts";
import { facts, plainSpaces } from "./facts.ts";

const LOCALES = ["en", "pl"] as const;

describe("a reminder", () => {
  it("says in English what, when on both clocks, the budget, the share and the bank", () => {
    expect(reminderTitle(facts().name, "en")).toMatchInlineSnapshot(`"Reminder: Planszówki u Zosi"`);
    expect(plainSpaces(reminderText(facts()))).toMatchInlineSnapshot(`
      "Planszówki u Zosi

      When: Wednesday 11 November, 19:00 Warsaw, 18:00 your time
      Budget: PLN 1,000.00
      Your share: PLN 333.34
      Your bank: https://bank.example

      Przynieś kubki
      i dobry humor"
    `);
    expect(plainSpaces(reminderPush(facts()))).toMatchInlineSnapshot(`
      "Wed 11 Nov 19:00 Warsaw, 18:00 your time
      Budget PLN 1,000.00, your share PLN 333.34
      Przynieś kubki i dobry humor"
    `);
    expect(reminderSms(facts())).toMatchInlineSnapshot(`
      "Planszowki u Zosi
      Wed 11 Nov 19:00 Warsaw, 18:00 your time
      Budget PLN 1,000.00, your share PLN 333.34
      https://bank.example
      Przynies kubki i do..."
    `);
    expect(segments(reminderSms(facts()))).toBe(1);
  });

  it("says the same in Polish", () => {
    const polish = facts({ locale: "pl" });
    expect(reminderTitle(polish.name, "pl")).toMatchInlineSnapshot(`"Przypomnienie: Planszówki u Zosi"`);
    expect(plainSpaces(reminderText(polish))).toMatchInlineSnapshot(`
      "Planszówki u Zosi

      Kiedy: środa, 11 listopada, 19:00 Warsaw, 18:00 Twojego czasu
      Budżet: 1000,00 zł
      Twój udział: 333,34 zł
      Twój bank: https://bank.example

      Przynieś kubki
      i dobry humor"
    `);
    expect(plainSpaces(reminderPush(polish))).toMatchInlineSnapshot(`
      "śr. 11 lis 19:00 Warsaw, 18:00 Twojego czasu
      Budżet 1000,00 zł, Twój udział 333,34 zł
      Przynieś kubki i dobry humor"
    `);
    expect(reminderSms(polish)).toMatchInlineSnapshot(`
      "Planszowki u Zosi
      sr. 11 lis 19:00 Warsaw, 18:00 Twojego czasu
      Budzet 1000,00 PLN, Twoj udzial 333,34 PLN
      https://bank.example"
    `);
    expect(segments(reminderSms(polish))).toBe(1);
  });

  it("says no more than the name and the time where there is nothing else", () => {
    const bare = facts({ description: " ", budget: null, reader_time_zone: null });
    expect(reminderText(bare)).toBe("Planszówki u Zosi\n\nWhen: Wednesday 11 November, 19:00 Warsaw");
    expect(reminderPush(bare)).toBe("Wed 11 Nov 19:00 Warsaw");
    expect(reminderSms(bare)).toBe("Planszowki u Zosi\nWed 11 Nov 19:00 Warsaw");
  });

  it.each([
    ["Europe/Warsaw", "Europe/London", "Wed 11 Nov 19:00 Warsaw, 18:00 your time"],
    ["Europe/Warsaw", "Europe/Berlin", "Wed 11 Nov 19:00 Warsaw"],
    ["Europe/Warsaw", null, "Wed 11 Nov 19:00 Warsaw"],
    ["Europe/Warsaw", "Not/AZone", "Wed 11 Nov 19:00 Warsaw"],
    ["America/Argentina/Buenos_Aires", "Asia/Tokyo", "Wed 11 Nov 15:00 Buenos Aires, Thu 12 Nov 03:00 your time"],
    ["Pacific/Apia", "Pacific/Pago_Pago", "Thu 12 Nov 07:00 Apia, Wed 11 Nov 07:00 your time"],
    ["UTC", "Europe/Warsaw", "Wed 11 Nov 18:00 UTC, 19:00 your time"],
    ["Etc/UTC", null, "Wed 11 Nov 18:00 UTC"],
    ["Etc/GMT-2", null, "Wed 11 Nov 20:00 UTC+2"],
    ["+05:30", null, "Wed 11 Nov 23:30 UTC+05:30"],
    ["Not/AZone", null, "Wed 11 Nov 18:00 UTC"],
  ])("in %s for a reader in %s reads %s", (time_zone, reader_time_zone, text) => {
    expect(reminderPush(facts({ time_zone, reader_time_zone, description: "", budget: null }))).toBe(text);
  });

  it("compares the clocks at that instant, so a reader whose zone agrees only in summer sees both in winter", () => {
    const zones = {
      time_zone: "Africa/Johannesburg",
      reader_time_zone: "Europe/Warsaw",
      description: "",
      budget: null,
    };
    expect(reminderPush(facts({ ...zones, starts_at: Date.UTC(2026, 6, 1, 8) }))).toBe("Wed 1 Jul 10:00 Johannesburg");
    expect(reminderPush(facts({ ...zones, starts_at: Date.UTC(2026, 11, 1, 8) }))).toContain(
      "Johannesburg, 09:00 your time",
    );
  });

  it("shows amounts exactly, with the decimals of their currency", () => {
    const text = (amount: string, currency: string) =>
      plainSpaces(reminderText(facts({ budget: { amount, currency, share: amount, bank_url: null } })));
    expect(text("999999999999.99", "PLN")).toContain("Budget: PLN 999,999,999,999.99\n");
    expect(text("1000", "JPY")).toContain("Budget: JP¥1,000\n");
    expect(text("1.250", "KWD")).toContain("Budget: KWD 1.250\n");
    expect(text("10.50", "HUF")).toContain("Budget: HUF 10.50\n");
  });

  it("shows no bank address that is not one", () => {
    for (const bank_url of ["javascript:alert(1)", "bank", "", null]) {
      const reminder = facts({ budget: { amount: "1.00", currency: "PLN", share: "1.00", bank_url } });
      expect(reminderText(reminder)).not.toContain("Your bank");
      expect(
        emailHtml({ title: "", text: "", unsubscribe_url: "https://t.example", locale: "en", bank_url }),
      ).not.toContain("Open");
    }
  });

  it("that is late says so", () => {
    expect(LOCALES.map((locale) => withLateNote("Chess", "sms", locale))).toEqual([
      "Late reminder: Chess",
      "Spoznione przypomnienie: Chess",
    ]);
    expect(LOCALES.map((locale) => withLateNote("Chess", "push", locale))).toEqual([
      "Late reminder: Chess",
      "Spóźnione przypomnienie: Chess",
    ]);
    expect(LOCALES.map((locale) => withLateNote("Chess", "email", locale))).toMatchInlineSnapshot(`
      [
        "Sorry, this reminder is late: it should have come earlier.

      Chess",
        "Przepraszamy, to przypomnienie jest spóźnione: miało dotrzeć wcześniej.

      Chess",
      ]
    `);
  });
});

describe("an e-mail", () => {
  const text = reminderText(facts());
  const email = {
    title: reminderTitle(facts().name, "en"),
    text,
    unsubscribe_url: "https://torium.example/u?t=1&s=2",
    locale: "en",
  } as const;

  it("has a text part that ends with how to unsubscribe", () => {
    expect(emailText(email).slice(text.length)).toMatchInlineSnapshot(`
      "

      -- 
      Sent by Torium.
      Unsubscribe: https://torium.example/u?t=1&s=2
      "
    `);
    expect(emailText({ ...email, locale: "pl" }).slice(text.length)).toMatchInlineSnapshot(`
      "

      -- 
      Wiadomość od Torium.
      Rezygnacja z wiadomości: https://torium.example/u?t=1&s=2
      "
    `);
  });

  it("has an HTML part with a heading, the facts, and two links", () => {
    const html = emailHtml({ ...email, bank_url: "https://bank.example" });
    expect(plainSpaces(html.slice(html.indexOf("<body>")))).toMatchInlineSnapshot(`
      "<body>
      <main>
      <h1 dir="auto">Reminder: Planszówki u Zosi</h1>
      <p dir="auto">When: Wednesday 11 November, 19:00 Warsaw, 18:00 your time<br>
      Budget: PLN 1,000.00<br>
      Your share: PLN 333.34</p>
      <p dir="auto">Przynieś kubki<br>
      i dobry humor</p>
      <p><a class="button" href="https://bank.example">Open your bank</a></p>
      </main>
      <footer>Sent by Torium. <a href="https://torium.example/u?t=1&amp;s=2">Unsubscribe</a></footer>
      </body>
      </html>
      "
    `);
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(html).toContain("prefers-color-scheme: dark");
  });

  it("has the same HTML part in Polish", () => {
    const polish = facts({ locale: "pl" });
    const html = emailHtml({
      ...email,
      title: reminderTitle(polish.name, "pl"),
      text: withLateNote(reminderText(polish), "email", "pl"),
      locale: "pl",
      bank_url: "https://bank.example",
    });
    expect(html).toMatch(/^<!doctype html>\n<html lang="pl">/);
    expect(plainSpaces(html.slice(html.indexOf("<main>"), html.indexOf("</body>")))).toMatchInlineSnapshot(`
      "<main>
      <h1 dir="auto">Przypomnienie: Planszówki u Zosi</h1>
      <p dir="auto">Przepraszamy, to przypomnienie jest spóźnione: miało dotrzeć wcześniej.</p>
      <p dir="auto">Kiedy: środa, 11 listopada, 19:00 Warsaw, 18:00 Twojego czasu<br>
      Budżet: 1000,00 zł<br>
      Twój udział: 333,34 zł</p>
      <p dir="auto">Przynieś kubki<br>
      i dobry humor</p>
      <p><a class="button" href="https://bank.example">Przejdź do banku</a></p>
      </main>
      <footer>Wiadomość od Torium. <a href="https://torium.example/u?t=1&amp;s=2">Rezygnacja z wiadomości</a></footer>
      "
    `);
  });

  it("shows the whole name in its text where the heading had to cut it", () => {
    const name = "long ".repeat(60).trim();
    const html = emailHtml({ ...email, title: reminderTitle(name, "en"), text: reminderText(facts({ name })) });
    expect(html).toContain(`<p dir="auto">${name}</p>`);
  });
});

it.each([
  ["pl", "pl"],
  ["pl-PL", "pl"],
  ["pl_PL", "pl"],
  ["PL", "pl"],
  ["en-GB", "en"],
  ["de", "pl"],
  ["polish", "pl"],
  ["", "pl"],
  [null, "pl"],
])("the locale %j is read as %s where the default is pl", (text, locale) => expect(localeOf(text, "pl")).toBe(locale));
