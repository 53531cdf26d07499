import { describe, expect, it } from "vitest";
import { type ReminderFacts, reminderSms, segments, withLateNote } from "../../src/domain/texts/index.ts";
import { seeded } from "./seeded.ts";

/** The GSM-7 alphabet as a pattern of its own, not the one of the code. */
const GSM = /^[\n\r !"#$%&'()*+,\-./0-9:;<=>?@A-Z_a-z¡£¤¥§¿ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùüΔΦΓΛΩΠΨΣΘΞ^{}\\[\]~|€]*$/u;

const ALPHABETS = [
  [..."abc XYZ,.-09"],
  [..."ąćęłńóśźżĄŁŻ "],
  [..."€[]{}~^|\\"],
  [..."абвгїщЮя "],
  [..."漢字かなカナ한국어"],
  ["👨‍👩‍👧‍👦", "🇵🇱", "❤️", "1️⃣", " "],
  ["\0", "\n", "\r\n", "\u202e", "\u200b", "\u00a0", "\u202f", "\ud800", "e\u0301", "ﷺ", "½", "…", "“"],
  [..."<>&\"'%s{{}}$&"],
];
const ZONES = [
  "Europe/Warsaw",
  "America/Argentina/Buenos_Aires",
  "Antarctica/DumontDUrville",
  "America/Argentina/ComodRivadavia",
  "UTC",
];

function sms(changes: Partial<ReminderFacts>): string {
  const starts_at = Date.UTC(2026, 10, 11, 18);
  return reminderSms({
    name: "Chess",
    description: "",
    starts_at,
    time_zone: "Europe/Warsaw",
    locale: "en",
    reader_time_zone: null,
    budget: null,
    ...changes,
  });
}

const budget = { amount: "100.00", currency: "PLN", share: "33.34", bank_url: "https://bank.example/pay" };

function anyFacts(seed: number): ReminderFacts {
  const { below, pick, text } = seeded(seed);
  const amount = pick(["0.00", "100.00", "999999.99", "999999999999.99"]);
  const bank_url = pick([
    null,
    "https://bank.example",
    `https://bank.example/${"a".repeat(below(60))}`,
    `https://bank.example/${"b~".repeat(below(200))}`,
  ]);
  return {
    name: text(pick(ALPHABETS), 500),
    description: text(pick(ALPHABETS), 500),
    starts_at: Date.UTC(2026, below(12), 1 + below(28), below(24), below(60)),
    time_zone: pick(ZONES),
    locale: pick(["en", "pl"] as const),
    reader_time_zone: pick([null, ...ZONES]),
    budget: below(2) ? { amount, currency: pick(["PLN", "EUR", "JPY", "UAH"]), share: amount, bank_url } : null,
  };
}

describe("a reminder's SMS", () => {
  it("has GSM-7 letters alone, one segment, and two only for a long bank address; late or not", () => {
    for (let seed = 1; seed <= 3000; seed++) {
      const facts = anyFacts(seed);
      const message = reminderSms(facts);
      const late = withLateNote(message, "sms", facts.locale);
      const tight = (facts.budget?.bank_url?.length ?? 0) > 25 || (facts.budget?.amount.length ?? 0) > 9;
      const most = tight ? 2 : 1;
      expect({ seed, gsm: GSM.test(message) && GSM.test(late) }).toEqual({ seed, gsm: true });
      expect({ seed, within: segments(message) <= most && segments(late) <= most }).toEqual({ seed, within: true });
      const [name, time] = message.split("\n");
      expect({ seed, named: name?.trim() !== "", time: /\d\d:\d\d /.test(time ?? "") }).toEqual({
        seed,
        named: true,
        time: true,
      });
    }
  });

  it("leaves out a description of which no letter can be written", () => {
    expect(sms({ description: "שלום עולם ".repeat(20) })).toBe("Chess\nWed 11 Nov 19:00 Warsaw");
    expect(sms({ description: "会議 14:00" })).toBe("Chess\nWed 11 Nov 19:00 Warsaw\n? 14:00");
  });

  it("cuts the description first, and fills the segment with it", () => {
    const message = sms({ description: "Bring cups. ".repeat(20), budget });
    expect(message).toMatchInlineSnapshot(`
      "Chess
      Wed 11 Nov 19:00 Warsaw
      Budget PLN 100.00, your share PLN 33.34
      https://bank.example/pay
      Bring cups. Bring cups. Bring cups. Bring cups..."
    `);
    expect(withLateNote(message, "sms", "en").length).toBeGreaterThan(155);
  });

  it("then cuts the name, then gives up the budget, and keeps the time, the share and the link", () => {
    const name = "Championship of the whole neighbourhood in blitz chess and draughts for everybody";
    expect(sms({ name, budget })).toMatchInlineSnapshot(`
      "Championship of the whole neighbourhood in blitz ches...
      Wed 11 Nov 19:00 Warsaw
      Budget PLN 100.00, your share PLN 33.34
      https://bank.example/pay"
    `);
    const bank_url = `https://bank.example/${"p".repeat(40)}`;
    expect(sms({ name, budget: { ...budget, bank_url } })).toMatchInlineSnapshot(`
      "Championship of the whole neighbour...
      Wed 11 Nov 19:00 Warsaw
      Your share PLN 33.34
      https://bank.example/pppppppppppppppppppppppppppppppppppppppp"
    `);
  });

  it("takes a second segment where name, time, share and link do not fit one, and then leaves nothing out", () => {
    const bank_url = `https://bank.example/${"p".repeat(90)}`;
    const message = sms({ budget: { ...budget, bank_url } });
    expect(segments(message)).toBe(2);
    expect(message).toContain(`Budget PLN 100.00, your share PLN 33.34\n${bank_url}`);
  });

  it("gives the late note's room to a long address before it takes a second segment", () => {
    const facts = {
      budget: { ...budget, bank_url: `https://bank.example/${"p".repeat(60)}` },
      name: "Chess in the park",
    };
    expect(segments(sms({ ...facts, locale: "pl" }))).toBe(1);
    expect(segments(withLateNote(sms({ ...facts, locale: "pl" }), "sms", "pl"))).toBe(2);
  });

  it("leaves out an address that is too long for two segments", () => {
    const message = sms({ budget: { ...budget, bank_url: `https://bank.example/${"p".repeat(400)}` } });
    expect(message).toBe("Chess\nWed 11 Nov 19:00 Warsaw\nBudget PLN 100.00, your share PLN 33.34");
  });

  it.each([
    ["Zażółć gęślą jaźń", "Zazolc gesla jazn"],
    ["Café Ångström Ñandú", "Café Ångström Ñandu"],
    ["“Quotes” – and… ‘more’", "\"Quotes\" - and... 'more'"],
    ["Настільні ігри", "Nastilni ihry"],
    ["Щастя Юля", "Shchastia Iulia"],
    ["Καλημέρα", "Kalimera"],
    ["Party 🎉 time 👨‍👩‍👧‍👦!", "Party time !"],
    ["中文 trip", "? trip"],
    ["ボードゲーム", "Event"],
    ["🎲", "Event"],
    ["ﬁnal ½ №5 １２", "final 1/2 No5 12"],
    ["€5 [x]", "€5 [x]"],
  ])("writes %s as %s", (name, plain) => expect(sms({ name }).split("\n")[0]).toBe(plain));
});

describe("segments", () => {
  it.each([
    ["", 1],
    ["a".repeat(160), 1],
    ["a".repeat(161), 2],
    ["a".repeat(306), 2],
    ["a".repeat(307), 3],
    ["€".repeat(80), 1],
    ["€".repeat(81), 2],
    // 153 is odd: the escape pair that does not fit opens the next part.
    ["€".repeat(152), 2],
    ["€".repeat(153), 3],
    ["ą".repeat(70), 1],
    ["ą".repeat(71), 2],
    ["ą".repeat(135), 3],
    ["😀".repeat(35), 1],
    ["😀".repeat(66), 2],
    ["😀".repeat(67), 3],
  ])("are counted as they are billed: %#", (text, count) => expect(segments(text)).toBe(count));
});
