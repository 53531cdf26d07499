/** What SMS cost, exactly: decimal text in USD, never a float. */
import { type SQL, sql } from "drizzle-orm";
import { parsePhoneNumberFromString } from "libphonenumber-js/mobile";
import type { Settings } from "../env.ts";
import { segments } from "./texts/index.ts";

/** As many decimals as a price in the settings and the table may have. */
const SCALE = 5;

/** USD for one message to an E.164 number. A country without a price, once served and no longer, costs what the dearest one does. */
export function priceOfSms(message: string, phoneNumber: string, settings: Pick<Settings, "SMS_PRICES_USD">): string {
  const country = parsePhoneNumberFromString(phoneNumber)?.country ?? "";
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
