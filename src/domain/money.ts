/** A decimal string such as "100.00": exact, never negative, with the decimals of its currency. */
type Amount = string;

/**
 * ISO 4217 currencies whose minor unit is not a hundredth. Intl is not asked: engines answer with the digits that are
 * customary to show (0 for HUF or IDR in one, 2 in another), and a share must not depend on the engine.
 */
const UNUSUAL_DECIMALS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(" ").map((code) => [code, 0]),
  ),
  ...Object.fromEntries("BHD IQD JOD KWD LYD OMR TND".split(" ").map((code) => [code, 3])),
  ...Object.fromEntries("CLF UYW".split(" ").map((code) => [code, 4])),
};
const USUAL_DECIMALS = 2;
/** Of an amount as it is stored: no currency has more. */
const STORED_DECIMALS = 4;

const CURRENCIES = new Set(Intl.supportedValuesOf("currency"));

const LARGEST = "999999999999.99";

/** Decimals of a currency by ISO 4217: 2 for PLN, 0 for JPY, 3 for KWD. */
export function minorUnits(currency: string): number {
  return Object.hasOwn(UNUSUAL_DECIMALS, currency) ? UNUSUAL_DECIMALS[currency]! : USUAL_DECIMALS;
}

/** Whether `code` is a currency in use, in upper case as ISO 4217 writes it. */
export function isCurrency(code: string): boolean {
  return CURRENCIES.has(code);
}

/**
 * The amount with all decimals of its currency ("99.5" is "99.50"), or null if it is not one: negative, not a plain
 * decimal number, finer than the currency's minor unit, or above 999,999,999,999.99.
 */
export function parseAmount(input: string | number, currency: string): Amount | null {
  const text = typeof input === "number" ? String(input) : input.trim();
  if (!/^\d{1,30}(\.\d{1,4})?$/.test(text)) return null;
  const digits = minorUnits(currency);
  if (decimals(text) > digits) return null;
  const scale = Math.max(digits, decimals(LARGEST));
  if (toUnits(text, scale) > toUnits(LARGEST, scale)) return null;
  return fromUnits(toUnits(text, digits), digits);
}

/** A stored amount with just the decimals of its currency: "100.0000" is "100.00" in PLN and "100" in JPY. */
export function inCurrency(stored: Amount, currency: string): Amount {
  const surplus = STORED_DECIMALS - minorUnits(currency);
  return stored.slice(0, stored.length - surplus - (surplus === STORED_DECIMALS ? ".".length : 0));
}

/** What everybody pays, and how many minor units remain; those go one each to the lowest user ids. */
export function shares(amount: Amount, currency: string, participants: number): { base: Amount; spare: number } {
  const { units, scale, count } = division(amount, currency, participants);
  return { base: fromUnits(units / count, scale), spare: Number(units % count) };
}

/** The share of the participant at `rank`, counted from 0 by ascending user id. All shares add up to the amount. */
export function shareOf(amount: Amount, currency: string, participants: number, rank: number): Amount {
  const { units, scale, count } = division(amount, currency, participants);
  if (!Number.isSafeInteger(rank) || rank < 0 || rank >= participants)
    throw new RangeError("rank is not among the participants");
  return fromUnits(units / count + (BigInt(rank) < units % count ? 1n : 0n), scale);
}

function division(amount: Amount, currency: string, participants: number) {
  if (!/^\d+(\.\d+)?$/.test(amount)) throw new RangeError("amount is not a decimal number");
  if (!Number.isSafeInteger(participants) || participants < 1) throw new RangeError("nobody to share among");
  const exact = amount.includes(".") ? amount.replace(/\.?0+$/, "") : amount;
  // A stored amount that is finer than its currency is split as it stands: a reminder must never fail on its money.
  const scale = Math.max(minorUnits(currency), decimals(exact));
  return { units: toUnits(exact, scale), scale, count: BigInt(participants) };
}

function decimals(text: string): number {
  return text.includes(".") ? text.length - text.indexOf(".") - 1 : 0;
}

function toUnits(text: string, scale: number): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(scale, "0"));
}

function fromUnits(units: bigint, scale: number): string {
  const text = units.toString().padStart(scale + 1, "0");
  return scale === 0 ? text : `${text.slice(0, -scale)}.${text.slice(-scale)}`;
}
