import { kept } from "../kept.ts";
import { isCurrency, minorUnits } from "../money.ts";
import { type Locale, tagOf } from "./locale.ts";

/** Intl formatters are slow to build and heavy to keep. */
const formatter = kept(64, (key) => {
  const [tag, currency, currencyDisplay, digits] = key.split("|") as [string, string, "code" | "symbol", string];
  return new Intl.NumberFormat(tag, {
    style: "currency",
    currency,
    currencyDisplay,
    minimumFractionDigits: Number(digits),
    maximumFractionDigits: Number(digits),
  });
});

/** An exact amount as people read it: "PLN 100.00", "100,00 zł". An SMS takes codes: not every symbol is in its alphabet. */
export function formatAmount(amount: string, currency: string, locale: Locale, display: "code" | "symbol"): string {
  const decimals = amount.split(".")[1]?.replace(/0+$/, "").length ?? 0;
  const digits = Math.max(minorUnits(currency), decimals);
  if (!isCurrency(currency)) return `${amount} ${currency}`;
  // A string keeps every digit; a number would not.
  return formatter(`${tagOf(locale)}|${currency}|${display}|${digits}`).format(amount as Intl.StringNumericLiteral);
}
