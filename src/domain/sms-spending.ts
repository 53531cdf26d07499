/** What SMS cost, exactly: decimal text in USD, never a float. */
import { type SQL, sql } from "drizzle-orm";
import { parsePhoneNumberFromString } from "libphonenumber-js/mobile";
import type { Settings } from "../env.ts";
import { kept } from "./kept.ts";
import { segments } from "./texts/index.ts";

/** As many decimals as a price in the settings and the table may have. */
const SCALE = 5;

/** Of an E.164 number; "" where it has none. Asked for several times for each message, and costly to find. */
const countryOf = kept(1_000, (phoneNumber) => parsePhoneNumberFromString(phoneNumber)?.country ?? "");

/** USD for one message to an E.164 number. A country without a price, once served and no longer, costs what the dearest one does. */
export function priceOfSms(message: string, phoneNumber: string, settings: Pick<Settings, "SMS_PRICES_USD">): string {
  const country = countryOf(phoneNumber);
  const prices = settings.SMS_PRICES_USD;
  const price = Object.hasOwn(prices, country)
    ? units(prices[country]!)
    : Object.values(prices).map(units).reduce(larger, 0n);
  const digits = (price * BigInt(segments(message))).toString().padStart(SCALE + 1, "0");
  return `${digits.slice(0, -SCALE)}.${digits.slice(-SCALE)}`;
}

const larger = (a: bigint, b: bigint) => (a > b ? a : b);

function units(price: string): bigint {
  const [whole = "0", fraction = ""] = price.split(".");
  return BigInt(whole + fraction.padEnd(SCALE, "0"));
}

/** The calendar month that an instant (RFC 3339) counts to: in UTC, as AWS bills. */
export const spendingMonth = (at: string): SQL => sql`date_trunc('month', ${at}::timestamptz at time zone 'UTC')::date`;

/** Takes back what an SMS was counted with that was never accepted; goes into a WITH. */
export const giveBack = (cost: SQL, at: string): SQL =>
  sql`update sms_spending set spent_usd = greatest(0, spent_usd - ${cost}) where month = ${spendingMonth(at)}`;

/** Where people are told that the month's money is running out. */
const WARN_AT = 0.8;

/**
 * `budget_alert as (…)`: writes down, once a month, that SMS have cost four fifths of the budget, or that one was not sent for want of it. `spent` is what
 * the month has cost by now, `refused` whether one was; the month's row is locked by then.
 */
export const alertOfBudget = (at: string, spent: SQL, refused: SQL, budget_usd: string): SQL => sql`budget_alert as (
  insert into alerts (part, key, message, opened_at, seen_at)
  select 'sms', month.key, 'SMS of ' || month.key || ' have cost 80 % of the budget of ' || ${budget_usd}::text || ' USD; once it is spent, other channels take over',
         ${at}::timestamptz, ${at}::timestamptz
  from (select to_char(${spendingMonth(at)}, 'YYYY-MM') as key) month
  where (${spent} >= ${WARN_AT}::numeric * ${budget_usd}::numeric or ${refused})
    and not exists (select from alerts a where a.part = 'sms' and a.key = month.key)
  on conflict (part, key) where closed_at is null do nothing
  returning id
)`;

/** Whether SMS go to the country of an E.164 number. */
export const isServed = (phoneNumber: string, { SMS_COUNTRIES }: Pick<Settings, "SMS_COUNTRIES">): boolean =>
  SMS_COUNTRIES.includes(countryOf(phoneNumber));
