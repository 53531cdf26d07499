import { describe, expect, it } from "vitest";
import {
  codeSms,
  commentPush,
  invitationEmail,
  invitationPush,
  segments,
  unsubscribePage,
} from "../../src/domain/texts/index.ts";

const LOCALES = ["en", "pl"] as const;

describe("messages among people", () => {
  it("a comment push shows the author and the first 80 characters", () => {
    const comment = "a".repeat(79);
    const body = (text: string) => commentPush({ event: "Chess", author: "Ola", comment: text }, "en").body;
    expect(commentPush({ event: "Chess", author: "Ola", comment: "Hi\nall" }, "pl")).toEqual({
      title: "Chess",
      body: "Ola: Hi all",
    });
    expect(body(`${comment}b`)).toBe(`Ola: ${comment}b`);
    expect(body(`${comment}bc`)).toBe(`Ola: ${comment}b…`);
  });

  it("an invitation names the group and who invites", () => {
    const names = { group: "Turyści", inviter: "Ola" };
    expect(LOCALES.map((locale) => invitationPush(names, locale))).toMatchInlineSnapshot(`
      [
        {
          "body": "Ola invites you to “Turyści”.",
          "title": "Invitation",
        },
        {
          "body": "Ola zaprasza do grupy „Turyści”.",
          "title": "Zaproszenie",
        },
      ]
    `);
    const urls = { url: "https://torium.example/join", unsubscribe_url: "https://torium.example/u" };
    const [english, polish] = LOCALES.map((locale) => invitationEmail({ ...names, ...urls }, locale));
    expect(english?.text).toMatchInlineSnapshot(`
      "Ola invites you to “Turyści”.

      Torium reminds the people of a group of what they have planned, by SMS, e-mail or push.

      To join, create an account with this e-mail address:
      https://torium.example/join

      The invitation waits in Torium: open the app to accept or decline.

      If this came by mistake, there is nothing to do.

      -- 
      Sent by Torium.
      Unsubscribe: https://torium.example/u
      "
    `);
    expect(polish?.text).toMatchInlineSnapshot(`
      "Ola zaprasza do grupy „Turyści”.

      Torium przypomina członkom grupy o wspólnych planach: SMS-em, e-mailem lub powiadomieniem.

      Aby dołączyć, wystarczy założyć konto na ten adres e-mail:
      https://torium.example/join

      Zaproszenie czeka w aplikacji Torium: tam można je przyjąć lub odrzucić.

      Jeśli to pomyłka, nie trzeba nic robić.

      -- 
      Wiadomość od Torium.
      Rezygnacja z wiadomości: https://torium.example/u
      "
    `);
    expect(english?.html.slice(english.html.indexOf("<body>"))).toMatchInlineSnapshot(`
      "<body>
      <main>
      <h1 dir="auto">Ola invites you to “Turyści”</h1>
      <p dir="auto">Torium reminds the people of a group of what they have planned, by SMS, e-mail or push.</p>
      <p dir="auto">To join, create an account with this e-mail address:</p>
      <p><a class="button" href="https://torium.example/join">Join on Torium</a></p>
      <p dir="auto">The invitation waits in Torium: open the app to accept or decline.</p>
      <p dir="auto">If this came by mistake, there is nothing to do.</p>
      </main>
      <footer>Sent by Torium. <a href="https://torium.example/u">Unsubscribe</a></footer>
      </body>
      </html>
      "
    `);
    expect([english?.subject, polish?.subject]).toEqual([
      "Ola invites you to “Turyści”",
      "Ola zaprasza do grupy „Turyści”",
    ]);
  });

  it("who has an account already is told how to answer, and not what Torium is or how to join", () => {
    const letter = (locale: "en" | "pl") =>
      invitationEmail(
        { group: "Turyści", inviter: "www.evil.com", url: null, unsubscribe_url: "https://torium.example/u" },
        locale,
      );
    expect(LOCALES.map((locale) => letter(locale).text.split("\n\n-- ")[0]!.split("\n\n"))).toEqual([
      [
        "www[.]evil[.]com invites you to “Turyści”.",
        "The invitation waits in Torium: open the app to accept or decline.",
        "If this came by mistake, there is nothing to do.",
      ],
      [
        "www[.]evil[.]com zaprasza do grupy „Turyści”.",
        "Zaproszenie czeka w aplikacji Torium: tam można je przyjąć lub odrzucić.",
        "Jeśli to pomyłka, nie trzeba nic robić.",
      ],
    ]);
    const { html } = letter("en");
    expect(html).toContain('<p dir="auto">The invitation waits in Torium: open the app to accept or decline.</p>');
    expect(html).not.toContain('class="button"');
    expect(html).not.toContain("evil.com");
  });

  it("an invitation to a stranger carries no address that a mail program would make a link", () => {
    const urls = { url: "https://torium.example/join", unsubscribe_url: "https://torium.example/u" };
    const { text, html, subject } = invitationEmail(
      { group: "Win https://evil.example/x", inviter: "www.evil.com", ...urls },
      "en",
    );
    for (const part of [text, html, subject]) expect(part).not.toMatch(/evil\.|\/\/evil/);
    expect(invitationEmail({ group: "v2.0", inviter: "jan.kowalski", ...urls }, "en").subject).toBe(
      "jan.kowalski invites you to “v2.0”",
    );
  });

  it("a phone code fits one segment", () => {
    const both = LOCALES.map((locale) => codeSms("042137", locale));
    expect(both).toMatchInlineSnapshot(`
      [
        "Your Torium code is 042137. It works for 10 minutes. Please share it with nobody.",
        "Kod Torium: 042137. Jest wazny 10 minut. Prosimy nikomu go nie podawac.",
      ]
    `);
    expect(both.map(segments)).toEqual([1, 1]);
  });
});

describe("the page of /unsubscribe", () => {
  const page = (state: Parameters<typeof unsubscribePage>[0], locale: "en" | "pl") => {
    const html = unsubscribePage(state, { action_url: "/unsubscribe?t=1&s=2", email: "ola@<x>.pl" }, locale);
    return html.slice(html.indexOf("<main>"), html.indexOf("</main>"));
  };

  it("asks, and posts what mail programs post", () => {
    expect(page("ask", "en")).toMatchInlineSnapshot(`
      "<main>
      <h1 dir="auto">Unsubscribe from e-mail?</h1>
      <p dir="auto">Torium will send no more e-mail to o***@&lt;x&gt;.pl.</p>
      <form method="post" action="/unsubscribe?t=1&amp;s=2">
      <input type="hidden" name="List-Unsubscribe" value="One-Click">
      <button class="button" type="submit">Unsubscribe</button>
      </form>
      "
    `);
  });

  it("offers to take it back, and has nothing to press afterwards or where the link is bad", () => {
    expect(page("done", "pl")).toMatchInlineSnapshot(`
      "<main>
      <h1 dir="auto">Rezygnacja przyjęta</h1>
      <p dir="auto">Torium nie wysyła już wiadomości na o***@&lt;x&gt;.pl. Jeśli to pomyłka, można to cofnąć.</p>
      <form method="post" action="/unsubscribe?t=1&amp;s=2">
      <input type="hidden" name="List-Unsubscribe" value="Undo">
      <button class="button" type="submit">Cofnij rezygnację</button>
      </form>
      "
    `);
    for (const state of ["back", "bad", "off", "later"] as const)
      for (const locale of LOCALES) expect(page(state, locale)).not.toContain("<form");
  });
});
