/**
 * What SMS cost: each claim that charged a row counts once, however often it was repeated, unless its holder settled it as not accepted, or its
 * repetition found it not to be sent. So an
 * SMS that was sent counts, one whose answer was lost counts, one whose worker died counts, and one that was refused or throttled does not.
 */
import type { Case } from "./oracle.ts";

const SCALE = 100_000;

export function judgeMoney({ record, ledger }: Case): string[] {
  let expected = 0;
  const charged = new Map<string, number>();
  for (const { token, rows } of record.claims) {
    for (const { id, cost_usd, settled, refusal } of rows) {
      const key = `${id} ${token}`;
      // Repeated after a lost answer, it found that nothing may be sent, and nothing was.
      if (settled) charged.delete(key);
      if (cost_usd !== null && !settled && refusal === null && !charged.has(key)) charged.set(key, units(cost_usd));
    }
  }
  for (const { rows } of record.settles) {
    for (const { id, status, lost, effective, token } of rows)
      if (effective && status !== "sent" && !lost) charged.delete(`${id} ${token}`);
  }
  for (const cost of charged.values()) expected += cost;
  const broken: string[] = [];
  const spent = units(ledger.spent_usd);
  if (spent !== expected) broken.push(`SMS for ${spent / SCALE} USD are counted, and ${expected / SCALE} were spent`);
  const rows = ledger.deliveries.reduce((sum, { cost_usd }) => sum + units(cost_usd ?? "0"), 0);
  if (spent !== rows) broken.push(`SMS for ${spent / SCALE} USD are counted, and the deliveries hold ${rows / SCALE}`);
  return broken;
}

const units = (usd: string) => Math.round(Number(usd) * SCALE);
