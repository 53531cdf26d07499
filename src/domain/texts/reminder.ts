import { formatAmount } from "./amount.ts";
import { cleanLine, cleanText, cut, safeUrl } from "./clean.ts";
import { cutSeptets, gsm, septets } from "./gsm.ts";
import { type Locale, words } from "./locale.ts";
import { formatWhen } from "./when.ts";

/** What a reminder is written from. `name` and `description` are user text, as stored. */
export type ReminderFacts = {
  name: string;
  description: string;
  /** The occurrence, as an instant in ms. */
  starts_at: number;
  /** The event's zone. */
  time_zone: string;
  locale: Locale;
  reader_time_zone: string | null;
  /** Exact decimal strings; `share` is the reader's. */
  budget: { amount: string; currency: string; share: string; bank_url: string | null } | null;
};

/** A part and its line break never tear an escape pair here: 153 a part, one septet spared. */
const SEPTETS = { one: 160, two: 305 };
const SHORTEST_NAME = 12;
const READABLE_NAME = 30;
const SHORTEST_DESCRIPTION = 15;

/**
 * The whole SMS, in GSM-7 letters and one segment, with room for the late note. The name is shortened before the budget
 * goes, and the description goes first of all. A bank's address of some 60 characters can take the late note's room, a
 * longer one opens a second segment, and one that is too long for two is left out.
 */
export function reminderSms(facts: ReminderFacts): string {
  const { locale, budget } = facts;
  const said = words(locale);
  const late = septets(gsm(said.lateReminder("")));
  const money = (amount: string) => formatAmount(amount, budget?.currency ?? "", locale, "code");
  const bank = safeUrl(budget?.bank_url);
  const parts = {
    name: smsName(facts.name, said.unnamedEvent),
    when: gsm(formatWhen(facts, locale, "short")),
    share: budget ? [gsm(said.shortShare(money(budget.share)))] : [],
    budget: budget ? [gsm(said.shortBudget(money(budget.amount), money(budget.share)))] : [],
    bank: bank ? [bank] : [],
    description: smsText(facts.description),
  };
  return (
    compose(parts, SEPTETS.one - late) ??
    compose(parts, SEPTETS.one) ??
    compose(parts, SEPTETS.two - late) ??
    compose({ ...parts, bank: [] }, SEPTETS.one - late) ??
    `${cutSeptets(parts.name, READABLE_NAME)}\n${parts.when}`
  );
}

type Parts = { name: string; when: string; share: string[]; budget: string[]; bank: string[]; description: string };

function compose(parts: Parts, limit: number): string | null {
  for (const [money, shortest] of [
    [parts.budget, READABLE_NAME],
    [parts.share, SHORTEST_NAME],
  ] as const) {
    const rest = [parts.when, ...money, ...parts.bank];
    const room = limit - rest.reduce((sum, line) => sum + septets(line) + 1, 0);
    if (room < Math.min(septets(parts.name), shortest)) continue;
    const lines = [cutSeptets(parts.name, room), ...rest];
    const left = room - septets(lines[0]!) - 1;
    if (left >= Math.min(septets(parts.description), SHORTEST_DESCRIPTION) && parts.description) {
      lines.push(cutSeptets(parts.description, left));
    }
    return lines.join("\n");
  }
  return null;
}

const smsName = (name: string, unnamed: string): string => smsText(name) || unnamed;

/** Empty where no letter can be written in GSM-7: it would read "? ? ?". */
function smsText(text: string): string {
  const plain = gsm(cleanLine(text)).trim();
  return /[^\s?!.,:;()\-_/\\'"]/.test(plain) ? plain : "";
}

/** The text of a reminder's e-mail. What is ours stands above the description, which could imitate it. */
export function reminderText(facts: ReminderFacts): string {
  const said = words(facts.locale);
  const lines = [`${said.when}: ${formatWhen(facts, facts.locale, "long")}`];
  if (facts.budget) {
    const { amount, currency, share, bank_url } = facts.budget;
    lines.push(`${said.budget}: ${formatAmount(amount, currency, facts.locale, "symbol")}`);
    lines.push(`${said.yourShare}: ${formatAmount(share, currency, facts.locale, "symbol")}`);
    const bank = safeUrl(bank_url);
    if (bank) lines.push(`${said.yourBank}: ${bank}`);
  }
  const name = cleanLine(facts.name) || said.unnamedEvent;
  return [name, lines.join("\n"), cleanText(facts.description)].filter(Boolean).join("\n\n");
}

/** The body of a reminder's push; the name stands in its title and the bank's address in its data. */
export function reminderPush(facts: ReminderFacts): string {
  const lines = [formatWhen(facts, facts.locale, "short")];
  if (facts.budget) {
    const { amount, currency, share } = facts.budget;
    const money = (decimal: string) => formatAmount(decimal, currency, facts.locale, "symbol");
    lines.push(words(facts.locale).shortBudget(money(amount), money(share)));
  }
  const description = cut(cleanLine(facts.description), 150, 600);
  return [...lines, description].filter(Boolean).join("\n");
}

/** The subject of a reminder's e-mail and the title of its push, in one line. */
export function reminderTitle(name: string, locale: Locale): string {
  const said = words(locale);
  return said.reminder(cut(cleanLine(name), 80, 320) || said.unnamedEvent);
}

/** The same message, saying that it is late. An SMS keeps its number of segments where `reminderSms` could leave the room. */
export function withLateNote(message: string, channel: "sms" | "email" | "push", locale: Locale): string {
  const said = words(locale);
  if (channel === "email") return `${said.lateEmail}\n\n${message}`;
  const late = said.lateReminder(message);
  return channel === "sms" ? gsm(late) : late;
}
