import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { segments } from "../../src/domain/texts/index.ts";
import { plainSpaces } from "../domain/facts.ts";
import { device } from "../support/arranged.ts";
import { type InboxMessage, inbox, person, query, unique, uniqueNumber } from "../support/index.ts";
import { clockedDeps, drain, event, group, receive, taken, tick } from "../support/pipeline.ts";

const HOUR = 3_600_000;

/** Next year's 11 November at 19:00 in Warsaw, where it is winter then. */
const startsAt = (): number => Date.UTC(new Date().getUTCFullYear() + 1, 10, 11, 18);

async function bank(): Promise<number> {
  const [made] = await query<{ id: number }>(
    sql`insert into organizations (name, url, logo_link) values (${unique("Bank")}, 'https://bank.test/pay', 'a.png') returning id`,
  );
  return made!.id;
}

/** Has an event of these people come due, and everything sent. */
async function remindedOf(
  people: [Awaited<ReturnType<typeof person>>, ...Awaited<ReturnType<typeof person>>[]],
  input: object,
) {
  const at = startsAt();
  const clock = { ms: at - HOUR };
  const deps = clockedDeps(clock);
  await event(
    people[0],
    { group_id: await group(...people), at, time_zone: "Europe/Warsaw", reminders: [0], ...input },
    deps,
  );
  clock.ms = at - 60_000;
  await tick(deps, clock.ms);
  await receive(
    deps,
    taken(deps).filter(({ type }) => type === "schedule-notifications"),
  );
  await drain(deps, clock);
}

const only = (messages: InboxMessage[]): InboxMessage => {
  expect(messages).toHaveLength(1);
  return messages[0]!;
};
/** The lines that say something; the weekday moves with the year of the run. */
const linesOf = (text: string): string[] =>
  plainSpaces(text)
    .replace(/\p{L}+\.?,? 11 (Nov|lis)/gu, "<day> 11 $1")
    .split("\n")
    .filter((line) => line !== "");

test("each reads the same reminder in their own channel, language and time, and the shares add up to the budget", async () => {
  const organization_id = await bank();
  const ola = await person({ locale: "pl", organization_id });
  const ann = await person({ time_zone: "Europe/London", reminder_preferences: "SMS", mobile_number: uniqueNumber() });
  const ewa = await person({ locale: "pl", reminder_preferences: "PUSH" });
  const phone = await device(ewa);
  await remindedOf([ola, ann, ewa], {
    name: "Planszówki",
    description: "Przynieś kubki",
    is_budget: true,
    budget: "100.00",
    currency: "PLN",
  });
  const mail = only(await inbox("email", ola.email));
  expect(mail.subject).toBe("Przypomnienie: Planszówki");
  expect(linesOf(mail.text.slice(0, mail.text.indexOf("-- ")))).toEqual([
    "Planszówki",
    "Kiedy: <day> 11 listopada, 19:00 Warsaw",
    "Budżet: 100,00 zł",
    "Twój udział: 33,34 zł",
    "Twój bank: https://bank.test/pay",
    "Przynieś kubki",
  ]);
  const sms = only(await inbox("sms", (await numberOf(ann.id))!));
  expect(linesOf(sms.text)).toEqual([
    "Planszowki",
    "<day> 11 Nov 19:00 Warsaw, 18:00 your time",
    "Budget PLN 100.00, your share PLN 33.33",
    "Przynies kubki",
  ]);
  expect(segments(sms.text)).toBe(1);
  const push = only(await inbox("push", phone.token));
  expect(push.title).toBe("Przypomnienie: Planszówki");
  expect(linesOf(push.text)).toEqual([
    "<day> 11 lis 19:00 Warsaw",
    "Budżet 100,00 zł, Twój udział 33,33 zł",
    "Przynieś kubki",
  ]);
  const shares = [mail.text, sms.text, push.text].map(
    (text) => /(?:udział:?|share) (?:PLN )?(\d+[.,]\d\d)/i.exec(plainSpaces(text))![1]!,
  );
  // The spare grosz goes to the lowest id.
  expect(shares.map((share) => share.replace(",", "."))).toEqual(["33.34", "33.33", "33.33"]);
});

const numberOf = async (id: number) => {
  const [row] = await query<{ mobile_number: string }>(sql`select mobile_number from users where id = ${id}`);
  return row?.mobile_number;
};

test("a hostile name reaches everybody as the letters that it is made of, and nothing more", async () => {
  const name = `</title><script>alert("1")</script> & <a href='https://evil.test'>win</a> %s {0}\u202e`;
  const [reader, texted] = [
    await person(),
    await person({ reminder_preferences: "SMS", mobile_number: uniqueNumber() }),
  ];
  await remindedOf([reader, texted], { name, description: `<img src=x onerror="alert(2)">` });
  const mail = only(await inbox("email", reader.email));
  const shown = name.slice(0, -1);
  expect(mail.subject).toContain(`Reminder: ${shown.slice(0, 60)}`);
  expect(mail.text).toContain(shown);
  expect(mail.html).toContain(
    "&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &lt;a href=&#39;https://evil.test&#39;&gt;win&lt;/a&gt;",
  );
  expect(mail.html).toContain("&lt;img src=x onerror=&quot;alert(2)&quot;&gt;");
  expect(mail.html!.match(/<(script|img|a) /g)).toEqual(["<a "]);
  for (const part of [mail.subject!, mail.text, mail.html!]) expect(part).not.toContain("\u202e");
  expect(segments(only(await inbox("sms", (await numberOf(texted.id))!)).text)).toBe(1);
});
